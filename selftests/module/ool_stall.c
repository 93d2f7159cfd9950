// SPDX-License-Identifier: GPL-2.0
/*
 * Out-of-line payload in memory that stalls whoever touches it: nobody waits but
 * he whose memory it is. What others do meanwhile has to end, on time, before the
 * memory is let go.
 */
#include "stall.h"

#define SOON	(200 * MS)
#define LATE	(10000 * MS)	/* much, on an emulated machine that is busy */

FIXTURE(stall)
{
	struct task client, server, other;
	struct cart call, recv, reply;
	struct area area;
	__u8 *at;		/* the memory */
	long long pinned;
};

FIXTURE_VARIANT(stall)
{
	void *(*make)(void);
};

FIXTURE_VARIANT_ADD(stall, uffd) {
	.make = make_uffd,
};

FIXTURE_VARIANT_ADD(stall, uffd_last_page) {
	.make = make_uffd_last_page,
};

FIXTURE_VARIANT_ADD(stall, fuse) {
	.make = make_fuse,
};

FIXTURE_SETUP(stall)
{
	self->client = task_open();
	self->server = task_open();
	self->other = task_open();
	self->area = area_make(STALL_BYTES, 10);
	self->at = stall_make(variant->make);
	self->pinned = pages_pinned();
}

FIXTURE_TEARDOWN(stall)
{
	stall_release();
	EXPECT_TRUE(pages_let_go(self->pinned));
}

/* A call to the server and its answer, by others than who is stalled. */
static bool serves_others(struct _test_data_stall *self)
{
	struct op call, recv, reply;

	op_start(op_call(&call, self->other, self->server.id, 7, 8));
	return !op_run(op_recv(&recv, self->server, self->other.id)) &&
	       op_got(&recv, self->other.id, 7, 8) &&
	       !op_run(op_reply(&reply, self->server, recv.arg.token, 8, 16)) &&
	       !op_join(&call) && op_got(&call, self->server.id, 8, 16);
}

/* The same with a receiver that takes from anyone. */
static bool serves_anyone(struct _test_data_stall *self)
{
	struct op call, recv, reply;

	op_start(op_call(&call, self->other, self->server.id, 7, 8));
	return !op_run(op_recv(&recv, self->server, PARLEY_ANY)) &&
	       op_got(&recv, self->other.id, 7, 8) &&
	       !op_run(op_reply(&reply, self->server, recv.arg.token, 8, 16)) &&
	       !op_join(&call) && op_got(&call, self->server.id, 8, 16);
}

/* Does a deadline of SOON, set at @started, end what has returned @err just now? */
static bool ends_on_time(__u64 started, int err)
{
	__u64 took = now() - started;

	if (err == -ETIMEDOUT && took >= SOON && took < SOON + LATE)
		return true;
	fprintf(stderr, "# returned %d after %llu ms\n", err, (unsigned long long)(took / MS));
	return false;
}

static bool receive_ends_on_time(struct _test_data_stall *self)
{
	__u64 started = now();
	struct op recv;

	op_recv(&recv, self->server, PARLEY_ANY)->arg.deadline = started + SOON;
	return ends_on_time(started, op_run(&recv));
}

/* Threads of the process that is stalled can do with its memory what they like. */
static bool can_map(void)
{
	void *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[256];

	while (fgets(line, sizeof(line), maps))
		;
	fclose(maps);
	return at != MAP_FAILED && !munmap(at, PAGE);
}

static bool still_stalled(struct op *op)
{
	return !op_done(op);
}

