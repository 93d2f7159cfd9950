// SPDX-License-Identifier: GPL-2.0
/* Out-of-line payload for which there is no room, or no wish to have it. */
#include "cargo.h"

#define BYTES	5000

FIXTURE(room)
{
	struct task client, server;
	struct cart call, recv, reply;
	struct area out, in;
	long long pinned;
};

FIXTURE_SETUP(room)
{
	self->client = task_open();
	self->server = task_open();
	self->out = area_filled(BYTES, 10, 9);
	self->in = area_make(BYTES, 20);
	self->pinned = pages_pinned();
}

FIXTURE_TEARDOWN(room)
{
	EXPECT_TRUE(pages_let_go(self->pinned));
}

static struct cart *call(struct _test_data_room *self)
{
	cart_call(&self->call, self->client, self->server.id, 1);
	return cart_load(&self->call, self->out.at, self->out.len);
}

static struct cart *receive(struct _test_data_room *self, size_t room)
{
	return cart_room(cart_recv(&self->recv, self->server, PARLEY_ANY), self->in.at, room);
}

/* Answers what was received, and expects the call to go well. */
static bool finishes(struct _test_data_room *self)
{
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	return !cart_run(&self->reply) && !cart_join(&self->call) &&
	       op_got(&self->call.op, self->server.id, 2, LEN);
}

TEST_F(room, receiver_has_too_little)
{
	static const size_t rooms[] = { 0, 1, 4096, BYTES - 1 };

	cart_park(call(self));
	for (unsigned int i = 0; i < ARRAY_SIZE(rooms); i++) {
		ASSERT_EQ(-EMSGSIZE, cart_run(receive(self, rooms[i])));
		EXPECT_EQ((__u64)BYTES, self->recv.cargo.ool_len);
		EXPECT_EQ((__u32)ROOM, self->recv.op.arg.recv_len);
		EXPECT_TRUE(area_untouched(&self->in));
		op_await(&self->call.op);
	}
	ASSERT_EQ(0, cart_run(receive(self, BYTES)));
	EXPECT_TRUE(cart_got_ool(&self->recv, self->client.id, 1, BYTES, 0));
	EXPECT_TRUE(area_holds(&self->in, 9, BYTES));
	EXPECT_TRUE(finishes(self));
}

TEST_F(room, waiting_receiver_has_too_little)
{
	cart_park(receive(self, BYTES - 1));
	cart_start(call(self));
	ASSERT_EQ(-EMSGSIZE, cart_join(&self->recv));
	EXPECT_EQ((__u64)BYTES, self->recv.cargo.ool_len);
	op_await(&self->call.op);
	ASSERT_EQ(0, cart_run(receive(self, BYTES)));
	EXPECT_TRUE(cart_got_ool(&self->recv, self->client.id, 1, BYTES, 0));
	EXPECT_TRUE(finishes(self));
}

TEST_F(room, replyrecv_has_too_little)
{
	struct cart other;

	cart_park(call(self));
	ASSERT_EQ(0, cart_run(receive(self, BYTES)));
	cart_call(&other, self->client, self->server.id, 3);
	cart_park(cart_load(&other, self->out.at, BYTES));
	cart_replyrecv(&self->reply, self->server, cart_token(&self->recv), 2);
	cart_room(&self->reply, self->in.at, BYTES - 1);
	ASSERT_EQ(-EMSGSIZE, cart_run(&self->reply));
	EXPECT_EQ((__u64)BYTES, self->reply.cargo.ool_len);
	EXPECT_EQ(0ULL, cart_token(&self->reply));
	EXPECT_EQ(0, cart_join(&self->call));
	ASSERT_EQ(0, cart_run(receive(self, BYTES)));
	EXPECT_TRUE(cart_got_ool(&self->recv, self->client.id, 3, BYTES, 0));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	EXPECT_EQ(0, cart_run(&self->reply));
	EXPECT_EQ(0, cart_join(&other));
}

