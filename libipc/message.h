/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * DOC: what the operations with messages share (internal)
 *
 * Each lays its struct parley_ipc on the stack of the thread that does it, or
 * where the application says, and gives it to the kernel.
 */
#ifndef LIBIPC_MESSAGE_H
#define LIBIPC_MESSAGE_H

#include "task.h"

#include <linux/parley.h>

static inline uint64_t ipc_address(const void *pointer)
{
	return (uintptr_t)pointer;
}

/* What waits, and for how long; the rest is zero until set. */
static inline struct parley_ipc ipc_waiting(ipc_task_t peer, uint64_t deadline)
{
	int nowait = deadline == LIBIPC_NOWAIT;

	return (struct parley_ipc){
		.size = sizeof(struct parley_ipc),
		.flags = nowait ? PARLEY_NONBLOCK : 0,
		.peer = peer,
		.deadline = nowait ? 0 : deadline,
	};
}

/**
 * ipc_begin() - a SEND or CALL on the thread's current task
 * @op: PARLEY_IOC_SEND or PARLEY_IOC_CALL
 * @ipc: its argument
 *
 * Whatever signals come, nothing is in flight afterwards.
 *
 * Return: as ipc_task_ioctl().
 */
int ipc_begin(unsigned long op, struct parley_ipc *ipc);

#endif /* LIBIPC_MESSAGE_H */
