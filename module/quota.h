/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: quota, what each user may keep in the kernel
 *
 * Everything that outlives a system call is charged to a user: whoever asked
 * for it, or the receiver that keeps it by not receiving (inbox.h). Users are
 * counted apart, so that nobody can use up what is another's. A refusal is
 * counted too, for the administrator (netlink.h).
 *
 * Lifetime: a struct parley_user lives while somebody holds it; each charge
 * does.
 *
 * Lock: that of the table of users, innermost of all.
 */
#ifndef _PARLEY_QUOTA_H
#define _PARLEY_QUOTA_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/uidgid.h>

/**
 * enum parley_limit - what is limited; parley_limits[] has the names
 * @PARLEY_LIMIT_TASKS: tasks with a descriptor
 * @PARLEY_LIMIT_MESSAGES: messages in flight, kept, or kept ready by a task
 * @PARLEY_LIMIT_GRANTS: grants made
 * @PARLEY_LIMIT_WATCHES: watches, and deaths not yet received
 * @PARLEY_LIMIT_LINKS: links made
 * @PARLEY_LIMIT_PINS: pages of memory pinned (pin.h)
 * @PARLEY_LIMITS: how many limits there are
 */
enum parley_limit {
	PARLEY_LIMIT_TASKS,
	PARLEY_LIMIT_MESSAGES,
	PARLEY_LIMIT_GRANTS,
	PARLEY_LIMIT_WATCHES,
	PARLEY_LIMIT_LINKS,
	PARLEY_LIMIT_PINS,
	PARLEY_LIMITS,
};

/**
 * struct parley_limit_info - one limit
 * @name: for people
 * @max: most that a user may have, module parameter max_<name>
 */
struct parley_limit_info {
	const char *name;
	unsigned int max;
};

extern struct parley_limit_info parley_limits[PARLEY_LIMITS];

/**
 * struct parley_user - a user and what is charged to it
 * @uid: who
 * @refs: holders
 * @node: in the table of users
 * @used: in use, by limit
 * @hits: refusals, by limit
 */
struct parley_user {
	kuid_t uid;
	refcount_t refs;
	struct hlist_node node;
	atomic_t used[PARLEY_LIMITS];
	atomic64_t hits[PARLEY_LIMITS];
};

struct parley_user *parley_user_get(kuid_t uid);
void parley_user_put(struct parley_user *user);
int parley_user_charge_many(struct parley_user *user, enum parley_limit limit,
			    unsigned int n);
void parley_user_uncharge_many(struct parley_user *user,
			       enum parley_limit limit, unsigned int n);
int parley_user_each(long *bucket, long *skip,
		     int (*show)(const struct parley_user *user, void *data),
		     void *data);

/* One more, one less. */
static inline int parley_user_charge(struct parley_user *user,
				     enum parley_limit limit)
{
	return parley_user_charge_many(user, limit, 1);
}

static inline void parley_user_uncharge(struct parley_user *user,
					enum parley_limit limit)
{
	parley_user_uncharge_many(user, limit, 1);
}

#endif /* _PARLEY_QUOTA_H */
