// SPDX-License-Identifier: GPL-2.0

#include <linux/err.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "task.h"
#include "trace.h"

static struct kmem_cache *parley_task_cache;

/* All live tasks by id. */
static DEFINE_XARRAY_ALLOC1(parley_tasks);

/* Where the search for a free id begins; under the table's lock. */
static u32 parley_next_id = PARLEY_TASK_RESERVED + 1;

static int parley_last_id_set(const char *value, const struct kernel_param *kp)
{
	u32 id;
	int err = kstrtou32(value, 0, &id);

	if (err)
		return err;
	if (id > S32_MAX)
		return -ERANGE;
	xa_lock(&parley_tasks);
	parley_next_id = id + 1;
	xa_unlock(&parley_tasks);
	return 0;
}

static int parley_last_id_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%u\n", READ_ONCE(parley_next_id) - 1);
}

static const struct kernel_param_ops parley_last_id_ops = {
	.set = parley_last_id_set,
	.get = parley_last_id_get,
};

module_param_cb(last_id, &parley_last_id_ops, NULL, 0600);
MODULE_PARM_DESC(last_id,
		 "Latest task id; the next task gets the first free one after it");

/* The address space goes away, or the descriptor does; possibly both at once. */
static void parley_task_kill(struct parley_task *task)
{
	struct parley_message *message, *next;

	/* Whoever takes it out of the table does the rest. */
	if (xa_cmpxchg(&parley_tasks, task->id, task, NULL, 0) != task)
		return;

	trace_parley_task_death(task->id);
	parley_inbox_close(&task->inbox);
	list_for_each_entry_safe(message, next, &task->interrupted, mine)
		parley_task_drop(task, message);
}

/* A task of the dying @owner that nobody ends yet, with a reference, or NULL. */
static struct parley_task *parley_owner_take(struct parley_owner *owner)
{
	struct parley_task *task;

	spin_lock(&owner->lock);
	task = list_first_entry_or_null(&owner->tasks, struct parley_task,
					sibling);
	if (task) {
		list_del_init(&task->sibling);
		refcount_inc(&task->refs);
	}
	spin_unlock(&owner->lock);
	return task;
}

static void parley_owner_release(struct mmu_notifier *notifier,
				 struct mm_struct *mm)
{
	struct parley_owner *owner = container_of(notifier, struct parley_owner,
						  notifier);
	struct parley_task *task;

	while ((task = parley_owner_take(owner))) {
		parley_task_kill(task);
		parley_task_put(task);
		cond_resched();
	}
}

static struct mmu_notifier *parley_owner_alloc(struct mm_struct *mm)
{
	struct parley_owner *owner = kzalloc(sizeof(*owner), GFP_KERNEL_ACCOUNT);

	if (!owner)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&owner->lock);
	INIT_LIST_HEAD(&owner->tasks);
	return &owner->notifier;
}

static void parley_owner_free(struct mmu_notifier *notifier)
{
	kfree(container_of(notifier, struct parley_owner, notifier));
}

static const struct mmu_notifier_ops parley_owner_ops = {
	.release = parley_owner_release,
	.alloc_notifier = parley_owner_alloc,
	.free_notifier = parley_owner_free,
};

/* Make @task one of the calling thread's address space. */
static int parley_task_own(struct parley_task *task)
{
	struct mmu_notifier *notifier;

	/* A kernel thread that opens whatever it was told to. */
	if (!current->mm)
		return -ENXIO;
	notifier = mmu_notifier_get(&parley_owner_ops, current->mm);
	if (IS_ERR(notifier)) {
		/* It gives up for any signal; nothing has been done yet. */
		if (PTR_ERR(notifier) == -EINTR)
			return -ERESTARTNOINTR;
		return PTR_ERR(notifier);
	}
	task->owner = container_of(notifier, struct parley_owner, notifier);
	spin_lock(&task->owner->lock);
	list_add(&task->sibling, &task->owner->tasks);
	spin_unlock(&task->owner->lock);
	return 0;
}

/* Reserve an id first: who finds the task in the table must find its id set. */
static int parley_task_publish(struct parley_task *task)
{
	struct xa_limit range = XA_LIMIT(PARLEY_TASK_RESERVED + 1, S32_MAX);
	u32 id;
	int err;

	err = xa_alloc_cyclic(&parley_tasks, &id, NULL, range, &parley_next_id,
			      GFP_KERNEL_ACCOUNT);
	if (err < 0)
		return err == -EBUSY ? -ENOSPC : err;
	task->id = id;
	xa_store(&parley_tasks, id, task, 0);
	return 0;
}

/**
 * parley_task_open() - make a task of the calling address space
 *
 * Return: the task, its first reference the caller's; or -ENOMEM, -ENOSPC (all
 * ids are taken), -ERESTARTNOINTR (a signal is pending), -ENXIO (the caller has
 * no address space).
 */
struct parley_task *parley_task_open(void)
{
	struct parley_task *task;
	int err;

	task = kmem_cache_zalloc(parley_task_cache, GFP_KERNEL_ACCOUNT);
	if (!task)
		return ERR_PTR(-ENOMEM);

	parley_inbox_init(&task->inbox);
	refcount_set(&task->refs, 1);
	spin_lock_init(&task->lock);
	INIT_LIST_HEAD(&task->interrupted);

	err = parley_task_own(task);
	if (err) {
		kmem_cache_free(parley_task_cache, task);
		return ERR_PTR(err);
	}
	err = parley_task_publish(task);
	if (err) {
		parley_task_close(task);
		return ERR_PTR(err);
	}
	trace_parley_task_open(task->id);
	return task;
}

