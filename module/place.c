// SPDX-License-Identifier: GPL-2.0

#include "inbox.h"
#include "place.h"

/* The message that a receiver has by that name, or that is CANCELLED; or NULL. */
struct parley_message *parley_place_find_locked(struct parley_inbox *inbox,
						u64 token)
{
	struct parley_message *message;

	lockdep_assert_held(&inbox->lock);

	hlist_for_each_entry(message, parley_inbox_bucket(inbox, token), held)
		if (message->token == token)
			return message;
	return NULL;
}

/* Take @message out of the queue. */
void parley_place_dequeue_locked(struct parley_message *message)
{
	list_del(&message->queue);
	message->inbox->orphans -= message->orphan;
	message->orphan = false;
}

/*
 * Queue a message, in no queue so far, before those that came after it: a note of
 * a call's end came later than its token.
 */
void parley_place_requeue_locked(struct parley_message *message)
{
	struct list_head *before = &message->inbox->queue;
	struct parley_message *other;

	if (message->state == PARLEY_MESSAGE_CANCELLED) {
		list_add(&message->queue, before);
		return;
	}
	list_for_each_entry(other, &message->inbox->queue, queue) {
		if (other->token > message->token &&
		    other->state != PARLEY_MESSAGE_CANCELLED)
			break;
		before = &other->queue;
	}
	list_add(&message->queue, before);
}

/* Take @message out of where it is. */
void parley_place_unlink_locked(struct parley_message *message)
{
	enum parley_message_state state = message->state;

	lockdep_assert_held(&message->inbox->lock);

	if (state == PARLEY_MESSAGE_QUEUED || state == PARLEY_MESSAGE_CANCELLED)
		parley_place_dequeue_locked(message);
	if (state == PARLEY_MESSAGE_HELD || state == PARLEY_MESSAGE_CANCELLED)
		hlist_del(&message->held);
	message->inbox->cancelled -= state == PARLEY_MESSAGE_CANCELLED;
	message->state = PARLEY_MESSAGE_ENDED;
}

/*
 * End @message, wherever it is. Afterwards it is its owner's alone.
 * Returns whom to wake.
 */
struct parley_waker *
parley_place_end_locked(struct parley_message *message, int error)
{
	parley_place_unlink_locked(message);
	if (message->detached) {
		parley_message_free(message);
		return NULL;
	}
	message->error = error;
	return parley_wait_finish(&message->wait);
}
