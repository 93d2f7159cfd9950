// SPDX-License-Identifier: GPL-2.0
/* REPLY and REPLYRECV: a token is good for one reply, by the task that got it. */
#include "common.h"

FIXTURE(reply)
{
	struct task client, server;
	struct op call, next, recv, reply;
	__u64 token;
};

/* Every test starts with a request in the server's hands. */
FIXTURE_SETUP(reply)
{
	self->client = task_open();
	self->server = task_open();
	op_park(op_call(&self->call, self->client, self->server.id, 1, 8));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->server, PARLEY_ANY)));
	ASSERT_TRUE(op_got(&self->recv, self->client.id, 1, 8));
	self->token = self->recv.arg.token;
}

FIXTURE_TEARDOWN(reply)
{
}

/* After all that was refused, is the token good and the call unharmed? */
static bool still_good(struct _test_data_reply *self)
{
	op_await(&self->call);
	CHECK_EQ(0, op_run(op_reply(&self->reply, self->server, self->token, 77, 77)));
	CHECK_EQ(0, op_join(&self->call));
	return op_got(&self->call, self->server.id, 77, 77);
}

/* Puts a second request in the server's line. */
static void queue_next(struct _test_data_reply *self)
{
	op_park(op_call(&self->next, self->client, self->server.id, 2, 16));
}

static bool next_is_there(struct _test_data_reply *self)
{
	return !op_run(op_poll(&self->recv, self->server, PARLEY_ANY)) &&
	       op_got(&self->recv, self->client.id, 2, 16);
}

TEST_F(reply, second_is_refused)
{
	ASSERT_TRUE(still_good(self));
	EXPECT_EQ(-ENOENT, op_run(&self->reply));
	queue_next(self);
	EXPECT_EQ(-ENOENT, op_run(&self->reply));
	ASSERT_TRUE(next_is_there(self));
	EXPECT_EQ(-ENOENT, op_run(&self->reply));
	EXPECT_NE(self->token, self->recv.arg.token);
	op_await(&self->next);
}

TEST_F(reply, stolen_is_refused)
{
	struct task thief = task_open();

	EXPECT_EQ(-ENOENT, op_run(op_reply(&self->reply, thief, self->token, 66, 8)));
	EXPECT_EQ(-ENOENT, op_run(op_reply(&self->reply, self->client, self->token, 66, 8)));
	EXPECT_TRUE(still_good(self));
}

static void steal(int ctl, void *arg)
{
	struct op reply;

	CHECK_EQ(-ENOENT, op_run(op_reply(&reply, task_open(), *(__u64 *)arg, 66, 8)));
	tell(ctl, 0);
}

TEST_F(reply, stolen_by_another_process_is_refused)
{
	struct peer thief = child_start(steal, &self->token);

	hear(thief.ctl);
	EXPECT_EQ(0, peer_join(&thief));
	EXPECT_TRUE(still_good(self));
}

static bool forged(struct _test_data_reply *self, __u64 token)
{
	self->reply.arg.token = token;
	return token == self->token || op_run(&self->reply) == -ENOENT;
}

TEST_F(reply, forged_is_refused)
{
	op_reply(&self->reply, self->server, 0, 66, 8);
	EXPECT_TRUE(forged(self, 0));
	EXPECT_TRUE(forged(self, UINT64_MAX));
	for (int bit = 0; bit < 64; bit++) {
		EXPECT_TRUE(forged(self, self->token ^ 1ULL << bit)) TH_LOG("bit %d turned", bit);
		EXPECT_TRUE(forged(self, 1ULL << bit)) TH_LOG("bit %d", bit);
	}
	srandom(1);
	for (int i = 0; i < 10000; i++)
		ASSERT_TRUE(forged(self, (__u64)random() << 33 ^ (__u64)random() << 11 ^ random()));
	EXPECT_TRUE(still_good(self));
}

/* A caller's name for its own call is no right to answer it. */
TEST_F(reply, cancel_takes_no_reply_right)
{
	struct parley_cancel cancel = { .size = sizeof(cancel), .token = self->token };

	EXPECT_EQ(-ENOENT, parley(self->server.fd, PARLEY_IOC_CANCEL, &cancel));
	EXPECT_EQ(-ENOENT, parley(self->client.fd, PARLEY_IOC_CANCEL, &cancel));
	EXPECT_TRUE(still_good(self));
}

TEST_F(reply, one_way_message_gives_no_right)
{
	op_park(op_send(&self->next, self->client, self->server.id, 3, 8));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->server, PARLEY_ANY)));
	EXPECT_EQ(0ULL, self->recv.arg.token);
	EXPECT_EQ(0, op_join(&self->next));
	EXPECT_TRUE(still_good(self));
}

