// SPDX-License-Identifier: GPL-2.0
/*
 * Out-of-line payload in memory that isn't there, may not be used, or is taken
 * away under way: whose memory it is gets the fault, and nobody else.
 */
#include "cargo.h"

#define BYTES	(3 * PAGE)
#define FLAT	10	/* offset, of everything here */

FIXTURE(fault)
{
	struct task client, server;
	struct cart call, recv, reply;
	struct area out, in;
	long long pinned;
};

FIXTURE_SETUP(fault)
{
	self->client = task_open();
	self->server = task_open();
	self->out = area_filled(BYTES, FLAT, 9);
	self->in = area_make(BYTES, FLAT);
	self->pinned = pages_pinned();
}

FIXTURE_TEARDOWN(fault)
{
	EXPECT_TRUE(pages_let_go(self->pinned));
}

static struct cart *call(struct _test_data_fault *self)
{
	cart_call(&self->call, self->client, self->server.id, 1);
	return cart_load(&self->call, self->out.at, BYTES);
}

static struct cart *receive(struct _test_data_fault *self)
{
	return cart_room(cart_recv(&self->recv, self->server, PARLEY_ANY), self->in.at, BYTES);
}

static struct cart *reply(struct _test_data_fault *self)
{
	return cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
}

/* The message arrives, and the call ends well. */
static bool works(struct _test_data_fault *self)
{
	return !cart_run(receive(self)) &&
	       cart_got_ool(&self->recv, self->client.id, 1, BYTES, 0) &&
	       !cart_run(reply(self)) && !cart_join(&self->call);
}

/* Nothing is there to be received, and nothing was told to the receiver. */
static bool nothing_came(struct _test_data_fault *self)
{
	struct op recv;

	return op_run(op_poll(&recv, self->server, PARLEY_ANY)) == -EAGAIN;
}

/* Ways to take memory away, or a part of it. */

static void unmap(void *at, size_t len)
{
	CHECK_EQ(0, munmap(at, len));
}

static void protect(void *at, size_t len)
{
	CHECK_EQ(0, mprotect(at, len, PROT_NONE));
}

static void protect_write(void *at, size_t len)
{
	CHECK_EQ(0, mprotect(at, len, PROT_READ));
}

/* Beyond the end of a file, where there is no page to be had. */
static void map_nothing(void *at, size_t len)
{
	CHECK(mmap(at, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memfd("empty", 0, 0),
		   0) == at);
}

FIXTURE(away)
{
	struct _test_data_fault fault;
};

FIXTURE_VARIANT(away)
{
	void (*take)(void *at, size_t len);
	size_t page, pages;	/* of area.start's */
	bool readable;
};

FIXTURE_VARIANT_ADD(away, unmapped) {
	.take = unmap, .page = 1, .pages = 4,
};

FIXTURE_VARIANT_ADD(away, first_page_unmapped) {
	.take = unmap, .page = 1, .pages = 1,
};

FIXTURE_VARIANT_ADD(away, middle_page_unmapped) {
	.take = unmap, .page = 2, .pages = 1,
};

FIXTURE_VARIANT_ADD(away, last_page_unmapped) {
	.take = unmap, .page = 4, .pages = 1,
};

FIXTURE_VARIANT_ADD(away, last_page_protected) {
	.take = protect, .page = 4, .pages = 1,
};

FIXTURE_VARIANT_ADD(away, last_page_of_no_file) {
	.take = map_nothing, .page = 4, .pages = 1,
};

FIXTURE_VARIANT_ADD(away, last_page_read_only) {
	.take = protect_write, .page = 4, .pages = 1, .readable = true,
};

FIXTURE_VARIANT_ADD(away, read_only) {
	.take = protect_write, .page = 0, .pages = 6, .readable = true,
};

FIXTURE_SETUP(away)
{
	fault_setup(_metadata, &self->fault, NULL);
}

FIXTURE_TEARDOWN(away)
{
	fault_teardown(_metadata, &self->fault, NULL);
}

static void take(const struct _fixture_variant_away *variant, const struct area *area)
{
	variant->take(area->start + variant->page * PAGE, variant->pages * PAGE);
}

