/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * DOC: libipc, messages between tasks
 *
 * The thin calls over /dev/parley: see parley(4) for what they do and
 * libipc(7) for how they fit together.
 *
 * Every function returns 0 (or the value it is for) or a negative errno. None
 * prints, exits, or touches errno. All are safe to call from several threads
 * at once, on the same task too, unless said otherwise. NULL where a pointer is
 * needed gives -EFAULT.
 *
 * Which task: a process has one of its own, opened when it is first needed and
 * opened afresh in a child of fork(). A thread that wants another one opens it
 * with ipc_open() and makes it current for itself with ipc_use(), as
 * uselocale(3) does for locales.
 */
#ifndef LIBIPC_H
#define LIBIPC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** typedef ipc_task_t - id of a task; positive, or a LIBIPC_TASK_* value. */
typedef int32_t ipc_task_t;

/** typedef ipc_token_t - right to one reply; 0 is none. */
typedef uint64_t ipc_token_t;

/** LIBIPC_PAYLOAD_MAX - most payload bytes of a message. */
#define LIBIPC_PAYLOAD_MAX	248

/** LIBIPC_TASK_ANY - ipc_recv() from anyone. */
#define LIBIPC_TASK_ANY		((ipc_task_t)-1)

/** LIBIPC_TASK_KERNEL - source of notifications. */
#define LIBIPC_TASK_KERNEL	((ipc_task_t)0)

/** LIBIPC_FOREVER - a deadline that never comes. */
#define LIBIPC_FOREVER		((uint64_t)0)

/** LIBIPC_NOWAIT - a deadline that turns waiting for the peer into -EAGAIN. */
#define LIBIPC_NOWAIT		((uint64_t)1)

/** LIBIPC_NOTIFICATIONS - message type: notification bits, from the kernel. */
#define LIBIPC_NOTIFICATIONS	1

/** LIBIPC_NOTIFY_USER - bits that ipc_notify() may set. */
#define LIBIPC_NOTIFY_USER	0xf0U

/** LIBIPC_FEATURE_MESSAGES - ipc_features(): all of this header works. */
#define LIBIPC_FEATURE_MESSAGES	(UINT64_C(1) << 0)

/**
 * struct ipc_msg - a message
 * @type: meaning, by agreement of the two sides; a negative errno in a reply
 *	is the service's error
 * @src: who sent it; filled in on receipt
 * @data: payload. On receipt, bytes beyond the received length are zero.
 */
struct ipc_msg {
	int32_t type;
	ipc_task_t src;
	uint8_t data[LIBIPC_PAYLOAD_MAX] __attribute__((aligned(8)));
};

/**
 * ipc_open() - open a task besides the process's own
 *
 * Close it with close(2). Return: descriptor (close-on-exec), or -ENOENT (the
 * module is not loaded), -EACCES, -EMFILE, -ENFILE, -ENOMEM, -ENOSPC (all ids
 * are taken).
 */
int ipc_open(void);

/**
 * ipc_use() - choose the task that the calling thread's operations act on
 * @fd: from ipc_open(), or -1 for the process's own
 *
 * Return: what was chosen before, -1 for the process's own. Never fails; a
 * wrong descriptor shows as -EBADF or -ENOTTY in the operations.
 */
int ipc_use(int fd);

/**
 * ipc_fd() - descriptor of the thread's current task, for poll(2) and epoll(7)
 *
 * Readable when ipc_recv() from anyone would not wait. Opens the process's own
 * task if that is current and not yet open. Don't close that one.
 *
 * Return: descriptor, or as ipc_open().
 */
int ipc_fd(void);

/**
 * ipc_self() - id of the thread's current task
 *
 * Return: the id, positive; or as ipc_open(), or -ESTALE (the descriptor is
 * from before a fork).
 */
ipc_task_t ipc_self(void);

/**
 * ipc_features() - what the loaded module can do
 * @features: receives bits LIBIPC_FEATURE_*
 *
 * Return: 0, or as ipc_self().
 */
int ipc_features(uint64_t *features);

/**
 * ipc_deadline() - the moment @ns nanoseconds from now, as a deadline
 * @ns: nanoseconds; sums past the end of time mean LIBIPC_FOREVER
 *
 * Return: nanoseconds of CLOCK_MONOTONIC.
 */
