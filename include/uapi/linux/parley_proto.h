/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/**
 * DOC: Parley, messages of the kernel
 *
 * Types and layouts of the messages that the module itself sends, from
 * PARLEY_TASK_KERNEL.
 */
#ifndef _UAPI_LINUX_PARLEY_PROTO_H
#define _UAPI_LINUX_PARLEY_PROTO_H

#include <linux/types.h>

/**
 * PARLEY_GLOBAL_NOTIFICATIONS - notification bits that were set and are now
 * cleared; payload is struct parley_global_notifications.
 */
#define PARLEY_GLOBAL_NOTIFICATIONS	1

/**
 * struct parley_global_notifications - payload of the message of that name
 * @data: the bits, PARLEY_NOTIFY_*
 */
struct parley_global_notifications {
	__u8 data;
};

#endif /* _UAPI_LINUX_PARLEY_PROTO_H */
