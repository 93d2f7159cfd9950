/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: chain, which process waits for which
 *
 * A process with one thread that waits without a deadline for another process
 * is a link to it. A chain of such links that comes back to where it began is a
 * deadlock: none of them will ever run. Whoever makes the last link finds it.
 *
 * Only processes that are alone in their memory count: a second thread might do
 * what the first one is waited for. That there is one thread is checked when it
 * begins to wait (nobody but itself can change that), that no other process
 * shares the memory (vfork(2)) when a chain has been found to close.
 *
 * A link is set by the waiting thread when its wait can be ended, under the lock
 * of the inbox that it waits at, and ended under that lock by whoever ends the
 * wait, before the thread is woken; or by the thread itself when it gives up. It
 * is read without the lock: a chain is closed if two readings, one after the
 * other, find the same links. Each had then existed all the time between.
 *
 * Lifetime: an RCU grace period longer than the last link to it.
 *
 * Lock: one for all, so that of several who find the same cycle one is told. It
 * is taken with no other held, and only where a cycle was found.
 */
#ifndef _PARLEY_CHAIN_H
#define _PARLEY_CHAIN_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/types.h>
#include <asm/barrier.h>

/* The longest cycle that is found; a longer one takes a deadline. */
#define PARLEY_CHAIN_MAX	64

/**
 * struct parley_chain - a process that waits, or doesn't
 * @mm: its memory
 * @next: the process it waits for, NULL for none
 * @turn: counts its waits
 */
struct parley_chain {
	const struct mm_struct *mm;
	struct parley_chain *next;
	u64 turn;
};

/* The calling process waits from now on. @mine has no link. */
static inline void parley_chain_begin(struct parley_chain *mine,
				      struct parley_chain *next)
{
	WRITE_ONCE(mine->turn, mine->turn + 1);
	/* Pairs with parley_chain_next(): a link is as old as its turn. */
	smp_store_release(&mine->next, next);
}

static inline void parley_chain_end(struct parley_chain *mine)
{
	WRITE_ONCE(mine->next, NULL);
}

/* Has the calling thread a ring, whose operations may be done while it waits? */
static inline bool parley_chain_rings(void)
{
#ifdef CONFIG_IO_URING
	return current->io_uring;
#else
	return false;
#endif
}

/* Is the calling thread all that its process can do something by? */
static inline bool parley_chain_alone(void)
{
	return atomic_read(&current->signal->live) == 1 && !parley_chain_rings();
}

bool parley_chain_closed(struct parley_chain *mine);

#endif /* _PARLEY_CHAIN_H */
