// SPDX-License-Identifier: GPL-2.0

#include <linux/err.h>
#include <linux/fault-inject-usercopy.h>
#include <linux/rcupdate.h>
#include <linux/uaccess.h>

#include "receiver.h"
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
 * The link that the calling process is to have while it waits (chain.h): none
 * with a deadline, or another thread.
 */
static struct parley_chain *parley_rpc_chain(struct parley_task *task,
					     const struct parley_ipc *ipc)
{
	return ipc->deadline || !parley_chain_alone() ? NULL :
							&task->space->chain;
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
	bool unwaited = oneway && nonblock;
	struct parley_message *message;
	struct parley_task *dst;
	int err;

	message = parley_outbox_message(&task->outbox, oneway);
	if (IS_ERR(message))
		return message;
	err = parley_content_read(&message->content, parley_send_ptr(ipc),
				  ipc->send_len);
	if (!err && message->content.msg.type < 0)
		err = -EINVAL;
	if (err)
		goto discard;
	message->content.msg.src = task->id;

	dst = parley_task_find(task, ipc->peer);
	if (IS_ERR(dst)) {
		err = PTR_ERR(dst);
		goto discard;
	}
	trace_parley_message_send(task->id, dst->id, &message->content, oneway);
	if (!unwaited)
		message->wait.chain = parley_rpc_chain(task, ipc);
	err = parley_inbox_post(&dst->inbox, message, nonblock);
	if (!err && !unwaited)
		return message;
	parley_task_put(dst);
	if (!err)
		return NULL;
discard:
	parley_outbox_discard(&task->outbox, message);
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
	call = parley_outbox_interrupt(&task->outbox, message);
	if (ipc->token)
		return -ERESTARTSYS;

	ipc->token = call;
	if (!parley_ipc_put(ipc, uipc))
		return -ERESTARTSYS;
	ipc->token = 0;
	/* Unless another thread guessed the number and has it now. */
	return parley_outbox_resume(&task->outbox, call, oneway) ? -EFAULT :
								   -ERESTARTSYS;
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
		enum parley_withdrawal result = parley_outbox_withdraw(message);

		if (result == PARLEY_WITHDRAWN_NOT)
			return 0;
		if (result == PARLEY_WITHDRAWN_NOTED)
			return err;
		if (result == PARLEY_WITHDRAWN_LATE)
			err = 0;
	}
	if (!err)
		err = message->error;
	if (!err && !message->oneway)
		err = parley_rpc_return(message, ipc);
	parley_outbox_settle(&task->outbox, message);
	return err;
}

/* Go back to waiting for an interrupted message. */
static struct parley_message *parley_rpc_resume(struct parley_task *task,
						const struct parley_ipc *ipc,
						bool oneway)
{
	struct parley_message *message;

	message = parley_outbox_resume(&task->outbox, ipc->token, oneway);
	if (!message)
		return ERR_PTR(-ENOENT);
	parley_inbox_rejoin(message, parley_rpc_chain(task, ipc));
	return message;
}

/*
 * Wait for the end of @message, but not where it can't come. A new message that
 * was handed to a receiver has left somebody who runs.
 */
static int parley_rpc_wait(struct parley_message *message, bool resumed,
			   u64 deadline)
{
	struct parley_chain *chain = message->wait.chain;
	int err;

	if (!chain)
		return parley_wait_sleep(&message->wait, deadline);
	/* A state that changes meanwhile has the receiver running. */
	if (resumed || data_race(message->state) == PARLEY_MESSAGE_QUEUED)
		if (parley_chain_closed(chain))
			return -EDEADLK;
	err = parley_wait_sleep(&message->wait, deadline);
	if (err)
		parley_chain_end(chain);
	return err;
}

static int parley_rpc_exchange(struct parley_task *task, struct parley_ipc *ipc,
			       struct parley_ipc __user *uipc, bool oneway)
{
	struct parley_message *message;
	u64 resumed = ipc->token;
	int err;

	message = resumed ? parley_rpc_resume(task, ipc, oneway) :
			    parley_rpc_begin(task, ipc, oneway);
	if (IS_ERR_OR_NULL(message))
		return PTR_ERR_OR_ZERO(message);

	err = parley_rpc_wait(message, resumed, ipc->deadline);
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
	struct parley_outbox *outbox = &task->outbox;
	struct parley_message *message;

	if (cancel->reserved)
		return -EINVAL;
	message = parley_outbox_resume(outbox, cancel->token, false);
	if (!message)
		message = parley_outbox_resume(outbox, cancel->token, true);
	if (!message)
		return -ENOENT;
	return parley_outbox_drop(outbox, message) ? -ENOENT : 0;
}

/*
 * Receiving and answering: RECV, REPLY and REPLYRECV.
 */

/* Sleep until @receiver has something, but not where it can't come. */
static int parley_rpc_listen(struct parley_receiver *receiver, u64 deadline)
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

	err = parley_rpc_listen(receiver, ipc->deadline);
	if (err && parley_receiver_give_up(receiver))
		return err;
	return receiver->error;
}

/* The same, ended also by the death of the only task that is heard. */
static int parley_rpc_await_from(struct parley_task *task,
				 struct parley_receiver *receiver, u64 token,
				 struct parley_ipc *ipc)
{
	struct parley_task *heard = parley_task_get(task->bus, ipc->peer);
	int err;

	if (heard) {
		receiver->wait.chain = parley_rpc_chain(task, ipc);
		receiver->toward = heard->inbox.chain;
		parley_receiver_follow(receiver, &heard->inbox);
	} else {
		parley_receiver_abandon(receiver);
	}
	err = parley_rpc_await(task, receiver, token, ipc);
	if (heard) {
		parley_receiver_unfollow(receiver, &heard->inbox);
		parley_task_put(heard);
	}
	return err;
}

/* Write who sent the message. */
static int parley_creds_put(const struct parley_creds *creds,
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
	if (!err && ipc->creds)
		err = parley_creds_put(&receiver->creds,
				       u64_to_user_ptr(ipc->creds));
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

	parley_receiver_init(receiver, &task->inbox, ipc->peer, ipc->creds);
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
