/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: raise, notifications from where no inbox can be locked
 *
 * Timers and eventfds call from interrupts. They leave their bits in a struct
 * parley_raise, and a worker sets them. (Locks that such callers could take
 * would cost every message.)
 *
 * Lifetime: part of a task, and stopped before that is freed.
 */
#ifndef _PARLEY_RAISE_H
#define _PARLEY_RAISE_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct parley_inbox;

/**
 * struct parley_raise - bits on their way to an inbox
 * @work: sets them
 * @bits: PARLEY_NOTIFY_*
 * @inbox: where
 */
struct parley_raise {
	struct work_struct work;
	atomic_t bits;
	struct parley_inbox *inbox;
};

void parley_raise_start(struct parley_raise *raise, struct parley_inbox *inbox);
void parley_raise_stop(struct parley_raise *raise);
void parley_raise_set(struct parley_raise *raise, u32 bits);
void parley_raise_clear(struct parley_raise *raise, u32 bits);

int parley_raise_init(void);
void parley_raise_exit(void);

#endif /* _PARLEY_RAISE_H */
