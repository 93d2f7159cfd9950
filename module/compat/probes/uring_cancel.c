// SPDX-License-Identifier: GPL-2.0

#include "compat/uring_cancel.h"

unsigned int parley_probe(void);

unsigned int parley_probe(void)
{
	return IO_URING_F_CANCEL;
}
