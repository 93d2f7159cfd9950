/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: parked, operations of a ring that wait without a thread
 *
 * A struct parley_parked is a message operation that came through io_uring and has
 * to wait. Its receiver, or its message, is in an inbox like any other, but wakes an
 * alarm instead of a thread, and that has io_uring run the rest in the thread which
 * submitted the request.
 *
 * What it waited for, its deadline, and PARLEY_IOC_CANCEL all ring the alarm, and
 * the first wins: PARLEY_PARKED_RUNG is set once, by who then sees to the end. When
 * io_uring gives a request up (the ring is closed, or the process executes another
 * program) it is ended at once, unless the alarm has been rung. When the task dies,
 * what it has in the list is dropped, rung or not; the requests complete later.
 *
 * Beginning, end and giving up are called with the ring's lock held, so that they
 * never meet. A thread or process that is exiting, or a worker of the kernel's in
 * its stead, can't be given anything: the operation is dropped as if its thread had
 * been killed.
 *
 * Lifetime: from the beginning to the completion, and a grace period more, since
 * alarms are rung by RCU readers (wait.h). The request holds the task's descriptor.
 *
 * Lock: that of the task's struct parley_parking, for its list. A request is
 * completed, and so freed, only after it has left the list, so that who holds the
 * lock can ring an alarm that is there.
 */
#ifndef _PARLEY_PARKED_H
#define _PARLEY_PARKED_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct io_uring_cmd;
struct parley_ipc;
struct parley_task;

/**
 * struct parley_parking - a task's parked operations
 * @lock: protects @parked
 * @parked: struct parley_parked
 */
struct parley_parking {
	spinlock_t lock; /* parked */
	struct list_head parked;
};

static inline void parley_parking_init(struct parley_parking *parking)
{
	spin_lock_init(&parking->lock);
	INIT_LIST_HEAD(&parking->parked);
}

void parley_parking_close(struct parley_parking *parking);

int parley_parked_begin(struct io_uring_cmd *cmd, unsigned int issue_flags,
			const struct parley_ipc *ipc,
			struct parley_ipc __user *uipc);
void parley_parked_give_up(struct io_uring_cmd *cmd, unsigned int issue_flags);
int parley_parked_cancel(struct parley_task *task,
			 const struct parley_ipc __user *uipc);

#endif /* _PARLEY_PARKED_H */
