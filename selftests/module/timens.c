// SPDX-License-Identifier: GPL-2.0
//
// Deadlines are by the caller's CLOCK_MONOTONIC, also in a time namespace.

#define _GNU_SOURCE
#include <kselftest_harness.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>

#include <linux/parley.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

#define MS 1000000ULL

static __u64 monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 * MS + ts.tv_nsec;
}

/* Exits with 0 if a receive with 50 ms to go takes 50 ms, and not much more. */
static void receive_until_deadline(void)
{
	struct parley_msg msg;
	__u64 begin = monotonic();
	struct parley_ipc ipc = {
		.size = sizeof(ipc),
		.peer = PARLEY_ANY,
		.recv = (uintptr_t)&msg,
		.recv_len = PARLEY_PAYLOAD_MAX,
		.deadline = begin + 50 * MS,
	};
	int fd = open("/dev/parley", O_RDWR);
	__u64 took;

	alarm(20);
	if (ioctl(fd, PARLEY_IOC_RECV, &ipc) != -1 || errno != ETIMEDOUT)
		_exit(2);
	took = monotonic() - begin;
	_exit(took >= 50 * MS && took < 10000 * MS ? 0 : 3);
}

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

TEST_F(timens, deadline_is_by_the_callers_clock)
{
	int status, fd;
	pid_t child;

	if (unshare(CLONE_NEWTIME))
		SKIP(return, "this kernel has no time namespaces");
	fd = open("/proc/self/timens_offsets", O_WRONLY);
	ASSERT_LE(0, fd);
	ASSERT_LT(0, write(fd, variant->offset, strlen(variant->offset)));
	close(fd);

	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		receive_until_deadline();
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN
