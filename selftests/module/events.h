/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: what the tests of the kernel's own messages share
 *
 * The operations that make them; what they look like on arrival; a struct poller,
 * a thread that waits in poll(2); and a struct pool, workers on one task that
 * note down what each of them got.
 */
#ifndef PARLEY_SELFTEST_EVENTS_H
#define PARLEY_SELFTEST_EVENTS_H

#include "common.h"

#include <grp.h>
#include <poll.h>
#include <stddef.h>

#define SHORT		(50 * MS)
#define LATE		(20000 * MS)	/* much, on an emulated machine that is busy */
#define STRANGER	1000		/* a user who is nobody */
#define KERNEL_HEAD	offsetof(struct parley_global_notifications, peers)

static inline int task_bond(struct task me, __u32 kind, __s32 peer)
{
	struct parley_bond_arg arg = { sizeof(arg), kind, peer, 0 };

	return parley(me.fd, PARLEY_IOC_BOND, &arg);
}

static inline int task_unbond(struct task me, __u32 kind, __s32 peer)
{
	struct parley_bond_arg arg = { sizeof(arg), kind, peer, 0 };

	return parley(me.fd, PARLEY_IOC_UNBOND, &arg);
}

static inline int task_timer(struct task me, __u64 deadline)
{
	struct parley_timer_arg arg = { sizeof(arg), 0, deadline };

	return parley(me.fd, PARLEY_IOC_TIMER, &arg);
}

static inline int task_eventfd(struct task me, int fd)
{
	struct parley_eventfd arg = { sizeof(arg), fd };

	return parley(me.fd, PARLEY_IOC_EVENTFD, &arg);
}

static inline int task_mode(struct task me, __u32 mode)
{
	struct parley_mode arg = { sizeof(arg), mode };

	return parley(me.fd, PARLEY_IOC_MODE, &arg);
}

static inline int task_cancel(struct task me, __u64 token)
{
	struct parley_cancel arg = { sizeof(arg), 0, token };

	return parley(me.fd, PARLEY_IOC_CANCEL, &arg);
}

/* From now on another user's process, without privileges. */
static inline void become(uid_t uid)
{
	CHECK_EQ(0, setgroups(0, NULL));
	CHECK_EQ(0, setresgid(uid, uid, uid));
	CHECK_EQ(0, setresuid(uid, uid, uid));
	CHECK_EQ(0, prctl(PR_SET_PDEATHSIG, SIGKILL));
}

/* Is there nothing to receive? */
static inline bool hears_nothing(struct task me)
{
	struct op recv;

	if (op_run(op_poll(&recv, me, PARLEY_ANY)) == -EAGAIN)
		return true;
	fprintf(stderr, "# returned %d: type %d from %d, first byte 0x%x\n", recv.ret,
		recv.in.type, recv.in.src, recv.in.payload[0]);
	return false;
}

/* Are these bits there to be received at once? */
static inline bool hears_bits(struct task me, __u8 bits)
{
	struct op recv;

	return !op_run(op_poll(&recv, me, PARLEY_ANY)) && op_got_bits(&recv, bits);
}

/* Do these bits come? An interrupt's may take their time. */
static inline bool comes_bits(struct task me, __u8 bits)
{
	struct op recv;

	op_recv(&recv, me, PARLEY_ANY)->arg.deadline = now() + LATE;
	return !op_run(&recv) && op_got_bits(&recv, bits);
}

/* Has @op received this message of the kernel's, and not a byte more? */
static inline bool op_got_kernel(const struct op *op, __s32 type, const void *payload, __u32 len)
{
	if (op->in.src != PARLEY_TASK_KERNEL || op->in.type != type || op->arg.token ||
	    op->arg.recv_len != len || memcmp(op->in.payload, payload, len)) {
		fprintf(stderr, "# got type %d from %d, %u bytes, token %llu, not type %d\n",
			op->in.type, op->in.src, op->arg.recv_len,
			(unsigned long long)op->arg.token, type);
		return false;
	}
	for (unsigned int i = len; i < PARLEY_PAYLOAD_MAX; i++)
		if (op->in.payload[i] != UNTOUCHED)
			return false;
	return true;
}

static inline bool op_got_cancelled(const struct op *op, __u64 token)
{
	struct parley_global_cancelled body = { token };

	return op_got_kernel(op, PARLEY_GLOBAL_CANCELLED, &body, sizeof(body));
}

static inline bool op_got_exit(const struct op *op, __s32 task)
{
	struct parley_global_exception body = { task, PARLEY_GRACE_EXIT };

	return op_got_kernel(op, PARLEY_GLOBAL_EXCEPTION, &body, sizeof(body));
}

