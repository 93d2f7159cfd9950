/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/**
 * DOC: Parley, user space interface
 *
 * Opening /dev/parley makes a *task*: an address that messages can be sent to.
 * The descriptor is the task; every operation is an ioctl on it:
 *
 *	INFO                        -> task id, features, limits
 *	SEND      peer, send        -> (returns when a receiver has taken it)
 *	RECV      peer              -> recv, token
 *	CALL      peer, send        -> recv
 *	REPLY     token, send       -> (never waits)
 *	REPLYRECV token, send, peer -> recv, token
 *	NOTIFY    peer, bits        -> (never waits)
 *	CANCEL    token             -> (never waits)
 *
 * A message is a type, a source and up to 248 bytes of payload. Nothing is
 * queued: a sender sleeps with its message until a receiver takes it. A call
 * goes on sleeping until the receiver answers with the *token* it got along
 * with the request; a token is good for one reply, by the task that got it.
 *
 * Ownership: a task belongs to the address space that opened it. All its
 * threads may use it, at once and for any operation. A child of fork() gets
 * %ESTALE and opens its own. The task dies with its last descriptor or its
 * address space (exit or exec), whichever is first.
 *
 * Sizes: every structure starts with its own size in bytes. A newer, larger
 * structure is accepted as long as the fields this kernel doesn't know are
 * zero (else %E2BIG); one smaller than the first version gets %EINVAL. Fields
 * that an operation doesn't use must be zero, unknown flags get %EINVAL.
 * Layouts are the same for 32- and 64-bit callers.
 *
 * Deadlines are absolute, in nanoseconds of the caller's CLOCK_MONOTONIC (time
 * namespaces are heeded); 0 is none. What
 * can be done at once is done even if the deadline has passed.
 *
 * Signals: an operation that waits is restarted after a stop, a freeze, a
 * debugger's stop or a handler with SA_RESTART, and no request is delivered
 * twice by it: SEND and CALL leave the thread with @token set to the call in
 * flight, and come back to it with the same argument. A handler without
 * SA_RESTART ends the operation with %EINTR. If @token is then not zero (the
 * signal came too late for the kernel to end the call), either do the same
 * ioctl again, to resume it, or CANCEL it.
 *
 * poll(2): readable when RECV from anyone would not wait; POLLERR and POLLHUP
 * on another address space's task.
 *
 * Errors common to all: %EBADF, %ENOTTY (no such operation), %EFAULT, %EINVAL,
 * %E2BIG, %ENOMEM, %ESTALE (not this address space's task), %EINTR (killed, or
 * the process has a signal whose handler lacks SA_RESTART). The others stand
 * with each operation.
 */
#ifndef _UAPI_LINUX_PARLEY_H
#define _UAPI_LINUX_PARLEY_H

#include <linux/ioctl.h>
#include <linux/types.h>

/** PARLEY_PAYLOAD_MAX - most payload bytes a message carries in line. */
#define PARLEY_PAYLOAD_MAX	248

/** PARLEY_ANY - as @peer of a receive: take a message from anyone. */
#define PARLEY_ANY		(-1)

/** PARLEY_TASK_KERNEL - the source of messages made by the kernel itself. */
#define PARLEY_TASK_KERNEL	0

/**
 * PARLEY_TASK_RESERVED - ids up to this one are kept for well-known tasks;
 * opening the device never gives them.
 */
#define PARLEY_TASK_RESERVED	3

/**
 * struct parley_msg - a message
 * @type: what it means to the receiver. Negative in a reply is the service's
 *	error, a negative errno; a request with a negative type is refused
 *	(%EINVAL). The kernel makes no more of it.
 * @src: sending task. Stamped by the kernel, ignored when sending.
 * @payload: the bytes, as many as the operation's length says. The kernel
 *	copies only those, and leaves the receiver's buffer beyond them alone.
 */
