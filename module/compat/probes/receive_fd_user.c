// SPDX-License-Identifier: GPL-2.0

#include "compat/file.h"

int parley_probe(struct file *file);

int parley_probe(struct file *file)
{
	return parley_receive_fd(file, 0);
}
