// SPDX-License-Identifier: GPL-2.0
/*
 * EDEADLK: whoever closes a cycle of waits is told, alone, and the others go on
 * waiting; and nobody is told of a cycle that is none.
 */
#include "ring.h"

/**
 * struct way - a way to wait for another
 * @begin: what the one that waits does
 * @end: what the other does to end it
 */
static const struct way {
	const char *name;
	act_t begin, end;
} ways[] = {
	{ "call", act_call, act_serve },
	{ "send", act_send, act_serve },
	{ "listen", act_listen, act_send },
};

#define WAYS_END (ways + ARRAY_SIZE(ways))

static const struct way *const call = &ways[0], *const listen_to = &ways[2];

/* Member after member waits for the next one, but for the last. */
static bool chain(const struct way *way)
{
	for (int i = 0; i < ring->members - 1; i++) {
		ring_order(i, way->begin, ring_id(i + 1));
		if (!ring_waits(i))
			return false;
	}
	return true;
}

/* Nobody in the chain has been told of anything; now it unwinds from its end. */
static bool unwind(const struct way *way)
{
	for (int i = ring->members - 2; i >= 0; i--) {
		if (!ring_waits(i) || ring_run(i + 1, way->end, ring_id(i)) || ring_result(i))
			return false;
	}
	return true;
}

static bool nothing_is_left(void)
{
	for (int i = 0; i < ring->members; i++)
		if (ring_run(i, act_look, 0) != -EAGAIN)
			return false;
	return true;
}

/* Two of which one listens to the other, who sends, are no cycle. */
static bool is_cycle(const struct way *way, const struct way *closing)
{
	return ring->members != 2 || (way == listen_to) == (closing == listen_to);
}

FIXTURE(cycle)
{
};

FIXTURE_VARIANT(cycle)
{
	int members;
};

FIXTURE_VARIANT_ADD(cycle, of_1) { .members = 1 };
FIXTURE_VARIANT_ADD(cycle, of_2) { .members = 2 };
FIXTURE_VARIANT_ADD(cycle, of_3) { .members = 3 };
FIXTURE_VARIANT_ADD(cycle, of_16) { .members = 16 };

FIXTURE_SETUP(cycle)
{
	ring_start(variant->members);
}

FIXTURE_TEARDOWN(cycle)
{
}

TEST_F(cycle, every_way)
{
	int last = ring->members - 1;

	for (const struct way *way = ways; way < WAYS_END; way++) {
		for (const struct way *closing = ways; closing < WAYS_END; closing++) {
			if (!is_cycle(way, closing))
				continue;
			ASSERT_TRUE(chain(way));
			ASSERT_EQ(-EDEADLK, ring_run(last, closing->begin, ring_id(0)))
				TH_LOG("%s, closed by %s", way->name, closing->name);
			ASSERT_TRUE(unwind(way));
			ASSERT_TRUE(nothing_is_left());
		}
	}
}

/* Each has taken the request of the one before. */
TEST_F(cycle, requests_in_hand)
{
	int last = ring->members - 1;

	for (int i = 0; i < last; i++) {
		ring_order(i, act_call, ring_id(i + 1));
		ASSERT_EQ(0, ring_run(i + 1, act_take, ring_id(i)));
	}
	for (const struct way *closing = ways; closing < WAYS_END; closing++) {
		EXPECT_EQ(-EDEADLK, ring_run(last, closing->begin, ring_id(0)))
			TH_LOG("closed by %s", closing->name);
	}
	for (int i = last - 1; i >= 0; i--) {
		ASSERT_TRUE(ring_waits(i));
		ASSERT_EQ(0, ring_run(i + 1, act_answer, 0));
		ASSERT_EQ(0, ring_result(i));
	}
	EXPECT_TRUE(nothing_is_left());
}

/* The closer may try again, as often as it likes. */
TEST_F(cycle, again_and_again)
{
	ASSERT_TRUE(chain(call));
	for (int i = 0; i < 100; i++)
		ASSERT_EQ(-EDEADLK, ring_run(ring->members - 1, act_call, ring_id(0)));
	EXPECT_TRUE(unwind(call));
	EXPECT_TRUE(nothing_is_left());
}

/* Who wouldn't wait anyway, or not for ever, is not told. */
TEST_F(cycle, closer_does_not_wait)
{
	int last = ring->members - 1;

	ASSERT_TRUE(chain(call));
	EXPECT_EQ(-EAGAIN, ring_run(last, act_call_now, ring_id(0)));
	EXPECT_EQ(-EAGAIN, ring_run(last, act_send_now, ring_id(0)));
	EXPECT_EQ(-ETIMEDOUT, ring_run(last, act_call_briefly, ring_id(0)));
	EXPECT_EQ(-ETIMEDOUT, ring_run(last, act_send_briefly, ring_id(0)));
	if (ring->members != 2) {
		EXPECT_EQ(-EAGAIN, ring_run(last, act_listen_now, ring_id(0)));
		EXPECT_EQ(-ETIMEDOUT, ring_run(last, act_listen_briefly, ring_id(0)));
	}
	EXPECT_TRUE(unwind(call));
	EXPECT_TRUE(nothing_is_left());
}

