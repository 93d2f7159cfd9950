/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: what the tests of ranges of files share
 *
 * range_file() makes a file of a kind: "memfd", "tmpfs", or of one of the disks.
 * Its bytes follow from SEED. NULL stands for a kind that there isn't.
 */
#ifndef PARLEY_SELFTEST_RANGE_H
#define PARLEY_SELFTEST_RANGE_H

#include "cargo.h"
#include "disks.h"

#define SEED		9
#define FILE_LEN	(PARLEY_OOL_MAX + 5000)

static char range_path[DISK_LEN + 16];

/* A file's descriptor, or -1. The path is to be used to open it once more. */
static inline int range_open(const char *kind)
{
	const char *dir = "/dev/shm";

	if (!strcmp(kind, "memfd"))
		return memfd("range", 0, 0);
	if (strcmp(kind, "tmpfs"))
		dir = disk_dir(kind);
	if (!dir)
		return -1;
	snprintf(range_path, sizeof(range_path), "%s/range", dir);
	unlink(range_path);
	return open(range_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static inline void range_write(int fd, size_t len)
{
	struct area area = area_filled(len, 0, SEED);

	CHECK_EQ(len, pwrite(fd, area.at, len, 0));
	area_free(&area);
}

static inline int range_file(const char *kind)
{
	int fd = range_open(kind);

	if (fd >= 0)
		range_write(fd, FILE_LEN);
	return fd;
}

#endif /* PARLEY_SELFTEST_RANGE_H */
