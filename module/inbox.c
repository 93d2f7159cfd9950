// SPDX-License-Identifier: GPL-2.0

#include <linux/hashtable.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <uapi/linux/parley_proto.h>

#include "inbox.h"
#include "note.h"
#include "notification.h"
#include "place.h"
#include "receiver.h"

/**
 * parley_inbox_init() - make an inbox
 * @inbox: gets its first reference
 * @user: whom to charge for what it keeps; held as long as the inbox exists
 * @release: called with the last reference
 */
void parley_inbox_init(struct parley_inbox *inbox, struct parley_user *user,
		       void (*release)(struct parley_inbox *inbox))
{
	spin_lock_init(&inbox->lock);
	INIT_LIST_HEAD(&inbox->queue);
	INIT_HLIST_HEAD(&inbox->receivers);
	__hash_init(inbox->held, PARLEY_HELD_BUCKETS);
	inbox->last_token = 0;
	inbox->notifications = 0;
	INIT_LIST_HEAD(&inbox->raised);
	inbox->orphans = 0;
	inbox->cancelled = 0;
	inbox->unnoted = false;
	inbox->closed = false;
	init_waitqueue_head(&inbox->pollers);
	spin_lock_init(&inbox->followers_lock);
	INIT_LIST_HEAD(&inbox->followers);
	inbox->user = user;
	refcount_set(&inbox->refs, 1);
	inbox->release = release;
}

/**
 * parley_inbox_post() - give a new message to a receiver, or queue it
 * @inbox: the destination's; the caller keeps it alive until the message ends
 * @message: new, its content complete; the calling thread waits for it
 * @nonblock: fail unless a receiver waits; a one-way message becomes the
 *	inbox's by success, detached
 *
 * Return: 0; -ENOTCONN when the task is dead; -EAGAIN; -EOPNOTSUPP when the
 * receiver doesn't accept what it carries.
 */
int parley_inbox_post(struct parley_inbox *inbox,
		      struct parley_message *message, bool nonblock)
{
	struct parley_waker *waker = NULL;
	struct parley_receiver *receiver;
	int err = 0;

	message->inbox = inbox;

	rcu_read_lock();
	spin_lock(&inbox->lock);
	receiver = parley_receiver_find_locked(inbox, message->content.msg.src);
	message->token = ++inbox->last_token;
	message->nonblock = nonblock;
	if (inbox->closed) {
		err = -ENOTCONN;
	} else if (receiver && !parley_receiver_accepts(receiver, message)) {
		err = -EOPNOTSUPP;
	} else if (receiver) {
		message->detached = nonblock && message->oneway;
		parley_wait_link(&message->wait, inbox->chain);
		parley_receiver_hand_locked(receiver, message);
		waker = parley_receiver_finish_locked(receiver);
	} else if (nonblock) {
		err = -EAGAIN;
	} else {
		parley_wait_link(&message->wait, inbox->chain);
		message->state = PARLEY_MESSAGE_QUEUED;
		list_add_tail(&message->queue, &inbox->queue);
	}
	spin_unlock(&inbox->lock);
	parley_wake(waker);
	rcu_read_unlock();

	if (!err && !receiver)
		parley_inbox_wake_pollers(inbox);
	return err;
}

/**
 * parley_inbox_withdraw() - give up a message
 * @message: the caller's, posted and not detached
 * @left: receives what it carried if it becomes the inbox's: that stays the
 *	caller's, to be dropped
 *
 * Return: what came of it.
 */
enum parley_withdrawal parley_inbox_withdraw(struct parley_message *message,
					     struct parley_baggage *left)
{
	struct parley_waker *told = NULL, *noted = NULL;
	enum parley_withdrawal result = PARLEY_WITHDRAWN;
	struct parley_inbox *inbox = message->inbox;
	bool aborted = false;

	rcu_read_lock();
	spin_lock(&inbox->lock);
	if (message->state == PARLEY_MESSAGE_ENDED) {
		result = PARLEY_WITHDRAWN_LATE;
	} else if (message->state == PARLEY_MESSAGE_QUEUED ||
		   (message->oneway && message->laden &&
		    message->baggage.load.kinds)) {
		/* A receiver that has it will find that out: parley_inbox_taken(). */
		parley_place_unlink_locked(message);
	} else if (message->oneway) {
		message->detached = true;
		result = PARLEY_WITHDRAWN_NOT;
	} else {
		swap(*left, message->baggage);
		message->laden = false;
		result = parley_note_cancel_locked(message, &told, &noted);
		aborted = true;
	}
	spin_unlock(&inbox->lock);
	parley_wake(told);
	parley_wake(noted);
	rcu_read_unlock();