TEST_F(reply, failure_keeps_the_token)
{
	op_reply(&self->reply, self->server, self->token, 66, 8)->arg.send = 0;
	EXPECT_EQ(-EFAULT, op_run(&self->reply));
	op_reply(&self->reply, self->server, self->token, 66, 249);
	EXPECT_EQ(-EMSGSIZE, op_run(&self->reply));
	op_reply(&self->reply, self->server, self->token, 66, UINT_MAX);
	EXPECT_EQ(-EMSGSIZE, op_run(&self->reply));
	EXPECT_TRUE(still_good(self));
}

TEST_F(reply, unused_fields_are_zero)
{
	struct parley_ipc good = op_reply(&self->reply, self->server, self->token, 66, 8)->arg;

	self->reply.arg.peer = self->client.id;
	EXPECT_EQ(-EINVAL, op_run(&self->reply));
	self->reply.arg = good;
	self->reply.arg.recv_len = 8;
	EXPECT_EQ(-EINVAL, op_run(&self->reply));
	self->reply.arg = good;
	self->reply.arg.recv = PTR(&self->reply.in);
	EXPECT_EQ(-EINVAL, op_run(&self->reply));
	self->reply.arg = good;
	self->reply.arg.reply_error = -1;
	EXPECT_EQ(-EINVAL, op_run(&self->reply));
	self->reply.arg = good;
	self->reply.arg.deadline = PAST;
	EXPECT_EQ(-EINVAL, op_run(&self->reply));
	for (unsigned int bit = 1; bit < 32; bit++) {
		self->reply.arg = good;
		self->reply.arg.flags = 1U << bit;
		EXPECT_EQ(-EINVAL, op_run(&self->reply)) TH_LOG("flag bit %u", bit);
	}
	EXPECT_TRUE(still_good(self));
}

TEST_F(reply, from_another_thread_than_received)
{
	op_start(op_reply(&self->reply, self->server, self->token, 66, 8));
	ASSERT_EQ(0, op_join(&self->reply));
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_TRUE(op_got(&self->call, self->server.id, 66, 8));
}

/* Of many that race with one token, one wins. */
TEST_F(reply, races_have_one_winner)
{
	struct op replies[4];
	int winner = 0, winners = 0;

	for (int i = 0; i < 4; i++)
		op_start(op_reply(&replies[i], self->server, self->token, 60 + i, 8));
	for (int i = 0; i < 4; i++) {
		if (op_join(&replies[i]) == -ENOENT)
			continue;
		ASSERT_EQ(0, replies[i].ret);
		winner = 60 + i;
		winners++;
	}
	ASSERT_EQ(1, winners);
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_TRUE(op_got(&self->call, self->server.id, winner, 8));
}

TEST_F(reply, replyrecv_answers_and_receives)
{
	queue_next(self);
	op_replyrecv(&self->reply, self->server, self->token, 66, 24);
	self->reply.arg.reply_error = -1;
	ASSERT_EQ(0, op_run(&self->reply));
	EXPECT_EQ(0, self->reply.arg.reply_error);
	EXPECT_TRUE(op_got(&self->reply, self->client.id, 2, 16));
	EXPECT_NE(0ULL, self->reply.arg.token);
	EXPECT_NE(self->token, self->reply.arg.token);
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_TRUE(op_got(&self->call, self->server.id, 66, 24));
	op_reply(&self->reply, self->server, self->reply.arg.token, 67, 8);
	EXPECT_EQ(0, op_run(&self->reply));
	EXPECT_EQ(0, op_join(&self->next));
	EXPECT_TRUE(op_got(&self->next, self->server.id, 67, 8));
}

TEST_F(reply, replyrecv_answers_before_it_waits)
{
	op_start(op_replyrecv(&self->reply, self->server, self->token, 66, 24));
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_TRUE(op_got(&self->call, self->server.id, 66, 24));
	op_await(&self->reply);
	ASSERT_EQ(0, op_run(op_send(&self->next, self->client, self->server.id, 3, 8)));
	ASSERT_EQ(0, op_join(&self->reply));
	EXPECT_TRUE(op_got(&self->reply, self->client.id, 3, 8));
	EXPECT_EQ(0ULL, self->reply.arg.token);
}

TEST_F(reply, replyrecv_hears_one)
{
	struct task other = task_open();
	struct op send;

	op_park(op_send(&send, other, self->server.id, 3, 8));
	queue_next(self);
	op_replyrecv(&self->reply, self->server, self->token, 66, 24);
	self->reply.arg.peer = self->client.id;
	ASSERT_EQ(0, op_run(&self->reply));
	EXPECT_TRUE(op_got(&self->reply, self->client.id, 2, 16));
	op_await(&send);
}

