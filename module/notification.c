// SPDX-License-Identifier: GPL-2.0

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <uapi/linux/parley_proto.h>

#include "inbox.h"
#include "notification.h"
#include "receiver.h"

/* Tell of the links that are raised, as many as one message can name. */
static void parley_notification_name_locked(struct parley_inbox *inbox,
					    struct parley_receiver *receiver)
{
	struct parley_global_notifications *body =
		(void *)receiver->content.msg.payload;
	struct parley_link *link;
	u32 n = 0;

	INIT_LIST_HEAD(&receiver->raised);
	while (n < PARLEY_ASYNC_PEERS && !list_empty(&inbox->raised)) {
		link = list_first_entry(&inbox->raised, struct parley_link,
					raised);
		list_move_tail(&link->raised, &receiver->raised);
		body->peers[n++] = link->peer;
	}
	memset(body->pad, 0, sizeof(body->pad));
	body->peers_len = n;
	receiver->async = true;
	receiver->content.len = offsetof(struct parley_global_notifications,
					 peers[n]);
	if (!list_empty(&inbox->raised))
		inbox->notifications = PARLEY_NOTIFY_ASYNC;
}

/**
 * parley_notification_hand_locked() - make a message of the bits that are set
 * @inbox: where there are some
 * @receiver: gets it
 */
void parley_notification_hand_locked(struct parley_inbox *inbox,
				     struct parley_receiver *receiver)
{
	struct parley_content *content = &receiver->content;
	struct parley_global_notifications *body = (void *)content->msg.payload;
	u32 bits = inbox->notifications;

	lockdep_assert_held(&inbox->lock);

	inbox->notifications = 0;
	receiver->unnoted = inbox->unnoted;
	inbox->unnoted = false;
	receiver->error = 0;
	receiver->token = 0;
	receiver->oneway = true;
	receiver->creds = (struct parley_creds){ .flags = PARLEY_CREDS_KERNEL };
	content->msg.type = PARLEY_GLOBAL_NOTIFICATIONS;
	content->msg.src = PARLEY_TASK_KERNEL;
	content->len = sizeof(body->data);
	body->data = bits;
	if (bits & PARLEY_NOTIFY_ASYNC)
		parley_notification_name_locked(inbox, receiver);
}

/**
 * parley_notification_set_locked() - set bits
 * @inbox: the destination's, not closed
 * @bits: PARLEY_NOTIFY_*
 *
 * Return: whom to wake, or NULL if none waits.
 */
struct parley_waker *parley_notification_set_locked(struct parley_inbox *inbox,
						   u32 bits)
{
	struct parley_receiver *receiver;

	receiver = parley_receiver_find_locked(inbox, PARLEY_TASK_KERNEL);
	inbox->notifications |= bits;
	if (!receiver)
		return NULL;
	parley_notification_hand_locked(inbox, receiver);
	return parley_receiver_finish_locked(receiver);
}

/**
 * parley_notification_set() - set bits
 * @inbox: the destination's
 * @bits: PARLEY_NOTIFY_*, not 0
 * @link: with PARLEY_NOTIFY_ASYNC: whose; else NULL. The caller is an RCU
 *	reader since it found it.
 *
 * Return: 0; -ENOTCONN when the task is dead; -ENOENT when the link has ended.
 */
int parley_notification_set(struct parley_inbox *inbox, u32 bits,
			    struct parley_link *link)
{
	struct parley_waker *waker = NULL;
	int err = 0;

	rcu_read_lock();
	spin_lock(&inbox->lock);
	if (inbox->closed)
		err = -ENOTCONN;
	else if (link && link->ended)
		err = -ENOENT;
	if (!err) {
		if (link && list_empty(&link->raised))
			list_add_tail(&link->raised, &inbox->raised);
		/* A receiver that is being told of the link hasn't looked yet. */
		if (list_empty(&inbox->raised))
			bits &= ~PARLEY_NOTIFY_ASYNC;
		if (bits)
			waker = parley_notification_set_locked(inbox, bits);
	}
	spin_unlock(&inbox->lock);
	parley_wake(waker);
	rcu_read_unlock();

	if (!err && !waker)
		parley_inbox_wake_pollers(inbox);
	return err;
}

/**
 * parley_notification_taken() - the message has reached user space
 * @receiver: which got it
 */
void parley_notification_taken(struct parley_receiver *receiver)
{
	struct parley_inbox *inbox = receiver->inbox;

	if (!receiver->async)
		return;
	spin_lock(&inbox->lock);
	while (!list_empty(&receiver->raised))
		list_del_init(receiver->raised.next);
	spin_unlock(&inbox->lock);
}

/**
 * parley_notification_return() - the message could not be copied to user space
 * @receiver: which got it
 *
 * Its bits are set again.
 */
void parley_notification_return(struct parley_receiver *receiver)
{
	struct parley_inbox *inbox = receiver->inbox;
	u32 bits = receiver->content.msg.payload[0];
	struct parley_waker *waker = NULL;

	rcu_read_lock();
	spin_lock(&inbox->lock);
	/* The task may have learnt by itself of every call that was given up. */
	inbox->unnoted |= receiver->unnoted;
	if (!inbox->cancelled && !inbox->unnoted)
		bits &= ~PARLEY_NOTIFY_ABORTED;
	if (receiver->async) {
		list_splice(&receiver->raised, &inbox->raised);
		if (list_empty(&inbox->raised))
			bits &= ~PARLEY_NOTIFY_ASYNC;
	}
	if (bits)
		waker = parley_notification_set_locked(inbox, bits);
	spin_unlock(&inbox->lock);
	parley_wake(waker);
	rcu_read_unlock();

	if (bits && !waker)
		parley_inbox_wake_pollers(inbox);
}

/**
 * parley_link_end() - a link is going to be freed
 * @inbox: where it can be raised
 * @link: no longer to be found by those who raise it
 */
void parley_link_end(struct parley_inbox *inbox, struct parley_link *link)
{
	spin_lock(&inbox->lock);
	link->ended = true;
	list_del_init(&link->raised);
	if (list_empty(&inbox->raised))
		inbox->notifications &= ~PARLEY_NOTIFY_ASYNC;
	spin_unlock(&inbox->lock);
}
