/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: notification, bits that are set until they are received
 *
 * Setting a bit takes no memory and never waits. A receive finds all that are
 * set, as one message from the kernel made on the spot.
 *
 * PARLEY_NOTIFY_ASYNC also says who set it. For that each pair of tasks has a
 * struct parley_link, made beforehand (bond.h). It is *raised* in the inbox that
 * it notifies, and afterwards in the hands of the receiver that is told of it,
 * which puts it back if user memory is not fit. The bit is set as long as there
 * are links in the inbox.
 *
 * Locks: the inbox's. A link is freed an RCU grace period after it was ended.
 */
#ifndef _PARLEY_NOTIFICATION_H
#define _PARLEY_NOTIFICATION_H

#include <linux/list.h>
#include <linux/types.h>

struct parley_inbox;
struct parley_receiver;
struct parley_waker;

/**
 * struct parley_link - one task's right to raise PARLEY_NOTIFY_ASYNC at another
 * @raised: in inbox->raised or receiver->raised, else empty
 * @peer: the one that raises it
 * @ended: it is about to be freed
 */
struct parley_link {
	struct list_head raised;
	s32 peer;
	bool ended;
};

int parley_notification_set(struct parley_inbox *inbox, u32 bits,
			    struct parley_link *link);
struct parley_waker *parley_notification_set_locked(struct parley_inbox *inbox,
						   u32 bits);
void parley_notification_hand_locked(struct parley_inbox *inbox,
				     struct parley_receiver *receiver);
void parley_notification_taken(struct parley_receiver *receiver);
void parley_notification_return(struct parley_receiver *receiver);
void parley_link_end(struct parley_inbox *inbox, struct parley_link *link);

#endif /* _PARLEY_NOTIFICATION_H */
