// SPDX-License-Identifier: GPL-2.0

#include <linux/err.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "bond.h"
#include "control.h"
#include "creds.h"
#include "notification.h"
#include "task.h"
#include "trace.h"
#include "uring.h"

void parley_control_info(const struct parley_task *task,
			 struct parley_info *info)
{
	*info = (struct parley_info){
		.size = info->size,
		.task = task->id,
		.features = PARLEY_FEATURE_MESSAGES | PARLEY_FEATURE_RIGHTS |
			    PARLEY_FEATURE_EVENTS | PARLEY_FEATURE_CARGO |
			    parley_uring_features(),
		.payload_max = PARLEY_PAYLOAD_MAX,
	};
}

int parley_control_notify(struct parley_task *task,
			  const struct parley_notify *notify)
{
	struct parley_task *dst;
	int err;

	if (!notify->bits || notify->reserved ||
	    notify->bits & ~(PARLEY_NOTIFY_USER | PARLEY_NOTIFY_ASYNC))
		return -EINVAL;
	dst = parley_task_find(task, notify->peer);
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	trace_parley_notify(task->id, dst->id, notify->bits);
	if (notify->bits & PARLEY_NOTIFY_ASYNC)
		err = parley_bond_raise(&task->bonds, &dst->bonds, notify->bits);
	else
		err = parley_notification_set(&dst->inbox, notify->bits, NULL);
	parley_task_put(dst);
	return err;
}

int parley_control_mode(struct parley_task *task, const struct parley_mode *mode)
{
	if (mode->mode & ~0777)
		return -EINVAL;
	WRITE_ONCE(task->mode, mode->mode);
	return 0;
}

static int parley_bond_check(const struct parley_bond_arg *bond)
{
	return bond->kind >= PARLEY_BOND_KINDS || bond->reserved ? -EINVAL : 0;
}

int parley_control_bond(struct parley_task *task,
			const struct parley_bond_arg *bond)
{
	struct parley_task *peer;
	u32 kind;
	int err;

	err = parley_bond_check(bond);
	if (err)
		return err;
	kind = array_index_nospec(bond->kind, PARLEY_BOND_KINDS);
	/* Whom to let in is the task's own business; the others reach out. */
	if (kind == PARLEY_BOND_GRANT)
		peer = parley_task_get(task->bus, bond->peer) ?:
		       ERR_PTR(-ENOTCONN);
	else
		peer = parley_task_find(task, bond->peer);
	if (IS_ERR(peer))
		return PTR_ERR(peer);
	err = parley_bond_make(&task->bonds, &peer->bonds, kind);
	parley_task_put(peer);
	return err;
}

int parley_control_unbond(struct parley_task *task,
			  const struct parley_bond_arg *bond)
{
	int err = parley_bond_check(bond);
	u32 kind;

	if (err)
		return err;
	kind = array_index_nospec(bond->kind, PARLEY_BOND_KINDS);
	return parley_bond_end(&task->bonds, bond->peer, kind);
}

int parley_control_creds(struct parley_task *task,
			 struct parley_creds_full *creds)
{
	u32 room = creds->groups_len;
	struct parley_reader reader;
	struct parley_sender sender;
	bool same_mnt_ns;
	int err;

	err = parley_inbox_sender(&task->inbox, creds->token, &sender,
				  &same_mnt_ns);
	if (err)
		return err;
	parley_reader_init(&reader);
	parley_sender_tell(&sender, same_mnt_ns, &reader, &creds->creds);
	creds->capabilities = parley_sender_capabilities(&sender);
	creds->groups_len = parley_sender_groups_len(&sender);
	if (creds->groups_len > room)
		err = -EMSGSIZE;
	else
		err = parley_sender_groups(&sender,
					   u64_to_user_ptr(creds->groups));
	parley_sender_drop(&sender);
	return err;
}

int parley_control_timer(struct parley_task *task,
			 const struct parley_timer_arg *timer)
{
	if (timer->reserved)
		return -EINVAL;
	return parley_timer_set(&task->timer, timer->deadline);
}

int parley_control_eventfd(struct parley_task *task,
			   const struct parley_eventfd *eventfd)
{
	return parley_irq_bind(&task->irq, eventfd->fd);
}
