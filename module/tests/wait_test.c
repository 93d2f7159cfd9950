// SPDX-License-Identifier: GPL-2.0

#include <kunit/test.h>
#include <linux/ktime.h>

#include "wait.h"

static void wait_done_wins_over_deadline(struct kunit *test)
{
	struct parley_wait wait;

	parley_wait_init(&wait);
	KUNIT_EXPECT_PTR_EQ(test, parley_wait_finish(&wait), current);
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

static struct kunit_case wait_cases[] = {
	KUNIT_CASE(wait_done_wins_over_deadline),
	KUNIT_CASE(wait_ends_at_deadline),
	KUNIT_CASE(wait_without_sleeper_wakes_nobody),
	{}
};

static struct kunit_suite wait_suite = {
	.name = "parley_wait",
	.test_cases = wait_cases,
};

kunit_test_suite(wait_suite);
