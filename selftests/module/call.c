// SPDX-License-Identifier: GPL-2.0
/* CALL: a request and its own reply, whatever happens in between. */
#include "common.h"

FIXTURE(call)
{
	struct task client, server;
	struct op call, recv, reply;
};

FIXTURE_SETUP(call)
{
	self->client = task_open();
	self->server = task_open();
}

FIXTURE_TEARDOWN(call)
{
}

TEST_F(call, every_length_there_and_back)
{
	for (__u32 len = 0; len <= PARLEY_PAYLOAD_MAX; len++) {
		__u32 back = PARLEY_PAYLOAD_MAX - len;

		op_start(op_call(&self->call, self->client, self->server.id, len, len));
		ASSERT_EQ(0, op_run(op_recv(&self->recv, self->server, PARLEY_ANY)));
		ASSERT_TRUE(op_got(&self->recv, self->client.id, len, len));
		ASSERT_NE(0ULL, self->recv.arg.token);
		op_reply(&self->reply, self->server, self->recv.arg.token, 1000 + len, back);
		ASSERT_EQ(0, op_run(&self->reply));
		ASSERT_EQ(0, op_join(&self->call));
		ASSERT_TRUE(op_got(&self->call, self->server.id, 1000 + len, back));
		ASSERT_EQ(0ULL, self->call.arg.token);
	}
}

TEST_F(call, reply_goes_over_the_request_in_place)
{
	op_call(&self->call, self->client, self->server.id, 1, 248);
	self->call.in = self->call.out;
	self->call.arg.send = self->call.arg.recv;
	op_park(&self->call);
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->server, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->recv, self->client.id, 1, 248));
	op_reply(&self->reply, self->server, self->recv.arg.token, 2, 248);
	ASSERT_EQ(0, op_run(&self->reply));
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_TRUE(op_got(&self->call, self->server.id, 2, 248));
}

TEST_F(call, sources_cannot_be_forged)
{
	op_call(&self->call, self->client, self->server.id, 1, 8);
	self->call.out.src = PARLEY_TASK_KERNEL;
	op_park(&self->call);
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->server, PARLEY_ANY)));
	EXPECT_EQ(self->client.id, self->recv.in.src);
	op_reply(&self->reply, self->server, self->recv.arg.token, 2, 8);
	self->reply.out.src = self->client.id;
	ASSERT_EQ(0, op_run(&self->reply));
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_EQ(self->server.id, self->call.in.src);
}

TEST_F(call, service_s_error_is_a_reply)
{
	static const __s32 types[] = { -EPERM, -ENOTCONN, -1000000, INT_MIN, 0, INT_MAX };

	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		op_park(op_call(&self->call, self->client, self->server.id, 1, 8));
		ASSERT_EQ(0, op_run(op_recv(&self->recv, self->server, PARLEY_ANY)));
		op_reply(&self->reply, self->server, self->recv.arg.token, types[i], 8);
		ASSERT_EQ(0, op_run(&self->reply));
		ASSERT_EQ(0, op_join(&self->call));
		EXPECT_TRUE(op_got(&self->call, self->server.id, types[i], 8));
	}
}

TEST_F(call, malformed_requests_are_refused)
{
	struct parley_ipc good;

	op_call(&self->call, self->client, self->server.id, -1, 8);
	EXPECT_EQ(-EINVAL, op_run(&self->call));
	op_call(&self->call, self->client, self->server.id, INT_MIN, 8);
	EXPECT_EQ(-EINVAL, op_run(&self->call));
	op_call(&self->call, self->client, self->server.id, 1, 249);
	EXPECT_EQ(-EMSGSIZE, op_run(&self->call));
	op_call(&self->call, self->client, self->server.id, 1, UINT_MAX);
	EXPECT_EQ(-EMSGSIZE, op_run(&self->call));

	op_call(&self->call, self->client, self->server.id, 1, 8)->arg.deadline = PAST;
	good = self->call.arg;
	self->call.arg.send = 0;
	EXPECT_EQ(-EFAULT, op_run(&self->call));
	self->call.arg = good;
	self->call.arg.reply_error = -1;
	EXPECT_EQ(-EINVAL, op_run(&self->call));
	for (unsigned int bit = 1; bit < 32; bit++) {
		self->call.arg = good;
		self->call.arg.flags = 1U << bit;
		EXPECT_EQ(-EINVAL, op_run(&self->call)) TH_LOG("flag bit %u", bit);
	}
	self->call.arg = good;
	self->call.arg.token = 1;
	EXPECT_EQ(-ENOENT, op_run(&self->call));
	ASSERT_EQ(-EAGAIN, op_run(op_poll(&self->recv, self->server, PARLEY_ANY)));
}

