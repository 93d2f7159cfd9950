// SPDX-License-Identifier: GPL-2.0
/* What is malformed about cargo is refused, before anything is sent or received. */
#include "cargo.h"

#define KERNEL	0x8000010000000000ULL	/* nobody's address */

FIXTURE(args)
{
	struct task client, server;
	struct area area;
	int memfd;
	struct cart call, recv;
};

FIXTURE_SETUP(args)
{
	self->client = task_open();
	self->server = task_open();
	self->area = area_filled(PAGE, 0, 1);
	self->memfd = memfd("args", PAGE, F_SEAL_SHRINK);
}

/* Whatever a test has tried, nothing came of it. */
FIXTURE_TEARDOWN(args)
{
	EXPECT_EQ(-EAGAIN, op_run(op_poll(&self->recv.op, self->server, PARLEY_ANY)));
	EXPECT_EQ(-EAGAIN, op_run(op_poll(&self->recv.op, self->client, PARLEY_ANY)));
}

/* A call that would time out, having been sent. */
static struct cart *call(struct _test_data_args *self)
{
	cart_call(&self->call, self->client, self->server.id, 1)->op.arg.deadline = PAST;
	return &self->call;
}

static struct cart *send_(struct _test_data_args *self)
{
	cart_send(&self->call, self->client, self->server.id, 1)->op.arg.deadline = PAST;
	return &self->call;
}

/* A receive that would time out. */
static struct cart *receive(struct _test_data_args *self)
{
	cart_recv(&self->recv, self->server, PARLEY_ANY)->op.arg.deadline = PAST;
	return &self->recv;
}

static struct cart *reply(struct _test_data_args *self)
{
	return cart_reply(&self->recv, self->server, 1, 1);
}

/* A replyrecv that would answer to nobody. */
static struct cart *replyrecv(struct _test_data_args *self)
{
	cart_replyrecv(&self->recv, self->server, 1, 1)->op.arg.deadline = PAST;
	return &self->recv;
}

TEST_F(args, what_they_are_like_otherwise)
{
	EXPECT_EQ(-ETIMEDOUT, cart_run(call(self)));
	EXPECT_EQ(-ETIMEDOUT, cart_run(send_(self)));
	EXPECT_EQ(-ETIMEDOUT, cart_run(receive(self)));
	EXPECT_EQ(-ENOENT, cart_run(reply(self)));
	EXPECT_EQ(-ETIMEDOUT, cart_run(replyrecv(self)));
	EXPECT_EQ(-ENOENT, self->recv.op.arg.reply_error);
}

static const __u32 sizes[] = { 0, 1, sizeof(struct parley_cargo) - 1, 8 };

TEST_F(args, too_small)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		call(self)->cargo.size = sizes[i];
		EXPECT_EQ(-EINVAL, cart_run(&self->call));
		receive(self)->cargo.size = sizes[i];
		EXPECT_EQ(-EINVAL, cart_run(&self->recv));
	}
}

TEST_F(args, larger)
{
	struct {
		struct parley_cargo cargo;
		__u64 more;
	} newer = { 0 };

	newer.cargo = call(self)->cargo;
	newer.cargo.size = sizeof(newer);
	self->call.op.arg.cargo = PTR(&newer);
	EXPECT_EQ(-ETIMEDOUT, cart_run(&self->call));
	newer.more = 1;
	EXPECT_EQ(-E2BIG, cart_run(&self->call));
	newer.cargo.size = UINT_MAX;
	EXPECT_EQ(-E2BIG, cart_run(&self->call));
}

TEST_F(args, not_there)
{
	__u8 *cut_off = self->area.start + 2 * PAGE - 8;
	__u64 pointers[] = { 1, KERNEL, PTR(cut_off) };

	memcpy(cut_off, &call(self)->cargo, 8);
	area_end_after(&self->area, 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(pointers); i++) {
		call(self)->op.arg.cargo = pointers[i];
		EXPECT_EQ(-EFAULT, cart_run(&self->call));
		receive(self)->op.arg.cargo = pointers[i];
		EXPECT_EQ(-EFAULT, cart_run(&self->recv));
	}
}

