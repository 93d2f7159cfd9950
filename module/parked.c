// SPDX-License-Identifier: GPL-2.0

#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/nospec.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <uapi/linux/parley.h>

#include "compat/uring_cancel.h"
#include "creds.h"
#include "parked.h"
#include "quota.h"
#include "rpc.h"
#include "serve.h"
#include "task.h"
#include "wait.h"

struct parley_parked;

/**
 * struct parley_parkable - an operation that can wait without a thread
 * @begin: begin it. -EIOCBQUEUED, or how it ended
 * @end: end it; why to give it up, or 0 if it has ended. How it ended
 * @drop: end it for nobody
 */
struct parley_parkable {
	int (*begin)(struct parley_parked *parked);
	int (*end)(struct parley_parked *parked, int err);
	void (*drop)(struct parley_parked *parked);
};

#define PARLEY_PARKED_RUNG	0	/* somebody sees to the end */
#define PARLEY_PARKED_CANCELLED	1
#define PARLEY_PARKED_EXPIRED	2
#define PARLEY_PARKED_TAKEN	3	/* the dead task drops it, */
#define PARLEY_PARKED_DROPPED	4	/* has dropped it; */
#define PARLEY_PARKED_CAME	5	/* its completion came in between */

/**
 * struct parley_parked - an operation that waits without a thread
 * @alarm: rung when it is to end
 * @state: PARLEY_PARKED_*
 * @op: what it does
 * @cmd: the request
 * @task: whose it is
 * @submitter: who submitted it: keeps the namespaces that a receiver reads in
 * @uipc: its argument
 * @ipc: the checked copy
 * @timer: its deadline, if it has one
 * @link: in the task's list
 * @rcu: alarms are rung without a lock
 * @serving: a receive
 * @message: a call or send
 */
struct parley_parked {
	struct parley_alarm alarm;
	unsigned long state;
	const struct parley_parkable *op;
	struct io_uring_cmd *cmd;
	struct parley_task *task;
	struct parley_sender submitter;
	struct parley_ipc __user *uipc;
	struct parley_ipc ipc;
	struct hrtimer timer;
	struct list_head link;
	struct rcu_head rcu;
	union {
		struct parley_serving serving;
		struct parley_message *message;
	};
};

/*
 * The operations.
 */

static struct parley_waker *parley_parked_waker(struct parley_parked *parked)
{
	return parley_waker_alarm(&parked->alarm);
}

static int parley_parked_receive(struct parley_parked *parked, bool replies)
{
	return parley_serve_park(parked->task, &parked->ipc, parked->uipc,
				 replies, &parked->serving,
				 parley_parked_waker(parked)) ?: -EIOCBQUEUED;
}

static int parley_parked_recv(struct parley_parked *parked)
{
	return parley_parked_receive(parked, false);
}

static int parley_parked_replyrecv(struct parley_parked *parked)
{
	return parley_parked_receive(parked, true);
}

static int parley_parked_receive_end(struct parley_parked *parked, int err)
{
	return parley_serve_unpark(parked->task, &parked->ipc, parked->uipc,
				   &parked->serving, err);
}

static void parley_parked_receive_drop(struct parley_parked *parked)
{
	parley_serve_drop(&parked->serving);
}

static int parley_parked_exchange(struct parley_parked *parked, bool oneway)
{
	parked->message = parley_rpc_park(parked->task, &parked->ipc, oneway,
					  parley_parked_waker(parked));
	if (IS_ERR_OR_NULL(parked->message))
		return PTR_ERR_OR_ZERO(parked->message);
	return -EIOCBQUEUED;
}

static int parley_parked_send(struct parley_parked *parked)
{
	return parley_parked_exchange(parked, true);
}

static int parley_parked_call(struct parley_parked *parked)
{
	return parley_parked_exchange(parked, false);
}

static int parley_parked_exchange_end(struct parley_parked *parked, int err)
{
	return parley_rpc_unpark(parked->task, &parked->ipc, parked->uipc,
				 parked->message, err);
}

