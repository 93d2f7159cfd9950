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
 *	MODE      mode              -> (who may send here)
 *	BOND      kind, peer        -> (grant, watch or link; UNBOND ends it)
 *	CREDS     token             -> who is calling
 *	TIMER     deadline          -> (sets PARLEY_NOTIFY_TIMER then)
 *	EVENTFD   fd                -> (its events set PARLEY_NOTIFY_IRQ)
 *	BUS                         -> a descriptor of the task's bus
 *	OPEN      id                -> a task, on a bus descriptor
 *
 * A message is a type, a source and up to 248 bytes of payload. It may carry
 * more: up to 1 MiB of *out-of-line* payload (OoL), which goes from the memory
 * of one to that of the other in one copy, and a descriptor or a mapping; see
 * parley_cargo.h. Nothing is queued: a sender sleeps with its message until a
 * receiver takes it. A call goes on sleeping until the receiver answers with
 * the *token* it got along with the request; a token is good for one reply, by
 * the task that got it.
 *
 * Ownership: a task belongs to the address space that opened it. All its
 * threads may use it, at once and for any operation. A child of fork() gets
 * %ESTALE and opens its own. The task dies with its last descriptor or its
 * address space (exit or exec), whichever is first.
 *
 * Buses: only tasks of one *bus* can name each other; to all others their ids
 * mean nothing. Every network namespace has a bus, and /dev/parley opens tasks
 * on that of the opener. A bus goes on without its namespace as long as it has
 * tasks. A descriptor from BUS can be passed to another process, whatever its
 * namespace, which joins with OPEN.
 *
 * Rights: a task has an owner and a group, the opener's effective ones, and a
 * mode, like a file's. The write permission is the right to SEND, CALL, NOTIFY,
 * watch and link to it, judged by the calling thread's credentials at that
 * moment (a watch or link that was made stays). The mode is 0600 at first; a
 * public service sets 0666. Whom the mode refuses may have a *grant*, made and
 * revoked by the task itself; CAP_IPC_OWNER over the bus (over the user namespace
 * that owns the network namespace it began with) overrides. Without the right:
 * %EACCES. A reply needs only its token. What was sent before a revocation, or a
 * change of mode, is received.
 *
 * Messages from the kernel, PARLEY_TASK_KERNEL, are those of parley_proto.h.
 *
 * Limits: each user has as many tasks, messages in flight, grants, watches and
 * links as the module's parameters max_* say; beyond them: %EDQUOT. A message
 * counts for its sender until it has ended; each task that has sent one keeps
 * one ready, which counts too. A call that was given up while the receiver had
 * it counts for the receiver, until that knows.
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
 * A receiver that offers room for less than PARLEY_PAYLOAD_MAX bytes can be held
 * up by whoever may send to it: with a longer message, or with
 * PARLEY_NOTIFY_ASYNC. So can one that accepts out-of-line payload with room for
 * less than PARLEY_OOL_MAX, or descriptors or mappings when it can't have any more,
 * or not as long ones as it says.
 *
 * Out-of-line payload is read from the sender's memory, in the sender's own
 * context, before anything is delivered, and the memory that a caller gives for a
 * result likewise before its call: a fault there is the sender's or caller's
 * %EFAULT. From then on its pages are held (*pinned*) until the message has ended,
 * and nobody waits for another's page faults. What a sender changes in the payload
 * meanwhile may arrive or not. Memory that cannot be pinned, such as a device's
 * or a DAX file's, gives %EFAULT, and so does, for a result, a shared mapping of a
 * file that is not on tmpfs or hugetlbfs.
 *
 * poll(2): readable when RECV from anyone would not wait; POLLERR and POLLHUP
 * on another address space's task.
 *
 * Errors common to all: %EBADF, %ENOTTY (no such operation on this kind of
 * descriptor), %EFAULT, %EINVAL, %E2BIG, %ENOMEM, %ESTALE (not this address
 * space's task), %EINTR (killed, or the process has a signal whose handler
 * lacks SA_RESTART). The others stand with each operation.
 */