/* It stays first in line. */
TEST_F(room, kept_message_keeps_its_place)
{
	struct task third = task_open();
	struct op later, recv;

	cart_park(call(self));
	op_park(op_send(&later, third, self->server.id, 5, 8));
	ASSERT_EQ(-EMSGSIZE, cart_run(receive(self, BYTES - 1)));
	ASSERT_EQ(0, cart_run(receive(self, BYTES)));
	EXPECT_TRUE(cart_got_ool(&self->recv, self->client.id, 1, BYTES, 0));
	ASSERT_EQ(0, op_run(op_recv(&recv, self->server, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&recv, third.id, 5, 8));
	EXPECT_EQ(0, op_join(&later));
	EXPECT_TRUE(finishes(self));
}

/* One can ask for the size, with no memory at all. */
TEST_F(room, size_can_be_asked_for)
{
	cart_park(call(self));
	cart_room(cart_recv(&self->recv, self->server, PARLEY_ANY), NULL, 0);
	ASSERT_EQ(-EMSGSIZE, cart_run(&self->recv));
	EXPECT_EQ((__u64)BYTES, self->recv.cargo.ool_len);
	ASSERT_EQ(0, cart_run(receive(self, self->recv.cargo.ool_len)));
	EXPECT_TRUE(area_holds(&self->in, 9, BYTES));
	EXPECT_TRUE(finishes(self));
}

/* Nothing goes into no room. */
TEST_F(room, none_for_nothing)
{
	cart_load(cart_call(&self->call, self->client, self->server.id, 1), NULL, 0);
	cart_park(cart_room(&self->call, NULL, 0));
	cart_room(cart_recv(&self->recv, self->server, PARLEY_ANY), NULL, 0);
	ASSERT_EQ(0, cart_run(&self->recv));
	EXPECT_TRUE(cart_got_ool(&self->recv, self->client.id, 1, 0, 0));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	ASSERT_EQ(0, cart_run(cart_load(&self->reply, NULL, 0)));
	ASSERT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(cart_got_ool(&self->call, self->server.id, 2, 0, 0));
}

/* More than a message can bring. */
TEST_F(room, more_than_enough)
{
	struct area in = area_make(3 * PARLEY_OOL_MAX, 0);

	cart_park(cart_room(call(self), in.at, in.len));
	cart_room(cart_recv(&self->recv, self->server, PARLEY_ANY), in.at, in.len);
	ASSERT_EQ(0, cart_run(&self->recv));
	EXPECT_TRUE(cart_got_ool(&self->recv, self->client.id, 1, BYTES, 0));
	EXPECT_TRUE(area_holds(&in, 9, BYTES));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	ASSERT_EQ(0, cart_run(cart_load(&self->reply, self->out.at + 1, BYTES - 1)));
	ASSERT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(cart_got_ool(&self->call, self->server.id, 2, BYTES - 1, 0));
	EXPECT_TRUE(bytes_are(in.at, BYTES - 1, 9, 1));
}

TEST_F(room, caller_has_too_little)
{
	static const size_t rooms[] = { 0, 1, 4096, BYTES - 1 };

	for (unsigned int i = 0; i < ARRAY_SIZE(rooms); i++) {
		cart_call(&self->call, self->client, self->server.id, 1);
		cart_park(cart_room(&self->call, self->in.at, rooms[i]));
		ASSERT_EQ(0, cart_run(cart_recv(&self->recv, self->server, PARLEY_ANY)));
		cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
		cart_load(&self->reply, self->out.at, BYTES);
		/* The replier learns nothing of it. */
		ASSERT_EQ(0, cart_run(&self->reply));
		ASSERT_EQ(-EMSGSIZE, cart_join(&self->call));
		EXPECT_EQ((__u64)BYTES, self->call.cargo.ool_len);
		EXPECT_EQ((__u32)ROOM, self->call.op.arg.recv_len);
		EXPECT_EQ(0ULL, cart_token(&self->call));
		EXPECT_TRUE(area_untouched(&self->in));
		EXPECT_EQ(-ENOENT, cart_run(&self->reply));
	}
}

/* The receiver wants all but that. */
TEST_F(room, not_accepted_when_it_comes)
{
	cart_park(call(self));
	cart_poll(&self->recv, self->server, PARLEY_ANY);
	EXPECT_EQ(-EAGAIN, cart_run(cart_accept(&self->recv, KINDS & ~PARLEY_CARGO_OOL)));
	EXPECT_EQ(-EOPNOTSUPP, cart_join(&self->call));
	EXPECT_EQ(0ULL, cart_token(&self->call));
}

TEST_F(room, not_accepted_by_one_who_knows_of_no_cargo)
{
	struct op recv;

	cart_park(call(self));
	EXPECT_EQ(-EAGAIN, op_run(op_poll(&recv, self->server, PARLEY_ANY)));
	EXPECT_EQ(-EOPNOTSUPP, cart_join(&self->call));
}

/* Not even none: who accepts nothing isn't to take a length for its own payload. */
TEST_F(room, not_accepted_though_empty)
{
	struct op recv;

	cart_send(&self->call, self->client, self->server.id, 1);
	cart_park(cart_load(&self->call, NULL, 0));
	EXPECT_EQ(-EAGAIN, op_run(op_poll(&recv, self->server, PARLEY_ANY)));
	EXPECT_EQ(-EOPNOTSUPP, cart_join(&self->call));
}

TEST_F(room, not_accepted_by_one_who_waits)
{
	struct op recv, send;

	op_park(op_recv(&recv, self->server, PARLEY_ANY));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-EOPNOTSUPP, cart_run(call(self)));
		op_await(&recv);
	}
	cart_send(&self->call, self->client, self->server.id, 1);
	EXPECT_EQ(-EOPNOTSUPP, cart_run(cart_load(&self->call, self->out.at, BYTES)));
	call(self)->op.arg.flags |= PARLEY_NONBLOCK;
	EXPECT_EQ(-EOPNOTSUPP, cart_run(&self->call));
	op_await(&recv);
	ASSERT_EQ(0, op_run(op_send(&send, self->client, self->server.id, 5, 8)));
	ASSERT_EQ(0, op_join(&recv));
	EXPECT_TRUE(op_got(&recv, self->client.id, 5, 8));
}

