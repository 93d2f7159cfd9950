// SPDX-License-Identifier: GPL-2.0

#include <linux/err.h>
#include <linux/fault-inject-usercopy.h>
#include <linux/rcupdate.h>
#include <linux/uaccess.h>

#include "argument.h"
#include "receiver.h"
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

/* Spend @token, if any, on what @receiver holds, then wait for a message. */
static int parley_serve_await(struct parley_task *task,
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

	err = parley_serve_listen(receiver, ipc->deadline);
	if (err && parley_receiver_give_up(receiver))
		return err;
	return receiver->error;
}

/* The same, ended also by the death of the only task that is heard. */
static int parley_serve_await_from(struct parley_task *task,
				 struct parley_receiver *receiver, u64 token,
				 struct parley_ipc *ipc)
{
	struct parley_task *heard = parley_task_get(task->bus, ipc->peer);
	int err;

	if (heard) {
		receiver->wait.chain = parley_ipc_chain(ipc, task);
		receiver->toward = heard->inbox.chain;
		parley_receiver_follow(receiver, &heard->inbox);
	} else {
		parley_receiver_abandon(receiver);
	}
	err = parley_serve_await(task, receiver, token, ipc);
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
static int parley_serve_deliver(struct parley_receiver *receiver,
			      struct parley_ipc *ipc,
			      struct parley_ipc __user *uipc)
{
	int err = -EMSGSIZE;

	if (receiver->content.len <= ipc->recv_len)
		err = parley_content_write(&receiver->content,
					   parley_ipc_recv(ipc));
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
static int parley_serve_receive(struct parley_task *task, struct parley_ipc *ipc,
			      struct parley_ipc __user *uipc,
			      struct parley_receiver *receiver, u64 token)
{
	int err;

	parley_receiver_init(receiver, &task->inbox, ipc->peer, ipc->creds);
	if (ipc->peer > 0)
		err = parley_serve_await_from(task, receiver, token, ipc);
	else
		err = parley_serve_await(task, receiver, token, ipc);
	if (!err)
		err = parley_serve_deliver(receiver, ipc, uipc);
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

int parley_serve_recv(struct parley_task *task, struct parley_ipc *ipc,
		    struct parley_ipc __user *uipc)
{
	struct parley_receiver receiver __uninitialized;

	if (ipc->peer < PARLEY_ANY)
		return -EINVAL;
	return parley_serve_receive(task, ipc, uipc, &receiver, 0);
}

static int parley_serve_read_reply(struct parley_task *task,
				 const struct parley_ipc *ipc,
				 struct parley_content *reply)
{
	reply->msg.src = task->id;
	return parley_content_read(reply, parley_ipc_send(ipc), ipc->send_len);
}

int parley_serve_replyrecv(struct parley_task *task, struct parley_ipc *ipc,
			 struct parley_ipc __user *uipc)
{
	struct parley_receiver receiver __uninitialized;
	int err;

	if (ipc->peer < PARLEY_ANY)
		return -EINVAL;
	if (ipc->token) {
		err = parley_serve_read_reply(task, ipc, &receiver.content);
		if (err)
			return err;
	}
	return parley_serve_receive(task, ipc, uipc, &receiver, ipc->token);
}

int parley_serve_reply(struct parley_task *task, struct parley_ipc *ipc,
		     struct parley_ipc __user *uipc)
{
	struct parley_inbox *inbox = &task->inbox;
	struct task_struct *caller = NULL;
	struct parley_content reply __uninitialized;
	int err;

	err = parley_serve_read_reply(task, ipc, &reply);
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