/* To read is all it takes to send. */
TEST_F(away, before_it_is_sent)
{
	take(variant, &self->fault.out);
	if (variant->readable) {
		cart_park(call(&self->fault));
		EXPECT_TRUE(works(&self->fault));
		EXPECT_TRUE(area_holds(&self->fault.in, 9, BYTES));
		return;
	}
	EXPECT_EQ(-EFAULT, cart_run(call(&self->fault)));
	EXPECT_EQ(0ULL, cart_token(&self->fault.call));
	cart_send(&self->fault.call, self->fault.client, self->fault.server.id, 1);
	cart_load(&self->fault.call, self->fault.out.at, BYTES);
	EXPECT_EQ(-EFAULT, cart_run(&self->fault.call));
	EXPECT_TRUE(nothing_came(&self->fault));
}

/* Before a receiver that already waits gets to know of it, too. */
TEST_F(away, before_it_is_sent_to_one_who_waits)
{
	struct op send;

	if (variant->readable)
		return;
	take(variant, &self->fault.out);
	cart_park(receive(&self->fault));
	EXPECT_EQ(-EFAULT, cart_run(call(&self->fault)));
	op_await(&self->fault.recv.op);
	EXPECT_EQ(0, op_run(op_send(&send, self->fault.client, self->fault.server.id, 5, 8)));
	EXPECT_EQ(0, cart_join(&self->fault.recv));
	EXPECT_TRUE(op_got(&self->fault.recv.op, self->fault.client.id, 5, 8));
}

TEST_F(away, after_it_was_sent)
{
	cart_park(call(&self->fault));
	take(variant, &self->fault.out);
	EXPECT_TRUE(works(&self->fault));
	EXPECT_TRUE(area_holds(&self->fault.in, 9, BYTES));
}

/* The call fails before it begins. */
TEST_F(away, from_a_result)
{
	take(variant, &self->fault.in);
	cart_room(call(&self->fault), self->fault.in.at, BYTES);
	EXPECT_EQ(-EFAULT, cart_run(&self->fault.call));
	EXPECT_EQ(0ULL, cart_token(&self->fault.call));
	EXPECT_TRUE(nothing_came(&self->fault));
}

/* Neither the replier nor, having got the answer, the caller notices. */
TEST_F(away, from_a_result_meanwhile)
{
	struct _test_data_fault *fault = &self->fault;

	cart_call(&fault->call, fault->client, fault->server.id, 1);
	cart_park(cart_room(&fault->call, fault->in.at, BYTES));
	ASSERT_EQ(0, cart_run(cart_recv(&fault->recv, fault->server, PARLEY_ANY)));
	take(variant, &fault->in);
	ASSERT_EQ(0, cart_run(cart_load(reply(fault), fault->out.at, BYTES)));
	ASSERT_EQ(0, cart_join(&fault->call));
	EXPECT_TRUE(cart_got_ool(&fault->call, fault->server.id, 2, BYTES, 0));
	if (variant->readable)
		EXPECT_TRUE(area_holds(&fault->in, 9, BYTES));
}

/* The receiver's fault is its own: the message waits for it to do better. */
TEST_F(away, from_a_receiver)
{
	struct _test_data_fault *fault = &self->fault;

	cart_park(call(fault));
	take(variant, &fault->in);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-EFAULT, cart_run(receive(fault)));
		op_await(&fault->call.op);
	}
	fault->in = area_make(BYTES, FLAT);
	EXPECT_TRUE(works(fault));
	EXPECT_TRUE(area_holds(&fault->in, 9, BYTES));
}

TEST_F(away, from_a_receiver_that_waits)
{
	struct _test_data_fault *fault = &self->fault;

	take(variant, &fault->in);
	cart_park(receive(fault));
	cart_start(call(fault));
	EXPECT_EQ(-EFAULT, cart_join(&fault->recv));
	op_await(&fault->call.op);
	fault->in = area_make(BYTES, FLAT);
	EXPECT_TRUE(works(fault));
	EXPECT_TRUE(area_holds(&fault->in, 9, BYTES));
}

