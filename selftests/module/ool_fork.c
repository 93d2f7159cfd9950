// SPDX-License-Identifier: GPL-2.0
/*
 * Out-of-line payload and fork(): memory that is shared until it is written
 * stays the parent's own where the kernel has its pages pinned.
 */
#include "cargo.h"

#define BYTES	(3 * PAGE)

FIXTURE(fork)
{
	struct task client, server;
	struct cart call, recv, reply;
	struct area out, in;
};

FIXTURE_SETUP(fork)
{
	self->client = task_open();
	self->server = task_open();
	self->out = area_filled(BYTES, 10, 9);
	self->in = area_make(BYTES, 20);
}

FIXTURE_TEARDOWN(fork)
{
}

static struct area *watched;

/* Says whether its copy of the memory is untouched, when asked. */
static void look(int ctl, void *arg)
{
	(void)arg;
	tell(ctl, 0);
	hear(ctl);
	tell(ctl, area_untouched(watched));
	hear(ctl);
}

static void overwrite(int ctl, void *arg)
{
	(void)arg;
	memset(watched->start, 3, watched->size);
	tell(ctl, 0);
	hear(ctl);
}

/* The child writes its copies: what the parent sends is the parent's. */
TEST_F(fork, child_writes_what_is_queued)
{
	struct peer child;

	cart_call(&self->call, self->client, self->server.id, 1);
	cart_park(cart_load(&self->call, self->out.at, BYTES));
	watched = &self->out;
	child = peer_start(overwrite, NULL);
	cart_recv(&self->recv, self->server, PARLEY_ANY);
	ASSERT_EQ(0, cart_run(cart_room(&self->recv, self->in.at, BYTES)));
	EXPECT_TRUE(area_holds(&self->in, 9, BYTES));
	EXPECT_TRUE(area_holds(&self->out, 9, BYTES));
	tell(child.ctl, 0);
	EXPECT_EQ(0, peer_join(&child));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	EXPECT_EQ(0, cart_run(&self->reply));
	EXPECT_EQ(0, cart_join(&self->call));
}

static void make_child(struct _test_data_fork *self, struct peer *child, bool write)
{
	watched = &self->in;
	*child = peer_start(look, NULL);
	/* Whoever writes first gets the copy: it must not be us. */
	if (write)
		for (size_t i = 0; i < self->in.size; i += PAGE)
			self->in.start[i] = UNTOUCHED;
}

static void finish(struct __test_metadata *_metadata, struct _test_data_fork *self,
		   struct peer *child)
{
	ASSERT_EQ(0, cart_run(cart_recv(&self->recv, self->server, PARLEY_ANY)));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	ASSERT_EQ(0, cart_run(cart_load(&self->reply, self->out.at, BYTES)));
	ASSERT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(area_holds(&self->in, 9, BYTES));
	tell(child->ctl, 0);
	EXPECT_TRUE(hear(child->ctl));
	tell(child->ctl, 0);
	EXPECT_EQ(0, peer_join(child));
}

/* A result comes where the caller sees it, and the child doesn't. */
TEST_F(fork, child_made_during_a_call)
{
	struct peer child;

	cart_call(&self->call, self->client, self->server.id, 1);
	cart_park(cart_room(&self->call, self->in.at, BYTES));
	make_child(self, &child, false);
	finish(_metadata, self, &child);
}

TEST_F(fork, child_made_during_a_call_and_memory_written)
{
	struct peer child;

	cart_call(&self->call, self->client, self->server.id, 1);
	cart_park(cart_room(&self->call, self->in.at, BYTES));
	make_child(self, &child, true);
	finish(_metadata, self, &child);
}

TEST_F(fork, child_made_before_a_call)
{
	struct peer child;

	make_child(self, &child, false);
	cart_call(&self->call, self->client, self->server.id, 1);
	cart_park(cart_room(&self->call, self->in.at, BYTES));
	finish(_metadata, self, &child);
}

/* A receiver's memory, shared with a child, is the receiver's alone once written. */
TEST_F(fork, child_of_a_receiver)
{
	struct peer child;

	make_child(self, &child, false);
	cart_call(&self->call, self->client, self->server.id, 1);
	cart_park(cart_load(&self->call, self->out.at, BYTES));
	cart_recv(&self->recv, self->server, PARLEY_ANY);
	ASSERT_EQ(0, cart_run(cart_room(&self->recv, self->in.at, BYTES)));
	EXPECT_TRUE(area_holds(&self->in, 9, BYTES));
	tell(child.ctl, 0);
	EXPECT_TRUE(hear(child.ctl));
	tell(child.ctl, 0);
	EXPECT_EQ(0, peer_join(&child));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	EXPECT_EQ(0, cart_run(&self->reply));
	EXPECT_EQ(0, cart_join(&self->call));
}

/* The child of a thread that is in the middle of a call has none of it. */
TEST_F(fork, child_outlives_the_caller)
{
	struct peer child;

	cart_call(&self->call, self->client, self->server.id, 1);
	cart_load(&self->call, self->out.at, BYTES);
	cart_park(cart_room(&self->call, self->in.at, BYTES));
	watched = &self->out;
	child = peer_start(overwrite, NULL);
	ASSERT_EQ(0, close(self->client.fd));
	/* The thread in the call keeps it going. */
	cart_recv(&self->recv, self->server, PARLEY_ANY);
	ASSERT_EQ(0, cart_run(cart_room(&self->recv, self->in.at, BYTES)));
	EXPECT_TRUE(area_holds(&self->in, 9, BYTES));
	tell(child.ctl, 0);
	EXPECT_EQ(0, peer_join(&child));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	EXPECT_EQ(0, cart_run(&self->reply));
	EXPECT_EQ(0, cart_join(&self->call));
}

/* Sends what it shares with its parent, and has it no more when it is received. */
static void send_and_unmap(int ctl, void *arg)
{
	struct _test_data_fork *self = arg;
	struct task me = task_open();

	cart_call(&self->call, me, self->server.id, 1);
	cart_park(cart_load(&self->call, self->out.at, BYTES));
	CHECK_EQ(0, munmap(self->out.start, HUGE));
	tell(ctl, me.id);
	CHECK_EQ(0, cart_join(&self->call));
}

/* A huge page is its last owner's to write to: but then what was sent is another. */
TEST_F(fork, child_sends_a_huge_page)
{
	struct peer child;
	void *huge;

	huge_pages_set(2);
	huge = mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
		    -1, 0);
	if (huge == MAP_FAILED)
		SKIP(return, "no huge pages");
	self->out = area_in(huge, BYTES, 10);
	area_fill(&self->out, 9);
	child = peer_start(send_and_unmap, self);
	area_fill(&self->out, 10);
	cart_recv(&self->recv, self->server, PARLEY_ANY);
	ASSERT_EQ(0, cart_run(cart_room(&self->recv, self->in.at, BYTES)));
	EXPECT_TRUE(area_holds(&self->in, 9, BYTES));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	EXPECT_EQ(0, cart_run(&self->reply));
	EXPECT_EQ(0, peer_join(&child));
	ASSERT_EQ(0, munmap(huge, HUGE));
	huge_pages_set(0);
}

TEST_HARNESS_MAIN
