/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: message, something on its way from one task to another
 *
 * A struct parley_message is made by a thread that sends or calls, in its own
 * context and with its own bytes, before any lock is taken. It then lies in
 * exactly one inbox until it ends:
 *
 *	QUEUED     in inbox->queue: nobody has taken it
 *	HELD       in inbox->held: a receiver has it, by token
 *	CANCELLED  in both: the caller gave it up while it was HELD; it is now a
 *		   note that says so, which the receiving task takes from the
 *		   queue or makes needless by spending the token
 *	ENDED      in neither: answered, taken (one-way), refused or withdrawn
 *
 * Ownership: the sending thread owns it and gives it back to its task after the
 * end; while the thread is away (see rpc.h, "interrupted") the task owns it.
 * A *detached* message belongs to the inbox, which frees it when it ends: a
 * note of the kernel, such as a CANCELLED one, or a one-way message whose sender
 * won't wait for the receiver to copy it out.
 *
 * It is charged to a user for as long as it exists (quota.h).
 *
 * Locking: @mine and @call are protected by the sending task's lock, the rest by
 * the inbox's; before posting and after the end (wait.h) the owner needs none.
 */
#ifndef _PARLEY_MESSAGE_H
#define _PARLEY_MESSAGE_H

#include <linux/list.h>
#include <linux/types.h>
#include <uapi/linux/parley.h>

#include "cargo.h"
#include "creds.h"
#include "quota.h"
#include "wait.h"

struct parley_inbox;

/**
 * struct parley_content - a message's bytes, inside the kernel
 * @msg: type, source and payload as in user space
 * @len: payload bytes in use
 */
struct parley_content {
	struct parley_msg msg;
	u32 len;
};

enum parley_message_state {
	PARLEY_MESSAGE_QUEUED,
	PARLEY_MESSAGE_HELD,
	PARLEY_MESSAGE_CANCELLED,
	PARLEY_MESSAGE_ENDED,
};

/**
 * struct parley_message - a message or call in flight
 * @wait: the sending thread, asleep until the end
 * @inbox: where it was posted; the sender's reference keeps that alive
 * @state: where it is
 * @oneway: wants no reply: ends when a receiver has it
 * @nonblock: was not to wait for a receiver
 * @detached: nobody waits; the inbox frees it
 * @kernel: it is the kernel's
 * @orphan: counted in inbox->orphans
 * @needless: a note that the task has no use for any more; it is not put back
 * @laden: there is something in @baggage
 * @same_mnt_ns: it was handed to a thread in the sender's mount namespace
 * @error: how it ended, 0 or a negative errno
 * @queue: in inbox->queue while QUEUED or CANCELLED
 * @held: in inbox->held while HELD or CANCELLED
 * @token: the receiving task's name for it; also its place in the queue while
 *	QUEUED
 * @mine: in the sending task's list while interrupted, under the task's lock
 * @call: the sending task's name for it once interrupted, 0 before
 * @sender: who sent it
 * @user: whom it is charged to
 * @limit: as what
 * @baggage: what goes along with it. Of a message that is not @laden only the pins
 *	mean something
 * @content: the request; after a call's end the reply
 */
struct parley_message {
	struct parley_wait wait;
	struct parley_inbox *inbox;
	enum parley_message_state state;
	bool oneway;
	bool nonblock;
	bool detached;
	bool kernel;
	bool orphan;
	bool needless;
	bool laden;
	bool same_mnt_ns;
	int error;
	struct list_head queue;
	struct hlist_node held;
	u64 token;
	struct list_head mine;
	u64 call;
	struct parley_sender sender;
	struct parley_user *user;
	enum parley_limit limit;
	struct parley_baggage baggage;
	struct parley_content content;
};

int parley_content_read(struct parley_content *content,
			const struct parley_msg __user *msg, u32 len);
int parley_content_write(const struct parley_content *content,
			 struct parley_msg __user *msg);
void parley_content_copy(struct parley_content *to,
			 const struct parley_content *from);

/* Make @message new, but for its content; the calling thread will wait for it. */
static inline void parley_message_reset(struct parley_message *message,
					bool oneway)
{
	parley_wait_init(&message->wait);
	message->state = PARLEY_MESSAGE_ENDED;
	message->oneway = oneway;
	message->detached = false;
	message->kernel = false;
	message->orphan = false;
	message->needless = false;
	message->error = 0;
	message->call = 0;
}

struct parley_message *parley_message_alloc(struct parley_user *user,
					    enum parley_limit limit);
void parley_message_unload(struct parley_message *message);
void parley_message_free(struct parley_message *message);
int parley_message_recharge(struct parley_message *message,
			    struct parley_user *user);
void parley_message_note(struct parley_message *message, s32 type,
			 const void *body, u32 len);

int parley_message_init(void);
void parley_message_exit(void);

#endif /* _PARLEY_MESSAGE_H */
