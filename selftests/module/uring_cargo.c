// SPDX-License-Identifier: GPL-2.0
/* Cargo of operations that wait in a ring: it arrives, or stays with its sender. */
#include "uring.h"
#include "cargo.h"

#define BYTES	(5 * PAGE + 100)
#define ROUNDS	100

FIXTURE(cargo)
{
	struct task me, other;
	struct uring uring;
	struct cart cart, plain, reply;
	struct area out, in, back;
	long long pinned;
	int fds;
};

FIXTURE_SETUP(cargo)
{
	self->me = task_open();
	self->other = task_open();
	uring_open(&self->uring, 64, 0);
	self->out = area_filled(BYTES, 10, 1);
	self->in = area_make(BYTES, 20);
	self->back = area_make(BYTES, 30);
	self->pinned = pages_pinned();
	self->fds = fds_open();
}

FIXTURE_TEARDOWN(cargo)
{
	uring_close(&self->uring);
	EXPECT_TRUE(pages_let_go(self->pinned));
	EXPECT_EQ(self->fds - 1, fds_open());
}

/* A receive that accepts all, submitted. */
static void start_receive(struct _test_data_cargo *self)
{
	cart_room(cart_recv(&self->cart, self->me, PARLEY_ANY), self->in.at, BYTES);
	cart_accept(&self->cart, PARLEY_CARGO_FD);
	uring_start(&self->uring, &self->cart.op);
	CHECK(uring_waits(&self->uring, &self->cart.op));
}

static struct cart *send_bytes(struct _test_data_cargo *self, __s32 type)
{
	return cart_load(cart_send(&self->plain, self->other, self->me.id, type), self->out.at,
			 BYTES);
}

TEST_F(cargo, receive)
{
	start_receive(self);
	cart_carry(send_bytes(self, 1), PARLEY_CARGO_FD, self->me.fd, 0, 0);
	cart_start(&self->plain);
	ASSERT_EQ(0, uring_join(&self->uring, &self->cart.op));
	EXPECT_TRUE(cart_got_ool(&self->cart, self->other.id, 1, BYTES, PARLEY_CARGO_FD));
	EXPECT_TRUE(area_holds(&self->in, 1, BYTES));
	EXPECT_TRUE(fds_same_file(self->me.fd, self->cart.cargo.recv_fd));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->cart.cargo.recv_fd, F_GETFD));
	EXPECT_EQ(0, cart_join(&self->plain));
	ASSERT_EQ(0, close(self->cart.cargo.recv_fd));
}

TEST_F(cargo, call)
{
	cart_load(cart_call(&self->cart, self->me, self->other.id, 1), self->out.at, BYTES);
	cart_accept(cart_room(&self->cart, self->back.at, BYTES), PARLEY_CARGO_FD);
	uring_start(&self->uring, &self->cart.op);
	cart_room(cart_recv(&self->plain, self->other, PARLEY_ANY), self->in.at, BYTES);
	ASSERT_EQ(0, cart_run(&self->plain));
	EXPECT_TRUE(cart_got_ool(&self->plain, self->me.id, 1, BYTES, 0));
	EXPECT_TRUE(area_holds(&self->in, 1, BYTES));
	cart_reply(&self->reply, self->other, cart_token(&self->plain), 2);
	cart_load(&self->reply, self->in.at, BYTES - 50);
	cart_carry(&self->reply, PARLEY_CARGO_FD, self->me.fd, 0, 0);
	ASSERT_EQ(0, cart_run(&self->reply));
	ASSERT_EQ(0, uring_join(&self->uring, &self->cart.op));
	EXPECT_TRUE(cart_got_ool(&self->cart, self->other.id, 2, BYTES - 50, PARLEY_CARGO_FD));
	EXPECT_TRUE(area_holds(&self->back, 1, BYTES - 50));
	ASSERT_EQ(0, close(self->cart.cargo.recv_fd));
}

