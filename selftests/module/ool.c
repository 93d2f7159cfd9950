// SPDX-License-Identifier: GPL-2.0
/*
 * Out-of-line payload, of every size that matters and wherever it lies, from one
 * process to another: each byte of it arrives, and none beside it is written.
 */
#include "cargo.h"
#include "ring.h"

#define MOST	PARLEY_OOL_MAX

static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 65536, MOST };

/* What the server is to expect next, and to answer. */
static struct plan {
	bool combine;			/* with PARLEY_IOC_REPLYRECV */
	size_t in_offset, out_offset;	/* of its buffers */
	size_t in, out;			/* bytes */
	__s32 type, src;
	int served;
} *plan;

static void server_take(const struct cart *cart, struct area *in)
{
	CHECK(cart_got_ool(cart, plan->src, plan->type, plan->in, 0));
	CHECK(area_holds(in, plan->type, plan->in));
	memset(in->start, UNTOUCHED, in->size);
	plan->served++;
}

/* Serves for ever what it is told to expect. */
static void server(int ctl, void *arg)
{
	struct area in = area_make(MOST, plan->in_offset), out;
	struct task me = task_open();
	struct cart cart;

	(void)arg;
	tell(ctl, me.id);
	cart_room(cart_recv(&cart, me, PARLEY_ANY), in.at, MOST);
	for (;;) {
		__u64 token;

		CHECK_EQ(0, cart_run(&cart));
		server_take(&cart, &in);
		token = cart_token(&cart);
		cart_room(cart_recv(&cart, me, PARLEY_ANY), in.at, MOST);
		if (!token)
			continue;
		out = area_filled(plan->out, plan->out_offset, plan->type ^ 1);
		if (plan->combine) {
			cart_replyrecv(&cart, me, token, plan->type ^ 1);
			cart_room(cart_load(&cart, out.at, plan->out), in.at, MOST);
		} else {
			struct cart reply;

			cart_load(cart_reply(&reply, me, token, plan->type ^ 1), out.at, plan->out);
			CHECK_EQ(0, cart_run(&reply));
			area_free(&out);
		}
	}
}

FIXTURE(ool)
{
	struct task client;
	struct peer server;
	struct cart cart;
};

FIXTURE_VARIANT(ool)
{
	bool combine;
	size_t offsets[4];	/* of request and reply, sent and received */
};

FIXTURE_VARIANT_ADD(ool, aligned) {
	.offsets = { 0, 0, 0, 0 },
};

FIXTURE_VARIANT_ADD(ool, aligned_replyrecv) {
	.combine = true, .offsets = { 0, 0, 0, 0 },
};

FIXTURE_VARIANT_ADD(ool, unaligned) {
	.offsets = { 1, 4095, 2049, 7 },
};

FIXTURE_VARIANT_ADD(ool, unaligned_replyrecv) {
	.combine = true, .offsets = { 4095, 0, 0, 1234 },
};

FIXTURE_SETUP(ool)
{
	plan = ring_share(sizeof(*plan));
	plan->combine = variant->combine;
	plan->in_offset = variant->offsets[1];
	plan->out_offset = variant->offsets[2];
	self->client = task_open();
	plan->src = self->client.id;
	self->server = peer_start(server, NULL);
}

FIXTURE_TEARDOWN(ool)
{
}

static bool calls(struct _test_data_ool *self, const struct _fixture_variant_ool *variant,
		  size_t there, size_t back)
{
	struct area out = area_filled(there, variant->offsets[0], ++plan->type);
	struct area in = area_make(back, variant->offsets[3]);
	bool good;

	plan->in = there;
	plan->out = back;
	cart_load(cart_call(&self->cart, self->client, self->server.id, plan->type), out.at, there);
	cart_room(&self->cart, in.at, back);
	good = !cart_run(&self->cart) &&
	       cart_got_ool(&self->cart, self->server.id, plan->type ^ 1, back, 0) &&
	       area_holds(&in, plan->type ^ 1, back) && area_holds(&out, plan->type, there);
	if (!good)
		fprintf(stderr, "# returned %d with %zu bytes there, %zu back\n",
			self->cart.op.ret, there, back);
	area_free(&out);
	area_free(&in);
	plan->type++;
	return good;
}

TEST_F(ool, requests_and_replies)
{
	long long pinned = pages_pinned();

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t other = sizes[ARRAY_SIZE(sizes) - 1 - i];

		ASSERT_TRUE(calls(self, variant, sizes[i], sizes[i]));
		ASSERT_TRUE(calls(self, variant, sizes[i], other));
	}
	EXPECT_EQ(2 * (int)ARRAY_SIZE(sizes), plan->served);
	EXPECT_TRUE(pages_let_go(pinned));
}

