// SPDX-License-Identifier: GPL-2.0
/* The buffers of PARLEY_TASK_VM: one task writes into the memory of another, once. */
#include "cargo.h"
#include "rights.h"
#include "usage.h"

#define BYTES	5000

/* An error of the call itself, told from one in the module's reply. */
#define TRANSPORT(err)	((err) - 100000)

static struct op *vm_call(struct op *op, struct task me, __s32 type, const void *payload,
			  __u32 len)
{
	op_call(op, me, PARLEY_TASK_VM, type, len);
	memcpy(op->out.payload, payload, len);
	return op;
}

/* 0, or the error. A good reply has the request's type, and @len bytes. */
static int vm_result(const struct op *op, int err, __u32 len)
{
	if (err)
		return TRANSPORT(err);
	CHECK_EQ(PARLEY_TASK_VM, op->in.src);
	if (op->in.type < 0)
		return op->in.type;
	CHECK_EQ(op->out.type, op->in.type);
	CHECK_EQ(len, op->arg.recv_len);
	return 0;
}

static int ool_recv(struct task me, const void *at, __u64 len)
{
	struct parley_ool_recv recv = { PTR(at), len };
	struct op op;

	vm_call(&op, me, PARLEY_OOL_RECV, &recv, sizeof(recv));
	return vm_result(&op, op_run(&op), 0);
}

static struct op *sending(struct op *op, struct task me, __s32 dst, const void *at, __u64 len)
{
	struct parley_ool_send send = { dst, 0, PTR(at), len };

	return vm_call(op, me, PARLEY_OOL_SEND, &send, sizeof(send));
}

static __u64 sent_id;

static int sent(const struct op *op, int err)
{
	err = vm_result(op, err, sizeof(struct parley_ool_sent));
	if (!err)
		memcpy(&sent_id, op->in.payload, sizeof(sent_id));
	return err;
}

/* Sends, if there is a buffer. */
static int ool_send_now(struct task me, __s32 dst, const void *at, __u64 len)
{
	struct op op;

	sending(&op, me, dst, at, len)->arg.flags = PARLEY_NONBLOCK;
	return sent(&op, op_run(&op));
}

static __u64 verified_at;

static int ool_verify(struct task me, __s32 src, __u64 id, __u64 len)
{
	struct parley_ool_verify verify = { src, 0, id, len };
	struct op op;
	int err;

	vm_call(&op, me, PARLEY_OOL_VERIFY, &verify, sizeof(verify));
	err = vm_result(&op, op_run(&op), sizeof(struct parley_ool_verified));
	if (!err)
		memcpy(&verified_at, op.in.payload, sizeof(verified_at));
	return err;
}

FIXTURE(buffer)
{
	struct task writer, reader;
	struct area out, in;
	struct op send;
	long long pinned;
};

FIXTURE_SETUP(buffer)
{
	self->writer = task_open();
	self->reader = task_open();
	self->out = area_filled(BYTES, 10, 9);
	self->in = area_make(BYTES, 20);
	self->pinned = pages_pinned();
}

FIXTURE_TEARDOWN(buffer)
{
	close(self->reader.fd);
	EXPECT_TRUE(pages_let_go(self->pinned));
	maxima_restore();
}

static int give(struct _test_data_buffer *self, size_t len)
{
	return ool_recv(self->reader, self->in.at, len);
}

static int send_now(struct _test_data_buffer *self, size_t len)
{
	return ool_send_now(self->writer, self->reader.id, self->out.at, len);
}

static struct op *sending_all(struct _test_data_buffer *self)
{
	return sending(&self->send, self->writer, self->reader.id, self->out.at, BYTES);
}

static bool arrived(struct _test_data_buffer *self, size_t len)
{
	return area_holds(&self->in, 9, len) &&
	       !ool_verify(self->reader, self->writer.id, sent_id, len) &&
	       verified_at == PTR(self->in.at);
}