/**
 * parley_task_close() - the task's descriptor is gone
 * @task: no thread is in an operation on it; the reference is given up
 */
void parley_task_close(struct parley_task *task)
{
	struct parley_owner *owner = task->owner;

	spin_lock(&owner->lock);
	list_del_init(&task->sibling);
	spin_unlock(&owner->lock);
	parley_task_kill(task);
	mmu_notifier_put(&owner->notifier);
	parley_task_put(task);
}

/**
 * parley_task_get() - look up a live task
 * @id: any number
 *
 * Return: the task, with a reference; NULL if there is none.
 */
struct parley_task *parley_task_get(s32 id)
{
	struct parley_task *task = NULL;

	rcu_read_lock();
	if (id > 0)
		task = xa_load(&parley_tasks, id);
	if (task && !refcount_inc_not_zero(&task->refs))
		task = NULL;
	rcu_read_unlock();
	return task;
}

static void parley_task_free(struct rcu_head *rcu)
{
	struct parley_task *task = container_of(rcu, struct parley_task, rcu);

	if (task->spare)
		parley_message_free(task->spare);
	kmem_cache_free(parley_task_cache, task);
}

void parley_task_put(struct parley_task *task)
{
	if (refcount_dec_and_test(&task->refs))
		call_rcu(&task->rcu, parley_task_free);
}

/* One for each thread, and a few for handlers that are interrupted themselves. */
static unsigned int parley_task_interrupted_max(void)
{
	return get_nr_threads(current) + 64;
}

/**
 * parley_task_interrupt() - keep a message whose thread must leave the kernel
 * @task: the sender
 * @message: the calling thread has left its wait (parley_inbox_leave())
 *
 * Return: the number to resume it by; 0 if the task has too many of them.
 */
u64 parley_task_interrupt(struct parley_task *task,
			  struct parley_message *message)
{
	u64 call = 0;

	spin_lock(&task->lock);
	if (task->interrupted_count < parley_task_interrupted_max()) {
		if (!message->call)
			message->call = ++task->last_call;
		call = message->call;
		list_add(&message->mine, &task->interrupted);
		task->interrupted_count++;
	}
	spin_unlock(&task->lock);
	return call;
}

/**
 * parley_task_resume() - take back an interrupted message
 * @task: the sender
 * @call: its number
 * @oneway: a send, or else a call
 *
 * Return: the message, now the caller's; NULL if there is no such.
 */
struct parley_message *parley_task_resume(struct parley_task *task, u64 call,
					  bool oneway)
{
	struct parley_message *message, *found = NULL;

	spin_lock(&task->lock);
	list_for_each_entry(message, &task->interrupted, mine) {
		if (message->call == call && message->oneway == oneway) {
			found = message;
			list_del(&message->mine);
			task->interrupted_count--;
			break;
		}
	}
	spin_unlock(&task->lock);
	return found;
}

/**
 * parley_task_message() - get a message to send
 * @task: the sender
 * @oneway: it is to want no reply
 *
 * Return: the message, but for its content; NULL when out of memory.
 */
struct parley_message *parley_task_message(struct parley_task *task,
					   bool oneway)
{
	struct parley_message *message = xchg(&task->spare, NULL);

	if (!message)
		message = parley_message_alloc();
	if (message)
		parley_message_reset(message, oneway);
	return message;
}

/**
 * parley_task_discard() - be done with a message that was not posted
 * @task: the sender
 * @message: from parley_task_message()
 */
void parley_task_discard(struct parley_task *task,
			 struct parley_message *message)
{
	if (cmpxchg(&task->spare, NULL, message))
		parley_message_free(message);
}

/**
 * parley_task_settle() - be done with a message that has ended
 * @task: the sender
 * @message: its own
 */
void parley_task_settle(struct parley_task *task,
			struct parley_message *message)
{
	struct parley_task *dst = container_of(message->inbox,
					       struct parley_task, inbox);

	parley_task_discard(task, message);
	parley_task_put(dst);
}

/**
 * parley_task_withdraw() - give up a message
 * @message: the caller's own; was posted to a task
 *
 * Return: what came of it. It is no longer the caller's after
 * PARLEY_WITHDRAWN_NOT.
 */
enum parley_withdrawal parley_task_withdraw(struct parley_message *message)
{
	struct parley_task *dst = container_of(message->inbox,
					       struct parley_task, inbox);
	enum parley_withdrawal result = parley_inbox_withdraw(message);

	if (result == PARLEY_WITHDRAWN_NOT)
		parley_task_put(dst);
	return result;
}

/**
 * parley_task_drop() - give up a message and be done with it
 * @task: the sender
 * @message: its own
 *
 * Return: true if it has done its work: taken (one-way), or answered.
 */
bool parley_task_drop(struct parley_task *task, struct parley_message *message)
{
	enum parley_withdrawal result = parley_task_withdraw(message);
	bool done;

	if (result == PARLEY_WITHDRAWN_NOT)
		return true;
	done = result == PARLEY_WITHDRAWN_LATE && !message->error;
	parley_task_settle(task, message);
	return done;
}

int parley_task_init(void)
{
	parley_task_cache = KMEM_CACHE(parley_task, SLAB_ACCOUNT);
	return parley_task_cache ? 0 : -ENOMEM;
}

void parley_task_exit(void)
{
	WARN_ON(!xa_empty(&parley_tasks));
	mmu_notifier_synchronize();
	/* The last tasks are freed by RCU, in code of this module. */
	rcu_barrier();
	kmem_cache_destroy(parley_task_cache);
}
