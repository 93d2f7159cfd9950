/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: timer, PARLEY_NOTIFY_TIMER at a given time
 *
 * A task has one timer. It goes off in an interrupt and leaves the rest to
 * raise.h.
 *
 * Lifetime: part of a task, and stopped before that is freed.
 *
 * Lock: its own mutex, so that of two threads that set it one comes after the
 * other.
 */
#ifndef _PARLEY_TIMER_H
#define _PARLEY_TIMER_H

#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct parley_raise;

/**
 * struct parley_timer - a task's timer
 * @lock: held while it is set
 * @timer: the kernel's
 * @raise: where its bit goes
 */
struct parley_timer {
	struct mutex lock; /* see above */
	struct hrtimer timer;
	struct parley_raise *raise;
};

void parley_timer_start(struct parley_timer *timer, struct parley_raise *raise);
void parley_timer_stop(struct parley_timer *timer);
int parley_timer_set(struct parley_timer *timer, u64 deadline);

#endif /* _PARLEY_TIMER_H */
