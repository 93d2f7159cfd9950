// SPDX-License-Identifier: GPL-2.0
/* POSIX message queues, one per direction. */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>

#include "bench.h"

static const char *const names[ROLES] = {
	[SERVER] = "/parley-bench-server",
	[CLIENT] = "/parley-bench-client",
};

static mqd_t queue[ROLES] = { -1, -1 };

/* Unlinked at once: both sides inherit the descriptors. */
static int mqueue_setup(struct pair *pair)
{
	for (enum role me = 0; me < ROLES; me++) {
		struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = pair->bytes[me] };

		queue[me] = mq_open(names[me], O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
		if (queue[me] < 0 || mq_unlink(names[me]))
			return -1;
	}
	return 0;
}

static int mqueue_post(struct pair *pair, enum role to)
{
	return mq_send(queue[to], (char *)pair->message[to], pair->bytes[to], 0);
}

static int mqueue_take(struct pair *pair, enum role me)
{
	ssize_t done = mq_receive(queue[me], (char *)pair->message[me], pair->bytes[me], NULL);

	if (done < 0 || (size_t)done == pair->bytes[me])
		return done < 0 ? -1 : 0;
	errno = EPROTO;
	return -1;
}

static void mqueue_teardown(void)
{
	for (enum role me = 0; me < ROLES; me++) {
		mq_close(queue[me]);
		queue[me] = -1;
	}
}

const struct transport transport_mqueue = {
	.name = "posix-mq",
	.setup = mqueue_setup,
	.post = mqueue_post,
	.take = mqueue_take,
	.teardown = mqueue_teardown,
};
