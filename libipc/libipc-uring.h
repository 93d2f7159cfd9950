/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * DOC: libipc, operations over io_uring
 *
 * The application has a ring, by liburing or otherwise. These functions fill in
 * submission queue entries of it, as io_uring_prep_*() do, and make of a
 * completion what the function of the same name would have returned and stored.
 * They never wait and never fail: wrong arguments show in the result.
 *
 * A struct ipc_uring, and all that the arguments point to, must stay where it is
 * until ipc_uring_result() has been called. What operates is the task of the
 * descriptor, whatever the thread's current one is.
 *
 * Needs LIBIPC_FEATURE_URING; without it results are -EOPNOTSUPP. With
 * LIBIPC_FEATURE_URING_ASYNC an operation that waits takes no thread, but counts as a
 * message of the user's. Without it, it takes one of the ring's. There are four for
 * each CPU, unless io_uring_register_iowq_max_workers() sets another number (of bounded
 * ones): what is beyond that begins later.
 */
#ifndef LIBIPC_URING_H
#define LIBIPC_URING_H

#include <libipc-cargo.h>

#ifdef __cplusplus
extern "C" {
#endif

struct io_uring_sqe;

/**
 * struct ipc_uring - an operation; to be looked into by nobody
 * @opaque: libipc's; need not be initialised
 */
struct ipc_uring {
	uint64_t opaque[40];
};

/**
 * ipc_uring_prep_send() - prepare ipc_send_cargo()
 * @sqe: entry of the ring. All is set but user_data, which is left alone; flags and
 *	personality may be set afterwards.
 * @fd: the task, from ipc_fd() or ipc_open()
 * @op: what the operation is kept in
 * @dst: as are all below, as for ipc_send_cargo()
 * @msg: the message
 * @len: its payload bytes
 * @cargo: what goes; NULL for nothing
 * @deadline: when to give up
 */
void ipc_uring_prep_send(struct io_uring_sqe *sqe, int fd, struct ipc_uring *op,
			 ipc_task_t dst, struct ipc_msg *msg, size_t len,
			 const struct ipc_cargo *cargo, uint64_t deadline);

/**
 * ipc_uring_prep_recv() - prepare ipc_recv_cargo()
 * @sqe: as for ipc_uring_prep_send()
 * @fd: as for ipc_uring_prep_send()
 * @op: as for ipc_uring_prep_send()
 * @src: as are all below, as for ipc_recv_cargo()
 * @msg: filled in
 * @len: receives the payload's length
 * @token: receives the right to reply
 * @cargo: what may come; NULL for nothing
 * @deadline: when to give up
 */
void ipc_uring_prep_recv(struct io_uring_sqe *sqe, int fd, struct ipc_uring *op,
			 ipc_task_t src, struct ipc_msg *msg, size_t *len,
			 ipc_token_t *token, struct ipc_cargo *cargo, uint64_t deadline);

/**
 * ipc_uring_prep_call() - prepare ipc_call_cargo()
 * @sqe: as for ipc_uring_prep_send()
 * @fd: as for ipc_uring_prep_send()
 * @op: as for ipc_uring_prep_send()
 * @dst: as are all below, as for ipc_call_cargo()
 * @msg: request and reply
 * @len: its payload bytes
 * @cargo: what goes and may come; NULL for nothing
 * @deadline: when to give up
 */
void ipc_uring_prep_call(struct io_uring_sqe *sqe, int fd, struct ipc_uring *op,
			 ipc_task_t dst, struct ipc_msg *msg, size_t *len,
			 struct ipc_cargo *cargo, uint64_t deadline);

/**
 * ipc_uring_prep_reply() - prepare ipc_reply_cargo()
 * @sqe: as for ipc_uring_prep_send()
 * @fd: as for ipc_uring_prep_send()
 * @op: as for ipc_uring_prep_send()
 * @token: as are all below, as for ipc_reply_cargo()
 * @msg: the reply
 * @len: its payload bytes
 * @cargo: what goes; NULL for nothing
 */
void ipc_uring_prep_reply(struct io_uring_sqe *sqe, int fd, struct ipc_uring *op,
			  ipc_token_t token, struct ipc_msg *msg, size_t len,
			  const struct ipc_cargo *cargo);

/**
 * ipc_uring_prep_replyrecv() - prepare ipc_replyrecv_cargo()
 * @sqe: as for ipc_uring_prep_send()
 * @fd: as for ipc_uring_prep_send()
 * @op: as for ipc_uring_prep_send()
 * @src: as are all below, as for ipc_replyrecv_cargo()
 * @msg: the reply, then the message received
 * @len: its payload bytes
 * @token: what to answer, then the right to reply to @msg
 * @cargo: what goes and may come; NULL for nothing
 * @deadline: when to give up
 */
void ipc_uring_prep_replyrecv(struct io_uring_sqe *sqe, int fd, struct ipc_uring *op,
			      ipc_task_t src, struct ipc_msg *msg, size_t *len,
			      ipc_token_t *token, struct ipc_cargo *cargo,
			      uint64_t deadline);

/** LIBIPC_URING_AGAIN - ipc_uring_result(): ipc_uring_prep_again() is due. */
#define LIBIPC_URING_AGAIN	1

/**
 * ipc_uring_result() - what became of an operation
 * @op: the operation, which has completed; to be asked about once
 * @res: res of the completion queue entry
 *
 * Return: what the function would have returned, having stored what it would have
 * stored; or -ECANCELED (it was cancelled), -EINTR (a receive has received nothing,
 * and is to be prepared again: a sender has withdrawn what it had sent; or the
 * operation took a thread, and was cancelled, or the process stopped or frozen, while
 * it waited), -EOPNOTSUPP (also if the module has no LIBIPC_FEATURE_URING), -EDQUOT
 * (also of one that receives: the user has too many messages); or LIBIPC_URING_AGAIN:
 * only a request LIBIPC_ASYNC came, which has been answered.
 */
int ipc_uring_result(struct ipc_uring *op, int res);

/**
 * ipc_uring_prep_again() - prepare an operation that is not over
 * @sqe: as for ipc_uring_prep_send()
 * @op: after LIBIPC_URING_AGAIN
 */
void ipc_uring_prep_again(struct io_uring_sqe *sqe, struct ipc_uring *op);

/**
 * ipc_uring_prep_cancel() - prepare to cancel an operation
 * @sqe: as for ipc_uring_prep_send(), of any ring with LIBIPC_FEATURE_URING_ASYNC,
 *	else of the operation's
 * @fd: the task that the operation was prepared for
 * @op: the operation; what completes it is still to be asked for
 * @user_data: that of the entry by which it was submitted
 *
 * The first time it asks what the module can do, and so makes system calls.
 *
 * What it does is told by res of its own completion queue entry: 0 (the operation waits
 * no more), -ENOENT (it doesn't wait: has completed, is about to, or was never
 * submitted), -EALREADY (without LIBIPC_FEATURE_URING_ASYNC: a thread is at it, which
 * has been told, or has just done it), or an error as of the operation. Whichever it
 * is, the operation completes as usual, and cancelled only if its result says so.
 *
 * An operation submitted with IOSQE_ASYNC takes a thread, and isn't found with
 * LIBIPC_FEATURE_URING_ASYNC: io_uring_prep_cancel() cancels that.
 */
void ipc_uring_prep_cancel(struct io_uring_sqe *sqe, int fd, const struct ipc_uring *op,
			   uint64_t user_data);

#ifdef __cplusplus
}
#endif

#endif /* LIBIPC_URING_H */
