/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: helpers of the libipc tests
 *
 * A peer is a thread with a task of its own, so that both ends of a message
 * live in one test process, which the harness forks for each test and kills
 * with everything in it.
 */
#ifndef SELFTESTS_LIBIPC_COMMON_H
#define SELFTESTS_LIBIPC_COMMON_H

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libipc.h>
#include <libipc-cargo.h>

#define MSEC	UINT64_C(1000000)

/*
 * A peer opens its task, unless it is given one (-1 for the process's own), tells
 * who it is, and runs. The task outlives it: what a test finds was not brought
 * about by closing it. The rest is for the test.
 */
struct peer {
	int fd;
	void (*run)(struct peer *peer);
	pthread_t thread;
	pthread_barrier_t ready;
	pid_t tid;
	ipc_task_t id;
	ipc_task_t to;
	int err;
	uint64_t deadline;
	struct ipc_msg msg;
	size_t len;
	ipc_token_t token;
	struct ipc_cargo cargo;
};

static inline void *peer_main(void *arg)
{
	struct peer *peer = arg;

	if (!peer->fd)
		peer->fd = ipc_open();
	ipc_use(peer->fd);
	peer->id = ipc_self();
	peer->tid = syscall(SYS_gettid);
	pthread_barrier_wait(&peer->ready);
	peer->run(peer);
	return NULL;
}

static inline void peer_start(struct peer *peer, void (*run)(struct peer *peer))
{
	peer->run = run;
	if (pthread_barrier_init(&peer->ready, NULL, 2) ||
	    pthread_create(&peer->thread, NULL, peer_main, peer)) {
		perror("peer");
		abort();
	}
	pthread_barrier_wait(&peer->ready);
}

static inline void peer_join(struct peer *peer)
{
	pthread_join(peer->thread, NULL);
	pthread_barrier_destroy(&peer->ready);
}

/* The first line of thread @tid's file in /proc. */
static inline void thread_line(pid_t tid, const char *name, char *line, int size)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, name);
	file = fopen(path, "r");
	if (!file || !fgets(line, size, file)) {
		perror(path);
		abort();
	}
	fclose(file);
}

/* A thread that has been woken, but not run yet, still shows its system call. */
static inline bool is_asleep(pid_t tid)
{
	char line[512], *state;

	thread_line(tid, "syscall", line, sizeof(line));
	if (line[0] < '0' || line[0] > '9' || atol(line) != SYS_ioctl)
		return false;
	thread_line(tid, "stat", line, sizeof(line));
	state = strrchr(line, ')');
	return state && state[2] == 'S';
}

/* Returns once thread @tid sleeps in an ioctl. */
static inline void wait_asleep(pid_t tid)
{
	while (!is_asleep(tid))
		sched_yield();
}

/* For peer_start(): one operation of that name, with what is in @peer. */
static inline void peer_send(struct peer *peer)
{
	peer->err = ipc_send(peer->to, &peer->msg, peer->len, peer->deadline);
}

static inline void peer_recv(struct peer *peer)
{
	peer->err = ipc_recv(LIBIPC_TASK_ANY, &peer->msg, &peer->len, &peer->token,
			     peer->deadline);
}

static inline void peer_call(struct peer *peer)
{
	peer->err = ipc_call(peer->to, &peer->msg, &peer->len, peer->deadline);
}

static inline bool have_feature(uint64_t feature)
{
	uint64_t features;

	return ipc_features(&features) == 0 && features & feature;
}

/* How many descriptors of /dev/parley this process has. */
static inline int count_tasks(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int count = 0;

	while (dir && (entry = readdir(dir))) {
		char target[32] = "";

		if (readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1) > 0 &&
		    !strcmp(target, "/dev/parley"))
			count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

/* Byte @i of test payload @n. */
static inline uint8_t pattern(size_t n, size_t i)
{
	return n * 7 + i * 13 + 1;
}

static inline void fill(struct ipc_msg *msg, size_t n, size_t len)
{
	for (size_t i = 0; i < len; i++)
		msg->data[i] = pattern(n, i);
}

/* Whether @msg has payload @n of @len bytes, and zeroes from there. */
static inline bool filled(const struct ipc_msg *msg, size_t n, size_t len)
{
	for (size_t i = 0; i < sizeof(msg->data); i++)
		if (msg->data[i] != (i < len ? pattern(n, i) : 0))
			return false;
	return true;
}

#endif /* SELFTESTS_LIBIPC_COMMON_H */
