/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: rpc, the operations of a client: SEND, CALL, CANCEL
 *
 * Each function is one operation of the interface (parley.h has what it does and
 * its errors), on the calling thread's task, with a checked copy of its argument
 * and the argument's address for what it returns.
 *
 * A waiting thread that gets a signal has to leave the kernel. If the system call
 * will be restarted, the message stays where it is, kept by the task as
 * *interrupted*, and @token in the argument lets the restarted call find it; else
 * it is withdrawn.
 *
 * No lock is held here while user memory is touched or while sleeping.
 */
#ifndef _PARLEY_RPC_H
#define _PARLEY_RPC_H

#include <linux/types.h>
#include <uapi/linux/parley.h>

struct parley_message;
struct parley_task;
struct parley_waker;

int parley_rpc_send(struct parley_task *task, struct parley_ipc *ipc,
		    struct parley_ipc __user *uipc);
int parley_rpc_call(struct parley_task *task, struct parley_ipc *ipc,
		    struct parley_ipc __user *uipc);
int parley_rpc_cancel(struct parley_task *task,
		      const struct parley_cancel *cancel);

struct parley_message *parley_rpc_park(struct parley_task *task,
				       const struct parley_ipc *ipc, bool oneway,
				       struct parley_waker *waker);
int parley_rpc_unpark(struct parley_task *task, struct parley_ipc *ipc,
		      struct parley_ipc __user *uipc,
		      struct parley_message *message, int err);

#endif /* _PARLEY_RPC_H */
