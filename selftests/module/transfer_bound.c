// SPDX-License-Identifier: GPL-2.0
/* A receiver says how long a mapping may be. */
#include "cargo.h"

#include <sys/resource.h>

#define SIZE	(4 * PAGE)

FIXTURE(bound)
{
	struct task client, server;
	struct cart call, recv, reply;
	int file;
};

FIXTURE_VARIANT(bound)
{
	__u32 kind;
	int flags;
};

FIXTURE_VARIANT_ADD(bound, to_be_read)
{
	.kind = PARLEY_CARGO_MAP, .flags = O_RDONLY,
};

FIXTURE_VARIANT_ADD(bound, to_be_written)
{
	.kind = PARLEY_CARGO_MAP_WRITE, .flags = O_RDWR,
};

FIXTURE_SETUP(bound)
{
	char path[64];

	self->client = task_open();
	self->server = task_open();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memfd("map", SIZE, F_SEAL_SHRINK));
	self->file = open(path, variant->flags | O_CLOEXEC);
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(bound)
{
}

static struct cart *call(struct _test_data_bound *self, __u32 kind, __u64 len)
{
	cart_call(&self->call, self->client, self->server.id, 1);
	return cart_carry(&self->call, kind, self->file, 0, len);
}

static struct cart *receive(struct _test_data_bound *self, __u64 bound)
{
	return cart_map_room(cart_recv(&self->recv, self->server, PARLEY_ANY), bound);
}

static struct cart *reply(struct _test_data_bound *self)
{
	return cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
}

static const struct {
	__u64 bound, len;
	bool fits;
} cases[] = {
	{ 0, 1, false }, { 1, 1, false }, { PAGE - 1, 1, false }, { PAGE - 1, PAGE, false },
	{ PAGE, 1, true }, { PAGE, PAGE, true }, { PAGE, PAGE + 1, false },
	{ 2 * PAGE - 1, PAGE + 1, false }, { 2 * PAGE - 1, PAGE, true },
	{ 2 * PAGE, PAGE + 1, true }, { SIZE - 1, SIZE, false }, { SIZE, SIZE, true },
	{ 1ULL << 32, SIZE, true }, { ~0ULL, SIZE, true },
};

static int unless_it_fits(unsigned int i, int err)
{
	if (cases[i].fits)
		return 0;
	return err;
}

/* A message that waits for its receiver. */
TEST_F(bound, of_a_request)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		cart_park(call(self, variant->kind, cases[i].len));
		receive(self, cases[i].bound)->op.arg.flags = PARLEY_NONBLOCK;
		EXPECT_EQ(unless_it_fits(i, -EAGAIN), cart_run(&self->recv)) TH_LOG("case %u", i);
		if (cases[i].fits) {
			EXPECT_TRUE(cart_got(&self->recv, self->client.id, 1, variant->kind));
			EXPECT_EQ(page_up(cases[i].len), self->recv.cargo.map_len);
			ASSERT_EQ(0, cart_run(reply(self)));
		}
		EXPECT_EQ(unless_it_fits(i, -EOPNOTSUPP), cart_join(&self->call));
	}
}

/* A receiver that waits for its message, and goes on until one fits. */
TEST_F(bound, of_a_receiver_that_waits)
{
	cart_park(receive(self, PAGE));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-EOPNOTSUPP, cart_run(call(self, variant->kind, PAGE + 1)));
		op_await(&self->recv.op);
	}
	cart_start(call(self, variant->kind, PAGE));
	ASSERT_EQ(0, cart_join(&self->recv));
	EXPECT_TRUE(cart_got(&self->recv, self->client.id, 1, variant->kind));
	EXPECT_EQ(PAGE, self->recv.cargo.map_len);
	EXPECT_EQ(0, cart_run(reply(self)));
	EXPECT_EQ(0, cart_join(&self->call));
}

TEST_F(bound, of_a_reply)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		cart_park(cart_map_room(call(self, 0, 0), cases[i].bound));
		ASSERT_EQ(0, cart_run(receive(self, 0)));
		EXPECT_TRUE(cart_got(&self->recv, self->client.id, 1, 0));
		cart_carry(reply(self), variant->kind, self->file, 0, cases[i].len);
		EXPECT_EQ(unless_it_fits(i, -EOPNOTSUPP), cart_run(&self->reply))
			TH_LOG("case %u", i);
		if (!cases[i].fits)
			ASSERT_EQ(0, cart_run(reply(self)));
		ASSERT_EQ(0, cart_join(&self->call));
		if (cases[i].fits) {
			EXPECT_TRUE(cart_got(&self->call, self->server.id, 2, variant->kind));
			EXPECT_EQ(page_up(cases[i].len), self->call.cargo.map_len);
		} else {
			EXPECT_TRUE(cart_got(&self->call, self->server.id, 2, 0));
		}
	}
}

/* The request's bound is that of who receives: a reply's may be another. */
TEST_F(bound, of_replyrecv)
{
	struct cart both, next;

	cart_park(call(self, variant->kind, PAGE));
	ASSERT_EQ(0, cart_run(receive(self, PAGE)));
	cart_send(&next, self->client, self->server.id, 5);
	cart_park(cart_carry(&next, variant->kind, self->file, 0, SIZE));
	cart_replyrecv(&both, self->server, cart_token(&self->recv), 2)->op.arg.flags =
		PARLEY_NONBLOCK;
	EXPECT_EQ(-EAGAIN, cart_run(cart_map_room(&both, 2 * PAGE)));
	EXPECT_EQ(-EOPNOTSUPP, cart_join(&next));
	EXPECT_EQ(0, cart_join(&self->call));
}

/* Whom it didn't suit doesn't keep it from others. */
TEST_F(bound, of_one_who_gives_it_back)
{
	struct cart other;

	cart_park(call(self, variant->kind, SIZE));
	receive(self, SIZE)->op.arg.recv_len = 0;
	ASSERT_EQ(-EMSGSIZE, cart_run(&self->recv));
	op_await(&self->call.op);
	cart_map_room(cart_poll(&other, self->server, PARLEY_ANY), SIZE - 1);
	EXPECT_EQ(-EAGAIN, cart_run(&other));
	EXPECT_EQ(-EOPNOTSUPP, cart_join(&self->call));
}

/* Nobody holds up a server with what it can't map. */
TEST_F(bound, of_a_server_with_little_room)
{
	struct rlimit limit;
	struct op send;

	ASSERT_EQ(0, getrlimit(RLIMIT_AS, &limit));
	cart_park(call(self, variant->kind, SIZE));
	op_park(op_send(&send, self->client, self->server.id, 5, LEN));
	limit.rlim_cur = PAGE;
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &limit));
	ASSERT_EQ(0, cart_run(receive(self, SIZE - 1)));
	EXPECT_TRUE(cart_got(&self->recv, self->client.id, 5, 0));
	EXPECT_EQ(-EOPNOTSUPP, cart_join(&self->call));
	EXPECT_EQ(0, op_join(&send));
}

/* One that doesn't care for mappings has no bound either. */
TEST_F(bound, of_other_cargo)
{
	cart_park(cart_carry(call(self, 0, 0), PARLEY_CARGO_FD, self->file, 0, 0));
	ASSERT_EQ(0, cart_run(cart_accept(receive(self, 0), PARLEY_CARGO_FD)));
	EXPECT_TRUE(cart_got(&self->recv, self->client.id, 1, PARLEY_CARGO_FD));
	EXPECT_EQ(0, cart_run(reply(self)));
	EXPECT_EQ(0, cart_join(&self->call));
}

TEST_HARNESS_MAIN
