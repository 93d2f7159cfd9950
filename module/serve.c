// SPDX-License-Identifier: GPL-2.0

#include <linux/err.h>
#include <linux/fault-inject-usercopy.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "argument.h"
#include "receiver.h"
#include "reply.h"
#include "serve.h"
#include "task.h"
#include "trace.h"

/* Sleep until @receiver has something, but not where it can't come. */
static int parley_serve_listen(struct parley_receiver *receiver, u64 deadline)
{
	struct parley_chain *chain = receiver->wait.chain;

	int err;

	/* What has come has ended the link, or kept it from being made. */
	if (chain && parley_chain_closed(chain))
		return -EDEADLK;
	err = parley_wait_sleep(&receiver->wait, deadline);
	if (err && chain)
		parley_chain_end(chain);
	return err;
}

/*
 * Spend @token, if any, on what @receiver holds, then enter it for a message.
 * @waker: whom to wake if it waits, instead of the calling thread.
 */
static __always_inline int parley_serve_enter(struct parley_task *task,
					      struct parley_receiver *receiver,
					      u64 token, struct parley_ipc *ipc,
					      struct parley_waker *waker)
{
	struct parley_inbox *inbox = &task->inbox;
	struct parley_waker *caller = NULL;
	int err;

	rcu_read_lock();
	spin_lock(&inbox->lock);
	if (token)
		ipc->reply_error =
			parley_inbox_answer_locked(inbox, token,
						   &receiver->content,
						   &receiver->load, &caller);
	err = parley_inbox_receive_locked(receiver,
					  ipc->flags & PARLEY_NONBLOCK);
	if (waker && !err && !receiver->wait.done)
		receiver->wait.waker = waker;
	spin_unlock(&inbox->lock);
	parley_wake(caller);
	rcu_read_unlock();
	if (token)
		trace_parley_message_reply(task->id, token, ipc->reply_error);
	return err;
}

/* The same, then wait for a message. */
static int parley_serve_await(struct parley_task *task,
			      struct parley_receiver *receiver, u64 token,
			      struct parley_ipc *ipc)
{
	int err = parley_serve_enter(task, receiver, token, ipc, NULL);

	if (err)
		return err;
	err = parley_serve_listen(receiver, ipc->deadline);
	if (err && parley_receiver_give_up(receiver))
		return err;
	return receiver->error;
}

/* Hear one task only, and so end by its death. NULL: it is dead. */
static struct parley_task *parley_serve_follow(struct parley_task *task,
					       struct parley_receiver *receiver,
					       s32 id)
{
	struct parley_task *heard = parley_task_get(task->bus, id);

	if (heard) {
		receiver->toward = heard->inbox.chain;
		parley_receiver_follow(receiver, &heard->inbox);
	} else {
		parley_receiver_abandon(receiver);
	}
	return heard;
}

static void parley_serve_unfollow(struct parley_receiver *receiver,
				  struct parley_task *heard)
{
	if (!heard)
		return;
	parley_receiver_unfollow(receiver, &heard->inbox);
	parley_task_put(heard);
}

/* The same, hearing one task only. */
static int parley_serve_await_from(struct parley_task *task,
				   struct parley_receiver *receiver, u64 token,
				   struct parley_ipc *ipc)
{
	struct parley_task *heard;
	int err;

	receiver->wait.chain = parley_ipc_chain(ipc, task);
	heard = parley_serve_follow(task, receiver, ipc->peer);
	err = parley_serve_await(task, receiver, token, ipc);
	parley_serve_unfollow(receiver, heard);
	return err;
}

/* Write who sent the message. */
static __always_inline int
parley_creds_put(const struct parley_creds *creds,
		 struct parley_creds __user *ucreds)
{
	if (should_fail_usercopy())
		return -EFAULT;
	if (!user_write_access_begin(ucreds, sizeof(*ucreds)))
		return -EFAULT;
	unsafe_put_user(creds->pid, &ucreds->pid, fault);
	unsafe_put_user(creds->uid, &ucreds->uid, fault);
	unsafe_put_user(creds->gid, &ucreds->gid, fault);
	unsafe_put_user(creds->flags, &ucreds->flags, fault);
	user_write_access_end();
	return 0;

fault:
	user_write_access_end();
	return -EFAULT;
}