TEST_F(args, unknown_kinds_accepted)
{
	for (unsigned int bit = 0; bit < 32; bit++) {
		int err = KINDS & 1U << bit ? -ETIMEDOUT : -EINVAL;

		EXPECT_EQ(err, cart_run(cart_accept(call(self), 1U << bit))) TH_LOG("bit %u", bit);
		EXPECT_EQ(err, cart_run(cart_accept(receive(self), 1U << bit)));
		EXPECT_EQ(err, cart_run(cart_accept(replyrecv(self), 1U << bit)));
	}
}

/* A mapping needs a length that nothing else may have. */
TEST_F(args, unknown_kinds_sent)
{
	for (unsigned int bit = 0; bit < 32; bit++) {
		if ((PARLEY_CARGO_FD | PARLEY_CARGO_MAP | PARLEY_CARGO_MAP_WRITE) & 1U << bit)
			continue;
		cart_carry(call(self), 1U << bit, self->memfd, 0, 0);
		EXPECT_EQ(-EINVAL, cart_run(&self->call)) TH_LOG("bit %u", bit);
		cart_carry(send_(self), 1U << bit, self->memfd, 0, 0);
		EXPECT_EQ(-EINVAL, cart_run(&self->call)) TH_LOG("bit %u", bit);
		cart_carry(call(self), 1U << bit, self->memfd, 0, PAGE);
		EXPECT_EQ(-EINVAL, cart_run(&self->call)) TH_LOG("bit %u", bit);
	}
}

TEST_F(args, two_kinds_sent)
{
	static const __u32 kinds[] = { PARLEY_CARGO_FD, PARLEY_CARGO_MAP, PARLEY_CARGO_MAP_WRITE,
				       PARLEY_CARGO_RANGE };

	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
		for (unsigned int j = 0; j < i; j++) {
			__u32 both = kinds[i] | kinds[j];

			cart_carry(call(self), both, self->memfd, 0, 0);
			EXPECT_EQ(-EINVAL, cart_run(&self->call)) TH_LOG("0x%x", both);
			cart_carry(call(self), both, self->memfd, 0, PAGE);
			EXPECT_EQ(-EINVAL, cart_run(&self->call)) TH_LOG("0x%x", both);
			cart_carry(reply(self), both, self->memfd, 0, 0);
			EXPECT_EQ(-EINVAL, cart_run(&self->recv)) TH_LOG("0x%x", both);
		}
}

TEST_F(args, fields_of_other_kinds)
{
	EXPECT_EQ(-EINVAL, cart_run(cart_carry(call(self), PARLEY_CARGO_FD, 0, 0, 1)));
	EXPECT_EQ(-EINVAL, cart_run(cart_carry(call(self), PARLEY_CARGO_FD, 0, PAGE, 0)));
	EXPECT_EQ(-EINVAL, cart_run(cart_carry(call(self), 0, 0, 0, PAGE)));
	EXPECT_EQ(-EINVAL, cart_run(cart_carry(call(self), 0, 0, PAGE, 0)));
	cart_carry(call(self), PARLEY_CARGO_MAP_WRITE, self->memfd, 0, 0);
	EXPECT_EQ(-EINVAL, cart_run(&self->call));
	/* What is carried nowhere has no descriptor to be looked at. */
	EXPECT_EQ(-ETIMEDOUT, cart_run(cart_carry(call(self), 0, -1, 0, 0)));
}

/* An operation that doesn't receive accepts nothing, and one that doesn't send sends nothing. */
TEST_F(args, fields_of_other_operations)
{
	EXPECT_EQ(-EINVAL, cart_run(cart_accept(send_(self), PARLEY_CARGO_FD)));
	EXPECT_EQ(-EINVAL, cart_run(cart_room(send_(self), self->area.at, PAGE)));
	EXPECT_EQ(-EINVAL, cart_run(cart_accept(reply(self), PARLEY_CARGO_FD)));
	EXPECT_EQ(-EINVAL, cart_run(cart_room(reply(self), self->area.at, PAGE)));
	EXPECT_EQ(-EINVAL, cart_run(cart_carry(receive(self), PARLEY_CARGO_FD, 0, 0, 0)));
	receive(self)->op.arg.flags = PARLEY_OOL;
	EXPECT_EQ(-EINVAL, cart_run(&self->recv));
}

TEST_F(args, range_is_only_for_replies)
{
	cart_load(cart_carry(call(self), PARLEY_CARGO_RANGE, self->memfd, 0, 0), NULL, 1);
	EXPECT_EQ(-EINVAL, cart_run(&self->call));
	cart_load(cart_carry(send_(self), PARLEY_CARGO_RANGE, self->memfd, 0, 0), NULL, 1);
	EXPECT_EQ(-EINVAL, cart_run(&self->call));
}

