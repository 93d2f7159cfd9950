/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: pin, memory of one process that a thread of another copies from or to
 *
 * A struct parley_pin holds the pages of a stretch of user memory. They were
 * faulted in by their own process; whoever copies may fault on its own memory, but
 * only ever waits for itself.
 *
 * The one who made it ends it, and then at once nobody copies any more, however
 * slow: what is copied goes page by page, each under the lock, and between two of
 * them the pin may end. So a caller that gives up can reuse its buffer, and a
 * sender its payload, without waiting for the other side.
 *
 * Lifetime: references, that of who made it and that of each who is copying. The
 * pages are let go at the end, which may sleep; the memory goes with the last
 * reference. A pin that has ended can be made again (it is kept with a message, so
 * that a task that sends again and again allocates nothing).
 *
 * Lock: its own, innermost. Held while at most a page is copied, without faults.
 */
#ifndef _PARLEY_PIN_H
#define _PARLEY_PIN_H

#include <linux/mm_types.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "quota.h"

/**
 * struct parley_pin - pinned user memory
 * @refs: references
 * @lock: protects @ended and the pages
 * @ended: the pages have been let go
 * @writes: they are for writing
 * @pinned: they are pinned, and not just referred to
 * @user: whom they are charged to
 * @offset: where in the first page it begins
 * @len: bytes
 * @count: pages
 * @room: pages that there is memory for
 * @pages: the pages
 */
struct parley_pin {
	refcount_t refs;
	spinlock_t lock; /* ended, and copying */
	bool ended;
	bool writes;
	bool pinned;
	struct parley_user *user;
	u32 offset;
	u32 len;
	u32 count;
	u32 room;
	struct page *pages[];
};

int parley_pin_make(struct parley_pin **pin, struct parley_user *user, u64 addr,
		    u32 len, bool writes);
void parley_pin_end(struct parley_pin *pin);
void parley_pin_put(struct parley_pin *pin);
void parley_pin_release(struct parley_pin **pin);

int parley_pin_read(struct parley_pin *pin, char __user *to, u32 len);
int parley_pin_write(struct parley_pin *pin, char __user *from, u32 len);
int parley_pin_copy(struct parley_pin *to, struct parley_pin *from);

static inline struct parley_pin *parley_pin_get(struct parley_pin *pin)
{
	refcount_inc(&pin->refs);
	return pin;
}

#endif /* _PARLEY_PIN_H */