/* One has a deadline: it is what ends the cycle. */
static void deadline_ends_it(struct __test_metadata *_metadata, act_t brief)
{
	ring_order(1, brief, ring_id(2));
	ring_waits(1);
	ring_order(0, act_call, ring_id(1));
	ASSERT_TRUE(ring_waits(0));
	ring_order(2, act_call, ring_id(0));
	EXPECT_EQ(-ETIMEDOUT, ring_result(1));
	EXPECT_TRUE(ring_waits(0));
	EXPECT_TRUE(ring_waits(2));
	EXPECT_EQ(0, ring_run(1, act_serve, ring_id(0)));
	EXPECT_EQ(0, ring_result(0));
	EXPECT_EQ(0, ring_run(0, act_serve, ring_id(2)));
	EXPECT_EQ(0, ring_result(2));
	EXPECT_TRUE(nothing_is_left());
}

TEST(no_cycle_with_a_deadline)
{
	ring_start(3);
	deadline_ends_it(_metadata, act_call_briefly);
	deadline_ends_it(_metadata, act_send_briefly);
	deadline_ends_it(_metadata, act_listen_briefly);
}

/* A server is called, whose client is called by it: somebody else serves there. */
static void somebody_serves(struct __test_metadata *_metadata, act_t have_somebody)
{
	ring_start(3);
	ASSERT_EQ(0, ring_run(0, have_somebody, 0));
	ASSERT_TRUE(chain(call));
	ring_order(2, act_call, ring_id(0));
	ASSERT_TRUE(ring_waits(2));
	EXPECT_EQ(0, sem_post(&ring->serve));
	EXPECT_EQ(0, ring_result(2));
	EXPECT_TRUE(unwind(call));
}

TEST(no_cycle_with_a_second_thread)
{
	somebody_serves(_metadata, act_have_thread);
}

TEST(no_cycle_with_a_sibling)
{
	somebody_serves(_metadata, act_have_sibling);
}

TEST(no_cycle_of_one_with_a_second_thread)
{
	ring_start(1);
	ASSERT_EQ(0, ring_run(0, act_have_thread, 0));
	ring_order(0, act_call, ring_id(0));
	ASSERT_TRUE(ring_waits(0));
	EXPECT_EQ(0, sem_post(&ring->serve));
	EXPECT_EQ(0, ring_result(0));
}

TEST(cycle_after_the_second_thread_has_gone)
{
	ring_start(2);
	ASSERT_EQ(0, ring_run(0, act_have_had_thread, 0));
	ASSERT_TRUE(chain(call));
	EXPECT_EQ(-EDEADLK, ring_run(1, act_call, ring_id(0)));
	EXPECT_TRUE(unwind(call));
}

TEST(no_cycle_through_vfork)
{
	ring_start(2);
	ring_order(0, act_vfork_and_call, ring_id(1));
	while (!ring->sibling || !ring_asleep(ring->sibling))
		sched_yield();
	ring_order(1, act_call, ring_id(0));
	ASSERT_TRUE(ring_waits(1));
	ASSERT_EQ(0, kill(ring->sibling, SIGKILL));
	EXPECT_EQ(SIGKILL, ring_result(0));
	EXPECT_EQ(0, ring_run(0, act_serve, ring_id(1)));
	EXPECT_EQ(0, ring_result(1));
}

/* Who listens to the one that sends is no obstacle to it. */
TEST(no_cycle_with_a_receiver)
{
	ring_start(2);
	ring_order(0, act_listen, ring_id(1));
	ASSERT_TRUE(ring_waits(0));
	EXPECT_EQ(0, ring_run(1, act_send, ring_id(0)));
	EXPECT_EQ(0, ring_result(0));

	ring_order(0, act_listen, ring_id(1));
	ASSERT_TRUE(ring_waits(0));
	ring_order(1, act_call, ring_id(0));
	EXPECT_EQ(0, ring_result(0));
	ASSERT_TRUE(ring_waits(1));
	EXPECT_EQ(0, ring_run(0, act_answer, 0));
	EXPECT_EQ(0, ring_result(1));

	ring_order(1, act_call, ring_id(0));
	ASSERT_TRUE(ring_waits(1));
	EXPECT_EQ(0, ring_run(0, act_listen, ring_id(1)));
	EXPECT_EQ(0, ring_run(0, act_answer, 0));
	EXPECT_EQ(0, ring_result(1));
}

/* A chain is no cycle, and neither is one that leads to somebody at work. */
TEST(no_cycle_in_a_chain)
{
	ring_start(RING_MAX);
	for (const struct way *way = ways; way < WAYS_END; way++) {
		ASSERT_TRUE(chain(way));
		ASSERT_TRUE(unwind(way));
	}
	EXPECT_TRUE(nothing_is_left());
}