TEST_F(stall, a_sender_s_payload)
{
	if (!self->at)
		SKIP(return, "there is no such memory");
	cart_call(&self->call, self->client, self->server.id, 1);
	cart_start(cart_load(&self->call, self->at, STALL_BYTES));
	stall_hangs_in(&self->call.op);
	EXPECT_TRUE(receive_ends_on_time(self));
	EXPECT_TRUE(serves_anyone(self));
	EXPECT_TRUE(can_map());
	EXPECT_TRUE(still_stalled(&self->call.op));
	stall_release();
	cart_room(cart_recv(&self->recv, self->server, PARLEY_ANY), self->area.at, STALL_BYTES);
	ASSERT_EQ(0, cart_run(&self->recv));
	EXPECT_TRUE(cart_got_ool(&self->recv, self->client.id, 1, STALL_BYTES, 0));
	EXPECT_TRUE(area_holds(&self->area, STALL_SEED, STALL_BYTES));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	EXPECT_EQ(0, cart_run(&self->reply));
	EXPECT_EQ(0, cart_join(&self->call));
}

TEST_F(stall, a_sender_s_payload_to_one_who_waits)
{
	__u64 started;

	if (!self->at)
		SKIP(return, "there is no such memory");
	cart_room(cart_recv(&self->recv, self->server, PARLEY_ANY), self->area.at, STALL_BYTES);
	cart_start(cart_within(&self->recv, 500 * MS));
	started = now();
	cart_send(&self->call, self->client, self->server.id, 1);
	cart_start(cart_load(&self->call, self->at, STALL_BYTES));
	stall_hangs_in(&self->call.op);
	EXPECT_EQ(-ETIMEDOUT, cart_join(&self->recv));
	EXPECT_LT(now(), started + LATE);
	EXPECT_TRUE(still_stalled(&self->call.op));
	stall_release();
	cart_room(cart_recv(&self->recv, self->server, PARLEY_ANY), self->area.at, STALL_BYTES);
	ASSERT_EQ(0, cart_run(&self->recv));
	EXPECT_TRUE(area_holds(&self->area, STALL_SEED, STALL_BYTES));
	EXPECT_EQ(0, cart_join(&self->call));
}

/* The receiver waits for its own memory; the sender gives up when it wanted to. */
TEST_F(stall, a_receiver_s_buffer)
{
	__u64 started;

	if (!self->at)
		SKIP(return, "there is no such memory");
	area_fill(&self->area, 9);
	started = now();
	cart_call(&self->call, self->client, self->server.id, 1)->op.arg.deadline = started + SOON;
	cart_start(cart_load(&self->call, self->area.at, STALL_BYTES));
	cart_recv(&self->recv, self->server, PARLEY_ANY);
	cart_start(cart_room(&self->recv, self->at, STALL_BYTES));
	stall_hangs_in(&self->recv.op);
	EXPECT_TRUE(ends_on_time(started, cart_join(&self->call)));
	EXPECT_TRUE(serves_others(self));
	EXPECT_TRUE(can_map());
	EXPECT_TRUE(still_stalled(&self->recv.op));
	stall_release();
	/* It has received nothing yet: what it was about to get is withdrawn. */
	cart_call(&self->call, self->client, self->server.id, 3);
	cart_start(cart_load(&self->call, self->area.at, STALL_BYTES));
	ASSERT_EQ(0, cart_join(&self->recv));
	EXPECT_TRUE(cart_got_ool(&self->recv, self->client.id, 3, STALL_BYTES, 0));
	EXPECT_TRUE(bytes_are(self->at, STALL_BYTES, 9, 0));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	EXPECT_EQ(0, cart_run(&self->reply));
	EXPECT_EQ(0, cart_join(&self->call));
}

/* A patient sender's message arrives when it can. Another thread serves the others. */
TEST_F(stall, a_receiver_s_buffer_and_the_sender_waits)
{
	if (!self->at)
		SKIP(return, "there is no such memory");
	area_fill(&self->area, 9);
	cart_call(&self->call, self->client, self->server.id, 1);
	cart_start(cart_load(&self->call, self->area.at, STALL_BYTES));
	cart_recv(&self->recv, self->server, PARLEY_ANY);
	cart_start(cart_room(&self->recv, self->at, STALL_BYTES));
	stall_hangs_in(&self->recv.op);
	EXPECT_TRUE(serves_others(self));
	EXPECT_TRUE(still_stalled(&self->recv.op));
	stall_release();
	ASSERT_EQ(0, cart_join(&self->recv));
	EXPECT_TRUE(cart_got_ool(&self->recv, self->client.id, 1, STALL_BYTES, 0));
	EXPECT_TRUE(bytes_are(self->at, STALL_BYTES, 9, 0));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	EXPECT_EQ(0, cart_run(&self->reply));
	EXPECT_EQ(0, cart_join(&self->call));
}

