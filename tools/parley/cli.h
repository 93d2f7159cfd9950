/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: the program "parley"
 *
 * Each command is a function that prints what it is for and returns. What goes
 * wrong ends the program, by die().
 */
#ifndef PARLEY_CLI_H
#define PARLEY_CLI_H

#include <stdbool.h>

/**
 * enum status - how the program exits
 * @STATUS_OK: it did what it was asked for
 * @STATUS_USAGE: the command line is wrong
 * @STATUS_MODULE: the kernel module isn't loaded
 * @STATUS_FAILED: anything else
 */
enum status {
	STATUS_OK,
	STATUS_USAGE,
	STATUS_MODULE,
	STATUS_FAILED,
};

/**
 * struct options - what the command line says
 * @json: print JSON
 * @numeric: print user and group ids instead of names
 * @count: end after so many events; 0 is never
 */
struct options {
	bool json;
	bool numeric;
	unsigned long count;
};

extern struct options options;

/* Says on the standard error output what is wrong, and exits. */
void die(enum status status, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* Sees to it that all that was printed is written. */
void flush(void);

void tasks_run(void);
void stats_run(void);
void watch_run(void);

#endif /* PARLEY_CLI_H */
