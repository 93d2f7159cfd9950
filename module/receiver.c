// SPDX-License-Identifier: GPL-2.0

#include <linux/nsproxy.h>
#include <linux/rcupdate.h>

#include "receiver.h"

/**
 * parley_receiver_init() - prepare to receive
 * @receiver: on the calling thread's stack
 * @inbox: of the calling task
 * @from: the task to hear, PARLEY_TASK_KERNEL or PARLEY_ANY
 * @wants_creds: tell who sent the message
 */
void parley_receiver_init(struct parley_receiver *receiver,
			  struct parley_inbox *inbox, s32 from, bool wants_creds)
{
	parley_wait_init(&receiver->wait);
	INIT_HLIST_NODE(&receiver->link);
	receiver->inbox = inbox;
	receiver->from = from;
	receiver->error = 0;
	receiver->wants_creds = wants_creds;
	receiver->async = false;
	receiver->mnt_ns = current->nsproxy->mnt_ns;
	if (wants_creds)
		parley_reader_init(&receiver->reader);
}

/* The receiver that waits for a message from @src, or NULL. */
struct parley_receiver *parley_receiver_find_locked(struct parley_inbox *inbox,
						    s32 src)
{
	struct parley_receiver *receiver;

	lockdep_assert_held(&inbox->lock);

	hlist_for_each_entry(receiver, &inbox->receivers, link)
		if (receiver->from == PARLEY_ANY || receiver->from == src)
			return receiver;
	return NULL;
}

static void parley_receiver_tell(struct parley_receiver *receiver,
				 const struct parley_message *message)
{
	if (message->kernel)
		receiver->creds = (struct parley_creds){
			.flags = PARLEY_CREDS_KERNEL,
		};
	else
		parley_sender_tell(&message->sender, message->same_mnt_ns,
				   &receiver->reader, &receiver->creds);
}

/**
 * parley_receiver_hand_locked() - put a message into a receiver's hands
 * @receiver: not waiting, or to be finished
 * @message: in no queue; in inbox->held only if it was CANCELLED
 */
void parley_receiver_hand_locked(struct parley_receiver *receiver,
				 struct parley_message *message)
{
	struct parley_inbox *inbox = message->inbox;

	lockdep_assert_held(&inbox->lock);

	if (message->state == PARLEY_MESSAGE_CANCELLED)
		inbox->cancelled--;
	else
		hlist_add_head(&message->held,
			       parley_inbox_bucket(inbox, message->token));
	message->state = PARLEY_MESSAGE_HELD;
	message->same_mnt_ns = message->sender.mnt_ns == receiver->mnt_ns;

	receiver->error = 0;
	receiver->token = message->token;
	receiver->oneway = message->oneway;
	parley_content_copy(&receiver->content, &message->content);
	if (receiver->wants_creds)
		parley_receiver_tell(receiver, message);
}

/* Like parley_wait_finish(), for a receiver in inbox->receivers. */
struct task_struct *
parley_receiver_finish_locked(struct parley_receiver *receiver)
{
	lockdep_assert_held(&receiver->inbox->lock);

	hlist_del_init(&receiver->link);
	return parley_wait_finish(&receiver->wait);
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
 * parley_receiver_give_up() - stop waiting for a message
 * @receiver: entered by the calling thread
 *
 * Return: true if nothing had come; false if it has a message, or an error.
 */
bool parley_receiver_give_up(struct parley_receiver *receiver)
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
