// SPDX-License-Identifier: GPL-2.0
/* Deadlines: kept, never early, and no hindrance to what can be done at once. */
#include "common.h"

#define SHORT	(50 * MS)
#define LATE	(5000 * MS)	/* much, on an emulated machine that is busy */

FIXTURE(deadline)
{
	struct task client, server;
	struct op call, recv, reply;
};

FIXTURE_SETUP(deadline)
{
	self->client = task_open();
	self->server = task_open();
}

FIXTURE_TEARDOWN(deadline)
{
}

/* Runs @op with a deadline soon; says whether it ended by it, and in time. */
static bool ends_by_deadline(struct op *op)
{
	__u64 deadline = now() + SHORT, end;
	int ret;

	op->arg.deadline = deadline;
	ret = op_run(op);
	end = now();
	if (ret == -ETIMEDOUT && end >= deadline && end < deadline + LATE)
		return true;
	fprintf(stderr, "# returned %d, %lld us after the deadline\n", ret,
		(long long)(end - deadline) / 1000);
	return false;
}

TEST_F(deadline, of_a_receive)
{
	EXPECT_TRUE(ends_by_deadline(op_recv(&self->recv, self->server, PARLEY_ANY)));
	EXPECT_TRUE(ends_by_deadline(op_recv(&self->recv, self->server, self->client.id)));
	EXPECT_TRUE(ends_by_deadline(op_recv(&self->recv, self->server, PARLEY_TASK_KERNEL)));
}

TEST_F(deadline, withdraws_a_message)
{
	EXPECT_TRUE(ends_by_deadline(op_send(&self->call, self->client, self->server.id, 1, 8)));
	EXPECT_EQ(0ULL, self->call.arg.token);
	EXPECT_EQ(-EAGAIN, op_run(op_poll(&self->recv, self->server, PARLEY_ANY)));
}

TEST_F(deadline, withdraws_a_call)
{
	EXPECT_TRUE(ends_by_deadline(op_call(&self->call, self->client, self->server.id, 1, 8)));
	EXPECT_EQ(0ULL, self->call.arg.token);
	EXPECT_EQ(-EAGAIN, op_run(op_poll(&self->recv, self->server, PARLEY_ANY)));
}

TEST_F(deadline, withdraws_only_its_own)
{
	struct op before, after;

	op_park(op_call(&before, self->client, self->server.id, 2, 8));
	op_call(&self->call, self->client, self->server.id, 1, 8)->arg.deadline = now() + SHORT;
	op_start(&self->call);
	ASSERT_EQ(-ETIMEDOUT, op_join(&self->call));
	op_park(op_call(&after, self->client, self->server.id, 3, 8));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->server, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->recv, self->client.id, 2, 8));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->server, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->recv, self->client.id, 3, 8));
}

TEST_F(deadline, ends_a_call_that_is_in_hand)
{
	op_start(op_recv(&self->recv, self->server, PARLEY_ANY));
	EXPECT_TRUE(ends_by_deadline(op_call(&self->call, self->client, self->server.id, 1, 8)));
	EXPECT_EQ(0ULL, self->call.arg.token);
	ASSERT_EQ(0, op_join(&self->recv));
	EXPECT_TRUE(op_got(&self->recv, self->client.id, 1, 8));
	op_reply(&self->reply, self->server, self->recv.arg.token, 2, 8);
	EXPECT_EQ(-ENOENT, op_run(&self->reply));
	EXPECT_EQ(-ENOENT, op_run(&self->reply));
}

TEST_F(deadline, late_reply_reaches_no_later_call)
{
	__u64 late;

	op_start(op_recv(&self->recv, self->server, PARLEY_ANY));
	EXPECT_TRUE(ends_by_deadline(op_call(&self->call, self->client, self->server.id, 1, 8)));
	ASSERT_EQ(0, op_join(&self->recv));
	late = self->recv.arg.token;

	op_park(op_call(&self->call, self->client, self->server.id, 3, 8));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->server, self->client.id)));
	EXPECT_EQ(-ENOENT, op_run(op_reply(&self->reply, self->server, late, 2, 8)));
	op_await(&self->call);
	op_reply(&self->reply, self->server, self->recv.arg.token, 4, 8);
	EXPECT_EQ(0, op_run(&self->reply));
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_TRUE(op_got(&self->call, self->server.id, 4, 8));
}

