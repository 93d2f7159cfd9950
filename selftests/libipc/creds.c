// SPDX-License-Identifier: GPL-2.0
/* Who has sent a message. */
#include <kselftest_harness.h>

#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "common.h"

#define USER	1000
#define GROUP	2000

#define NAMESPACES	(LIBIPC_CREDS_USER_NS | LIBIPC_CREDS_MNT_NS)

static const gid_t groups[] = { 3001, 3002, 3003 };

#define GROUPS	(sizeof(groups) / sizeof(groups[0]))

/* Calls as root, as another user, and as one who can't become anybody else. */
static void call_thrice(ipc_task_t to)
{
	struct ipc_msg msg = { .type = 40 };
	size_t len = 0;

	if (ipc_call(to, &msg, &len, LIBIPC_FOREVER) ||
	    setgroups(GROUPS, groups) || setresgid(GROUP, GROUP, GROUP) ||
	    setresuid(USER, USER, USER) || ipc_call(to, &msg, &len, LIBIPC_FOREVER) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || ipc_send(to, &msg, len, LIBIPC_FOREVER))
		_exit(1);
	_exit(0);
}

FIXTURE(creds) {
	struct ipc_creds creds;
	struct ipc_creds_full full;
	uint32_t groups[8];
	struct ipc_msg msg;
	size_t len;
	ipc_token_t token;
	pid_t child;
};

FIXTURE_SETUP(creds)
{
	ipc_task_t own = ipc_self();

	memset(self, 0, sizeof(*self));
	memset(&self->creds, 0x5a, sizeof(self->creds));
	self->full.groups = self->groups;
	self->full.groups_len = 8;
	ASSERT_EQ(0, ipc_mode(0666));
	self->child = fork();
	ASSERT_LE(0, self->child);
	if (!self->child)
		call_thrice(own);
	ASSERT_EQ(0, ipc_recv_creds(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
				    &self->creds, LIBIPC_FOREVER));
}

FIXTURE_TEARDOWN(creds)
{
	kill(self->child, SIGKILL);
	waitpid(self->child, NULL, 0);
}

static int next(FIXTURE_DATA(creds) * self)
{
	return ipc_replyrecv_creds(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
				   &self->creds, LIBIPC_FOREVER);
}

TEST_F(creds, come_with_each_message)
{
	EXPECT_EQ(self->child, self->creds.pid);
	EXPECT_EQ(0U, self->creds.uid);
	EXPECT_EQ(0U, self->creds.gid);
	EXPECT_EQ(NAMESPACES, self->creds.flags);
	ASSERT_EQ(0, next(self));
	EXPECT_EQ(self->child, self->creds.pid);
	EXPECT_EQ((uint32_t)USER, self->creds.uid);
	EXPECT_EQ((uint32_t)GROUP, self->creds.gid);
	EXPECT_EQ(NAMESPACES, self->creds.flags);
	ASSERT_EQ(0, next(self));
	EXPECT_EQ(self->child, self->creds.pid);
	EXPECT_EQ((uint32_t)USER, self->creds.uid);
	EXPECT_EQ(NAMESPACES | LIBIPC_CREDS_NO_NEW_PRIVS, self->creds.flags);
	EXPECT_EQ((ipc_token_t)0, self->token);
}

TEST_F(creds, the_kernels)
{
	ASSERT_EQ(0, ipc_notify(ipc_self(), 0x10));
	ASSERT_EQ(0, ipc_recv_creds(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
				    &self->creds, LIBIPC_NOWAIT));
	EXPECT_EQ(0, self->creds.pid);
	EXPECT_EQ(0U, self->creds.uid);
	EXPECT_EQ(0U, self->creds.gid);
	EXPECT_EQ(LIBIPC_CREDS_KERNEL, self->creds.flags);
}

TEST_F(creds, full)
{
	ipc_token_t token;

	ASSERT_EQ(0, ipc_creds_full(self->token, &self->full));
	EXPECT_NE(0U, self->full.capabilities);
	token = self->token;
	ASSERT_EQ(0, next(self));
	EXPECT_EQ(-ENOENT, ipc_creds_full(token, &self->full));
	self->full.groups_len = 8;
	ASSERT_EQ(0, ipc_creds_full(self->token, &self->full));
	EXPECT_EQ(self->child, self->full.creds.pid);
	EXPECT_EQ((uint32_t)USER, self->full.creds.uid);
	EXPECT_EQ((uint32_t)GROUP, self->full.creds.gid);
	EXPECT_EQ(NAMESPACES, self->full.creds.flags);
	EXPECT_EQ((uint64_t)0, self->full.capabilities);
	ASSERT_EQ(GROUPS, self->full.groups_len);
	for (size_t i = 0; i < GROUPS; i++)
		EXPECT_EQ(groups[i], self->groups[i]);
}

TEST_F(creds, more_groups_than_room)
{
	ASSERT_EQ(0, next(self));
	for (size_t room = 0; room < GROUPS; room++) {
		self->full.groups = room ? self->groups : NULL;
		self->full.groups_len = room;
		EXPECT_EQ(-EMSGSIZE, ipc_creds_full(self->token, &self->full));
		EXPECT_EQ(GROUPS, self->full.groups_len);
	}
	self->full.groups = self->groups;
	EXPECT_EQ(0, ipc_creds_full(self->token, &self->full));
}

TEST_F(creds, wrong_arguments)
{
	EXPECT_EQ(-EFAULT, ipc_creds_full(self->token, NULL));
	EXPECT_EQ(-ENOENT, ipc_creds_full(0, &self->full));
	EXPECT_EQ(-ENOENT, ipc_creds_full(self->token + 1, &self->full));
	EXPECT_EQ(-EFAULT, ipc_recv_creds(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
					  NULL, LIBIPC_NOWAIT));
	EXPECT_EQ(-EFAULT, ipc_replyrecv_creds(LIBIPC_TASK_ANY, &self->msg, &self->len,
					       &self->token, NULL, LIBIPC_NOWAIT));
	EXPECT_EQ(0, ipc_creds_full(self->token, &self->full));
}

TEST_HARNESS_MAIN