/* Copy the message out. (A frame less, where every call of a function is felt.) */
static __always_inline int parley_serve_copy(struct parley_receiver *receiver,
					     struct parley_ipc *ipc,
					     struct parley_ipc __user *uipc)
{
	int err;

	err = parley_content_write(&receiver->content, parley_ipc_recv(ipc));
	if (err)
		return err;
	ipc->recv_len = receiver->content.len;
	ipc->token = receiver->oneway ? 0 : receiver->token;
	if (ipc->creds)
		err = parley_creds_put(&receiver->creds,
				       u64_to_user_ptr(ipc->creds));
	return err ?: parley_ipc_put(ipc, uipc);
}

/* Copy the message out, or put it back if that fails. */
static int parley_serve_deliver(struct parley_receiver *receiver,
				struct parley_ipc *ipc,
				struct parley_ipc __user *uipc)
{
	int err = -EMSGSIZE;

	if (receiver->content.len <= ipc->recv_len)
		err = parley_serve_copy(receiver, ipc, uipc);
	else
		ipc->recv_len = receiver->content.len;
	if (err)
		parley_inbox_return(receiver);
	else if (receiver->oneway)
		parley_inbox_taken(receiver);
	return err;
}

static __always_inline int parley_serve_wait(struct parley_task *task,
					     struct parley_receiver *receiver,
					     u64 token, struct parley_ipc *ipc)
{
	return ipc->peer > 0
		       ? parley_serve_await_from(task, receiver, token, ipc)
		       : parley_serve_await(task, receiver, token, ipc);
}

/* After an error: a restart must not reply again. */
static int parley_serve_fail(struct parley_ipc *ipc,
			     struct parley_ipc __user *uipc, u64 token, int err)
{
	ipc->token = 0;
	if ((token || err == -EMSGSIZE) && parley_ipc_put(ipc, uipc))
		return -EFAULT;
	return err;
}

/* @receiver->content is the reply that @token, if any, pays for. */
static int parley_serve_receive(struct parley_task *task,
				struct parley_ipc *ipc,
				struct parley_ipc __user *uipc,
				struct parley_receiver *receiver, u64 token)
{
	int err;

	parley_receiver_init(receiver, &task->inbox, ipc->peer, ipc->creds);
	err = parley_serve_wait(task, receiver, token, ipc);
	if (!err)
		err = parley_serve_deliver(receiver, ipc, uipc);
	if (err)
		return parley_serve_fail(ipc, uipc, token, err);
	trace_parley_message_receive(task->id, &receiver->content, ipc->token);
	return 0;
}

/*
 * The same where there is cargo, from here on.
 */

/* What the message carries, to where @cargo says. */
static int parley_serve_unload(struct parley_receiver *receiver,
			       const struct parley_ipc *ipc,
			       struct parley_cargo *cargo)
{
	struct parley_cargo __user *ucargo = u64_to_user_ptr(ipc->cargo);
	int err;

	if (!ipc->cargo)
		return 0;
	err = parley_load_receive(&receiver->load, &receiver->content, cargo);
	if (err == -EMSGSIZE && parley_cargo_put_needed(cargo->ool_len, ucargo))
		err = -EFAULT;
	if (err)
		return err;
	err = parley_cargo_put(cargo, ucargo);
	if (err)
		parley_transfer_undo(&receiver->load.transfer, cargo);
	return err;
}

/*
 * Is it the receiver that something is wrong with, which may be better next time?
 * Else the sender could keep it from receiving anything.
 */
static bool parley_serve_may_recover(int err)
{
	switch (err) {
	case -EFAULT:
	case -EINTR:
	case -EMFILE:
	case -EMSGSIZE:
	case -ENFILE:
	case -ENOMEM:
	case -ESHUTDOWN:
		return true;
	default:
		return false;
	}
}

/*
 * Copy the message out, with all that it carries, or put it back if that fails.
 * -ESHUTDOWN: the sender has withdrawn it meanwhile, or was refused: it has never
 * been there.
 */
static int parley_serve_deliver_cargo(struct parley_receiver *receiver,
				      struct parley_ipc *ipc,
				      struct parley_ipc __user *uipc,
				      struct parley_cargo *cargo)
{
	int err;

