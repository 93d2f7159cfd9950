/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: compat/uring_cancel, requests of io_uring that wait
 *
 * Since Linux 6.7 a driver is told when a request is given up, and so may leave one
 * waiting (commit 93b8cc60c37b, "io_uring: cancelable uring_cmd"). Before, none does.
 */
#ifndef _PARLEY_COMPAT_URING_CANCEL_H
#define _PARLEY_COMPAT_URING_CANCEL_H

#ifdef PARLEY_HAVE_URING_CANCEL

#include <linux/io_uring/cmd.h>

#define parley_uring_can_cancel()	true
#define parley_uring_mark_cancelable	io_uring_cmd_mark_cancelable
#define parley_uring_defer		io_uring_cmd_complete_in_task

static inline void parley_uring_done(struct io_uring_cmd *cmd, int res,
				     unsigned int issue_flags)
{
	io_uring_cmd_done(cmd, res, 0, issue_flags);
}

/* Has the ring been closed, so that nobody will see what completes? */
static inline bool parley_uring_is_closed(struct io_uring_cmd *cmd)
{
	return percpu_ref_is_dying(&cmd_to_io_kiocb(cmd)->ctx->refs);
}

#else

#include <linux/io_uring.h>
#include <linux/io_uring_types.h>

enum { IO_URING_F_CANCEL = 0 };

#define parley_uring_can_cancel()	false

static inline void parley_uring_mark_cancelable(struct io_uring_cmd *cmd,
						unsigned int issue_flags)
{
}

static inline void
parley_uring_defer(struct io_uring_cmd *cmd,
		   void (*complete)(struct io_uring_cmd *cmd,
				    unsigned int issue_flags))
{
}

static inline void parley_uring_done(struct io_uring_cmd *cmd, int res,
				     unsigned int issue_flags)
{
}

static inline bool parley_uring_is_closed(struct io_uring_cmd *cmd)
{
	return false;
}

#endif

#endif /* _PARLEY_COMPAT_URING_CANCEL_H */
