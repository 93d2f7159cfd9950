// SPDX-License-Identifier: GPL-2.0
/* Pages that are pinned: each user's count, and nobody has more than the limit. */
#include "cargo.h"
#include "usage.h"
#include "rights.h"

#define MAX	64
#define HALF	(MAX / 2)
#define SLOTS	8

FIXTURE(pins)
{
	struct peer alice[2], bob;
	struct task server;	/* root's, for everybody */
	struct area in;
	__u64 hits;
};

FIXTURE_SETUP(pins)
{
	self->alice[0] = actor_start(&alice);
	self->alice[1] = actor_start(&alice);
	self->bob = actor_start(&bob);
	self->server = task_open();
	self->in = area_make(MAX * PAGE, 0);
	CHECK_EQ(0, task_mode(self->server, 0666));
	self->hits = usage_of(ALICE, "pins").hits;
	max_set("pins", MAX);
}

FIXTURE_TEARDOWN(pins)
{
	actors_end();
	maxima_restore();
}

static __u32 used(uid_t uid)
{
	return usage_of(uid, "pins").used;
}

/* Soon: who is woken may not have let go yet. */
static bool uses(uid_t uid, __u32 pages)
{
	__u64 end = now() + 20000 * MS;

	while (used(uid) != pages && now() < end)
		sched_yield();
	if (used(uid) == pages)
		return true;
	fprintf(stderr, "# %u pages, not %u\n", used(uid), pages);
	return false;
}

/* An actor's calls, each in a thread. */

static struct cart carts[SLOTS];

static __s32 cart_stay(struct cart *cart)
{
	struct op *op = &cart->op;

	op_start(op);
	while (!op_done(op))
		if (atomic_load(&op->tid) &&
		    thread_waits(getpid(), atomic_load(&op->tid), SYS_ioctl))
			return 0;
	return op_join(op);
}

static int slot;	/* of the next */

/* With so many pages of payload. */
DEED(do_call_with, peer, pages)
{
	struct area out = area_filled(pages * PAGE, 0, 9);
	struct cart *cart = &carts[slot++ % SLOTS];

	return cart_stay(cart_load(cart_call(cart, me, peer, 1), out.at, out.len));
}

DEED(do_send_with, peer, pages)
{
	struct area out = area_filled(pages * PAGE, 0, 9);
	struct cart *cart = &carts[slot++ % SLOTS];

	return cart_stay(cart_load(cart_send(cart, me, peer, 1), out.at, out.len));
}

/* With so many pages of room for a result. */
DEED(do_call_for, peer, pages)
{
	struct area in = area_make(pages * PAGE, 0);
	struct cart *cart = &carts[slot++ % SLOTS];

	return cart_stay(cart_room(cart_call(cart, me, peer, 1), in.at, in.len));
}

/* With both, of which each takes one more page, being unaligned. */
DEED(do_call_unaligned, peer, pages)
{
	struct area out = area_filled(pages * PAGE, 1, 9), in = area_make(pages * PAGE, 4095);
	struct cart *cart = &carts[slot++ % SLOTS];

	cart_load(cart_call(cart, me, peer, 1), out.at, out.len);
	return cart_stay(cart_room(cart, in.at, in.len));
}

DEED(do_join, peer, n)
{
	return cart_join(&carts[n]);
}

/* A buffer at PARLEY_TASK_VM: the reply's type, or the call's error. */
DEED(do_give, peer, pages)
{
	struct area in = area_make(pages * PAGE ?: 1, 0);
	struct parley_ool_recv give = { pages ? PTR(in.at) : 0, pages * PAGE };
	struct op op;

	op_call(&op, me, PARLEY_TASK_VM, PARLEY_OOL_RECV, sizeof(give));
	memcpy(op.out.payload, &give, sizeof(give));
	return op_run(&op) ?: op.in.type;
}

static bool serve(struct _test_data_pins *self)
{
	struct cart recv, reply;

	cart_room(cart_recv(&recv, self->server, PARLEY_ANY), self->in.at, self->in.len);
	return !cart_run(&recv) && (!cart_token(&recv) ||
	       !cart_run(cart_reply(&reply, self->server, cart_token(&recv), 2)));
}

static __s32 does(struct _test_data_pins *self, const struct peer *who, deed *deed, int pages)
{
	return actor_do(who, deed, self->server.id, pages);
}

FIXTURE(kinds)
{
	struct _test_data_pins pins;
};

FIXTURE_VARIANT(kinds)
{
	deed *deed;
	int extra;	/* pages, for being unaligned and twofold */
	int times;	/* that memory counts */
};

FIXTURE_VARIANT_ADD(kinds, requests) {
	.deed = do_call_with, .times = 1,
};

FIXTURE_VARIANT_ADD(kinds, one_way) {
	.deed = do_send_with, .times = 1,
};

FIXTURE_VARIANT_ADD(kinds, results) {
	.deed = do_call_for, .times = 1,
};

FIXTURE_VARIANT_ADD(kinds, both_unaligned) {
	.deed = do_call_unaligned, .times = 2, .extra = 2,
};

