// SPDX-License-Identifier: GPL-2.0
/* Operations through io_uring: the results of the ioctls, on each kind of ring. */
#include "uring.h"

#define CALLS	50
#define ROUNDS	200

FIXTURE(uring)
{
	struct task me, other;
	struct uring uring;
	struct op op, plain, reply;
	bool async;		/* without threads, on this ring */
};

FIXTURE_VARIANT(uring)
{
	unsigned int flags;	/* of the ring */
	unsigned int entry;	/* of entries */
};

FIXTURE_VARIANT_ADD(uring, plain) {
};

FIXTURE_VARIANT_ADD(uring, sqpoll) {
	.flags = IORING_SETUP_SQPOLL,
};

FIXTURE_VARIANT_ADD(uring, coop_taskrun) {
	.flags = IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
};

FIXTURE_VARIANT_ADD(uring, defer_taskrun) {
	.flags = IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER,
};

FIXTURE_VARIANT_ADD(uring, large_entries) {
	.flags = IORING_SETUP_SQE128 | IORING_SETUP_CQE32,
};

FIXTURE_VARIANT_ADD(uring, by_a_thread) {
	.entry = IOSQE_ASYNC,
};

FIXTURE_VARIANT_ADD(uring, registered_files) {
	.entry = IOSQE_FIXED_FILE,
};

FIXTURE_SETUP(uring)
{
	self->me = task_open();
	self->other = task_open();
	uring_open(&self->uring, 64, variant->flags);
	if (variant->entry & IOSQE_FIXED_FILE)
		uring_register(&self->uring, self->me, self->other);
	self->uring.flags = variant->entry;
	self->async = waits_async(self->me) && !(variant->entry & IOSQE_ASYNC);
}

FIXTURE_TEARDOWN(uring)
{
	uring_close(&self->uring);
}

TEST_F(uring, receive_of_what_is_there)
{
	op_park(op_send(&self->plain, self->other, self->me.id, 1, 8));
	ASSERT_EQ(0, uring_run(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->op, self->other.id, 1, 8));
	EXPECT_EQ(0ULL, self->op.arg.token);
	EXPECT_EQ(0, op_join(&self->plain));
}

TEST_F(uring, receive_that_waits)
{
	uring_start(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY));
	EXPECT_TRUE(uring_waits(&self->uring, &self->op));
	op_start(op_send(&self->plain, self->other, self->me.id, 1, 8));
	ASSERT_EQ(0, uring_join(&self->uring, &self->op));
	EXPECT_TRUE(op_got(&self->op, self->other.id, 1, 8));
	EXPECT_EQ(0, op_join(&self->plain));
}

TEST_F(uring, receive_from_one)
{
	struct task stranger = task_open();
	struct op send;

	uring_start(&self->uring, op_recv(&self->op, self->me, self->other.id));
	op_park(op_send(&send, stranger, self->me.id, 1, 8));
	EXPECT_TRUE(uring_waits(&self->uring, &self->op));
	op_start(op_send(&self->plain, self->other, self->me.id, 2, 8));
	ASSERT_EQ(0, uring_join(&self->uring, &self->op));
	EXPECT_TRUE(op_got(&self->op, self->other.id, 2, 8));
	EXPECT_TRUE(receives(self->me, stranger.id, 1));
	EXPECT_EQ(0, op_join(&send));
	EXPECT_EQ(0, op_join(&self->plain));
}

TEST_F(uring, receive_of_notifications)
{
	uring_start(&self->uring, op_recv(&self->op, self->me, PARLEY_TASK_KERNEL));
	EXPECT_TRUE(uring_waits(&self->uring, &self->op));
	ASSERT_EQ(0, task_notify(self->other, self->me.id, 0x30));
	ASSERT_EQ(0, uring_join(&self->uring, &self->op));
	EXPECT_TRUE(op_got_bits(&self->op, 0x30));
	EXPECT_TRUE(hears_nothing(self->me));
}

