// SPDX-License-Identifier: GPL-2.0
/*
 * A server on libipc: one receive loop, one row per kind of request. Prints
 * the id of its task, then a line for each request that it holds on to.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libipc.h>

#include "tour.h"

/* A request on arrival, its reply when served; token 0: no reply. */
struct request {
	struct ipc_msg msg;
	size_t len;
	ipc_token_t token;
};

static void serve_flip(struct request *rq)
{
	for (size_t i = 0; i < rq->len; i++)
		rq->msg.data[i] ^= 0xff;
}

static void serve_notify(struct request *rq)
{
	rq->msg.type = ipc_notify(rq->msg.src, rq->msg.data[0]);
	rq->len = 0;
}

static void serve_hang(struct request *rq)
{
	rq->token = 0;
	printf("holding a request of task %d\n", rq->msg.src);
}

static void serve_unknown(struct request *rq)
{
	rq->msg.type = -ENOTSUP;
	rq->len = 0;
}

static const struct service {
	int type;
	void (*serve)(struct request *rq);
} services[] = {
	{ TOUR_FLIP, serve_flip },
	{ TOUR_NOTIFY, serve_notify },
	{ TOUR_HANG, serve_hang },
	{ 0, serve_unknown },
};

static void serve(struct request *rq)
{
	const struct service *service = services;

	while (service->type && service->type != rq->msg.type)
		service++;
	service->serve(rq);
}

static int serve_forever(void)
{
	struct request rq = { .token = 0 };
	int err;

	do {
		err = ipc_replyrecv(LIBIPC_TASK_ANY, &rq.msg, &rq.len, &rq.token,
				    LIBIPC_FOREVER);
		if (!err)
			serve(&rq);
	} while (!err || err == -EINTR);
	return err;
}

int main(void)
{
	ipc_task_t self = ipc_self();
	int err = self;

	setlinebuf(stdout);
	if (self > 0) {
		printf("%d\n", self);
		err = serve_forever();
	}
	fprintf(stderr, "tour-server: /dev/parley: %s\n", strerror(-err));
	return 1;
}
