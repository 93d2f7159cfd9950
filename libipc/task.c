// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async.h"
#include "task.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/parley.h>

static_assert(LIBIPC_FEATURE_MESSAGES == PARLEY_FEATURE_MESSAGES, "uapi");
static_assert(LIBIPC_FEATURE_RIGHTS == PARLEY_FEATURE_RIGHTS, "uapi");
static_assert(LIBIPC_FEATURE_EVENTS == PARLEY_FEATURE_EVENTS, "uapi");
static_assert(LIBIPC_FEATURE_CARGO == PARLEY_FEATURE_CARGO, "uapi");
static_assert(LIBIPC_FEATURE_URING == PARLEY_FEATURE_URING, "uapi");
static_assert(LIBIPC_FEATURE_URING_ASYNC == PARLEY_FEATURE_URING_ASYNC, "uapi");

#define NONE	(-1)

/* The process's own task. */
static atomic_int own = NONE;

/* What the thread chose by ipc_use(). */
static __thread int chosen __attribute__((tls_model("initial-exec"))) = NONE;

/* The parent's task is of no use to the child, and the parent's to keep alive. */
static void task_forked(void)
{
	int saved = errno;
	int fd = atomic_exchange(&own, NONE);

	chosen = NONE;
	if (fd != NONE)
		close(fd);
	errno = saved;
}

/* Should this fail for want of memory, a child gets -ESTALE: safe, if clumsy. */
static void __attribute__((constructor)) task_watch_forks(void)
{
	pthread_atfork(NULL, NULL, task_forked);
}

static int task_open_own(void)
{
	int fd = ipc_open();
	int winner = NONE;

	if (fd < 0 || atomic_compare_exchange_strong(&own, &winner, fd))
		return fd;
	close(fd);
	return winner;
}

static inline int task_fd(void)
{
	int fd = chosen;

	if (fd == NONE)
		fd = atomic_load_explicit(&own, memory_order_relaxed);
	else if (fd < 0)
		fd = -EBADF;
	return fd == NONE ? task_open_own() : fd;
}

int ipc_fd_ioctl(int fd, unsigned long op, void *arg)
{
	int saved = errno;
	int ret = ioctl(fd, op, arg);

	if (ret < 0) {
		ret = -errno;
		errno = saved;
	}
	return ret;
}

int ipc_task_ioctl(unsigned long op, void *arg)
{
	int fd = task_fd();

	return fd < 0 ? fd : ipc_fd_ioctl(fd, op, arg);
}

int ipc_open(void)
{
	int saved = errno;
	int fd = open("/dev/parley", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		fd = -errno;
		errno = saved;
	} else {
		ipc_async_forget(fd);
	}
	return fd;
}

int ipc_use(int fd)
{
	int before = chosen;

	chosen = fd;
	return before;
}

int ipc_fd(void)
{
	return task_fd();
}

static int task_info(struct parley_info *info)
{
	*info = (struct parley_info){ .size = sizeof(*info) };
	return ipc_task_ioctl(PARLEY_IOC_INFO, info);
}

ipc_task_t ipc_self(void)
{
	struct parley_info info;
	int ret = task_info(&info);

	return ret < 0 ? ret : info.task;
}

int ipc_features(uint64_t *features)
{
	struct parley_info info;
	int ret;

	if (!features)
		return -EFAULT;
	ret = task_info(&info);
	if (ret == 0)
		*features = info.features;
	return ret;
}
