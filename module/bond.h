/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: bond, what one task has standing with another
 *
 * A bond is made by a task, its *holder*, with a peer, and is one of three
 * things (parley.h, enum parley_bond_kind): a grant, which lets the peer send to
 * the holder; a watch, which tells the holder of the peer's death; a link, which
 * lets the holder raise PARLEY_NOTIFY_ASYNC at the peer.
 *
 * Whatever a bond can ever need is allocated, and charged to the holder's user,
 * when it is made: a watch has the message that it is going to post.
 *
 * Lifetime: until the holder ends it or either task dies. It needs no reference
 * to the two, which cannot go before it. Who looks one up without the lock is an
 * RCU reader.
 *
 * Lock order: one lock for all bonds, then an inbox's. Tables are the xarrays'
 * own.
 */
#ifndef _PARLEY_BOND_H
#define _PARLEY_BOND_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/xarray.h>
#include <uapi/linux/parley.h>

struct parley_inbox;
struct parley_user;

#define PARLEY_BOND_KINDS	3

/**
 * struct parley_bonds - a task's bonds
 * @id: the task's
 * @inbox: the task's
 * @user: whom to charge
 * @mine: those it holds, by kind and the peer's id
 * @count: how many those are, by kind
 * @held: the same, as a list
 * @toward: those that others hold with it
 * @closed: the task is dead
 */
struct parley_bonds {
	s32 id;
	struct parley_inbox *inbox;
	struct parley_user *user;
	struct xarray mine[PARLEY_BOND_KINDS];
	unsigned int count[PARLEY_BOND_KINDS];
	struct list_head held;
	struct list_head toward;
	bool closed;
};

void parley_bonds_init(struct parley_bonds *bonds, struct parley_inbox *inbox,
		       struct parley_user *user);
void parley_bonds_close(struct parley_bonds *bonds);

int parley_bond_make(struct parley_bonds *holder, struct parley_bonds *peer,
		     enum parley_bond_kind kind);
int parley_bond_end(struct parley_bonds *holder, s32 peer,
		    enum parley_bond_kind kind);
int parley_bond_raise(struct parley_bonds *holder, struct parley_bonds *peer,
		      u32 bits);

/* Has @holder granted @peer that it may send? */
static inline bool parley_bond_granted(struct parley_bonds *holder, s32 peer)
{
	return xa_load(&holder->mine[PARLEY_BOND_GRANT], peer);
}

#endif /* _PARLEY_BOND_H */
