// SPDX-License-Identifier: GPL-2.0

#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <uapi/linux/parley.h>

#include "compat/uring.h"
#include "compat/uring_cancel.h"
#include "ioctl.h"
#include "parked.h"
#include "task.h"
#include "uring.h"

/* PARLEY_FEATURE_*, as far as they are about io_uring. */
u64 parley_uring_features(void)
{
	if (!IS_ENABLED(CONFIG_IO_URING))
		return 0;
	return PARLEY_FEATURE_URING |
	       (parley_uring_can_cancel() ? PARLEY_FEATURE_URING_ASYNC : 0);
}

/* With a thread of io_uring's, or without waiting. There is no system call to restart. */
static int parley_uring_do(struct io_uring_cmd *cmd, u64 uipc)
{
	int err = parley_ioctl_on_task(cmd->file, cmd->cmd_op, uipc);

	return err == -ERESTARTSYS || err == -ERESTARTNOINTR ? -EINTR : err;
}

static int parley_uring_begin(struct io_uring_cmd *cmd, unsigned int issue_flags,
			      u64 uipc)
{
	struct parley_ipc ipc;
	int err;

	err = parley_ioctl_get_message(cmd->file, cmd->cmd_op, uipc, &ipc);
	return err ?: parley_parked_begin(cmd, issue_flags, &ipc,
					  u64_to_user_ptr(uipc));
}

static int parley_uring_cancel(struct io_uring_cmd *cmd, u64 uipc)
{
	if (!parley_uring_can_cancel())
		return -EOPNOTSUPP;
	return parley_parked_cancel(cmd->file->private_data,
				    u64_to_user_ptr(uipc));
}

/* The file operation. */
int parley_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	const struct parley_uring *payload;
	u64 uipc;

	if (issue_flags & IO_URING_F_CANCEL) {
		parley_parked_give_up(cmd, issue_flags);
		return 0;
	}
	payload = parley_uring_payload(cmd);
	uipc = READ_ONCE(payload->ipc);
	if (READ_ONCE(payload->reserved))
		return -EINVAL;
	if (!parley_task_is_current(cmd->file->private_data))
		return -ESTALE;
	if (cmd->cmd_op == PARLEY_IOC_CANCEL)
		return parley_uring_cancel(cmd, uipc);
	if (!parley_ioctl_is_message(cmd->cmd_op))
		return -ENOTTY;
	/* -EAGAIN has io_uring try again, from a thread that may wait. */
	if (issue_flags & IO_URING_F_NONBLOCK && cmd->cmd_op != PARLEY_IOC_REPLY)
		return parley_uring_begin(cmd, issue_flags, uipc);
	return parley_uring_do(cmd, uipc);
}
