/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: device, /dev/parley
 *
 * The character device through which user space opens tasks: a descriptor is a
 * task. The descriptor holds the module, so that it can't be unloaded while a
 * task exists.
 *
 * It is no misc device: those are opened under one lock for all of them, and
 * opening a task takes the mmap lock of a process that need not be a friend.
 */
#ifndef _PARLEY_DEVICE_H
#define _PARLEY_DEVICE_H

int parley_device_init(void);
void parley_device_exit(void);

#endif /* _PARLEY_DEVICE_H */
