// SPDX-License-Identifier: GPL-2.0

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/rcupdate.h>

#include "reply.h"
#include "trace.h"
#include "wait.h"

/*
 * Write a reply's out-of-line payload to the caller's room. If that has gone, so
 * has the call, and if it is too small, the caller is going to be told.
 */
static int parley_reply_fill(struct parley_task *task,
			     const struct parley_ipc *ipc,
			     const struct parley_content *reply,
			     const struct parley_load *load)
{
	const struct parley_ool *head = (const void *)reply->msg.payload;
	bool range = load->kinds & PARLEY_CARGO_RANGE;
	struct parley_pin *pin;
	int err;

	err = parley_inbox_room(&task->inbox, ipc->token, load,
				range ? 0 : load->len, &pin);
	if (err || !pin)
		return err;
	err = parley_pin_write(pin, u64_to_user_ptr(head->addr), load->len);
	parley_pin_put(pin);
	return err == -ESHUTDOWN ? -ENOENT : err;
}

/**
 * parley_reply_load() - gather what a reply carries
 * @task: the calling thread's
 * @ipc: the argument
 * @reply: the reply
 * @cargo: what the replier says of it
 * @load: receives it; on failure there is nothing to be dropped
 *
 * Return: as parley_load_reply() and parley_pin_write(), or -ENOENT: the call has
 * ended.
 */
int parley_reply_load(struct parley_task *task, const struct parley_ipc *ipc,
		      struct parley_content *reply,
		      const struct parley_cargo *cargo, struct parley_load *load)
{
	int err;

	*load = (struct parley_load){};
	err = parley_load_reply(load, reply, ipc->flags & PARLEY_OOL, cargo);
	if (!err && load->kinds)
		err = parley_reply_fill(task, ipc, reply, load);
	parley_load_hide(load, reply);
	if (err)
		parley_load_drop(load);
	return err;
}

/* The same for a REPLY. */
static noinline int parley_reply_load_alone(struct parley_task *task,
					    const struct parley_ipc *ipc,
					    struct parley_content *reply,
					    struct parley_load *load)
{
	struct parley_cargo cargo = {};
	int err = 0;

	if (ipc->cargo)
		err = parley_cargo_get(&cargo, u64_to_user_ptr(ipc->cargo));
	if (!err && cargo.accept)
		err = -EINVAL;
	return err ?: parley_reply_load(task, ipc, reply, &cargo, load);
}

int parley_reply_give(struct parley_task *task, struct parley_ipc *ipc,
		      struct parley_ipc __user *uipc)
{
	struct parley_inbox *inbox = &task->inbox;
	struct parley_content reply __uninitialized;
	struct parley_load load __uninitialized;
	struct parley_waker *caller = NULL;
	int err;

	load.kinds = 0;
	err = parley_reply_read(task, ipc, &reply);
	if (!err && parley_ipc_has_cargo(ipc))
		err = parley_reply_load_alone(task, ipc, &reply, &load);
	if (err)
		return err;
	rcu_read_lock();
	spin_lock(&inbox->lock);
	err = parley_inbox_answer_locked(inbox, ipc->token, &reply, &load,
					 &caller);
	spin_unlock(&inbox->lock);
	parley_wake(caller);
	rcu_read_unlock();
	trace_parley_message_reply(task->id, ipc->token, err);
	return err;
}
