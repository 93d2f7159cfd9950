// SPDX-License-Identifier: GPL-2.0
/* A server that hangs costs its clients time, and nothing of what is theirs. */
#include "usage.h"
#include "rights.h"

#define MAX	8
#define CALLS	(5 * MAX)

FIXTURE(hung)
{
	struct peer server, client, other;
};

FIXTURE_SETUP(hung)
{
	self->server = actor_start(&alice);
	self->client = actor_start(&bob);
	self->other = actor_start(&root);
	ASSERT_EQ(0, actor_do(&self->server, do_mode, 0, 0666));
	ASSERT_EQ(0, actor_do(&self->other, do_mode, 0, 0666));
	max_set("messages", MAX);
}

FIXTURE_TEARDOWN(hung)
{
	actors_end();
	maxima_restore();
}

DEED(do_call_briefly, peer, times)
{
	struct op op;

	for (int i = 0; i < times; i++) {
		op_call(&op, me, peer, 6, 8)->arg.deadline = now() + MS;
		CHECK_EQ(-ETIMEDOUT, op_run(&op));
		op_send(&op, me, peer, 6, 8)->arg.deadline = now() + MS;
		CHECK_EQ(-ETIMEDOUT, op_run(&op));
	}
	return 0;
}

/* It doesn't even receive. */
TEST_F(hung, server_that_takes_nothing)
{
	__u32 used;

	EXPECT_EQ(0, actor_do(&self->client, do_call_briefly, self->server.id, 1));
	used = usage_of(BOB, "messages").used;
	EXPECT_EQ(0, actor_do(&self->client, do_call_briefly, self->server.id, CALLS));
	EXPECT_EQ(used, usage_of(BOB, "messages").used);
	EXPECT_EQ(0ULL, usage_of(BOB, "messages").hits);
	EXPECT_EQ(0U, usage_of(ALICE, "messages").used);
}

static void interrupt_handler(int sig)
{
	(void)sig;
}

DEED(do_handle, peer, arg)
{
	struct sigaction action = { .sa_handler = interrupt_handler };

	return sigaction(SIGUSR1, &action, NULL) ? -errno : 0;
}

/* How many messages CANCELLED are there, after the bit that tells of them? */
DEED(do_hear_cancelled, peer, arg)
{
	__s32 cancelled = 0;
	struct op op;

	CHECK_EQ(0, op_run(op_poll(&op, me, peer)));
	CHECK(op_got_bits(&op, PARLEY_NOTIFY_ABORTED));
	while (!op_run(op_poll(&op, me, peer))) {
		CHECK_EQ(PARLEY_TASK_KERNEL, op.in.src);
		CHECK_EQ(PARLEY_GLOBAL_CANCELLED, op.in.type);
		cancelled++;
	}
	CHECK_EQ(-EAGAIN, op.ret);
	return cancelled;
}

/* The client's call is taken by the server, and then given up. */
static int call_in_vain(struct _test_data_hung *self)
{
	actor_park(&self->client, do_call, self->server.id, 6);
	CHECK_EQ(6, actor_do(&self->server, do_take, self->client.id, 0));
	peer_await(&self->client);
	CHECK_EQ(0, kill(self->client.pid, SIGUSR1));
	return hear(self->client.ctl);
}

/*
 * It takes requests and listens to nothing else, so what the kernel has to tell
 * it adds up: to its own user's debit, and to his limit. It is told that there
 * was more, though not what.
 */
TEST_F(hung, server_that_does_not_hear_of_cancellation)
{
	__u32 client;

	ASSERT_EQ(0, actor_do(&self->client, do_handle, 0, 0));
	ASSERT_EQ(0, actor_do(&self->client, do_reach, self->other.id, 0));
	client = usage_of(BOB, "messages").used;
	for (__u32 i = 1; i <= CALLS; i++) {
		ASSERT_EQ(-EINTR, call_in_vain(self));
		ASSERT_GE(client, usage_of(BOB, "messages").used);
		ASSERT_EQ(i < MAX ? i : MAX, usage_of(ALICE, "messages").used);
	}
	EXPECT_EQ(0ULL, usage_of(BOB, "messages").hits);
	EXPECT_EQ((__u64)CALLS - MAX, usage_of(ALICE, "messages").hits);
	EXPECT_EQ(-EDQUOT, actor_do(&self->server, do_call, self->other.id, 6));
	EXPECT_EQ(0, actor_do(&self->client, do_reach, self->other.id, 0));

	EXPECT_EQ(MAX, actor_do(&self->server, do_hear_cancelled, PARLEY_ANY, 0));
	EXPECT_EQ(0U, usage_of(ALICE, "messages").used);
	EXPECT_EQ(0, actor_do(&self->server, do_reach, self->other.id, 0));
}

TEST_F(hung, server_that_dies_without_having_heard)
{
	struct peer next = actor_start(&alice);

	ASSERT_EQ(0, actor_do(&self->client, do_handle, 0, 0));
	for (__u32 i = 1; i <= CALLS; i++)
		ASSERT_EQ(-EINTR, call_in_vain(self));
	ASSERT_EQ(-EDQUOT, actor_do(&next, do_call, self->other.id, 6));
	peer_kill(&self->server);
	while (usage_of(ALICE, "messages").used)
		sched_yield();
	EXPECT_EQ(0, actor_do(&next, do_reach, self->other.id, 0));
}

/* A request in its hands that it keeps is its caller's, who waits for it. */
TEST_F(hung, server_that_does_not_answer)
{
	struct peer callers[MAX];

	for (int i = 0; i < MAX; i++) {
		callers[i] = actor_start(&bob);
		actor_park(&callers[i], do_call, self->server.id, 6);
		ASSERT_EQ(6, actor_do(&self->server, do_take, PARLEY_ANY, 0));
	}
	EXPECT_EQ((__u32)MAX, usage_of(BOB, "messages").used);
	EXPECT_EQ(0U, usage_of(ALICE, "messages").used);
	EXPECT_EQ(-EDQUOT, actor_do(&self->client, do_call, self->server.id, 6));
	EXPECT_EQ(0, actor_do(&self->server, do_reach, self->other.id, 0));
	peer_kill(&callers[0]);
	actor_park(&self->client, do_call, self->server.id, 8);
}

TEST_HARNESS_MAIN
