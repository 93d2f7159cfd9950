/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: compat/device, what struct class looks like
 *
 * Linux 6.2 made the device that class.devnode gets constant (commit
 * ff62b8e6588f, "driver core: make struct class.devnode() take a const *").
 */
#ifndef _PARLEY_COMPAT_DEVICE_H
#define _PARLEY_COMPAT_DEVICE_H

#include <linux/device.h>

#ifdef PARLEY_HAVE_DEVNODE_CONST
#define PARLEY_DEVNODE_DEVICE const struct device
#else
#define PARLEY_DEVNODE_DEVICE struct device
#endif

#endif /* _PARLEY_COMPAT_DEVICE_H */