static inline bool hears_cancelled(struct task me, __u64 token)
{
	struct op recv;

	return !op_run(op_poll(&recv, me, PARLEY_ANY)) && op_got_cancelled(&recv, token);
}

static inline bool hears_exit(struct task me, __s32 task)
{
	struct op recv;

	return !op_run(op_poll(&recv, me, PARLEY_ANY)) && op_got_exit(&recv, task);
}

/* The bits that a message of notifications holds, -1 if it is something else. */
static inline int op_bits(const struct op *op)
{
	if (op->in.src != PARLEY_TASK_KERNEL || op->in.type != PARLEY_GLOBAL_NOTIFICATIONS)
		return -1;
	return op->in.payload[0];
}

struct poller {
	struct pollfd fd;
	pthread_t thread;
	atomic_int tid;
};

static inline void *poller_thread(void *arg)
{
	struct poller *poller = arg;

	atomic_store(&poller->tid, syscall(SYS_gettid));
	CHECK_EQ(1, poll(&poller->fd, 1, LATE / MS));
	return NULL;
}

/* Returns when the poller sleeps. */
static inline void poller_park(struct poller *poller, struct task task)
{
	pid_t tid;

	memset(poller, 0, sizeof(*poller));
	poller->fd = (struct pollfd){ .fd = task.fd, .events = POLLIN };
	CHECK_EQ(0, pthread_create(&poller->thread, NULL, poller_thread, poller));
	while (!(tid = atomic_load(&poller->tid)) || !thread_waits(getpid(), tid, SYS_poll))
		sched_yield();
}

/* What poll() said, when it has. */
static inline short poller_join(struct poller *poller)
{
	CHECK_EQ(0, pthread_join(poller->thread, NULL));
	return poller->fd.revents;
}

/* Waits until there is something to receive. */
static inline void task_await(struct task task)
{
	struct pollfd fd = { .fd = task.fd, .events = POLLIN };

	CHECK_EQ(1, poll(&fd, 1, LATE / MS));
	CHECK_EQ(POLLIN, fd.revents);
}

#define POOL_WORKERS	4
#define POOL_MOST	1000
#define POOL_STOP	INT_MAX

/* What a worker got: from the kernel its payload's first word, else the token. */
struct letter {
	__s32 type, src;
	__u64 word;
};

struct pool {
	struct task task;
	pthread_t workers[POOL_WORKERS];
	struct letter letters[POOL_MOST];
	atomic_int count;
};

static inline void *pool_worker(void *arg)
{
	struct pool *pool = arg;
	struct op recv;

	for (;;) {
		int i;

		CHECK_EQ(0, op_run(op_recv(&recv, pool->task, PARLEY_ANY)));
		if (recv.in.type == POOL_STOP)
			return NULL;
		i = atomic_fetch_add(&pool->count, 1);
		CHECK(i < POOL_MOST);
		pool->letters[i] = (struct letter){ recv.in.type, recv.in.src, recv.arg.token };
		if (recv.in.src == PARLEY_TASK_KERNEL)
			memcpy(&pool->letters[i].word, recv.in.payload, sizeof(__u64));
		if (op_bits(&recv) >= 0)
			pool->letters[i].word = op_bits(&recv);
	}
}

static inline void pool_start(struct pool *pool, struct task task)
{
	pool->task = task;
	atomic_store(&pool->count, 0);
	for (int i = 0; i < POOL_WORKERS; i++)
		CHECK_EQ(0, pthread_create(&pool->workers[i], NULL, pool_worker, pool));
}

/* The workers end when they have received all that came before. */
static inline void pool_stop(struct pool *pool)
{
	struct task stopper = task_open();
	struct op stop;

	for (int i = 0; i < POOL_WORKERS; i++)
		CHECK_EQ(0, op_run(op_send(&stop, stopper, pool->task.id, POOL_STOP, 0)));
	for (int i = 0; i < POOL_WORKERS; i++)
		CHECK_EQ(0, pthread_join(pool->workers[i], NULL));
	close(stopper.fd);
}

/* How many messages of a type from a source; with this word, unless it is ~0. */
static inline int pool_count(const struct pool *pool, __s32 type, __s32 src, __u64 word)
{
	int count = 0;

	for (int i = 0; i < pool->count; i++) {
		const struct letter *letter = &pool->letters[i];

		count += letter->type == type && letter->src == src &&
			 (word == ~0ULL || letter->word == word);
	}
	return count;
}

#endif /* PARLEY_SELFTEST_EVENTS_H */