#ifndef _UAPI_LINUX_PARLEY_H
#define _UAPI_LINUX_PARLEY_H

#include <linux/ioctl.h>
#include <linux/parley_cargo.h>
#include <linux/parley_uring.h>
#include <linux/types.h>

/** PARLEY_PAYLOAD_MAX - most payload bytes a message carries in line. */
#define PARLEY_PAYLOAD_MAX	248

/** PARLEY_ANY - as @peer of a receive: take a message from anyone. */
#define PARLEY_ANY		(-1)

/** PARLEY_TASK_KERNEL - the source of messages made by the kernel itself. */
#define PARLEY_TASK_KERNEL	0

/** PARLEY_TASK_VM - the module itself, as a server. */
#define PARLEY_TASK_VM		1

/** PARLEY_TASK_DISCOVERY - the server that knows the others by name. */
#define PARLEY_TASK_DISCOVERY	2

/** PARLEY_TASK_TASK - the server that starts and watches programs. */
#define PARLEY_TASK_TASK	3

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

/** PARLEY_FEATURE_RIGHTS - mode, grants, credentials, buses, limits. */
#define PARLEY_FEATURE_RIGHTS		(1ULL << 1)

/** PARLEY_FEATURE_EVENTS - watches, links, timer, eventfd, cancellation. */
#define PARLEY_FEATURE_EVENTS		(1ULL << 2)

/** PARLEY_FEATURE_CARGO - out-of-line payload, descriptors and mappings. */
#define PARLEY_FEATURE_CARGO		(1ULL << 3)

/** PARLEY_FEATURE_URING - operations through io_uring (struct parley_uring). */
#define PARLEY_FEATURE_URING		(1ULL << 4)

/**
 * PARLEY_FEATURE_URING_ASYNC - such operations wait without taking a thread, and
 * can be cancelled by PARLEY_IOC_CANCEL. From Linux 6.7 on.
 */
#define PARLEY_FEATURE_URING_ASYNC	(1ULL << 5)

/**
 * PARLEY_NONBLOCK - do not wait for the peer: %EAGAIN instead. O_NONBLOCK on
 * the descriptor means the same. A CALL still waits for its reply once a
 * receiver has taken the request; bound that with a deadline.
 */
#define PARLEY_NONBLOCK		(1U << 0)

/**
 * struct parley_ipc - argument of SEND, RECV, CALL, REPLY and REPLYRECV
 * @size: in: size of this structure
 * @flags: in: PARLEY_NONBLOCK, PARLEY_OOL
 * @peer: in: whom to send to; for a receive, whom to hear: PARLEY_ANY, a task,
 *	or PARLEY_TASK_KERNEL (notifications, deaths, calls given up)
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
 * @creds: in: RECV and REPLYRECV: 0, or the struct parley_creds to fill with
 *	who sent the message
 * @cargo: in: 0, or the struct parley_cargo with what else to send and receive
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
	__aligned_u64 creds;
	__aligned_u64 cargo;
};

/**
 * struct parley_creds - who sent a message, as of the moment of sending
 * @pid: the sender's process, in the receiver's pid namespace; 0 if it can't be
 *	seen from there. It may have exited since.
 * @uid: effective user id, in the receiver's user namespace; the overflow id
 *	(65534) if it has none there
 * @gid: effective group id, likewise
 * @flags: PARLEY_CREDS_*
 *
 * For a message from the kernel all are 0, but for PARLEY_CREDS_KERNEL.
 */
struct parley_creds {
	__s32 pid;
	__u32 uid;
	__u32 gid;
	__u32 flags;
};

/** PARLEY_CREDS_NO_NEW_PRIVS - the sender had set PR_SET_NO_NEW_PRIVS. */
#define PARLEY_CREDS_NO_NEW_PRIVS	(1U << 0)

/** PARLEY_CREDS_USER_NS - the sender was in the receiver's user namespace. */
#define PARLEY_CREDS_USER_NS		(1U << 1)

/** PARLEY_CREDS_MNT_NS - the sender was in the receiver's mount namespace. */
#define PARLEY_CREDS_MNT_NS		(1U << 2)

