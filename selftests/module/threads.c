// SPDX-License-Identifier: GPL-2.0
/* A pool of workers on one task, served to many threads on few: no mix-up. */
#include "common.h"

#define WORKERS	4
#define CLIENTS	2	/* tasks */
#define THREADS	4	/* per client task */
#define CALLS	500	/* per thread */
#define STOP	INT_MAX

struct worker {
	pthread_t thread;
	struct task server;
	__s32 hears;
	bool replyrecv;
	int served, ended;
};

struct caller {
	pthread_t thread;
	struct task client;
	__s32 server;
	int number;
};

/* Any length follows from the type, and so does the answer from the request. */
static __u32 length(__s32 type)
{
	return (__u32)type * 2654435761U % (PARLEY_PAYLOAD_MAX + 1);
}

static void serve(struct worker *me, struct op *op)
{
	__s32 type = op->in.type ^ 1;

	CHECK(op_got(op, op->in.src, op->in.type, length(op->in.type)));
	CHECK(me->hears == PARLEY_ANY || me->hears == op->in.src);
	CHECK(op->arg.token);
	me->served++;
	if (me->replyrecv) {
		op_replyrecv(op, me->server, op->arg.token, type, length(type));
		op->arg.peer = me->hears;
	} else {
		CHECK_EQ(0, op_run(op_reply(op, me->server, op->arg.token, type, length(type))));
		op_recv(op, me->server, me->hears);
	}
}

static void *worker_thread(void *arg)
{
	struct worker *me = arg;
	struct op op;

	op_recv(&op, me->server, me->hears);
	while (!op_run(&op) && op.in.type != STOP) {
		CHECK_EQ(0, op.arg.reply_error);
		serve(me, &op);
	}
	me->ended = op.ret;
	return NULL;
}

static void *caller_thread(void *arg)
{
	struct caller *me = arg;
	struct op call;

	for (int i = 0; i < CALLS; i++) {
		__s32 type = (me->number * CALLS + i) * 2;

		op_call(&call, me->client, me->server, type, length(type));
		CHECK_EQ(0, op_run(&call));
		CHECK(op_got(&call, me->server, type ^ 1, length(type ^ 1)));
	}
	return NULL;
}

FIXTURE(threads)
{
	struct task server, clients[CLIENTS];
	struct worker workers[WORKERS];
	struct caller callers[CLIENTS * THREADS];
};

FIXTURE_VARIANT(threads)
{
	int closed;	/* so many workers hear one client each */
};

FIXTURE_VARIANT_ADD(threads, receive_any) { .closed = 0 };
FIXTURE_VARIANT_ADD(threads, receive_any_and_one) { .closed = 2 };

FIXTURE_SETUP(threads)
{
	self->server = task_open();
	for (int i = 0; i < CLIENTS; i++)
		self->clients[i] = task_open();
	for (int i = 0; i < WORKERS; i++) {
		struct worker *worker = &self->workers[i];

		worker->server = self->server;
		worker->hears = i < variant->closed ? self->clients[i].id : PARLEY_ANY;
		worker->replyrecv = i & 1;
		ASSERT_EQ(0, pthread_create(&worker->thread, NULL, worker_thread, worker));
	}
}

FIXTURE_TEARDOWN(threads)
{
}

TEST_F(threads, every_reply_matches_its_request)
{
	struct task stopper = task_open();
	struct op stop;
	int served = 0;

	for (int i = 0; i < CLIENTS * THREADS; i++) {
		struct caller *caller = &self->callers[i];

		*caller = (struct caller){ .client = self->clients[i % CLIENTS],
					   .server = self->server.id, .number = i };
		ASSERT_EQ(0, pthread_create(&caller->thread, NULL, caller_thread, caller));
	}
	for (int i = 0; i < CLIENTS * THREADS; i++)
		ASSERT_EQ(0, pthread_join(self->callers[i].thread, NULL));

	/* Who hears one client ends with that, who hears all is told to. */
	for (int i = 0; i < CLIENTS; i++)
		ASSERT_EQ(0, close(self->clients[i].fd));
	for (int i = variant->closed; i < WORKERS; i++)
		ASSERT_EQ(0, op_run(op_send(&stop, stopper, self->server.id, STOP, 0)));
	for (int i = 0; i < WORKERS; i++) {
		ASSERT_EQ(0, pthread_join(self->workers[i].thread, NULL));
		EXPECT_EQ(i < variant->closed ? -ENOTCONN : 0, self->workers[i].ended);
		served += self->workers[i].served;
	}
	EXPECT_EQ(CLIENTS * THREADS * CALLS, served);
}

TEST_HARNESS_MAIN
