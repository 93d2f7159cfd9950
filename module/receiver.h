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
 * @token: name of the message in inbox->held, 0 for a notification
 * @mnt_ns: of the thread
 * @reader: its other namespaces, if @wants_creds
 * @creds: who sent the message
 * @raised: links that are being told
 * @content: the message
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
	u64 token;
	const struct mnt_namespace *mnt_ns;
	struct parley_reader reader;
	struct parley_creds creds;
	struct list_head raised;
	struct parley_content content;
};

void parley_receiver_init(struct parley_receiver *receiver,
			  struct parley_inbox *inbox, s32 from, bool wants_creds);
void parley_receiver_follow(struct parley_receiver *receiver,
			    struct parley_inbox *heard);
void parley_receiver_unfollow(struct parley_receiver *receiver,
			      struct parley_inbox *heard);
void parley_receiver_abandon(struct parley_receiver *receiver);
bool parley_receiver_give_up(struct parley_receiver *receiver);

struct parley_receiver *parley_receiver_find_locked(struct parley_inbox *inbox,
						    s32 src);
void parley_receiver_hand_locked(struct parley_receiver *receiver,
				 struct parley_message *message);
struct task_struct *
parley_receiver_finish_locked(struct parley_receiver *receiver);

#endif /* _PARLEY_RECEIVER_H */