TEST_F(buffer, is_written_once)
{
	ASSERT_EQ(0, give(self, BYTES));
	ASSERT_EQ(0, send_now(self, BYTES));
	EXPECT_EQ(TRANSPORT(-EAGAIN), send_now(self, BYTES));
	EXPECT_TRUE(arrived(self, BYTES));
}

TEST_F(buffer, every_size)
{
	static const size_t sizes[] = { 1, 4095, 4096, 4097, 65536, PARLEY_OOL_MAX };

	self->out = area_filled(PARLEY_OOL_MAX, 4095, 9);
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		self->in = area_make(sizes[i], 1234);
		ASSERT_EQ(0, give(self, sizes[i]));
		ASSERT_EQ(0, send_now(self, sizes[i]));
		EXPECT_TRUE(arrived(self, sizes[i]));
		area_free(&self->in);
	}
	EXPECT_EQ(-EMSGSIZE, ool_recv(self->reader, self->out.at, PARLEY_OOL_MAX + 1));
	EXPECT_EQ(-EMSGSIZE, ool_recv(self->reader, self->out.at, ~0ULL));
	ASSERT_EQ(0, ool_recv(self->reader, self->out.at, PARLEY_OOL_MAX));
	EXPECT_EQ(-EMSGSIZE, ool_send_now(self->writer, self->reader.id, self->out.at,
					  PARLEY_OOL_MAX + 1));
}

TEST_F(buffer, is_larger)
{
	ASSERT_EQ(0, give(self, BYTES));
	ASSERT_EQ(0, send_now(self, 4999));
	EXPECT_TRUE(arrived(self, 4999));
}

/* It stays for somebody with less to say. */
TEST_F(buffer, is_smaller)
{
	ASSERT_EQ(0, give(self, BYTES - 1));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(-EMSGSIZE, send_now(self, BYTES));
	EXPECT_TRUE(area_untouched(&self->in));
	ASSERT_EQ(0, send_now(self, BYTES - 1));
	EXPECT_TRUE(arrived(self, BYTES - 1));
}

TEST_F(buffer, is_replaced)
{
	struct area first = area_make(BYTES, 0);

	ASSERT_EQ(0, ool_recv(self->reader, first.at, BYTES));
	ASSERT_EQ(0, give(self, BYTES));
	ASSERT_EQ(0, send_now(self, BYTES));
	EXPECT_TRUE(area_untouched(&first));
	EXPECT_EQ(TRANSPORT(-EAGAIN), send_now(self, BYTES));
	EXPECT_TRUE(arrived(self, BYTES));
}

/* What was sent before stays sent. */
TEST_F(buffer, is_taken_back)
{
	__u64 first;

	ASSERT_EQ(0, give(self, BYTES));
	ASSERT_EQ(0, send_now(self, BYTES));
	first = sent_id;
	ASSERT_EQ(0, give(self, BYTES));
	ASSERT_EQ(0, ool_recv(self->reader, NULL, 0));
	EXPECT_EQ(TRANSPORT(-EAGAIN), send_now(self, BYTES));
	EXPECT_EQ(0, ool_recv(self->reader, NULL, 0));
	EXPECT_TRUE(pages_let_go(self->pinned));
	EXPECT_EQ(0, ool_verify(self->reader, self->writer.id, first, BYTES));
}

/* One that can't be doesn't replace the one that is. */
TEST_F(buffer, cannot_be)
{
	ASSERT_EQ(0, give(self, BYTES));
	EXPECT_EQ(-EFAULT, ool_recv(self->reader, NULL, 1));
	EXPECT_EQ(-EFAULT, ool_recv(self->reader, (void *)-PAGE, 1));
	ASSERT_EQ(0, mprotect(self->out.start, self->out.size, PROT_READ));
	EXPECT_EQ(-EFAULT, ool_recv(self->reader, self->out.at, BYTES));
	ASSERT_EQ(0, send_now(self, BYTES));
	EXPECT_TRUE(arrived(self, BYTES));
}