	if (aborted && !noted)
		parley_inbox_wake_pollers(inbox);
	return result;
}

/**
 * parley_inbox_leave() - stop waiting for a message without ending it
 * @message: posted by the calling thread, not detached
 *
 * Return: false if it has ended already.
 */
bool parley_inbox_leave(struct parley_message *message)
{
	bool left;

	spin_lock(&message->inbox->lock);
	left = message->state != PARLEY_MESSAGE_ENDED;
	message->wait.waker = NULL;
	message->wait.chain = NULL;
	spin_unlock(&message->inbox->lock);
	return left;
}

/**
 * parley_inbox_rejoin() - wait again for a message that was left
 * @message: the calling thread is going to wait for it
 * @chain: its process's link, or NULL
 */
void parley_inbox_rejoin(struct parley_message *message,
			 struct parley_chain *chain)
{
	spin_lock(&message->inbox->lock);
	message->wait.waker = parley_waker_current();
	if (message->state != PARLEY_MESSAGE_ENDED) {
		message->wait.chain = chain;
		parley_wait_link(&message->wait, message->inbox->chain);
	}
	spin_unlock(&message->inbox->lock);
}

/**
 * parley_inbox_receive_locked() - take what there is, or start waiting for it
 * @receiver: initialised by the calling thread, an RCU reader
 * @nonblock: don't wait
 *
 * Notifications first, then the oldest message. If there is nothing the
 * receiver is entered for the next; sleep on its @wait after unlocking.
 *
 * Return: 0, -EAGAIN, -ENOTCONN (whom it hears is dead), or -ESTALE (the
 * inbox is closed).
 */
int parley_inbox_receive_locked(struct parley_receiver *receiver, bool nonblock)
{
	struct parley_inbox *inbox = receiver->inbox;
	struct parley_message *message, *next;
	s32 from = receiver->from;

	lockdep_assert_held(&inbox->lock);

	if (inbox->notifications &&
	    (from == PARLEY_ANY || from == PARLEY_TASK_KERNEL)) {
		parley_notification_hand_locked(inbox, receiver);
		receiver->wait.done = true;
		return 0;
	}
	list_for_each_entry_safe(message, next, &inbox->queue, queue) {
		if (from != PARLEY_ANY && from != message->content.msg.src)
			continue;
		if (!parley_receiver_accepts(receiver, message)) {
			/* Rare enough to be woken under the lock. */
			parley_wake(parley_place_end_locked(message, -EOPNOTSUPP));
			continue;
		}
		parley_place_dequeue_locked(message);
		parley_receiver_hand_locked(receiver, message);
		receiver->wait.done = true;
		return 0;
	}
	if (receiver->wait.done)
		return receiver->error;
	if (inbox->closed)
		return -ESTALE;
	if (nonblock)
		return -EAGAIN;
	parley_wait_link(&receiver->wait, receiver->toward);
	hlist_add_head(&receiver->link, &inbox->receivers);
	return 0;
}

/**
 * parley_inbox_taken() - a message that wants no reply has reached user space
 * @receiver: which got it
 *
 * Ends it, and so lets its sender go on.
 *
 * Return: false if its sender has been told that it was withdrawn: it has a load.
 */
bool parley_inbox_taken(struct parley_receiver *receiver)
{
	struct parley_inbox *inbox = receiver->inbox;
	struct parley_waker *waker = NULL;
	struct parley_message *message;

	if (!receiver->token) {
		parley_notification_taken(receiver);
		return true;
	}
	rcu_read_lock();
	spin_lock(&inbox->lock);
	message = parley_place_find_locked(inbox, receiver->token);
	if (message)
		waker = parley_place_end_locked(message, 0);
	spin_unlock(&inbox->lock);
	parley_wake(waker);
	rcu_read_unlock();
	return message || !receiver->load.kinds;
}

/**
 * parley_inbox_unload() - what a request carries has reached user space
 * @receiver: which got it, and shares the load
 *
 * The caller needs not keep it until the reply: the descriptor that it sent may be
 * the last that holds a pipe open.
 */
void parley_inbox_unload(struct parley_receiver *receiver)
{
	struct parley_inbox *inbox = receiver->inbox;
	struct parley_message *message;

	if (!receiver->load.kinds)
		return;
	if (receiver->load.pin)
		parley_pin_end(receiver->load.pin);
	if (!receiver->load.transfer.file)
		return;
	spin_lock(&inbox->lock);
	message = parley_place_find_locked(inbox, receiver->token);
	if (message && message->laden)
		parley_transfer_drop(&message->baggage.load.transfer);
	spin_unlock(&inbox->lock);
}

