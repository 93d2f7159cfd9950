// SPDX-License-Identifier: GPL-2.0

#include "compat/fdtable.h"

struct file *parley_probe(unsigned int fd);

struct file *parley_probe(unsigned int fd)
{
	return parley_take_fd(fd);
}
