// SPDX-License-Identifier: GPL-2.0
/*
 * Thousands of transfers of each kind, from one process to another and back:
 * afterwards both have the descriptors and mappings that they had before, and the
 * module no more objects, pins or messages.
 */
#include <kselftest_harness.h>
#include "census.h"
#include "../module/cargo.h"
#include "../module/usage.h"

#define TIMES		2000
#define TIMES_LONG	100000
#define DEBUG_NS	(4000 * MS)	/* instead, on a debug kernel */
#define TIMEOUT		600
#define BYTES		9000
#define SIZE		(4 * PAGE)

/* What a request is to be answered with, by its type; to COUNT, with what there is. */
enum { PLAIN = 16, OOL, FD, MAP, MAP_WRITE, RANGE, COUNT };

/* Both sides' files and memory. */
static int file, readable;
static struct area out, in;

/* Descriptors and mappings of this process. */
struct belongings {
	__u32 fds, maps;
};

static struct belongings belongings(void)
{
	static char text[1 << 16];
	struct belongings count = { .fds = fds_open() };
	int maps = open("/proc/self/maps", O_RDONLY);
	ssize_t len;

	CHECK(maps >= 0);
	while ((len = read(maps, text, sizeof(text))) > 0)
		for (ssize_t i = 0; i < len; i++)
			count.maps += text[i] == '\n';
	close(maps);
	return count;
}

static bool belongings_same(struct belongings a, struct belongings b)
{
	if (a.fds == b.fds && a.maps == b.maps)
		return true;
	fprintf(stderr, "# %u descriptors, %u mappings; not %u, %u\n", b.fds, b.maps, a.fds,
		a.maps);
	return false;
}

static void files_make(void)
{
	char path[64];

	file = memfd("cargo", SIZE, F_SEAL_SHRINK);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	readable = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(readable >= 0);
	out = area_filled(SIZE, 0, 9);
	in = area_make(SIZE, 100);
	CHECK_EQ(SIZE, pwrite(file, out.at, SIZE, 0));
}

static void accept_all(struct cart *cart)
{
	cart_accept(cart_room(cart, in.at, in.len), KINDS);
}

/* Looks at what has come, and gets rid of it. */
static void unload(const struct cart *cart)
{
	const struct parley_cargo *cargo = &cart->cargo;
	const __u8 *map = (void *)(uintptr_t)cargo->map;

	CHECK(!cargo->ool_len || (in.at[0] == area_byte(9, 0) &&
				  in.at[BYTES - 1] == area_byte(9, BYTES - 1)));
	if (cargo->received & PARLEY_CARGO_FD)
		CHECK_EQ(0, close(cargo->recv_fd));
	if (!(cargo->received & (PARLEY_CARGO_MAP | PARLEY_CARGO_MAP_WRITE)))
		return;
	CHECK(map[SIZE - 1] == area_byte(9, SIZE - 1));
	CHECK_EQ(0, munmap((void *)map, cargo->map_len));
}

static void load(struct cart *cart, int kind)
{
	static const __u32 bits[] = {
		[FD] = PARLEY_CARGO_FD, [MAP] = PARLEY_CARGO_MAP,
		[MAP_WRITE] = PARLEY_CARGO_MAP_WRITE,
	};

	if (kind == OOL)
		cart_load(cart, out.at, BYTES);
	else if (kind == RANGE)
		cart_range(cart, readable, 0, BYTES);
	else if (kind != PLAIN)
		cart_carry(cart, bits[kind], kind == MAP ? readable : file, 0,
			   kind == FD ? 0 : SIZE);
}

static void server(int ctl, void *arg)
{
	struct task me = task_open();
	struct cart cart, next;

	(void)arg;
	tell(ctl, me.id);
	accept_all(cart_recv(&cart, me, PARLEY_ANY));
	for (;;) {
		struct belongings count;
		int want;

		CHECK_EQ(0, cart_run(&cart));
		unload(&cart);
		want = cart.op.in.type;
		if (cart_token(&cart)) {
			cart_replyrecv(&next, me, cart_token(&cart), 0);
			count = belongings();
			memcpy(next.op.out.payload, &count, sizeof(count));
			if (want != COUNT)
				load(&next, want);
		} else {
			cart_recv(&next, me, PARLEY_ANY);
		}
		/* The arguments point into the cart that they were made in. */
		cart = next;
		cart.op.arg.send = next.op.arg.send ? PTR(&cart.op.out) : 0;
		cart.op.arg.recv = PTR(&cart.op.in);
		cart.op.arg.cargo = PTR(&cart.cargo);
		accept_all(&cart);
	}
}

FIXTURE(cargo) {
	struct census before;
	long long pinned;
	struct task client;
	struct peer server;
	struct cart cart;
	struct belongings mine, its;
	__u64 end;
	int times;
};

static struct belongings count_its(struct _test_data_cargo *self)
{
	struct belongings count;

	CHECK_EQ(0, cart_run(cart_call(&self->cart, self->client, self->server.id, COUNT)));
	memcpy(&count, self->cart.op.in.payload, sizeof(count));
	return count;
}

FIXTURE_SETUP(cargo)
{
	ASSERT_TRUE(census_take(&self->before));
	self->pinned = pages_pinned();
	files_make();
	self->client = task_open();
	self->server = peer_start(server, NULL);
	self->its = count_its(self);
	self->its = count_its(self);
	self->mine = belongings();
	self->end = debug_kernel() && !long_run() ? now() + DEBUG_NS : 0;
}

