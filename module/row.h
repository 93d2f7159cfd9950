/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: row, what is told of a task or a user
 *
 * These functions put the attributes of uapi/linux/parley_netlink.h into a
 * message. Who may see them is not their business (netlink.h).
 *
 * They don't sleep. What is told of a task is as it was at one moment, but for
 * its mode and bonds.
 *
 * Locks: an inbox's.
 */
#ifndef _PARLEY_ROW_H
#define _PARLEY_ROW_H

#include <linux/types.h>
#include <net/netlink.h>

struct parley_task;
struct parley_user;
struct sk_buff;
struct user_namespace;

/* Room for what parley_row_put_identity() puts. */
#define PARLEY_ROW_IDENTITY_SIZE	(4 * nla_total_size(sizeof(u32)))

int parley_row_put_identity(struct sk_buff *skb, const struct parley_task *task,
			    struct user_namespace *user_ns);
int parley_row_put_task(struct sk_buff *skb, struct parley_task *task,
			struct user_namespace *user_ns, bool details);
int parley_row_put_user(struct sk_buff *skb, const struct parley_user *user,
			u32 uid);

#endif /* _PARLEY_ROW_H */