/* What is refused holds up neither the receiver's deadline nor what comes after it. */
TEST_F(room, receiver_goes_on)
{
	struct cart more[3];
	struct op recv, send;
	__u64 started;

	for (int i = 0; i < 3; i++) {
		cart_send(&more[i], self->client, self->server.id, i);
		cart_park(cart_load(&more[i], self->out.at, BYTES));
	}
	op_park(op_send(&send, self->client, self->server.id, 5, 8));
	ASSERT_EQ(0, op_run(op_recv(&recv, self->server, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&recv, self->client.id, 5, 8));
	EXPECT_EQ(0, op_join(&send));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(-EOPNOTSUPP, cart_join(&more[i]));

	cart_park(call(self));
	started = now();
	op_recv(&recv, self->server, PARLEY_ANY)->arg.deadline = started + 200 * MS;
	EXPECT_EQ(-ETIMEDOUT, op_run(&recv));
	EXPECT_GE(now(), started + 200 * MS);
	EXPECT_EQ(-EOPNOTSUPP, cart_join(&self->call));
}

TEST_F(room, reply_not_accepted)
{
	cart_call(&self->call, self->client, self->server.id, 1);
	cart_park(cart_accept(&self->call, KINDS & ~PARLEY_CARGO_OOL));
	ASSERT_EQ(0, cart_run(cart_recv(&self->recv, self->server, PARLEY_ANY)));
	for (int i = 0; i < 3; i++) {
		cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
		cart_load(&self->reply, self->out.at, BYTES);
		ASSERT_EQ(-EOPNOTSUPP, cart_run(&self->reply));
		op_await(&self->call.op);
	}
	EXPECT_TRUE(finishes(self));
}

/* The token is as it was, and nothing has been received. */
TEST_F(room, replyrecv_not_accepted)
{
	struct op send, recv;

	cart_park(cart_call(&self->call, self->client, self->server.id, 1));
	ASSERT_EQ(0, cart_run(cart_recv(&self->recv, self->server, PARLEY_ANY)));
	op_park(op_send(&send, self->client, self->server.id, 5, 8));
	cart_replyrecv(&self->reply, self->server, cart_token(&self->recv), 2);
	cart_load(&self->reply, self->out.at, BYTES);
	EXPECT_EQ(-EOPNOTSUPP, cart_run(&self->reply));
	EXPECT_EQ(cart_token(&self->recv), cart_token(&self->reply));
	op_await(&send);
	EXPECT_TRUE(finishes(self));
	ASSERT_EQ(0, op_run(op_recv(&recv, self->server, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&recv, self->client.id, 5, 8));
	EXPECT_EQ(0, op_join(&send));
}

TEST_HARNESS_MAIN
