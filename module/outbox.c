// SPDX-License-Identifier: GPL-2.0

#include <linux/err.h>
#include <linux/sched.h>

#include "outbox.h"

/**
 * parley_outbox_init() - make an outbox
 * @outbox: to be initialised
 * @user: whom to charge for its messages; held as long as the outbox exists
 */
void parley_outbox_init(struct parley_outbox *outbox, struct parley_user *user)
{
	outbox->user = user;
	outbox->spare = NULL;
	spin_lock_init(&outbox->lock);
	INIT_LIST_HEAD(&outbox->interrupted);
	outbox->last_call = 0;
}

/**
 * parley_outbox_close() - the task is dead: give up what it has in flight
 * @outbox: of the dead task, with no thread waiting
 */
void parley_outbox_close(struct parley_outbox *outbox)
{
	struct parley_message *message, *next;

	list_for_each_entry_safe(message, next, &outbox->interrupted, mine) {
		parley_outbox_drop(outbox, message);
		cond_resched();
	}
}

/* The task's memory goes. */
void parley_outbox_free(struct parley_outbox *outbox)
{
	if (outbox->spare)
		parley_message_free(outbox->spare);
}

/**
 * parley_outbox_interrupt() - keep a message whose thread must leave the kernel
 * @outbox: the sender's
 * @message: the calling thread has left its wait (parley_inbox_leave())
 *
 * Return: the number to resume it by.
 */
u64 parley_outbox_interrupt(struct parley_outbox *outbox,
			    struct parley_message *message)
{
	u64 call;

	spin_lock(&outbox->lock);
	if (!message->call)
		message->call = ++outbox->last_call;
	call = message->call;
	list_add(&message->mine, &outbox->interrupted);
	spin_unlock(&outbox->lock);
	return call;
}

/**
 * parley_outbox_resume() - take back an interrupted message
 * @outbox: the sender's
 * @call: its number
 * @oneway: a send, or else a call
 *
 * Return: the message, now the caller's; NULL if there is no such.
 */
struct parley_message *parley_outbox_resume(struct parley_outbox *outbox,
					    u64 call, bool oneway)
{
	struct parley_message *message, *found = NULL;

	spin_lock(&outbox->lock);
	list_for_each_entry(message, &outbox->interrupted, mine) {
		if (message->call == call && message->oneway == oneway) {
			found = message;
			list_del(&message->mine);
			break;
		}
	}
	spin_unlock(&outbox->lock);
	return found;
}

/**
 * parley_outbox_message() - get a message to send
 * @outbox: the sender's
 * @oneway: it is to want no reply
 *
 * Return: the message, but for its content, its sender the calling thread; or
 * -ENOMEM, -EDQUOT.
 */
struct parley_message *parley_outbox_message(struct parley_outbox *outbox,
					     bool oneway)
{
	struct parley_message *message = xchg(&outbox->spare, NULL);

	if (!message) {
		message = parley_message_alloc(outbox->user,
					       PARLEY_LIMIT_MESSAGES);
		if (IS_ERR(message))
			return message;
	}
	parley_message_reset(message, oneway);
	parley_sender_set(&message->sender);
	return message;
}

/**
 * parley_outbox_discard() - be done with a message that was not posted
 * @outbox: the sender's
 * @message: from parley_outbox_message()
 */
void parley_outbox_discard(struct parley_outbox *outbox,
			   struct parley_message *message)
{
	if (message->laden)
		parley_message_unload(message);
	if (cmpxchg(&outbox->spare, NULL, message))
		parley_message_free(message);
}

/**
 * parley_outbox_settle() - be done with a message that has ended
 * @outbox: the sender's
 * @message: its own
 */
void parley_outbox_settle(struct parley_outbox *outbox,
			  struct parley_message *message)
{
	struct parley_inbox *inbox = message->inbox;

	parley_outbox_discard(outbox, message);
	parley_inbox_put(inbox);
}

/**
 * parley_outbox_withdraw() - give up a message
 * @message: the caller's own; was posted to a task
 *
 * Return: what came of it. It is no longer the caller's after
 * PARLEY_WITHDRAWN_NOT and PARLEY_WITHDRAWN_NOTED.
 */
enum parley_withdrawal parley_outbox_withdraw(struct parley_message *message)
{
	struct parley_inbox *inbox = message->inbox;
	enum parley_withdrawal result;
	struct parley_baggage left = {};

	result = parley_inbox_withdraw(message, &left);
	if (result == PARLEY_WITHDRAWN_NOT || result == PARLEY_WITHDRAWN_NOTED)
		parley_inbox_put(inbox);
	parley_baggage_drop(&left);
	parley_baggage_free(&left);
	return result;
}

/**
 * parley_outbox_drop() - give up a message and be done with it
 * @outbox: the sender's
 * @message: its own
 *
 * Return: true if it has done its work: taken (one-way), or answered.
 */
bool parley_outbox_drop(struct parley_outbox *outbox,
			struct parley_message *message)
{
	bool done;

	switch (parley_outbox_withdraw(message)) {
	case PARLEY_WITHDRAWN_NOT:
		return true;
	case PARLEY_WITHDRAWN_NOTED:
		return false;
	case PARLEY_WITHDRAWN_LATE:
		done = !message->error;
		break;
	default:
		done = false;
	}
	parley_outbox_settle(outbox, message);
	return done;
}
