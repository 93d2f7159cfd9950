/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: serve, the operations that receive: RECV, REPLYRECV
 *
 * Like those of rpc.h. A thread that gets a signal while it waits loses nothing by
 * leaving the kernel: its receiver is withdrawn, and entered again if the system
 * call is restarted (by then without a reply half, which has been done).
 */
#ifndef _PARLEY_SERVE_H
#define _PARLEY_SERVE_H

#include <linux/types.h>
#include <uapi/linux/parley.h>

#include "receiver.h"

struct parley_task;

/**
 * struct parley_serving - a receive with cargo, or one that no thread waits for
 * @receiver: it
 * @heard: the only task that is heard, if it was parked; or NULL
 * @token: what the reply half spent, or 0
 * @recv_len: the caller's
 * @room: the caller's for out-of-line payload
 * @cargo: what is accepted, and what has come
 */
struct parley_serving {
	struct parley_receiver receiver;
	struct parley_task *heard;
	u64 token;
	u32 recv_len;
	u64 room;
	struct parley_cargo cargo;
};

int parley_serve_recv(struct parley_task *task, struct parley_ipc *ipc,
		      struct parley_ipc __user *uipc);
int parley_serve_replyrecv(struct parley_task *task, struct parley_ipc *ipc,
			   struct parley_ipc __user *uipc);

int parley_serve_park(struct parley_task *task, struct parley_ipc *ipc,
		      struct parley_ipc __user *uipc, bool replies,
		      struct parley_serving *serving, struct parley_waker *waker);
int parley_serve_unpark(struct parley_task *task, struct parley_ipc *ipc,
			struct parley_ipc __user *uipc,
			struct parley_serving *serving, int err);
void parley_serve_drop(struct parley_serving *serving);

#endif /* _PARLEY_SERVE_H */