/* The token is good until it is spent. */
TEST_F(away, before_it_is_replied)
{
	struct _test_data_fault *fault = &self->fault;

	if (variant->readable)
		return;
	cart_call(&fault->call, fault->client, fault->server.id, 1);
	cart_park(cart_room(&fault->call, fault->in.at, BYTES));
	ASSERT_EQ(0, cart_run(cart_recv(&fault->recv, fault->server, PARLEY_ANY)));
	take(variant, &fault->out);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-EFAULT, cart_run(cart_load(reply(fault), fault->out.at, BYTES)));
		op_await(&fault->call.op);
	}
	fault->out = area_filled(BYTES, 0, 11);
	ASSERT_EQ(0, cart_run(cart_load(reply(fault), fault->out.at, BYTES)));
	ASSERT_EQ(0, cart_join(&fault->call));
	EXPECT_TRUE(area_holds(&fault->in, 11, BYTES));
}

/* What it is when it arrives is anybody's guess, but arrive it does. */
TEST_F(fault, changed_while_it_is_queued)
{
	cart_park(call(self));
	area_fill(&self->out, 77);
	ASSERT_TRUE(works(self));
	for (size_t i = 0; i < BYTES; i++)
		ASSERT_TRUE(self->in.at[i] == area_byte(9, i) ||
			    self->in.at[i] == area_byte(77, i));
	EXPECT_TRUE(bytes_untouched(self->in.start, self->in.at));
}

/* The file under a mapping is cut off: the page stays, for who has it pinned. */
TEST_F(fault, file_truncated_while_it_is_queued)
{
	int file = memfd("truncated", BYTES, 0);
	__u8 *at = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	ASSERT_NE(MAP_FAILED, at);
	bytes_fill(at, BYTES, 9);
	self->out.at = at;
	cart_park(call(self));
	ASSERT_EQ(0, ftruncate(file, 0));
	ASSERT_TRUE(works(self));
	/* Linux clears what it cuts off within a page, and leaves whole ones alone. */
	EXPECT_TRUE(area_holds(&self->in, 9, BYTES));
	EXPECT_EQ(-EFAULT, cart_run(call(self)));
}

/* Likewise a result: it goes nowhere, and doesn't make the file longer. */
TEST_F(fault, file_truncated_under_a_result)
{
	int file = memfd("truncated", BYTES, 0);
	struct stat stat;
	__u8 *at = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	ASSERT_NE(MAP_FAILED, at);
	cart_call(&self->call, self->client, self->server.id, 1);
	cart_park(cart_room(&self->call, at, BYTES));
	ASSERT_EQ(0, cart_run(cart_recv(&self->recv, self->server, PARLEY_ANY)));
	ASSERT_EQ(0, ftruncate(file, 0));
	ASSERT_EQ(0, cart_run(cart_load(reply(self), self->out.at, BYTES)));
	ASSERT_EQ(0, cart_join(&self->call));
	ASSERT_EQ(0, fstat(file, &stat));
	EXPECT_EQ(0, stat.st_size);
}