/* The caller's own affair: nothing has been sent yet. */
TEST_F(stall, a_caller_s_result)
{
	struct op recv;

	if (!self->at)
		SKIP(return, "there is no such memory");
	area_fill(&self->area, 9);
	cart_call(&self->call, self->client, self->server.id, 1);
	cart_start(cart_room(&self->call, self->at, STALL_BYTES));
	stall_hangs_in(&self->call.op);
	EXPECT_EQ(-EAGAIN, op_run(op_poll(&recv, self->server, PARLEY_ANY)));
	EXPECT_TRUE(receive_ends_on_time(self));
	EXPECT_TRUE(serves_anyone(self));
	EXPECT_TRUE(can_map());
	EXPECT_TRUE(still_stalled(&self->call.op));
	stall_release();
	ASSERT_EQ(0, cart_run(cart_recv(&self->recv, self->server, PARLEY_ANY)));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	ASSERT_EQ(0, cart_run(cart_load(&self->reply, self->area.at, STALL_BYTES)));
	ASSERT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(bytes_are(self->at, STALL_BYTES, 9, 0));
}

/* The replier waits; the caller gives up when it wanted to. */
TEST_F(stall, a_replier_s_payload)
{
	__u64 started;

	if (!self->at)
		SKIP(return, "there is no such memory");
	cart_call(&self->call, self->client, self->server.id, 1);
	started = now();
	self->call.op.arg.deadline = started + SOON;
	cart_start(cart_room(&self->call, self->area.at, STALL_BYTES));
	ASSERT_EQ(0, cart_run(cart_recv(&self->recv, self->server, PARLEY_ANY)));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	cart_start(cart_load(&self->reply, self->at, STALL_BYTES));
	stall_hangs_in(&self->reply.op);
	EXPECT_TRUE(ends_on_time(started, cart_join(&self->call)));
	/* From now on this memory is none of the replier's business. */
	memset(self->area.start, UNTOUCHED, self->area.size);
	EXPECT_TRUE(serves_others(self));
	EXPECT_TRUE(can_map());
	EXPECT_TRUE(still_stalled(&self->reply.op));
	stall_release();
	EXPECT_EQ(-ENOENT, cart_join(&self->reply));
	EXPECT_TRUE(area_untouched(&self->area));
}

TEST_F(stall, a_replier_s_payload_and_the_caller_waits)
{
	struct task me = self->server;

	if (!self->at)
		SKIP(return, "there is no such memory");
	cart_call(&self->call, self->client, me.id, 1);
	cart_start(cart_room(&self->call, self->area.at, STALL_BYTES));
	ASSERT_EQ(0, cart_run(cart_recv(&self->recv, me, PARLEY_ANY)));
	cart_reply(&self->reply, me, cart_token(&self->recv), 2);
	cart_start(cart_load(&self->reply, self->at, STALL_BYTES));
	stall_hangs_in(&self->reply.op);
	EXPECT_TRUE(serves_anyone(self));
	EXPECT_TRUE(still_stalled(&self->reply.op));
	stall_release();
	EXPECT_EQ(0, cart_join(&self->reply));
	ASSERT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(cart_got_ool(&self->call, me.id, 2, STALL_BYTES, 0));
	EXPECT_TRUE(area_holds(&self->area, STALL_SEED, STALL_BYTES));
}

