/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: ioctl, from system call to operation
 *
 * One table row per operation: its number, the size of its argument and what
 * the argument may use. Here the argument is copied in, once, and checked; the
 * operation behind the row never reads it again.
 */
#ifndef _PARLEY_IOCTL_H
#define _PARLEY_IOCTL_H

#include <linux/types.h>

struct file;
struct parley_ipc;

long parley_ioctl_on_task(struct file *file, unsigned int cmd, unsigned long arg);
long parley_ioctl_on_bus(struct file *file, unsigned int cmd, unsigned long arg);
bool parley_ioctl_is_message(unsigned int cmd);
int parley_ioctl_get_message(const struct file *file, unsigned int cmd, u64 uarg,
			     struct parley_ipc *ipc);

#endif /* _PARLEY_IOCTL_H */
