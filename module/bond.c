// SPDX-License-Identifier: GPL-2.0

#include <linux/err.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <uapi/linux/parley_proto.h>

#include "bond.h"
#include "inbox.h"
#include "note.h"
#include "notification.h"

/**
 * struct parley_bond - a bond
 * @kind: what it is
 * @holder: who made it
 * @peer: with whom
 * @held: in holder->held
 * @toward: in peer->toward
 * @link: of a link
 * @note: of a watch, what it is going to post
 * @rcu: it is looked up without the lock
 */
struct parley_bond {
	enum parley_bond_kind kind;
	struct parley_bonds *holder;
	struct parley_bonds *peer;
	struct list_head held;
	struct list_head toward;
	struct parley_link link;
	struct parley_message *note;
	struct rcu_head rcu;
};

static const enum parley_limit parley_bond_limits[PARLEY_BOND_KINDS] = {
	[PARLEY_BOND_GRANT]	= PARLEY_LIMIT_GRANTS,
	[PARLEY_BOND_WATCH]	= PARLEY_LIMIT_WATCHES,
	[PARLEY_BOND_LINK]	= PARLEY_LIMIT_LINKS,
};

/* Protects every struct parley_bonds. */
static DEFINE_SPINLOCK(parley_bonds_lock);

/**
 * parley_bonds_init() - a new task has no bonds
 * @bonds: the task's; its id is set before anybody can find it
 * @inbox: the task's
 * @user: whom to charge; held as long as the task exists
 */
void parley_bonds_init(struct parley_bonds *bonds, struct parley_inbox *inbox,
		       struct parley_user *user)
{
	int kind;

	bonds->inbox = inbox;
	bonds->user = user;
	for (kind = 0; kind < PARLEY_BOND_KINDS; kind++) {
		xa_init_flags(&bonds->mine[kind], XA_FLAGS_ACCOUNT);
		bonds->count[kind] = 0;
	}
	INIT_LIST_HEAD(&bonds->held);
	INIT_LIST_HEAD(&bonds->toward);
	bonds->closed = false;
}

/* A watch is charged as its note: until that is received. */
static struct parley_bond *parley_bond_alloc(struct parley_bonds *holder,
					     struct parley_bonds *peer,
					     enum parley_bond_kind kind)
{
	struct parley_global_exception body = {
		.task = peer->id,
		.exception = PARLEY_GRACE_EXIT,
	};
	struct parley_message *note = NULL;
	struct parley_bond *bond;
	int err = 0;

	bond = kzalloc(sizeof(*bond), GFP_KERNEL_ACCOUNT);
	if (!bond)
		return ERR_PTR(-ENOMEM);
	if (kind == PARLEY_BOND_WATCH) {
		note = parley_message_alloc(holder->user, PARLEY_LIMIT_WATCHES);
		err = PTR_ERR_OR_ZERO(note);
	} else {
		err = parley_user_charge(holder->user, parley_bond_limits[kind]);
	}
	if (err) {
		kfree(bond);
		return ERR_PTR(err);
	}
	if (note) {
		parley_message_reset(note, true);
		parley_message_note(note, PARLEY_GLOBAL_EXCEPTION, &body,
				    sizeof(body));
	}
	bond->kind = kind;
	bond->holder = holder;
	bond->peer = peer;
	bond->note = note;
	bond->link.peer = holder->id;
	INIT_LIST_HEAD(&bond->link.raised);
	return bond;
}

/* @bond is in no list. Its note, if it still has one, goes with it. */
static void parley_bond_free(struct parley_bond *bond, struct parley_user *user)
{
	if (bond->note)
		parley_message_free(bond->note);
	else if (bond->kind != PARLEY_BOND_WATCH)
		parley_user_uncharge(user, parley_bond_limits[bond->kind]);
	kfree_rcu(bond, rcu);
}

static int parley_bond_enter_locked(struct parley_bond *bond)
{
	struct parley_bonds *holder = bond->holder, *peer = bond->peer;
	struct xarray *mine = &holder->mine[bond->kind];
	int err;

	lockdep_assert_held(&parley_bonds_lock);

	if (peer->closed)
		return -ENOTCONN;
	if (xa_load(mine, peer->id))
		return -EEXIST;
	/* Room was reserved, unless another thread has ended a bond here since. */
	err = xa_err(xa_store(mine, peer->id, bond,
			      GFP_ATOMIC | __GFP_ACCOUNT));
	if (err)
		return err;
	holder->count[bond->kind]++;
	list_add(&bond->held, &holder->held);
	list_add(&bond->toward, &peer->toward);
	return 0;
}