FIXTURE_SETUP(kinds)
{
	pins_setup(_metadata, &self->pins, NULL);
}

FIXTURE_TEARDOWN(kinds)
{
	pins_teardown(_metadata, &self->pins, NULL);
}

TEST_F(kinds, are_one_users)
{
	struct _test_data_pins *pins = &self->pins;
	int pages = (HALF - variant->extra) / variant->times;
	struct usage usage;

	ASSERT_EQ(0, does(pins, &pins->alice[0], variant->deed, pages));
	EXPECT_EQ((__u32)HALF, used(ALICE));
	ASSERT_EQ(0, does(pins, &pins->alice[1], variant->deed, pages));
	EXPECT_EQ((__u32)MAX, used(ALICE));
	EXPECT_EQ(-EDQUOT, does(pins, &pins->alice[0], variant->deed, 1));
	EXPECT_EQ(-EDQUOT, does(pins, &pins->alice[1], variant->deed, MAX));
	usage = usage_of(ALICE, "pins");
	EXPECT_EQ((__u32)MAX, usage.used);
	EXPECT_EQ((__u32)MAX, usage.max);
	EXPECT_EQ(pins->hits + 2, usage.hits);

	/* Another's calls are no matter. */
	ASSERT_EQ(0, does(pins, &pins->bob, variant->deed, pages));
	EXPECT_EQ((__u32)HALF, used(BOB));
	for (int i = 0; i < 3; i++)
		ASSERT_TRUE(serve(pins));
	EXPECT_EQ(0, actor_do(&pins->alice[0], do_join, 0, 0));
	EXPECT_EQ(0, actor_do(&pins->alice[1], do_join, 0, 0));
	EXPECT_EQ(0, actor_do(&pins->bob, do_join, 0, 0));
	EXPECT_TRUE(uses(ALICE, 0));
	EXPECT_TRUE(uses(BOB, 0));
	/* Room for as many as before. */
	ASSERT_EQ(0, does(pins, &pins->alice[0], variant->deed,
			  (MAX - variant->extra) / variant->times));
	EXPECT_EQ((__u32)MAX, used(ALICE));
	peer_kill(&pins->alice[0]);
	EXPECT_TRUE(uses(ALICE, 0));
}

/* Too many at once, and none is held after. */
TEST_F(kinds, are_all_or_none)
{
	struct _test_data_pins *pins = &self->pins;

	for (int i = 0; i < 3; i++)
		EXPECT_EQ(-EDQUOT, does(pins, &pins->alice[0], variant->deed, MAX + 1));
	EXPECT_EQ(0U, used(ALICE));
	max_set("pins", 0);
	EXPECT_EQ(-EDQUOT, does(pins, &pins->alice[0], variant->deed, 1));
	EXPECT_EQ(0U, used(ALICE));
}

/* Who has too many already keeps them. */
TEST_F(kinds, may_be_lowered)
{
	struct _test_data_pins *pins = &self->pins;

	ASSERT_EQ(0, does(pins, &pins->alice[0], variant->deed, 10));
	max_set("pins", 2);
	EXPECT_EQ(-EDQUOT, does(pins, &pins->alice[1], variant->deed, 1));
	ASSERT_TRUE(serve(pins));
	EXPECT_EQ(0, actor_do(&pins->alice[0], do_join, 0, 0));
	EXPECT_TRUE(uses(ALICE, 0));
}

/* Messages in line, and payload of no bytes, need none. */
TEST_F(pins, are_for_bytes_only)
{
	max_set("pins", 0);
	ASSERT_EQ(0, does(self, &self->alice[0], do_call_with, 0));
	ASSERT_EQ(0, does(self, &self->alice[1], do_call_for, 0));
	EXPECT_EQ(0U, used(ALICE));
	ASSERT_TRUE(serve(self));
	ASSERT_TRUE(serve(self));
	EXPECT_EQ(0, actor_do(&self->alice[0], do_join, 0, 0));
	EXPECT_EQ(0, actor_do(&self->alice[1], do_join, 0, 0));
}

/* Two bytes on two pages. */
DEED(do_call_two_bytes, peer, arg)
{
	struct area out = area_filled(2, 4095, 9);
	struct cart *cart = &carts[slot++ % SLOTS];

	return cart_stay(cart_load(cart_call(cart, me, peer, 1), out.at, out.len));
}

TEST_F(pins, are_whole_pages)
{
	ASSERT_EQ(0, does(self, &self->alice[0], do_call_two_bytes, 0));
	EXPECT_EQ(2U, used(ALICE));
	ASSERT_TRUE(serve(self));
	EXPECT_EQ(0, actor_do(&self->alice[0], do_join, 0, 0));
	EXPECT_TRUE(uses(ALICE, 0));
}

