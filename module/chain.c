// SPDX-License-Identifier: GPL-2.0

#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>

#include "chain.h"

static DEFINE_SPINLOCK(parley_chain_lock);

static struct parley_chain *parley_chain_next(const struct parley_chain *link)
{
	/* Pairs with parley_chain_begin(). */
	return smp_load_acquire(&link->next);
}

/* Follow the chain from @mine. Returns its length, or 0 if it doesn't close. */
static unsigned int parley_chain_follow(const struct parley_chain *mine,
					u64 *turns)
{
	const struct parley_chain *link = mine;
	unsigned int i;

	for (i = 0; i < PARLEY_CHAIN_MAX; i++) {
		/* Before the link, and in the second reading after it. */
		turns[i] = smp_load_acquire(&link->turn);
		link = parley_chain_next(link);
		if (!link)
			return 0;
		if (link == mine)
			return i + 1;
	}
	return 0;
}

static bool parley_chain_unchanged(const struct parley_chain *mine,
				   const u64 *turns, unsigned int length)
{
	const struct parley_chain *link = mine;
	unsigned int i;

	for (i = 0; i < length; i++) {
		const struct parley_chain *next = parley_chain_next(link);

		if (!next || READ_ONCE(link->turn) != turns[i])
			return false;
		link = next;
	}
	return true;
}

/* The memory that @process has, or NULL. Only to be compared. */
static const struct mm_struct *parley_chain_memory(struct task_struct *process)
{
	struct task_struct *thread;

	for_each_thread(process, thread) {
		const struct mm_struct *mm = READ_ONCE(thread->mm);

		if (mm)
			return thread->flags & PF_KTHREAD ? NULL : mm;
	}
	return NULL;
}

/* Is some process of the chain from @mine not alone in its memory? */
static bool parley_chain_helped(const struct parley_chain *mine,
				unsigned int length)
{
	const struct parley_chain *link = mine;
	struct task_struct *process;
	unsigned int i, users = 0;

	for_each_process(process) {
		const struct mm_struct *mm = parley_chain_memory(process);

		for (i = 0; mm && link && i < length; i++) {
			users += link->mm == mm;
			link = parley_chain_next(link);
		}
		link = mine;
	}
	return users > length;
}

/**
 * parley_chain_closed() - does everybody wait for everybody?
 * @mine: the calling process, its link set
 *
 * Return: true if the chain from @mine comes back to it; the link is then ended.
 */
bool parley_chain_closed(struct parley_chain *mine)
{
	u64 turns[PARLEY_CHAIN_MAX] __uninitialized;
	unsigned int length;
	bool closed;

	/* Of two that make their links at once one at least sees the other's. */
	smp_mb();

	rcu_read_lock();
	length = parley_chain_follow(mine, turns);
	closed = length && parley_chain_unchanged(mine, turns, length) &&
		 !parley_chain_helped(mine, length);
	if (closed) {
		/* Of several that have found it the first one breaks it. */
		spin_lock(&parley_chain_lock);
		closed = parley_chain_unchanged(mine, turns, length);
		if (closed)
			parley_chain_end(mine);
		spin_unlock(&parley_chain_lock);
	}
	rcu_read_unlock();
	return closed;
}
