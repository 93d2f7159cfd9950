/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * DOC: libipc, messages between tasks
 *
 * The thin calls over /dev/parley: see parley(4) for what they do and
 * libipc(7) for how they fit together. What is longer than a message, descriptors
 * and mappings are libipc-cargo.h's; io_uring is libipc-uring.h's.
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

/** LIBIPC_TASK_DISCOVERY - the server that knows the others by name. */
#define LIBIPC_TASK_DISCOVERY	((ipc_task_t)2)

/** LIBIPC_TASK_TASK - the server that starts and watches programs. */
#define LIBIPC_TASK_TASK	((ipc_task_t)3)

/**
 * LIBIPC_TYPE_RESERVED - message types from 0 to this one are the system's; a
 * program may use all above.
 */
#define LIBIPC_TYPE_RESERVED	15

/**
 * LIBIPC_NOTIFICATIONS - message type: notification bits, from the kernel; the
 * first payload byte holds the bits. See also ipc_async_peers().
 */
#define LIBIPC_NOTIFICATIONS	1

/**
 * LIBIPC_ASYNC - type of the requests that ipc_async_recv() makes. The receiving
 * functions answer them themselves: a program never sees one.
 */
#define LIBIPC_ASYNC		2

/**
 * LIBIPC_EXCEPTION - message type: something became of a task that this one
 * watches, from the kernel; payload is struct ipc_exception
 */
#define LIBIPC_EXCEPTION	4

/**
 * LIBIPC_CANCELLED - message type: a call was given up whose request this task
 * has received and not answered, from the kernel; payload is struct
 * ipc_cancelled. LIBIPC_NOTIFY_ABORTED comes before it. Answering the request
 * first gives -ENOENT, and then neither comes.
 */
#define LIBIPC_CANCELLED	7

/** LIBIPC_NOTIFY_TIMER - the task's timer went off: see ipc_timer(). */
#define LIBIPC_NOTIFY_TIMER	0x01U

/** LIBIPC_NOTIFY_IRQ - the task's eventfd was signalled: see ipc_eventfd(). */
#define LIBIPC_NOTIFY_IRQ	0x02U

/** LIBIPC_NOTIFY_ABORTED - a message LIBIPC_CANCELLED is to follow. */
#define LIBIPC_NOTIFY_ABORTED	0x04U

/** LIBIPC_NOTIFY_ASYNC - ipc_async_recv() has something to receive. */
#define LIBIPC_NOTIFY_ASYNC	0x08U

/** LIBIPC_NOTIFY_USER - bits that ipc_notify() may set. */
#define LIBIPC_NOTIFY_USER	0xf0U

/** LIBIPC_FEATURE_MESSAGES - ipc_features(): send, receive, call, notify. */
#define LIBIPC_FEATURE_MESSAGES	(UINT64_C(1) << 0)

/** LIBIPC_FEATURE_RIGHTS - modes, grants, credentials, buses. */
#define LIBIPC_FEATURE_RIGHTS	(UINT64_C(1) << 1)

/** LIBIPC_FEATURE_EVENTS - watches, timer, eventfd, async messages. */
#define LIBIPC_FEATURE_EVENTS	(UINT64_C(1) << 2)

/** LIBIPC_FEATURE_CARGO - what libipc-cargo.h has, besides messages. */
#define LIBIPC_FEATURE_CARGO	(UINT64_C(1) << 3)

/** LIBIPC_FEATURE_URING - operations over io_uring: libipc-uring.h. */
#define LIBIPC_FEATURE_URING	(UINT64_C(1) << 4)

/** LIBIPC_FEATURE_URING_ASYNC - they wait without a thread. From Linux 6.7 on. */
#define LIBIPC_FEATURE_URING_ASYNC	(UINT64_C(1) << 5)

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

/** LIBIPC_GRACE_EXIT - an exception: the task is dead. */
#define LIBIPC_GRACE_EXIT	0

/**
 * struct ipc_exception - payload of a message LIBIPC_EXCEPTION
 * @task: whom it befell
 * @exception: LIBIPC_GRACE_EXIT
 */
struct ipc_exception {
	ipc_task_t task;
	uint32_t exception;
};

/**
 * struct ipc_cancelled - payload of a message LIBIPC_CANCELLED
 * @token: what came with the request, and is spent now
 */
struct ipc_cancelled {
	ipc_token_t token;
};

/** LIBIPC_CREDS_NO_NEW_PRIVS - the sender had set PR_SET_NO_NEW_PRIVS. */
#define LIBIPC_CREDS_NO_NEW_PRIVS	0x1U

