/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: serve, the operations of a server: RECV, REPLY, REPLYRECV
 *
 * Like those of rpc.h. A thread that gets a signal while it waits loses nothing by
 * leaving the kernel: its receiver is withdrawn, and entered again if the system
 * call is restarted (by then without a reply half, which has been done).
 */
#ifndef _PARLEY_SERVE_H
#define _PARLEY_SERVE_H

#include <uapi/linux/parley.h>

struct parley_task;

int parley_serve_recv(struct parley_task *task, struct parley_ipc *ipc,
		      struct parley_ipc __user *uipc);
int parley_serve_reply(struct parley_task *task, struct parley_ipc *ipc,
		       struct parley_ipc __user *uipc);
int parley_serve_replyrecv(struct parley_task *task, struct parley_ipc *ipc,
			   struct parley_ipc __user *uipc);

#endif /* _PARLEY_SERVE_H */
