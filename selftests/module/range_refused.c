// SPDX-License-Identifier: GPL-2.0
/* Ranges of what is no file, or none of those file systems: the replier's error. */
#include "range.h"
#include "rights.h"

#define RAMFS	"/tmp/ramfs"

FIXTURE(refused)
{
	struct task client, server;
	struct cart call, recv, reply;
	struct area in;
};

FIXTURE_SETUP(refused)
{
	self->client = task_open();
	self->server = task_open();
	self->in = area_make(10000, 10);
	cart_call(&self->call, self->client, self->server.id, 1);
	cart_park(cart_room(&self->call, self->in.at, self->in.len));
	ASSERT_EQ(0, cart_run(cart_recv(&self->recv, self->server, PARLEY_ANY)));
}

/* The token is good all the same. */
FIXTURE_TEARDOWN(refused)
{
	op_await(&self->call.op);
	EXPECT_EQ(0, cart_run(cart_reply(&self->reply, self->server, cart_token(&self->recv), 2)));
	EXPECT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(cart_got(&self->call, self->server.id, 2, 0));
	EXPECT_TRUE(area_untouched(&self->in));
}

static int reply_range(struct _test_data_refused *self, int fd)
{
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	return cart_run(cart_range(&self->reply, fd, 0, 100));
}

/* The same, with REPLYRECV, which must not receive then. */
static int replyrecv_range(struct _test_data_refused *self, int fd)
{
	int err;

	cart_replyrecv(&self->reply, self->server, cart_token(&self->recv), 2);
	err = cart_run(cart_within(cart_range(&self->reply, fd, 0, 100), 500 * MS));
	CHECK_EQ(cart_token(&self->recv), cart_token(&self->reply));
	return err;
}

TEST_F(refused, other_file_systems)
{
	static const char *const paths[] = {
		"/proc/self/status", "/proc/self/maps", "/proc/sys/kernel/pid_max",
		"/sys/kernel/mm/transparent_hugepage/enabled",
		"/sys/fs/cgroup/cgroup.controllers",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(paths); i++) {
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC);

		ASSERT_LE(0, fd) TH_LOG("%s", paths[i]);
		EXPECT_EQ(-EOPNOTSUPP, reply_range(self, fd)) TH_LOG("%s", paths[i]);
		EXPECT_EQ(-EOPNOTSUPP, replyrecv_range(self, fd)) TH_LOG("%s", paths[i]);
	}
}

/* Its readers wait for a writer, who may wait for anything. */
TEST_F(refused, xfs)
{
	int fd = range_file("xfs");

	if (fd < 0)
		SKIP(return, "there is no xfs here");
	EXPECT_EQ(-EOPNOTSUPP, reply_range(self, fd));
	EXPECT_EQ(-EOPNOTSUPP, replyrecv_range(self, fd));
}

/* It can't stall either, but is none of the three. */
TEST_F(refused, ramfs)
{
	int fd;

	mkdir(RAMFS, 0755);
	ASSERT_EQ(0, mount("ramfs", RAMFS, "ramfs", 0, NULL));
	fd = open(RAMFS "/file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ASSERT_EQ(0, umount2(RAMFS, MNT_DETACH));
	ASSERT_LE(0, fd);
	range_write(fd, 10000);
	EXPECT_EQ(-EOPNOTSUPP, reply_range(self, fd));
	EXPECT_EQ(-EOPNOTSUPP, replyrecv_range(self, fd));
}

TEST_F(refused, huge_pages)
{
	int fd = syscall(SYS_memfd_create, "huge", 4U /* MFD_HUGETLB */);

	if (fd < 0)
		SKIP(return, "no huge pages");
	EXPECT_EQ(-EOPNOTSUPP, reply_range(self, fd));
}

TEST_F(refused, what_is_no_regular_file)
{
	struct stat stat;
	int ends[2], fds[7];

	ASSERT_EQ(0, pipe(ends));
	fds[0] = ends[0];
	fds[1] = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fds[2] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	fds[3] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fds[4] = self->server.fd;
	fds[5] = bus_of(self->server);
	fds[6] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (unsigned int i = 0; i < ARRAY_SIZE(fds); i++) {
		ASSERT_EQ(0, fstat(fds[i], &stat));
		EXPECT_EQ(-EINVAL, reply_range(self, fds[i])) TH_LOG("number %u", i);
		EXPECT_EQ(-EINVAL, replyrecv_range(self, fds[i])) TH_LOG("number %u", i);
	}
}

TEST_F(refused, what_is_not_open_for_reading)
{
	int fd = range_file("tmpfs"), err;

	ASSERT_LE(0, fd);
	err = reply_range(self, open(range_path, O_WRONLY | O_CLOEXEC));
	EXPECT_TRUE(err == -EBADF || err == -EINVAL) TH_LOG("%d", err);
	err = reply_range(self, open(range_path, O_PATH | O_CLOEXEC));
	EXPECT_TRUE(err == -EBADF || err == -EINVAL) TH_LOG("%d", err);
}

TEST_F(refused, nothing)
{
	const int fds[] = { -1, 1000, INT_MAX, INT_MIN, AT_FDCWD };

	for (unsigned int i = 0; i < ARRAY_SIZE(fds); i++) {
		EXPECT_EQ(-EBADF, reply_range(self, fds[i])) TH_LOG("fd %d", fds[i]);
		EXPECT_EQ(-EBADF, replyrecv_range(self, fds[i])) TH_LOG("fd %d", fds[i]);
	}
}

TEST_HARNESS_MAIN
