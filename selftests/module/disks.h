/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: file systems, for tests
 *
 * Images of some lie in the directory "fs" beside the tests' own, packed. All of
 * them that this kernel knows are mounted before the tests begin, and gone when
 * the program has ended. disk_dir() tells where one is, or NULL.
 */
#ifndef PARLEY_SELFTEST_DISKS_H
#define PARLEY_SELFTEST_DISKS_H

#include "common.h"

#include <linux/loop.h>
#include <sys/mount.h>

#define DISKS		"/tmp/disks"
#define DISK_LEN	128

static const char *const disk_names[] = { "ext4", "xfs", "btrfs" };

static inline bool disk_known(const char *name)
{
	FILE *list = fopen("/proc/filesystems", "r");
	char line[64], *word;
	bool known = false;

	CHECK(list);
	while (!known && fgets(line, sizeof(line), list)) {
		line[strcspn(line, "\n")] = 0;
		word = strrchr(line, '\t');
		known = word && !strcmp(word + 1, name);
	}
	fclose(list);
	return known;
}

/* The packed image; programs are in one directory of the tests', or in one below. */
static inline bool disk_image(const char *name, char path[DISK_LEN])
{
	char dir[64];
	ssize_t len = readlink("/proc/self/exe", dir, sizeof(dir) - 1);

	CHECK(len > 0);
	dir[len] = 0;
	while ((len = strrchr(dir, '/') - dir) > 0) {
		dir[len] = 0;
		snprintf(path, DISK_LEN, "%s/fs/%s.img.gz", dir, name);
		if (!access(path, R_OK))
			return true;
	}
	return false;
}

/* A loop device, which is there until this program and all mounts have ended. */
static inline bool disk_attach(const char *file, char path[DISK_LEN])
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), nr, loop;
	struct loop_config config = { .info.lo_flags = LO_FLAGS_AUTOCLEAR };

	if (control < 0)
		return false;
	nr = ioctl(control, LOOP_CTL_GET_FREE);
	close(control);
	CHECK(nr >= 0);
	snprintf(path, DISK_LEN, "/dev/loop%d", nr);
	loop = open(path, O_RDWR);
	CHECK(loop >= 0);
	config.fd = open(file, O_RDWR | O_CLOEXEC);
	CHECK_EQ(0, ioctl(loop, LOOP_CONFIGURE, &config));
	close(config.fd);
	return true;
}

static inline void disk_mount(const char *name)
{
	char packed[DISK_LEN], file[DISK_LEN], dir[DISK_LEN], device[DISK_LEN];
	char command[3 * DISK_LEN];
	int err;

	if (!disk_known(name) || !disk_image(name, packed))
		return;
	snprintf(file, sizeof(file), DISKS "/%s.img", name);
	snprintf(dir, sizeof(dir), DISKS "/%s", name);
	snprintf(command, sizeof(command), "gunzip -c %s >%s", packed, file);
	CHECK_EQ(0, system(command));
	if (!disk_attach(file, device))
		return;
	CHECK(!mkdir(dir, 0755) || errno == EEXIST);
	err = mount(device, dir, name, 0, NULL);
	if (err)
		fprintf(stderr, "# %s: %s\n", name, strerror(errno));
	CHECK_EQ(0, err);
}

static inline const char *disk_dir(const char *name)
{
	static char dir[DISK_LEN];
	struct stat above, below;

	snprintf(dir, sizeof(dir), DISKS "/%s", name);
	if (stat(dir, &below) || stat(DISKS, &above) || above.st_dev == below.st_dev)
		return NULL;
	return dir;
}

static void __attribute__((constructor)) disks_begin(void)
{
	mkdir(DISKS, 0755);
	for (unsigned int i = 0; i < ARRAY_SIZE(disk_names); i++)
		disk_mount(disk_names[i]);
}

static void __attribute__((destructor)) disks_end(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(disk_names); i++)
		if (disk_dir(disk_names[i]))
			CHECK_EQ(0, umount2(disk_dir(disk_names[i]), 0));
	CHECK_EQ(0, system("rm -rf " DISKS));
}

#endif /* PARLEY_SELFTEST_DISKS_H */