static void parley_bond_remove_locked(struct parley_bond *bond)
{
	lockdep_assert_held(&parley_bonds_lock);

	xa_erase(&bond->holder->mine[bond->kind], bond->peer->id);
	bond->holder->count[bond->kind]--;
	list_del(&bond->held);
	list_del(&bond->toward);
	if (bond->kind == PARLEY_BOND_LINK)
		parley_link_end(bond->peer->inbox, &bond->link);
}

/**
 * parley_bond_make() - make a bond
 * @holder: the calling task's bonds
 * @peer: the other's; the caller keeps that task
 * @kind: what
 *
 * Return: 0; -EEXIST, -ENOTCONN (the peer is dead), -EDQUOT or -ENOMEM.
 */
int parley_bond_make(struct parley_bonds *holder, struct parley_bonds *peer,
		     enum parley_bond_kind kind)
{
	struct parley_bond *bond = parley_bond_alloc(holder, peer, kind);
	int err;

	if (IS_ERR(bond))
		return PTR_ERR(bond);
	err = xa_reserve(&holder->mine[kind], peer->id, GFP_KERNEL_ACCOUNT);
	if (!err) {
		spin_lock(&parley_bonds_lock);
		err = parley_bond_enter_locked(bond);
		if (err)
			xa_release(&holder->mine[kind], peer->id);
		spin_unlock(&parley_bonds_lock);
	}
	if (err)
		parley_bond_free(bond, holder->user);
	return err;
}

/**
 * parley_bond_end() - end a bond
 * @holder: the calling task's bonds
 * @peer: id of the other
 * @kind: what
 *
 * Return: 0 or -ENOENT.
 */
int parley_bond_end(struct parley_bonds *holder, s32 peer,
		    enum parley_bond_kind kind)
{
	struct parley_bond *bond;

	if (peer < 0)
		return -ENOENT;
	spin_lock(&parley_bonds_lock);
	bond = xa_load(&holder->mine[kind], peer);
	if (bond)
		parley_bond_remove_locked(bond);
	spin_unlock(&parley_bonds_lock);
	if (!bond)
		return -ENOENT;
	parley_bond_free(bond, holder->user);
	return 0;
}

/**
 * parley_bond_raise() - notify a peer, and let it know who does
 * @holder: the calling task's bonds
 * @peer: the other's; the caller keeps that task
 * @bits: PARLEY_NOTIFY_ASYNC and others
 *
 * Return: 0; -ENOENT without a link; -ENOTCONN when the peer is dead.
 */
int parley_bond_raise(struct parley_bonds *holder, struct parley_bonds *peer,
		      u32 bits)
{
	struct parley_bond *bond;
	int err = -ENOENT;

	rcu_read_lock();
	bond = xa_load(&holder->mine[PARLEY_BOND_LINK], peer->id);
	if (bond)
		err = parley_notification_set(peer->inbox, bits, &bond->link);
	rcu_read_unlock();
	return err;
}

/* End one bond of a dead task. Returns false if there is none. */
static bool parley_bonds_close_one(struct parley_bonds *bonds)
{
	struct parley_user *user = NULL;
	struct parley_bond *bond;

	spin_lock(&parley_bonds_lock);
	bonds->closed = true;
	bond = list_first_entry_or_null(&bonds->held, struct parley_bond, held);
	if (!bond) {
		bond = list_first_entry_or_null(&bonds->toward,
						struct parley_bond, toward);
		/* The holder can't go before its bonds. */
		if (bond && bond->note) {
			parley_note_post(bond->holder->inbox, bond->note);
			bond->note = NULL;
		}
	}
	if (bond) {
		parley_bond_remove_locked(bond);
		user = bond->holder->user;
		parley_bond_free(bond, user);
	}
	spin_unlock(&parley_bonds_lock);
	return bond;
}

/**
 * parley_bonds_close() - the task is dead: end all bonds that it is part of
 * @bonds: the dead task's
 */
void parley_bonds_close(struct parley_bonds *bonds)
{
	int kind;

	while (parley_bonds_close_one(bonds))
		cond_resched();
	for (kind = 0; kind < PARLEY_BOND_KINDS; kind++)
		xa_destroy(&bonds->mine[kind]);
}
