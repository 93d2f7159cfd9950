// SPDX-License-Identifier: GPL-2.0
/*
 * Parley: messages between tasks, for a stock kernel.
 *
 * Start with docs/architecture.md, or with the first paragraph of each header:
 * wait.h and message.h (what travels), inbox.h (where it meets a receiver),
 * task.h (whose inbox), rpc.h and serve.h (the operations), ioctl.h and device.h (the way
 * in from user space).
 */

#include <linux/module.h>

#include "bus.h"
#include "device.h"
#include "message.h"
#include "netlink.h"
#include "raise.h"
#include "task.h"

static int __init parley_init(void)
{
	int err;

	err = parley_message_init();
	if (err)
		return err;
	err = parley_raise_init();
	if (err)
		goto exit_message;
	err = parley_bus_init();
	if (err)
		goto exit_raise;
	err = parley_task_init();
	if (err)
		goto exit_bus;
	err = parley_netlink_init();
	if (err)
		goto exit_task;
	err = parley_device_init();
	if (err)
		goto exit_netlink;
	return 0;

exit_netlink:
	parley_netlink_exit();
exit_task:
	parley_task_exit();
exit_bus:
	parley_bus_exit();
exit_raise:
	parley_raise_exit();
exit_message:
	parley_message_exit();
	return err;
}

static void __exit parley_exit(void)
{
	parley_device_exit();
	parley_netlink_exit();
	parley_task_exit();
	parley_bus_exit();
	parley_raise_exit();
	parley_message_exit();
}

module_init(parley_init);
module_exit(parley_exit);

MODULE_DESCRIPTION("Synchronous messages between tasks");
MODULE_AUTHOR("The Parley developers");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
