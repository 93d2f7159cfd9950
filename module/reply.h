/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: reply, what spends a token
 *
 * The operation REPLY, and the reply half of REPLYRECV up to its delivery: its bytes
 * and what it carries. Out-of-line payload is written to the caller's room before
 * the token is spent, in the context of who replies.
 */
#ifndef _PARLEY_REPLY_H
#define _PARLEY_REPLY_H

#include <uapi/linux/parley.h>

#include "argument.h"
#include "message.h"
#include "task.h"

int parley_reply_load(struct parley_task *task, const struct parley_ipc *ipc,
		      struct parley_content *reply,
		      const struct parley_cargo *cargo, struct parley_load *load);
int parley_reply_give(struct parley_task *task, struct parley_ipc *ipc,
		      struct parley_ipc __user *uipc);

static inline int parley_reply_read(struct parley_task *task,
				    const struct parley_ipc *ipc,
				    struct parley_content *reply)
{
	reply->msg.src = task->id;
	return parley_content_read(reply, parley_ipc_send(ipc), ipc->send_len);
}

#endif /* _PARLEY_REPLY_H */