/** LIBIPC_CREDS_USER_NS - the sender was in the receiver's user namespace. */
#define LIBIPC_CREDS_USER_NS		0x2U

/** LIBIPC_CREDS_MNT_NS - the sender was in the receiver's mount namespace. */
#define LIBIPC_CREDS_MNT_NS		0x4U

/** LIBIPC_CREDS_KERNEL - the kernel itself sent it; the rest is 0. */
#define LIBIPC_CREDS_KERNEL		0x8U

/**
 * struct ipc_creds - who sent a message, as of the moment of sending
 * @pid: process, in the receiver's pid namespace; 0 if not visible there. It may
 *	have exited since.
 * @uid: effective user id, in the receiver's user namespace; the overflow id
 *	(65534) if it has none there
 * @gid: effective group id, likewise
 * @flags: LIBIPC_CREDS_*
 */
struct ipc_creds {
	int32_t pid;
	uint32_t uid;
	uint32_t gid;
	uint32_t flags;
};

/**
 * struct ipc_creds_full - what ipc_creds_full() tells
 * @creds: as it came with the request
 * @capabilities: effective ones, bits 1 << CAP_*. They hold in the sender's user
 *	namespace: mind LIBIPC_CREDS_USER_NS.
 * @groups: in: where to store the supplementary groups; may be NULL if there is
 *	no room
 * @groups_len: in: how many ids there is room for; out: how many there are
 */
struct ipc_creds_full {
	struct ipc_creds creds;
	uint64_t capabilities;
	uint32_t *groups;
	size_t groups_len;
};

/**
 * ipc_open() - open a task besides the process's own
 *
 * Close it with close(2). Return: descriptor (close-on-exec), or -ENOENT (the
 * module is not loaded), -EACCES, -EDQUOT (the user has too many tasks), -EMFILE,
 * -ENFILE, -ENOMEM, -ENOSPC (all ids are taken).
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
 * task, or it died), -EACCES (this task may not send to it), -EAGAIN
 * (LIBIPC_NOWAIT and nobody receives), -ETIMEDOUT, -EINTR (a handler without
 * SA_RESTART ran; the message was withdrawn), -EDEADLK (the receiver waits for
 * the caller, and will for ever), -EDQUOT (the user has too many messages in
 * flight), -EMSGSIZE, -EINVAL, -EFAULT, -ENOMEM, or as ipc_self().
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
 * Return: 0, or -EAGAIN, -ETIMEDOUT, -EINTR, -ENOTCONN (@src is gone), -EDEADLK
 * (@src waits for the caller), -EFAULT (the message is kept), -EINVAL, or as
 * ipc_self(). What is at @msg after an error is undefined.
 */
int ipc_recv(ipc_task_t src, struct ipc_msg *msg, size_t *len,
	     ipc_token_t *token, uint64_t deadline);

/**
 * ipc_recv_creds() - receive a message, and learn who sent it
 * @src: as for ipc_recv()
 * @msg: as for ipc_recv()
 * @len: as for ipc_recv()
 * @token: as for ipc_recv()
 * @creds: filled in; NULL as for ipc_recv()
 * @deadline: as for ipc_recv()
 *
 * Return: as ipc_recv().
 */
int ipc_recv_creds(ipc_task_t src, struct ipc_msg *msg, size_t *len,
		   ipc_token_t *token, struct ipc_creds *creds, uint64_t deadline);

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
 * with the request, which may have been run), -EACCES, -EAGAIN, -ETIMEDOUT,
 * -EINTR (the call has ended; a reply to it is refused), -EDEADLK, -EDQUOT,
 * -EMSGSIZE, -EINVAL, -EFAULT, -ENOMEM, or as ipc_self().
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
 * Return: as ipc_recv(). After an error *@token is 0 if the reply was made, and
 * the reply at @msg is untouched if not.
 */
int ipc_replyrecv(ipc_task_t src, struct ipc_msg *msg, size_t *len,
		  ipc_token_t *token, uint64_t deadline);

/**
 * ipc_replyrecv_creds() - ipc_replyrecv(), and learn who sent the message
 * @src: as for ipc_replyrecv()
 * @msg: as for ipc_replyrecv()
 * @len: as for ipc_replyrecv()
 * @token: as for ipc_replyrecv()
 * @creds: filled in; NULL as for ipc_replyrecv()
 * @deadline: as for ipc_replyrecv()
 *
 * Return: as ipc_replyrecv().
 */
