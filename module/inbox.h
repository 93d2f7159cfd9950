/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: inbox, where messages to a task meet its receivers
 *
 * An inbox holds messages that nobody has taken (in order), requests taken and
 * not yet answered (by token), the task's threads that wait for a message
 * (receiver.h), and notification bits (notification.h). It allocates nothing: a
 * message is the sender's (message.h), a receiver lies on its thread's stack,
 * what the kernel has to say was allocated when it was asked for.
 *
 * A message that finds a waiting receiver is handed to it at once, copied into
 * its struct parley_receiver, and is HELD from then on. The receiver copies it
 * out to user space without a lock and then either keeps it
 * (parley_inbox_taken()) or, if user memory is not fit, puts it back in its
 * place (parley_inbox_return()): no fault of the receiver loses a message that
 * somebody waits for, and of the others PARLEY_ORPHANS_MAX are kept.
 *
 * Receivers are served latest first, which keeps a pool's idle workers asleep
 * and the busy one's cache warm.
 *
 * Lifetime: part of a struct parley_task, which it counts the references to.
 * parley_inbox_close() ends everything in it; afterwards nothing can be posted.
 *
 * Lock order: that of all bonds (bond.h), @followers_lock (of the task that is
 * heard), then @lock (of the task that hears it, or the same), then the table of
 * users (quota.h). Wake-ups happen after @lock is dropped, in the RCU section
 * begun before it was taken (wait.h); those of pollers too, but for a watch's
 * note, which is posted with the bonds locked.
 */
#ifndef _PARLEY_INBOX_H
#define _PARLEY_INBOX_H

#include <linux/list.h>
#include <linux/poll.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "message.h"

struct parley_receiver;

#define PARLEY_HELD_BUCKETS	64

/*
 * Messages whose senders did not wait, and which no receiver could copy out so
 * far, that an inbox keeps: else a receiver could use up what is the senders'.
 */
#define PARLEY_ORPHANS_MAX	64

/**
 * struct parley_inbox - what a task is sent
 * @lock: protects all below, up to @closed
 * @queue: messages nobody has taken, oldest first
 * @receivers: waiting struct parley_receiver, latest first
 * @held: messages in receivers' hands, hashed by token
 * @last_token: the last one given; tokens are never reused, and in the order
 *	in which messages came
 * @notifications: bits set and not yet received
 * @raised: the links (notification.h) that PARLEY_NOTIFY_ASYNC stands for
 * @orphans: messages in @queue that are counted as such
 * @cancelled: CANCELLED messages
 * @unnoted: PARLEY_NOTIFY_ABORTED is set for a call that left no note, too
 * @closed: the task is dead
 * @pollers: who polls for something to receive
 * @followers_lock: protects @followers, and @closed against new ones
 * @followers: receivers of other tasks that hear only this one
 * @user: whom to charge for what the task keeps
 * @chain: the task's process, set before anybody can post
 * @refs: references to the task
 * @release: ends the task's memory, with the last of them
 */
struct parley_inbox {
	spinlock_t lock; /* all below, up to closed */
	struct list_head queue;
	struct hlist_head receivers;
	struct hlist_head held[PARLEY_HELD_BUCKETS];
	u64 last_token;
	u32 notifications;
	struct list_head raised;
	u32 orphans;
	u32 cancelled;
	bool unnoted;
	bool closed;
	wait_queue_head_t pollers;

	spinlock_t followers_lock; /* followers; closed, too, is set under it */
	struct list_head followers;

	struct parley_user *user;
	struct parley_chain *chain;
	refcount_t refs;
	void (*release)(struct parley_inbox *inbox);
};

static inline struct hlist_head *parley_inbox_bucket(struct parley_inbox *inbox,
						     u64 token)
{
	return &inbox->held[token % PARLEY_HELD_BUCKETS];
}

/* What became readable while no receiver waited: tell who polls. */
static inline void parley_inbox_wake_pollers(struct parley_inbox *inbox)
{
	if (wq_has_sleeper(&inbox->pollers))
		wake_up_interruptible_poll(&inbox->pollers,
					   EPOLLIN | EPOLLRDNORM);
}

static inline void parley_inbox_put(struct parley_inbox *inbox)
{
	if (refcount_dec_and_test(&inbox->refs))
		inbox->release(inbox);
}

/**
 * enum parley_withdrawal - what came of giving up a message
 * @PARLEY_WITHDRAWN: it has ended, and nobody has taken it or can answer it
 * @PARLEY_WITHDRAWN_LATE: it had ended before, as @error says
 * @PARLEY_WITHDRAWN_NOT: it is one-way and a receiver is copying it out: a
 *	success, and the message is the inbox's
 * @PARLEY_WITHDRAWN_NOTED: nobody can answer it; the message is the inbox's, a
 *	note for the task that has it in hand
 */
enum parley_withdrawal {
	PARLEY_WITHDRAWN,
	PARLEY_WITHDRAWN_LATE,
	PARLEY_WITHDRAWN_NOT,
	PARLEY_WITHDRAWN_NOTED,
};

void parley_inbox_init(struct parley_inbox *inbox, struct parley_user *user,
		       void (*release)(struct parley_inbox *inbox));
void parley_inbox_close(struct parley_inbox *inbox);

/* For the sender. */
int parley_inbox_post(struct parley_inbox *inbox,
		      struct parley_message *message, bool nonblock);
enum parley_withdrawal parley_inbox_withdraw(struct parley_message *message,
					     struct parley_baggage *left);
bool parley_inbox_leave(struct parley_message *message);
void parley_inbox_rejoin(struct parley_message *message,
			 struct parley_chain *chain);

/* For the receiver. */
int parley_inbox_receive_locked(struct parley_receiver *receiver, bool nonblock);
bool parley_inbox_taken(struct parley_receiver *receiver);
void parley_inbox_unload(struct parley_receiver *receiver);
void parley_inbox_refuse(struct parley_receiver *receiver);
void parley_inbox_return(struct parley_receiver *receiver);
int parley_inbox_room(struct parley_inbox *inbox, u64 token,
		      const struct parley_load *load, u32 len,
		      struct parley_pin **pin);
int parley_inbox_answer_locked(struct parley_inbox *inbox, u64 token,
			       const struct parley_content *reply,
			       struct parley_load *load,
			       struct parley_waker **caller);
int parley_inbox_sender(struct parley_inbox *inbox, u64 token,
			struct parley_sender *sender, bool *same_mnt_ns);
__poll_t parley_inbox_poll(struct parley_inbox *inbox, struct file *file,
			   poll_table *table);

#endif /* _PARLEY_INBOX_H */
