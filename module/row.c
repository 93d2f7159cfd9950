// SPDX-License-Identifier: GPL-2.0

#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <uapi/linux/parley_netlink.h>

#include "quota.h"
#include "row.h"
#include "task.h"

/* What there is to do at a task, and for it. */
struct parley_row_work {
	u32 receivers;
	u32 queued;
	u32 held;
};

/**
 * parley_row_put_identity() - tell what every event tells
 * @skb: the message
 * @task: of whom
 * @user_ns: to tell its owner and group in
 *
 * Return: 0 or -EMSGSIZE.
 */
int parley_row_put_identity(struct sk_buff *skb, const struct parley_task *task,
			    struct user_namespace *user_ns)
{
	uid_t uid = from_kuid_munged(user_ns, task->uid);
	gid_t gid = from_kgid_munged(user_ns, task->gid);

	if (nla_put_s32(skb, PARLEY_A_TASK_ID, task->id) ||
	    nla_put_u32(skb, PARLEY_A_TASK_UID, uid) ||
	    nla_put_u32(skb, PARLEY_A_TASK_GID, gid) ||
	    nla_put_u32(skb, PARLEY_A_TASK_MODE, READ_ONCE(task->mode)))
		return -EMSGSIZE;
	return 0;
}

static void parley_row_count_locked(const struct parley_inbox *inbox,
				    struct parley_row_work *work)
{
	const struct parley_message *message;
	const struct hlist_node *receiver;
	const struct list_head *queued;
	size_t i;

	lockdep_assert_held(&inbox->lock);

	*work = (struct parley_row_work){};
	hlist_for_each(receiver, &inbox->receivers)
		work->receivers++;
	list_for_each(queued, &inbox->queue)
		work->queued++;
	/* What is one-way is a note, or being copied out right now. */
	for (i = 0; i < PARLEY_HELD_BUCKETS; i++)
		hlist_for_each_entry(message, &inbox->held[i], held)
			work->held += !message->oneway;
}

static enum parley_genl_state
parley_row_state_locked(const struct parley_inbox *inbox,
			const struct parley_row_work *work)
{
	if (work->receivers)
		return PARLEY_STATE_RECEIVING;
	if (work->queued || inbox->notifications)
		return PARLEY_STATE_PENDING;
	if (work->held)
		return PARLEY_STATE_BUSY;
	return PARLEY_STATE_IDLE;
}

static int parley_row_put_bonds(struct sk_buff *skb,
				const struct parley_bonds *bonds)
{
	static const int attributes[PARLEY_BOND_KINDS] = {
		[PARLEY_BOND_GRANT]	= PARLEY_A_TASK_GRANTS,
		[PARLEY_BOND_WATCH]	= PARLEY_A_TASK_WATCHES,
		[PARLEY_BOND_LINK]	= PARLEY_A_TASK_LINKS,
	};
	int kind, err = 0;
	u32 count;

	for (kind = 0; !err && kind < PARLEY_BOND_KINDS; kind++) {
		/* Just a number to show: not worth the lock of all bonds. */
		count = data_race(bonds->count[kind]);
		err = nla_put_u32(skb, attributes[kind], count);
	}
	return err;
}