TEST_F(call, nobody_there)
{
	const __s32 ids[] = { dead_id(), PARLEY_TASK_KERNEL, PARLEY_ANY, -2, INT_MIN, INT_MAX };

	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		op_call(&self->call, self->client, ids[i], 1, 8);
		EXPECT_EQ(-ENOTCONN, op_run(&self->call)) TH_LOG("id %d", ids[i]);
		EXPECT_EQ(0ULL, self->call.arg.token);
	}
}

TEST_F(call, nonblocking_without_a_waiting_receiver)
{
	op_call(&self->call, self->client, self->server.id, 1, 8)->arg.flags = PARLEY_NONBLOCK;
	ASSERT_EQ(-EAGAIN, op_run(&self->call));
	EXPECT_EQ(0ULL, self->call.arg.token);
	ASSERT_EQ(0, fcntl(self->client.fd, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(-EAGAIN, op_run(op_call(&self->call, self->client, self->server.id, 1, 8)));
	ASSERT_EQ(-EAGAIN, op_run(op_poll(&self->recv, self->server, PARLEY_ANY)));
}

TEST_F(call, nonblocking_still_waits_for_the_reply)
{
	op_park(op_recv(&self->recv, self->server, PARLEY_ANY));
	op_call(&self->call, self->client, self->server.id, 1, 8)->arg.flags = PARLEY_NONBLOCK;
	op_start(&self->call);
	ASSERT_EQ(0, op_join(&self->recv));
	op_await(&self->call);
	op_reply(&self->reply, self->server, self->recv.arg.token, 2, 8);
	ASSERT_EQ(0, op_run(&self->reply));
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_TRUE(op_got(&self->call, self->server.id, 2, 8));
}

TEST_F(call, nonblocking_to_a_receiver_that_fails)
{
	op_recv(&self->recv, self->server, PARLEY_ANY)->arg.recv_len = 7;
	op_park(&self->recv);
	op_call(&self->call, self->client, self->server.id, 1, 8)->arg.flags = PARLEY_NONBLOCK;
	EXPECT_EQ(-EAGAIN, op_run(&self->call));
	EXPECT_EQ(-EMSGSIZE, op_join(&self->recv));
	EXPECT_EQ(-EAGAIN, op_run(op_poll(&self->recv, self->server, PARLEY_ANY)));
}

TEST_F(call, reply_larger_than_the_room)
{
	op_call(&self->call, self->client, self->server.id, 1, 8)->arg.recv_len = 99;
	op_park(&self->call);
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->server, PARLEY_ANY)));
	op_reply(&self->reply, self->server, self->recv.arg.token, 2, 100);
	ASSERT_EQ(0, op_run(&self->reply));
	ASSERT_EQ(-EMSGSIZE, op_join(&self->call));
	EXPECT_EQ(100U, self->call.arg.recv_len);
	EXPECT_EQ(0ULL, self->call.arg.token);
	EXPECT_EQ(-ENOENT, op_run(&self->reply));
}

TEST_F(call, reply_into_no_room)
{
	op_call(&self->call, self->client, self->server.id, 1, 8)->arg.recv_len = 0;
	op_park(&self->call);
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->server, PARLEY_ANY)));
	op_reply(&self->reply, self->server, self->recv.arg.token, 2, 0);
	ASSERT_EQ(0, op_run(&self->reply));
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_TRUE(op_got(&self->call, self->server.id, 2, 0));
}

TEST_F(call, reply_into_memory_that_is_gone)
{
	op_call(&self->call, self->client, self->server.id, 1, 8)->arg.recv = 0;
	op_park(&self->call);
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->server, PARLEY_ANY)));
	op_reply(&self->reply, self->server, self->recv.arg.token, 2, 8);
	ASSERT_EQ(0, op_run(&self->reply));
	ASSERT_EQ(-EFAULT, op_join(&self->call));
	EXPECT_EQ(0ULL, self->call.arg.token);
	EXPECT_EQ(-ENOENT, op_run(&self->reply));
}