TEST_F(ool, one_way)
{
	long long pinned = pages_pinned();

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct area out = area_filled(sizes[i], variant->offsets[0], ++plan->type);

		plan->in = sizes[i];
		cart_send(&self->cart, self->client, self->server.id, plan->type);
		ASSERT_EQ(0, cart_run(cart_load(&self->cart, out.at, sizes[i])));
		/* Taken, but by now it need not be looked at. */
		while (plan->served != (int)i + 1)
			sched_yield();
		EXPECT_TRUE(area_holds(&out, plan->type, sizes[i]));
		area_free(&out);
	}
	EXPECT_TRUE(pages_let_go(pinned));
}

/* One needs more than the limit, in each direction. */
TEST_F(ool, a_byte_too_many)
{
	struct area area = area_filled(MOST + 1, variant->offsets[0], 1);
	struct task server = task_open();
	struct cart reply, recv;

	cart_call(&self->cart, self->client, self->server.id, 1);
	EXPECT_EQ(-EMSGSIZE, cart_run(cart_load(&self->cart, area.at, MOST + 1)));
	cart_send(&self->cart, self->client, self->server.id, 1);
	EXPECT_EQ(-EMSGSIZE, cart_run(cart_load(&self->cart, area.at, MOST + 1)));
	EXPECT_EQ(0, plan->served);

	cart_park(cart_room(cart_call(&self->cart, self->client, server.id, 1), area.at, MOST));
	ASSERT_EQ(0, cart_run(cart_recv(&recv, server, PARLEY_ANY)));
	cart_reply(&reply, server, cart_token(&recv), 2);
	EXPECT_EQ(-EMSGSIZE, cart_run(cart_load(&reply, area.at, MOST + 1)));
	EXPECT_EQ(0, cart_run(cart_reply(&reply, server, cart_token(&recv), 2)));
	EXPECT_EQ(0, cart_join(&self->cart));
	EXPECT_TRUE(cart_got(&self->cart, server.id, 2, 0));
	EXPECT_TRUE(area_holds(&area, 1, MOST + 1));
}

/* What there is more room for stays as it was. */
TEST_F(ool, more_room_than_bytes)
{
	struct area out = area_filled(5000, variant->offsets[0], ++plan->type);
	struct area in = area_make(MOST, variant->offsets[3]);

	plan->in = out.len;
	plan->out = 4999;
	cart_call(&self->cart, self->client, self->server.id, plan->type);
	cart_room(cart_load(&self->cart, out.at, out.len), in.at, MOST);
	ASSERT_EQ(0, cart_run(&self->cart));
	EXPECT_TRUE(cart_got_ool(&self->cart, self->server.id, plan->type ^ 1, 4999, 0));
	EXPECT_TRUE(area_holds(&in, plan->type ^ 1, 4999));
}

/* In one address space, where a mistake of whose memory it is can't show. */
FIXTURE(inside)
{
	struct task client, server;
	struct cart call, recv, reply;
};

FIXTURE_SETUP(inside)
{
	self->client = task_open();
	self->server = task_open();
}

FIXTURE_TEARDOWN(inside)
{
}

TEST_F(inside, every_length_of_the_rest)
{
	struct area out = area_filled(100, 3, 9), in = area_make(100, 5);

	for (__u32 len = HEAD; len <= PARLEY_PAYLOAD_MAX; len++) {
		struct parley_ool head;

		cart_send(&self->call, self->client, self->server.id, len);
		op_put(&self->call.op, len, len);
		cart_start(cart_load(&self->call, out.at, out.len));
		cart_room(cart_recv(&self->recv, self->server, PARLEY_ANY), in.at, in.len);
		ASSERT_EQ(0, cart_run(&self->recv));
		ASSERT_EQ(0, cart_join(&self->call));
		memcpy(&head, self->recv.op.in.payload, HEAD);
		ASSERT_EQ(PTR(in.at), head.addr);
		ASSERT_EQ(in.len, head.len);
		/* All else is as without. */
		for (unsigned int i = 0; i < HEAD; i++)
			self->recv.op.in.payload[i] = pattern(len, i);
		ASSERT_TRUE(op_got(&self->recv.op, self->client.id, len, len));
	}
	EXPECT_TRUE(area_holds(&in, 9, in.len));
}

/* The flag says that the first bytes are a head, and nothing else does. */
TEST_F(inside, head_without_the_flag_is_payload)
{
	struct area in = area_make(100, 0);
	struct parley_ool head = { PTR(in.at), 100 };

	cart_send(&self->call, self->client, self->server.id, 1);
	memcpy(self->call.op.out.payload, &head, HEAD);
	cart_start(&self->call);
	cart_room(cart_recv(&self->recv, self->server, PARLEY_ANY), in.at, in.len);
	ASSERT_EQ(0, cart_run(&self->recv));
	ASSERT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(cargo_is(&self->recv.cargo, 0, 0));
	EXPECT_EQ(0, memcmp(&head, self->recv.op.in.payload, HEAD));
	EXPECT_TRUE(area_untouched(&in));
}