	if (receiver->content.len > ipc->recv_len) {
		ipc->recv_len = receiver->content.len;
		parley_inbox_return(receiver);
		return -EMSGSIZE;
	}
	err = parley_serve_unload(receiver, ipc, cargo);
	if (err && !parley_serve_may_recover(err)) {
		parley_inbox_refuse(receiver);
		return -ESHUTDOWN;
	}
	if (err) {
		parley_inbox_return(receiver);
		return err;
	}
	err = parley_serve_copy(receiver, ipc, uipc);
	if (err)
		parley_inbox_return(receiver);
	else if (!receiver->oneway)
		parley_inbox_unload(receiver);
	else if (!parley_inbox_taken(receiver))
		err = -ESHUTDOWN;
	if (err && receiver->load.kinds)
		parley_transfer_undo(&receiver->load.transfer, cargo);
	return err;
}

/*
 * The message has never been there: the argument is as it was, and the operation
 * begins anew. Not here: what its sender closed may be closed only when we are back
 * in user space, and senders that withdraw one after the other must not keep us.
 */
static int parley_serve_again(const struct parley_serving *serving,
			      struct parley_ipc *ipc,
			      struct parley_ipc __user *uipc)
{
	struct parley_cargo cargo;

	ipc->token = 0;
	ipc->recv_len = serving->recv_len;
	if (parley_ipc_put(ipc, uipc))
		return -EFAULT;
	if (ipc->cargo) {
		parley_cargo_reset(&cargo, serving->room,
				   serving->receiver.map_max);
		if (parley_cargo_put(&cargo, u64_to_user_ptr(ipc->cargo)))
			return -EFAULT;
	}
	return -ERESTARTNOINTR;
}

/* Take what has come to user space, or say that it was @err. */
static int parley_serve_end(struct parley_task *task,
			    struct parley_serving *serving,
			    struct parley_ipc *ipc,
			    struct parley_ipc __user *uipc, int err)
{
	struct parley_receiver *receiver = &serving->receiver;

	if (!err)
		err = parley_serve_deliver_cargo(receiver, ipc, uipc,
						 &serving->cargo);
	parley_receiver_unload(receiver);
	if (err == -ESHUTDOWN)
		return parley_serve_again(serving, ipc, uipc);
	if (err)
		return parley_serve_fail(ipc, uipc, serving->token, err);
	trace_parley_message_receive(task->id, &receiver->content, ipc->token);
	return 0;
}

/* Prepare to receive, after a reply with @token, which is in the receiver's hands. */
static int parley_serve_prepare(struct parley_task *task,
				const struct parley_ipc *ipc,
				struct parley_serving *serving, u64 token)
{
	struct parley_receiver *receiver = &serving->receiver;
	struct parley_cargo *cargo = &serving->cargo;
	int err = 0;

	*cargo = (struct parley_cargo){};
	if (ipc->cargo)
		err = parley_cargo_get(cargo, u64_to_user_ptr(ipc->cargo));
	if (!err && token)
		err = parley_reply_load(task, ipc, &receiver->content, cargo,
					&receiver->load);
	/* That the call has ended will show, and not keep us from receiving. */
	if (err && err != -ENOENT)
		return err;
	serving->token = token;
	serving->recv_len = ipc->recv_len;
	serving->room = cargo->ool_len;
	parley_receiver_init(receiver, &task->inbox, ipc->peer, ipc->creds);
	receiver->accepts = cargo->accept;
	receiver->map_max = cargo->map_len;
	return 0;
}

static int parley_serve_no_reply(const struct parley_ipc *ipc,
				 const struct parley_serving *serving)
{
	return ipc->flags & PARLEY_OOL || serving->cargo.send ? -EINVAL : 0;
}

/* @reply, NULL for a RECV, is what @token, if any, is spent on. */
static noinline int
parley_serve_receive_cargo(struct parley_task *task, struct parley_ipc *ipc,
			   struct parley_ipc __user *uipc,
			   const struct parley_content *reply, u64 token)
{
	struct parley_serving serving __uninitialized;
	int err;

	serving.receiver.load.kinds = 0;
	if (token)
		parley_content_copy(&serving.receiver.content, reply);
	err = parley_serve_prepare(task, ipc, &serving, token);
	if (!err && !reply)
		err = parley_serve_no_reply(ipc, &serving);
	if (err)
		return err;
	err = parley_serve_wait(task, &serving.receiver, token, ipc);
	err = parley_serve_end(task, &serving, ipc, uipc, err);
	/* Threads of io_uring's are in no system call. */
	if (err == -ERESTARTNOINTR && !(current->flags & PF_IO_WORKER))
		return restart_syscall();
	return err;
}