TEST_F(reply, replyrecv_without_a_reply_is_a_receive)
{
	queue_next(self);
	op_replyrecv(&self->reply, self->server, 0, 0, 0)->arg.send = 0;
	ASSERT_EQ(0, op_run(&self->reply));
	EXPECT_EQ(0, self->reply.arg.reply_error);
	EXPECT_TRUE(op_got(&self->reply, self->client.id, 2, 16));
	EXPECT_NE(0ULL, self->reply.arg.token);
	EXPECT_TRUE(still_good(self));
}

TEST_F(reply, replyrecv_to_a_dead_call_still_receives)
{
	ASSERT_TRUE(still_good(self));
	queue_next(self);
	ASSERT_EQ(0, op_run(op_replyrecv(&self->reply, self->server, self->token, 66, 24)));
	EXPECT_EQ(-ENOENT, self->reply.arg.reply_error);
	EXPECT_TRUE(op_got(&self->reply, self->client.id, 2, 16));
	EXPECT_NE(0ULL, self->reply.arg.token);
}

TEST_F(reply, replyrecv_to_a_dead_call_with_nothing_there)
{
	ASSERT_TRUE(still_good(self));
	op_replyrecv(&self->reply, self->server, self->token, 66, 24);
	self->reply.arg.flags = PARLEY_NONBLOCK;
	ASSERT_EQ(-EAGAIN, op_run(&self->reply));
	EXPECT_EQ(-ENOENT, self->reply.arg.reply_error);
	EXPECT_EQ(0ULL, self->reply.arg.token);
}

TEST_F(reply, replyrecv_that_fails_before_the_reply)
{
	queue_next(self);
	op_replyrecv(&self->reply, self->server, self->token, 66, 8)->arg.send = 0;
	EXPECT_EQ(-EFAULT, op_run(&self->reply));
	EXPECT_EQ(self->token, self->reply.arg.token);
	op_replyrecv(&self->reply, self->server, self->token, 66, 249);
	EXPECT_EQ(-EMSGSIZE, op_run(&self->reply));
	EXPECT_EQ(self->token, self->reply.arg.token);
	op_replyrecv(&self->reply, self->server, self->token, 66, 8)->arg.flags = 2;
	EXPECT_EQ(-EINVAL, op_run(&self->reply));
	EXPECT_EQ(self->token, self->reply.arg.token);
	EXPECT_TRUE(next_is_there(self));
	EXPECT_TRUE(still_good(self));
}

/* Each way in which the second half fails leaves the first half done. */
TEST_F(reply, replyrecv_finds_nothing)
{
	op_replyrecv(&self->reply, self->server, self->token, 66, 8);
	self->reply.arg.flags = PARLEY_NONBLOCK;
	ASSERT_EQ(-EAGAIN, op_run(&self->reply));
	EXPECT_EQ(0, self->reply.arg.reply_error);
	EXPECT_EQ(0ULL, self->reply.arg.token);
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_TRUE(op_got(&self->call, self->server.id, 66, 8));
}

TEST_F(reply, replyrecv_has_too_little_room)
{
	queue_next(self);
	op_replyrecv(&self->reply, self->server, self->token, 66, 8)->arg.recv_len = 15;
	ASSERT_EQ(-EMSGSIZE, op_run(&self->reply));
	EXPECT_EQ(16U, self->reply.arg.recv_len);
	EXPECT_EQ(0, self->reply.arg.reply_error);
	EXPECT_EQ(0ULL, self->reply.arg.token);
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_TRUE(op_got(&self->call, self->server.id, 66, 8));
	EXPECT_TRUE(next_is_there(self));
}

TEST_F(reply, replyrecv_cannot_write)
{
	queue_next(self);
	op_replyrecv(&self->reply, self->server, self->token, 66, 8)->arg.recv = 0;
	ASSERT_EQ(-EFAULT, op_run(&self->reply));
	EXPECT_EQ(0, self->reply.arg.reply_error);
	EXPECT_EQ(0ULL, self->reply.arg.token);
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_TRUE(op_got(&self->call, self->server.id, 66, 8));
	EXPECT_TRUE(next_is_there(self));
}

TEST_F(reply, replyrecv_hears_one_that_is_gone)
{
	op_replyrecv(&self->reply, self->server, self->token, 66, 8)->arg.peer = dead_id();
	ASSERT_EQ(-ENOTCONN, op_run(&self->reply));
	EXPECT_EQ(0ULL, self->reply.arg.token);
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_TRUE(op_got(&self->call, self->server.id, 66, 8));
}

TEST_HARNESS_MAIN
