// SPDX-License-Identifier: GPL-2.0
/*
 * Payload copied from memory to memory. That it is there is told by one of the
 * transports that find their payload in shared memory: the one that costs less.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench.h"

/* The reply is a word: it is left where the client sees it. */
static int process_vm_setup(struct pair *pair)
{
	pair->message[CLIENT] = pair->shared->message[CLIENT];
	return 0;
}

/* Who has changed users is out of reach even of his own, unless he says so. */
static int process_vm_join(struct pair *pair, enum role me)
{
	if (me == CLIENT)
		return 0;
	pair->shared->server = getpid();
	return prctl(PR_SET_DUMPABLE, 1);
}

/* The server's buffer has the address of the client's. */
static int write_request(struct pair *pair)
{
	struct iovec request = { pair->message[SERVER], pair->bytes[SERVER] };
	ssize_t done = process_vm_writev(pair->shared->server, &request, 1, &request, 1, 0);

	if (done < 0 || (size_t)done == request.iov_len)
		return done < 0 ? -1 : 0;
	errno = EPROTO;
	return -1;
}

static int process_vm_post(struct pair *pair, enum role to)
{
	if (to == SERVER && write_request(pair))
		return -1;
	return transport_futex.post(pair, to);
}

static int process_vm_take(struct pair *pair, enum role me)
{
	return transport_futex.take(pair, me);
}

/* Has the descriptors opened, and goes on sending from memory of its own. */
static int memcpy_setup(struct pair *pair)
{
	struct pair shared = *pair;

	return transport_eventfd.setup(&shared);
}

static int memcpy_post(struct pair *pair, enum role to)
{
	memcpy(pair->shared->message[to], pair->message[to], pair->bytes[to]);
	return transport_eventfd.post(pair, to);
}

static int memcpy_take(struct pair *pair, enum role me)
{
	if (transport_eventfd.take(pair, me))
		return -1;
	memcpy(pair->message[me], pair->shared->message[me], pair->bytes[me]);
	return 0;
}

static void memcpy_teardown(void)
{
	transport_eventfd.teardown();
}

const struct transport transport_process_vm = {
	.name = "process-vm",
	.one_user = true,
	.setup = process_vm_setup,
	.join = process_vm_join,
	.post = process_vm_post,
	.take = process_vm_take,
};

const struct transport transport_memcpy = {
	.name = "memcpy-shm",
	.setup = memcpy_setup,
	.post = memcpy_post,
	.take = memcpy_take,
	.teardown = memcpy_teardown,
};
