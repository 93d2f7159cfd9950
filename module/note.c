// SPDX-License-Identifier: GPL-2.0

#include <linux/rcupdate.h>
#include <uapi/linux/parley_proto.h>

#include "inbox.h"
#include "note.h"
#include "notification.h"
#include "place.h"
#include "receiver.h"

/**
 * parley_note_post() - tell a task something
 * @inbox: the task's; may be closed
 * @note: from parley_message_note(), becomes the inbox's
 */
void parley_note_post(struct parley_inbox *inbox, struct parley_message *note)
{
	struct parley_waker *waker = NULL;
	struct parley_receiver *receiver;
	bool closed;

	note->inbox = inbox;

	rcu_read_lock();
	spin_lock(&inbox->lock);
	closed = inbox->closed;
	receiver = parley_receiver_find_locked(inbox, PARLEY_TASK_KERNEL);
	note->token = ++inbox->last_token;
	if (closed) {
		parley_message_free(note);
	} else if (receiver) {
		parley_receiver_hand_locked(receiver, note);
		waker = parley_receiver_finish_locked(receiver);
	} else {
		note->state = PARLEY_MESSAGE_QUEUED;
		list_add_tail(&note->queue, &inbox->queue);
	}
	spin_unlock(&inbox->lock);
	parley_wake(waker);
	rcu_read_unlock();

	if (!closed && !receiver)
		parley_inbox_wake_pollers(inbox);
}

/*
 * Turn a call that is HELD into a note of its end. Returns false if the
 * receiving task's user may not keep any more; it is then withdrawn.
 */
static bool parley_note_make_locked(struct parley_message *message)
{
	struct parley_global_cancelled body = { .token = message->token };
	struct parley_inbox *inbox = message->inbox;

	if (parley_message_recharge(message, inbox->user)) {
		parley_place_unlink_locked(message);
		return false;
	}
	parley_message_note(message, PARLEY_GLOBAL_CANCELLED, &body, sizeof(body));
	message->state = PARLEY_MESSAGE_CANCELLED;
	inbox->cancelled++;
	list_add_tail(&message->queue, &inbox->queue);
	return true;
}

/* Hand a queued note to who waits for it. Returns whom to wake. */
static struct parley_waker *
parley_note_offer_locked(struct parley_message *note)
{
	struct parley_receiver *receiver;

	receiver = parley_receiver_find_locked(note->inbox, PARLEY_TASK_KERNEL);
	if (!receiver)
		return NULL;
	parley_place_dequeue_locked(note);
	parley_receiver_hand_locked(receiver, note);
	return parley_receiver_finish_locked(receiver);
}

/* Give up a call that a receiver has in hand, and let its task know. */
enum parley_withdrawal
parley_note_cancel_locked(struct parley_message *message,
			  struct parley_waker **told, struct parley_waker **noted)
{
	struct parley_inbox *inbox = message->inbox;
	bool note = parley_note_make_locked(message);

	inbox->unnoted |= !note;
	*told = parley_notification_set_locked(inbox, PARLEY_NOTIFY_ABORTED);
	if (!note)
		return PARLEY_WITHDRAWN;
	*noted = parley_note_offer_locked(message);
	return PARLEY_WITHDRAWN_NOTED;
}

bool parley_note_is_cancellation(const struct parley_message *message)
{
	return message->kernel &&
	       message->content.msg.type == PARLEY_GLOBAL_CANCELLED;
}

/* A call that was given up is told to nobody. With the last one goes the bit. */
void parley_note_drop_locked(struct parley_inbox *inbox,
			     struct parley_message *note)
{
	parley_place_end_locked(note, 0);
	if (!inbox->cancelled && !inbox->unnoted)
		inbox->notifications &= ~PARLEY_NOTIFY_ABORTED;
}

/*
 * The task has found out itself that a call was given up: no need to say so. A
 * receiver may be saying it at this moment.
 */
void parley_note_forget_locked(struct parley_inbox *inbox,
			       struct parley_message *note)
{
	if (note->state == PARLEY_MESSAGE_CANCELLED)
		parley_note_drop_locked(inbox, note);
	else
		note->needless = true;
}