/**
 * parley_inbox_refuse() - what the message carries can't be received, ever
 * @receiver: which got it
 *
 * Its sender gets -EOPNOTSUPP.
 */
void parley_inbox_refuse(struct parley_receiver *receiver)
{
	struct parley_inbox *inbox = receiver->inbox;
	struct parley_waker *waker = NULL;
	struct parley_message *message;

	rcu_read_lock();
	spin_lock(&inbox->lock);
	message = parley_place_find_locked(inbox, receiver->token);
	if (message && message->oneway == receiver->oneway)
		waker = parley_place_end_locked(message, -EOPNOTSUPP);
	else if (message)
		parley_note_forget_locked(inbox, message);
	spin_unlock(&inbox->lock);
	parley_wake(waker);
	rcu_read_unlock();
}

/* A receiver gives @message back: it is HELD no more. */
static void parley_inbox_unhold_locked(struct parley_message *message)
{
	if (parley_note_is_cancellation(message)) {
		message->state = PARLEY_MESSAGE_CANCELLED;
		message->inbox->cancelled++;
	} else {
		message->state = PARLEY_MESSAGE_QUEUED;
		hlist_del(&message->held);
	}
}

/* What becomes of a message that its receiver gave back. Returns whom to wake. */
static struct parley_waker *
parley_inbox_put_back_locked(struct parley_message *message)
{
	struct parley_inbox *inbox = message->inbox;
	bool unwaited = message->detached && !message->kernel;
	struct parley_receiver *other;

	if (message->needless) {
		parley_note_drop_locked(inbox, message);
		return NULL;
	}
	other = parley_receiver_find_locked(inbox, message->content.msg.src);
	if (other && !parley_receiver_accepts(other, message))
		return parley_place_end_locked(message, -EOPNOTSUPP);
	if (other) {
		parley_inbox_unhold_locked(message);
		parley_receiver_hand_locked(other, message);
		return parley_receiver_finish_locked(other);
	}
	/* A non-blocking call was not to wait for a receiver. */
	if (message->nonblock && !message->detached)
		return parley_place_end_locked(message, -EAGAIN);
	/* The receiver has kept it, and not its sender. */
	if (unwaited && (inbox->orphans == PARLEY_ORPHANS_MAX ||
			 parley_message_recharge(message, inbox->user)))
		return parley_place_end_locked(message, 0);
	parley_inbox_unhold_locked(message);
	message->orphan = unwaited;
	inbox->orphans += unwaited;
	parley_place_requeue_locked(message);
	return NULL;
}

/**
 * parley_inbox_return() - the message could not be copied to user space
 * @receiver: which got it
 *
 * Another waiting receiver gets it, or the next one that comes. Nothing
 * happens if it has ended since.
 */
void parley_inbox_return(struct parley_receiver *receiver)
{
	struct parley_inbox *inbox = receiver->inbox;
	struct parley_waker *waker = NULL;
	struct parley_message *message;
	bool queued = false;

	if (!receiver->token) {
		parley_notification_return(receiver);
		return;
	}
	rcu_read_lock();
	spin_lock(&inbox->lock);
	message = parley_place_find_locked(inbox, receiver->token);
	if (message && message->oneway == receiver->oneway) {
		waker = parley_inbox_put_back_locked(message);
		queued = !waker;
	} else if (message) {
		/* It was a call then: nobody has seen its token. */
		parley_note_forget_locked(inbox, message);
	}
	spin_unlock(&inbox->lock);
	parley_wake(waker);
	rcu_read_unlock();

	if (queued)
		parley_inbox_wake_pollers(inbox);
}

/**
 * parley_inbox_room() - may a reply carry this?
 * @inbox: of the task that replies
 * @token: the request's
 * @load: what it is
 * @len: bytes of out-of-line payload to be written
 * @pin: receives where to write them, with a reference; NULL if there is not that
 *	much room
 *
 * Return: 0, -ENOENT or -EOPNOTSUPP.
 */
int parley_inbox_room(struct parley_inbox *inbox, u64 token,
		      const struct parley_load *load, u32 len,
		      struct parley_pin **pin)
{
	const struct parley_room *room;
	struct parley_message *message;
	int err = -ENOENT;

	*pin = NULL;
	spin_lock(&inbox->lock);
	message = parley_place_find_locked(inbox, token);
	if (message && !message->oneway) {
		room = &message->baggage.room;
		err = parley_load_suits(load, room->accepts, room->map_max) ?
			      0 : -EOPNOTSUPP;
		if (!err && len && len <= room->len)
			*pin = parley_pin_get(room->pin);
	}
	spin_unlock(&inbox->lock);
	return err;
}

