/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: wait, one thread asleep for one event
 *
 * A struct parley_wait is part of the object that the thread waits on, and is
 * protected by that object's lock. Whoever makes the event happen calls
 * parley_wait_finish() under the lock and hands the thread that it returns to
 * parley_wake() once the lock is dropped.
 *
 * The sleeper needs no lock to see the end: @done is released by the finisher
 * and acquired by the sleeper, who may free the object at once. So the
 * finisher touches neither object nor wait afterwards, unless something else
 * keeps the sleeper. The thread itself
 * stays valid because the finisher is in an RCU read-side section from before
 * parley_wait_finish() until parley_wake() returns: a thread that has exited is
 * freed a grace period later. A wake-up too many is harmless to any sleeper.
 *
 * This is a plain wake_up_process() and schedule() on purpose: a wait queue
 * costs a call about 700 instructions more.
 *
 * What waits may also be an operation without a thread (parked.h). It is then an
 * alarm that is rung instead of a thread woken, and what has been said of threads
 * holds for it: it is freed a grace period after it has ended.
 */
#ifndef _PARLEY_WAIT_H
#define _PARLEY_WAIT_H

#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "chain.h"

/* Whom to wake: opaquely, a thread or an alarm. */
struct parley_waker;

/**
 * struct parley_alarm - what is rung where there is no thread to be woken
 * @ring: called by RCU readers and from interrupts, maybe with an inbox's lock; may be
 *	called again
 */
struct parley_alarm {
	void (*ring)(struct parley_alarm *alarm);
};

/* In the address of an alarm as a waker; no thread's has it. */
#define PARLEY_WAKER_ALARM	1UL

/**
 * struct parley_wait - a thread and what it waits for
 * @waker: the sleeper; NULL while nobody is there to be woken
 * @chain: its process's link, if it is to have one as long as it waits, or NULL
 * @done: the event has happened
 */
struct parley_wait {
	struct parley_waker *waker;
	struct parley_chain *chain;
	bool done;
};

static inline struct parley_waker *parley_waker_current(void)
{
	return (struct parley_waker *)current;
}

static inline struct parley_waker *parley_waker_alarm(struct parley_alarm *alarm)
{
	return (struct parley_waker *)((unsigned long)alarm | PARLEY_WAKER_ALARM);
}

static inline void parley_wait_init(struct parley_wait *wait)
{
	wait->waker = parley_waker_current();
	wait->chain = NULL;
	wait->done = false;
}

/* The wait has begun: what is waited for is the business of process @next. */
static inline void parley_wait_link(struct parley_wait *wait,
				    struct parley_chain *next)
{
	if (wait->chain)
		parley_chain_begin(wait->chain, next);
}

/* Returns whom to wake, possibly NULL. The caller is an RCU reader. */
static inline struct parley_waker *parley_wait_finish(struct parley_wait *wait)
{
	struct parley_waker *waker = wait->waker;

	if (wait->chain)
		parley_chain_end(wait->chain);
	/* Pairs with parley_wait_sleep(): the object is the sleeper's now. */
	smp_store_release(&wait->done, true);
	return waker;
}

void parley_wake_alarm(struct parley_waker *waker);

static inline void parley_wake(struct parley_waker *waker)
{
	if (!waker)
		return;
	if (unlikely((unsigned long)waker & PARLEY_WAKER_ALARM))
		parley_wake_alarm(waker);
	else
		wake_up_process((struct task_struct *)waker);
}

ktime_t parley_wait_expires(u64 deadline);
int parley_wait_sleep(struct parley_wait *wait, u64 deadline);
bool parley_wait_restarts(void);

#endif /* _PARLEY_WAIT_H */
