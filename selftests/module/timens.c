// SPDX-License-Identifier: GPL-2.0
/* Deadlines are by the caller's CLOCK_MONOTONIC, also in a time namespace. */
#include "common.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

#define SHORT	(50 * MS)
#define LATE	(10000 * MS)

FIXTURE(timens) {};
FIXTURE_SETUP(timens) {}
FIXTURE_TEARDOWN(timens) {}

FIXTURE_VARIANT(timens)
{
	const char *offset;
};

FIXTURE_VARIANT_ADD(timens, none) { .offset = "monotonic 0 0\n" };
FIXTURE_VARIANT_ADD(timens, ahead) { .offset = "monotonic 1000000 0\n" };
FIXTURE_VARIANT_ADD(timens, behind) { .offset = "monotonic -1 0\n" };

static void receive_until_deadline(int ctl, void *arg)
{
	__u64 deadline = now() + SHORT, end;
	struct op recv;

	(void)ctl;
	(void)arg;
	op_recv(&recv, task_open(), PARLEY_ANY)->arg.deadline = deadline;
	CHECK_EQ(-ETIMEDOUT, op_run(&recv));
	end = now();
	CHECK(end >= deadline && end < deadline + LATE);
}

TEST_F(timens, deadline_is_by_the_callers_clock)
{
	struct peer peer;
	int fd;

	if (unshare(CLONE_NEWTIME))
		SKIP(return, "this kernel has no time namespaces");
	fd = open("/proc/self/timens_offsets", O_WRONLY);
	ASSERT_LE(0, fd);
	ASSERT_LT(0, write(fd, variant->offset, strlen(variant->offset)));

	/* A child is the first to live in the new namespace. */
	peer = child_start(receive_until_deadline, NULL);
	EXPECT_EQ(0, peer_join(&peer));
}

TEST_HARNESS_MAIN
