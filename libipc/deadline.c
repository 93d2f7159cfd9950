// SPDX-License-Identifier: LGPL-2.1-or-later
#include "task.h"

#include <time.h>

#define NSEC_PER_SEC	UINT64_C(1000000000)

/* The kernel's own clock ends there. */
#define TIME_MAX	((uint64_t)INT64_MAX)

uint64_t ipc_deadline(uint64_t ns)
{
	struct timespec ts;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
	return ns < TIME_MAX - now ? now + ns : LIBIPC_FOREVER;
}
