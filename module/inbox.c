// SPDX-License-Identifier: GPL-2.0

#include <linux/hashtable.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <uapi/linux/parley_proto.h>

#include "inbox.h"

void parley_inbox_init(struct parley_inbox *inbox)
{
	spin_lock_init(&inbox->lock);
	INIT_LIST_HEAD(&inbox->queue);
	INIT_HLIST_HEAD(&inbox->receivers);
	__hash_init(inbox->held, PARLEY_HELD_BUCKETS);
	inbox->last_token = 0;
	inbox->notifications = 0;
	inbox->orphans = 0;
	inbox->closed = false;
	init_waitqueue_head(&inbox->pollers);
	spin_lock_init(&inbox->followers_lock);
	INIT_LIST_HEAD(&inbox->followers);
}

static struct hlist_head *parley_inbox_bucket(struct parley_inbox *inbox,
					      u64 token)
{
	return &inbox->held[token % PARLEY_HELD_BUCKETS];
}

/* Take @message out of where it is. */
static void parley_inbox_unlink_locked(struct parley_message *message)
{
	lockdep_assert_held(&message->inbox->lock);

	if (message->state == PARLEY_MESSAGE_QUEUED)
		list_del(&message->queue);
	else
		hlist_del(&message->held);
	message->state = PARLEY_MESSAGE_ENDED;
}

/*
 * End @message, wherever it is. Afterwards it is its owner's alone.
 * Returns whom to wake.
 */
static struct task_struct *
parley_inbox_end_locked(struct parley_message *message, int error)
{
	parley_inbox_unlink_locked(message);
	if (message->detached) {
		parley_message_free(message);
		return NULL;
	}
	message->error = error;
	return parley_wait_finish(&message->wait);
}

static struct parley_message *parley_inbox_find_locked(struct parley_inbox *inbox,
						       u64 token)
{
	struct parley_message *message;

	lockdep_assert_held(&inbox->lock);

	hlist_for_each_entry(message, parley_inbox_bucket(inbox, token), held)
		if (message->token == token)
			return message;
	return NULL;
}

/* Put @message, in no list so far, into @receiver's hands. */
static void parley_inbox_hand_locked(struct parley_message *message,
				     struct parley_receiver *receiver)
{
	struct parley_inbox *inbox = message->inbox;

	message->state = PARLEY_MESSAGE_HELD;
	hlist_add_head(&message->held,
		       parley_inbox_bucket(inbox, message->token));

	receiver->error = 0;
	receiver->token = message->token;
	receiver->oneway = message->oneway;
	parley_content_copy(&receiver->content, &message->content);
}

static struct parley_receiver *
parley_inbox_receiver_locked(struct parley_inbox *inbox, s32 src)
{
	struct parley_receiver *receiver;

	hlist_for_each_entry(receiver, &inbox->receivers, link)
		if (receiver->from == PARLEY_ANY || receiver->from == src)
			return receiver;
	return NULL;
}

/* Like parley_wait_finish(), for a receiver in inbox->receivers. */
static struct task_struct *
parley_receiver_finish_locked(struct parley_receiver *receiver)
{
	hlist_del_init(&receiver->link);
	return parley_wait_finish(&receiver->wait);
}

/* What became readable while no receiver waited: tell who polls. */
static void parley_inbox_wake_pollers(struct parley_inbox *inbox)
{
	if (wq_has_sleeper(&inbox->pollers))
		wake_up_interruptible_poll(&inbox->pollers,
					   EPOLLIN | EPOLLRDNORM);
}

/**
 * parley_inbox_post() - give a new message to a receiver, or queue it
 * @inbox: the destination's; the caller keeps it alive until the message ends
 * @message: new, its content complete; the calling thread waits for it
 * @nonblock: fail unless a receiver waits; a one-way message becomes the
 *	inbox's by success, detached
 *
 * Return: 0; -ENOTCONN when the task is dead; -EAGAIN.
 */
int parley_inbox_post(struct parley_inbox *inbox,
		      struct parley_message *message, bool nonblock)
{
	struct task_struct *thread = NULL;
	struct parley_receiver *receiver;
	int err = 0;

	message->inbox = inbox;

	rcu_read_lock();
	spin_lock(&inbox->lock);
	receiver = parley_inbox_receiver_locked(inbox, message->content.msg.src);
	message->token = ++inbox->last_token;
	message->nonblock = nonblock;
	if (inbox->closed) {
		err = -ENOTCONN;
	} else if (receiver) {
		message->detached = nonblock && message->oneway;
		parley_inbox_hand_locked(message, receiver);
		thread = parley_receiver_finish_locked(receiver);
	} else if (nonblock) {
		err = -EAGAIN;
	} else {
		message->state = PARLEY_MESSAGE_QUEUED;
		list_add_tail(&message->queue, &inbox->queue);
	}
	spin_unlock(&inbox->lock);
	parley_wake(thread);
	rcu_read_unlock();

	if (!err && !receiver)
		parley_inbox_wake_pollers(inbox);
	return err;
}

