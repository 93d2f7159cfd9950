/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * DOC: the task behind the calling thread's operations (internal)
 *
 * A process opens its own task when it first needs one and keeps it until
 * fork() or its end; a thread may have chosen another descriptor, which stays
 * the application's. No locks: threads that race to open the own task agree by
 * compare-and-swap, so that everything here may run in a signal handler.
 */
#ifndef LIBIPC_TASK_H
#define LIBIPC_TASK_H

/* Objects are built with hidden visibility: exported is what libipc.h declares. */
#pragma GCC visibility push(default)
#include "libipc.h"
#pragma GCC visibility pop

/**
 * ipc_fd_ioctl() - an ioctl on any descriptor
 * @fd: the descriptor
 * @op: PARLEY_IOC_*
 * @arg: its argument
 *
 * Return: what the ioctl returned, or a negative errno; errno is untouched.
 */
int ipc_fd_ioctl(int fd, unsigned long op, void *arg);

/**
 * ipc_task_ioctl() - an ioctl on the thread's current task
 * @op: PARLEY_IOC_*
 * @arg: its argument
 *
 * Return: as ipc_fd_ioctl(), or as ipc_fd().
 */
int ipc_task_ioctl(unsigned long op, void *arg);

#endif /* LIBIPC_TASK_H */
