/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: inbox, where messages to a task meet its receivers
 *
 * An inbox holds messages that nobody has taken (in order), requests taken and
 * not yet answered (by token), the task's threads that wait for a message, and
 * notification bits. It allocates nothing: a message is the sender's
 * (message.h), a receiver lies on its thread's stack.
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
 * Lifetime: part of a struct parley_task. parley_inbox_close() ends everything
 * in it; afterwards nothing can be posted.
 *
 * Lock order: @followers_lock (of the task that is heard), then @lock (of the
 * task that hears it, or the same). Wake-ups happen after @lock is dropped, in
 * the RCU section begun before it was taken (wait.h).
 */
#ifndef _PARLEY_INBOX_H
#define _PARLEY_INBOX_H

#include <linux/list.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "message.h"

#define PARLEY_HELD_BUCKETS	64

/*
 * Messages whose senders did not wait, and which no receiver could copy out so
 * far, that an inbox keeps. Nobody else bounds them: the senders may be gone.
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
 * @orphans: detached messages in @queue
 * @closed: the task is dead
 * @pollers: who polls for something to receive
 * @followers_lock: protects @followers, and @closed against new ones
 * @followers: receivers of other tasks that hear only this one
 */
struct parley_inbox {
	spinlock_t lock; /* all below, up to closed */
	struct list_head queue;
	struct hlist_head receivers;
	struct hlist_head held[PARLEY_HELD_BUCKETS];
	u64 last_token;
	u32 notifications;
	u32 orphans;
	bool closed;
	wait_queue_head_t pollers;

	spinlock_t followers_lock; /* followers; closed, too, is set under it */
	struct list_head followers;
};

/**
 * struct parley_receiver - a thread that receives
 * @wait: its sleep
 * @inbox: where it receives
 * @link: in inbox->receivers while it waits
 * @follow: in the followers of the task it hears
 * @from: that task, or PARLEY_ANY
 * @error: what ended the wait if no message did
 * @oneway: the message wants no reply
 * @token: name of the message in inbox->held, 0 for a notification
 * @content: the message
 */
struct parley_receiver {
	struct parley_wait wait;
	struct parley_inbox *inbox;
	struct hlist_node link;
	struct list_head follow;
	s32 from;
	int error;
	bool oneway;
	u64 token;
	struct parley_content content;
};

/**
 * enum parley_withdrawal - what came of giving up a message
 * @PARLEY_WITHDRAWN: it has ended, and nobody has taken it or can answer it
 * @PARLEY_WITHDRAWN_LATE: it had ended before, as @error says
 * @PARLEY_WITHDRAWN_NOT: it is one-way and a receiver is copying it out: a
 *	success, and the message is the inbox's
 */
enum parley_withdrawal {
	PARLEY_WITHDRAWN,
	PARLEY_WITHDRAWN_LATE,
	PARLEY_WITHDRAWN_NOT,
};

void parley_inbox_init(struct parley_inbox *inbox);
void parley_inbox_close(struct parley_inbox *inbox);

/* For the sender. */
int parley_inbox_post(struct parley_inbox *inbox,
		      struct parley_message *message, bool nonblock);
enum parley_withdrawal parley_inbox_withdraw(struct parley_message *message);
bool parley_inbox_leave(struct parley_message *message);
void parley_inbox_rejoin(struct parley_message *message);
int parley_inbox_notify(struct parley_inbox *inbox, u32 bits);

/* For the receiver. */
void parley_receiver_init(struct parley_receiver *receiver,
			  struct parley_inbox *inbox, s32 from);
void parley_receiver_abandon(struct parley_receiver *receiver);
void parley_receiver_follow(struct parley_receiver *receiver,
			    struct parley_inbox *heard);
void parley_receiver_unfollow(struct parley_receiver *receiver,
			      struct parley_inbox *heard);
int parley_inbox_receive_locked(struct parley_receiver *receiver,
				bool nonblock);
bool parley_inbox_give_up(struct parley_receiver *receiver);
void parley_inbox_taken(struct parley_receiver *receiver);
void parley_inbox_return(struct parley_receiver *receiver);
int parley_inbox_answer_locked(struct parley_inbox *inbox, u64 token,
			       const struct parley_content *reply,
			       struct task_struct **caller);
__poll_t parley_inbox_poll(struct parley_inbox *inbox, struct file *file,
			   poll_table *table);

#endif /* _PARLEY_INBOX_H */
