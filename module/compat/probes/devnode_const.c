// SPDX-License-Identifier: GPL-2.0

#include "compat/device.h"

static char *parley_probe_node(PARLEY_DEVNODE_DEVICE *device, umode_t *mode)
{
	return NULL;
}

struct class parley_probe = {
	.devnode = parley_probe_node,
};
