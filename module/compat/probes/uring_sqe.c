// SPDX-License-Identifier: GPL-2.0

#include "compat/uring.h"

const void *parley_probe(const struct io_uring_cmd *cmd);

const void *parley_probe(const struct io_uring_cmd *cmd)
{
	return parley_uring_payload(cmd);
}
