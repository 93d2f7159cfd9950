// SPDX-License-Identifier: GPL-2.0
/* Who may send to a task: its mode, and grants. */
#include <kselftest_harness.h>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "fetch.h"

#define STRANGER	1000

/* What another user's process tries with task @to. */
static int try_notify(ipc_task_t to)
{
	return ipc_notify(to, 0x10);
}

static int try_send(ipc_task_t to)
{
	struct ipc_msg msg = { .type = 40 };

	return ipc_send(to, &msg, 0, LIBIPC_NOWAIT);
}

static int try_call(ipc_task_t to)
{
	struct ipc_msg msg = { .type = 40 };
	size_t len = 0;

	return ipc_call(to, &msg, &len, LIBIPC_NOWAIT);
}

static int try_watch(ipc_task_t to)
{
	int err = ipc_watch(to);

	return err ? err : ipc_unwatch(to);
}

static int try_async_send(ipc_task_t to)
{
	return async_send(to, 0);
}

static int fetched;

static int tell_fetched(ipc_task_t to)
{
	(void)to;
	return fetched;
}

/* What there is to try, and what comes of it where it is allowed. */
static const struct {
	int (*try)(ipc_task_t to);
	int allowed;
} attempts[] = {
	{ try_notify, 0 },
	{ try_send, -EAGAIN },
	{ try_call, -EAGAIN },
	{ try_watch, 0 },
	{ try_async_send, 0 },
	{ tell_fetched, 0 },
};

#define ATTEMPTS	5

/* Message types: the first attempt, and its followers. */
#define ATTEMPT		40
#define TELL_FETCHED	(ATTEMPT + ATTEMPTS)
#define FETCH		(TELL_FETCHED + 1)

/* Does what the caller says, with the caller's task. */
static void obey(int to_parent)
{
	ipc_task_t self;
	struct ipc_msg msg;
	ipc_token_t token = 0;
	size_t len = 0;

	if (setresgid(STRANGER, STRANGER, STRANGER) || setresuid(STRANGER, STRANGER, STRANGER))
		_exit(1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	self = ipc_self();
	if (write(to_parent, &self, sizeof(self)) != sizeof(self))
		_exit(1);
	while (!ipc_replyrecv(LIBIPC_TASK_ANY, &msg, &len, &token, LIBIPC_FOREVER)) {
		int order = msg.type;

		if (!token)
			continue;
		if (order == FETCH) {
			ipc_reply(token, &msg, 0);
			token = 0;
			fetched = async_recv(msg.src, 0, LIBIPC_FOREVER);
		} else {
			msg.type = attempts[order - ATTEMPT].try(msg.src);
			len = 0;
		}
	}
	_exit(1);
}

FIXTURE(rights) {
	ipc_task_t stranger;
};

FIXTURE_SETUP(rights)
{
	int pipes[2];
	pid_t child;

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_LT(0, ipc_self());
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		obey(pipes[1]);
	ASSERT_EQ((ssize_t)sizeof(self->stranger),
		  read(pipes[0], &self->stranger, sizeof(self->stranger)));
}

FIXTURE_TEARDOWN(rights)
{
}

static int order(FIXTURE_DATA(rights) * self, int number)
{
	struct ipc_msg msg = { .type = number };
	size_t len = 0;
	int err = ipc_call(self->stranger, &msg, &len, LIBIPC_FOREVER);

	return err ? err : msg.type;
}

static void expect(struct __test_metadata *_metadata, FIXTURE_DATA(rights) * self, bool allowed)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		int outcome = order(self, ATTEMPT + i);

		EXPECT_EQ(allowed ? attempts[i].allowed : -EACCES, outcome)
			TH_LOG("attempt %d", i);
	}
}

TEST_F(rights, a_stranger_is_refused)
{
	expect(_metadata, self, false);
}

TEST_F(rights, mode)
{
	EXPECT_EQ(0, ipc_mode(0666));
	expect(_metadata, self, true);
	EXPECT_EQ(0, ipc_mode(0600));
	EXPECT_EQ(-EACCES, order(self, ATTEMPT));
	EXPECT_EQ(0, ipc_mode(0002));
	EXPECT_EQ(0, order(self, ATTEMPT));
	EXPECT_EQ(-EINVAL, ipc_mode(01666));
	EXPECT_EQ(0, order(self, ATTEMPT));
}

TEST_F(rights, grant_and_revoke)
{
	EXPECT_EQ(-ENOENT, ipc_revoke(self->stranger));
	EXPECT_EQ(0, ipc_grant(self->stranger));
	EXPECT_EQ(-EEXIST, ipc_grant(self->stranger));
	expect(_metadata, self, true);
	EXPECT_EQ(0, ipc_revoke(self->stranger));
	EXPECT_EQ(-ENOENT, ipc_revoke(self->stranger));
	EXPECT_EQ(-EACCES, order(self, ATTEMPT));
	EXPECT_EQ(-ENOTCONN, ipc_grant(INT32_MAX));
}

/* Whom a private task sends to must be allowed to come and fetch it. */
TEST_F(rights, fetching_takes_the_right_to_send)
{
	struct pollfd pollfd = { .fd = ipc_fd(), .events = POLLIN };
	struct ipc_msg msg;
	ipc_token_t token;

	ASSERT_EQ(0, async_send(self->stranger, 0));
	ASSERT_EQ(FETCH, order(self, FETCH));
	EXPECT_EQ(-EACCES, order(self, TELL_FETCHED));
	ASSERT_EQ(0, ipc_grant(self->stranger));
	ASSERT_EQ(FETCH, order(self, FETCH));
	EXPECT_EQ(1, poll(&pollfd, 1, -1));
	EXPECT_EQ(-EAGAIN, ipc_recv(LIBIPC_TASK_ANY, &msg, NULL, &token, LIBIPC_NOWAIT));
	EXPECT_EQ(0, order(self, TELL_FETCHED));
}

TEST_HARNESS_MAIN
