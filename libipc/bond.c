// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bond.h"

int ipc_bond(unsigned long op, enum parley_bond_kind kind, ipc_task_t peer)
{
	struct parley_bond_arg bond = {
		.size = sizeof(bond),
		.kind = kind,
		.peer = peer,
	};

	return ipc_task_ioctl(op, &bond);
}
