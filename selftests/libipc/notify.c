// SPDX-License-Identifier: GPL-2.0
/* Notifications, and the descriptor's readiness. */
#include <kselftest_harness.h>

#include <poll.h>

#include "common.h"

FIXTURE(notified) {
	struct ipc_msg msg;
	size_t len;
	ipc_token_t token;
};

FIXTURE_SETUP(notified)
{
	ASSERT_LT(0, ipc_self());
	memset(&self->msg, 0xff, sizeof(self->msg));
	self->len = 77;
	self->token = 77;
}

FIXTURE_TEARDOWN(notified)
{
}

static bool readable(void)
{
	struct pollfd pollfd = { .fd = ipc_fd(), .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1 && pollfd.revents == POLLIN;
}

TEST_F(notified, bits_arrive_together_and_once)
{
	EXPECT_FALSE(readable());
	EXPECT_EQ(0, ipc_notify(ipc_self(), 0x10));
	EXPECT_EQ(0, ipc_notify(ipc_self(), 0x10));
	EXPECT_EQ(0, ipc_notify(ipc_self(), 0x80));
	EXPECT_TRUE(readable());
	EXPECT_EQ(0, ipc_recv(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
			      LIBIPC_NOWAIT));
	EXPECT_EQ(LIBIPC_NOTIFICATIONS, self->msg.type);
	EXPECT_EQ(LIBIPC_TASK_KERNEL, self->msg.src);
	EXPECT_EQ((size_t)1, self->len);
	EXPECT_EQ((ipc_token_t)0, self->token);
	EXPECT_EQ(0x90, self->msg.data[0]);
	for (size_t i = 1; i < sizeof(self->msg.data); i++)
		EXPECT_EQ(0, self->msg.data[i]);
	EXPECT_FALSE(readable());
	EXPECT_EQ(-EAGAIN, ipc_recv(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
				    LIBIPC_NOWAIT));
}

TEST_F(notified, a_receiver_is_woken)
{
	struct peer receiver = { .deadline = LIBIPC_FOREVER };

	peer_start(&receiver, peer_recv);
	wait_asleep(receiver.tid);
	EXPECT_EQ(0, ipc_notify(receiver.id, LIBIPC_NOTIFY_USER));
	peer_join(&receiver);
	EXPECT_EQ(0, receiver.err);
	EXPECT_EQ(LIBIPC_NOTIFY_USER, receiver.msg.data[0]);
}

TEST_F(notified, poll_is_woken_by_a_message)
{
	struct peer sender = { .to = ipc_self(), .msg.type = 40 };
	struct pollfd pollfd = { .fd = ipc_fd(), .events = POLLIN };

	peer_start(&sender, peer_send);
	EXPECT_EQ(1, poll(&pollfd, 1, -1));
	EXPECT_EQ(POLLIN, pollfd.revents);
	EXPECT_EQ(0, ipc_recv(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
			      LIBIPC_NOWAIT));
	EXPECT_EQ(40, self->msg.type);
	peer_join(&sender);
	EXPECT_EQ(0, sender.err);
}

TEST_HARNESS_MAIN