/* Two call a third, which has called one of them: only that one is a cycle. */
TEST(cycle_that_others_wait_for)
{
	ring_start(3);
	ring_order(1, act_call, ring_id(0));
	ASSERT_TRUE(ring_waits(1));
	ring_order(2, act_call, ring_id(0));
	ASSERT_TRUE(ring_waits(2));
	EXPECT_EQ(-EDEADLK, ring_run(0, act_call, ring_id(1)));
	EXPECT_EQ(-EDEADLK, ring_run(0, act_send, ring_id(2)));
	EXPECT_EQ(0, ring_run(0, act_serve, ring_id(1)));
	EXPECT_EQ(0, ring_run(0, act_serve, ring_id(2)));
	EXPECT_EQ(0, ring_result(1));
	EXPECT_EQ(0, ring_result(2));
}

/* A process with two tasks waits with all of them. */
TEST(cycle_through_different_tasks)
{
	__s32 first, other;

	ring_start(3);
	first = ring_id(0);
	other = ring_run(0, act_open, 0);
	ASSERT_LT(0, other);
	for (int i = 0; i < 2; i++) {
		ASSERT_TRUE(chain(call));
		EXPECT_EQ(-EDEADLK, ring_run(2, act_call, other));
		EXPECT_EQ(-EDEADLK, ring_run(2, act_send, other));
		EXPECT_EQ(-EDEADLK, ring_run(2, act_listen, other));
		EXPECT_TRUE(unwind(call));
		ASSERT_EQ(0, ring_run(0, act_swap, 0));
		ring->peer[0].id = other;
		other = first;
	}
}

/* One's own other task, too. */
TEST(cycle_of_one_through_different_tasks)
{
	__s32 other;

	ring_start(1);
	other = ring_run(0, act_open, 0);
	ASSERT_LT(0, other);
	EXPECT_EQ(-EDEADLK, ring_run(0, act_call, other));
	EXPECT_EQ(-EDEADLK, ring_run(0, act_send, other));
	EXPECT_EQ(-EDEADLK, ring_run(0, act_listen, other));
}

/* In its handler a process doesn't wait. It finds the cycle when it comes back. */
static void comes_back(struct __test_metadata *_metadata, bool taken)
{
	ring_start(2);
	ASSERT_EQ(0, ring_run(0, act_handle, 0));
	ring_order(0, act_call, ring_id(1));
	ASSERT_TRUE(ring_waits(0));
	ASSERT_EQ(0, taken ? ring_run(1, act_take, ring_id(0)) : 0);
	ASSERT_EQ(0, kill(ring->peer[0].pid, SIGUSR1));
	while (!ring->handling)
		sched_yield();
	ring_order(1, act_call, ring_id(0));
	ASSERT_TRUE(ring_waits(1));
	ASSERT_EQ(0, sem_post(&ring->handled));
	EXPECT_EQ(-EDEADLK, ring_result(0));
	ASSERT_TRUE(ring_waits(1));
	EXPECT_EQ(0, ring_run(0, act_serve, ring_id(1)));
	EXPECT_EQ(0, ring_result(1));
	EXPECT_EQ(-ENOENT, taken ? ring_run(1, act_answer, 0) : -ENOENT);
	EXPECT_TRUE(nothing_is_left());
}

TEST(handler_is_no_wait)
{
	comes_back(_metadata, false);
}

TEST(handler_is_no_wait_with_the_request_taken)
{
	comes_back(_metadata, true);
}

TEST(stop_is_no_wait)
{
	char stat[256], *state;

	ring_start(2);
	ASSERT_TRUE(chain(call));
	ASSERT_EQ(0, kill(ring->peer[0].pid, SIGSTOP));
	do {
		thread_read(ring->peer[0].pid, ring->peer[0].pid, "stat", stat, sizeof(stat));
		state = strrchr(stat, ')');
		ASSERT_NE(NULL, state);
	} while (state[2] != 'T');
	ring_order(1, act_call, ring_id(0));
	ASSERT_TRUE(ring_waits(1));
	ASSERT_EQ(0, kill(ring->peer[0].pid, SIGCONT));
	EXPECT_EQ(-EDEADLK, ring_result(0));
	ASSERT_TRUE(ring_waits(1));
	EXPECT_EQ(0, ring_run(0, act_serve, ring_id(1)));
	EXPECT_EQ(0, ring_result(1));
	EXPECT_TRUE(nothing_is_left());
}

/* With the one who waits dies the wait. */
TEST(no_cycle_through_the_dead)
{
	ring_start(3);
	ASSERT_TRUE(chain(call));
	peer_kill(&ring->peer[1]);
	EXPECT_EQ(-ENOTCONN, ring_result(0));
	ring_order(0, act_serve, ring_id(2));
	EXPECT_EQ(0, ring_run(2, act_call, ring_id(0)));
	EXPECT_EQ(0, ring_result(0));
}

TEST_HARNESS_MAIN
