// SPDX-License-Identifier: GPL-2.0

#include <linux/err.h>

#include "argument.h"
#include "rpc.h"
#include "task.h"
#include "trace.h"
#include "vm.h"

/* Gather what @message is to carry, and make room for what its reply may. */
static noinline int parley_rpc_load(struct parley_task *task,
				    struct parley_message *message,
				    const struct parley_ipc *ipc)
{
	struct parley_baggage *baggage = &message->baggage;
	bool ool = ipc->flags & PARLEY_OOL;
	struct parley_cargo cargo = {};
	int err;

	if (ipc->cargo) {
		err = parley_cargo_get(&cargo, u64_to_user_ptr(ipc->cargo));
		if (err)
			return err;
	}
	/* Who doesn't wait can't keep the memory as it is. */
	if (message->oneway &&
	    (cargo.accept || (ool && ipc->flags & PARLEY_NONBLOCK)))
		return -EINVAL;
	message->laden = true;
	err = parley_load_request(&baggage->load, task->user, &message->content,
				  ool, &cargo);
	return err ?: parley_room_make(&baggage->room, task->user, &cargo);
}

/*
 * Make the message and post it. NULL: it needs no waiting for. @waker: whom to
 * wake, instead of the calling thread.
 */
static __always_inline struct parley_message *
parley_rpc_begin(struct parley_task *task, const struct parley_ipc *ipc,
		 bool oneway, struct parley_waker *waker)
{
	bool nonblock = ipc->flags & PARLEY_NONBLOCK;
	bool unwaited = oneway && nonblock;
	struct parley_message *message;
	struct parley_task *dst;
	int err;

	message = parley_outbox_message(&task->outbox, oneway);
	if (IS_ERR(message))
		return message;
	err = parley_content_read(&message->content, parley_ipc_send(ipc),
				  ipc->send_len);
	if (!err && message->content.msg.type < 0)
		err = -EINVAL;
	if (!err && (ipc->flags & PARLEY_OOL || ipc->cargo))
		err = parley_rpc_load(task, message, ipc);
	if (err)
		goto discard;
	message->content.msg.src = task->id;

	dst = parley_task_find(task, ipc->peer);
	if (IS_ERR(dst)) {
		err = PTR_ERR(dst);
		goto discard;
	}
	trace_parley_message_send(task->id, dst->id, &message->content, oneway);
	if (waker)
		message->wait.waker = waker;
	else if (!unwaited)
		message->wait.chain = parley_ipc_chain(ipc, task);
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

/*
 * Take to user space what came with a call's reply, and the reply; the argument
 * too, since nothing may have come if that fails.
 */
static noinline int parley_rpc_unload(struct parley_message *message,
				      struct parley_ipc *ipc,
				      struct parley_ipc __user *uipc)
{
	struct parley_cargo __user *ucargo = u64_to_user_ptr(ipc->cargo);
	struct parley_baggage *baggage = &message->baggage;
	struct parley_cargo cargo;
	int err;

	err = parley_cargo_get(&cargo, ucargo);
	if (err)
		return err;
	err = parley_room_receive(&baggage->room, &baggage->answer,
				  &message->content, &cargo);
	if (err == -EMSGSIZE && parley_cargo_put_needed(cargo.ool_len, ucargo))
		err = -EFAULT;
	if (err)
		return err;
	ipc->token = 0;
	ipc->recv_len = message->content.len;
	err = parley_content_write(&message->content, parley_ipc_recv(ipc));
	if (!err)
		err = parley_cargo_put(&cargo, ucargo);
	if (!err)
		err = parley_ipc_put(ipc, uipc);
	if (err)
		parley_transfer_undo(&baggage->answer.transfer, &cargo);
	return err;
}

/* Take a call's reply to user space. */
static int parley_rpc_return(struct parley_message *message,
			     struct parley_ipc *ipc,
			     struct parley_ipc __user *uipc)
{
	int err;

	if (message->content.len > ipc->recv_len) {
		ipc->recv_len = message->content.len;
		return -EMSGSIZE;
	}
	if (ipc->cargo)
		return parley_rpc_unload(message, ipc, uipc);
	err = parley_content_write(&message->content, parley_ipc_recv(ipc));
	if (!err)
		ipc->recv_len = message->content.len;
	return err;
}

/* @message has ended or, with @err, is given up: be done with it. */
static __always_inline int parley_rpc_finish(struct parley_task *task,
					     struct parley_message *message,
					     struct parley_ipc *ipc,
					     struct parley_ipc __user *uipc,
					     int err)
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
		err = parley_rpc_return(message, ipc, uipc);
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
	parley_inbox_rejoin(message, parley_ipc_chain(ipc, task));
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

/* A call to the module itself, which answers in the caller's context. */
static noinline int parley_rpc_vm(struct parley_task *task,
				  struct parley_ipc *ipc,
				  struct parley_ipc __user *uipc, bool oneway)
{
	struct parley_content content;
	int err;

	if (oneway || ipc->cargo || ipc->flags & PARLEY_OOL)
		return -EOPNOTSUPP;
	err = parley_content_read(&content, parley_ipc_send(ipc), ipc->send_len);
	if (!err && content.msg.type < 0)
		err = -EINVAL;
	if (!err)
		err = parley_vm_answer(task, &content, ipc->recv_len,
				       ipc->deadline,
				       ipc->flags & PARLEY_NONBLOCK);
	if (err && err != -EMSGSIZE)
		return err;
	if (!err)
		err = parley_content_write(&content, parley_ipc_recv(ipc));
	ipc->recv_len = content.len;
	return parley_ipc_put(ipc, uipc) ? -EFAULT : err;
}

static int parley_rpc_exchange(struct parley_task *task, struct parley_ipc *ipc,
			       struct parley_ipc __user *uipc, bool oneway)
{
	struct parley_message *message;
	u64 resumed = ipc->token;
	int err;

	message = resumed ? parley_rpc_resume(task, ipc, oneway) :
			    parley_rpc_begin(task, ipc, oneway, NULL);
	if (IS_ERR_OR_NULL(message)) {
		/* Its id is no task's. */
		if (message == ERR_PTR(-ENOTCONN) && ipc->peer == PARLEY_TASK_VM)
			return parley_rpc_vm(task, ipc, uipc, oneway);
		return PTR_ERR_OR_ZERO(message);
	}

	err = parley_rpc_wait(message, resumed, ipc->deadline);
	if (err == -ERESTARTSYS) {
		err = parley_rpc_interrupt(task, message, ipc, uipc);
		if (err == -ERESTARTSYS)
			return err;
	}
	err = parley_rpc_finish(task, message, ipc, uipc, err);

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

/**
 * parley_rpc_park() - begin a call or send that no thread waits for
 * @task: the caller's
 * @ipc: the argument; not of an interrupted operation
 * @oneway: a send
 * @waker: whom to wake when it has ended, which may be before this returns
 *
 * Return: the message, for parley_rpc_unpark() or parley_outbox_drop(); or NULL if
 * it has been sent, or an error, and the operation is over.
 */
struct parley_message *parley_rpc_park(struct parley_task *task,
				       const struct parley_ipc *ipc, bool oneway,
				       struct parley_waker *waker)
{
	return parley_rpc_begin(task, ipc, oneway, waker);
}

/**
 * parley_rpc_unpark() - end an operation that was parked
 * @task: the caller's
 * @ipc: the argument
 * @uipc: the caller's
 * @message: from parley_rpc_park()
 * @err: why to give it up; 0: it has ended
 *
 * Return: how the operation ended.
 */
int parley_rpc_unpark(struct parley_task *task, struct parley_ipc *ipc,
		      struct parley_ipc __user *uipc,
		      struct parley_message *message, int err)
{
	bool oneway = message->oneway;

	err = parley_rpc_finish(task, message, ipc, uipc, err);
	return !oneway && parley_ipc_put(ipc, uipc) ? -EFAULT : err;
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
