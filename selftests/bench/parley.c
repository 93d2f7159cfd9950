// SPDX-License-Identifier: GPL-2.0
/*
 * Parley: one ioctl is a client's whole turn, and one a server's. As services
 * are: client and server are different users, the server lets everybody in, has
 * a pool of four workers, and asks who is calling.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/parley.h>

#include "bench.h"

static const unsigned long turn[ROLES] = {
	[SERVER] = PARLEY_IOC_REPLYRECV,
	[CLIENT] = PARLEY_IOC_CALL,
};

#define WORKERS		4

static struct parley_msg message[ROLES];
static struct parley_creds creds;
static struct parley_ipc ipc;
static int task = -1;

static int parley_setup(struct pair *pair)
{
	for (enum role to = 0; to < ROLES; to++)
		pair->message[to] = (uint64_t *)message[to].payload;
	return 0;
}

/*
 * The latest to wait is served first: the worker that is measured, since the
 * others were there before it. They end with the process.
 */
static void *parley_idle(void *unused)
{
	struct parley_msg msg;
	struct parley_ipc recv = {
		.size = sizeof(recv),
		.peer = PARLEY_ANY,
		.recv_len = sizeof(msg.payload),
		.recv = (uintptr_t)&msg,
	};

	ioctl(task, PARLEY_IOC_RECV, &recv);
	return unused;
}

static int parley_serve(void)
{
	struct parley_mode mode = { .size = sizeof(mode), .mode = 0666 };
	pthread_t worker;
	int i;

	if (ioctl(task, PARLEY_IOC_MODE, &mode))
		return -1;
	ipc.creds = (uintptr_t)&creds;
	for (i = 1; i < WORKERS; i++) {
		errno = pthread_create(&worker, NULL, parley_idle, NULL);
		if (errno)
			return -1;
	}
	return 0;
}

/* A task belongs to its process, so each side opens its own. */
static int parley_join(struct pair *pair, enum role me)
{
	struct parley_info info = { .size = sizeof(info) };

	task = open("/dev/parley", O_RDWR | O_CLOEXEC);
	if (task < 0 || ioctl(task, PARLEY_IOC_INFO, &info))
		return -1;
	if (me == SERVER)
		pair->shared->server_task = info.task;
	ipc = (struct parley_ipc) {
		.size = sizeof(ipc),
		.peer = me == SERVER ? PARLEY_ANY : pair->shared->server_task,
		.send_len = pair->bytes,
		.send = (uintptr_t)&message[!me],
		.recv = (uintptr_t)&message[me],
	};
	return me == SERVER ? parley_serve() : 0;
}

/* The server's token stays in @ipc from one turn to the next; 0 at first. */
static int parley_take(struct pair *pair, enum role me)
{
	ipc.recv_len = pair->bytes;
	if (ioctl(task, turn[me], &ipc))
		return -1;
	if (ipc.recv_len == pair->bytes && !ipc.reply_error &&
	    (me == CLIENT || creds.pid > 0))
		return 0;
	errno = EPROTO;
	return -1;
}

/* The task was opened in a process that is gone. */
static void parley_teardown(void)
{
}

const struct transport transport_parley = {
	.name = "parley-call",
	.setup = parley_setup,
	.join = parley_join,
	.take = parley_take,
	.teardown = parley_teardown,
};
