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
			      struct parley_load *load, struct parley_ipc *ipc)
{
	struct parley_inbox *inbox = &task->inbox;
	struct task_struct *caller = NULL;
	int err;

	rcu_read_lock();
	spin_lock(&inbox->lock);
	if (token)
		ipc->reply_error = parley_inbox_answer_locked(inbox, token,
							      &receiver->content,
							      load, &caller);
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
				   struct parley_load *load,
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
	err = parley_serve_await(task, receiver, token, load, ipc);
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

/* What it carries, to where @cargo says; @room is what that has room for. */
static noinline int parley_serve_unload(struct parley_receiver *receiver,
					const struct parley_ipc *ipc,
					struct parley_cargo *cargo, u64 room)
{
	struct parley_cargo __user *ucargo = u64_to_user_ptr(ipc->cargo);
	int err;

	cargo->ool_len = room;
	cargo->recv_fd = -1;
	cargo->map = 0;
	cargo->map_len = 0;
	err = parley_load_receive(&receiver->load, &receiver->content, cargo);
	if (err == -EMSGSIZE && parley_cargo_put_needed(cargo->ool_len, ucargo))
		err = -EFAULT;
	if (err)
		return err;
	err = parley_cargo_put(cargo, ucargo);
	if (err)
		parley_transfer_undo(cargo);
	return err;
}

/* Copy the message out. */
static int parley_serve_copy(struct parley_receiver *receiver,
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

/*
 * Copy the message out, with all that it carries, or put it back if that fails.
 * -ESHUTDOWN: the sender has withdrawn it meanwhile, it has never been there.
 */
static int parley_serve_deliver(struct parley_receiver *receiver,
				struct parley_ipc *ipc,
				struct parley_ipc __user *uipc,
				struct parley_cargo *cargo, u64 room)
{
	int err;

	if (receiver->content.len > ipc->recv_len) {
		ipc->recv_len = receiver->content.len;
		parley_inbox_return(receiver);
		return -EMSGSIZE;
	}
	if (!ipc->cargo) {
		err = parley_serve_copy(receiver, ipc, uipc);
		if (err)
			parley_inbox_return(receiver);
		else
			parley_inbox_taken(receiver);
		return err;
	}

	err = parley_serve_unload(receiver, ipc, cargo, room);
	if (err) {
		parley_inbox_return(receiver);
		return err;
	}
	err = parley_serve_copy(receiver, ipc, uipc);
	if (err)
		parley_inbox_return(receiver);
	else if (!parley_inbox_taken(receiver))
		err = -ESHUTDOWN;
	if (err)
		parley_transfer_undo(cargo);
	return err;
}

/* Receive one message. @token, if any, is to be answered with @receiver->content. */
static int parley_serve_once(struct parley_task *task,
			     struct parley_receiver *receiver, u64 token,
			     struct parley_load *load, struct parley_ipc *ipc)
{
	return ipc->peer > 0 ?
	       parley_serve_await_from(task, receiver, token, load, ipc) :
	       parley_serve_await(task, receiver, token, load, ipc);
}

/*
 * @receiver->content is the reply that @token, if any, pays for, and @load what it
 * carries, or NULL. @cargo is what may be received besides, if anything.
 */
static int parley_serve_receive(struct parley_task *task, struct parley_ipc *ipc,
				struct parley_ipc __user *uipc,
				struct parley_receiver *receiver, u64 token,
				struct parley_load *load,
				struct parley_cargo *cargo)
{
	u32 accepts = ipc->cargo ? cargo->accept : 0;
	u64 room = ipc->cargo ? cargo->ool_len : 0;
	u32 recv_len = ipc->recv_len;
	u64 answers = token;
	int err;

	do {
		ipc->recv_len = recv_len;
		parley_receiver_init(receiver, &task->inbox, ipc->peer, accepts,
				     ipc->creds);
		err = parley_serve_once(task, receiver, answers, load, ipc);
		if (!err)
			err = parley_serve_deliver(receiver, ipc, uipc, cargo,
						   room);
		parley_receiver_unload(receiver);
		answers = 0;
		load = NULL;
	} while (err == -ESHUTDOWN);
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
	struct parley_cargo cargo __uninitialized;
	int err;

	if (ipc->peer < PARLEY_ANY || ipc->flags & PARLEY_OOL)
		return -EINVAL;
	if (ipc->cargo) {
		err = parley_cargo_get(&cargo, u64_to_user_ptr(ipc->cargo));
		if (!err && cargo.send)
			err = -EINVAL;
		if (err)
			return err;
	}
	return parley_serve_receive(task, ipc, uipc, &receiver, 0, NULL, &cargo);
}

static int parley_serve_read_reply(struct parley_task *task,
				   const struct parley_ipc *ipc,
				   struct parley_content *reply)
{
	reply->msg.src = task->id;
	return parley_content_read(reply, parley_ipc_send(ipc), ipc->send_len);
}

/*
 * Write a reply's out-of-line payload to the caller's room. If that has gone, so
 * has the call, and if it is too small, the caller is going to be told.
 */
static int parley_serve_fill(struct parley_task *task,
			     const struct parley_ipc *ipc,
			     const struct parley_content *reply,
			     const struct parley_load *load)
{
	const struct parley_ool *head = (const void *)reply->msg.payload;
	bool range = load->kinds & PARLEY_CARGO_RANGE;
	struct parley_pin *pin;
	int err;

	err = parley_inbox_room(&task->inbox, ipc->token, load->kinds,
				range ? 0 : load->len, &pin);
	if (err || !pin)
		return err;
	err = parley_pin_write(pin, u64_to_user_ptr(head->addr), load->len);
	parley_pin_put(pin);
	return err == -ESHUTDOWN ? -ENOENT : err;
}

/* Gather what a reply carries. On failure there is nothing to be dropped. */
static noinline int parley_serve_load(struct parley_task *task,
				      const struct parley_ipc *ipc,
				      const struct parley_content *reply,
				      const struct parley_cargo *cargo,
				      struct parley_load *load)
{
	int err;

	*load = (struct parley_load){};
	err = parley_load_reply(load, reply, ipc->flags & PARLEY_OOL,
				ipc->cargo ? cargo : NULL);
	if (!err && load->kinds)
		err = parley_serve_fill(task, ipc, reply, load);
	if (err)
		parley_load_drop(load);
	return err;
}

static noinline int parley_serve_replyrecv_cargo(struct parley_task *task,
						 struct parley_ipc *ipc,
						 struct parley_ipc __user *uipc,
						 struct parley_receiver *receiver)
{
	struct parley_cargo cargo;
	struct parley_load load;
	int err;

	if (ipc->cargo) {
		err = parley_cargo_get(&cargo, u64_to_user_ptr(ipc->cargo));
		if (err)
			return err;
	}
	if (!ipc->token)
		return parley_serve_receive(task, ipc, uipc, receiver, 0, NULL,
					    &cargo);
	err = parley_serve_load(task, ipc, &receiver->content, &cargo, &load);
	/* That the call has ended will show, and not keep us from receiving. */
	if (err && err != -ENOENT)
		return err;
	err = parley_serve_receive(task, ipc, uipc, receiver, ipc->token, &load,
				   &cargo);
	parley_load_drop(&load);
	return err;
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
	if (ipc->cargo || ipc->flags & PARLEY_OOL)
		return parley_serve_replyrecv_cargo(task, ipc, uipc, &receiver);
	return parley_serve_receive(task, ipc, uipc, &receiver, ipc->token, NULL,
				    NULL);
}

/* Get what a REPLY that has cargo carries. */
static noinline int parley_serve_reply_load(struct parley_task *task,
					    const struct parley_ipc *ipc,
					    const struct parley_content *reply,
					    struct parley_load *load)
{
	struct parley_cargo cargo;
	int err;

	if (ipc->cargo) {
		err = parley_cargo_get(&cargo, u64_to_user_ptr(ipc->cargo));
		if (!err && cargo.accept)
			err = -EINVAL;
		if (err)
			return err;
	}
	return parley_serve_load(task, ipc, reply, &cargo, load);
}

int parley_serve_reply(struct parley_task *task, struct parley_ipc *ipc,
		       struct parley_ipc __user *uipc)
{
	struct parley_inbox *inbox = &task->inbox;
	struct parley_content reply __uninitialized;
	struct parley_load load __uninitialized;
	struct task_struct *caller = NULL;
	bool laden = ipc->cargo || ipc->flags & PARLEY_OOL;
	int err;

	err = parley_serve_read_reply(task, ipc, &reply);
	if (!err && laden)
		err = parley_serve_reply_load(task, ipc, &reply, &load);
	if (err)
		return err;
	rcu_read_lock();
	spin_lock(&inbox->lock);
	err = parley_inbox_answer_locked(inbox, ipc->token, &reply,
					 laden ? &load : NULL, &caller);
	spin_unlock(&inbox->lock);
	parley_wake(caller);
	rcu_read_unlock();
	if (laden)
		parley_load_drop(&load);
	trace_parley_message_reply(task->id, ipc->token, err);
	return err;
}