TEST_F(deadline, of_a_replyrecv_leaves_the_reply_done)
{
	op_park(op_call(&self->call, self->client, self->server.id, 1, 8));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->server, PARLEY_ANY)));
	op_replyrecv(&self->reply, self->server, self->recv.arg.token, 2, 8);
	EXPECT_TRUE(ends_by_deadline(&self->reply));
	EXPECT_EQ(0ULL, self->reply.arg.token);
	EXPECT_EQ(0, self->reply.arg.reply_error);
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_TRUE(op_got(&self->call, self->server.id, 2, 8));
}

TEST_F(deadline, that_has_passed_and_nothing_there)
{
	__u64 start = now();

	op_recv(&self->recv, self->server, PARLEY_ANY)->arg.deadline = PAST;
	EXPECT_EQ(-ETIMEDOUT, op_run(&self->recv));
	op_send(&self->call, self->client, self->server.id, 1, 8)->arg.deadline = PAST;
	EXPECT_EQ(-ETIMEDOUT, op_run(&self->call));
	op_call(&self->call, self->client, self->server.id, 1, 8)->arg.deadline = PAST;
	EXPECT_EQ(-ETIMEDOUT, op_run(&self->call));
	op_replyrecv(&self->reply, self->server, 0, 0, 0)->arg.send = 0;
	self->reply.arg.deadline = PAST;
	EXPECT_EQ(-ETIMEDOUT, op_run(&self->reply));
	EXPECT_GT(start + LATE, now());
	EXPECT_EQ(-EAGAIN, op_run(op_poll(&self->recv, self->server, PARLEY_ANY)));
}

TEST_F(deadline, that_has_passed_and_a_message_there)
{
	op_park(op_send(&self->call, self->client, self->server.id, 1, 8));
	op_recv(&self->recv, self->server, PARLEY_ANY)->arg.deadline = PAST;
	ASSERT_EQ(0, op_run(&self->recv));
	EXPECT_TRUE(op_got(&self->recv, self->client.id, 1, 8));
	EXPECT_EQ(0, op_join(&self->call));

	op_park(op_call(&self->call, self->client, self->server.id, 1, 8));
	op_replyrecv(&self->recv, self->server, 0, 0, 0)->arg.send = 0;
	self->recv.arg.deadline = PAST;
	ASSERT_EQ(0, op_run(&self->recv));
	EXPECT_TRUE(op_got(&self->recv, self->client.id, 1, 8));

	ASSERT_EQ(0, task_notify(self->client, self->server.id, 0x10));
	op_recv(&self->recv, self->server, PARLEY_ANY)->arg.deadline = PAST;
	ASSERT_EQ(0, op_run(&self->recv));
	EXPECT_TRUE(op_got_bits(&self->recv, 0x10));
}

TEST_F(deadline, that_has_passed_and_a_receiver_waiting)
{
	for (int i = 0; i < 50; i++) {
		op_park(op_recv(&self->recv, self->server, PARLEY_ANY));
		op_send(&self->call, self->client, self->server.id, i, 8)->arg.deadline = PAST;
		ASSERT_EQ(0, op_run(&self->call));
		ASSERT_EQ(0, op_join(&self->recv));
		ASSERT_TRUE(op_got(&self->recv, self->client.id, i, 8));
	}
}

/* The far future is no past: nanoseconds near the ends of either sign. */
TEST_F(deadline, that_is_far)
{
	const __u64 far[] = { now() + 3600000 * MS, INT64_MAX, 1ULL << 63, UINT64_MAX };

	for (unsigned int i = 0; i < ARRAY_SIZE(far); i++) {
		op_recv(&self->recv, self->server, PARLEY_ANY)->arg.deadline = far[i];
		op_park(&self->recv);
		op_send(&self->call, self->client, self->server.id, 1, 8)->arg.deadline = far[i];
		ASSERT_EQ(0, op_run(&self->call));
		ASSERT_EQ(0, op_join(&self->recv));
		EXPECT_TRUE(op_got(&self->recv, self->client.id, 1, 8));
	}
}

TEST_F(deadline, that_is_met)
{
	op_call(&self->call, self->client, self->server.id, 1, 8)->arg.deadline = now() + LATE * 4;
	op_park(&self->call);
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->server, PARLEY_ANY)));
	op_reply(&self->reply, self->server, self->recv.arg.token, 2, 8);
	ASSERT_EQ(0, op_run(&self->reply));
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_TRUE(op_got(&self->call, self->server.id, 2, 8));
}

TEST_HARNESS_MAIN