TEST_F(uring, receive_that_is_told_who_sent)
{
	struct parley_creds creds = { .pid = -1 };

	op_recv(&self->op, self->me, PARLEY_ANY)->arg.creds = PTR(&creds);
	uring_start(&self->uring, &self->op);
	op_start(op_send(&self->plain, self->other, self->me.id, 1, 8));
	ASSERT_EQ(0, uring_join(&self->uring, &self->op));
	EXPECT_EQ(getpid(), creds.pid);
	EXPECT_EQ(0, op_join(&self->plain));
}

TEST_F(uring, receive_with_too_little_room)
{
	op_recv(&self->op, self->me, PARLEY_ANY)->arg.recv_len = 7;
	uring_start(&self->uring, &self->op);
	op_start(op_send(&self->plain, self->other, self->me.id, 1, 8));
	EXPECT_EQ(-EMSGSIZE, uring_join(&self->uring, &self->op));
	EXPECT_EQ(8U, self->op.arg.recv_len);
	EXPECT_TRUE(receives(self->me, self->other.id, 1));
	EXPECT_EQ(0, op_join(&self->plain));
}

TEST_F(uring, send)
{
	uring_start(&self->uring, op_send(&self->op, self->me, self->other.id, 1, 8));
	EXPECT_TRUE(receives(self->other, self->me.id, 1));
	EXPECT_EQ(0, uring_join(&self->uring, &self->op));
	/* And to one that receives already. */
	op_park(op_recv(&self->plain, self->other, PARLEY_ANY));
	EXPECT_EQ(0, uring_run(&self->uring, op_send(&self->op, self->me, self->other.id, 2, 8)));
	EXPECT_EQ(0, op_join(&self->plain));
	EXPECT_TRUE(op_got(&self->plain, self->me.id, 2, 8));
}

TEST_F(uring, call)
{
	uring_start(&self->uring, op_call(&self->op, self->me, self->other.id, 1, 8));
	ASSERT_EQ(0, receive(&self->plain, self->other));
	EXPECT_TRUE(op_got(&self->plain, self->me.id, 1, 8));
	EXPECT_TRUE(uring_waits(&self->uring, &self->op));
	op_reply(&self->reply, self->other, self->plain.arg.token, -5, 16);
	EXPECT_EQ(0, op_run(&self->reply));
	ASSERT_EQ(0, uring_join(&self->uring, &self->op));
	EXPECT_TRUE(op_got(&self->op, self->other.id, -5, 16));
	EXPECT_EQ(0ULL, self->op.arg.token);
}

TEST_F(uring, reply)
{
	op_park(op_call(&self->plain, self->other, self->me.id, 1, 8));
	ASSERT_EQ(0, uring_run(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY)));
	ASSERT_NE(0ULL, self->op.arg.token);
	op_reply(&self->reply, self->me, self->op.arg.token, 2, 8);
	EXPECT_EQ(0, uring_run(&self->uring, &self->reply));
	EXPECT_EQ(0, op_join(&self->plain));
	EXPECT_TRUE(op_got(&self->plain, self->me.id, 2, 8));
	EXPECT_EQ(-ENOENT, uring_run(&self->uring, &self->reply));
}

struct caller {
	struct task me;
	__s32 peer;
};

static void *caller_thread(void *arg)
{
	struct caller *caller = arg;
	struct op call;

	for (int i = 0; i < CALLS; i++) {
		op_call(&call, caller->me, caller->peer, 2 * i, 8);
		CHECK_EQ(0, op_run(&call));
		CHECK(op_got(&call, caller->peer, 2 * i + 1, 8));
	}
	return NULL;
}

TEST_F(uring, replyrecv)
{
	struct caller caller = { self->other, self->me.id };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, caller_thread, &caller));
	ASSERT_EQ(0, uring_run(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY)));
	for (int i = 0; i < CALLS - 1; i++) {
		op_replyrecv(&self->op, self->me, self->op.arg.token, 2 * i + 1, 8);
		ASSERT_EQ(0, uring_run(&self->uring, &self->op));
		ASSERT_TRUE(op_got(&self->op, self->other.id, 2 * i + 2, 8));
		ASSERT_EQ(0, self->op.arg.reply_error);
	}
	op_replyrecv(&self->op, self->me, self->op.arg.token, 2 * CALLS - 1, 8);
	uring_start(&self->uring, &self->op);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_TRUE(uring_waits(&self->uring, &self->op));
}

