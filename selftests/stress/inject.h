/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fault injection: make the n-th allocation or user copy of this thread fail,
 * and learn from the kernel's log where that was.
 */
#ifndef STRESS_INJECT_H
#define STRESS_INJECT_H

#include <stdarg.h>
#include "census.h"
#include "common.h"

#define DEBUGFS	"/sys/kernel/debug/"

/**
 * struct injector - what it takes to inject faults
 * @nth: /proc/thread-self/fail-nth of the thread that opened it
 * @log: /dev/kmsg, read up to the last injection
 */
struct injector {
	int nth;
	int log;
};

/* By default only allocations that can't sleep fail; the module's can. */
static const struct knob {
	const char *path;
	const char *value;
} knobs[] = {
	{ DEBUGFS "failslab/ignore-gfp-wait", "N" },
	{ DEBUGFS "failslab/cache-filter", "N" },
	{ DEBUGFS "failslab/verbose", "2" },
	{ DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N" },
	{ DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N" },
	{ DEBUGFS "fail_page_alloc/min-order", "0" },
	{ DEBUGFS "fail_page_alloc/verbose", "2" },
	{ DEBUGFS "fail_usercopy/verbose", "2" },
};

/* NULL, or what this kernel lacks. */
static inline const char *injector_open(struct injector *injector)
{
	size_t i;

	injector->nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (injector->nth < 0)
		return "/proc/thread-self/fail-nth";
	for (i = 0; i < sizeof(knobs) / sizeof(*knobs); i++)
		if (!write_text(knobs[i].path, knobs[i].value))
			return knobs[i].path;
	injector->log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (injector->log < 0 || lseek(injector->log, 0, SEEK_END))
		return "/dev/kmsg";
	return NULL;
}

static inline void injector_arm(const struct injector *injector, unsigned int n)
{
	char text[12];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(injector->nth, text, len, 0) != len)
		abort();
}

/*
 * Disarm; was a fault injected since it was armed? If only one more was to go,
 * the read itself fails of it, and the fault had not been injected before.
 */
static inline bool injector_fired(const struct injector *injector)
{
	char text[12] = "";
	ssize_t n = pread(injector->nth, text, sizeof(text) - 1, 0);

	while (pwrite(injector->nth, "0", 1, 0) != 1)
		;
	return n > 0 && atoi(text) == 0;
}

/* Copy the word that starts at @word. */
static inline void copy_word(char *to, size_t size, const char *word)
{
	size_t len = strcspn(word, ",\n");

	snprintf(to, size, "%.*s", (int)len, word);
}

/*
 * Read the log on: which fault, and its innermost frame in the module. False
 * if there is nothing in it: allocations with __GFP_NOWARN fail in silence.
 */
static inline bool injector_site(const struct injector *injector, char *site, size_t size)
{
	char line[2048], fault[40] = "", frame[120] = "outside the module";
	bool found = false;
	ssize_t n;

	while ((n = read(injector->log, line, sizeof(line) - 1)) > 0) {
		char *text, *name;

		line[n] = 0;
		text = strchr(line, ';');
		if (!text)
			continue;
		name = strstr(text, "name fail");
		if (strstr(text, "FAULT_INJECTION") && name)
			copy_word(fault, sizeof(fault), name + strlen("name "));
		name = strstr(text, "parley_");
		if (name && !found && !strstr(text, "? parley_") && strstr(text, "+0x")) {
			copy_word(frame, sizeof(frame), name);
			found = true;
		}
	}
	snprintf(site, size, "%s in %s", fault, frame);
	return *fault;
}

#endif /* STRESS_INJECT_H */
