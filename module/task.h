/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: task, an address that messages can be sent to
 *
 * A task is an inbox and an outbox under an id, with an owner and rights like a
 * file's, bonds with other tasks, a timer, an eventfd, and a place to land.
 *
 * Lifetime: parley_task_open() makes a task for the calling thread's address
 * space and enters it in the bus. It dies, once, with the address space (exit,
 * exec) or with parley_task_close(), whichever is first: its id leaves the bus,
 * its inbox and outbox are closed and its bonds end. The memory goes with the
 * last reference, which the inbox counts. The descriptor has one, and so do a
 * message on its way to the task while its sender waits, a receiver that hears
 * only this task, and whoever is ending it.
 *
 * A struct parley_space stands for an address space that has tasks. It keeps the
 * mm_struct (not the mappings) as long as one of them has a descriptor, so that
 * its address can't be reused for another process that would then pass for the
 * owner; its own memory stays until the last task's is gone. One notifier for
 * all tasks of a process keeps its page table operations, and the opening of its
 * second task, cheap.
 *
 * No thread of the task is in an operation when it dies: an operation holds
 * the descriptor and runs in the address space.
 *
 * Locks: the space's protects its list of tasks, and is not held together with
 * another.
 */
#ifndef _PARLEY_TASK_H
#define _PARLEY_TASK_H

#include <linux/list.h>
#include <linux/mmu_notifier.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include "bond.h"
#include "bus.h"
#include "chain.h"
#include "inbox.h"
#include "irq.h"
#include "landing.h"
#include "outbox.h"
#include "parked.h"
#include "raise.h"
#include "timer.h"

/**
 * struct parley_space - an address space that has tasks
 * @notifier: tells of its death; counts its descriptors
 * @refs: its tasks, and the notifier
 * @chain: for whom its only thread waits
 * @lock: protects @tasks
 * @tasks: those that have a descriptor and are not being ended
 * @rcu: a chain is read without a lock
 */
struct parley_space {
	struct mmu_notifier notifier;
	refcount_t refs;
	struct parley_chain chain;
	spinlock_t lock; /* tasks */
	struct list_head tasks;
	struct rcu_head rcu;
};

/**
 * struct parley_task - a task
 * @inbox: what it is sent
 * @outbox: what it sends
 * @bonds: what it has standing with others
 * @raise: notifications from interrupts
 * @timer: its timer
 * @irq: its eventfd
 * @landing: its memory that others may write into
 * @parking: its operations that wait without a thread
 * @id: its address, positive; not reused until all others had their turn, but
 *	for a claimed one, and never before everything that goes by it has ended
 * @mode: who may send to it, as a file's mode; may change at any time
 * @uid: its owner
 * @gid: its group
 * @user: the owner, whom everything is charged to
 * @pid: the process that opened it
 * @bus: where it can be found
 * @space: the address space that it belongs to
 * @sibling: in the space's list, under its lock
 * @rcu: the bus is read without a lock
 */
struct parley_task {
	struct parley_inbox inbox;
	struct parley_outbox outbox;
	struct parley_bonds bonds;
	struct parley_raise raise;
	struct parley_timer timer;
	struct parley_irq irq;
	struct parley_landing landing;
	struct parley_parking parking;
	s32 id;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
	struct parley_user *user;
	struct pid *pid;
	struct parley_bus *bus;
	struct parley_space *space;
	struct list_head sibling;
	struct rcu_head rcu;
};

/* Events of parley_task_notifiers; the data is the task. In atomic context. */
#define PARLEY_TASK_OPENED	1
#define PARLEY_TASK_DIED	2

extern struct atomic_notifier_head parley_task_notifiers;

struct parley_task *parley_task_open(struct parley_bus *bus, s32 id);
void parley_task_close(struct parley_task *task);

struct parley_task *parley_task_get(struct parley_bus *bus, s32 id);
bool parley_task_admits(struct parley_task *task,
			const struct parley_task *sender);
struct parley_task *parley_task_find(struct parley_task *task, s32 id);

static inline void parley_task_put(struct parley_task *task)
{
	parley_inbox_put(&task->inbox);
}

/* Does the calling thread run in the task's address space? */
static inline bool parley_task_is_current(const struct parley_task *task)
{
	return task->space->notifier.mm == current->mm;
}

int parley_task_init(void);
void parley_task_exit(void);

#endif /* _PARLEY_TASK_H */
