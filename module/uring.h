/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: uring, the operations through io_uring
 *
 * A request IORING_OP_URING_CMD is a message operation. What has to wait is parked
 * (parked.h) where Linux can give such requests up; else it is left to one of
 * io_uring's own threads, which runs in the address space and with the credentials of
 * who submitted it, and goes the way of the ioctl. Cancelling it interrupts that
 * thread's wait.
 */
#ifndef _PARLEY_URING_H
#define _PARLEY_URING_H

#include <linux/types.h>

struct io_uring_cmd;

u64 parley_uring_features(void);
int parley_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags);

#endif /* _PARLEY_URING_H */
