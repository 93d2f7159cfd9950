/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: the limits of users, for tests
 *
 * max_set() sets one; all are as they were before when the program ends, not
 * only when a test does. usage_of() tells what the kernel tells of a user.
 */
#ifndef PARLEY_SELFTEST_USAGE_H
#define PARLEY_SELFTEST_USAGE_H

#include "netlink.h"

#define PARAMETERS	"/sys/module/parley/parameters/max_"

static const char *const max_names[] = { "tasks", "messages", "grants", "watches", "links",
					 "pins" };
static unsigned int maxima[ARRAY_SIZE(max_names)];

static inline FILE *max_open(const char *name, const char *mode)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	file = fopen(path, mode);
	if (file)
		return file;
	fprintf(stderr, "# %s: %s\n", path, strerror(errno));
	_exit(KSFT_FAIL);
}

static inline unsigned int max_get(const char *name)
{
	FILE *file = max_open(name, "r");
	unsigned int max;

	CHECK_EQ(1, fscanf(file, "%u", &max));
	fclose(file);
	return max;
}

static inline void max_set(const char *name, unsigned int max)
{
	FILE *file = max_open(name, "w");

	CHECK(fprintf(file, "%u\n", max) > 0);
	CHECK_EQ(0, fclose(file));
}

/* The program itself cleans up, whatever becomes of its tests. */
static void __attribute__((constructor)) maxima_save(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(max_names); i++)
		maxima[i] = max_get(max_names[i]);
}

static void __attribute__((destructor)) maxima_restore(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(max_names); i++)
		max_set(max_names[i], maxima[i]);
}

/* What the kernel tells of a user. */
struct usage {
	uid_t uid;
	const char *name;
	unsigned int seen;
	__u32 used, max;
	__u64 hits;
};

static inline void usage_read_limit(struct usage *usage, const struct nlattr *limit)
{
	const struct nlattr *name = nl_find(nl_nested(limit), PARLEY_A_LIMIT_NAME);

	CHECK(name);
	if (strcmp((const char *)(name + 1), usage->name))
		return;
	usage->seen++;
	usage->used = nl_u32(nl_find(nl_nested(limit), PARLEY_A_LIMIT_USED));
	usage->max = nl_u32(nl_find(nl_nested(limit), PARLEY_A_LIMIT_MAX));
	usage->hits = nl_u64(nl_find(nl_nested(limit), PARLEY_A_LIMIT_HITS));
}

static inline void usage_read(const struct nlmsghdr *head, void *arg)
{
	struct nl_attrs attrs = genl_attrs(head);
	const struct nlattr *attr;
	struct usage *usage = arg;

	if (nl_u32(nl_find(attrs, PARLEY_A_USER_UID)) != usage->uid)
		return;
	while ((attr = nl_next(&attrs)))
		if (nl_type(attr) == PARLEY_A_USER_LIMIT)
			usage_read_limit(usage, attr);
}

static inline struct usage usage_of(uid_t uid, const char *name)
{
	struct usage usage = { .uid = uid, .name = name };
	struct genl genl = genl_open();

	CHECK_EQ(0, genl_dump(&genl, PARLEY_CMD_USERS, usage_read, &usage));
	close(genl.fd);
	CHECK(usage.seen <= 1);
	return usage;
}

#endif /* PARLEY_SELFTEST_USAGE_H */
