/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: compat/device, what struct class looks like
 *
 * Linux 6.2 made the device that class.devnode gets constant (commit
 * ff62b8e6588f, "driver core: make struct class.devnode() take a const *").
 * The compiler tells which it is.
 */
#ifndef _PARLEY_COMPAT_DEVICE_H
#define _PARLEY_COMPAT_DEVICE_H

#include <linux/device.h>

#define PARLEY_DEVNODE_CONST \
	__builtin_types_compatible_p(typeof_member(struct class, devnode), \
				     char *(*)(const struct device *, umode_t *))

/* What the first argument points to. */
#define PARLEY_DEVNODE_DEVICE \
	typeof(*__builtin_choose_expr(PARLEY_DEVNODE_CONST, \
				      (const struct device *)NULL, \
				      (struct device *)NULL))

#endif /* _PARLEY_COMPAT_DEVICE_H */
