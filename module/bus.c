// SPDX-License-Identifier: GPL-2.0

#include <linux/capability.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <uapi/linux/parley.h>

#include "bus.h"

static unsigned int parley_bus_net_id;

/* The bus of a network namespace that can't go away meanwhile. */
struct parley_bus *parley_bus_of(const struct net *net)
{
	struct parley_bus **bus = net_generic(net, parley_bus_net_id);

	return *bus;
}

/* There are buses. Under the lock of the module's parameters. */
static bool parley_bus_ready;

static int parley_last_id_set(const char *value, const struct kernel_param *kp)
{
	struct parley_bus *bus;
	u32 id;
	int err = kstrtou32(value, 0, &id);

	if (err)
		return err;
	if (id > S32_MAX)
		return -ERANGE;
	if (!parley_bus_ready)
		return -ENODEV;
	bus = parley_bus_of(current->nsproxy->net_ns);
	xa_lock(&bus->tasks);
	bus->next_id = id + 1;
	xa_unlock(&bus->tasks);
	return 0;
}

static int parley_last_id_get(char *buffer, const struct kernel_param *kp)
{
	struct parley_bus *bus;

	if (!parley_bus_ready)
		return -ENODEV;
	bus = parley_bus_of(current->nsproxy->net_ns);
	return sysfs_emit(buffer, "%u\n", READ_ONCE(bus->next_id) - 1);
}

static const struct kernel_param_ops parley_last_id_ops = {
	.set = parley_last_id_set,
	.get = parley_last_id_get,
};

module_param_cb(last_id, &parley_last_id_ops, NULL, 0600);
MODULE_PARM_DESC(last_id,
		 "Latest task id in the network namespace; the next task gets the first free one after it");

/**
 * parley_bus_reserve() - find a free id
 * @bus: where
 * @id: receives it; not reused until all others had their turn
 *
 * Return: 0, -ENOMEM or -ENOSPC (all are taken).
 */
int parley_bus_reserve(struct parley_bus *bus, u32 *id)
{
	struct xa_limit range = XA_LIMIT(PARLEY_TASK_RESERVED + 1, S32_MAX);
	int err;

	err = xa_alloc_cyclic(&bus->tasks, id, NULL, range,
			      &bus->next_id, GFP_KERNEL_ACCOUNT);
	if (err == -EBUSY)
		return -ENOSPC;
	return min(err, 0);
}

/**
 * parley_bus_claim() - reserve a well-known id
 * @bus: where
 * @id: which
 *
 * Return: 0, -EINVAL (not to be claimed), -EPERM, -EBUSY (taken) or -ENOMEM.
 */
int parley_bus_claim(struct parley_bus *bus, u32 id)
{
	if (id != PARLEY_TASK_DISCOVERY && id != PARLEY_TASK_TASK)
		return -EINVAL;
	if (!ns_capable(bus->user_ns, CAP_SYS_ADMIN))
		return -EPERM;
	return xa_insert(&bus->tasks, id, NULL, GFP_KERNEL_ACCOUNT);
}

/* The task that @id was reserved for can be found from now on. */
void parley_bus_publish(struct parley_bus *bus, u32 id, struct parley_task *task)
{
	xa_store(&bus->tasks, id, task, 0);
}

/*
 * @task can't be found any more, but keeps its id: what others have with it goes
 * by that. Returns whether it was there until now.
 */
bool parley_bus_hide(struct parley_bus *bus, u32 id, struct parley_task *task)
{
	return xa_cmpxchg(&bus->tasks, id, task, XA_ZERO_ENTRY, 0) == task;
}

/* The id of a task that was hidden is free again. */
void parley_bus_release(struct parley_bus *bus, u32 id)
{
	xa_release(&bus->tasks, id);
}

void parley_bus_put(struct parley_bus *bus)
{
	if (!refcount_dec_and_test(&bus->refs))
		return;
	WARN_ON(!xa_empty(&bus->tasks));
	put_user_ns(bus->user_ns);
	kfree(bus);
}

static int __net_init parley_bus_net_init(struct net *net)
{
	struct parley_bus **slot = net_generic(net, parley_bus_net_id);
	struct parley_bus *bus = kzalloc(sizeof(*bus), GFP_KERNEL_ACCOUNT);

	if (!bus)
		return -ENOMEM;
	xa_init_flags(&bus->tasks, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	bus->next_id = PARLEY_TASK_RESERVED + 1;
	refcount_set(&bus->refs, 1);
	bus->user_ns = get_user_ns(net->user_ns);
	RCU_INIT_POINTER(bus->net, net);
	*slot = bus;
	return 0;
}

/* A grace period passes before the exit, and before @net is freed. */
static void __net_exit parley_bus_net_pre_exit(struct net *net)
{
	RCU_INIT_POINTER(parley_bus_of(net)->net, NULL);
}

static void __net_exit parley_bus_net_exit(struct net *net)
{
	parley_bus_put(parley_bus_of(net));
}

static struct pernet_operations parley_bus_net_ops = {
	.init = parley_bus_net_init,
	.pre_exit = parley_bus_net_pre_exit,
	.exit = parley_bus_net_exit,
	.id = &parley_bus_net_id,
	.size = sizeof(struct parley_bus *),
};

static void parley_bus_set_ready(bool ready)
{
	kernel_param_lock(THIS_MODULE);
	parley_bus_ready = ready;
	kernel_param_unlock(THIS_MODULE);
}

int parley_bus_init(void)
{
	int err = register_pernet_subsys(&parley_bus_net_ops);

	if (!err)
		parley_bus_set_ready(true);
	return err;
}

void parley_bus_exit(void)
{
	parley_bus_set_ready(false);
	unregister_pernet_subsys(&parley_bus_net_ops);
}
