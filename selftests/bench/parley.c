// SPDX-License-Identifier: GPL-2.0
/* Parley: one ioctl is a client's whole turn, and one a server's. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/parley.h>

#include "bench.h"

static const unsigned long turn[ROLES] = {
	[SERVER] = PARLEY_IOC_REPLYRECV,
	[CLIENT] = PARLEY_IOC_CALL,
};

static struct parley_msg message[ROLES];
static struct parley_ipc ipc;
static int task = -1;

static int parley_setup(struct pair *pair)
{
	for (enum role to = 0; to < ROLES; to++)
		pair->message[to] = (uint64_t *)message[to].payload;
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
	return 0;
}

/* The server's token stays in @ipc from one turn to the next; 0 at first. */
static int parley_take(struct pair *pair, enum role me)
{
	ipc.recv_len = pair->bytes;
	if (ioctl(task, turn[me], &ipc))
		return -1;
	if (ipc.recv_len == pair->bytes && !ipc.reply_error)
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