/* The reply is refused, and it receives all the same; having waited, too. */
TEST_F(uring, replyrecv_with_a_wrong_token)
{
	uring_start(&self->uring, op_replyrecv(&self->op, self->me, 12345, 2, 8));
	op_start(op_call(&self->plain, self->other, self->me.id, 1, 8));
	ASSERT_EQ(0, uring_join(&self->uring, &self->op));
	EXPECT_EQ(-ENOENT, self->op.arg.reply_error);
	EXPECT_TRUE(op_got(&self->op, self->other.id, 1, 8));
	op_reply(&self->reply, self->me, self->op.arg.token, 2, 8);
	EXPECT_EQ(0, uring_run(&self->uring, &self->reply));
	EXPECT_EQ(0, op_join(&self->plain));
}

TEST_F(uring, both_ends_at_once)
{
	uring_prep(&self->uring, op_call(&self->op, self->other, self->me.id, 1, 8));
	uring_prep(&self->uring, op_recv(&self->plain, self->me, PARLEY_ANY));
	uring_submit(&self->uring);
	ASSERT_EQ(0, uring_join(&self->uring, &self->plain));
	EXPECT_TRUE(op_got(&self->plain, self->other.id, 1, 8));
	op_reply(&self->reply, self->me, self->plain.arg.token, 2, 8);
	EXPECT_EQ(0, uring_run(&self->uring, &self->reply));
	EXPECT_EQ(0, uring_join(&self->uring, &self->op));
	EXPECT_TRUE(op_got(&self->op, self->me.id, 2, 8));
}

TEST_F(uring, nonblocking)
{
	op_poll(&self->op, self->me, PARLEY_ANY);
	EXPECT_EQ(-EAGAIN, uring_run(&self->uring, &self->op));
	op_send(&self->op, self->me, self->other.id, 1, 8)->arg.flags = PARLEY_NONBLOCK;
	EXPECT_EQ(-EAGAIN, uring_run(&self->uring, &self->op));
	op_call(&self->op, self->me, self->other.id, 1, 8)->arg.flags = PARLEY_NONBLOCK;
	EXPECT_EQ(-EAGAIN, uring_run(&self->uring, &self->op));
	EXPECT_TRUE(hears_nothing(self->other));
	ASSERT_EQ(0, fcntl(self->me.fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, uring_run(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY)));
}

TEST_F(uring, nobody_to_send_to)
{
	__s32 dead = dead_id();

	EXPECT_EQ(-ENOTCONN, uring_run(&self->uring, op_send(&self->op, self->me, dead, 1, 8)));
	EXPECT_EQ(-ENOTCONN, uring_run(&self->uring, op_call(&self->op, self->me, dead, 1, 8)));
	EXPECT_EQ(-ENOTCONN, uring_run(&self->uring, op_recv(&self->op, self->me, dead)));
}

/* Does it end with -ETIMEDOUT at its deadline? */
static bool times_out(struct uring *uring, struct op *op)
{
	__u64 end = now() + SHORT;
	int err;

	op->arg.deadline = end;
	err = uring_run(uring, op);
	if (err == -ETIMEDOUT && now() >= end && now() < end + LATE / 4)
		return true;
	fprintf(stderr, "# ended with %d, %lld us after its deadline\n", err,
		(long long)(now() - end) / 1000);
	return false;
}

TEST_F(uring, deadlines)
{
	EXPECT_TRUE(times_out(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY)));
	EXPECT_TRUE(times_out(&self->uring, op_recv(&self->op, self->me, self->other.id)));
	EXPECT_TRUE(times_out(&self->uring, op_replyrecv(&self->op, self->me, 0, 1, 0)));
	EXPECT_TRUE(times_out(&self->uring, op_send(&self->op, self->me, self->other.id, 1, 8)));
	EXPECT_TRUE(times_out(&self->uring, op_call(&self->op, self->me, self->other.id, 1, 8)));
	EXPECT_EQ(0ULL, self->op.arg.token);
	EXPECT_TRUE(hears_nothing(self->other));
	EXPECT_TRUE(hears_nothing(self->me));
}

