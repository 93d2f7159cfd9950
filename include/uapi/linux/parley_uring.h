/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/**
 * DOC: Parley, operations through io_uring
 *
 * Part of parley.h.
 */
#ifndef _UAPI_LINUX_PARLEY_URING_H
#define _UAPI_LINUX_PARLEY_URING_H

#include <linux/types.h>

/**
 * struct parley_uring - the command of an IORING_OP_URING_CMD request on a task
 * @ipc: the struct parley_ipc; must stay until the request has completed
 * @reserved: zero
 *
 * Lies in the request's cmd field (16 bytes); cmd_op is PARLEY_IOC_SEND, _RECV,
 * _CALL, _REPLY or _REPLYRECV. The result is that of the ioctl, but that signals do
 * not matter; a receive may end with %EINTR, having received nothing (a sender has
 * withdrawn what it had sent), and is then to be done again. A REPLY is done at once.
 *
 * With PARLEY_FEATURE_URING_ASYNC an operation that has to wait takes no thread, but
 * counts as a message of the user's from its beginning (%EDQUOT). It completes in the
 * context of the thread that submitted it, when that is in the kernel, as other
 * requests do. It is cancelled (%ECANCELED) by another request whose cmd_op is
 * PARLEY_IOC_CANCEL and whose @ipc is the same: that one's result is 0, or %ENOENT if
 * no such operation waits; what has come meanwhile is not lost, and completes it as
 * usual.
 * IORING_OP_ASYNC_CANCEL does not find it, and so a linked timeout does nothing: use
 * a deadline. It is cancelled, too, when the ring is closed or the task dies. If only
 * the thread that submitted it exits, it ends with %ECANCELED when it would have
 * completed (what has come is for another receiver; but of a ring with
 * IORING_SETUP_DEFER_TASKRUN only when the ring is closed). A call to PARLEY_TASK_VM,
 * the resumption of one that was interrupted, and what has IOSQE_ASYNC or
 * IOSQE_IO_DRAIN, are done as without the feature.
 *
 * Without it (PARLEY_IOC_CANCEL: %EOPNOTSUPP) an operation, whether it has to wait or
 * not, is done by one of io_uring's threads, of which there are few unless
 * IORING_REGISTER_IOWQ_MAX_WORKERS asks for more. It can be cancelled by
 * IORING_OP_ASYNC_CANCEL: one that waits, and one that waits while the process is
 * stopped or frozen, ends with %EINTR, as for a signal whose handler lacks
 * SA_RESTART; one that had not begun with %ECANCELED.
 */
struct parley_uring {
	__aligned_u64 ipc;
	__aligned_u64 reserved;
};

#endif /* _UAPI_LINUX_PARLEY_URING_H */