/* The writer's fault: nothing has come of it. */
TEST_F(buffer, cannot_be_filled)
{
	ASSERT_EQ(0, give(self, BYTES));
	area_end_after(&self->out, 1);
	EXPECT_EQ(-EFAULT, send_now(self, BYTES));
	EXPECT_EQ(-EFAULT, ool_send_now(self->writer, self->reader.id, NULL, 1));
	ASSERT_EQ(0, send_now(self, 100));
	EXPECT_TRUE(area_holds(&self->in, 9, 100));
	EXPECT_EQ(0, ool_verify(self->reader, self->writer.id, sent_id, 100));
}

/* Unmapped since: it goes to where the buffer was. */
TEST_F(buffer, is_unmapped)
{
	ASSERT_EQ(0, give(self, BYTES));
	ASSERT_EQ(self->in.start, mmap(self->in.start, self->in.size, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	memset(self->in.start, UNTOUCHED, self->in.size);
	ASSERT_EQ(0, send_now(self, BYTES));
	EXPECT_TRUE(area_untouched(&self->in));
	EXPECT_EQ(0, ool_verify(self->reader, self->writer.id, sent_id, BYTES));
}

TEST_F(buffer, is_verified_once)
{
	ASSERT_EQ(0, give(self, BYTES));
	ASSERT_EQ(-ENOENT, ool_verify(self->reader, self->writer.id, 0, BYTES));
	ASSERT_EQ(0, send_now(self, BYTES));
	/* A wrong guess costs nothing. */
	EXPECT_EQ(-ENOENT, ool_verify(self->reader, self->reader.id, sent_id, BYTES));
	EXPECT_EQ(-ENOENT, ool_verify(self->reader, self->writer.id, sent_id + 1, BYTES));
	EXPECT_EQ(-ENOENT, ool_verify(self->reader, self->writer.id, sent_id - 1, BYTES));
	EXPECT_EQ(-ENOENT, ool_verify(self->reader, self->writer.id, sent_id, BYTES - 1));
	EXPECT_EQ(-ENOENT, ool_verify(self->reader, self->writer.id, sent_id, BYTES + 1));
	EXPECT_EQ(-ENOENT, ool_verify(self->reader, self->writer.id, sent_id, 1ULL << 32 | BYTES));
	EXPECT_EQ(-ENOENT, ool_verify(self->reader, 0, sent_id, BYTES));
	/* Nor may anybody else. */
	EXPECT_EQ(-ENOENT, ool_verify(self->writer, self->writer.id, sent_id, BYTES));
	EXPECT_EQ(0, ool_verify(self->reader, self->writer.id, sent_id, BYTES));
	EXPECT_EQ(-ENOENT, ool_verify(self->reader, self->writer.id, sent_id, BYTES));
}

#define SENDS	10

TEST_F(buffer, verified_in_any_order)
{
	static const int order[SENDS] = { 3, 0, 9, 1, 4, 2, 8, 7, 5, 6 };
	__u64 ids[SENDS];

	for (int i = 0; i < SENDS; i++) {
		ASSERT_EQ(0, ool_recv(self->reader, self->in.at + i, 100));
		ASSERT_EQ(0, send_now(self, 50 + i));
		ids[i] = sent_id;
		for (int j = 0; j < i; j++)
			ASSERT_NE(ids[j], ids[i]);
	}
	for (int n = 0; n < SENDS; n++) {
		int i = order[n];

		EXPECT_EQ(0, ool_verify(self->reader, self->writer.id, ids[i], 50 + i));
		EXPECT_EQ(PTR(self->in.at + i), verified_at);
	}
}

/* The writer may be gone by then. */
TEST_F(buffer, verified_after_the_writers_death)
{
	ASSERT_EQ(0, give(self, BYTES));
	ASSERT_EQ(0, send_now(self, BYTES));
	close(self->writer.fd);
	EXPECT_TRUE(arrived(self, BYTES));
}

TEST_F(buffer, is_waited_for)
{
	op_park(sending_all(self));
	ASSERT_EQ(0, give(self, BYTES));
	ASSERT_EQ(0, sent(&self->send, op_join(&self->send)));
	EXPECT_TRUE(arrived(self, BYTES));
}

/* One buffer is for one of them, whoever that is. */
TEST_F(buffer, is_waited_for_by_two)
{
	struct task other = task_open();
	struct op second;
	int done;

	op_park(sending_all(self));
	op_park(sending(&second, other, self->reader.id, self->out.at, BYTES));
	ASSERT_EQ(0, give(self, BYTES));
	while (!op_done(&self->send) && !op_done(&second))
		sched_yield();
	done = op_done(&second);
	op_await(done ? &self->send : &second);
	EXPECT_TRUE(area_holds(&self->in, 9, BYTES));
	ASSERT_EQ(0, give(self, BYTES));
	EXPECT_EQ(0, sent(&second, op_join(&second)));
	EXPECT_EQ(0, sent(&self->send, op_join(&self->send)));
}

/* A smaller one fails who waited, and stays. */
TEST_F(buffer, that_was_waited_for_is_smaller)
{
	op_park(sending_all(self));
	ASSERT_EQ(0, give(self, BYTES - 1));
	EXPECT_EQ(-EMSGSIZE, sent(&self->send, op_join(&self->send)));
	ASSERT_EQ(0, send_now(self, BYTES - 1));
	EXPECT_TRUE(arrived(self, BYTES - 1));
}

TEST_F(buffer, is_waited_for_in_vain)
{
	__u64 started = now();

	sending_all(self)->arg.deadline = started + 100 * MS;
	EXPECT_EQ(TRANSPORT(-ETIMEDOUT), sent(&self->send, op_run(&self->send)));
	EXPECT_GE(now(), started + 100 * MS);
	sending_all(self)->arg.deadline = PAST;
	EXPECT_EQ(TRANSPORT(-ETIMEDOUT), sent(&self->send, op_run(&self->send)));
	EXPECT_EQ(TRANSPORT(-EAGAIN), send_now(self, BYTES));
	/* It has not waited on in secret. */
	ASSERT_EQ(0, give(self, BYTES));
	EXPECT_TRUE(area_untouched(&self->in));
}

static void on_signal(int sig)
{
	(void)sig;
}

static void signal_op(struct op *op, int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };

	CHECK_EQ(0, sigaction(SIGUSR1, &action, NULL));
	CHECK_EQ(0, syscall(SYS_tgkill, getpid(), atomic_load(&op->tid), SIGUSR1));
}

TEST_F(buffer, wait_is_interrupted)
{
	op_park(sending_all(self));
	signal_op(&self->send, 0);
	EXPECT_EQ(TRANSPORT(-EINTR), sent(&self->send, op_join(&self->send)));
	ASSERT_EQ(0, give(self, BYTES));
	EXPECT_TRUE(area_untouched(&self->in));
	ASSERT_EQ(0, send_now(self, BYTES));
	EXPECT_TRUE(arrived(self, BYTES));
}

TEST_F(buffer, wait_is_restarted)
{
	op_park(sending_all(self));
	for (int i = 0; i < 3; i++) {
		signal_op(&self->send, SA_RESTART);
		usleep(20000);
		op_await(&self->send);
	}
	ASSERT_EQ(0, give(self, BYTES));
	ASSERT_EQ(0, sent(&self->send, op_join(&self->send)));
	EXPECT_TRUE(arrived(self, BYTES));
}

TEST_F(buffer, wait_ends_with_the_reader)
{
	op_park(sending_all(self));
	close(self->reader.fd);
	EXPECT_EQ(-ESRCH, sent(&self->send, op_join(&self->send)));
}

TEST_F(buffer, of_nobody)
{
	const __s32 ids[] = { dead_id(), -1, 0, INT_MIN, INT_MAX };

	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		EXPECT_EQ(-ESRCH, ool_send_now(self->writer, ids[i], self->out.at, 1))
			TH_LOG("id %d", ids[i]);
	}
}

