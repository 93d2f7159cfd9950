/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: asking the module
 *
 * One socket to the generic netlink family "parley". Messages reach a function
 * that returns 0, or a negative libnl error, which ends the program as a message
 * that can't be understood.
 */
#ifndef PARLEY_NETLINK_H
#define PARLEY_NETLINK_H

#include <linux/genetlink.h>

typedef int (*netlink_fn)(const struct genlmsghdr *message, void *arg);

/* Asks for a dump and shows each of its messages. */
void netlink_dump(int command, netlink_fn show, void *arg);

/*
 * Joins the events, tells so by @joined, and shows each as it comes, until the
 * program ends; as it does when the module is unloaded.
 */
void netlink_watch(void (*joined)(void *arg), netlink_fn show, void *arg);

#endif /* PARLEY_NETLINK_H */
