/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: task, an address that messages can be sent to
 *
 * Lifetime: parley_task_open() makes a task for the calling thread's address
 * space and enters it in the table of ids. It dies, once, with the address
 * space (exit, exec) or with parley_task_close(), whichever is first: its id
 * leaves the table, its inbox is closed and its interrupted operations are
 * withdrawn. The memory goes with the last reference. The descriptor has one,
 * and so do a message on its way to the task while its sender waits, a receiver
 * that hears only this task, and whoever is ending it.
 *
 * A struct parley_owner stands for an address space that has tasks, and lives
 * as long as one of them has a descriptor. It keeps the mm_struct (not the
 * mappings), so that its address can't be reused for another process that
 * would then pass for the owner. One notifier for all tasks of a process keeps
 * its page table operations, and the opening of its second task, cheap.
 *
 * No thread of the task is in an operation when it dies: an operation holds
 * the descriptor and runs in the address space.
 *
 * Interrupted operations: a thread that a signal takes out of a wait leaves
 * its message with the task, under a number that user space hands back to
 * resume it (rpc.h).
 *
 * Locks: the task's protects @interrupted and what goes with it, the owner's its
 * list of tasks; neither is held together with another. The table's is the
 * xarray's own.
 */
#ifndef _PARLEY_TASK_H
#define _PARLEY_TASK_H

#include <linux/list.h>
#include <linux/mmu_notifier.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "inbox.h"

/**
 * struct parley_owner - an address space that has tasks
 * @notifier: tells of its death; counts its descriptors
 * @lock: protects @tasks
 * @tasks: those that have a descriptor and are not being ended
 */
struct parley_owner {
	struct mmu_notifier notifier;
	spinlock_t lock; /* tasks */
	struct list_head tasks;
};

/**
 * struct parley_task - a task
 * @inbox: what it is sent
 * @id: its address, positive; not reused until all others had their turn
 * @refs: references, see above
 * @owner: the address space that it belongs to
 * @sibling: in the owner's list, under its lock
 * @spare: a message kept for the next sender, so that a task that calls from
 *	one thread needs no allocation
 * @lock: protects the following
 * @interrupted: its messages that no thread waits for at present
 * @interrupted_count: how many those are
 * @last_call: number given to the latest of them
 * @rcu: the table is read without a lock
 */
struct parley_task {
	struct parley_inbox inbox;
	s32 id;
	refcount_t refs;
	struct parley_owner *owner;
	struct list_head sibling;
	struct parley_message *spare;
	spinlock_t lock; /* all below, but rcu */
	struct list_head interrupted;
	unsigned int interrupted_count;
	u64 last_call;
	struct rcu_head rcu;
};

struct parley_task *parley_task_open(void);
void parley_task_close(struct parley_task *task);

struct parley_task *parley_task_get(s32 id);
void parley_task_put(struct parley_task *task);

/* Does the calling thread run in the task's address space? */
static inline bool parley_task_is_current(const struct parley_task *task)
{
	return task->owner->notifier.mm == current->mm;
}

u64 parley_task_interrupt(struct parley_task *task,
			  struct parley_message *message);
struct parley_message *parley_task_resume(struct parley_task *task, u64 call,
					  bool oneway);
struct parley_message *parley_task_message(struct parley_task *task,
					   bool oneway);
void parley_task_settle(struct parley_task *task,
			struct parley_message *message);
enum parley_withdrawal parley_task_withdraw(struct parley_message *message);
bool parley_task_drop(struct parley_task *task, struct parley_message *message);
void parley_task_discard(struct parley_task *task,
			 struct parley_message *message);

int parley_task_init(void);
void parley_task_exit(void);

#endif /* _PARLEY_TASK_H */
