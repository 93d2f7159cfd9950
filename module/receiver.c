// SPDX-License-Identifier: GPL-2.0

#include <linux/rcupdate.h>

#include "receiver.h"

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
 * @message: acceptable; in no queue; in inbox->held only if it was CANCELLED
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
	if (message->laden && message->baggage.load.kinds)
		parley_load_share(&receiver->load, &message->baggage.load);
	if (receiver->wants_creds)
		parley_receiver_tell(receiver, message);
}

/**
 * parley_receiver_abandon() - the only task that is heard is dead
 * @receiver: gets -ENOTCONN, unless it has a message or finds one
 */
void parley_receiver_abandon(struct parley_receiver *receiver)
{
	struct parley_inbox *inbox = receiver->inbox;
	struct parley_waker *waker = NULL;

	rcu_read_lock();
	spin_lock(&inbox->lock);
	if (!receiver->wait.done) {
		receiver->error = -ENOTCONN;
		waker = parley_receiver_finish_locked(receiver);
	}
	spin_unlock(&inbox->lock);
	parley_wake(waker);
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
