// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async.h"
#include "task.h"

#include <assert.h>

#include <linux/parley.h>

static_assert(LIBIPC_TASK_DISCOVERY == PARLEY_TASK_DISCOVERY, "uapi");
static_assert(LIBIPC_TASK_TASK == PARLEY_TASK_TASK, "uapi");

int ipc_bus(void)
{
	struct parley_bus_arg bus = { .size = sizeof(bus) };

	return ipc_task_ioctl(PARLEY_IOC_BUS, &bus);
}

int ipc_join(int bus, ipc_task_t id)
{
	struct parley_open open = {
		.size = sizeof(open),
		.task = id,
	};
	int fd = ipc_fd_ioctl(bus, PARLEY_IOC_OPEN, &open);

	if (fd >= 0)
		ipc_async_forget(fd);
	return fd;
}
