/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * DOC: libipc, what messages carry besides their payload
 *
 * Out-of-line payload of up to LIBIPC_OOL_MAX bytes, which is copied once, from
 * the memory of one to that of the other; descriptors, mappings, and parts of
 * files. A struct ipc_cargo says what goes and what may come.
 *
 * Nothing comes that was not accepted, and nothing comes with an error: there is
 * something to close or to unmap only if a function has returned 0.
 *
 * Needs LIBIPC_FEATURE_CARGO; without it, what asks for any of this gets -E2BIG or
 * -EINVAL or, of ipc_ool_recv() and its like, -ENOTCONN.
 */
#ifndef LIBIPC_CARGO_H
#define LIBIPC_CARGO_H

#include <libipc.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** LIBIPC_OOL_MAX - most bytes of out-of-line payload of a message. */
#define LIBIPC_OOL_MAX		1048576

/** LIBIPC_CARGO_OOL - out-of-line payload. */
#define LIBIPC_CARGO_OOL	0x1U

/** LIBIPC_CARGO_FD - a descriptor. Of a task it only keeps that alive. */
#define LIBIPC_CARGO_FD		0x2U

/** LIBIPC_CARGO_MAP - a mapping, of a memfd not open for writing, to be read. */
#define LIBIPC_CARGO_MAP	0x4U

/** LIBIPC_CARGO_MAP_WRITE - a mapping of a memfd, to be read and written. */
#define LIBIPC_CARGO_MAP_WRITE	0x8U

/**
 * LIBIPC_CARGO_RANGE - only with a reply: out-of-line payload that comes from a
 * regular file, straight from the page cache. Arrives as LIBIPC_CARGO_OOL.
 */
#define LIBIPC_CARGO_RANGE	0x10U

/**
 * struct ipc_ool - how the payload of a message with LIBIPC_CARGO_OOL or
 * LIBIPC_CARGO_RANGE begins
 * @addr: received: where it has been put
 * @len: its bytes
 *
 * The sender leaves room for it, and libipc writes it; the program's own bytes
 * follow.
 */
struct ipc_ool {
	uint64_t addr;
	uint64_t len;
};

/**
 * struct ipc_cargo - what a message carries besides its payload
 * @send: in: what goes: any of LIBIPC_CARGO_OOL, and one of the others
 * @accept: in: what may come: any of LIBIPC_CARGO_* but LIBIPC_CARGO_RANGE. A
 *	message with anything else is refused: its sender gets -EOPNOTSUPP.
 * @received: out: what has come, LIBIPC_CARGO_*
 * @send_fd: in: the descriptor that goes, or of which a mapping or a range does
 * @recv_fd: out: the descriptor that has come (close-on-exec), else -1
 * @creds: in: where a receive puts who has sent the message; may be NULL
 * @send_data: in: the out-of-line payload that goes
 * @send_len: in: its bytes, or a range's, at most LIBIPC_OOL_MAX
 * @recv_data: in: where to put out-of-line payload
 * @recv_room: in: bytes that there is room for
 * @recv_len: out: bytes that have come; with -EMSGSIZE, if not 0, the room that
 *	was needed
 * @send_offset: in: where in the file the mapping or range begins
 * @send_map_len: in: bytes to be mapped
 * @recv_map_room: in: the most bytes of a mapping that may come; one that is longer
 *	is refused as what @accept doesn't say
 * @recv_map: out: the mapping that has come, else NULL; munmap(2) it
 * @recv_map_len: out: its bytes, whole pages
 * @reserved: zero
 *
 * To be initialised as a whole, such as by naming some fields in braces: what is
 * not set must be zero. What is said "in" is only read, and ignored where @send or
 * @accept don't ask for it; so one structure does for a server's whole loop. What
 * is said "out" is set by each function that receives: after an error @received
 * is 0, @recv_fd -1 and @recv_map NULL.
 *
 * Whoever accepts LIBIPC_CARGO_OOL from others than his servers should have room
 * for LIBIPC_OOL_MAX: a longer message than there is room for keeps its place, and
 * is received, and too long, again.
 */
