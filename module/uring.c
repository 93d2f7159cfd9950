// SPDX-License-Identifier: GPL-2.0

#include <linux/errno.h>
#include <uapi/linux/parley.h>

#include "compat/uring.h"
#include "ioctl.h"
#include "uring.h"

/* The file operation. */
int parley_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	const struct parley_uring *payload = parley_uring_payload(cmd);
	u64 uipc = READ_ONCE(payload->ipc);
	int err;

	if (!parley_ioctl_is_message(cmd->cmd_op))
		return -ENOTTY;
	if (READ_ONCE(payload->reserved))
		return -EINVAL;
	/* io_uring then tries again, from a thread that may wait. */
	if (issue_flags & IO_URING_F_NONBLOCK)
		return -EAGAIN;
	err = parley_ioctl_on_task(cmd->file, cmd->cmd_op, uipc);
	/* There is no system call to restart. */
	return err == -ERESTARTSYS ? -EINTR : err;
}
