// SPDX-License-Identifier: LGPL-2.1-or-later
#include "task.h"

#include <assert.h>

#include <linux/parley.h>

static_assert(LIBIPC_NOTIFY_TIMER == PARLEY_NOTIFY_TIMER, "uapi");
static_assert(LIBIPC_NOTIFY_IRQ == PARLEY_NOTIFY_IRQ, "uapi");

int ipc_timer(uint64_t deadline)
{
	struct parley_timer_arg timer = {
		.size = sizeof(timer),
		.deadline = deadline,
	};

	return ipc_task_ioctl(PARLEY_IOC_TIMER, &timer);
}

int ipc_eventfd(int fd)
{
	struct parley_eventfd eventfd = {
		.size = sizeof(eventfd),
		.fd = fd,
	};

	return ipc_task_ioctl(PARLEY_IOC_EVENTFD, &eventfd);
}
