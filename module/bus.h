/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: bus, tasks that can name each other
 *
 * A bus is a table of tasks by id. Every network namespace has one, made with
 * it, on which /dev/parley opens tasks; a bus descriptor (device.c) lets others
 * in. Tasks of different buses know nothing of each other.
 *
 * Lifetime: the namespace, each task and each bus descriptor hold the bus. It
 * goes on without its namespace, but nobody can see it from outside any more
 * (netlink.h).
 *
 * The table is looked up under RCU; what it holds is freed a grace period after
 * it has left.
 */
#ifndef _PARLEY_BUS_H
#define _PARLEY_BUS_H

#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/xarray.h>

struct net;
struct parley_task;
struct user_namespace;

/**
 * struct parley_bus - a bus
 * @tasks: by id
 * @next_id: where the search for a free id begins; under the table's lock
 * @refs: references, see above
 * @user_ns: capabilities over the bus are those over this one
 * @net: the namespace, NULL when that is gone; under RCU
 */
struct parley_bus {
	struct xarray tasks;
	u32 next_id;
	refcount_t refs;
	struct user_namespace *user_ns;
	struct net __rcu *net;
};

struct parley_bus *parley_bus_of(const struct net *net);
void parley_bus_put(struct parley_bus *bus);

static inline struct parley_bus *parley_bus_get(struct parley_bus *bus)
{
	refcount_inc(&bus->refs);
	return bus;
}

int parley_bus_reserve(struct parley_bus *bus, u32 *id);
int parley_bus_claim(struct parley_bus *bus, u32 id);
void parley_bus_publish(struct parley_bus *bus, u32 id, struct parley_task *task);
bool parley_bus_hide(struct parley_bus *bus, u32 id, struct parley_task *task);
void parley_bus_release(struct parley_bus *bus, u32 id);

/* RCU readers only: xa_load() would begin another reader's section. */
static inline struct parley_task *parley_bus_find(struct parley_bus *bus, u32 id)
{
	XA_STATE(xas, &bus->tasks, id);
	struct parley_task *task;

	do {
		task = xas_load(&xas);
		if (xa_is_zero(task))
			return NULL;
	} while (xas_retry(&xas, task));
	return task;
}

int parley_bus_init(void);
void parley_bus_exit(void);

#endif /* _PARLEY_BUS_H */