TEST_F(cargo, that_is_not_accepted)
{
	cart_recv(&self->cart, self->me, PARLEY_ANY);
	uring_start(&self->uring, &self->cart.op);
	EXPECT_EQ(-EOPNOTSUPP, cart_run(cart_within(send_bytes(self, 1), LATE)));
	EXPECT_TRUE(uring_waits(&self->uring, &self->cart.op));
	cart_start(cart_send(&self->plain, self->other, self->me.id, 2));
	EXPECT_EQ(0, uring_join(&self->uring, &self->cart.op));
	EXPECT_TRUE(op_got(&self->cart.op, self->other.id, 2, LEN));
	EXPECT_EQ(0, cart_join(&self->plain));
}

/* Is the message still there, all of it? */
static bool kept(struct _test_data_cargo *self, __s32 type)
{
	cart_room(cart_poll(&self->reply, self->me, PARLEY_ANY), self->back.at, BYTES);
	return !cart_run(&self->reply) &&
	       cart_got_ool(&self->reply, self->other.id, type, BYTES, 0) &&
	       area_holds(&self->back, 1, BYTES);
}

TEST_F(cargo, with_too_little_room)
{
	cart_room(cart_recv(&self->cart, self->me, PARLEY_ANY), self->in.at, BYTES - 1);
	uring_start(&self->uring, &self->cart.op);
	cart_start(send_bytes(self, 1));
	EXPECT_EQ(-EMSGSIZE, uring_join(&self->uring, &self->cart.op));
	EXPECT_EQ((__u64)BYTES, self->cart.cargo.ool_len);
	EXPECT_TRUE(area_untouched(&self->in));
	EXPECT_TRUE(kept(self, 1));
	EXPECT_EQ(0, cart_join(&self->plain));
}

TEST_F(cargo, with_room_that_goes_away)
{
	start_receive(self);
	ASSERT_EQ(0, mprotect(self->in.start, self->in.size, PROT_NONE));
	cart_start(send_bytes(self, 1));
	EXPECT_EQ(-EFAULT, uring_join(&self->uring, &self->cart.op));
	EXPECT_TRUE(kept(self, 1));
	EXPECT_EQ(0, cart_join(&self->plain));
}

/* By itself if it had the message in hand, else by being cancelled. */
static bool ends_with_nothing(FIXTURE_DATA(cargo) * self)
{
	uring_poll(&self->uring);
	if (self->cart.op.done)
		return self->cart.op.ret == -EINTR;
	return uring_cancels(&self->uring, &self->cart.op);
}

/* Given to the receive, which is not let complete yet: gone, or received whole. */
TEST_F(cargo, that_is_withdrawn)
{
	int received = 0;

	if (!waits_async(self->me))
		SKIP(return, OLD);
	for (int i = 0; i < ROUNDS; i++) {
		start_receive(self);
		cart_within(send_bytes(self, i), (__u64)rand() % (2 * MS));
		cart_start(&self->plain);
		uring_reap_within(&self->uring, 5 * MS);
		if (cart_join(&self->plain)) {
			ASSERT_EQ(-ETIMEDOUT, self->plain.op.ret);
			ASSERT_TRUE(ends_with_nothing(self));
		} else {
			ASSERT_EQ(0, uring_join(&self->uring, &self->cart.op));
			ASSERT_TRUE(cart_got_ool(&self->cart, self->other.id, i, BYTES, 0));
			received++;
		}
		ASSERT_TRUE(hears_nothing(self->me));
	}
	TH_LOG("%d of %d received", received, ROUNDS);
}

TEST_F(cargo, of_calls_that_are_cancelled)
{
	if (!waits_async(self->me))
		SKIP(return, OLD);
	for (int i = 0; i < ROUNDS; i++) {
		cart_load(cart_call(&self->cart, self->me, self->other.id, 1), self->out.at, BYTES);
		cart_room(&self->cart, self->back.at, BYTES);
		cart_carry(&self->cart, PARLEY_CARGO_FD, self->me.fd, 0, 0);
		uring_start(&self->uring, &self->cart.op);
		ASSERT_TRUE(uring_cancels(&self->uring, &self->cart.op));
	}
	EXPECT_TRUE(hears_nothing(self->other));
	EXPECT_TRUE(area_untouched(&self->back));
}

TEST_HARNESS_MAIN