TEST_F(args, no_room_for_the_head)
{
	for (__u32 len = 0; len < HEAD; len++) {
		cart_load(call(self), self->area.at, 1)->op.arg.send_len = len;
		EXPECT_EQ(-EINVAL, cart_run(&self->call)) TH_LOG("%u bytes", len);
		cart_load(send_(self), self->area.at, 1)->op.arg.send_len = len;
		EXPECT_EQ(-EINVAL, cart_run(&self->call)) TH_LOG("%u bytes", len);
	}
	cart_load(call(self), self->area.at, 1)->op.arg.send_len = HEAD;
	EXPECT_EQ(-ETIMEDOUT, cart_run(&self->call));
}

TEST_F(args, payload_too_long)
{
	static const __u64 lens[] = { PARLEY_OOL_MAX + 1, INT_MAX, 1ULL << 32, (1ULL << 32) + 1,
				      1ULL << 63, ~0ULL };

	for (unsigned int i = 0; i < ARRAY_SIZE(lens); i++) {
		cart_load(call(self), self->area.at, lens[i]);
		EXPECT_EQ(-EMSGSIZE, cart_run(&self->call)) TH_LOG("%llx", lens[i]);
		cart_load(send_(self), self->area.at, lens[i]);
		EXPECT_EQ(-EMSGSIZE, cart_run(&self->call)) TH_LOG("%llx", lens[i]);
	}
}

TEST_F(args, payload_from_nowhere)
{
	static const __u64 from[] = { 0, 8, KERNEL, 0xffffffff81000000ULL, ~0ULL - 8, ~0ULL,
				      1ULL << 47, (1ULL << 56) - PAGE };
	struct parley_ool head = { 0, 64 };

	for (unsigned int i = 0; i < ARRAY_SIZE(from); i++) {
		head.addr = from[i];
		memcpy(cart_load(call(self), NULL, 0)->op.out.payload, &head, HEAD);
		EXPECT_EQ(-EFAULT, cart_run(&self->call)) TH_LOG("%llx", from[i]);
		memcpy(cart_load(send_(self), NULL, 0)->op.out.payload, &head, HEAD);
		EXPECT_EQ(-EFAULT, cart_run(&self->call)) TH_LOG("%llx", from[i]);
		cart_room(call(self), NULL, 64)->cargo.ool = from[i];
		EXPECT_EQ(-EFAULT, cart_run(&self->call)) TH_LOG("%llx", from[i]);
	}
}

/* A one-way message is not kept for a receiver without its sender. */
TEST_F(args, nonblocking_send)
{
	cart_load(send_(self), self->area.at, 1)->op.arg.flags |= PARLEY_NONBLOCK;
	EXPECT_EQ(-EINVAL, cart_run(&self->call));
	cart_load(send_(self), self->area.at, 0)->op.arg.flags |= PARLEY_NONBLOCK;
	EXPECT_EQ(-EINVAL, cart_run(&self->call));
	ASSERT_EQ(0, fcntl(self->client.fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EINVAL, cart_run(cart_load(send_(self), self->area.at, 1)));
}

/* The receive half is malformed: nothing is replied. */
TEST_F(args, replyrecv_does_not_reply)
{
	struct cart recv, combined;

	cart_call(&self->call, self->client, self->server.id, 1);
	cart_park(&self->call);
	ASSERT_EQ(0, cart_run(cart_recv(&recv, self->server, PARLEY_ANY)));
	cart_replyrecv(&combined, self->server, cart_token(&recv), 2);
	EXPECT_EQ(-EINVAL, cart_run(cart_accept(&combined, PARLEY_CARGO_RANGE)));
	EXPECT_EQ(cart_token(&recv), cart_token(&combined));
	cart_replyrecv(&combined, self->server, cart_token(&recv), 2)->cargo.size = 1;
	EXPECT_EQ(-EINVAL, cart_run(&combined));
	EXPECT_EQ(cart_token(&recv), cart_token(&combined));
	op_await(&self->call.op);
	EXPECT_EQ(0, cart_run(cart_reply(&combined, self->server, cart_token(&recv), 2)));
	EXPECT_EQ(0, cart_join(&self->call));
}

TEST_HARNESS_MAIN
