// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bond.h"
#include "task.h"

#include <assert.h>
#include <errno.h>

#include <linux/parley.h>

#define SAME_FIELD(ours, theirs) \
	static_assert(offsetof(struct ipc_creds, ours) == \
		      offsetof(struct parley_creds, theirs), "uapi")

/* Credentials come from the kernel as they are. */
static_assert(sizeof(struct ipc_creds) == sizeof(struct parley_creds), "uapi");
SAME_FIELD(pid, pid);
SAME_FIELD(uid, uid);
SAME_FIELD(gid, gid);
SAME_FIELD(flags, flags);
static_assert(LIBIPC_CREDS_NO_NEW_PRIVS == PARLEY_CREDS_NO_NEW_PRIVS, "uapi");
static_assert(LIBIPC_CREDS_USER_NS == PARLEY_CREDS_USER_NS, "uapi");
static_assert(LIBIPC_CREDS_MNT_NS == PARLEY_CREDS_MNT_NS, "uapi");
static_assert(LIBIPC_CREDS_KERNEL == PARLEY_CREDS_KERNEL, "uapi");

int ipc_mode(unsigned int mode)
{
	struct parley_mode arg = {
		.size = sizeof(arg),
		.mode = mode,
	};

	return ipc_task_ioctl(PARLEY_IOC_MODE, &arg);
}

int ipc_grant(ipc_task_t task)
{
	return ipc_bond(PARLEY_IOC_BOND, PARLEY_BOND_GRANT, task);
}

int ipc_revoke(ipc_task_t task)
{
	return ipc_bond(PARLEY_IOC_UNBOND, PARLEY_BOND_GRANT, task);
}

int ipc_creds_full(ipc_token_t token, struct ipc_creds_full *full)
{
	struct parley_creds_full arg = {
		.size = sizeof(arg),
		.token = token,
	};
	int ret;

	if (!full)
		return -EFAULT;
	arg.groups = (uintptr_t)full->groups;
	arg.groups_len = full->groups_len < UINT32_MAX ? full->groups_len : UINT32_MAX;
	ret = ipc_task_ioctl(PARLEY_IOC_CREDS, &arg);
	if (ret == 0 || ret == -EMSGSIZE)
		full->groups_len = arg.groups_len;
	if (ret == 0) {
		full->capabilities = arg.capabilities;
		full->creds = (struct ipc_creds){
			.pid = arg.creds.pid,
			.uid = arg.creds.uid,
			.gid = arg.creds.gid,
			.flags = arg.creds.flags,
		};
	}
	return ret;
}