TEST_F(uring, deadlines_that_have_passed)
{
	op_recv(&self->op, self->me, PARLEY_ANY)->arg.deadline = PAST;
	EXPECT_EQ(-ETIMEDOUT, uring_run(&self->uring, &self->op));
	op_call(&self->op, self->me, self->other.id, 1, 8)->arg.deadline = PAST;
	EXPECT_EQ(-ETIMEDOUT, uring_run(&self->uring, &self->op));
	EXPECT_TRUE(hears_nothing(self->other));
	/* What can be done at once is done. */
	op_park(op_send(&self->plain, self->other, self->me.id, 1, 8));
	op_recv(&self->op, self->me, PARLEY_ANY)->arg.deadline = PAST;
	EXPECT_EQ(0, uring_run(&self->uring, &self->op));
	EXPECT_EQ(0, op_join(&self->plain));
}

TEST_F(uring, deadline_of_a_call_that_is_in_the_servers_hands)
{
	op_call(&self->op, self->me, self->other.id, 1, 8)->arg.deadline = now() + 20 * SHORT;
	uring_start(&self->uring, &self->op);
	ASSERT_EQ(0, receive(&self->plain, self->other));
	EXPECT_EQ(-ETIMEDOUT, uring_join(&self->uring, &self->op));
	EXPECT_TRUE(hears_bits(self->other, PARLEY_NOTIFY_ABORTED));
	EXPECT_TRUE(hears_cancelled(self->other, self->plain.arg.token));
	op_reply(&self->reply, self->other, self->plain.arg.token, 2, 8);
	EXPECT_EQ(-ENOENT, op_run(&self->reply));
}

/* The message is received or not, and its sender knows which. */
TEST_F(uring, deadline_and_message_at_once)
{
	int received = 0;

	for (int i = 0; i < ROUNDS; i++) {
		__u64 end = now() + MS / 2 + (__u64)rand() % (2 * MS);

		op_recv(&self->op, self->me, PARLEY_ANY)->arg.deadline = end;
		uring_start(&self->uring, &self->op);
		op_send(&self->plain, self->other, self->me.id, i, 8)->arg.deadline = end;
		op_start(&self->plain);
		uring_join(&self->uring, &self->op);
		ASSERT_EQ(self->op.ret, op_join(&self->plain));
		ASSERT_TRUE(!self->op.ret || self->op.ret == -ETIMEDOUT);
		received += !self->op.ret;
	}
	EXPECT_TRUE(hears_nothing(self->me));
	TH_LOG("%d of %d received", received, ROUNDS);
}

TEST_F(uring, death_of_the_one_that_is_heard)
{
	struct task mortal = task_open();

	uring_start(&self->uring, op_recv(&self->op, self->me, mortal.id));
	EXPECT_TRUE(uring_waits(&self->uring, &self->op));
	ASSERT_EQ(0, close(mortal.fd));
	EXPECT_EQ(-ENOTCONN, uring_join(&self->uring, &self->op));
}

TEST_F(uring, death_of_a_server)
{
	struct task mortal = task_open();
	struct op next;

	uring_start(&self->uring, op_call(&self->op, self->me, mortal.id, 1, 8));
	ASSERT_EQ(0, receive(&self->plain, mortal));
	uring_start(&self->uring, op_call(&next, self->me, mortal.id, 2, 8));
	EXPECT_TRUE(uring_waits(&self->uring, &next));
	ASSERT_EQ(0, close(mortal.fd));
	EXPECT_EQ(-ECONNRESET, uring_join(&self->uring, &self->op));
	EXPECT_EQ(-ENOTCONN, uring_join(&self->uring, &next));
}

TEST_F(uring, cancelling)
{
	if (!self->async)
		SKIP(return, OLD);
	uring_start(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY));
	EXPECT_TRUE(uring_cancels(&self->uring, &self->op));
	uring_start(&self->uring, op_call(&self->op, self->me, self->other.id, 1, 8));
	EXPECT_TRUE(uring_cancels(&self->uring, &self->op));
	EXPECT_TRUE(hears_nothing(self->other));
	EXPECT_EQ(-ENOENT, uring_cancel(&self->uring, &self->op));
}

TEST_HARNESS_MAIN