uint64_t ipc_deadline(uint64_t ns);

/**
 * ipc_send() - send a message that wants no reply
 * @dst: receiver
 * @msg: the message; read until return
 * @len: payload bytes, at most LIBIPC_PAYLOAD_MAX
 * @deadline: from ipc_deadline(), LIBIPC_FOREVER or LIBIPC_NOWAIT
 *
 * Waits until the receiver has taken it. Return: 0, or -ENOTCONN (no such
 * task, or it died), -EAGAIN (LIBIPC_NOWAIT and nobody receives), -ETIMEDOUT,
 * -EINTR (a handler without SA_RESTART ran; the message was withdrawn, or was
 * just delivered), -EMSGSIZE, -EINVAL, -EFAULT, -ENOMEM,
 * or as ipc_self().
 */
int ipc_send(ipc_task_t dst, const struct ipc_msg *msg, size_t len,
	     uint64_t deadline);

/**
 * ipc_recv() - receive a message
 * @src: LIBIPC_TASK_ANY, or the only task to hear
 * @msg: filled in
 * @len: receives the payload's length in bytes; may be NULL
 * @token: receives the right to reply, 0 if no reply is wanted
 * @deadline: as for ipc_send()
 *
 * Return: 0, or -EAGAIN, -ETIMEDOUT, -EINTR, -ENOTCONN (@src is gone),
 * -EFAULT (the message is kept), -EINVAL, or as ipc_self().
 */
int ipc_recv(ipc_task_t src, struct ipc_msg *msg, size_t *len,
	     ipc_token_t *token, uint64_t deadline);

/**
 * ipc_call() - send a request and wait for the reply
 * @dst: the server
 * @msg: in: the request; out: the reply. As it was after an error.
 * @len: in: payload bytes of the request; out: of the reply
 * @deadline: as for ipc_send(); with LIBIPC_NOWAIT the request must be taken
 *	at once, the reply is waited for
 *
 * A reply with a negative type is the service's error; it is a success here.
 *
 * Return: 0, or -ENOTCONN (gone before it took the request), -ECONNRESET (died
 * with the request, which may have been run), -EAGAIN, -ETIMEDOUT, -EINTR (the
 * call has ended; a reply to it is refused), -EMSGSIZE, -EINVAL, -EFAULT,
 * -ENOMEM, or as ipc_self().
 */
int ipc_call(ipc_task_t dst, struct ipc_msg *msg, size_t *len,
	     uint64_t deadline);

/**
 * ipc_reply() - answer a request
 * @token: from ipc_recv(); spent by success
 * @msg: the reply
 * @len: its payload bytes
 *
 * Never waits. Return: 0, or -ENOENT (not this task's to reply with, used, or
 * the call has ended), -EMSGSIZE, -EINVAL, -EFAULT, or as ipc_self().
 */
int ipc_reply(ipc_token_t token, const struct ipc_msg *msg, size_t len);

/**
 * ipc_replyrecv() - answer a request and receive the next message, in one call
 * @src: as for ipc_recv()
 * @msg: in: the reply; out: the message received
 * @len: in: payload bytes of the reply; out: of the message received
 * @token: in: what to answer, 0 for nothing; out: right to reply to @msg
 * @deadline: as for ipc_recv()
 *
 * A reply to a call that has ended is dropped: use ipc_reply() where that
 * matters.
 *
 * Return: as ipc_recv(). After an error *@token is 0 if the reply was made.
 */
int ipc_replyrecv(ipc_task_t src, struct ipc_msg *msg, size_t *len,
		  ipc_token_t *token, uint64_t deadline);

/**
 * ipc_notify() - set notification bits of a task
 * @dst: the task
 * @bits: out of LIBIPC_NOTIFY_USER, at least one
 *
 * Never waits. The receiver gets a message of type LIBIPC_NOTIFICATIONS from
 * LIBIPC_TASK_KERNEL whose first payload byte holds the bits.
 *
 * Return: 0, or -ENOTCONN, -EINVAL, or as ipc_self().
 */
int ipc_notify(ipc_task_t dst, unsigned int bits);

#ifdef __cplusplus
}
#endif

#endif /* LIBIPC_H */
