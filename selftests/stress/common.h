/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the stress tests share: a thin layer over the ioctls, so that a test
 * reads as a list of operations, and ways to wait for an event instead of for
 * a time. Operations return 0 or a negative errno.
 */
#ifndef STRESS_COMMON_H
#define STRESS_COMMON_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/parley.h>

/* Longer than any event here takes, even on a debug kernel in an emulator. */
#define PATIENCE_MS	30000

/* Message types of the tests; the kernel doesn't interpret them. */
#define REQUEST		0x5e9
#define ANSWER		0xa45

static inline bool long_run(void)
{
	const char *set = getenv("PARLEY_LONG");

	return set && *set;
}

/* KASAN, lockdep and the like: count by time, not by number. */
static inline bool debug_kernel(void)
{
	return access("/sys/kernel/debug/kmemleak", F_OK) == 0;
}

static inline __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static inline __u64 in_ms(unsigned int ms)
{
	return now_ns() + ms * 1000000ULL;
}

static inline int open_task(void)
{
	return open("/dev/parley", O_RDWR | O_CLOEXEC);
}

static inline int op(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

static inline int task_id(int fd)
{
	struct parley_info info = { .size = sizeof(info) };
	int err = op(fd, PARLEY_IOC_INFO, &info);

	return err ?: info.task;
}

static inline int notify(int fd, int peer, __u32 bits)
{
	struct parley_notify arg = { .size = sizeof(arg), .peer = peer, .bits = bits };

	return op(fd, PARLEY_IOC_NOTIFY, &arg);
}

static inline int cancel(int fd, __u64 token)
{
	struct parley_cancel arg = { .size = sizeof(arg), .token = token };

	return op(fd, PARLEY_IOC_CANCEL, &arg);
}

static inline __u64 address(const void *pointer)
{
	return (uintptr_t)pointer;
}

static inline struct parley_ipc to_send(int peer, const struct parley_msg *msg, __u32 len)
{
	return (struct parley_ipc) {
		.size = sizeof(struct parley_ipc),
		.peer = peer,
		.send = address(msg),
		.send_len = len,
	};
}

static inline struct parley_ipc to_recv(struct parley_msg *msg)
{
	return (struct parley_ipc) {
		.size = sizeof(struct parley_ipc),
		.peer = PARLEY_ANY,
		.recv = address(msg),
		.recv_len = PARLEY_PAYLOAD_MAX,
	};
}

static inline struct parley_ipc to_call(int peer, const struct parley_msg *request, __u32 len,
					struct parley_msg *answer)
{
	struct parley_ipc ipc = to_send(peer, request, len);

	ipc.recv = address(answer);
	ipc.recv_len = PARLEY_PAYLOAD_MAX;
	return ipc;
}

static inline struct parley_ipc to_reply(__u64 token, const struct parley_msg *answer, __u32 len)
{
	struct parley_ipc ipc = to_send(0, answer, len);

	ipc.token = token;
	return ipc;
}

static inline struct parley_ipc to_replyrecv(__u64 token, const struct parley_msg *answer,
					     __u32 len, struct parley_msg *request)
{
	struct parley_ipc ipc = to_call(PARLEY_ANY, answer, len, request);

	ipc.token = token;
	return ipc;
}

/* Is there nothing to receive for @fd? */
static inline bool inbox_empty(int fd)
{
	struct parley_msg msg;
	struct parley_ipc ipc = to_recv(&msg);

	ipc.flags = PARLEY_NONBLOCK;
	return op(fd, PARLEY_IOC_RECV, &ipc) == -EAGAIN;
}

/* One letter as in ps(1), 0 if there is no such thread. */
static inline char thread_state(pid_t tid)
{
	char path[40], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	fclose(file);
	return state;
}

/* Which ioctl is the thread in? ~0 if in none; "running" and other calls don't parse. */
static inline unsigned long thread_ioctl(pid_t tid)
{
	unsigned long fd, request = ~0UL;
	char path[40];
	FILE *file;
	long nr;

	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	file = fopen(path, "r");
	if (!file)
		return ~0UL;
	if (fscanf(file, "%ld %lx %lx", &nr, &fd, &request) != 3 || nr != __NR_ioctl)
		request = ~0UL;
	fclose(file);
	return request;
}

/*
 * Does the thread sleep in this ioctl? A thread that has just been woken shows
 * as running in "stat" at once, but in "syscall" only when its CPU knows: so in
 * this order.
 */
static inline bool sleeps_in(pid_t tid, unsigned long request)
{
	char state = thread_state(tid);

	return state && strchr("SDI", state) && thread_ioctl(tid) == request;
}

static inline bool patient(__u64 *end)
{
	if (!*end)
		*end = in_ms(PATIENCE_MS);
	usleep(200);
	return now_ns() < *end;
}

/* Wait for a condition that somebody else makes true; false if it stays so. */
#define until(condition) ({				\
	__u64 end_ = 0;					\
	bool is_;					\
	do {						\
		is_ = (condition);			\
	} while (!is_ && patient(&end_));		\
	is_; })

/* fork(), with children that don't outlive a test that fails. */
static inline pid_t spawn(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	return 0;
}

/* Exit code of a child, or -(signal) that ended it. */
static inline int reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1000;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static inline void kill_and_reap(pid_t pid)
{
	kill(pid, SIGKILL);
	reap(pid);
}

static inline void *share(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* For children: a TAP comment in one write, and the end. */
#define give_up(format, ...) do {			\
	dprintf(1, "# " format "\n", ##__VA_ARGS__);	\
	_exit(1);					\
} while (0)

#endif /* STRESS_COMMON_H */
