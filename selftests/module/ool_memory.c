// SPDX-License-Identifier: GPL-2.0
/* Out-of-line payload from and into every kind of memory that a process has. */
#include "cargo.h"
#include "disks.h"

#define BYTES		(PARLEY_OOL_MAX - PAGE)	/* with its border: 1 MiB and a page */
#define MAP_BYTES	(PARLEY_OOL_MAX + PAGE)
#define HUGE_WANTED	6

static void *map(size_t size, int flags, int fd)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

static void *make_private(void)
{
	return map(MAP_BYTES, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void *make_shared(void)
{
	return map(MAP_BYTES, MAP_SHARED | MAP_ANONYMOUS, -1);
}

static void *make_memfd(void)
{
	return map(MAP_BYTES, MAP_SHARED, memfd("shared", MAP_BYTES, 0));
}

/* A sealed one, that may not be written anew but has been mapped before. */
static void *make_sealed_memfd(void)
{
	int fd = memfd("sealed", MAP_BYTES, F_SEAL_SHRINK | F_SEAL_GROW);
	void *at = map(MAP_BYTES, MAP_SHARED, fd);

	CHECK_EQ(0, fcntl(fd, F_ADD_SEALS, 0x10 /* F_SEAL_FUTURE_WRITE */));
	return at;
}

static void *make_private_of_file(void)
{
	return map(MAP_BYTES, MAP_PRIVATE, memfd("private", MAP_BYTES, 0));
}

static void *make_locked(void)
{
	void *at = make_private();

	return at && !mlock(at, MAP_BYTES) ? at : NULL;
}

static void *make_stack(void)
{
	return map(MAP_BYTES, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_STACK, -1);
}

static void *huge_aligned(size_t size)
{
	uintptr_t at = (uintptr_t)map(size + HUGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	return (void *)((at + HUGE - 1) & ~(HUGE - 1));
}

/* In the middle of a transparent huge page, and over the end of one. */
static void *make_thp(void)
{
	__u8 *at = huge_aligned(2 * HUGE);

	if (madvise(at, 2 * HUGE, MADV_HUGEPAGE))
		return NULL;
	memset(at, 1, 2 * HUGE);
	return at + HUGE - 64 * PAGE;
}

/* The same, but some of its small pages are gone, and others shared. */
static void *make_split_thp(void)
{
	__u8 *at = make_thp();

	if (!at)
		return NULL;
	CHECK_EQ(0, madvise(at + 3 * PAGE, PAGE, MADV_DONTNEED));
	CHECK_EQ(0, mprotect(at + 5 * PAGE, PAGE, PROT_READ));
	CHECK_EQ(0, mprotect(at + 5 * PAGE, PAGE, PROT_READ | PROT_WRITE));
	return at;
}

static void *make_hugetlb(void)
{
	__u8 *at;

	huge_pages_set(HUGE_WANTED);
	at = map(2 * HUGE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1);
	return at ? at + HUGE - 64 * PAGE : NULL;
}

static void *make_hugetlb_memfd(void)
{
	int fd = syscall(SYS_memfd_create, "huge", 4U /* MFD_HUGETLB */);
	__u8 *at;

	if (fd < 0 || ftruncate(fd, 2 * HUGE))
		return NULL;
	huge_pages_set(HUGE_WANTED);
	at = map(2 * HUGE, MAP_SHARED, fd);
	return at ? at + HUGE - 64 * PAGE : NULL;
}

static void __attribute__((destructor)) hugetlb_end(void)
{
	huge_pages_set(0);
}

/* A file on a disk there may not be; the guest's own root is of memory. */
static void *make_root_file(void)
{
	int fd = open("/ool-memory", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	CHECK_EQ(0, unlink("/ool-memory"));
	CHECK_EQ(0, ftruncate(fd, MAP_BYTES));
	return map(MAP_BYTES, MAP_PRIVATE, fd);
}

static void *map_on_disk(const char *name, int flags)
{
	const char *dir = disk_dir(name);
	char path[DISK_LEN + 16];
	int fd;

	if (!dir)
		return NULL;
	snprintf(path, sizeof(path), "%s/memory", dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	CHECK_EQ(0, unlink(path));
	CHECK_EQ(0, ftruncate(fd, MAP_BYTES));
	return map(MAP_BYTES, flags, fd);
}

static void *make_private_of_disk(void)
{
	return map_on_disk("ext4", MAP_PRIVATE);
}

static void *make_ext4(void)
{
	return map_on_disk("ext4", MAP_SHARED);
}

static void *make_xfs(void)
{
	return map_on_disk("xfs", MAP_SHARED);
}

static void *make_btrfs(void)
{
	return map_on_disk("btrfs", MAP_SHARED);
}

FIXTURE(memory)
{
	bool there;
	struct task client, server;
	struct area area, other;
	struct cart call, recv, reply;
};

FIXTURE_VARIANT(memory)
{
	void *(*make)(void);
	bool read_only;		/* not to be pinned for writing */
};

FIXTURE_VARIANT_ADD(memory, private) {
	.make = make_private,
};

FIXTURE_VARIANT_ADD(memory, shared) {
	.make = make_shared,
};

FIXTURE_VARIANT_ADD(memory, memfd) {
	.make = make_memfd,
};

FIXTURE_VARIANT_ADD(memory, sealed_memfd) {
	.make = make_sealed_memfd,
};

FIXTURE_VARIANT_ADD(memory, private_of_file) {
	.make = make_private_of_file,
};

FIXTURE_VARIANT_ADD(memory, root_file) {
	.make = make_root_file,
};

FIXTURE_VARIANT_ADD(memory, private_of_disk) {
	.make = make_private_of_disk,
};

FIXTURE_VARIANT_ADD(memory, ext4) {
	.make = make_ext4, .read_only = true,
};

FIXTURE_VARIANT_ADD(memory, xfs) {
	.make = make_xfs, .read_only = true,
};

FIXTURE_VARIANT_ADD(memory, btrfs) {
	.make = make_btrfs, .read_only = true,
};

FIXTURE_VARIANT_ADD(memory, locked) {
	.make = make_locked,
};

FIXTURE_VARIANT_ADD(memory, stack) {
	.make = make_stack,
};

FIXTURE_VARIANT_ADD(memory, thp) {
	.make = make_thp,
};

FIXTURE_VARIANT_ADD(memory, split_thp) {
	.make = make_split_thp,
};

FIXTURE_VARIANT_ADD(memory, hugetlb) {
	.make = make_hugetlb,
};

FIXTURE_VARIANT_ADD(memory, hugetlb_memfd) {
	.make = make_hugetlb_memfd,
};

FIXTURE_SETUP(memory)
{
	void *at = variant->make();

	self->there = at;
	if (!at)
		return;
	self->client = task_open();
	self->server = task_open();
	self->area = area_in(at, BYTES - 100, 100);
	self->other = area_make(BYTES - 100, 50);
}

FIXTURE_TEARDOWN(memory)
{
}

TEST_F(memory, is_sent)
{
	if (!self->there)
		SKIP(return, "there is no such memory");
	area_fill(&self->area, 7);
	cart_call(&self->call, self->client, self->server.id, 1);
	cart_park(cart_load(&self->call, self->area.at, self->area.len));
	cart_recv(&self->recv, self->server, PARLEY_ANY);
	ASSERT_EQ(0, cart_run(cart_room(&self->recv, self->other.at, self->other.len)));
	EXPECT_TRUE(area_holds(&self->other, 7, self->other.len));
	EXPECT_TRUE(area_holds(&self->area, 7, self->area.len));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	ASSERT_EQ(0, cart_run(&self->reply));
	ASSERT_EQ(0, cart_join(&self->call));
}

TEST_F(memory, is_received_into)
{
	if (!self->there)
		SKIP(return, "there is no such memory");
	area_fill(&self->other, 8);
	cart_call(&self->call, self->client, self->server.id, 1);
	cart_park(cart_load(&self->call, self->other.at, self->other.len));
	cart_recv(&self->recv, self->server, PARLEY_ANY);
	ASSERT_EQ(0, cart_run(cart_room(&self->recv, self->area.at, self->area.len)));
	EXPECT_TRUE(area_holds(&self->area, 8, self->area.len));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	ASSERT_EQ(0, cart_run(&self->reply));
	ASSERT_EQ(0, cart_join(&self->call));
}

TEST_F(memory, gets_a_reply)
{
	if (!self->there)
		SKIP(return, "there is no such memory");
	area_fill(&self->other, 9);
	cart_call(&self->call, self->client, self->server.id, 1);
	cart_room(&self->call, self->area.at, self->area.len);
	if (variant->read_only) {
		EXPECT_EQ(-EFAULT, cart_run(&self->call));
		return;
	}
	cart_park(&self->call);
	ASSERT_EQ(0, cart_run(cart_recv(&self->recv, self->server, PARLEY_ANY)));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	ASSERT_EQ(0, cart_run(cart_load(&self->reply, self->other.at, self->other.len)));
	ASSERT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(cart_got_ool(&self->call, self->server.id, 2, self->other.len, 0));
	EXPECT_TRUE(area_holds(&self->area, 9, self->area.len));
}

TEST_F(memory, is_replied)
{
	if (!self->there)
		SKIP(return, "there is no such memory");
	area_fill(&self->area, 10);
	cart_call(&self->call, self->client, self->server.id, 1);
	cart_park(cart_room(&self->call, self->other.at, self->other.len));
	ASSERT_EQ(0, cart_run(cart_recv(&self->recv, self->server, PARLEY_ANY)));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	ASSERT_EQ(0, cart_run(cart_load(&self->reply, self->area.at, self->area.len)));
	ASSERT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(area_holds(&self->other, 10, self->other.len));
}

TEST_HARNESS_MAIN
