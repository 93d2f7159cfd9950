/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: place, where in an inbox a message lies
 *
 * A message's state says in which lists it is (message.h). Only these functions
 * and parley_receiver_hand_locked() take it from one to another, all under the
 * inbox's lock.
 */
#ifndef _PARLEY_PLACE_H
#define _PARLEY_PLACE_H

#include <linux/types.h>

struct parley_inbox;
struct parley_message;
struct parley_waker;

struct parley_message *parley_place_find_locked(struct parley_inbox *inbox,
						u64 token);
void parley_place_dequeue_locked(struct parley_message *message);
void parley_place_requeue_locked(struct parley_message *message);
void parley_place_unlink_locked(struct parley_message *message);
struct parley_waker *parley_place_end_locked(struct parley_message *message,
					    int error);

#endif /* _PARLEY_PLACE_H */