/* By REPLYRECV, whose receive doesn't begin either. */
TEST_F(stall, a_replyrecv_s_payload)
{
	struct op send;

	if (!self->at)
		SKIP(return, "there is no such memory");
	cart_call(&self->call, self->client, self->server.id, 1);
	cart_start(cart_room(&self->call, self->area.at, STALL_BYTES));
	ASSERT_EQ(0, cart_run(cart_recv(&self->recv, self->server, PARLEY_ANY)));
	cart_replyrecv(&self->reply, self->server, cart_token(&self->recv), 2);
	cart_start(cart_load(&self->reply, self->at, STALL_BYTES));
	stall_hangs_in(&self->reply.op);
	EXPECT_TRUE(serves_anyone(self));
	stall_release();
	ASSERT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(area_holds(&self->area, STALL_SEED, STALL_BYTES));
	ASSERT_EQ(0, op_run(op_send(&send, self->other, self->server.id, 5, 8)));
	ASSERT_EQ(0, cart_join(&self->reply));
	EXPECT_TRUE(op_got(&self->reply.op, self->other.id, 5, 8));
}

/* Who is not stalled can be killed at any time. */

static void call_far(int ctl, void *arg)
{
	struct _test_data_stall *self = arg;
	struct task me = task_open();
	struct cart call;

	tell(ctl, me.id);
	cart_load(cart_call(&call, me, self->server.id, 1), self->area.at, STALL_BYTES);
	cart_run(cart_room(&call, self->area.at, STALL_BYTES));
}

TEST_F(stall, a_receiver_s_buffer_and_the_sender_is_killed)
{
	struct peer peer;

	if (!self->at)
		SKIP(return, "there is no such memory");
	peer = peer_start(call_far, self);
	cart_recv(&self->recv, self->server, PARLEY_ANY);
	cart_start(cart_room(&self->recv, self->at, STALL_BYTES));
	stall_hangs_in(&self->recv.op);
	peer_kill(&peer);
	EXPECT_TRUE(still_stalled(&self->recv.op));
	EXPECT_TRUE(serves_others(self));
	stall_release();
	op_await(&self->recv.op);
}

TEST_F(stall, a_replier_s_payload_and_the_caller_is_killed)
{
	struct peer peer;

	if (!self->at)
		SKIP(return, "there is no such memory");
	peer = peer_start(call_far, self);
	cart_recv(&self->recv, self->server, PARLEY_ANY);
	ASSERT_EQ(0, cart_run(cart_room(&self->recv, self->area.at, STALL_BYTES)));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	cart_start(cart_load(&self->reply, self->at, STALL_BYTES));
	stall_hangs_in(&self->reply.op);
	peer_kill(&peer);
	EXPECT_TRUE(still_stalled(&self->reply.op));
	stall_release();
	EXPECT_EQ(-ENOENT, cart_join(&self->reply));
}

/* And so can he who is; with memory of his own, that nobody ever lets go. */

struct stalled {
	struct _test_data_stall *self;
	void *(*make)(void);
	bool result;
};

static void call_stalled(int ctl, void *arg)
{
	struct stalled *stalled = arg;
	struct task me = task_open();
	void *at = stalled->make();
	struct cart call;

	tell(ctl, me.id);
	cart_call(&call, me, stalled->self->server.id, 1);
	if (stalled->result)
		cart_room(&call, at, STALL_BYTES);
	else
		cart_load(&call, at, STALL_BYTES);
	cart_run(&call);
}

TEST_F(stall, who_is_stalled_is_killed)
{
	struct stalled stalled = { self, variant->make, false };

	if (!self->at)
		SKIP(return, "there is no such memory");
	for (int i = 0; i < 2; i++) {
		struct peer peer;

		atomic_store(&stall->hanging, 0);
		stalled.result = i;
		peer = peer_start(call_stalled, &stalled);
		stall_hangs();
		peer_kill(&peer);
		EXPECT_TRUE(pages_let_go(self->pinned));
		EXPECT_TRUE(serves_anyone(self));
	}
}

/* The buffers of PARLEY_TASK_VM. */

static struct op *vm_call(struct op *op, struct task me, __s32 type, const void *payload, __u32 len)
{
	op_call(op, me, PARLEY_TASK_VM, type, len);
	memcpy(op->out.payload, payload, len);
	return op;
}

