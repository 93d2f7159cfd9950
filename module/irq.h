/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: irq, PARLEY_NOTIFY_IRQ from an eventfd
 *
 * A task can have one eventfd bound to it. Its events come with interrupts off;
 * the rest is left to raise.h. The eventfd's counter is consumed, so that who
 * writes to it never waits.
 *
 * Lifetime: part of a task, and unbound before that is freed. It keeps what is
 * behind the eventfd, not the file: that may be closed at any time, and then
 * nothing comes any more.
 *
 * Lock: its own mutex, then that of the eventfd's wait queue.
 */
#ifndef _PARLEY_IRQ_H
#define _PARLEY_IRQ_H

#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/wait.h>

struct eventfd_ctx;
struct parley_raise;

/**
 * struct parley_irq - a task's eventfd
 * @lock: protects the following
 * @ctx: the eventfd, NULL for none
 * @wait: in its wait queue
 * @head: that queue
 * @table: how @wait gets there
 * @raise: where the bit goes
 */
struct parley_irq {
	struct mutex lock; /* all below */
	struct eventfd_ctx *ctx;
	wait_queue_entry_t wait;
	wait_queue_head_t *head;
	poll_table table;
	struct parley_raise *raise;
};

void parley_irq_start(struct parley_irq *irq, struct parley_raise *raise);
void parley_irq_stop(struct parley_irq *irq);
int parley_irq_bind(struct parley_irq *irq, int fd);

#endif /* _PARLEY_IRQ_H */