static void parley_parked_exchange_drop(struct parley_parked *parked)
{
	parley_outbox_drop(&parked->task->outbox, parked->message);
}

#define PARKABLE(_name, _begin, _kind) \
	[_IOC_NR(PARLEY_IOC_##_name)] = { \
		.begin = parley_parked_##_begin, \
		.end = parley_parked_##_kind##_end, \
		.drop = parley_parked_##_kind##_drop, \
	}

static const struct parley_parkable parley_parkables[] = {
	PARKABLE(SEND, send, exchange),
	PARKABLE(RECV, recv, receive),
	PARKABLE(CALL, call, exchange),
	PARKABLE(REPLYRECV, replyrecv, receive),
};

/* Of a message operation, as which it is known. NULL: it has to have a thread. */
static const struct parley_parkable *
parley_parkable_find(unsigned int cmd, const struct parley_ipc *ipc)
{
	unsigned int nr = _IOC_NR(cmd);
	const struct parley_parkable *op;

	if (nr >= ARRAY_SIZE(parley_parkables))
		return NULL;
	op = &parley_parkables[array_index_nospec(nr, ARRAY_SIZE(parley_parkables))];
	/* The module answers in its caller's context; who resumes has waited so. */
	if (op->end == parley_parked_exchange_end &&
	    (ipc->peer == PARLEY_TASK_VM || ipc->token))
		return NULL;
	return op->begin ? op : NULL;
}

/*
 * The end.
 */

static struct parley_parked *parley_parked_of(struct io_uring_cmd *cmd)
{
	return *(struct parley_parked **)cmd->pdu;
}

static void parley_parked_free(struct parley_parked *parked)
{
	parley_sender_drop(&parked->submitter);
	kfree_rcu(parked, rcu);
}

static void parley_parked_uncharge(struct parley_parked *parked)
{
	parley_user_uncharge(parked->task->user, PARLEY_LIMIT_MESSAGES);
}

/* The task may go with the request, and io_uring find @parked until then. */
static void parley_parked_done(struct parley_parked *parked, int err,
			       unsigned int issue_flags)
{
	parley_parked_uncharge(parked);
	parley_uring_done(parked->cmd, err, issue_flags);
	parley_parked_free(parked);
}

/* Returns false if it is not to end yet: parley_parking_close() has it. */
static bool parley_parked_leave(struct parley_parked *parked)
{
	struct parley_parking *parking = &parked->task->parking;
	bool taken;

	spin_lock(&parking->lock);
	taken = test_bit(PARLEY_PARKED_TAKEN, &parked->state) &&
		!test_bit(PARLEY_PARKED_DROPPED, &parked->state);
	if (taken)
		set_bit(PARLEY_PARKED_CAME, &parked->state);
	else
		list_del(&parked->link);
	spin_unlock(&parking->lock);
	if (!taken && parked->ipc.deadline)
		hrtimer_cancel(&parked->timer);
	return !taken;
}

/* By who has rung, or found that it need not be rung. */
static int parley_parked_end(struct parley_parked *parked)
{
	int err = 0;

	if (test_bit(PARLEY_PARKED_CANCELLED, &parked->state))
		err = -ECANCELED;
	else if (test_bit(PARLEY_PARKED_EXPIRED, &parked->state))
		err = -ETIMEDOUT;
	err = parked->op->end(parked, err);
	/* There is no system call to restart. */
	return err == -ERESTARTNOINTR ? -EINTR : err;
}

/* Can nothing be given to the calling thread, or would nobody see it? */
static bool parley_parked_is_late(const struct parley_parked *parked)
{
	return current->flags & PF_EXITING ||
	       !parley_task_is_current(parked->task) ||
	       parley_uring_is_closed(parked->cmd);
}

static void parley_parked_complete(struct io_uring_cmd *cmd,
				   unsigned int issue_flags)
{
	struct parley_parked *parked = parley_parked_of(cmd);
	int err = -ECANCELED;

	if (!parley_parked_leave(parked))
		return;
	if (!test_bit(PARLEY_PARKED_DROPPED, &parked->state)) {
		if (parley_parked_is_late(parked))
			parked->op->drop(parked);
		else
			err = parley_parked_end(parked);
	}
	parley_parked_done(parked, err, issue_flags);
}

static void parley_parked_ring(struct parley_alarm *alarm)
{
	struct parley_parked *parked = container_of(alarm, struct parley_parked,
						    alarm);

	if (!test_and_set_bit(PARLEY_PARKED_RUNG, &parked->state))
		parley_uring_defer(parked->cmd, parley_parked_complete);
}

static enum hrtimer_restart parley_parked_expired(struct hrtimer *timer)
{
	struct parley_parked *parked = container_of(timer, struct parley_parked,
						    timer);

	set_bit(PARLEY_PARKED_EXPIRED, &parked->state);
	parley_parked_ring(&parked->alarm);
	return HRTIMER_NORESTART;
}

/*
 * The beginning.
 */

static struct parley_parked *
parley_parked_make(struct io_uring_cmd *cmd, const struct parley_parkable *op,
		   const struct parley_ipc *ipc, struct parley_ipc __user *uipc)
{
	struct parley_task *task = cmd->file->private_data;
	struct parley_parked *parked;
	int err;

	err = parley_user_charge(task->user, PARLEY_LIMIT_MESSAGES);
	if (err)
		return ERR_PTR(err);
	parked = kmalloc(sizeof(*parked), GFP_KERNEL_ACCOUNT);
	if (!parked) {
		parley_user_uncharge(task->user, PARLEY_LIMIT_MESSAGES);
		return ERR_PTR(-ENOMEM);
	}
	parked->alarm.ring = parley_parked_ring;
	parked->state = 0;
	parked->op = op;
	parked->cmd = cmd;
	parked->task = task;
	parked->submitter = (struct parley_sender){};
	parley_sender_set(&parked->submitter);
	parked->uipc = uipc;
	parked->ipc = *ipc;
	*(struct parley_parked **)cmd->pdu = parked;
	return parked;
}

/* It waits: let the deadline, a cancellation and io_uring find it. */
static void parley_parked_enter(struct parley_parked *parked,
				unsigned int issue_flags)
{
	struct parley_parking *parking = &parked->task->parking;

	spin_lock(&parking->lock);
	list_add(&parked->link, &parking->parked);
	spin_unlock(&parking->lock);
	if (parked->ipc.deadline) {
		hrtimer_init(&parked->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
		parked->timer.function = parley_parked_expired;
		hrtimer_start(&parked->timer,
			      parley_wait_expires(parked->ipc.deadline),
			      HRTIMER_MODE_ABS);
	}
	parley_uring_mark_cancelable(parked->cmd, issue_flags);
}

/* Has a receive found something at once? Nobody rings for that. */
static bool parley_parked_is_over(struct parley_parked *parked)
{
	const struct parley_wait *wait = &parked->serving.receiver.wait;

	if (parked->op->end != parley_parked_receive_end)
		return false;
	/* Pairs with parley_wait_finish(). */
	return smp_load_acquire(&wait->done) &&
	       !test_and_set_bit(PARLEY_PARKED_RUNG, &parked->state);
}

/**
 * parley_parked_begin() - do a message operation, or leave it waiting
 * @cmd: the request, on a task of the calling process
 * @issue_flags: io_uring's; may not sleep for long
 * @ipc: its argument
 * @uipc: the caller's
 *
 * Return: -EIOCBQUEUED when it waits, or has completed; -EAGAIN if it has to have a
 * thread; or how it ended.
 */
int parley_parked_begin(struct io_uring_cmd *cmd, unsigned int issue_flags,
			const struct parley_ipc *ipc,
			struct parley_ipc __user *uipc)
{
	const struct parley_parkable *op = parley_parkable_find(cmd->cmd_op, ipc);
	struct parley_parked *parked;
	int err;

	if (!op || !parley_uring_can_cancel())
		return -EAGAIN;
	parked = parley_parked_make(cmd, op, ipc, uipc);
	if (IS_ERR(parked))
		return PTR_ERR(parked);
	err = op->begin(parked);
	if (err == -EIOCBQUEUED && parley_parked_is_over(parked))
		err = parley_parked_end(parked);
	if (err == -EIOCBQUEUED) {
		parley_parked_enter(parked, issue_flags);
		return err;
	}
	parley_parked_uncharge(parked);
	parley_parked_free(parked);
	if (err != -EAGAIN)
		return err;
	/* Or io_uring would try again, and wait. */
	parley_uring_done(cmd, err, issue_flags);
	return -EIOCBQUEUED;
}

/**
 * parley_parked_give_up() - io_uring gives up a request
 * @cmd: it waits, or is about to complete
 * @issue_flags: io_uring's
 */
void parley_parked_give_up(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct parley_parked *parked = parley_parked_of(cmd);

	if (test_and_set_bit(PARLEY_PARKED_RUNG, &parked->state) ||
	    !parley_parked_leave(parked))
		return;
	if (!test_bit(PARLEY_PARKED_DROPPED, &parked->state))
		parked->op->drop(parked);
	parley_parked_done(parked, -ECANCELED, issue_flags);
}

/* One to be dropped by the caller, and not to end before; or NULL. */
static struct parley_parked *
parley_parking_take(struct parley_parking *parking, bool *rung)
{
	struct parley_parked *parked;

	spin_lock(&parking->lock);
	parked = list_first_entry_or_null(&parking->parked, struct parley_parked,
					  link);
	/* Those that have been taken are at the end. */
	if (parked && test_and_set_bit(PARLEY_PARKED_TAKEN, &parked->state))
		parked = NULL;
	if (parked) {
		*rung = test_and_set_bit(PARLEY_PARKED_RUNG, &parked->state);
		list_move_tail(&parked->link, &parking->parked);
	}
	spin_unlock(&parking->lock);
	return parked;
}

/* It has been dropped. Has its completion to be asked for? */
static bool parley_parking_give_back(struct parley_parking *parking,
				     struct parley_parked *parked, bool rung)
{
	bool ask;

	spin_lock(&parking->lock);
	set_bit(PARLEY_PARKED_DROPPED, &parked->state);
	ask = !rung || test_bit(PARLEY_PARKED_CAME, &parked->state);
	spin_unlock(&parking->lock);
	return ask;
}

/**
 * parley_parking_close() - the task is dead
 * @parking: its own
 *
 * What it has parked goes, though its requests complete later: when the process
 * exits, io_uring gives them up only after its memory has gone, and not as long as
 * another process has the ring.
 */
void parley_parking_close(struct parley_parking *parking)
{
	struct parley_parked *parked;
	bool rung;

	while ((parked = parley_parking_take(parking, &rung))) {
		parked->op->drop(parked);
		if (parley_parking_give_back(parking, parked, rung))
			parley_uring_defer(parked->cmd, parley_parked_complete);
		cond_resched();
	}
}

/**
 * parley_parked_cancel() - have an operation that waits end
 * @task: whose it is
 * @uipc: its argument
 *
 * Return: 0 or -ENOENT.
 */
int parley_parked_cancel(struct parley_task *task,
			 const struct parley_ipc __user *uipc)
{
	struct parley_parking *parking = &task->parking;
	struct parley_parked *parked;
	int err = -ENOENT;

	spin_lock(&parking->lock);
	list_for_each_entry(parked, &parking->parked, link) {
		if (parked->uipc != uipc ||
		    test_bit(PARLEY_PARKED_RUNG, &parked->state))
			continue;
		set_bit(PARLEY_PARKED_CANCELLED, &parked->state);
		parley_parked_ring(&parked->alarm);
		err = 0;
		break;
	}
	spin_unlock(&parking->lock);
	return err;
}
