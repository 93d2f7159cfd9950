/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: device, descriptors and /dev/parley
 *
 * There are descriptors of tasks, from opening the character device /dev/parley
 * or from OPEN on a bus's descriptor, and descriptors of buses, from BUS on a
 * task's. Each holds what it stands for and the module, which can't be unloaded
 * while a task exists.
 *
 * It is no misc device: those are opened under one lock for all of them, and
 * opening a task takes the mmap lock of a process that need not be a friend.
 */
#ifndef _PARLEY_DEVICE_H
#define _PARLEY_DEVICE_H

#include <linux/types.h>

struct parley_bus;

int parley_device_bus(struct parley_bus *bus);
int parley_device_task(struct parley_bus *bus, s32 id);

int parley_device_init(void);
void parley_device_exit(void);

#endif /* _PARLEY_DEVICE_H */
