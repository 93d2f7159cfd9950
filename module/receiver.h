/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: receiver, a thread that receives
 *
 * A struct parley_receiver lies on the stack of a thread in RECV or REPLYRECV.
 * While the thread waits it is in its inbox's list, and whoever takes it from
 * there hands it a message, or an error, and wakes it.
 *
 * A receiver that hears one task only *follows* it, so that it stops waiting
 * when that task dies. It leaves the list of followers itself.
 *
 * Locks: the inbox's, but for the list of followers; see inbox.h.
 */
#ifndef _PARLEY_RECEIVER_H
#define _PARLEY_RECEIVER_H

#include <linux/list.h>
#include <linux/nsproxy.h>
#include <linux/types.h>

#include "creds.h"
#include "inbox.h"
#include "message.h"
#include "wait.h"

/**
 * struct parley_receiver - a thread that receives
 * @wait: its sleep
 * @inbox: where it receives
 * @link: in inbox->receivers while it waits
 * @follow: in the followers of the task it hears
 * @from: that task, or PARLEY_ANY
 * @toward: that task's process, if @wait has a chain
 * @error: what ended the wait if no message did
 * @oneway: the message wants no reply
 * @wants_creds: @creds is to be filled in
 * @async: the message is a notification, and names the links in @raised
 * @unnoted: the message is a notification, and inbox->unnoted was set
 * @accepts: PARLEY_CARGO_* that a message may carry
 * @map_max: if it accepts mappings, the most bytes of one
 * @load: what the message carries: shared, to be given up by
 *	parley_receiver_unload(). As @content, before that what a reply carries
 * @token: name of the message in inbox->held, 0 for a notification
 * @mnt_ns: of the thread
 * @reader: its other namespaces, if @wants_creds
 * @creds: who sent the message
 * @raised: links that are being told
 * @content: the message. Before there is one, the reply to an earlier one
 */
struct parley_receiver {
	struct parley_wait wait;
	struct parley_inbox *inbox;
	struct hlist_node link;
	struct list_head follow;
	s32 from;
	struct parley_chain *toward;
	int error;
	bool oneway;
	bool wants_creds;
	bool async;
	bool unnoted;
	u32 accepts;
	u64 map_max;
	struct parley_load load;
	u64 token;
	const struct mnt_namespace *mnt_ns;
	struct parley_reader reader;
	struct parley_creds creds;
	struct list_head raised;
	struct parley_content content;
};

void parley_receiver_follow(struct parley_receiver *receiver,
			    struct parley_inbox *heard);
void parley_receiver_unfollow(struct parley_receiver *receiver,
			      struct parley_inbox *heard);
void parley_receiver_abandon(struct parley_receiver *receiver);
bool parley_receiver_give_up(struct parley_receiver *receiver);

void parley_receiver_hand_locked(struct parley_receiver *receiver,
				 struct parley_message *message);

/**
 * parley_receiver_init() - prepare to receive
 * @receiver: on the calling thread's stack
 * @inbox: of the calling task
 * @from: the task to hear, PARLEY_TASK_KERNEL or PARLEY_ANY
 * @wants_creds: tell who sent the message
 *
 * It accepts no cargo, unless the caller says so afterwards.
 */
static inline void
parley_receiver_init(struct parley_receiver *receiver, struct parley_inbox *inbox,
		     s32 from, bool wants_creds)
{
	parley_wait_init(&receiver->wait);
	INIT_HLIST_NODE(&receiver->link);
	receiver->inbox = inbox;
	receiver->from = from;
	receiver->error = 0;
	receiver->accepts = 0;
	receiver->wants_creds = wants_creds;
	receiver->async = false;
	receiver->mnt_ns = current->nsproxy->mnt_ns;
	if (wants_creds)
		parley_reader_init(&receiver->reader);
}

/* The receiver that waits for a message from @src, or NULL. */
static inline struct parley_receiver *
parley_receiver_find_locked(struct parley_inbox *inbox, s32 src)
{
	struct parley_receiver *receiver;

	lockdep_assert_held(&inbox->lock);

	hlist_for_each_entry(receiver, &inbox->receivers, link)
		if (receiver->from == PARLEY_ANY || receiver->from == src)
			return receiver;
	return NULL;
}

/* Of a message that carries what it doesn't accept the sender gets an error. */
static inline bool
parley_receiver_accepts(const struct parley_receiver *receiver,
			const struct parley_message *message)
{
	return likely(!message->laden) ||
	       parley_load_suits(&message->baggage.load, receiver->accepts,
				 receiver->map_max);
}

/* Like parley_wait_finish(), for a receiver in inbox->receivers. */
static inline struct parley_waker *
parley_receiver_finish_locked(struct parley_receiver *receiver)
{
	lockdep_assert_held(&receiver->inbox->lock);

	hlist_del_init(&receiver->link);
	return parley_wait_finish(&receiver->wait);
}

static inline void parley_receiver_unload(struct parley_receiver *receiver)
{
	if (receiver->load.kinds)
		parley_load_unshare(&receiver->load);
}

#endif /* _PARLEY_RECEIVER_H */