/* The sender of @message, if it waits and *@room is left. */
static int parley_row_put_waiter_locked(struct sk_buff *skb,
					const struct parley_message *message,
					unsigned int *room)
{
	bool held = message->state == PARLEY_MESSAGE_HELD;
	struct nlattr *nest;

	if (message->detached || !*room)
		return 0;
	--*room;
	nest = nla_nest_start(skb, PARLEY_A_TASK_WAITER);
	if (!nest ||
	    nla_put_s32(skb, PARLEY_A_WAITER_ID, message->content.msg.src) ||
	    nla_put_s32(skb, PARLEY_A_WAITER_TYPE, message->content.msg.type) ||
	    (held && nla_put_flag(skb, PARLEY_A_WAITER_HELD)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int parley_row_put_waiters_locked(struct sk_buff *skb,
					 const struct parley_inbox *inbox)
{
	unsigned int room = PARLEY_WAITERS_MAX;
	const struct parley_message *message;
	int err = 0;
	size_t i;

	for (i = 0; i < PARLEY_HELD_BUCKETS; i++)
		hlist_for_each_entry(message, &inbox->held[i], held)
			err = err ?: parley_row_put_waiter_locked(skb, message,
								  &room);
	list_for_each_entry(message, &inbox->queue, queue)
		err = err ?: parley_row_put_waiter_locked(skb, message, &room);
	return err;
}

static int parley_row_put_details_locked(struct sk_buff *skb,
					 const struct parley_task *task,
					 const struct parley_row_work *work)
{
	pid_t pid = pid_nr_ns(task->pid, task_active_pid_ns(current));
	const struct parley_inbox *inbox = &task->inbox;

	if (nla_put_u32(skb, PARLEY_A_TASK_PID, pid) ||
	    nla_put_u32(skb, PARLEY_A_TASK_RECEIVERS, work->receivers) ||
	    nla_put_u32(skb, PARLEY_A_TASK_QUEUED, work->queued) ||
	    nla_put_u32(skb, PARLEY_A_TASK_HELD, work->held) ||
	    nla_put_u32(skb, PARLEY_A_TASK_NOTIFICATIONS, inbox->notifications) ||
	    nla_put_u64_64bit(skb, PARLEY_A_TASK_POSTED, inbox->last_token,
			      PARLEY_A_TASK_PAD) ||
	    parley_row_put_bonds(skb, &task->bonds))
		return -EMSGSIZE;
	return parley_row_put_waiters_locked(skb, inbox);
}

/**
 * parley_row_put_task() - tell of a task
 * @skb: the message
 * @task: kept by the caller meanwhile
 * @user_ns: the reader's; the calling process has its pid namespace
 * @details: tell what it does, too
 *
 * Return: 0 or -EMSGSIZE.
 */
int parley_row_put_task(struct sk_buff *skb, struct parley_task *task,
			struct user_namespace *user_ns, bool details)
{
	struct parley_inbox *inbox = &task->inbox;
	struct parley_row_work work;
	int err;

	err = parley_row_put_identity(skb, task, user_ns);
	if (err)
		return err;
	spin_lock(&inbox->lock);
	parley_row_count_locked(inbox, &work);
	err = nla_put_u32(skb, PARLEY_A_TASK_STATE,
			  parley_row_state_locked(inbox, &work));
	if (!err && details)
		err = parley_row_put_details_locked(skb, task, &work);
	spin_unlock(&inbox->lock);
	return err;
}

static int parley_row_put_limit(struct sk_buff *skb,
				const struct parley_user *user,
				enum parley_limit limit)
{
	const struct parley_limit_info *info = &parley_limits[limit];
	u32 used = atomic_read(&user->used[limit]);
	u64 hits = atomic64_read(&user->hits[limit]);
	struct nlattr *nest;

	nest = nla_nest_start(skb, PARLEY_A_USER_LIMIT);
	if (!nest ||
	    nla_put_string(skb, PARLEY_A_LIMIT_NAME, info->name) ||
	    nla_put_u32(skb, PARLEY_A_LIMIT_USED, used) ||
	    nla_put_u32(skb, PARLEY_A_LIMIT_MAX, READ_ONCE(info->max)) ||
	    nla_put_u64_64bit(skb, PARLEY_A_LIMIT_HITS, hits, PARLEY_A_LIMIT_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * parley_row_put_user() - tell of a user
 * @skb: the message
 * @user: kept by the caller meanwhile
 * @uid: its name for the reader
 *
 * Return: 0 or -EMSGSIZE.
 */
int parley_row_put_user(struct sk_buff *skb, const struct parley_user *user,
			u32 uid)
{
	int err = nla_put_u32(skb, PARLEY_A_USER_UID, uid);
	int limit;

	for (limit = 0; !err && limit < PARLEY_LIMITS; limit++)
		err = parley_row_put_limit(skb, user, limit);
	return err;
}