/**
 * parley_inbox_withdraw() - give up a message
 * @message: the caller's, posted and not detached
 *
 * Return: what came of it.
 */
enum parley_withdrawal parley_inbox_withdraw(struct parley_message *message)
{
	enum parley_withdrawal result = PARLEY_WITHDRAWN;
	struct parley_inbox *inbox = message->inbox;

	spin_lock(&inbox->lock);
	if (message->state == PARLEY_MESSAGE_ENDED) {
		result = PARLEY_WITHDRAWN_LATE;
	} else if (message->state == PARLEY_MESSAGE_HELD && message->oneway) {
		message->detached = true;
		result = PARLEY_WITHDRAWN_NOT;
	} else {
		parley_inbox_unlink_locked(message);
	}
	spin_unlock(&inbox->lock);
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
	message->wait.thread = NULL;
	spin_unlock(&message->inbox->lock);
	return left;
}

/**
 * parley_inbox_rejoin() - wait again for a message that was left
 * @message: the calling thread is going to wait for it
 */
void parley_inbox_rejoin(struct parley_message *message)
{
	spin_lock(&message->inbox->lock);
	message->wait.thread = current;
	spin_unlock(&message->inbox->lock);
}

/* Make a notification message of the bits that are set. */
static void parley_inbox_hand_notifications_locked(struct parley_inbox *inbox,
						   struct parley_receiver *receiver)
{
	struct parley_content *content = &receiver->content;
	struct parley_global_notifications body = { .data = inbox->notifications };

	inbox->notifications = 0;
	receiver->error = 0;
	receiver->token = 0;
	receiver->oneway = true;
	content->msg.type = PARLEY_GLOBAL_NOTIFICATIONS;
	content->msg.src = PARLEY_TASK_KERNEL;
	content->len = sizeof(body);
	memcpy(content->msg.payload, &body, sizeof(body));
}

/**
 * parley_inbox_notify() - set notification bits
 * @inbox: the destination's
 * @bits: PARLEY_NOTIFY_*, not 0
 *
 * Return: 0; -ENOTCONN when the task is dead.
 */
int parley_inbox_notify(struct parley_inbox *inbox, u32 bits)
{
	struct task_struct *thread = NULL;
	struct parley_receiver *receiver;
	int err = 0;

	rcu_read_lock();
	spin_lock(&inbox->lock);
	receiver = parley_inbox_receiver_locked(inbox, PARLEY_TASK_KERNEL);
	if (inbox->closed) {
		err = -ENOTCONN;
	} else {
		inbox->notifications |= bits;
		if (receiver) {
			parley_inbox_hand_notifications_locked(inbox, receiver);
			thread = parley_receiver_finish_locked(receiver);
		}
	}
	spin_unlock(&inbox->lock);
	parley_wake(thread);
	rcu_read_unlock();

	if (!err && !receiver)
		parley_inbox_wake_pollers(inbox);
	return err;
}

/**
 * parley_receiver_init() - prepare to receive
 * @receiver: on the calling thread's stack
 * @inbox: of the calling task
 * @from: the task to hear, PARLEY_TASK_KERNEL or PARLEY_ANY
 */
void parley_receiver_init(struct parley_receiver *receiver,
			  struct parley_inbox *inbox, s32 from)
{
	parley_wait_init(&receiver->wait);
	INIT_HLIST_NODE(&receiver->link);
	receiver->inbox = inbox;
	receiver->from = from;
	receiver->error = 0;
}

/**
 * parley_receiver_abandon() - the only task that is heard is dead
 * @receiver: gets -ENOTCONN, unless it has a message or finds one
 */
void parley_receiver_abandon(struct parley_receiver *receiver)
{
	struct parley_inbox *inbox = receiver->inbox;
	struct task_struct *thread = NULL;

	rcu_read_lock();
	spin_lock(&inbox->lock);
	if (!receiver->wait.done) {
		receiver->error = -ENOTCONN;
		thread = parley_receiver_finish_locked(receiver);
	}
	spin_unlock(&inbox->lock);
	parley_wake(thread);
	rcu_read_unlock();
}

/**
 * parley_receiver_follow() - be abandoned when a task dies
 * @receiver: initialised, not yet receiving
 * @heard: that task's inbox
 */
void parley_receiver_follow(struct parley_receiver *receiver,
			    struct parley_inbox *heard)
{
	spin_lock(&heard->followers_lock);
	list_add(&receiver->follow, &heard->followers);
	if (heard->closed)
		parley_receiver_abandon(receiver);
	spin_unlock(&heard->followers_lock);
}

void parley_receiver_unfollow(struct parley_receiver *receiver,
			      struct parley_inbox *heard)
{
	spin_lock(&heard->followers_lock);
	list_del(&receiver->follow);
	spin_unlock(&heard->followers_lock);
}