TEST_F(call, oneself_from_another_thread)
{
	struct task me = self->client;

	op_park(op_call(&self->call, me, me.id, 1, 8));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, me, me.id)));
	EXPECT_TRUE(op_got(&self->recv, me.id, 1, 8));
	ASSERT_EQ(0, op_run(op_reply(&self->reply, me, self->recv.arg.token, 2, 8)));
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_TRUE(op_got(&self->call, me.id, 2, 8));
}

/* client -> server -> third, and back again. */
TEST_F(call, nested)
{
	struct task third = task_open();
	struct op inner, inner_recv;

	op_park(op_call(&self->call, self->client, self->server.id, 1, 8));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->server, PARLEY_ANY)));
	op_park(op_call(&inner, self->server, third.id, 3, 24));
	ASSERT_EQ(0, op_run(op_recv(&inner_recv, third, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&inner_recv, self->server.id, 3, 24));

	ASSERT_EQ(0, op_run(op_reply(&self->reply, third, inner_recv.arg.token, 4, 32)));
	ASSERT_EQ(0, op_join(&inner));
	EXPECT_TRUE(op_got(&inner, third.id, 4, 32));
	op_await(&self->call);
	op_reply(&self->reply, self->server, self->recv.arg.token, 2, 16);
	ASSERT_EQ(0, op_run(&self->reply));
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_TRUE(op_got(&self->call, self->server.id, 2, 16));
}

/* The callee calls its caller, which is served by another thread of it. */
TEST_F(call, back_to_the_caller)
{
	struct op back;

	op_park(op_call(&self->call, self->client, self->server.id, 1, 8));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->server, self->client.id)));
	op_park(op_call(&back, self->server, self->client.id, 3, 8));
	op_recv(&self->reply, self->client, self->server.id);
	ASSERT_EQ(0, op_run(&self->reply));
	EXPECT_TRUE(op_got(&self->reply, self->server.id, 3, 8));
	ASSERT_EQ(0, op_run(op_reply(&self->reply, self->client, self->reply.arg.token, 4, 8)));
	ASSERT_EQ(0, op_join(&back));
	EXPECT_TRUE(op_got(&back, self->client.id, 4, 8));
	op_reply(&self->reply, self->server, self->recv.arg.token, 2, 8);
	ASSERT_EQ(0, op_run(&self->reply));
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_TRUE(op_got(&self->call, self->server.id, 2, 8));
}

#define CALLS	6

/* Calls of one task and of others, answered in another order than they came. */
TEST_F(call, deferred_replies_out_of_order)
{
	static const int order[CALLS] = { 3, 0, 5, 1, 4, 2 };
	struct task clients[2] = { self->client, task_open() };
	struct op calls[CALLS];
	__u64 tokens[CALLS];

	for (int i = 0; i < CALLS; i++) {
		op_park(op_call(&calls[i], clients[i % 2], self->server.id, i, 8 + i));
		ASSERT_EQ(0, op_run(op_recv(&self->recv, self->server, PARLEY_ANY)));
		ASSERT_TRUE(op_got(&self->recv, clients[i % 2].id, i, 8 + i));
		tokens[i] = self->recv.arg.token;
		for (int j = 0; j < i; j++)
			ASSERT_NE(tokens[j], tokens[i]);
	}
	for (int n = 0; n < CALLS; n++) {
		int i = order[n];

		op_await(&calls[i]);
		op_reply(&self->reply, self->server, tokens[i], 100 + i, 40 + i);
		ASSERT_EQ(0, op_run(&self->reply));
		ASSERT_EQ(0, op_join(&calls[i]));
		ASSERT_TRUE(op_got(&calls[i], self->server.id, 100 + i, 40 + i));
	}
}

/* A server may hold a request and take more of them from the same caller. */
TEST_F(call, task_has_several_in_flight)
{
	struct op other;

	op_park(op_call(&self->call, self->client, self->server.id, 1, 8));
	op_park(op_call(&other, self->client, self->server.id, 3, 8));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->server, self->client.id)));
	ASSERT_TRUE(op_got(&self->recv, self->client.id, 1, 8));
	op_reply(&self->reply, self->server, self->recv.arg.token, 2, 8);
	ASSERT_EQ(0, op_run(&self->reply));
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_TRUE(op_got(&self->call, self->server.id, 2, 8));
	op_await(&other);
}

TEST_HARNESS_MAIN
