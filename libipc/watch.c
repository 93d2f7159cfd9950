// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bond.h"
#include "task.h"

#include <assert.h>

#include <linux/parley_proto.h>

static_assert(sizeof(struct ipc_exception) == sizeof(struct parley_global_exception), "uapi");
static_assert(offsetof(struct ipc_exception, task) ==
	      offsetof(struct parley_global_exception, task), "uapi");
static_assert(LIBIPC_EXCEPTION == PARLEY_GLOBAL_EXCEPTION, "uapi");
static_assert(LIBIPC_GRACE_EXIT == PARLEY_GRACE_EXIT, "uapi");
static_assert(sizeof(struct ipc_cancelled) == sizeof(struct parley_global_cancelled), "uapi");
static_assert(LIBIPC_CANCELLED == PARLEY_GLOBAL_CANCELLED, "uapi");
static_assert(LIBIPC_NOTIFY_ABORTED == PARLEY_NOTIFY_ABORTED, "uapi");

int ipc_watch(ipc_task_t task)
{
	return ipc_bond(PARLEY_IOC_BOND, PARLEY_BOND_WATCH, task);
}

int ipc_unwatch(ipc_task_t task)
{
	return ipc_bond(PARLEY_IOC_UNBOND, PARLEY_BOND_WATCH, task);
}
