// SPDX-License-Identifier: GPL-2.0

#include <linux/hashtable.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "quota.h"

#define PARLEY_USER_BITS	8

static DEFINE_HASHTABLE(parley_users, PARLEY_USER_BITS);
static DEFINE_SPINLOCK(parley_users_lock);

struct parley_limit_info parley_limits[PARLEY_LIMITS] = {
	[PARLEY_LIMIT_TASKS]	= { "tasks", 4096 },
	[PARLEY_LIMIT_MESSAGES]	= { "messages", 16384 },
	[PARLEY_LIMIT_GRANTS]	= { "grants", 16384 },
	[PARLEY_LIMIT_WATCHES]	= { "watches", 16384 },
	[PARLEY_LIMIT_LINKS]	= { "links", 16384 },
	[PARLEY_LIMIT_PINS]	= { "pins", 16384 },
};

#define PARLEY_MAX(_name, _limit, _what) \
	module_param_named(max_##_name, parley_limits[_limit].max, uint, 0644); \
	MODULE_PARM_DESC(max_##_name, "Most " _what " that a user may have")

PARLEY_MAX(tasks, PARLEY_LIMIT_TASKS, "tasks");
PARLEY_MAX(messages, PARLEY_LIMIT_MESSAGES, "messages in flight");
PARLEY_MAX(grants, PARLEY_LIMIT_GRANTS, "grants");
PARLEY_MAX(watches, PARLEY_LIMIT_WATCHES, "watches");
PARLEY_MAX(links, PARLEY_LIMIT_LINKS, "links");
PARLEY_MAX(pins, PARLEY_LIMIT_PINS, "pages pinned");

static struct hlist_head *parley_user_bucket(kuid_t uid)
{
	return &parley_users[hash_min(__kuid_val(uid), PARLEY_USER_BITS)];
}

/* The user that is in the table, with a reference, or NULL. */
static struct parley_user *parley_user_find_locked(kuid_t uid)
{
	struct parley_user *user;

	lockdep_assert_held(&parley_users_lock);

	hlist_for_each_entry(user, parley_user_bucket(uid), node) {
		if (uid_eq(user->uid, uid)) {
			refcount_inc(&user->refs);
			return user;
		}
	}
	return NULL;
}

/**
 * parley_user_get() - find a user, or enter a new one
 * @uid: who
 *
 * Return: the user, with a reference; NULL when out of memory.
 */
struct parley_user *parley_user_get(kuid_t uid)
{
	struct parley_user *user, *fresh;

	spin_lock(&parley_users_lock);
	user = parley_user_find_locked(uid);
	spin_unlock(&parley_users_lock);
	if (user)
		return user;

	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return NULL;
	fresh->uid = uid;
	refcount_set(&fresh->refs, 1);

	spin_lock(&parley_users_lock);
	user = parley_user_find_locked(uid);
	if (!user)
		hlist_add_head(&fresh->node, parley_user_bucket(uid));
	spin_unlock(&parley_users_lock);
	if (!user)
		return fresh;
	kfree(fresh);
	return user;
}

void parley_user_put(struct parley_user *user)
{
	bool last;

	if (refcount_dec_not_one(&user->refs))
		return;
	/* Whoever finds it in the table before it has left keeps it. */
	spin_lock(&parley_users_lock);
	last = refcount_dec_and_test(&user->refs);
	if (last)
		hlist_del(&user->node);
	spin_unlock(&parley_users_lock);
	if (last)
		kfree(user);
}

/**
 * parley_user_charge_many() - count some more
 * @user: held by the caller
 * @limit: of what
 * @n: how many
 *
 * Return: 0, to be undone by parley_user_uncharge_many(); or -EDQUOT.
 */
int parley_user_charge_many(struct parley_user *user, enum parley_limit limit,
			    unsigned int n)
{
	unsigned int max = READ_ONCE(parley_limits[limit].max);
	int used = atomic_read(&user->used[limit]);

	max = min_t(unsigned int, max, INT_MAX);
	do {
		if ((unsigned int)used >= max || n > max - (unsigned int)used) {
			atomic64_inc(&user->hits[limit]);
			return -EDQUOT;
		}
	} while (!atomic_try_cmpxchg(&user->used[limit], &used, used + n));
	refcount_inc(&user->refs);
	return 0;
}

void parley_user_uncharge_many(struct parley_user *user,
			       enum parley_limit limit, unsigned int n)
{
	atomic_sub(n, &user->used[limit]);
	parley_user_put(user);
}

/* Those of a bucket, but for the first *@skip. */
static int parley_user_each_locked(struct hlist_head *bucket, long *skip,
				   int (*show)(const struct parley_user *user,
					       void *data),
				   void *data)
{
	struct parley_user *user;
	long i = 0;
	int err;

	lockdep_assert_held(&parley_users_lock);

	hlist_for_each_entry(user, bucket, node) {
		if (i++ < *skip)
			continue;
		err = show(user, data);
		if (err)
			return err;
		++*skip;
	}
	return 0;
}

/**
 * parley_user_each() - show all users, in portions
 * @bucket: where to go on; 0 at first
 * @skip: likewise
 * @show: must not sleep; what it returns, if not 0, ends the portion before
 *	that user
 * @data: passed on
 *
 * Return: 0 when all have been shown, or what @show returned.
 */
int parley_user_each(long *bucket, long *skip,
		     int (*show)(const struct parley_user *user, void *data),
		     void *data)
{
	int err;

	for (; *bucket < HASH_SIZE(parley_users); ++*bucket, *skip = 0) {
		spin_lock(&parley_users_lock);
		err = parley_user_each_locked(&parley_users[*bucket], skip,
					      show, data);
		spin_unlock(&parley_users_lock);
		if (err)
			return err;
	}
	return 0;
}
