// SPDX-License-Identifier: GPL-2.0
/* Tasks on another network namespace's bus, and ids that are claimed. */
#include <kselftest_harness.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

#include "common.h"

FIXTURE(bus) {
	struct ipc_msg msg;
	ipc_token_t token;
	int bus;
};

/* Each test has a namespace, and so a bus, that no other task is on. */
FIXTURE_SETUP(bus)
{
	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	ASSERT_LT(0, ipc_self());
	self->bus = ipc_bus();
	ASSERT_LE(0, self->bus);
}

FIXTURE_TEARDOWN(bus)
{
}

TEST_F(bus, descriptors_are_closed_on_exec)
{
	int fd = ipc_join(self->bus, 0);

	EXPECT_EQ(FD_CLOEXEC, fcntl(self->bus, F_GETFD));
	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
}

static int id_of(int fd)
{
	int own = ipc_use(fd);
	ipc_task_t id = ipc_self();

	ipc_use(own);
	return id;
}

/* (On the other bus there is another task with this one's id.) */
TEST_F(bus, only_who_joins_can_send)
{
	ipc_task_t own = ipc_self();
	int here = id_of(ipc_open()), elsewhere, joined;

	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	elsewhere = ipc_open();
	ASSERT_LE(0, elsewhere);
	joined = ipc_join(self->bus, 0);
	ASSERT_LE(0, joined);
	ipc_use(elsewhere);
	EXPECT_EQ(-ENOTCONN, ipc_notify(here, 0x10));
	ipc_use(joined);
	EXPECT_LT(0, ipc_self());
	EXPECT_EQ(0, ipc_notify(own, 0x20));
	ipc_use(-1);
	ASSERT_EQ(0, ipc_recv(LIBIPC_TASK_ANY, &self->msg, NULL, &self->token, LIBIPC_NOWAIT));
	EXPECT_EQ(0x20, self->msg.data[0]);
}

TEST_F(bus, ids_are_claimed)
{
	int discovery = ipc_join(self->bus, LIBIPC_TASK_DISCOVERY);
	int task = ipc_join(self->bus, LIBIPC_TASK_TASK);

	ASSERT_LE(0, discovery);
	ASSERT_LE(0, task);
	EXPECT_EQ(LIBIPC_TASK_DISCOVERY, id_of(discovery));
	EXPECT_EQ(LIBIPC_TASK_TASK, id_of(task));
	EXPECT_EQ(-EBUSY, ipc_join(self->bus, LIBIPC_TASK_DISCOVERY));
	close(discovery);
	discovery = ipc_join(self->bus, LIBIPC_TASK_DISCOVERY);
	EXPECT_EQ(LIBIPC_TASK_DISCOVERY, id_of(discovery));
	EXPECT_EQ(0, ipc_notify(LIBIPC_TASK_DISCOVERY, 0x10));
}

TEST_F(bus, wrong_arguments)
{
	errno = ELNRNG;
	EXPECT_EQ(-EBADF, ipc_join(-1, 0));
	EXPECT_EQ(-ENOTTY, ipc_join(ipc_fd(), 0));
	EXPECT_EQ(-EINVAL, ipc_join(self->bus, 1));
	EXPECT_EQ(-EINVAL, ipc_join(self->bus, 4));
	EXPECT_EQ(-EINVAL, ipc_join(self->bus, -1));
	ipc_use(self->bus);
	EXPECT_EQ(-ENOTTY, ipc_self());
	EXPECT_EQ(-ENOTTY, ipc_bus());
	EXPECT_EQ(ELNRNG, errno);
}

TEST_F(bus, claiming_takes_a_capability)
{
	int status;
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child) {
		if (setresuid(1000, 1000, 1000))
			_exit(2);
		_exit(ipc_join(self->bus, LIBIPC_TASK_TASK) != -EPERM ||
		      ipc_join(self->bus, 0) < 0);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN
