/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: netlink, what can be seen from outside
 *
 * The generic netlink family of uapi/linux/parley_netlink.h: dumps of tasks and
 * users, and events that tell of tasks. It changes nothing. What a message tells
 * is in row.h; here is who gets it.
 *
 * What a task does, and what a user uses, is shown to whom it belongs and to
 * the administrator of the bus. It is the process that asks whose rights count,
 * whoever then reads; but one that writes without an address may have been given
 * the socket as something else, and then its opener must have them as well.
 *
 * Users and groups are told in the user namespace of the socket's opener, but
 * those of an event, which is one message for all listeners, in the one that
 * owns the network namespace. A pid is told in the namespace of the process that
 * reads.
 *
 * Lifetime: a dump holds the module. It takes no reference to a task: each
 * portion is made by an RCU reader (bus.h), and so is an event, which can then
 * rely on the network namespace, too.
 *
 * Locks: those of row.h, or that of the table of users (quota.h).
 */
#ifndef _PARLEY_NETLINK_H
#define _PARLEY_NETLINK_H

int parley_netlink_init(void);
void parley_netlink_exit(void);

#endif /* _PARLEY_NETLINK_H */
