/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/**
 * DOC: Parley, messages of the kernel
 *
 * Types and layouts of the messages that the module itself sends, from
 * PARLEY_TASK_KERNEL, and of those that every task understands. Types up to
 * PARLEY_TYPE_RESERVED mean the same everywhere; the others are the services'.
 */
#ifndef _UAPI_LINUX_PARLEY_PROTO_H
#define _UAPI_LINUX_PARLEY_PROTO_H

#include <linux/types.h>

/** PARLEY_TYPE_RESERVED - the last type that is not a service's to define. */
#define PARLEY_TYPE_RESERVED		15

/**
 * PARLEY_GLOBAL_NOTIFICATIONS - notification bits that were set and are now
 * cleared; payload is struct parley_global_notifications.
 */
#define PARLEY_GLOBAL_NOTIFICATIONS	1

/**
 * PARLEY_GLOBAL_ASYNC - a request: reply with the next message that you have
 * queued for the caller, or with the error %ENODATA; no payload.
 */
#define PARLEY_GLOBAL_ASYNC		2

/**
 * PARLEY_GLOBAL_EXCEPTION - something became of a task that this one watches;
 * payload is struct parley_global_exception.
 */
#define PARLEY_GLOBAL_EXCEPTION		4

/**
 * PARLEY_GLOBAL_CANCELLED - a call whose request this task had taken was given
 * up; payload is struct parley_global_cancelled.
 */
#define PARLEY_GLOBAL_CANCELLED		7

/** PARLEY_ASYNC_PEERS - most peers that one notifications message names. */
#define PARLEY_ASYNC_PEERS		60

/**
 * struct parley_global_notifications - payload of the message of that name
 * @data: the bits, PARLEY_NOTIFY_*
 * @pad: zero
 * @peers_len: how many of @peers there are
 * @peers: with PARLEY_NOTIFY_ASYNC: the tasks that set it. More than fit come
 *	with the next message.
 *
 * Without PARLEY_NOTIFY_ASYNC the payload is one byte, @data; with it, it ends
 * after the last peer.
 */
struct parley_global_notifications {
	__u8 data;
	__u8 pad[3];
	__u32 peers_len;
	__s32 peers[PARLEY_ASYNC_PEERS];
};

/** PARLEY_GRACE_EXIT - an exception: the task is dead. */
#define PARLEY_GRACE_EXIT		0

/**
 * struct parley_global_exception - payload of the message of that name
 * @task: whom it befell
 * @exception: PARLEY_GRACE_EXIT
 */
struct parley_global_exception {
	__s32 task;
	__u32 exception;
};

/**
 * struct parley_global_cancelled - payload of the message of that name
 * @token: the request's; it can't be replied to any more. The thread that
 *	received the request need not have looked at it yet.
 */
struct parley_global_cancelled {
	__aligned_u64 token;
};

#endif /* _UAPI_LINUX_PARLEY_PROTO_H */
