// SPDX-License-Identifier: GPL-2.0
/* What is too long for one message, done by parts. */
#include <kselftest_harness.h>

#include "common.h"

/* What the steps are to do, and what they have seen. */
struct steps {
	size_t next;
	size_t most;
	size_t short_at;
	ssize_t err;
	int count;
	bool in_order;
};

static ssize_t step(size_t offset, size_t len, void *arg)
{
	struct steps *steps = arg;

	steps->count++;
	steps->in_order &= offset == steps->next;
	if (len > steps->most)
		steps->most = len;
	if (offset + len > steps->short_at) {
		if (steps->err)
			return steps->err;
		len = steps->short_at - offset;
	}
	steps->next += len;
	return len;
}

TEST(all_of_it)
{
	static const size_t lengths[] = {
		1, LIBIPC_OOL_MAX - 1, LIBIPC_OOL_MAX, LIBIPC_OOL_MAX + 1,
		3 * LIBIPC_OOL_MAX, 1000 * LIBIPC_OOL_MAX + 7
	};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct steps steps = { .short_at = SIZE_MAX, .in_order = true };

		EXPECT_EQ((ssize_t)lengths[i], ipc_in_parts(lengths[i], step, &steps));
		EXPECT_EQ(lengths[i], steps.next);
		EXPECT_EQ((int)((lengths[i] + LIBIPC_OOL_MAX - 1) / LIBIPC_OOL_MAX), steps.count);
		EXPECT_GE((size_t)LIBIPC_OOL_MAX, steps.most);
		EXPECT_TRUE(steps.in_order);
	}
}

TEST(nothing)
{
	struct steps steps = { .err = -EIO };

	EXPECT_EQ(0, ipc_in_parts(0, step, &steps));
	EXPECT_EQ(0, steps.count);
}

TEST(ends_with_a_short_part)
{
	struct steps steps = { .short_at = 2 * LIBIPC_OOL_MAX + 5, .in_order = true };

	EXPECT_EQ(2 * LIBIPC_OOL_MAX + 5, ipc_in_parts(5 * LIBIPC_OOL_MAX, step, &steps));
	EXPECT_EQ(3, steps.count);
}

TEST(ends_with_an_empty_part)
{
	struct steps steps = { .short_at = LIBIPC_OOL_MAX };

	EXPECT_EQ(LIBIPC_OOL_MAX, ipc_in_parts(5 * LIBIPC_OOL_MAX, step, &steps));
	EXPECT_EQ(2, steps.count);
}

TEST(error_of_the_first_part)
{
	struct steps steps = { .short_at = 0, .err = -EIO };

	EXPECT_EQ(-EIO, ipc_in_parts(5 * LIBIPC_OOL_MAX, step, &steps));
	EXPECT_EQ(1, steps.count);
}

/* As with write(2): what was done is told, and the error comes with the next. */
TEST(error_of_a_later_part)
{
	struct steps steps = { .short_at = LIBIPC_OOL_MAX, .err = -EIO };

	EXPECT_EQ(LIBIPC_OOL_MAX, ipc_in_parts(5 * LIBIPC_OOL_MAX, step, &steps));
	EXPECT_EQ(2, steps.count);
}

TEST_HARNESS_MAIN
