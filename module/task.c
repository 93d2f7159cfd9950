// SPDX-License-Identifier: GPL-2.0

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "task.h"
#include "trace.h"

/* Until the task says otherwise its owner alone may send to it. */
#define PARLEY_TASK_MODE	0600

ATOMIC_NOTIFIER_HEAD(parley_task_notifiers);

static struct kmem_cache *parley_task_cache;

/* Address spaces whose notifier is still going to call this module. */
static atomic_t parley_spaces;

/* The address space goes away, or the descriptor does; possibly both at once. */
static void parley_task_kill(struct parley_task *task)
{
	/* Whoever hides it does the rest. */
	if (!parley_bus_hide(task->bus, task->id, task))
		return;

	trace_parley_task_death(task->id);
	atomic_notifier_call_chain(&parley_task_notifiers, PARLEY_TASK_DIED, task);
	parley_timer_stop(&task->timer);
	parley_irq_stop(&task->irq);
	parley_raise_stop(&task->raise);
	parley_inbox_close(&task->inbox);
	parley_outbox_close(&task->outbox);
	parley_bonds_close(&task->bonds);
	parley_landing_close(&task->landing);
	parley_bus_release(task->bus, task->id);
}

/* A task of the dying @space that nobody ends yet, with a reference, or NULL. */
static struct parley_task *parley_space_take(struct parley_space *space)
{
	struct parley_task *task;

	spin_lock(&space->lock);
	task = list_first_entry_or_null(&space->tasks, struct parley_task,
					sibling);
	if (task) {
		list_del_init(&task->sibling);
		refcount_inc(&task->inbox.refs);
	}
	spin_unlock(&space->lock);
	return task;
}

static void parley_space_release(struct mmu_notifier *notifier,
				 struct mm_struct *mm)
{
	struct parley_space *space = container_of(notifier, struct parley_space,
						  notifier);
	struct parley_task *task;

	while ((task = parley_space_take(space))) {
		parley_task_kill(task);
		parley_task_put(task);
		cond_resched();
	}
}

static struct mmu_notifier *parley_space_alloc(struct mm_struct *mm)
{
	struct parley_space *space = kzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);

	if (!space)
		return ERR_PTR(-ENOMEM);
	refcount_set(&space->refs, 1);
	space->chain.mm = mm;
	atomic_inc(&parley_spaces);
	spin_lock_init(&space->lock);
	INIT_LIST_HEAD(&space->tasks);
	return &space->notifier;
}

static void parley_space_put(struct parley_space *space)
{
	if (refcount_dec_and_test(&space->refs))
		kfree_rcu(space, rcu);
}

static void parley_space_free(struct mmu_notifier *notifier)
{
	parley_space_put(container_of(notifier, struct parley_space, notifier));
	if (atomic_dec_and_test(&parley_spaces))
		wake_up_var(&parley_spaces);
}

static const struct mmu_notifier_ops parley_space_ops = {
	.release = parley_space_release,
	.alloc_notifier = parley_space_alloc,
	.free_notifier = parley_space_free,
};

/* Make @task one of the calling thread's address space. */
static int parley_space_enter(struct parley_task *task)
{
	struct mmu_notifier *notifier;
	struct parley_space *space;

	/* A kernel thread that opens whatever it was told to. */
	if (!current->mm)
		return -ENXIO;
	notifier = mmu_notifier_get(&parley_space_ops, current->mm);
	if (IS_ERR(notifier)) {
		/* It gives up for any signal; nothing has been done yet. */
		if (PTR_ERR(notifier) == -EINTR)
			return -ERESTARTNOINTR;
		return PTR_ERR(notifier);
	}
	space = container_of(notifier, struct parley_space, notifier);
	refcount_inc(&space->refs);
	task->space = space;
	task->inbox.chain = &space->chain;
	return 0;
}

/* From now on the task dies with its address space. */
static void parley_space_add(struct parley_task *task)
{
	spin_lock(&task->space->lock);
	list_add(&task->sibling, &task->space->tasks);
	spin_unlock(&task->space->lock);
}

static void parley_space_leave(struct parley_task *task)
{
	spin_lock(&task->space->lock);
	list_del_init(&task->sibling);
	spin_unlock(&task->space->lock);
}

static void parley_task_free(struct rcu_head *rcu)
{
	struct parley_task *task = container_of(rcu, struct parley_task, rcu);

	put_pid(task->pid);
	kmem_cache_free(parley_task_cache, task);
}

/* The last reference is gone. Who has found it in the bus may still read it. */
static void parley_task_release(struct parley_inbox *inbox)
{
	struct parley_task *task = container_of(inbox, struct parley_task, inbox);

	parley_outbox_free(&task->outbox);
	parley_space_put(task->space);
	parley_bus_put(task->bus);
	parley_user_put(task->user);
	call_rcu(&task->rcu, parley_task_free);
}

/* Make a task of @user, in no bus and no address space. */
static struct parley_task *parley_task_alloc(struct parley_user *user)
{
	struct parley_task *task;

	task = kmem_cache_zalloc(parley_task_cache, GFP_KERNEL_ACCOUNT);
	if (!task)
		return NULL;
	parley_inbox_init(&task->inbox, user, parley_task_release);
	parley_outbox_init(&task->outbox, user);
	parley_bonds_init(&task->bonds, &task->inbox, user);
	parley_raise_start(&task->raise, &task->inbox);
	parley_timer_start(&task->timer, &task->raise);
	parley_irq_start(&task->irq, &task->raise);
	parley_landing_init(&task->landing, user);
	parley_parking_init(&task->parking);
	INIT_LIST_HEAD(&task->sibling);
	task->user = user;
	task->mode = PARLEY_TASK_MODE;
	task->uid = current_euid();
	task->gid = current_egid();
	return task;
}

