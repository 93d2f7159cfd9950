// SPDX-License-Identifier: GPL-2.0
/* Payload in shared memory, and three ways to tell the other that it is there. */
#include <linux/futex.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

static int event[ROLES] = { -1, -1 };

/* How many messages this process took so far; its children start at none. */
static uint32_t taken;

static int shm_setup(struct pair *pair)
{
	for (enum role to = 0; to < ROLES; to++)
		pair->message[to] = pair->shared->message[to];
	return 0;
}

static int eventfd_setup(struct pair *pair)
{
	for (enum role me = 0; me < ROLES; me++) {
		event[me] = eventfd(0, EFD_CLOEXEC);
		if (event[me] < 0)
			return -1;
	}
	return shm_setup(pair);
}

static int eventfd_post(struct pair *pair, enum role to)
{
	(void)pair;
	return eventfd_write(event[to], 1);
}

static int eventfd_take(struct pair *pair, enum role me)
{
	eventfd_t count;

	(void)pair;
	return eventfd_read(event[me], &count);
}

static void eventfd_teardown(void)
{
	for (enum role me = 0; me < ROLES; me++) {
		close(event[me]);
		event[me] = -1;
	}
}

static uint32_t posted(struct pair *pair, enum role to)
{
	return __atomic_load_n(&pair->shared->gate[to].posted, __ATOMIC_ACQUIRE);
}

/* The flag saves the system call when the other is awake anyway. */
static int futex_post(struct pair *pair, enum role to)
{
	uint32_t *gate = &pair->shared->gate[to].posted;

	__atomic_fetch_add(gate, 1, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&pair->shared->gate[to].sleeping, __ATOMIC_SEQ_CST))
		return 0;
	return syscall(SYS_futex, gate, FUTEX_WAKE, 1, NULL, NULL, 0) < 0 ? -1 : 0;
}

/* A wait that fails because the message came meanwhile is as good as a wait. */
static int futex_take(struct pair *pair, enum role me)
{
	uint32_t *gate = &pair->shared->gate[me].posted;
	uint32_t *sleeping = &pair->shared->gate[me].sleeping;

	while (posted(pair, me) == taken) {
		__atomic_store_n(sleeping, 1, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(gate, __ATOMIC_SEQ_CST) == taken)
			syscall(SYS_futex, gate, FUTEX_WAIT, taken, NULL, NULL, 0);
		__atomic_store_n(sleeping, 0, __ATOMIC_RELAXED);
	}
	taken++;
	return 0;
}

static int yield_post(struct pair *pair, enum role to)
{
	__atomic_fetch_add(&pair->shared->gate[to].posted, 1, __ATOMIC_RELEASE);
	return 0;
}

static int yield_take(struct pair *pair, enum role me)
{
	while (posted(pair, me) == taken)
		sched_yield();
	taken++;
	return 0;
}

const struct transport transport_eventfd = {
	.name = "eventfd-shm",
	.setup = eventfd_setup,
	.post = eventfd_post,
	.take = eventfd_take,
	.teardown = eventfd_teardown,
};

const struct transport transport_futex = {
	.name = "futex-shm",
	.setup = shm_setup,
	.post = futex_post,
	.take = futex_take,
};

/* Not a way to talk, but the price of two switches: nothing can be cheaper. */
const struct transport transport_yield = {
	.name = "yield-floor",
	.setup = shm_setup,
	.post = yield_post,
	.take = yield_take,
};
