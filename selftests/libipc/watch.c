// SPDX-License-Identifier: GPL-2.0
/* Being told of a death, and of a call that was given up. */
#include <kselftest_harness.h>

#include "common.h"

FIXTURE(watch) {
	struct ipc_msg msg;
	size_t len;
	ipc_token_t token;
	int fd;
	ipc_task_t other;
};

FIXTURE_SETUP(watch)
{
	memset(self, 0, sizeof(*self));
	ASSERT_LT(0, ipc_self());
	self->fd = ipc_open();
	ASSERT_LE(0, self->fd);
	ipc_use(self->fd);
	self->other = ipc_self();
	ipc_use(-1);
	self->token = 77;
}

FIXTURE_TEARDOWN(watch)
{
}

static int receive(FIXTURE_DATA(watch) * self)
{
	return ipc_recv(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token, LIBIPC_NOWAIT);
}

TEST_F(watch, death_is_told_once)
{
	struct ipc_exception exception;

	ASSERT_EQ(0, ipc_watch(self->other));
	EXPECT_EQ(-EEXIST, ipc_watch(self->other));
	EXPECT_EQ(-EAGAIN, receive(self));
	close(self->fd);
	ASSERT_EQ(0, receive(self));
	EXPECT_EQ(LIBIPC_TASK_KERNEL, self->msg.src);
	EXPECT_EQ(LIBIPC_EXCEPTION, self->msg.type);
	EXPECT_EQ(sizeof(exception), self->len);
	EXPECT_EQ((ipc_token_t)0, self->token);
	memcpy(&exception, self->msg.data, sizeof(exception));
	EXPECT_EQ(self->other, exception.task);
	EXPECT_EQ((uint32_t)LIBIPC_GRACE_EXIT, exception.exception);
	EXPECT_EQ(-EAGAIN, receive(self));
	EXPECT_EQ(-ENOENT, ipc_unwatch(self->other));
	EXPECT_EQ(-ENOTCONN, ipc_watch(self->other));
}

TEST_F(watch, taken_back)
{
	EXPECT_EQ(-ENOENT, ipc_unwatch(self->other));
	ASSERT_EQ(0, ipc_watch(self->other));
	EXPECT_EQ(0, ipc_unwatch(self->other));
	EXPECT_EQ(-ENOENT, ipc_unwatch(self->other));
	close(self->fd);
	EXPECT_EQ(-EAGAIN, receive(self));
}

/* Has a call given up while its request is in the hands of @server, to be used. */
static void give_up(struct __test_metadata *_metadata, struct peer *server)
{
	struct ipc_msg msg = { .type = 40 };
	size_t len = 0;

	server->deadline = LIBIPC_FOREVER;
	peer_start(server, peer_recv);
	wait_asleep(server->tid);
	ASSERT_EQ(-ETIMEDOUT, ipc_call(server->id, &msg, &len, ipc_deadline(20 * MSEC)));
	peer_join(server);
	ASSERT_EQ(40, server->msg.type);
	ipc_use(server->fd);
}

TEST_F(watch, cancellation_names_the_token)
{
	struct peer server = { .err = 0 };
	struct ipc_cancelled cancelled;

	give_up(_metadata, &server);
	ASSERT_EQ(0, receive(self));
	EXPECT_EQ(LIBIPC_NOTIFICATIONS, self->msg.type);
	EXPECT_EQ(LIBIPC_NOTIFY_ABORTED, self->msg.data[0]);
	ASSERT_EQ(0, receive(self));
	EXPECT_EQ(LIBIPC_CANCELLED, self->msg.type);
	EXPECT_EQ(LIBIPC_TASK_KERNEL, self->msg.src);
	EXPECT_EQ((ipc_token_t)0, self->token);
	EXPECT_EQ(sizeof(cancelled), self->len);
	memcpy(&cancelled, self->msg.data, sizeof(cancelled));
	EXPECT_EQ(server.token, cancelled.token);
	EXPECT_EQ(-ENOENT, ipc_reply(server.token, &self->msg, 0));
	EXPECT_EQ(-EAGAIN, receive(self));
}

TEST_F(watch, a_reply_first_leaves_nothing_to_tell)
{
	struct peer server = { .err = 0 };

	give_up(_metadata, &server);
	EXPECT_EQ(-ENOENT, ipc_reply(server.token, &self->msg, 0));
	EXPECT_EQ(-EAGAIN, receive(self));
}

TEST_HARNESS_MAIN
