/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * DOC: grants, watches and links of the thread's current task (internal)
 *
 * They belong to the kernel and last until they are ended, or either task dies.
 */
#ifndef LIBIPC_BOND_H
#define LIBIPC_BOND_H

#include "task.h"

#include <linux/parley.h>

/**
 * ipc_bond() - make or end a bond
 * @op: PARLEY_IOC_BOND or PARLEY_IOC_UNBOND
 * @kind: what it is
 * @peer: the other task
 *
 * Return: 0, or a negative errno.
 */
int ipc_bond(unsigned long op, enum parley_bond_kind kind, ipc_task_t peer);

#endif /* LIBIPC_BOND_H */
