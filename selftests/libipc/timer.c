// SPDX-License-Identifier: GPL-2.0
/* What notifies a task without a sender: its timer, its eventfd. */
#include <kselftest_harness.h>

#include <sys/eventfd.h>

#include "common.h"

FIXTURE(timer) {
	struct ipc_msg msg;
	ipc_token_t token;
};

FIXTURE_SETUP(timer)
{
	memset(self, 0, sizeof(*self));
	ASSERT_LT(0, ipc_self());
}

FIXTURE_TEARDOWN(timer)
{
}

/* The bits that come until @deadline; 0 if none do. */
static int bits(FIXTURE_DATA(timer) * self, uint64_t deadline)
{
	int err = ipc_recv(LIBIPC_TASK_KERNEL, &self->msg, NULL, &self->token, deadline);

	if (err)
		return err == -ETIMEDOUT || err == -EAGAIN ? 0 : err;
	return self->msg.type == LIBIPC_NOTIFICATIONS ? self->msg.data[0] : -EPROTO;
}

TEST_F(timer, goes_off_once_and_not_early)
{
	uint64_t moment = ipc_deadline(20 * MSEC);

	ASSERT_EQ(0, ipc_timer(moment));
	EXPECT_EQ(LIBIPC_NOTIFY_TIMER, (unsigned int)bits(self, LIBIPC_FOREVER));
	EXPECT_LE(moment, ipc_deadline(0));
	EXPECT_EQ(0, bits(self, ipc_deadline(50 * MSEC)));
}

TEST_F(timer, what_has_passed_is_now)
{
	ASSERT_EQ(0, ipc_timer(ipc_deadline(0)));
	EXPECT_EQ(LIBIPC_NOTIFY_TIMER, (unsigned int)bits(self, LIBIPC_FOREVER));
	ASSERT_EQ(0, ipc_timer(LIBIPC_NOWAIT));
	EXPECT_EQ(LIBIPC_NOTIFY_TIMER, (unsigned int)bits(self, LIBIPC_FOREVER));
}

TEST_F(timer, is_replaced_and_stopped)
{
	uint64_t moment;

	ASSERT_EQ(0, ipc_timer(ipc_deadline(20 * MSEC)));
	moment = ipc_deadline(100 * MSEC);
	ASSERT_EQ(0, ipc_timer(moment));
	EXPECT_EQ(LIBIPC_NOTIFY_TIMER, (unsigned int)bits(self, LIBIPC_FOREVER));
	EXPECT_LE(moment, ipc_deadline(0));
	ASSERT_EQ(0, ipc_timer(ipc_deadline(20 * MSEC)));
	ASSERT_EQ(0, ipc_timer(LIBIPC_FOREVER));
	EXPECT_EQ(0, bits(self, ipc_deadline(50 * MSEC)));
}

TEST_F(timer, eventfd_notifies_and_is_consumed)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	uint64_t count;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ipc_eventfd(fd));
	EXPECT_EQ(0, bits(self, LIBIPC_NOWAIT));
	ASSERT_EQ(0, eventfd_write(fd, 3));
	EXPECT_EQ(LIBIPC_NOTIFY_IRQ, (unsigned int)bits(self, LIBIPC_FOREVER));
	EXPECT_EQ(-1, read(fd, &count, sizeof(count)));
	ASSERT_EQ(0, eventfd_write(fd, 1));
	EXPECT_EQ(LIBIPC_NOTIFY_IRQ, (unsigned int)bits(self, LIBIPC_FOREVER));
	ASSERT_EQ(0, ipc_eventfd(-1));
	ASSERT_EQ(0, eventfd_write(fd, 1));
	EXPECT_EQ(0, bits(self, ipc_deadline(20 * MSEC)));
}

TEST_F(timer, eventfd_signalled_before_and_closed_while_bound)
{
	int fd = eventfd(1, 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ipc_eventfd(fd));
	EXPECT_EQ(LIBIPC_NOTIFY_IRQ, (unsigned int)bits(self, LIBIPC_FOREVER));
	ASSERT_EQ(0, close(fd));
	EXPECT_EQ(0, ipc_eventfd(-1));
}

TEST_F(timer, wrong_descriptors)
{
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	errno = ELNRNG;
	EXPECT_EQ(-EBADF, ipc_eventfd(99));
	EXPECT_EQ(-EINVAL, ipc_eventfd(pipes[0]));
	EXPECT_EQ(ELNRNG, errno);
}

TEST_HARNESS_MAIN