/**
 * parley_serve_park() - begin a receive that no thread waits for
 * @task: the caller's
 * @ipc: the argument
 * @uipc: the caller's
 * @replies: it is a REPLYRECV
 * @serving: to be kept until parley_serve_unpark() or parley_serve_drop()
 * @waker: whom to wake when it has ended, unless it has by then
 *
 * Return: 0, or how the operation ended.
 */
int parley_serve_park(struct parley_task *task, struct parley_ipc *ipc,
		      struct parley_ipc __user *uipc, bool replies,
		      struct parley_serving *serving, struct parley_waker *waker)
{
	struct parley_receiver *receiver = &serving->receiver;
	u64 token = replies ? ipc->token : 0;
	int err = 0;

	if (ipc->peer < PARLEY_ANY)
		return -EINVAL;
	receiver->load.kinds = 0;
	if (token)
		err = parley_reply_read(task, ipc, &receiver->content);
	if (!err)
		err = parley_serve_prepare(task, ipc, serving, token);
	if (!err && !replies)
		err = parley_serve_no_reply(ipc, serving);
	if (err)
		return err;
	serving->heard = ipc->peer > 0 ? parley_serve_follow(task, receiver,
							     ipc->peer) : NULL;
	err = parley_serve_enter(task, receiver, token, ipc, waker);
	if (err) {
		parley_serve_unfollow(receiver, serving->heard);
		return parley_serve_fail(ipc, uipc, token, err);
	}
	/* The reply has been made, also if the rest is dropped. */
	ipc->token = 0;
	if (token)
		parley_ipc_put(ipc, uipc);
	return 0;
}

/**
 * parley_serve_unpark() - end a receive that was parked
 * @task: the caller's
 * @ipc: the argument
 * @uipc: the caller's
 * @serving: from parley_serve_park()
 * @err: why to give it up; 0: it has ended
 *
 * Return: how the operation ended.
 */
int parley_serve_unpark(struct parley_task *task, struct parley_ipc *ipc,
			struct parley_ipc __user *uipc,
			struct parley_serving *serving, int err)
{
	struct parley_receiver *receiver = &serving->receiver;

	if (!err || !parley_receiver_give_up(receiver))
		err = receiver->error;
	parley_serve_unfollow(receiver, serving->heard);
	return parley_serve_end(task, serving, ipc, uipc, err);
}

/* Nobody is there to receive any more. What has come is for another. */
void parley_serve_drop(struct parley_serving *serving)
{
	struct parley_receiver *receiver = &serving->receiver;

	if (!parley_receiver_give_up(receiver) && !receiver->error)
		parley_inbox_return(receiver);
	parley_serve_unfollow(receiver, serving->heard);
	parley_receiver_unload(receiver);
}

/*
 * The operations.
 */

int parley_serve_recv(struct parley_task *task, struct parley_ipc *ipc,
		      struct parley_ipc __user *uipc)
{
	struct parley_receiver receiver __uninitialized;

	if (ipc->peer < PARLEY_ANY)
		return -EINVAL;
	if (parley_ipc_has_cargo(ipc))
		return parley_serve_receive_cargo(task, ipc, uipc, NULL, 0);
	receiver.load.kinds = 0;
	return parley_serve_receive(task, ipc, uipc, &receiver, 0);
}

int parley_serve_replyrecv(struct parley_task *task, struct parley_ipc *ipc,
			   struct parley_ipc __user *uipc)
{
	struct parley_receiver receiver __uninitialized;
	u64 token = ipc->token;
	int err;

	if (ipc->peer < PARLEY_ANY)
		return -EINVAL;
	if (token) {
		err = parley_reply_read(task, ipc, &receiver.content);
		if (err)
			return err;
	}
	if (parley_ipc_has_cargo(ipc))
		return parley_serve_receive_cargo(task, ipc, uipc,
						  &receiver.content, token);
	receiver.load.kinds = 0;
	return parley_serve_receive(task, ipc, uipc, &receiver, token);
}
