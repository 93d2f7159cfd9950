// SPDX-License-Identifier: GPL-2.0
/*
 * As many tasks as there may be, and more: descriptors run out cleanly, and
 * thousands of tasks opened and closed at once by several processes have each
 * their own id and leave nothing behind.
 */
#include <kselftest_harness.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include "census.h"
#include "common.h"

#define LIMIT		256
#define PROCESSES	4
#define TASKS		1250
#define TIMEOUT		300

static struct shared {
	_Atomic int opened;
	_Atomic bool close;
	int ids[PROCESSES * TASKS];
} *shared;

static void limit_files(rlim_t files)
{
	struct rlimit limit = { .rlim_cur = files, .rlim_max = 2 * TASKS };

	setrlimit(RLIMIT_NOFILE, &limit);
}

static int send_to_self(int fd)
{
	struct parley_msg msg;
	struct parley_ipc ipc = to_recv(&msg);

	return notify(fd, task_id(fd), PARLEY_NOTIFY_USER) ?: op(fd, PARLEY_IOC_RECV, &ipc);
}

TEST(files_run_out)
{
	struct census before;
	int fds[LIMIT], n, i;

	ASSERT_TRUE(census_take(&before));
	limit_files(LIMIT);
	for (n = 0; n < LIMIT; n++) {
		fds[n] = open_task();
		if (fds[n] < 0)
			break;
	}
	EXPECT_EQ(EMFILE, errno);
	EXPECT_GT(n, LIMIT / 2);
	EXPECT_LT(n, LIMIT);
	for (i = 0; i < n; i++)
		EXPECT_EQ(0, send_to_self(fds[i]));
	EXPECT_EQ(0, close(fds[--n]));
	fds[n] = open_task();
	EXPECT_GE(fds[n], 0);
	EXPECT_EQ(0, send_to_self(fds[n]));
	for (i = 0; i <= n; i++)
		close(fds[i]);
	limit_files(2 * TASKS);
	EXPECT_TRUE(census_returns(&before));
}

/*
 * Open many, meet the others, notify one of theirs each, close while they close.
 * One user may not have as many as all of them together.
 */
static void open_and_close(int process)
{
	const int *theirs = shared->ids + (process + 1) % PROCESSES * TASKS;
	struct parley_mode all = { .size = sizeof(all), .mode = 0666 };
	int fds[TASKS], i, err;

	limit_files(2 * TASKS);
	if (setuid(1000 + process))
		give_up("process %d: setuid: %s", process, strerror(errno));
	for (i = 0; i < TASKS; i++) {
		fds[i] = open_task();
		if (fds[i] < 0)
			give_up("process %d: task %d: %s", process, i, strerror(errno));
		if (ioctl(fds[i], PARLEY_IOC_MODE, &all))
			give_up("process %d: mode: %s", process, strerror(errno));
		shared->ids[process * TASKS + i] = task_id(fds[i]);
		shared->opened++;
	}
	if (!until(shared->close))
		give_up("process %d: never told to close", process);
	for (i = 0; i < TASKS; i++) {
		err = notify(fds[i], theirs[i], PARLEY_NOTIFY_USER);
		if (err && err != -ENOTCONN)
			give_up("process %d: notify: %d", process, err);
		close(fds[i]);
	}
	_exit(0);
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a < *(const int *)b ? -1 : *(const int *)a > *(const int *)b;
}

/* Positive and all different. Children still read theirs: sort a copy. */
static bool ids_differ(void)
{
	static int ids[PROCESSES * TASKS];
	int i;

	memcpy(ids, shared->ids, sizeof(ids));
	qsort(ids, PROCESSES * TASKS, sizeof(*ids), compare);
	for (i = 1; i < PROCESSES * TASKS; i++)
		if (ids[i - 1] == ids[i])
			return false;
	return ids[0] > 0;
}

FIXTURE(crowd) {
	struct census before;
};

FIXTURE_SETUP(crowd)
{
	shared = share(sizeof(*shared));
	ASSERT_NE(NULL, shared);
	ASSERT_TRUE(census_take(&self->before));
}

FIXTURE_TEARDOWN(crowd)
{
	EXPECT_TRUE(census_returns(&self->before));
}

TEST_F_TIMEOUT(crowd, thousands_at_once, TIMEOUT)
{
	pid_t children[PROCESSES];
	int i;

	for (i = 0; i < PROCESSES; i++) {
		children[i] = spawn();
		if (!children[i])
			open_and_close(i);
	}
	ASSERT_TRUE(until(shared->opened == PROCESSES * TASKS));
	EXPECT_TRUE(ids_differ());
	shared->close = true;
	for (i = 0; i < PROCESSES; i++)
		EXPECT_EQ(0, reap(children[i]));
}

TEST_HARNESS_MAIN