/**
 * parley_inbox_receive_locked() - take what there is, or start waiting for it
 * @receiver: initialised by the calling thread
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
	struct parley_message *message;
	s32 from = receiver->from;

	lockdep_assert_held(&inbox->lock);

	if (inbox->notifications &&
	    (from == PARLEY_ANY || from == PARLEY_TASK_KERNEL)) {
		parley_inbox_hand_notifications_locked(inbox, receiver);
		receiver->wait.done = true;
		return 0;
	}
	list_for_each_entry(message, &inbox->queue, queue) {
		if (from == PARLEY_ANY || from == message->content.msg.src) {
			list_del(&message->queue);
			inbox->orphans -= message->detached;
			parley_inbox_hand_locked(message, receiver);
			receiver->wait.done = true;
			return 0;
		}
	}
	if (receiver->wait.done)
		return receiver->error;
	if (inbox->closed)
		return -ESTALE;
	if (nonblock)
		return -EAGAIN;
	hlist_add_head(&receiver->link, &inbox->receivers);
	return 0;
}

/**
 * parley_inbox_give_up() - stop waiting for a message
 * @receiver: entered by the calling thread
 *
 * Return: true if nothing had come; false if it has a message, or an error.
 */
bool parley_inbox_give_up(struct parley_receiver *receiver)
{
	bool waiting;

	spin_lock(&receiver->inbox->lock);
	waiting = !receiver->wait.done;
	/* It may yet be abandoned, and must then be found in no list. */
	if (waiting)
		hlist_del_init(&receiver->link);
	spin_unlock(&receiver->inbox->lock);
	return waiting;
}

/**
 * parley_inbox_taken() - the message has reached user space
 * @receiver: which got it
 *
 * Ends a message that wants no reply, and so lets its sender go on.
 */
void parley_inbox_taken(struct parley_receiver *receiver)
{
	struct parley_inbox *inbox = receiver->inbox;
	struct task_struct *thread = NULL;
	struct parley_message *message;

	if (!receiver->oneway || !receiver->token)
		return;
	rcu_read_lock();
	spin_lock(&inbox->lock);
	message = parley_inbox_find_locked(inbox, receiver->token);
	if (message)
		thread = parley_inbox_end_locked(message, 0);
	spin_unlock(&inbox->lock);
	parley_wake(thread);
	rcu_read_unlock();
}

/* Queue a message again, before those that came after it. */
static void parley_inbox_requeue_locked(struct parley_message *message)
{
	struct list_head *before = &message->inbox->queue;
	struct parley_message *other;

	list_for_each_entry(other, &message->inbox->queue, queue) {
		if (other->token > message->token)
			break;
		before = &other->queue;
	}
	message->state = PARLEY_MESSAGE_QUEUED;
	list_add(&message->queue, before);
}

/* What becomes of a message that its receiver gave back. Returns whom to wake. */
static struct task_struct *
parley_inbox_put_back_locked(struct parley_message *message)
{
	struct parley_inbox *inbox = message->inbox;
	struct parley_receiver *other;

	other = parley_inbox_receiver_locked(inbox, message->content.msg.src);
	if (other) {
		hlist_del(&message->held);
		parley_inbox_hand_locked(message, other);
		return parley_receiver_finish_locked(other);
	}
	/* A non-blocking call was not to wait for a receiver. */
	if (message->nonblock && !message->detached)
		return parley_inbox_end_locked(message, -EAGAIN);
	if (message->detached && inbox->orphans == PARLEY_ORPHANS_MAX)
		return parley_inbox_end_locked(message, 0);
	hlist_del(&message->held);
	inbox->orphans += message->detached;
	parley_inbox_requeue_locked(message);
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
	struct task_struct *thread = NULL;
	struct parley_message *message;

	if (!receiver->token) {
		parley_inbox_notify(inbox, receiver->content.msg.payload[0]);
		return;
	}
	rcu_read_lock();
	spin_lock(&inbox->lock);
	message = parley_inbox_find_locked(inbox, receiver->token);
	if (message)
		thread = parley_inbox_put_back_locked(message);
	spin_unlock(&inbox->lock);
	parley_wake(thread);
	rcu_read_unlock();

	if (message && !thread)
		parley_inbox_wake_pollers(inbox);
}

/**
 * parley_inbox_answer_locked() - spend a token
 * @inbox: of the task that replies
 * @token: the request's
 * @reply: copied to the caller
 * @caller: receives whom to wake, possibly NULL; untouched on failure
 *
 * Return: 0, or -ENOENT if the inbox holds no such request.
 */
int parley_inbox_answer_locked(struct parley_inbox *inbox, u64 token,
			       const struct parley_content *reply,
			       struct task_struct **caller)
{
	struct parley_message *message = parley_inbox_find_locked(inbox, token);

	if (!message || message->oneway)
		return -ENOENT;
	parley_content_copy(&message->content, reply);
	*caller = parley_inbox_end_locked(message, 0);
	return 0;
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
	struct task_struct *thread = NULL;
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
		thread = parley_inbox_end_locked(message, err);
	spin_unlock(&inbox->lock);
	parley_wake(thread);
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