struct ipc_cargo {
	unsigned int send;
	unsigned int accept;
	unsigned int received;
	int send_fd;
	int recv_fd;
	struct ipc_creds *creds;
	const void *send_data;
	size_t send_len;
	void *recv_data;
	size_t recv_room;
	size_t recv_len;
	uint64_t send_offset;
	size_t send_map_len;
	size_t recv_map_room;
	void *recv_map;
	size_t recv_map_len;
	uint64_t reserved[4];
};

/**
 * ipc_send_cargo() - ipc_send(), with cargo
 * @dst: as for ipc_send()
 * @msg: as for ipc_send(), but that the head of its payload may be written
 * @len: as for ipc_send()
 * @cargo: what goes; NULL for nothing
 * @deadline: as for ipc_send(); not LIBIPC_NOWAIT with LIBIPC_CARGO_OOL
 *
 * Return: as ipc_send(), or -EOPNOTSUPP (the receiver doesn't accept that, or no
 * mapping of that length), -EINVAL (@cargo is no such cargo, or of something that
 * can't be sent, or @len has no room for struct ipc_ool), -EBADF, -EMSGSIZE (over
 * LIBIPC_OOL_MAX), -EFAULT (the out-of-line payload), -EDQUOT (the user has too many
 * pages pinned), -E2BIG (the module has no LIBIPC_FEATURE_CARGO; also -EINVAL).
 */
int ipc_send_cargo(ipc_task_t dst, struct ipc_msg *msg, size_t len,
		   const struct ipc_cargo *cargo, uint64_t deadline);

/**
 * ipc_recv_cargo() - ipc_recv(), with cargo
 * @src: as for ipc_recv()
 * @msg: as for ipc_recv()
 * @len: as for ipc_recv()
 * @token: as for ipc_recv()
 * @cargo: what may come; NULL for nothing
 * @deadline: as for ipc_recv()
 *
 * Return: as ipc_recv(), or, the message being kept, -EMSGSIZE (there is more
 * out-of-line payload than room: @cargo->recv_len), -EMFILE, -ENFILE, -ENOMEM (no
 * room for the descriptor or mapping); -E2BIG as for ipc_send_cargo().
 */
int ipc_recv_cargo(ipc_task_t src, struct ipc_msg *msg, size_t *len,
		   ipc_token_t *token, struct ipc_cargo *cargo, uint64_t deadline);

/**
 * ipc_call_cargo() - ipc_call(), with cargo
 * @dst: as for ipc_call()
 * @msg: as for ipc_call(). After an error as it was but for the head of its
 *	payload.
 * @len: as for ipc_call()
 * @cargo: what goes, and what may come with the reply; NULL for nothing
 * @deadline: as for ipc_call()
 *
 * Return: as ipc_call() or ipc_send_cargo(), or, the call having ended, -EMSGSIZE
 * (@cargo->recv_len is not 0: the reply has that much out-of-line payload), -EMFILE,
 * -ENFILE, -ENOMEM (no room for the descriptor or mapping), -EIO (the file of a range
 * can't be read, or a security module refuses the descriptor).
 */
int ipc_call_cargo(ipc_task_t dst, struct ipc_msg *msg, size_t *len,
		   struct ipc_cargo *cargo, uint64_t deadline);

/**
 * ipc_reply_cargo() - ipc_reply(), with cargo
 * @token: as for ipc_reply()
 * @msg: as for ipc_reply(), but that the head of its payload may be written
 * @len: as for ipc_reply()
 * @cargo: what goes; NULL for nothing
 *
 * What the caller has no room for is his error.
 *
 * Return: as ipc_reply(), or, with the token still good, -EOPNOTSUPP (the caller
 * doesn't accept that, or no mapping of that length, or it is a range of a file on a
 * file system that isn't for that), or another error of ipc_send_cargo().
 */
