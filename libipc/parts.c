// SPDX-License-Identifier: LGPL-2.1-or-later
#include "exchange.h"

ssize_t ipc_in_parts(size_t len, ssize_t (*step)(size_t offset, size_t len, void *arg),
		     void *arg)
{
	size_t done = 0;

	while (done < len) {
		size_t part = len - done < LIBIPC_OOL_MAX ? len - done : LIBIPC_OOL_MAX;
		ssize_t ret = step(done, part, arg);

		if (ret < 0)
			return done ? (ssize_t)done : ret;
		done += ret;
		if ((size_t)ret < part)
			break;
	}
	return done;
}