TEST_F(buffer, of_oneself)
{
	ASSERT_EQ(0, give(self, BYTES));
	ASSERT_EQ(0, ool_send_now(self->reader, self->reader.id, self->out.at, BYTES));
	EXPECT_TRUE(area_holds(&self->in, 9, BYTES));
	EXPECT_EQ(0, ool_verify(self->reader, self->reader.id, sent_id, BYTES));
}

/* The task needs to do nothing else: its messages are no matter. */
TEST_F(buffer, beside_messages)
{
	struct op call, recv, reply;

	ASSERT_EQ(0, give(self, BYTES));
	op_park(op_call(&call, self->writer, self->reader.id, 1, 8));
	ASSERT_EQ(0, send_now(self, BYTES));
	ASSERT_EQ(0, op_run(op_recv(&recv, self->reader, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&recv, self->writer.id, 1, 8));
	EXPECT_TRUE(arrived(self, BYTES));
	EXPECT_EQ(0, op_run(op_reply(&reply, self->reader, recv.arg.token, 2, 8)));
	EXPECT_EQ(0, op_join(&call));
}

TEST_F(buffer, malformed_requests)
{
	struct parley_ool_send send = { self->reader.id, 1, PTR(self->out.at), 1 };
	struct parley_ool_verify verify = { self->writer.id, 1, 1, 1 };
	struct op op;

	ASSERT_EQ(0, give(self, BYTES));
	vm_call(&op, self->writer, PARLEY_OOL_SEND, &send, sizeof(send));
	EXPECT_EQ(-EINVAL, vm_result(&op, op_run(&op), 0));
	vm_call(&op, self->reader, PARLEY_OOL_VERIFY, &verify, sizeof(verify));
	EXPECT_EQ(-EINVAL, vm_result(&op, op_run(&op), 0));
	for (__s32 type = PARLEY_OOL_RECV; type <= PARLEY_OOL_VERIFY; type++)
		for (__u32 len = 0; len <= 32; len++) {
			if (len == (type == PARLEY_OOL_RECV ? sizeof(struct parley_ool_recv) :
							      sizeof(send)))
				continue;
			op_call(&op, self->writer, PARLEY_TASK_VM, type, len);
			EXPECT_EQ(-EINVAL, vm_result(&op, op_run(&op), 0))
				TH_LOG("type %d, %u bytes", type, len);
		}
	EXPECT_TRUE(area_untouched(&self->in));
}

TEST_F(buffer, other_requests)
{
	static const __s32 types[] = { 0, 1, PARLEY_GLOBAL_ASYNC, 15, 19, 1000, INT_MAX };
	struct op op;

	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		op_call(&op, self->writer, PARLEY_TASK_VM, types[i], 8);
		EXPECT_EQ(-ENOTSUP, vm_result(&op, op_run(&op), 0)) TH_LOG("type %d", types[i]);
	}
	EXPECT_EQ(-EINVAL, op_run(op_call(&op, self->writer, PARLEY_TASK_VM, -1, 8)));
}