/** PARLEY_CREDS_KERNEL - the kernel itself sent it. */
#define PARLEY_CREDS_KERNEL		(1U << 3)

/**
 * struct parley_creds_full - argument of PARLEY_IOC_CREDS
 * @size: in: size of this structure
 * @groups_len: in: how many ids @groups has room for; out: how many
 *	supplementary groups there are, also with %EMSGSIZE
 * @token: in: a request that this task has received and not answered
 * @groups: in: array of __u32, for the group ids in the receiver's user
 *	namespace; may be 0 if @groups_len is
 * @capabilities: out: effective capabilities, bit 1 << CAP_*; they hold in the
 *	sender's user namespace only, so look at PARLEY_CREDS_USER_NS too
 * @creds: out: the rest, as with the message
 */
struct parley_creds_full {
	__u32 size;
	__u32 groups_len;
	__aligned_u64 token;
	__aligned_u64 groups;
	__aligned_u64 capabilities;
	struct parley_creds creds;
};

/**
 * struct parley_notify - argument of PARLEY_IOC_NOTIFY
 * @size: in: size of this structure
 * @peer: in: task to notify
 * @bits: in: notification bits to set, out of PARLEY_NOTIFY_USER and
 *	PARLEY_NOTIFY_ASYNC
 * @reserved: zero
 */
struct parley_notify {
	__u32 size;
	__s32 peer;
	__u32 bits;
	__u32 reserved;
};

/** PARLEY_NOTIFY_TIMER - the task's timer went off (TIMER). */
#define PARLEY_NOTIFY_TIMER	0x01U

/** PARLEY_NOTIFY_IRQ - the task's eventfd was signalled (EVENTFD). */
#define PARLEY_NOTIFY_IRQ	0x02U

/**
 * PARLEY_NOTIFY_ABORTED - a call whose request the task has taken was given up;
 * a PARLEY_GLOBAL_CANCELLED message names it, unless the task's user has too many
 * messages already. Both vanish when the task spends the call's token first (and
 * gets %ENOENT).
 */
#define PARLEY_NOTIFY_ABORTED	0x04U

/**
 * PARLEY_NOTIFY_ASYNC - tasks that have linked themselves to this one have
 * something for it; struct parley_global_notifications names them.
 */
#define PARLEY_NOTIFY_ASYNC	0x08U

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

/**
 * struct parley_mode - argument of PARLEY_IOC_MODE
 * @size: in: size of this structure
 * @mode: in: permission bits, at most 0777; the write bits count
 */
struct parley_mode {
	__u32 size;
	__u32 mode;
};

/**
 * enum parley_bond_kind - what a task can have standing with another
 * @PARLEY_BOND_GRANT: the peer may send to this task, whatever the mode
 * @PARLEY_BOND_WATCH: the peer's death reaches this task as a message
 *	PARLEY_GLOBAL_EXCEPTION from the kernel; exactly once, without fail,
 *	and that ends the watch
 * @PARLEY_BOND_LINK: this task may NOTIFY the peer with PARLEY_NOTIFY_ASYNC. What
 *	the peer has not received yet ends with the link.
 */
enum parley_bond_kind {
	PARLEY_BOND_GRANT,
	PARLEY_BOND_WATCH,
	PARLEY_BOND_LINK,
};

/**
 * struct parley_bond_arg - argument of PARLEY_IOC_BOND and PARLEY_IOC_UNBOND
 * @size: in: size of this structure
 * @kind: in: an enum parley_bond_kind
 * @peer: in: the other task
 * @reserved: zero
 */
struct parley_bond_arg {
	__u32 size;
	__u32 kind;
	__s32 peer;
	__u32 reserved;
};

/**
 * struct parley_timer_arg - argument of PARLEY_IOC_TIMER
 * @size: in: size of this structure
 * @reserved: zero
 * @deadline: in: when to notify, 0 for never
 */
struct parley_timer_arg {
	__u32 size;
	__u32 reserved;
	__aligned_u64 deadline;
};

