/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: argument, what a message operation is told and what it returns
 *
 * Short helpers for struct parley_ipc, of which an operation has a checked copy
 * and the address of the caller's.
 */
#ifndef _PARLEY_ARGUMENT_H
#define _PARLEY_ARGUMENT_H

#include <linux/fault-inject-usercopy.h>
#include <linux/kernel.h>
#include <linux/uaccess.h>
#include <uapi/linux/parley.h>

#include "chain.h"
#include "task.h"

static inline const struct parley_msg __user *
parley_ipc_send(const struct parley_ipc *ipc)
{
	return u64_to_user_ptr(ipc->send);
}

static inline struct parley_msg __user *
parley_ipc_recv(const struct parley_ipc *ipc)
{
	return u64_to_user_ptr(ipc->recv);
}

static inline bool parley_ipc_has_cargo(const struct parley_ipc *ipc)
{
	return ipc->cargo || ipc->flags & PARLEY_OOL;
}

/* Write what an operation returns in its argument. */
static inline int parley_ipc_put(const struct parley_ipc *ipc,
				 struct parley_ipc __user *uipc)
{
	if (should_fail_usercopy())
		return -EFAULT;
	if (!user_write_access_begin(uipc, sizeof(*uipc)))
		return -EFAULT;
	unsafe_put_user(ipc->recv_len, &uipc->recv_len, fault);
	unsafe_put_user(ipc->reply_error, &uipc->reply_error, fault);
	unsafe_put_user(ipc->token, &uipc->token, fault);
	user_write_access_end();
	return 0;

fault:
	user_write_access_end();
	return -EFAULT;
}

/*
 * The link that the calling process is to have while it waits (chain.h): none
 * with a deadline, or another thread.
 */
static inline struct parley_chain *parley_ipc_chain(const struct parley_ipc *ipc,
						    struct parley_task *task)
{
	return ipc->deadline || !parley_chain_alone() ? NULL :
							&task->space->chain;
}

#endif /* _PARLEY_ARGUMENT_H */