/* The reply's room is a caller's, as ever. */
TEST_F(buffer, no_room_for_the_reply)
{
	ASSERT_EQ(0, give(self, BYTES));
	sending_all(self)->arg.recv_len = 7;
	EXPECT_EQ(-EMSGSIZE, op_run(&self->send));
	EXPECT_EQ(8U, self->send.arg.recv_len);
}

/* From one process to another. */

static struct area theirs;

DEED(do_give, peer, len)
{
	theirs = area_make(len, 4000);
	return ool_recv(me, theirs.at, len);
}

DEED(do_look, peer, len)
{
	return area_holds(&theirs, 9, len);
}

/* The id that it was given. */
DEED(do_send, peer, len)
{
	struct area area = area_filled(len, 3, 9);

	return ool_send_now(me, peer, area.at, len) ?: (__s32)sent_id;
}

TEST_F(buffer, is_another_process_s)
{
	struct peer other = actor_start(&root);

	ASSERT_EQ(0, actor_do(&other, do_give, 0, BYTES));
	ASSERT_EQ(0, ool_send_now(self->writer, other.id, self->out.at, BYTES));
	EXPECT_EQ(1, actor_do(&other, do_look, 0, BYTES));
}

TEST_F(buffer, is_written_by_another_process)
{
	struct peer other = actor_start(&root);
	__s32 id;

	ASSERT_EQ(0, give(self, BYTES));
	id = actor_do(&other, do_send, self->reader.id, BYTES);
	ASSERT_GE(id, 0);
	EXPECT_TRUE(area_holds(&self->in, 9, BYTES));
	EXPECT_EQ(0, ool_verify(self->reader, other.id, id, BYTES));
}

