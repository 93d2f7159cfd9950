// SPDX-License-Identifier: GPL-2.0
/* What a child of fork() has: nothing of its parent's, until it asks. */
#include <kselftest_harness.h>

#include <sys/wait.h>

#include "common.h"

/* Exit status of @pid, -1 if it didn't exit. */
static int status_of(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

TEST(child_starts_without_a_task)
{
	pid_t pid;

	ASSERT_LT(0, ipc_self());
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(count_tasks());
	EXPECT_EQ(0, status_of(pid));
	EXPECT_EQ(1, count_tasks());
}

TEST(child_has_another_id)
{
	ipc_task_t own = ipc_self();
	pid_t pid;

	ASSERT_LT(0, own);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		ipc_task_t id = ipc_self();

		_exit(id > 0 && id != own && ipc_notify(own, 0x20) == 0 ? 0 : 1);
	}
	EXPECT_EQ(0, status_of(pid));
	EXPECT_EQ(own, ipc_self());
}

TEST(grandchild_has_another_id)
{
	ipc_task_t own = ipc_self();
	pid_t pid;

	ASSERT_LT(0, own);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		ipc_task_t child = ipc_self();
		pid_t grandchild = fork();

		if (!grandchild) {
			ipc_task_t id = ipc_self();

			_exit(id > 0 && id != own && id != child ? 0 : 1);
		}
		_exit(status_of(grandchild));
	}
	EXPECT_EQ(0, status_of(pid));
}

TEST(choice_of_the_thread_is_reset)
{
	int fd = ipc_open();
	pid_t pid;

	ASSERT_LE(0, fd);
	ipc_use(fd);
	ASSERT_LT(0, ipc_self());
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(ipc_use(-1) == -1 ? 0 : 1);
	EXPECT_EQ(0, status_of(pid));
	EXPECT_EQ(fd, ipc_use(-1));
}

TEST(descriptor_from_before_the_fork_is_stale)
{
	int fd = ipc_open();
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		errno = ELNRNG;
		ipc_use(fd);
		_exit(ipc_self() == -ESTALE && errno == ELNRNG ? 0 : 1);
	}
	EXPECT_EQ(0, status_of(pid));
}

/* Without fork's handlers the child is at least safe. */
TEST(own_task_in_a_child_of_clone_is_stale)
{
	pid_t pid;

	ASSERT_LT(0, ipc_self());
	pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(ipc_self() == -ESTALE ? 0 : 1);
	EXPECT_EQ(0, status_of(pid));
}

TEST(fork_leaves_errno)
{
	pid_t pid;

	ASSERT_LT(0, ipc_self());
	close(ipc_fd());
	errno = ELNRNG;
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(errno == ELNRNG ? 0 : 1);
	EXPECT_EQ(0, status_of(pid));
}

TEST_HARNESS_MAIN