int ipc_replyrecv_creds(ipc_task_t src, struct ipc_msg *msg, size_t *len,
			ipc_token_t *token, struct ipc_creds *creds,
			uint64_t deadline);

/**
 * ipc_creds_full() - learn all about the sender of a request
 * @token: what came with it; not yet spent
 * @full: filled in
 *
 * Return: 0, or -ENOENT (this task holds no such request), -EMSGSIZE (there are
 * more groups than room: @full->groups_len tells how many, the rest of @full is
 * undefined), -EFAULT, or as ipc_self().
 */
int ipc_creds_full(ipc_token_t token, struct ipc_creds_full *full);

/**
 * ipc_notify() - set notification bits of a task
 * @dst: the task
 * @bits: out of LIBIPC_NOTIFY_USER, at least one
 *
 * Never waits. The receiver gets a message of type LIBIPC_NOTIFICATIONS from
 * LIBIPC_TASK_KERNEL whose first payload byte holds the bits.
 *
 * Return: 0, or -ENOTCONN, -EACCES, -EINVAL, or as ipc_self().
 */
int ipc_notify(ipc_task_t dst, unsigned int bits);

/**
 * ipc_mode() - set who may send to the thread's current task
 * @mode: permission bits as of a file, at most 0777; the write bits count
 *
 * A task belongs to the effective user and group of who opened it, and begins
 * with mode 0600. Whom the mode refuses gets -EACCES, unless he has a grant or
 * CAP_IPC_OWNER. Replies need no right.
 *
 * Return: 0, or -EINVAL, or as ipc_self().
 */
int ipc_mode(unsigned int mode);

/**
 * ipc_grant() - let one task send to the thread's current task, whatever its mode
 * @task: the other
 *
 * Ends by ipc_revoke() and by the death of either task.
 *
 * Return: 0, or -ENOTCONN (there is no such task), -EEXIST (it has a grant),
 * -EDQUOT (the user has too many), -ENOMEM, or as ipc_self().
 */
int ipc_grant(ipc_task_t task);

/**
 * ipc_revoke() - take back what ipc_grant() gave
 * @task: the other
 *
 * What it has sent before is received.
 *
 * Return: 0, or -ENOENT (it has no grant), or as ipc_self().
 */
int ipc_revoke(ipc_task_t task);

/**
 * ipc_watch() - be told when a task dies
 * @task: the other; this task must be allowed to send to it
 *
 * The thread's current task gets one message LIBIPC_EXCEPTION with
 * LIBIPC_GRACE_EXIT, without fail, and that ends the watch.
 *
 * Return: 0, or -ENOTCONN (there is no such task, or not any more), -EACCES,
 * -EEXIST (it is being watched), -EDQUOT, -ENOMEM, or as ipc_self().
 */
int ipc_watch(ipc_task_t task);

/**
 * ipc_unwatch() - take back what ipc_watch() asked for
 * @task: the other
 *
 * Return: 0 (no message will come), or -ENOENT (there is no watch; the message
 * may be waiting to be received), or as ipc_self().
 */
int ipc_unwatch(ipc_task_t task);

/**
 * ipc_timer() - set the timer of the thread's current task
 * @deadline: from ipc_deadline(), or LIBIPC_FOREVER to stop it; a moment that
 *	has passed, such as LIBIPC_NOWAIT, is now
 *
 * The task is notified with LIBIPC_NOTIFY_TIMER, once. A task has one timer:
 * setting it replaces what was set before.
 *
 * Return: 0, or as ipc_self().
 */
int ipc_timer(uint64_t deadline);

/**
 * ipc_eventfd() - let an eventfd notify the thread's current task
 * @fd: from eventfd(2), or -1 for none
 *
 * Each event notifies the task with LIBIPC_NOTIFY_IRQ, and the eventfd's counter
 * is consumed. A task has one eventfd: another replaces it. It may be closed at
 * any time.
 *
 * Return: 0, or -EBADF, -EINVAL (not an eventfd), -ENOMEM, or as ipc_self().
 */
int ipc_eventfd(int fd);

/**
 * ipc_bus() - get a descriptor of the bus that the thread's current task is on
 *
 * It stands for the right to join: pass it to a process of another network
 * namespace, which has another bus. Close it with close(2).
 *
 * Return: descriptor (close-on-exec), or -EMFILE, -ENFILE, -ENOMEM, or as
 * ipc_self().
 */