struct parley_msg {
	__s32 type;
	__s32 src;
	__u8 payload[PARLEY_PAYLOAD_MAX] __attribute__((aligned(8)));
};

/**
 * struct parley_info - argument of PARLEY_IOC_INFO
 * @size: in: size of this structure
 * @task: out: id of the task behind this descriptor, positive
 * @features: out: bits PARLEY_FEATURE_*
 * @payload_max: out: PARLEY_PAYLOAD_MAX of the kernel
 * @reserved: zero
 */
struct parley_info {
	__u32 size;
	__s32 task;
	__aligned_u64 features;
	__u32 payload_max;
	__u32 reserved;
};

/** PARLEY_FEATURE_MESSAGES - send, receive, call, reply, notify, poll. */
#define PARLEY_FEATURE_MESSAGES		(1ULL << 0)

/**
 * PARLEY_NONBLOCK - do not wait for the peer: %EAGAIN instead. O_NONBLOCK on
 * the descriptor means the same. A CALL still waits for its reply once a
 * receiver has taken the request; bound that with a deadline.
 */
#define PARLEY_NONBLOCK		(1U << 0)

/**
 * struct parley_ipc - argument of SEND, RECV, CALL, REPLY and REPLYRECV
 * @size: in: size of this structure
 * @flags: in: PARLEY_NONBLOCK or 0
 * @peer: in: whom to send to; for a receive, whom to hear: PARLEY_ANY, a task,
 *	or PARLEY_TASK_KERNEL (notifications only)
 * @send_len: in: payload bytes to send, at most PARLEY_PAYLOAD_MAX
 * @recv_len: in: payload bytes that @recv has room for, to be set for every
 *	operation; out: payload bytes received, or with %EMSGSIZE the room that
 *	was needed
 * @reply_error: out: REPLYRECV: 0, or %ENOENT negated: the reply was refused,
 *	and the receive half is done all the same. Left as it is when @token is
 *	0 going in.
 * @send: in: the struct parley_msg to send; @send_len payload bytes are read
 * @recv: in: the struct parley_msg to fill
 * @token: RECV, out: reply right of the request just received, 0 for a message
 *	that wants no reply. REPLY, in: the reply right to spend. REPLYRECV:
 *	both; 0 going in means there is nothing to reply to, and @send is not
 *	read. CALL and SEND, in: 0, or the interrupted operation to resume; out:
 *	the interrupted operation, or 0 when it has ended, well or not (left as
 *	it is by %ENOENT).
 * @deadline: in: when to give up waiting, 0 for never
 */
struct parley_ipc {
	__u32 size;
	__u32 flags;
	__s32 peer;
	__u32 send_len;
	__u32 recv_len;
	__s32 reply_error;
	__aligned_u64 send;
	__aligned_u64 recv;
	__aligned_u64 token;
	__aligned_u64 deadline;
};

/**
 * struct parley_notify - argument of PARLEY_IOC_NOTIFY
 * @size: in: size of this structure
 * @peer: in: task to notify
 * @bits: in: notification bits to set, out of PARLEY_NOTIFY_USER
 * @reserved: zero
 */
struct parley_notify {
	__u32 size;
	__s32 peer;
	__u32 bits;
	__u32 reserved;
};

/** PARLEY_NOTIFY_USER - notification bits that users may set. */
#define PARLEY_NOTIFY_USER	0xf0U

/**
 * struct parley_cancel - argument of PARLEY_IOC_CANCEL
 * @size: in: size of this structure
 * @reserved: zero
 * @token: in: the interrupted CALL or SEND to give up
 */
struct parley_cancel {
	__u32 size;
	__u32 reserved;
	__aligned_u64 token;
};

/* 0xD9 is free in the kernel's list of ioctl numbers. */
#define PARLEY_IOC_MAGIC	0xD9

