// SPDX-License-Identifier: GPL-2.0
/*
 * Parley: one ioctl is a client's whole turn, and one a server's. As services
 * are: client and server are different users, the server lets everybody in, has
 * a pool of four workers, and asks who is calling.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
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
static size_t message_len[ROLES];
static struct parley_creds creds;
static struct parley_cargo cargo;
static struct parley_ipc ipc;
static int task = -1;
static int file = -1;

static void in_line(struct pair *pair, enum role to)
{
	pair->message[to] = (uint64_t *)message[to].payload;
	message_len[to] = pair->bytes[to];
}

/* What is sent in line says where the rest is. */
static void out_of_line(struct pair *pair, enum role to, const uint64_t *where)
{
	struct parley_ool head = { .addr = (uintptr_t)where, .len = pair->bytes[to] };

	memcpy(message[to].payload, &head, sizeof(head));
	message_len[to] = sizeof(head);
}

static int parley_setup(struct pair *pair)
{
	in_line(pair, SERVER);
	in_line(pair, CLIENT);
	return 0;
}

static int parley_ool_setup(struct pair *pair)
{
	out_of_line(pair, SERVER, pair->message[SERVER]);
	in_line(pair, CLIENT);
	return 0;
}

/* The file has what the server would fill in. */
static int parley_filerange_setup(struct pair *pair)
{
	in_line(pair, SERVER);
	out_of_line(pair, CLIENT, NULL);
	file = file_open(pair);
	return file < 0 ? -1 : 0;
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
	/* There is one CPU: they wait by the time that this thread has slept. */
	return usleep(1000);
}

/* A task belongs to its process, so each side opens its own. */
static int parley_join(struct pair *pair, enum role me)
{
	struct parley_info info = { .size = sizeof(info) };

	task = open("/dev/parley", O_RDWR | O_CLOEXEC);
	if (task < 0 || ioctl(task, PARLEY_IOC_INFO, &info))
		return -1;
	if (me == SERVER)
		pair->shared->server = info.task;
	ipc = (struct parley_ipc) {
		.size = sizeof(ipc),
		.peer = me == SERVER ? PARLEY_ANY : pair->shared->server,
		.send_len = message_len[!me],
		.send = (uintptr_t)&message[!me],
		.recv = (uintptr_t)&message[me],
	};
	return me == SERVER ? parley_serve() : 0;
}

/* Payload to @to is out of line: who sends it says so, who receives it has room. */
static int parley_cargo_join(struct pair *pair, enum role me, enum role to)
{
	if (parley_join(pair, me))
		return -1;
	cargo.size = sizeof(cargo);
	if (me == to) {
		cargo.accept = PARLEY_CARGO_OOL;
		cargo.ool = (uintptr_t)pair->message[to];
		ipc.cargo = (uintptr_t)&cargo;
	} else {
		ipc.flags = PARLEY_OOL;
	}
	return 0;
}

static int parley_ool_join(struct pair *pair, enum role me)
{
	return parley_cargo_join(pair, me, SERVER);
}

static int parley_filerange_join(struct pair *pair, enum role me)
{
	if (parley_cargo_join(pair, me, CLIENT))
		return -1;
	if (me == SERVER) {
		cargo.send = PARLEY_CARGO_RANGE;
		cargo.send_fd = file;
		ipc.cargo = (uintptr_t)&cargo;
	}
	return 0;
}

/* The server's token stays in @ipc from one turn to the next; 0 at first. */
static int parley_take(struct pair *pair, enum role me)
{
	(void)pair;
	ipc.recv_len = message_len[me];
	if (ioctl(task, turn[me], &ipc))
		return -1;
	if (ipc.recv_len == message_len[me] && !ipc.reply_error &&
	    (me == CLIENT || creds.pid > 0))
		return 0;
	errno = EPROTO;
	return -1;
}

static int parley_cargo_take(struct pair *pair, enum role me)
{
	if (!cargo.accept)
		return parley_take(pair, me);
	cargo.ool_len = pair->bytes[me];
	if (parley_take(pair, me))
		return -1;
	if (cargo.received == PARLEY_CARGO_OOL && cargo.ool_len == pair->bytes[me])
		return 0;
	errno = EPROTO;
	return -1;
}

/* What the next take sends along is the next part of the file. */
static int parley_filerange_post(struct pair *pair, enum role to)
{
	static uint64_t next;

	if (to == SERVER)
		return 0;
	cargo.send_offset = next;
	next += pair->bytes[to];
	return 0;
}

static void parley_filerange_teardown(void)
{
	close(file);
	file = -1;
}

const struct transport transport_parley = {
	.name = "parley-call",
	.setup = parley_setup,
	.join = parley_join,
	.take = parley_take,
};

const struct transport transport_parley_ool = {
	.name = "parley-ool",
	.setup = parley_ool_setup,
	.join = parley_ool_join,
	.take = parley_cargo_take,
};

const struct transport transport_parley_filerange = {
	.name = "parley-filerange",
	.setup = parley_filerange_setup,
	.join = parley_filerange_join,
	.post = parley_filerange_post,
	.take = parley_cargo_take,
	.teardown = parley_filerange_teardown,
};