/* Are there more to be done? */
static bool more(struct _test_data_cargo *self)
{
	if (self->times++ < (long_run() ? TIMES_LONG : TIMES) &&
	    (!self->end || now() < self->end))
		return true;
	printf("# %d times\n", self->times - 1);
	return false;
}

FIXTURE_TEARDOWN(cargo)
{
	EXPECT_TRUE(belongings_same(self->mine, belongings()));
	EXPECT_TRUE(belongings_same(self->its, count_its(self)));
	peer_kill(&self->server);
	close(self->client.fd);
	EXPECT_TRUE(pages_let_go(self->pinned));
	EXPECT_EQ(0U, usage_of(0, "pins").used);
	EXPECT_TRUE(census_returns(&self->before));
}

static int transfer(struct _test_data_cargo *self, int there, int back)
{
	int err;

	load(cart_call(&self->cart, self->client, self->server.id, back), there);
	accept_all(&self->cart);
	err = cart_run(&self->cart);
	if (!err)
		unload(&self->cart);
	return err;
}

static int transfers(struct _test_data_cargo *self, int there, int back)
{
	int err = 0;

	while (!err && more(self))
		err = transfer(self, there, back);
	return err;
}

TEST_F_TIMEOUT(cargo, payload, TIMEOUT)
{
	EXPECT_EQ(0, transfers(self, OOL, OOL));
}

TEST_F_TIMEOUT(cargo, descriptors, TIMEOUT)
{
	EXPECT_EQ(0, transfers(self, FD, FD));
}

TEST_F_TIMEOUT(cargo, mappings, TIMEOUT)
{
	EXPECT_EQ(0, transfers(self, MAP, MAP));
}

TEST_F_TIMEOUT(cargo, writable_mappings, TIMEOUT)
{
	EXPECT_EQ(0, transfers(self, MAP_WRITE, MAP_WRITE));
}

TEST_F_TIMEOUT(cargo, ranges, TIMEOUT)
{
	EXPECT_EQ(0, transfers(self, PLAIN, RANGE));
}

TEST_F_TIMEOUT(cargo, one_way, TIMEOUT)
{
	static const int kinds[] = { OOL, FD, MAP, MAP_WRITE };

	for (int i = 0; more(self); i++) {
		load(cart_send(&self->cart, self->client, self->server.id, PLAIN), kinds[i % 4]);
		ASSERT_EQ(0, cart_run(&self->cart));
	}
}

/* All that isn't accepted, and all that ends too early. */
TEST_F_TIMEOUT(cargo, failures, TIMEOUT)
{
	static const int kinds[] = { OOL, FD, MAP, MAP_WRITE };
	struct task mute = task_open();

	for (int i = 0; more(self); i++) {
		struct op recv;

		load(cart_call(&self->cart, self->client, mute.id, PLAIN), kinds[i % 4]);
		accept_all(&self->cart);
		if (i % 3 == 0) {
			self->cart.op.arg.deadline = PAST;
			ASSERT_EQ(-ETIMEDOUT, cart_run(&self->cart));
		} else if (i % 3 == 1) {
			self->cart.op.arg.flags |= PARLEY_NONBLOCK;
			ASSERT_EQ(-EAGAIN, cart_run(&self->cart));
		} else {
			cart_start(&self->cart);
			op_recv(&recv, mute, PARLEY_ANY)->arg.deadline = now() + MS;
			ASSERT_EQ(-ETIMEDOUT, op_run(&recv));
			while (!op_done(&self->cart.op)) {
				op_recv(&recv, mute, PARLEY_ANY)->arg.flags = PARLEY_NONBLOCK;
				ASSERT_EQ(-EAGAIN, op_run(&recv));
			}
			ASSERT_EQ(-EOPNOTSUPP, cart_join(&self->cart));
			/* That one had a thread, whose stack stays. */
			if (i == 2)
				self->mine = belongings();
		}
	}
	close(mute.fd);
	self->mine.fds--;
}

static int vm_call(struct task me, __s32 type, const void *payload, __u32 len, __u64 *word)
{
	struct op op;
	int err;

	op_call(&op, me, PARLEY_TASK_VM, type, len);
	memcpy(op.out.payload, payload, len);
	err = op_run(&op);
	memcpy(word, op.in.payload, sizeof(*word));
	return err ?: op.in.type == type ? 0 : op.in.type;
}

TEST_F_TIMEOUT(cargo, buffers, TIMEOUT)
{
	struct parley_ool_recv recv = { PTR(in.at), BYTES };
	struct parley_ool_send send = { 0, 0, PTR(out.at), BYTES };
	struct parley_ool_verify verify = { self->client.id, 0, 0, BYTES };
	struct task reader = task_open();
	__u64 at;

	send.dst = reader.id;
	while (more(self)) {
		ASSERT_EQ(0, vm_call(reader, PARLEY_OOL_RECV, &recv, sizeof(recv), &at));
		ASSERT_EQ(0, vm_call(self->client, PARLEY_OOL_SEND, &send, sizeof(send),
				     (__u64 *)&verify.id));
		ASSERT_EQ(0, vm_call(reader, PARLEY_OOL_VERIFY, &verify, sizeof(verify), &at));
		ASSERT_EQ(PTR(in.at), at);
	}
	close(reader.fd);
}

TEST_HARNESS_MAIN