/* Reserve an id first: who finds the task on the bus must find its id set. */
static int parley_task_publish(struct parley_task *task, s32 id)
{
	u32 reserved = id;
	int err;

	if (id)
		err = parley_bus_claim(task->bus, id);
	else
		err = parley_bus_reserve(task->bus, &reserved);
	if (err)
		return err;
	task->id = reserved;
	task->bonds.id = reserved;
	parley_bus_publish(task->bus, reserved, task);
	return 0;
}

/* The task of the calling process that nobody knows yet. */
static int parley_task_settle_in(struct parley_task *task,
				 struct parley_bus *bus, s32 id)
{
	int err = parley_space_enter(task);

	if (err)
		return err;
	task->bus = parley_bus_get(bus);
	task->pid = get_pid(task_tgid(current));
	err = parley_task_publish(task, id);
	if (err) {
		put_pid(task->pid);
		parley_bus_put(task->bus);
		mmu_notifier_put(&task->space->notifier);
		parley_space_put(task->space);
		return err;
	}
	parley_space_add(task);
	return 0;
}

static struct parley_task *parley_task_open_for(struct parley_user *user,
						struct parley_bus *bus, s32 id)
{
	struct parley_task *task;
	int err = parley_user_charge(user, PARLEY_LIMIT_TASKS);

	if (err)
		return ERR_PTR(err);
	task = parley_task_alloc(user);
	err = task ? parley_task_settle_in(task, bus, id) : -ENOMEM;
	if (!err)
		return task;
	if (task)
		kmem_cache_free(parley_task_cache, task);
	parley_user_uncharge(user, PARLEY_LIMIT_TASKS);
	return ERR_PTR(err);
}

/**
 * parley_task_open() - make a task of the calling address space
 * @bus: where
 * @id: 0 for any, or the well-known one to claim
 *
 * Return: the task, its first reference the caller's; or -ENOMEM, -ENOSPC (all
 * ids are taken), -EDQUOT, -ERESTARTNOINTR (a signal is pending), -ENXIO (the
 * caller has no address space), and for a claim -EINVAL, -EPERM, -EBUSY.
 */
struct parley_task *parley_task_open(struct parley_bus *bus, s32 id)
{
	struct parley_user *user = parley_user_get(current_euid());
	struct parley_task *task;

	if (!user)
		return ERR_PTR(-ENOMEM);
	task = parley_task_open_for(user, bus, id);
	if (IS_ERR(task)) {
		parley_user_put(user);
		return task;
	}
	trace_parley_task_open(task->id);
	atomic_notifier_call_chain(&parley_task_notifiers, PARLEY_TASK_OPENED,
				   task);
	return task;
}

/**
 * parley_task_close() - the task's descriptor is gone
 * @task: no thread is in an operation on it; the reference is given up
 */
void parley_task_close(struct parley_task *task)
{
	parley_space_leave(task);
	parley_task_kill(task);
	mmu_notifier_put(&task->space->notifier);
	parley_user_uncharge(task->user, PARLEY_LIMIT_TASKS);
	parley_task_put(task);
}

/**
 * parley_task_get() - look up a live task
 * @bus: where
 * @id: any number
 *
 * Return: the task, with a reference; NULL if there is none.
 */
struct parley_task *parley_task_get(struct parley_bus *bus, s32 id)
{
	struct parley_task *task = NULL;

	rcu_read_lock();
	if (id > 0)
		task = parley_bus_find(bus, id);
	if (task && !refcount_inc_not_zero(&task->inbox.refs))
		task = NULL;
	rcu_read_unlock();
	return task;
}

/**
 * parley_task_admits() - may a task send to another?
 * @task: the other
 * @sender: of the calling process
 *
 * Return: whether it may, as of now.
 */
bool parley_task_admits(struct parley_task *task,
			const struct parley_task *sender)
{
	umode_t mode = READ_ONCE(task->mode);
	umode_t right = 0002;

	if (uid_eq(current_euid(), task->uid))
		right = 0200;
	else if (in_egroup_p(task->gid))
		right = 0020;
	return mode & right || parley_bond_granted(&task->bonds, sender->id) ||
	       ns_capable(task->bus->user_ns, CAP_IPC_OWNER);
}

/**
 * parley_task_find() - look up a task to send to
 * @task: of the calling process
 * @id: any number
 *
 * Return: that task, with a reference; -ENOTCONN (there is none) or -EACCES
 * (@task may not send to it).
 */
struct parley_task *parley_task_find(struct parley_task *task, s32 id)
{
	struct parley_task *peer = parley_task_get(task->bus, id);

	if (!peer)
		return ERR_PTR(-ENOTCONN);
	/* Whom all may send to, as most services, takes no call to find out. */
	if ((READ_ONCE(peer->mode) & 0222) == 0222 ||
	    parley_task_admits(peer, task))
		return peer;
	parley_task_put(peer);
	return ERR_PTR(-EACCES);
}

int parley_task_init(void)
{
	parley_task_cache = KMEM_CACHE(parley_task, SLAB_ACCOUNT);
	return parley_task_cache ? 0 : -ENOMEM;
}

void parley_task_exit(void)
{
	wait_var_event(&parley_spaces, !atomic_read(&parley_spaces));
	mmu_notifier_synchronize();
	/* The last tasks are freed by RCU, in code of this module. */
	rcu_barrier();
	kmem_cache_destroy(parley_task_cache);
}