int ipc_bus(void);

/**
 * ipc_join() - open a task on a given bus
 * @bus: from ipc_bus()
 * @id: 0 for any, or the one to claim: LIBIPC_TASK_DISCOVERY, LIBIPC_TASK_TASK
 *
 * For ipc_use(), as from ipc_open().
 *
 * Return: descriptor (close-on-exec), or -EPERM (claiming takes CAP_SYS_ADMIN
 * over the bus), -EBUSY (the id is taken), -EINVAL (no such id to claim), -EBADF,
 * -ENOTTY (@bus is none), -EDQUOT (the user has too many tasks), -EMFILE,
 * -ENFILE, -ENOMEM, -ENOSPC.
 */
int ipc_join(int bus, ipc_task_t id);

/** LIBIPC_ASYNC_LIMIT - messages that ipc_async_send() keeps for one peer. */
#define LIBIPC_ASYNC_LIMIT	1024

/** LIBIPC_ASYNC_LIMIT_MAX - most that ipc_async_limit() allows. */
#define LIBIPC_ASYNC_LIMIT_MAX	1048576

/** LIBIPC_ASYNC_PEERS - most that ipc_async_peers() tells of one message. */
#define LIBIPC_ASYNC_PEERS	60

/**
 * ipc_async_send() - leave a message for a task to fetch
 * @dst: who is to fetch it
 * @msg: the message, its type not negative; it is copied
 * @len: payload bytes, at most LIBIPC_PAYLOAD_MAX
 *
 * Never waits. The message is kept in this process's memory, in a queue of the
 * thread's current task, and @dst is notified with LIBIPC_NOTIFY_ASYNC. It fetches
 * messages by ipc_async_recv(), in the order in which they were sent. They are
 * handed out while a thread of this process is in ipc_recv() or ipc_replyrecv()
 * from LIBIPC_TASK_ANY, or from @dst, with the same descriptor in use; @dst must
 * be allowed to send to this task for that: see ipc_mode() and ipc_grant(). They
 * are lost when either task dies. Not for signal handlers.
 *
 * Return: 0, or -ENOBUFS (the queue is full: @dst has to fetch something first),
 * -ENOTCONN (there is no such task, or it died since the last message: what was
 * queued for it is freed), -EACCES (this task may not send to it), -EDQUOT (the
 * user has too many links), -EMSGSIZE, -EINVAL, -EFAULT, -ENOMEM, or as
 * ipc_self().
 */
int ipc_async_send(ipc_task_t dst, const struct ipc_msg *msg, size_t len);

/**
 * ipc_async_recv() - fetch the next message that a task has for this one
 * @src: that task
 * @msg: filled in
 * @len: receives the payload's length in bytes; may be NULL
 * @deadline: as for ipc_call()
 *
 * To be repeated until -ENODATA: @src notifies of each message that it sends, but
 * many may be behind one notification. What other errors but -ENOTCONN leave
 * behind can be fetched later.
 *
 * Return: 0, or -ENODATA (@src has no more), -ENOTCONN (it is gone, and its
 * messages with it), -EPROTO (it answers otherwise than libipc), -EACCES, -EAGAIN
 * (LIBIPC_NOWAIT and it isn't receiving), -ETIMEDOUT, -EINTR, -EDEADLK, -EDQUOT,
 * -EINVAL, -EFAULT, -ENOMEM, or as ipc_self().
 */
int ipc_async_recv(ipc_task_t src, struct ipc_msg *msg, size_t *len,
		   uint64_t deadline);

/**
 * ipc_async_peers() - which tasks a message says to fetch from
 * @msg: any message received
 * @peers: array of LIBIPC_ASYNC_PEERS; receives their ids
 *
 * Return: how many; 0 if @msg is not from the kernel, or without
 * LIBIPC_NOTIFY_ASYNC. Never fails.
 */
size_t ipc_async_peers(const struct ipc_msg *msg, ipc_task_t *peers);

/**
 * ipc_async_limit() - bound the queues of ipc_async_send()
 * @messages: how many for one peer, 1 to LIBIPC_ASYNC_LIMIT_MAX
 *
 * Holds for the thread's current task, and peers that it sends to for the first
 * time from now on. LIBIPC_ASYNC_LIMIT if it was never set.
 *
 * Return: 0, or -EINVAL, -ENOMEM, or as ipc_fd().
 */
int ipc_async_limit(unsigned int messages);

#ifdef __cplusplus
}
#endif

#endif /* LIBIPC_H */