int ipc_reply_cargo(ipc_token_t token, struct ipc_msg *msg, size_t len,
		    const struct ipc_cargo *cargo);

/**
 * ipc_replyrecv_cargo() - ipc_replyrecv(), with cargo
 * @src: as for ipc_replyrecv()
 * @msg: as for ipc_replyrecv()
 * @len: as for ipc_replyrecv()
 * @token: as for ipc_replyrecv()
 * @cargo: what goes with the reply, and what may come with the message; NULL for
 *	nothing
 * @deadline: as for ipc_replyrecv()
 *
 * Return: as ipc_replyrecv(), ipc_reply_cargo() or ipc_recv_cargo(). After an error
 * *@token is 0 if the reply was made, and the reply at @msg is untouched but for
 * the head of its payload if not.
 */
int ipc_replyrecv_cargo(ipc_task_t src, struct ipc_msg *msg, size_t *len,
			ipc_token_t *token, struct ipc_cargo *cargo, uint64_t deadline);

/**
 * ipc_in_parts() - do by parts what is too long for one message
 * @len: bytes in all
 * @step: does @len bytes from @offset, which are at most LIBIPC_OOL_MAX; returns
 *	how many it did, or a negative errno
 * @arg: handed to @step
 *
 * Ends with the first part that is not done as a whole.
 *
 * Return: how many bytes were done; if none, what the first @step returned.
 */
ssize_t ipc_in_parts(size_t len, ssize_t (*step)(size_t offset, size_t len, void *arg),
		     void *arg);

/**
 * ipc_ool_recv() - let others write into memory of the thread's current task, once
 * @addr: the memory
 * @len: its bytes, at most LIBIPC_OOL_MAX; 0 takes back what was given before
 *
 * Doesn't wait. There is one such buffer at a time: another replaces it. It is
 * pinned, and may be written by whoever may send to this task, until one has:
 * see ipc_ool_verify().
 *
 * Return: 0, or -EFAULT, -EMSGSIZE, -EDQUOT (the user has too many pages pinned, or
 * messages: what was sent and not verified is one), -ENOMEM, -ENOTCONN (the module
 * has no LIBIPC_FEATURE_CARGO), or as ipc_self().
 */
int ipc_ool_recv(void *addr, size_t len);

/**
 * ipc_ool_send() - write into the buffer of another task
 * @dst: the task
 * @addr: what to copy
 * @len: its bytes
 * @id: receives a number that proves it: to be told to @dst
 * @deadline: as for ipc_call()
 *
 * Waits until @dst has a buffer. After an error nothing has been copied.
 *
 * Return: 0, or -ENOTCONN (there is no such task, or it died; or the module has no
 * LIBIPC_FEATURE_CARGO), -EACCES (this task may not send to it, or no more when there
 * is a buffer), -EMSGSIZE (the buffer is smaller), -EFAULT, -EAGAIN (LIBIPC_NOWAIT and
 * there is no buffer), -ETIMEDOUT, -EINTR, -EDQUOT, -ENOMEM, or as ipc_self().
 */
int ipc_ool_send(ipc_task_t dst, const void *addr, size_t len, uint64_t *id,
		 uint64_t deadline);

/**
 * ipc_ool_verify() - has that been written here?
 * @src: the task that says so
 * @id: the number that it was given
 * @len: the bytes that it says
 * @received_at: receives the address of the buffer; may be NULL
 *
 * Can be asked once.
 *
 * Return: 0, or -ENOENT (no, or it was asked before, or it was something else),
 * -ENOTCONN (the module has no LIBIPC_FEATURE_CARGO), or as ipc_self().
 */
int ipc_ool_verify(ipc_task_t src, uint64_t id, size_t len, void **received_at);

#ifdef __cplusplus
}
#endif

#endif /* LIBIPC_CARGO_H */
