// SPDX-License-Identifier: GPL-2.0
/* Pipes and UNIX sockets: payload through read() and write(). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

/* What each role reads from, and what the other writes to. */
static struct {
	int in;
	int out;
} stream[ROLES] = { { -1, -1 }, { -1, -1 } };

/* Without signals, nothing is written in part. */
static int stream_post(struct pair *pair, enum role to)
{
	ssize_t done = write(stream[to].out, pair->message[to], pair->bytes[to]);

	if (done < 0 || (size_t)done == pair->bytes[to])
		return done < 0 ? -1 : 0;
	errno = EPROTO;
	return -1;
}

/* Bulk is read as it comes. Not inlined: small messages don't pay for it. */
static __attribute__((noinline)) int take_rest(struct pair *pair, enum role me, ssize_t done)
{
	char *to = (char *)pair->message[me];
	size_t left = pair->bytes[me];

	for (; done > 0 && (size_t)done < left; done = read(stream[me].in, to, left)) {
		to += done;
		left -= done;
	}
	if (!done)
		errno = EPROTO;
	return done > 0 ? 0 : -1;
}

static int stream_take(struct pair *pair, enum role me)
{
	ssize_t done = read(stream[me].in, pair->message[me], pair->bytes[me]);

	return (size_t)done == pair->bytes[me] ? 0 : take_rest(pair, me, done);
}

static void stream_teardown(void)
{
	for (enum role me = 0; me < ROLES; me++) {
		close(stream[me].in);
		close(stream[me].out);
		stream[me].in = -1;
		stream[me].out = -1;
	}
}

/* Holds all of a message, or each refill of the pipe would cost two switches. */
static int pipe_grow(int fd, size_t bytes)
{
	int room = fcntl(fd, F_GETPIPE_SZ);

	if (room < 0 || (size_t)room >= bytes)
		return room < 0 ? -1 : 0;
	return fcntl(fd, F_SETPIPE_SZ, bytes) < 0 ? -1 : 0;
}

static int pipe_setup(struct pair *pair)
{
	for (enum role me = 0; me < ROLES; me++) {
		int ends[2];

		if (pipe(ends) || pipe_grow(ends[1], pair->bytes[me]))
			return -1;
		stream[me].in = ends[0];
		stream[me].out = ends[1];
	}
	return 0;
}

/* One socket pair serves both directions: what one reads, it also writes. */
static int socket_setup(int type)
{
	int ends[ROLES];

	if (socketpair(AF_UNIX, type, 0, ends))
		return -1;
	for (enum role me = 0; me < ROLES; me++) {
		stream[me].in = ends[me];
		stream[me].out = dup(ends[!me]);
		if (stream[me].out < 0)
			return -1;
	}
	return 0;
}

static int unix_stream_setup(struct pair *pair)
{
	(void)pair;
	return socket_setup(SOCK_STREAM);
}

static int unix_seqpacket_setup(struct pair *pair)
{
	(void)pair;
	return socket_setup(SOCK_SEQPACKET);
}

const struct transport transport_pipe = {
	.name = "pipe",
	.setup = pipe_setup,
	.post = stream_post,
	.take = stream_take,
	.teardown = stream_teardown,
};

const struct transport transport_unix_stream = {
	.name = "unix-stream",
	.setup = unix_stream_setup,
	.post = stream_post,
	.take = stream_take,
	.teardown = stream_teardown,
};

const struct transport transport_unix_seqpacket = {
	.name = "unix-seqpacket",
	.setup = unix_seqpacket_setup,
	.post = stream_post,
	.take = stream_take,
	.teardown = stream_teardown,
};
