// SPDX-License-Identifier: GPL-2.0
/* The clock, and whether it counts instructions. */
#include <math.h>
#include <time.h>

#include "bench.h"

#define PROBE_LOOPS	10000000ULL
#define PROBE_TOLERANCE	0.01

uint64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* A loop of two instructions takes two nanoseconds a turn, ticks aside. */
int clock_counts_instructions(void)
{
	uint64_t loops = PROBE_LOOPS;
	uint64_t start = clock_now();

	asm volatile("1: dec %0\n\tjnz 1b" : "+r" (loops) : : "cc");

	double per_loop = (double)(clock_now() - start) / PROBE_LOOPS;

	return fabs(per_loop - 2) < 2 * PROBE_TOLERANCE ? 0 : -1;
}