TEST_F(stall, a_buffer_that_is_given)
{
	struct parley_ool_recv give = { PTR(self->at), STALL_BYTES };
	struct parley_ool_send send = { self->server.id, 0, PTR(self->area.at), STALL_BYTES };
	struct op giving, sending;
	__u64 started;

	if (!self->at)
		SKIP(return, "there is no such memory");
	area_fill(&self->area, 9);
	op_start(vm_call(&giving, self->server, PARLEY_OOL_RECV, &give, sizeof(give)));
	stall_hangs_in(&giving);
	started = now();
	vm_call(&sending, self->client, PARLEY_OOL_SEND, &send, sizeof(send));
	sending.arg.deadline = started + SOON;
	EXPECT_TRUE(ends_on_time(started, op_run(&sending)));
	EXPECT_TRUE(serves_anyone(self));
	EXPECT_TRUE(still_stalled(&giving));
	stall_release();
	ASSERT_EQ(0, op_join(&giving));
	EXPECT_EQ(PARLEY_OOL_RECV, giving.in.type);
	vm_call(&sending, self->client, PARLEY_OOL_SEND, &send, sizeof(send));
	ASSERT_EQ(0, op_run(&sending));
	EXPECT_EQ(PARLEY_OOL_SEND, sending.in.type);
	EXPECT_TRUE(bytes_are(self->at, STALL_BYTES, 9, 0));
	close(self->server.fd);
}

/* Others may write into it before him, and its owner take it back. */
TEST_F(stall, what_is_written_into_a_buffer)
{
	struct parley_ool_recv give = { PTR(self->area.at), STALL_BYTES };
	struct parley_ool_send send = { self->server.id, 0, PTR(self->at), STALL_BYTES };
	struct parley_ool_send early = { self->server.id, 0, PTR(self->area.start), 8 };
	struct op giving, sending, other;

	if (!self->at)
		SKIP(return, "there is no such memory");
	vm_call(&giving, self->server, PARLEY_OOL_RECV, &give, sizeof(give));
	ASSERT_EQ(0, op_run(&giving));
	op_start(vm_call(&sending, self->client, PARLEY_OOL_SEND, &send, sizeof(send)));
	stall_hangs_in(&sending);
	EXPECT_TRUE(serves_anyone(self));
	vm_call(&other, self->other, PARLEY_OOL_SEND, &early, sizeof(early))->arg.flags =
		PARLEY_NONBLOCK;
	ASSERT_EQ(0, op_run(&other));
	EXPECT_EQ(PARLEY_OOL_SEND, other.in.type);
	EXPECT_TRUE(still_stalled(&sending));
	vm_call(&giving, self->server, PARLEY_OOL_RECV, &give, sizeof(give));
	ASSERT_EQ(0, op_run(&giving));
	EXPECT_EQ(PARLEY_OOL_RECV, giving.in.type);
	EXPECT_TRUE(still_stalled(&sending));
	stall_release();
	ASSERT_EQ(0, op_join(&sending));
	EXPECT_EQ(PARLEY_OOL_SEND, sending.in.type);
	EXPECT_TRUE(area_holds(&self->area, STALL_SEED, STALL_BYTES));
}

/* A file system that can stall has no ranges for callers to read. */
TEST(range_of_a_file_that_stalls)
{
	struct task client = task_open(), server = task_open();
	struct cart call, recv, reply;
	struct area in = area_make(100, 0);
	int file;

	stall = ring_share(sizeof(*stall));
	file = fuse_open();
	if (file < 0)
		SKIP(return, "there is no FUSE");
	cart_park(cart_room(cart_call(&call, client, server.id, 1), in.at, in.len));
	ASSERT_EQ(0, cart_run(cart_recv(&recv, server, PARLEY_ANY)));
	cart_reply(&reply, server, cart_token(&recv), 2);
	EXPECT_EQ(-EOPNOTSUPP, cart_run(cart_range(&reply, file, 0, 100)));
	EXPECT_EQ(0, atomic_load(&stall->hanging));
	EXPECT_EQ(0, cart_run(cart_reply(&reply, server, cart_token(&recv), 2)));
	EXPECT_EQ(0, cart_join(&call));
}

TEST_HARNESS_MAIN