/* A result goes where the buffer was, not to what is mapped there since. */
TEST_F(fault, other_memory_in_place_of_a_result)
{
	cart_call(&self->call, self->client, self->server.id, 1);
	cart_park(cart_room(&self->call, self->in.at, BYTES));
	ASSERT_EQ(0, cart_run(cart_recv(&self->recv, self->server, PARLEY_ANY)));
	ASSERT_EQ(self->in.start, mmap(self->in.start, self->in.size, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	memset(self->in.start, UNTOUCHED, self->in.size);
	ASSERT_EQ(0, cart_run(cart_load(reply(self), self->out.at, BYTES)));
	ASSERT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(area_untouched(&self->in));
}

/* Memory that was never touched: zeros to send, and a result makes it there. */
TEST_F(fault, memory_not_there_yet)
{
	size_t size = BYTES + PAGE;
	__u8 *out = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	__u8 *in = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cart_call(&self->call, self->client, self->server.id, 1);
	cart_park(cart_room(cart_load(&self->call, out, BYTES), in, BYTES));
	ASSERT_EQ(0, cart_run(receive(self)));
	for (size_t i = 0; i < BYTES; i++)
		ASSERT_EQ(0, self->in.at[i]);
	ASSERT_EQ(0, cart_run(cart_load(reply(self), self->out.at, BYTES)));
	ASSERT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(bytes_are(in, BYTES, 9, 0));
	for (size_t i = 0; i < size; i++)
		ASSERT_EQ(0, out[i]);
}

/* A page of the zero page's mapping, read before, gets a page of its own. */
TEST_F(fault, result_over_the_zero_page)
{
	__u8 *in = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	__u8 *other = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; i < BYTES; i += PAGE)
		ASSERT_EQ(0, ((volatile __u8 *)in)[i]);
	cart_call(&self->call, self->client, self->server.id, 1);
	cart_park(cart_room(&self->call, in, BYTES));
	ASSERT_EQ(0, cart_run(cart_recv(&self->recv, self->server, PARLEY_ANY)));
	ASSERT_EQ(0, cart_run(cart_load(reply(self), self->out.at, BYTES)));
	ASSERT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(bytes_are(in, BYTES, 9, 0));
	EXPECT_EQ(0, *(volatile __u8 *)other);
}

/* A private mapping's result isn't the file's. */
TEST_F(fault, result_over_a_private_mapping)
{
	int file = memfd("private", BYTES, 0);
	__u8 *in = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	__u8 *shared = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, file, 0);

	cart_call(&self->call, self->client, self->server.id, 1);
	cart_park(cart_room(&self->call, in, BYTES));
	ASSERT_EQ(0, cart_run(cart_recv(&self->recv, self->server, PARLEY_ANY)));
	ASSERT_EQ(0, cart_run(cart_load(reply(self), self->out.at, BYTES)));
	ASSERT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(bytes_are(in, BYTES, 9, 0));
	for (size_t i = 0; i < BYTES; i++)
		ASSERT_EQ(0, shared[i]);
}

/* A page of the kernel's clock, which user space can read: not memory to be pinned. */
static void *find_vvar(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[256];
	void *at = NULL;

	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "[vvar]"))
			at = (void *)(uintptr_t)strtoull(line, NULL, 16);
	fclose(maps);
	return at;
}

TEST_F(fault, memory_that_cannot_be_pinned)
{
	void *vvar = find_vvar();

	if (!vvar)
		SKIP(return, "no [vvar]");
	cart_call(&self->call, self->client, self->server.id, 1);
	EXPECT_EQ(-EFAULT, cart_run(cart_load(&self->call, vvar, 64)));
	cart_call(&self->call, self->client, self->server.id, 1);
	EXPECT_EQ(-EFAULT, cart_run(cart_room(&self->call, vvar, 64)));
	EXPECT_TRUE(nothing_came(self));
}

/* After an error that comes late, the receiver has taken nothing. */
TEST_F(fault, cargo_cannot_be_written)
{
	struct parley_cargo *cargo = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int before = fds_open();

	ASSERT_NE(MAP_FAILED, (void *)cargo);
	cart_carry(call(self), PARLEY_CARGO_FD, 0, 0, 0);
	cart_park(&self->call);
	*cargo = cart_accept(receive(self), PARLEY_CARGO_FD)->cargo;
	ASSERT_EQ(0, mprotect(cargo, PAGE, PROT_READ));
	self->recv.op.arg.cargo = PTR(cargo);
	EXPECT_EQ(-EFAULT, cart_run(&self->recv));
	EXPECT_EQ(before, fds_open());
	op_await(&self->call.op);
	ASSERT_EQ(0, cart_run(cart_accept(receive(self), PARLEY_CARGO_FD)));
	EXPECT_TRUE(cart_got_ool(&self->recv, self->client.id, 1, BYTES, PARLEY_CARGO_FD));
	EXPECT_TRUE(area_holds(&self->in, 9, BYTES));
	EXPECT_EQ(before + 1, fds_open());
	EXPECT_EQ(0, cart_run(reply(self)));
	EXPECT_EQ(0, cart_join(&self->call));
}

TEST_HARNESS_MAIN
