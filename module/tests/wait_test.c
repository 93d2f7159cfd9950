// SPDX-License-Identifier: GPL-2.0

#include <kunit/test.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>

#include "wait.h"

static void wait_done_wins_over_deadline(struct kunit *test)
{
	struct parley_wait wait;

	parley_wait_init(&wait);
	KUNIT_EXPECT_PTR_EQ(test, parley_wait_finish(&wait),
			    parley_waker_current());
	KUNIT_EXPECT_EQ(test, parley_wait_sleep(&wait, 1), 0);
}

static void wait_ends_at_deadline(struct kunit *test)
{
	u64 deadline = ktime_get_ns() + 20 * NSEC_PER_MSEC;
	struct parley_wait wait;

	parley_wait_init(&wait);
	KUNIT_EXPECT_EQ(test, parley_wait_sleep(&wait, deadline), -ETIMEDOUT);
	KUNIT_EXPECT_GE(test, (u64)ktime_get_ns(), deadline);
	KUNIT_EXPECT_EQ(test, parley_wait_sleep(&wait, 1), -ETIMEDOUT);
}

static void wait_without_sleeper_wakes_nobody(struct kunit *test)
{
	struct parley_wait wait;

	parley_wait_init(&wait);
	wait.waker = NULL;
	KUNIT_EXPECT_NULL(test, parley_wait_finish(&wait));
	KUNIT_EXPECT_TRUE(test, wait.done);
}

struct bell {
	struct parley_alarm alarm;
	int rung;
};

static void bell_ring(struct parley_alarm *alarm)
{
	container_of(alarm, struct bell, alarm)->rung++;
}

static void wait_without_thread_rings_an_alarm(struct kunit *test)
{
	struct bell bell = { .alarm.ring = bell_ring };
	struct parley_wait wait;

	parley_wait_init(&wait);
	wait.waker = parley_waker_alarm(&bell.alarm);
	rcu_read_lock();
	parley_wake(parley_wait_finish(&wait));
	rcu_read_unlock();
	KUNIT_EXPECT_TRUE(test, wait.done);
	KUNIT_EXPECT_EQ(test, bell.rung, 1);
}

static struct kunit_case wait_cases[] = {
	KUNIT_CASE(wait_done_wins_over_deadline),
	KUNIT_CASE(wait_ends_at_deadline),
	KUNIT_CASE(wait_without_sleeper_wakes_nobody),
	KUNIT_CASE(wait_without_thread_rings_an_alarm),
	{}
};

static struct kunit_suite wait_suite = {
	.name = "parley_wait",
	.test_cases = wait_cases,
};

kunit_test_suite(wait_suite);
