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

/*
 * Answered by the module, as PARLEY_TASK_VM: calls whose replies have the same
 * type, or a negative errno. They have no effect unless they succeed. Others get
 * -ENOTSUP.
 */

/**
 * PARLEY_OOL_RECV - let others write into this task's memory, once: payload is
 * struct parley_ool_recv, reply none.
 *
 * The memory is pinned until somebody has sent. There is one such buffer at a
 * time: another replaces it, and one of no bytes takes it back. What was sent before
 * stays sent. -EFAULT, -EMSGSIZE (@len is over
 * PARLEY_OOL_MAX), -EDQUOT (pages pinned; messages: what was sent and not yet
 * verified counts as one), -ENOMEM.
 */
#define PARLEY_OOL_RECV			16

/**
 * PARLEY_OOL_SEND - write into another task's buffer: payload is struct
 * parley_ool_send, reply struct parley_ool_sent.
 *
 * Waits until the task has a buffer (the call's deadline, PARLEY_NONBLOCK and
 * signals hold). -ESRCH there is no such task, or it died. -EACCES as for a message to
 * that task, by the right that the sender has at first and when there is a buffer.
 * -EMSGSIZE the buffer is smaller: nothing was copied, and it stays. -EFAULT likewise.
 */
#define PARLEY_OOL_SEND			17

/**
 * PARLEY_OOL_VERIFY - has that been written here? Payload is struct
 * parley_ool_verify, reply struct parley_ool_verified.
 *
 * Once: -ENOENT if not, or asked before, or if any of the three is wrong.
 */
#define PARLEY_OOL_VERIFY		18

/**
 * struct parley_ool_recv - payload of PARLEY_OOL_RECV
 * @addr: where the buffer is
 * @len: its bytes
 */
struct parley_ool_recv {
	__aligned_u64 addr;
	__aligned_u64 len;
};

/**
 * struct parley_ool_send - payload of PARLEY_OOL_SEND
 * @dst: the receiving task
 * @pad: zero
 * @addr: what to copy
 * @len: its bytes
 */
struct parley_ool_send {
	__s32 dst;
	__u32 pad;
	__aligned_u64 addr;
	__aligned_u64 len;
};

/**
 * struct parley_ool_sent - its reply
 * @id: to be told to the receiver, for PARLEY_OOL_VERIFY
 */
struct parley_ool_sent {
	__aligned_u64 id;
};

/**
 * struct parley_ool_verify - payload of PARLEY_OOL_VERIFY
 * @src: who is said to have sent
 * @pad: zero
 * @id: the id that it was given
 * @len: the bytes that it is said to have sent
 */
struct parley_ool_verify {
	__s32 src;
	__u32 pad;
	__aligned_u64 id;
	__aligned_u64 len;
};

/**
 * struct parley_ool_verified - its reply
 * @received_at: the address of the buffer
 */
struct parley_ool_verified {
	__aligned_u64 received_at;
};

#endif /* _UAPI_LINUX_PARLEY_PROTO_H */