/** PARLEY_IOC_INFO - who am I, and what can this kernel do? */
#define PARLEY_IOC_INFO		_IOWR(PARLEY_IOC_MAGIC, 0, struct parley_info)

/**
 * PARLEY_IOC_SEND - send a message that wants no reply
 *
 * Waits until a receiver has taken the message.
 * %EMSGSIZE @send_len is over PARLEY_PAYLOAD_MAX. %ENOTCONN there is no such
 * task, or it died before it took the message. %EAGAIN nobody is receiving
 * (non-blocking). %ETIMEDOUT the deadline passed, the message was withdrawn.
 * %ENOENT @token names no interrupted send.
 */
#define PARLEY_IOC_SEND		_IOWR(PARLEY_IOC_MAGIC, 1, struct parley_ipc)

/**
 * PARLEY_IOC_RECV - receive a message
 *
 * Notifications that are set come first, as one message from
 * PARLEY_TASK_KERNEL; messages come in the order in which they were sent.
 * %EMSGSIZE @recv_len is too small: the needed room is in @recv_len, and the
 * message keeps its place in line, for this or another receiver. %EFAULT @recv
 * can't be written: likewise, the message is kept. (But a non-blocking CALL then
 * ends with %EAGAIN, and of messages whose senders did not wait a task keeps
 * 64.) %EAGAIN there is nothing
 * (non-blocking). %ETIMEDOUT nothing came. %ENOTCONN the one @peer listened to
 * is gone.
 */
#define PARLEY_IOC_RECV		_IOWR(PARLEY_IOC_MAGIC, 2, struct parley_ipc)

/**
 * PARLEY_IOC_CALL - send a request and wait for its reply
 *
 * Errors as for SEND, and: %ECONNRESET the peer died with the request in
 * hand, and may have run it; with %ENOTCONN it has not. %ETIMEDOUT and %EINTR
 * end the call, wherever it was; a late reply is refused. %EMSGSIZE also if
 * the reply is longer than @recv_len (then told in @recv_len), %EFAULT if
 * @recv can't be written; the call has ended in both cases.
 */
#define PARLEY_IOC_CALL		_IOWR(PARLEY_IOC_MAGIC, 3, struct parley_ipc)

/**
 * PARLEY_IOC_REPLY - answer a request
 *
 * Never waits. %ENOENT @token is no reply right of this task: never given to
 * it, used before, or the call has ended. %EMSGSIZE as for SEND: the token is
 * still good, as after any error but %ENOENT.
 */
#define PARLEY_IOC_REPLY	_IOWR(PARLEY_IOC_MAGIC, 4, struct parley_ipc)

/**
 * PARLEY_IOC_REPLYRECV - answer a request and receive the next message
 *
 * As REPLY and then RECV, at the price of one. A reply that is refused with
 * %ENOENT doesn't keep it from receiving: see @reply_error. @token is 0 after
 * a failure that came after the reply, and as it was after one before it.
 */
#define PARLEY_IOC_REPLYRECV	_IOWR(PARLEY_IOC_MAGIC, 5, struct parley_ipc)

/**
 * PARLEY_IOC_NOTIFY - set notification bits of a task
 *
 * Never waits and never fails for want of memory: a bit set twice before it is
 * received arrives once. %ENOTCONN there is no such task. %EINVAL @bits is 0
 * or has bits outside PARLEY_NOTIFY_USER.
 */
#define PARLEY_IOC_NOTIFY	_IOWR(PARLEY_IOC_MAGIC, 6, struct parley_notify)

/**
 * PARLEY_IOC_CANCEL - give up an interrupted call or send
 *
 * %ENOENT @token names none of this task's interrupted operations (it was
 * resumed), or the operation has succeeded meanwhile: the message was delivered,
 * or answered.
 */
#define PARLEY_IOC_CANCEL	_IOWR(PARLEY_IOC_MAGIC, 7, struct parley_cancel)

#endif /* _UAPI_LINUX_PARLEY_H */
