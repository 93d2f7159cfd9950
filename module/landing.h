/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: landing, memory of a task that others may write into
 *
 * A task lays out a buffer (PARLEY_OOL_RECV), which is pinned; whoever may send to
 * the task can fill it, once, while the task does something else
 * (PARLEY_OOL_SEND); the task then asks whether it has been (PARLEY_OOL_VERIFY).
 * What was sent is remembered until it is asked for. Who waits for a buffer has to
 * have the right to it when it comes: it was laid out for those who had it then.
 *
 * The sender's memory is pinned before it takes hold of the buffer, so that a sender
 * that faults keeps nobody waiting.
 *
 * Lifetime: part of a struct parley_task. A buffer belongs to it; who is writing
 * has the pin alone (pin.h).
 *
 * Lock: its own; a pin's is taken apart from it.
 */
#ifndef _PARLEY_LANDING_H
#define _PARLEY_LANDING_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <uapi/linux/parley.h>
#include <uapi/linux/parley_proto.h>

#include "quota.h"

struct parley_buffer;

/**
 * struct parley_landing - where others may write
 * @user: whom to charge
 * @lock: protects all below
 * @buffer: laid out and not filled, or NULL
 * @filled: filled and not verified
 * @last_id: given to the latest of them
 * @closed: the task is dead
 * @waiting: who waits for a buffer
 */
struct parley_landing {
	struct parley_user *user;
	spinlock_t lock; /* all below */
	struct parley_buffer *buffer;
	struct list_head filled;
	u64 last_id;
	bool closed;
	wait_queue_head_t waiting;
};

/**
 * struct parley_writer - who writes into the buffer of another task
 * @src: the calling task
 * @user: whom to charge for its memory meanwhile
 * @deadline: until when to wait for a buffer, 0 for ever
 * @nonblock: don't
 * @may: may it, still? Asked when there is a buffer
 */
struct parley_writer {
	s32 src;
	struct parley_user *user;
	u64 deadline;
	bool nonblock;
	bool (*may)(const struct parley_writer *writer,
		    struct parley_landing *landing);
};

void parley_landing_init(struct parley_landing *landing,
			 struct parley_user *user);
void parley_landing_close(struct parley_landing *landing);

int parley_landing_lay(struct parley_landing *landing,
		       const struct parley_ool_recv *recv);
int parley_landing_fill(struct parley_landing *landing,
			const struct parley_writer *writer,
			const struct parley_ool_send *send, u64 *id);
int parley_landing_verify(struct parley_landing *landing,
			  const struct parley_ool_verify *verify, u64 *addr);

#endif /* _PARLEY_LANDING_H */
