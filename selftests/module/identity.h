/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: who a process is, as the kernel tells others
 *
 * identity_read() asks /proc, which speaks of other processes as Parley does:
 * in the namespaces of who asks. identity_take() and identity_query() are what a
 * receiver learns. identity_same() compares the two.
 */
#ifndef PARLEY_SELFTEST_IDENTITY_H
#define PARLEY_SELFTEST_IDENTITY_H

#include "rights.h"

#include <sys/stat.h>

#define GROUPS_MAX	65536

struct identity {
	struct parley_creds creds;
	__u64 capabilities;
	__u32 groups_len;
	__u32 groups[GROUPS_MAX];
};

static inline bool identity_shares(pid_t pid, const char *ns)
{
	struct stat own, other;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", ns);
	CHECK_EQ(0, stat(path, &own));
	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, ns);
	CHECK_EQ(0, stat(path, &other));
	return own.st_ino == other.st_ino;
}

static inline void identity_read_groups(struct identity *id, const char *text)
{
	char *end;

	for (;;) {
		unsigned long gid = strtoul(text, &end, 10);

		if (end == text)
			return;
		CHECK(id->groups_len < GROUPS_MAX);
		id->groups[id->groups_len++] = gid;
		text = end;
	}
}

/* The @n-th number of a line of that key, if it is one. */
static inline void identity_read_number(__u64 *number, const char *line, const char *key, int n)
{
	size_t len = strlen(key);
	char *text;

	if (strncmp(line, key, len))
		return;
	for (text = (char *)line + len; n >= 0; n--)
		*number = strtoull(text, &text, strcmp(key, "CapEff:") ? 10 : 16);
}

static inline void identity_read(struct identity *id, pid_t pid)
{
	__u64 uid = 0, gid = 0, confined = 0;
	char path[64], *line = NULL;
	size_t size = 0;
	FILE *file;

	memset(id, 0, sizeof(*id));
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "r");
	CHECK(file);
	while (getline(&line, &size, file) > 0) {
		identity_read_number(&uid, line, "Uid:", 1);
		identity_read_number(&gid, line, "Gid:", 1);
		identity_read_number(&confined, line, "NoNewPrivs:", 0);
		identity_read_number(&id->capabilities, line, "CapEff:", 0);
		if (!strncmp(line, "Groups:", 7))
			identity_read_groups(id, line + 7);
	}
	free(line);
	fclose(file);
	id->creds.pid = pid;
	id->creds.uid = uid;
	id->creds.gid = gid;
	id->creds.flags = (confined ? PARLEY_CREDS_NO_NEW_PRIVS : 0) |
			  (identity_shares(pid, "user") ? PARLEY_CREDS_USER_NS : 0) |
			  (identity_shares(pid, "mnt") ? PARLEY_CREDS_MNT_NS : 0);
}

/* Runs the receive @op; @id is then what came along with the message. */
static inline int identity_take(struct identity *id, struct op *op)
{
	memset(id, UNTOUCHED, sizeof(*id));
	op->arg.creds = PTR(&id->creds);
	return op_run(op);
}

static inline int identity_query(struct identity *id, struct task me, __u64 token)
{
	struct parley_creds_full full = {
		.size = sizeof(full), .groups_len = GROUPS_MAX,
		.token = token, .groups = PTR(id->groups),
	};
	int err;

	memset(id, UNTOUCHED, sizeof(*id));
	err = parley(me.fd, PARLEY_IOC_CREDS, &full);
	id->creds = full.creds;
	id->capabilities = full.capabilities;
	id->groups_len = full.groups_len;
	return err;
}

static inline bool creds_same(const struct parley_creds *a, const struct parley_creds *b)
{
	if (!memcmp(a, b, sizeof(*a)))
		return true;
	fprintf(stderr, "# pid %d uid %u gid %u flags 0x%x, not pid %d uid %u gid %u flags 0x%x\n",
		b->pid, b->uid, b->gid, b->flags, a->pid, a->uid, a->gid, a->flags);
	return false;
}

static inline bool identity_same(const struct identity *a, const struct identity *b)
{
	if (!creds_same(&a->creds, &b->creds))
		return false;
	if (a->capabilities == b->capabilities && a->groups_len == b->groups_len &&
	    !memcmp(a->groups, b->groups, a->groups_len * sizeof(a->groups[0])))
		return true;
	fprintf(stderr, "# capabilities 0x%llx, %u groups, not capabilities 0x%llx, %u groups%s\n",
		(unsigned long long)b->capabilities, b->groups_len,
		(unsigned long long)a->capabilities, a->groups_len,
		a->groups_len == b->groups_len ? " (or others)" : "");
	return false;
}

#endif /* PARLEY_SELFTEST_IDENTITY_H */
