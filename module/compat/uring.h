/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: compat/uring, where the command of an io_uring request lies
 *
 * Linux 6.5 replaced the pointer to the command in struct io_uring_cmd by one to
 * the whole SQE (commit fd9b8547bc5c, "io_uring: Pass whole sqe to commands"), and
 * 6.7 moved the structure to a header of its own (commit b66509b8497f, "io_uring:
 * split out cmd api into a separate header").
 */
#ifndef _PARLEY_COMPAT_URING_H
#define _PARLEY_COMPAT_URING_H

#ifdef PARLEY_HAVE_URING_SQE
#include <linux/io_uring/cmd.h>
#else
#include <linux/io_uring.h>
#endif

static inline const void *parley_uring_payload(const struct io_uring_cmd *cmd)
{
#ifdef PARLEY_HAVE_URING_SQE
	return io_uring_sqe_cmd(cmd->sqe);
#else
	return cmd->cmd;
#endif
}

#endif /* _PARLEY_COMPAT_URING_H */