/* To send it, PARLEY_OOL is enough. */
TEST_F(inside, without_a_cargo_to_send)
{
	struct area out = area_filled(5000, 0, 9), in = area_make(5000, 0);

	cart_load(cart_call(&self->call, self->client, self->server.id, 1), out.at, out.len);
	self->call.op.arg.cargo = 0;
	cart_park(&self->call);
	cart_room(cart_recv(&self->recv, self->server, PARLEY_ANY), in.at, in.len);
	ASSERT_EQ(0, cart_run(&self->recv));
	EXPECT_TRUE(cart_got_ool(&self->recv, self->client.id, 1, out.len, 0));
	EXPECT_TRUE(area_holds(&in, 9, in.len));
	op_reply(&self->reply.op, self->server, cart_token(&self->recv), 2, 8);
	ASSERT_EQ(0, op_run(&self->reply.op));
	ASSERT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(op_got(&self->call.op, self->server.id, 2, 8));
}

/* Accepting is not requiring. */
TEST_F(inside, none_comes_where_it_could)
{
	struct area in = area_make(5000, 0);

	cart_room(cart_call(&self->call, self->client, self->server.id, 1), in.at, in.len);
	cart_park(cart_accept(&self->call, KINDS));
	cart_room(cart_recv(&self->recv, self->server, PARLEY_ANY), in.at, in.len);
	ASSERT_EQ(0, cart_run(cart_accept(&self->recv, KINDS)));
	EXPECT_TRUE(cart_got(&self->recv, self->client.id, 1, 0));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	ASSERT_EQ(0, cart_run(&self->reply));
	ASSERT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(cart_got(&self->call, self->server.id, 2, 0));
	EXPECT_TRUE(area_untouched(&in));
}

/* The reply may go over the request. */
TEST_F(inside, reply_into_what_was_sent)
{
	struct area both = area_filled(10000, 100, 9), in = area_make(10000, 0);

	cart_load(cart_call(&self->call, self->client, self->server.id, 1), both.at, both.len);
	cart_park(cart_room(&self->call, both.at, both.len));
	cart_room(cart_recv(&self->recv, self->server, PARLEY_ANY), in.at, in.len);
	ASSERT_EQ(0, cart_run(&self->recv));
	ASSERT_TRUE(area_holds(&in, 9, in.len));
	area_fill(&in, 10);
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	ASSERT_EQ(0, cart_run(cart_load(&self->reply, in.at, in.len)));
	ASSERT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(cart_got_ool(&self->call, self->server.id, 2, both.len, 0));
	EXPECT_TRUE(area_holds(&both, 10, both.len));
}

/* A message to itself, of memory to that same memory, and to an overlapping part. */
TEST_F(inside, onto_itself)
{
	struct area area = area_filled(20000, 0, 9);

	for (size_t shift = 0; shift <= 4096; shift += 4096) {
		cart_send(&self->call, self->client, self->client.id, 1);
		cart_park(cart_load(&self->call, area.at, 12000));
		cart_recv(&self->recv, self->client, PARLEY_ANY);
		cart_room(&self->recv, area.at + shift, 12000);
		ASSERT_EQ(0, cart_run(&self->recv));
		ASSERT_EQ(0, cart_join(&self->call));
		EXPECT_TRUE(cart_got_ool(&self->recv, self->client.id, 1, 12000, 0));
		if (!shift)
			EXPECT_TRUE(area_holds(&area, 9, area.len));
	}
}

/* Non-blocking calls have theirs, too. */
TEST_F(inside, nonblocking_call)
{
	struct area out = area_filled(5000, 0, 9), in = area_make(5000, 0);

	cart_load(cart_call(&self->call, self->client, self->server.id, 1), out.at, out.len);
	self->call.op.arg.flags |= PARLEY_NONBLOCK;
	EXPECT_EQ(-EAGAIN, cart_run(&self->call));
	cart_park(cart_room(cart_recv(&self->recv, self->server, PARLEY_ANY), in.at, in.len));
	cart_start(&self->call);
	ASSERT_EQ(0, cart_join(&self->recv));
	EXPECT_TRUE(cart_got_ool(&self->recv, self->client.id, 1, out.len, 0));
	EXPECT_TRUE(area_holds(&in, 9, in.len));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	ASSERT_EQ(0, cart_run(&self->reply));
	ASSERT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(cart_got(&self->call, self->server.id, 2, 0));
}

/* The feature is told. */
TEST_F(inside, feature)
{
	struct parley_info info = { .size = sizeof(info) };

	ASSERT_EQ(0, parley(self->client.fd, PARLEY_IOC_INFO, &info));
	EXPECT_NE(0ULL, info.features & PARLEY_FEATURE_CARGO);
}

TEST_HARNESS_MAIN