/* Buffers that others may write into are pinned, until somebody has. */
TEST_F(pins, are_for_buffers)
{
	struct parley_ool_send send = { self->alice[0].id, 0, PTR(self->in.at), 10 };
	struct op op;

	ASSERT_EQ(PARLEY_OOL_RECV, does(self, &self->alice[0], do_give, HALF));
	EXPECT_EQ((__u32)HALF, used(ALICE));
	ASSERT_EQ(PARLEY_OOL_RECV, does(self, &self->alice[1], do_give, HALF));
	EXPECT_EQ(-EDQUOT, does(self, &self->alice[0], do_call_with, 1));
	EXPECT_EQ((__u32)MAX, used(ALICE));
	EXPECT_EQ(PARLEY_OOL_RECV, does(self, &self->bob, do_give, HALF));

	op_call(&op, self->server, PARLEY_TASK_VM, PARLEY_OOL_SEND, sizeof(send));
	memcpy(op.out.payload, &send, sizeof(send));
	ASSERT_EQ(0, op_run(&op));
	EXPECT_EQ(PARLEY_OOL_SEND, op.in.type);
	EXPECT_TRUE(uses(ALICE, HALF));
	EXPECT_EQ(-EDQUOT, does(self, &self->alice[0], do_give, HALF + 1));
	EXPECT_EQ(PARLEY_OOL_RECV, does(self, &self->alice[1], do_give, 0));
	EXPECT_TRUE(uses(ALICE, 0));
	ASSERT_EQ(PARLEY_OOL_RECV, does(self, &self->alice[1], do_give, MAX));
	peer_kill(&self->alice[1]);
	EXPECT_TRUE(uses(ALICE, 0));
}

/* However a message ends. */

DEED(do_call_briefly, peer, pages)
{
	struct area out = area_filled(pages * PAGE, 0, 9);
	struct cart cart;

	cart_load(cart_call(&cart, me, peer, 1), out.at, out.len);
	cart_room(&cart, out.at, out.len);
	return cart_run(cart_within(&cart, 50 * MS));
}

DEED(do_call_now, peer, pages)
{
	struct area out = area_filled(pages * PAGE, 0, 9);
	struct cart cart;

	cart_load(cart_call(&cart, me, peer, 1), out.at, out.len);
	cart.op.arg.flags |= PARLEY_NONBLOCK;
	return cart_run(cart_room(&cart, out.at, out.len));
}

/* Memory that isn't there, after some that is. */
DEED(do_call_fault, peer, pages)
{
	struct area out = area_filled(pages * PAGE, 0, 9);
	struct cart cart;

	area_end_after(&out, pages - 1);
	cart_load(cart_call(&cart, me, peer, 1), out.at, out.len);
	return cart_run(cart_room(&cart, out.at, PAGE));
}

DEED(do_call_fault_of_result, peer, pages)
{
	struct area out = area_filled(pages * PAGE, 0, 9);
	struct cart cart;

	area_end_after(&out, pages - 1);
	cart_load(cart_call(&cart, me, peer, 1), out.at, PAGE);
	return cart_run(cart_room(&cart, out.at, out.len));
}

TEST_F(pins, end_with_errors)
{
	struct peer *alice = &self->alice[0];
	struct op recv;

	for (int i = 0; i < 10; i++) {
		EXPECT_EQ(-ETIMEDOUT, does(self, alice, do_call_briefly, HALF));
		EXPECT_EQ(-EAGAIN, does(self, alice, do_call_now, HALF));
		EXPECT_EQ(-EFAULT, does(self, alice, do_call_fault, HALF));
		EXPECT_EQ(-EFAULT, does(self, alice, do_call_fault_of_result, HALF));
		EXPECT_EQ(-ENOTCONN, actor_do(alice, do_call_briefly, dead_id(), HALF));
	}
	EXPECT_EQ(0U, used(ALICE));
	op_park(op_recv(&recv, self->server, PARLEY_ANY));
	for (int i = 0; i < 10; i++)
		EXPECT_EQ(-EOPNOTSUPP, does(self, alice, do_call_briefly, HALF));
	EXPECT_EQ(0U, used(ALICE));
	op_await(&recv);
	ASSERT_EQ(0, task_mode(self->server, 0600));
	EXPECT_EQ(-EACCES, does(self, alice, do_call_briefly, HALF));
	EXPECT_EQ(0U, used(ALICE));
}

/* A server that holds its callers' requests holds their pages, and pays nothing for it. */
TEST_F(pins, are_the_callers)
{
	struct cart recv;
	__u32 before = used(0);

	ASSERT_EQ(0, does(self, &self->alice[0], do_call_with, HALF));
	ASSERT_EQ(0, does(self, &self->bob, do_call_with, HALF));
	for (int i = 0; i < 2; i++) {
		cart_room(cart_recv(&recv, self->server, PARLEY_ANY), self->in.at, self->in.len);
		ASSERT_EQ(0, cart_run(&recv));
	}
	EXPECT_EQ(before, used(0));
	peer_kill(&self->alice[0]);
	EXPECT_TRUE(uses(ALICE, 0));
	close(self->server.fd);
	EXPECT_EQ(-ECONNRESET, actor_do(&self->bob, do_join, 0, 0));
	EXPECT_TRUE(uses(BOB, 0));
}

TEST_HARNESS_MAIN