/**
 * parley_inbox_answer_locked() - spend a token
 * @inbox: of the task that replies
 * @token: the request's
 * @reply: copied to the caller
 * @load: what it carries besides, acceptable to the caller; carries nothing
 *	afterwards
 * @caller: receives whom to wake, possibly NULL; untouched on failure
 *
 * Return: 0, or -ENOENT if the inbox holds no such request.
 */
int parley_inbox_answer_locked(struct parley_inbox *inbox, u64 token,
			       const struct parley_content *reply,
			       struct parley_load *load,
			       struct parley_waker **caller)
{
	struct parley_message *message = parley_place_find_locked(inbox, token);

	if (!message || message->oneway) {
		if (message && parley_note_is_cancellation(message))
			parley_note_forget_locked(inbox, message);
		if (load->kinds)
			parley_load_unshare(load);
		return -ENOENT;
	}
	parley_content_copy(&message->content, reply);
	if (load->kinds)
		swap(*load, message->baggage.answer);
	*caller = parley_place_end_locked(message, 0);
	return 0;
}

/**
 * parley_inbox_sender() - who sent a request?
 * @inbox: of the task that has it in hand
 * @token: the request's
 * @sender: receives who, to be dropped
 * @same_mnt_ns: receives whether it was handed over in one mount namespace
 *
 * Return: 0 or -ENOENT.
 */
int parley_inbox_sender(struct parley_inbox *inbox, u64 token,
			struct parley_sender *sender, bool *same_mnt_ns)
{
	struct parley_message *message;
	int err = -ENOENT;

	spin_lock(&inbox->lock);
	message = parley_place_find_locked(inbox, token);
	if (message && !message->oneway) {
		parley_sender_copy(sender, &message->sender);
		*same_mnt_ns = message->same_mnt_ns;
		err = 0;
	}
	spin_unlock(&inbox->lock);
	return err;
}

/**
 * parley_inbox_poll() - poll(2): would a receive from anyone wait?
 * @inbox: the caller's
 * @file: being polled
 * @table: of the poll
 *
 * Return: event mask.
 */
__poll_t parley_inbox_poll(struct parley_inbox *inbox, struct file *file,
			   poll_table *table)
{
	__poll_t events = 0;

	poll_wait(file, &inbox->pollers, table);
	spin_lock(&inbox->lock);
	if (inbox->closed)
		events = EPOLLERR | EPOLLHUP;
	else if (inbox->notifications || !list_empty(&inbox->queue))
		events = EPOLLIN | EPOLLRDNORM;
	spin_unlock(&inbox->lock);
	return events;
}

/* End one message that @inbox still has. Returns false if there is none. */
static bool parley_inbox_close_one(struct parley_inbox *inbox, size_t *bucket)
{
	struct parley_waker *waker = NULL;
	struct parley_message *message;
	int err = -ENOTCONN;

	rcu_read_lock();
	spin_lock(&inbox->lock);
	message = list_first_entry_or_null(&inbox->queue, struct parley_message,
					   queue);
	while (!message && *bucket < PARLEY_HELD_BUCKETS) {
		err = -ECONNRESET;
		message = hlist_entry_safe(inbox->held[*bucket].first,
					   struct parley_message, held);
		if (!message)
			++*bucket;
	}
	if (message)
		waker = parley_place_end_locked(message, err);
	spin_unlock(&inbox->lock);
	parley_wake(waker);
	rcu_read_unlock();
	return message;
}

/* Abandon one receiver that hears only @inbox. Returns false if there is none. */
static bool parley_inbox_abandon_one(struct parley_inbox *inbox)
{
	struct parley_receiver *receiver;

	spin_lock(&inbox->followers_lock);
	receiver = list_first_entry_or_null(&inbox->followers,
					    struct parley_receiver, follow);
	if (receiver) {
		list_del_init(&receiver->follow);
		parley_receiver_abandon(receiver);
	}
	spin_unlock(&inbox->followers_lock);
	return receiver;
}

/**
 * parley_inbox_close() - the task is dead: end everything
 * @inbox: of the dead task, with no receiver waiting
 *
 * Senders get -ENOTCONN, or -ECONNRESET if their message had been taken.
 * Receivers that hear only this task stop waiting.
 */
void parley_inbox_close(struct parley_inbox *inbox)
{
	size_t bucket = 0;

	spin_lock(&inbox->followers_lock);
	spin_lock(&inbox->lock);
	inbox->closed = true;
	spin_unlock(&inbox->lock);
	spin_unlock(&inbox->followers_lock);

	while (parley_inbox_abandon_one(inbox))
		cond_resched();
	while (parley_inbox_close_one(inbox, &bucket))
		cond_resched();
	wake_up_all(&inbox->pollers);
}
