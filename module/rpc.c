// SPDX-License-Identifier: GPL-2.0

#include <linux/err.h>
#include <linux/fault-inject-usercopy.h>
#include <linux/rcupdate.h>
#include <linux/uaccess.h>

#include "rpc.h"
#include "task.h"
#include "trace.h"

static const struct parley_msg __user *parley_send_ptr(const struct parley_ipc *ipc)
{
	return u64_to_user_ptr(ipc->send);
}

static struct parley_msg __user *parley_recv_ptr(const struct parley_ipc *ipc)
{
	return u64_to_user_ptr(ipc->recv);
}

/* Write what an operation returns in its argument. */
static int parley_ipc_put(const struct parley_ipc *ipc,
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
 * Sending: SEND and CALL.
 */

/* Make the message and post it. NULL: it needs no waiting for. */
static struct parley_message *parley_rpc_begin(struct parley_task *task,
					       const struct parley_ipc *ipc,
					       bool oneway)
{
	bool nonblock = ipc->flags & PARLEY_NONBLOCK;
	struct parley_message *message;
	struct parley_task *dst;
	int err;

	message = parley_task_message(task, oneway);
	if (!message)
		return ERR_PTR(-ENOMEM);
	err = parley_content_read(&message->content, parley_send_ptr(ipc),
				  ipc->send_len);
	if (!err && message->content.msg.type < 0)
		err = -EINVAL;
	if (err)
		goto discard;
	message->content.msg.src = task->id;

	dst = parley_task_get(ipc->peer);
	if (!dst) {
		err = -ENOTCONN;
		goto discard;
	}
	trace_parley_message_send(task->id, dst->id, &message->content, oneway);
	err = parley_inbox_post(&dst->inbox, message, nonblock);
	if (!err && !(oneway && nonblock))
		return message;
	parley_task_put(dst);
	if (!err)
		return NULL;
discard:
	parley_task_discard(task, message);
	return ERR_PTR(err);
}

/*
 * A signal has come: keep the message for the restarted system call. Returns
 * -ERESTARTSYS if that is how it goes on (the message is no longer the
 * caller's), -EINTR or -EFAULT if the operation must end, 0 if it has ended.
 */
static int parley_rpc_interrupt(struct parley_task *task,
				struct parley_message *message,
				struct parley_ipc *ipc,
				struct parley_ipc __user *uipc)
{
	bool oneway = message->oneway;
	u64 call;

	if (!parley_wait_restarts())
		return -EINTR;
	if (!parley_inbox_leave(message))
		return 0;
	call = parley_task_interrupt(task, message);
	if (!call)
		return -EINTR;
	if (ipc->token)
		return -ERESTARTSYS;

	ipc->token = call;
	if (!parley_ipc_put(ipc, uipc))
		return -ERESTARTSYS;
	ipc->token = 0;
	/* Unless another thread guessed the number and has it now. */
	return parley_task_resume(task, call, oneway) ? -EFAULT : -ERESTARTSYS;
}

/* Take a call's reply to user space. */
static int parley_rpc_return(const struct parley_message *message,
			     struct parley_ipc *ipc)
{
	int err = -EMSGSIZE;

	if (message->content.len <= ipc->recv_len)
		err = parley_content_write(&message->content,
					   parley_recv_ptr(ipc));
	if (!err || err == -EMSGSIZE)
		ipc->recv_len = message->content.len;
	return err;
}

/* @message has ended or, with @err, is given up: be done with it. */
static int parley_rpc_finish(struct parley_task *task,
			     struct parley_message *message,
			     struct parley_ipc *ipc, int err)
{
	if (err) {
		enum parley_withdrawal result = parley_task_withdraw(message);

		if (result == PARLEY_WITHDRAWN_NOT)
			return 0;
		if (result == PARLEY_WITHDRAWN_LATE)
			err = 0;
	}
	if (!err)
		err = message->error;
	if (!err && !message->oneway)
		err = parley_rpc_return(message, ipc);
	parley_task_settle(task, message);
	return err;
}

static int parley_rpc_exchange(struct parley_task *task, struct parley_ipc *ipc,
			       struct parley_ipc __user *uipc, bool oneway)
{
	struct parley_message *message;
	u64 resumed = ipc->token;
	int err;

	if (resumed) {
		message = parley_task_resume(task, resumed, oneway);
		if (!message)
			return -ENOENT;
		parley_inbox_rejoin(message);
	} else {
		message = parley_rpc_begin(task, ipc, oneway);
		if (IS_ERR_OR_NULL(message))
			return PTR_ERR_OR_ZERO(message);
	}

	err = parley_wait_sleep(&message->wait, ipc->deadline);
	if (err == -ERESTARTSYS) {
		err = parley_rpc_interrupt(task, message, ipc, uipc);
		if (err == -ERESTARTSYS)
			return err;
	}
	err = parley_rpc_finish(task, message, ipc, err);

	ipc->token = 0;
	if ((resumed || !oneway) && parley_ipc_put(ipc, uipc))
		return -EFAULT;
	return err;
}

int parley_rpc_send(struct parley_task *task, struct parley_ipc *ipc,
		    struct parley_ipc __user *uipc)
{
	return parley_rpc_exchange(task, ipc, uipc, true);
}

int parley_rpc_call(struct parley_task *task, struct parley_ipc *ipc,
		    struct parley_ipc __user *uipc)
{
	return parley_rpc_exchange(task, ipc, uipc, false);
}

int parley_rpc_cancel(struct parley_task *task,
		      const struct parley_cancel *cancel)
{
	struct parley_message *message;

	message = parley_task_resume(task, cancel->token, false);
	if (!message)
		message = parley_task_resume(task, cancel->token, true);
	if (!message)
		return -ENOENT;
	return parley_task_drop(task, message) ? -ENOENT : 0;
}

/*
 * Receiving and answering: RECV, REPLY and REPLYRECV.
 */

/* Spend @token, if any, on what @receiver holds, then wait for a message. */
static int parley_rpc_await(struct parley_task *task,
			    struct parley_receiver *receiver, u64 token,
			    struct parley_ipc *ipc)
{
	struct parley_inbox *inbox = &task->inbox;
	struct task_struct *caller = NULL;
	int err;

	rcu_read_lock();
	spin_lock(&inbox->lock);
	if (token)
		ipc->reply_error = parley_inbox_answer_locked(inbox, token,
							      &receiver->content,
							      &caller);
	err = parley_inbox_receive_locked(receiver, ipc->flags & PARLEY_NONBLOCK);
	spin_unlock(&inbox->lock);
	parley_wake(caller);
	rcu_read_unlock();
	if (token)
		trace_parley_message_reply(task->id, token, ipc->reply_error);
	if (err)
		return err;

	err = parley_wait_sleep(&receiver->wait, ipc->deadline);
	if (err && parley_inbox_give_up(receiver))
		return err;
	return receiver->error;
}

/* The same, ended also by the death of the only task that is heard. */
static int parley_rpc_await_from(struct parley_task *task,
				 struct parley_receiver *receiver, u64 token,
				 struct parley_ipc *ipc)
{
	struct parley_task *heard = parley_task_get(ipc->peer);
	int err;

	if (heard)
		parley_receiver_follow(receiver, &heard->inbox);
	else
		parley_receiver_abandon(receiver);
	err = parley_rpc_await(task, receiver, token, ipc);
	if (heard) {
		parley_receiver_unfollow(receiver, &heard->inbox);
		parley_task_put(heard);
	}
	return err;
}

/* Copy the message out, or put it back if that fails. */
static int parley_rpc_deliver(struct parley_receiver *receiver,
			      struct parley_ipc *ipc,
			      struct parley_ipc __user *uipc)
{
	int err = -EMSGSIZE;

	if (receiver->content.len <= ipc->recv_len)
		err = parley_content_write(&receiver->content,
					   parley_recv_ptr(ipc));
	if (!err || err == -EMSGSIZE)
		ipc->recv_len = receiver->content.len;
	ipc->token = receiver->oneway ? 0 : receiver->token;
	if (!err)
		err = parley_ipc_put(ipc, uipc);
	if (err)
		parley_inbox_return(receiver);
	else
		parley_inbox_taken(receiver);
	return err;
}

/* @receiver->content is the reply that @token, if any, pays for. */
static int parley_rpc_receive(struct parley_task *task, struct parley_ipc *ipc,
			      struct parley_ipc __user *uipc,
			      struct parley_receiver *receiver, u64 token)
{
	int err;

	parley_receiver_init(receiver, &task->inbox, ipc->peer);
	if (ipc->peer > 0)
		err = parley_rpc_await_from(task, receiver, token, ipc);
	else
		err = parley_rpc_await(task, receiver, token, ipc);
	if (!err)
		err = parley_rpc_deliver(receiver, ipc, uipc);
	if (!err) {
		trace_parley_message_receive(task->id, &receiver->content,
					     ipc->token);
		return 0;
	}

	/* A restart must not reply again. */
	ipc->token = 0;
	if ((token || err == -EMSGSIZE) && parley_ipc_put(ipc, uipc))
		err = -EFAULT;
	return err;
}

int parley_rpc_recv(struct parley_task *task, struct parley_ipc *ipc,
		    struct parley_ipc __user *uipc)
{
	struct parley_receiver receiver __uninitialized;

	if (ipc->peer < PARLEY_ANY)
		return -EINVAL;
	return parley_rpc_receive(task, ipc, uipc, &receiver, 0);
}

static int parley_rpc_read_reply(struct parley_task *task,
				 const struct parley_ipc *ipc,
				 struct parley_content *reply)
{
	reply->msg.src = task->id;
	return parley_content_read(reply, parley_send_ptr(ipc), ipc->send_len);
}

int parley_rpc_replyrecv(struct parley_task *task, struct parley_ipc *ipc,
			 struct parley_ipc __user *uipc)
{
	struct parley_receiver receiver __uninitialized;
	int err;

	if (ipc->peer < PARLEY_ANY)
		return -EINVAL;
	if (ipc->token) {
		err = parley_rpc_read_reply(task, ipc, &receiver.content);
		if (err)
			return err;
	}
	return parley_rpc_receive(task, ipc, uipc, &receiver, ipc->token);
}

int parley_rpc_reply(struct parley_task *task, struct parley_ipc *ipc,
		     struct parley_ipc __user *uipc)
{
	struct parley_inbox *inbox = &task->inbox;
	struct task_struct *caller = NULL;
	struct parley_content reply __uninitialized;
	int err;

	err = parley_rpc_read_reply(task, ipc, &reply);
	if (err)
		return err;
	rcu_read_lock();
	spin_lock(&inbox->lock);
	err = parley_inbox_answer_locked(inbox, ipc->token, &reply, &caller);
	spin_unlock(&inbox->lock);
	parley_wake(caller);
	rcu_read_unlock();
	trace_parley_message_reply(task->id, ipc->token, err);
	return err;
}

int parley_rpc_notify(struct parley_task *task,
		      const struct parley_notify *notify)
{
	struct parley_task *dst;
	int err;

	if (!notify->bits || notify->bits & ~PARLEY_NOTIFY_USER || notify->reserved)
		return -EINVAL;
	dst = parley_task_get(notify->peer);
	if (!dst)
		return -ENOTCONN;
	trace_parley_notify(task->id, dst->id, notify->bits);
	err = parley_inbox_notify(&dst->inbox, notify->bits);
	parley_task_put(dst);
	return err;
}
