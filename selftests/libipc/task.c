// SPDX-License-Identifier: GPL-2.0
/* Which task a thread's operations act on, and how it comes to be. */
#include <kselftest_harness.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "common.h"

#define THREADS	8
#define ROUNDS	20

TEST(own_task_is_opened_when_needed)
{
	ASSERT_EQ(0, count_tasks());
	ipc_deadline(0);
	ipc_use(-1);
	ASSERT_EQ(0, count_tasks());
	ASSERT_LT(0, ipc_self());
	ASSERT_EQ(1, count_tasks());
	EXPECT_EQ(ipc_self(), ipc_self());
	EXPECT_EQ(ipc_fd(), ipc_fd());
	EXPECT_EQ(1, count_tasks());
}

TEST(descriptors_are_closed_on_exec)
{
	int fd = ipc_open();

	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(ipc_fd(), F_GETFD));
}

static pthread_barrier_t together;

static void *open_together(void *fd)
{
	pthread_barrier_wait(&together);
	*(int *)fd = ipc_fd();
	return NULL;
}

/* Returns how many threads got what they should not. */
static int race(void)
{
	pthread_t threads[THREADS];
	int fds[THREADS], wrong = 0;

	pthread_barrier_init(&together, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, open_together, &fds[i]))
			abort();
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < THREADS; i++)
		wrong += fds[i] < 0 || fds[i] != fds[0];
	return wrong;
}

TEST(threads_that_race_share_one_own_task)
{
	for (int round = 0; round < ROUNDS; round++) {
		pid_t pid = fork();
		int status;

		ASSERT_LE(0, pid);
		if (!pid)
			_exit(race() || count_tasks() != 1);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(0, status);
	}
}

TEST(use_chooses_and_tells_what_was_before)
{
	int fd = ipc_open(), another = ipc_open();
	ipc_task_t own = ipc_self(), id;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, another);
	ASSERT_LT(0, own);
	EXPECT_EQ(-1, ipc_use(fd));
	id = ipc_self();
	EXPECT_LT(0, id);
	EXPECT_NE(own, id);
	EXPECT_EQ(fd, ipc_fd());
	EXPECT_EQ(fd, ipc_use(another));
	EXPECT_NE(id, ipc_self());
	EXPECT_NE(own, ipc_self());
	EXPECT_EQ(another, ipc_use(-1));
	EXPECT_EQ(own, ipc_self());
}

static void *tell_self(void *id)
{
	*(ipc_task_t *)id = ipc_self();
	return NULL;
}

TEST(use_is_for_the_calling_thread_only)
{
	ipc_task_t own = ipc_self(), seen = 0;
	int fd = ipc_open();
	pthread_t thread;

	ASSERT_LT(0, own);
	ASSERT_LE(0, fd);
	ipc_use(fd);
	ASSERT_NE(own, ipc_self());
	ASSERT_EQ(0, pthread_create(&thread, NULL, tell_self, &seen));
	pthread_join(thread, NULL);
	EXPECT_EQ(own, seen);
}

TEST(wrong_descriptors_show_in_the_operations)
{
	uint64_t features;
	int fds[2];

	ASSERT_EQ(0, pipe(fds));
	EXPECT_EQ(-1, ipc_use(-2));
	EXPECT_EQ(-EBADF, ipc_self());
	EXPECT_EQ(-EBADF, ipc_fd());
	EXPECT_EQ(-EBADF, ipc_features(&features));
	EXPECT_EQ(-EBADF, ipc_notify(1, 0x10));
	EXPECT_EQ(-2, ipc_use(fds[0]));
	EXPECT_EQ(-ENOTTY, ipc_self());
	EXPECT_EQ(fds[0], ipc_use(-1));
	EXPECT_LT(0, ipc_self());
}

TEST(a_closed_task_is_gone)
{
	int fd = ipc_open();
	ipc_task_t id;

	ASSERT_LE(0, fd);
	ipc_use(fd);
	id = ipc_self();
	ASSERT_LT(0, id);
	close(fd);
	EXPECT_EQ(-EBADF, ipc_self());
	ipc_use(-1);
	EXPECT_EQ(-ENOTCONN, ipc_notify(id, 0x10));
}

TEST(features_tell_that_all_works)
{
	uint64_t features = 0;

	ASSERT_EQ(0, ipc_features(&features));
	EXPECT_NE(0U, features & LIBIPC_FEATURE_MESSAGES);
	EXPECT_NE(0U, features & LIBIPC_FEATURE_RIGHTS);
	EXPECT_NE(0U, features & LIBIPC_FEATURE_EVENTS);
	EXPECT_EQ(-EFAULT, ipc_features(NULL));
}

TEST(without_the_device)
{
	char root[] = "/tmp/libipc-XXXXXX";
	uint64_t features;

	ASSERT_NE(NULL, mkdtemp(root));
	ASSERT_EQ(0, chdir(root));
	ASSERT_EQ(0, rmdir(root));
	ASSERT_EQ(0, chroot("."));
	errno = ELNRNG;
	EXPECT_EQ(-ENOENT, ipc_open());
	EXPECT_EQ(-ENOENT, ipc_fd());
	EXPECT_EQ(-ENOENT, ipc_self());
	EXPECT_EQ(-ENOENT, ipc_features(&features));
	EXPECT_EQ(ELNRNG, errno);
}

TEST(without_descriptors)
{
	struct rlimit limit;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 0;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	errno = ELNRNG;
	EXPECT_EQ(-EMFILE, ipc_open());
	EXPECT_EQ(-EMFILE, ipc_self());
	EXPECT_EQ(ELNRNG, errno);
}

TEST_HARNESS_MAIN