/**
 * struct parley_eventfd - argument of PARLEY_IOC_EVENTFD
 * @size: in: size of this structure
 * @fd: in: an eventfd(2) descriptor, or -1 for none
 */
struct parley_eventfd {
	__u32 size;
	__s32 fd;
};

/**
 * struct parley_bus_arg - argument of PARLEY_IOC_BUS
 * @size: in: size of this structure
 * @reserved: zero
 */
struct parley_bus_arg {
	__u32 size;
	__u32 reserved;
};

/**
 * struct parley_open - argument of PARLEY_IOC_OPEN
 * @size: in: size of this structure
 * @task: in: 0 for any id, or the reserved one to claim: PARLEY_TASK_DISCOVERY
 *	or PARLEY_TASK_TASK
 */
struct parley_open {
	__u32 size;
	__s32 task;
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
 * task, or it died before it took the message. %EACCES this task may not send
 * to it. %EAGAIN nobody is receiving (non-blocking). %ETIMEDOUT the deadline
 * passed, the message was withdrawn. %ENOENT @token names no interrupted send.
 * %EDQUOT the user has too many messages in flight. %EDEADLK the receiver
 * waits, directly or through others, for the caller: found where all of them
 * are processes with one thread and no io_uring, which wait without a deadline.
 *
 * With cargo: %EOPNOTSUPP the receiver that took it doesn't accept such cargo.
 * %EINVAL, %EBADF there is something wrong with what is sent along, see struct
 * parley_cargo. %EMSGSIZE also for more than PARLEY_OOL_MAX bytes. %EFAULT also for
 * the out-of-line payload. %EDQUOT also: the user has too many pages pinned.
 */
#define PARLEY_IOC_SEND		_IOWR(PARLEY_IOC_MAGIC, 1, struct parley_ipc)

/**
 * PARLEY_IOC_RECV - receive a message
 *
 * Notifications that are set come first, as one message from
 * PARLEY_TASK_KERNEL; messages come in the order in which they were sent.
 * %EMSGSIZE @recv_len is too small: the needed room is in @recv_len, and the
 * message keeps its place in line, for this or another receiver. %EFAULT @recv
 * can't be written: likewise, the message is kept. (But a non-blocking CALL
 * then ends with %EAGAIN, and of messages whose senders did not wait a task
 * keeps 64.) %EAGAIN there is nothing (non-blocking). %ETIMEDOUT nothing came.
 * %ENOTCONN the one @peer listened to is gone. %EDEADLK that one waits for the
 * caller, as for SEND.
 *
 * With cargo, likewise, the message is kept: %EMSGSIZE @ool_len of parley_cargo is
 * too small (@recv_len is then left as it was): the needed room is there. %EFAULT
 * @ool can't be written. %EMFILE, %ENFILE there is no descriptor to be had. %ENOMEM
 * the mapping can't be made. (Whatever else keeps it from being received is the
 * sender's %EOPNOTSUPP.)
 */
#define PARLEY_IOC_RECV		_IOWR(PARLEY_IOC_MAGIC, 2, struct parley_ipc)

/**
 * PARLEY_IOC_CALL - send a request and wait for its reply
 *
 * Errors as for SEND, and: %ECONNRESET the peer died with the request in
 * hand, and may have run it; with %ENOTCONN it has not. %ETIMEDOUT and %EINTR
 * end the call, wherever it was; a late reply is refused, and a receiver that
 * has the request in hand is told: see PARLEY_NOTIFY_ABORTED. %EMSGSIZE also if
 * the reply is longer than @recv_len (then told in @recv_len), %EFAULT if
 * @recv can't be written; the call has ended in both cases. So it has when what
 * comes with the reply can't be received, with the errors of RECV; %EIO the range of
 * a file can't be read, or a security module refuses the descriptor. To task
 * PARLEY_TASK_VM: the module itself answers, see parley_proto.h.
 */
#define PARLEY_IOC_CALL		_IOWR(PARLEY_IOC_MAGIC, 3, struct parley_ipc)

/**
 * PARLEY_IOC_REPLY - answer a request
 *
 * Never waits. %ENOENT @token is no reply right of this task: never given to
 * it, used before, or the call has ended. %EMSGSIZE as for SEND: the token is
 * still good, as after any error but %ENOENT. %EOPNOTSUPP the caller doesn't accept
 * such cargo, or the file of a range is on none of the file systems for that.
 * Out-of-line payload that the caller has no room for is no error here, but the
 * caller's %EMSGSIZE.
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
 * received arrives once. %ENOTCONN there is no such task. %EACCES this task may
 * not send to it. %EINVAL @bits is 0 or has bits that only the kernel sets.
 * %ENOENT PARLEY_NOTIFY_ASYNC without a link to the peer.
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

/**
 * PARLEY_IOC_MODE - set who may send to this task
 *
 * %EINVAL @mode has other bits than 0777.
 */
#define PARLEY_IOC_MODE		_IOWR(PARLEY_IOC_MAGIC, 8, struct parley_mode)

/**
 * PARLEY_IOC_BOND - make a grant, a watch or a link
 *
 * Everything that it will ever need is allocated here. It ends by UNBOND and by
 * the death of either task. Never waits. %ENOTCONN there is no such task.
 * %EEXIST there is one already. %EACCES (watch, link) this task may not send to
 * the peer. %EDQUOT the user has too many.
 */
#define PARLEY_IOC_BOND		_IOWR(PARLEY_IOC_MAGIC, 9, struct parley_bond_arg)

/**
 * PARLEY_IOC_UNBOND - end a grant, a watch or a link
 *
 * Nothing comes of it once this has succeeded. %ENOENT there is none (a watch's
 * message may be waiting).
 */
#define PARLEY_IOC_UNBOND	_IOWR(PARLEY_IOC_MAGIC, 10, struct parley_bond_arg)

/**
 * PARLEY_IOC_CREDS - learn all about the sender of a request
 *
 * %ENOENT @token is no request in this task's hands. %EMSGSIZE @groups_len is
 * too small.
 */
#define PARLEY_IOC_CREDS	_IOWR(PARLEY_IOC_MAGIC, 11, struct parley_creds_full)

/**
 * PARLEY_IOC_TIMER - set the task's timer
 *
 * It goes off once, soon if @deadline is past; setting it replaces what was set
 * before. PARLEY_NOTIFY_TIMER that is already set stays.
 */
#define PARLEY_IOC_TIMER	_IOWR(PARLEY_IOC_MAGIC, 12, struct parley_timer_arg)

/**
 * PARLEY_IOC_EVENTFD - let an eventfd notify this task
 *
 * Each event soon sets PARLEY_NOTIFY_IRQ, and the eventfd's counter is consumed, as by
 * read(2): with EFD_SEMAPHORE by one. One that has been signalled before
 * notifies too. A task has one; another
 * replaces it. The eventfd may be closed at any time, and that ends it. %EBADF,
 * %EINVAL @fd is no eventfd.
 */
#define PARLEY_IOC_EVENTFD	_IOWR(PARLEY_IOC_MAGIC, 13, struct parley_eventfd)

/**
 * PARLEY_IOC_BUS - get a descriptor of the task's bus
 *
 * Returns the descriptor (close-on-exec), which stands for the right to join.
 * Its one operation is OPEN. %EMFILE, %ENFILE.
 */
#define PARLEY_IOC_BUS		_IOWR(PARLEY_IOC_MAGIC, 14, struct parley_bus_arg)

/**
 * PARLEY_IOC_OPEN - open a task, on a bus descriptor
 *
 * Returns the task's descriptor (close-on-exec), as if /dev/parley had been
 * opened. %EPERM claiming an id takes CAP_SYS_ADMIN over the bus (see Rights).
 * %EBUSY the id is taken. %EINVAL @task is neither 0 nor an id that can be
 * claimed. %EDQUOT, %EMFILE, %ENFILE, %ENOSPC (all ids are taken).
 */
#define PARLEY_IOC_OPEN		_IOWR(PARLEY_IOC_MAGIC, 15, struct parley_open)

#endif /* _UAPI_LINUX_PARLEY_H */
