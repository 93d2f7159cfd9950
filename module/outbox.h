/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: outbox, what a task sends
 *
 * The sending side of a task: its messages that no thread waits for at present,
 * because a signal took the thread out of its wait (rpc.h, "interrupted"), each
 * under a number that user space hands back to resume it; and one message kept
 * for the next sender, so that a task that calls from one thread needs no
 * allocation.
 *
 * Lifetime: part of a struct parley_task. A message that was posted holds a
 * reference to the task that it was posted to, given up by
 * parley_outbox_settle(), or when the message becomes the inbox's.
 *
 * Lock: its own, never held together with another.
 */
#ifndef _PARLEY_OUTBOX_H
#define _PARLEY_OUTBOX_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "inbox.h"
#include "message.h"

/**
 * struct parley_outbox - what a task sends
 * @user: whom to charge for its messages
 * @spare: a message kept for the next sender
 * @lock: protects the following
 * @interrupted: messages that no thread waits for at present
 * @last_call: number given to the latest of them
 */
struct parley_outbox {
	struct parley_user *user;
	struct parley_message *spare;
	spinlock_t lock; /* all below */
	struct list_head interrupted;
	u64 last_call;
};

void parley_outbox_init(struct parley_outbox *outbox, struct parley_user *user);
void parley_outbox_close(struct parley_outbox *outbox);
void parley_outbox_free(struct parley_outbox *outbox);

u64 parley_outbox_interrupt(struct parley_outbox *outbox,
			    struct parley_message *message);
struct parley_message *parley_outbox_resume(struct parley_outbox *outbox,
					    u64 call, bool oneway);
struct parley_message *parley_outbox_message(struct parley_outbox *outbox,
					     bool oneway);
void parley_outbox_discard(struct parley_outbox *outbox,
			   struct parley_message *message);
void parley_outbox_settle(struct parley_outbox *outbox,
			  struct parley_message *message);
enum parley_withdrawal parley_outbox_withdraw(struct parley_message *message);
bool parley_outbox_drop(struct parley_outbox *outbox,
			struct parley_message *message);

#endif /* _PARLEY_OUTBOX_H */