/* Of other users' tasks, only of those that may be sent to. */
TEST_F(buffer, is_another_user_s)
{
	struct peer other = actor_start(&alice);

	ASSERT_EQ(0, give(self, BYTES));
	EXPECT_EQ(-EACCES, actor_do(&other, do_send, self->reader.id, 10));
	EXPECT_TRUE(area_untouched(&self->in));
	ASSERT_EQ(0, task_mode(self->reader, 0666));
	EXPECT_LE(0, actor_do(&other, do_send, self->reader.id, 10));
	EXPECT_TRUE(area_holds(&self->in, 9, 10));
}

TEST_F(buffer, wait_ends_with_the_reader_s_process)
{
	struct peer other = actor_start(&root);

	op_park(sending(&self->send, self->writer, other.id, self->out.at, BYTES));
	peer_kill(&other);
	EXPECT_EQ(-ESRCH, sent(&self->send, op_join(&self->send)));
}

/* Its pages are let go. */
TEST_F(buffer, dies_with_its_process)
{
	struct peer other = actor_start(&root);

	ASSERT_EQ(0, actor_do(&other, do_give, 0, PARLEY_OOL_MAX));
	peer_kill(&other);
	EXPECT_TRUE(pages_let_go(self->pinned));
}

DEED(do_wait_to_send, peer, len)
{
	struct area area = area_filled(len, 3, 9);
	struct op op;

	return sent(&op, op_run(sending(&op, me, peer, area.at, len)));
}

TEST_F(buffer, writer_is_killed)
{
	struct peer other = actor_start(&root);

	actor_park(&other, do_wait_to_send, self->reader.id, BYTES);
	peer_kill(&other);
	EXPECT_TRUE(pages_let_go(self->pinned));
	ASSERT_EQ(0, give(self, BYTES));
	EXPECT_TRUE(area_untouched(&self->in));
	ASSERT_EQ(0, send_now(self, BYTES));
	EXPECT_TRUE(arrived(self, BYTES));
}

/* Who waits has to have the right when there is a buffer, which is others' then. */
TEST_F(buffer, writer_s_right_is_revoked)
{
	struct peer other = actor_start(&alice);

	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, bond(self->reader, PARLEY_BOND_GRANT, other.id));
		actor_park(&other, do_wait_to_send, self->reader.id, 100);
		ASSERT_EQ(0, unbond(self->reader, PARLEY_BOND_GRANT, other.id));
		if (i)
			op_park(sending_all(self));
		ASSERT_EQ(0, give(self, BYTES));
		if (!i)
			EXPECT_EQ(-EACCES, hear(other.ctl));
		EXPECT_EQ(0, i ? sent(&self->send, op_join(&self->send)) : send_now(self, BYTES));
		EXPECT_TRUE(arrived(self, BYTES));
	}
}

/* What was sent and not verified counts as a message, of the reader's. */
TEST_F(buffer, unverified_are_limited)
{
	struct peer reader = actor_start(&alice);
	int sends = 0, err;

	max_set("messages", 8);
	while (!(err = actor_do(&reader, do_give, 0, 10)) && sends < 20) {
		ASSERT_EQ(0, ool_send_now(self->writer, reader.id, self->out.at, 10));
		sends++;
	}
	EXPECT_EQ(-EDQUOT, err);
	EXPECT_GE(sends, 4);
	EXPECT_LE(sends, 8);
	peer_kill(&reader);
	while (usage_of(ALICE, "messages").used)
		sched_yield();
}

TEST_HARNESS_MAIN
