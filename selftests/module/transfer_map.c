// SPDX-License-Identifier: GPL-2.0
/* Mappings that come with messages: of memory that nobody can take away. */
#include "cargo.h"
#include "rights.h"

#include <sys/resource.h>

#define SIZE	(4 * PAGE)
#define MAPS	(PARLEY_CARGO_MAP | PARLEY_CARGO_MAP_WRITE)

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE	0x0010
#endif

/* How many mappings a process may have, and how many by default. */
#define FEW_MAPS	2000
#define MANY_MAPS	65530

static void maps_max_set(int max)
{
	FILE *file = fopen("/proc/sys/vm/max_map_count", "w");

	CHECK(file && fprintf(file, "%d\n", max) > 0);
	CHECK_EQ(0, fclose(file));
}

FIXTURE(map)
{
	struct task client, server;
	struct cart call, recv, reply;
	int file;		/* sealed as it has to be */
	int readable;		/* the same, not open for writing */
	__u8 *mine;
};

static int reopen(int fd, int flags)
{
	char path[64];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags | O_CLOEXEC);
	CHECK(again >= 0);
	return again;
}

static __u8 *map_file(int fd, size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(at != MAP_FAILED);
	return at;
}

FIXTURE_SETUP(map)
{
	self->client = task_open();
	self->server = task_open();
	self->file = memfd("map", SIZE, F_SEAL_SHRINK);
	self->readable = reopen(self->file, O_RDONLY);
	self->mine = map_file(self->file, SIZE);
	bytes_fill(self->mine, SIZE, 9);
}

FIXTURE_TEARDOWN(map)
{
	maps_max_set(MANY_MAPS);
}

static struct cart *call(struct _test_data_map *self, __u32 kind, int fd, __u64 offset, __u64 len)
{
	cart_call(&self->call, self->client, self->server.id, 1);
	return cart_carry(&self->call, kind, fd, offset, len);
}

static struct cart *receive(struct _test_data_map *self)
{
	return cart_accept(cart_recv(&self->recv, self->server, PARLEY_ANY), MAPS);
}

static bool finishes(struct _test_data_map *self)
{
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	return !cart_run(&self->reply) && !cart_join(&self->call) &&
	       op_got(&self->call.op, self->server.id, 2, LEN);
}

/* Where it comes to be, after all is over; NULL if it doesn't. */
static __u8 *pass(struct _test_data_map *self, __u32 kind, int fd, __u64 offset, __u64 len)
{
	cart_park(call(self, kind, fd, offset, len));
	if (cart_run(receive(self)) || !cart_got(&self->recv, self->client.id, 1, kind) ||
	    !finishes(self))
		return NULL;
	CHECK_EQ(0, self->recv.cargo.map % PAGE);
	return (__u8 *)(uintptr_t)self->recv.cargo.map;
}

/* The lines of /proc/self/maps; with the permissions at an address. */
static int maps_read(const void *at, char perms[5])
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long long from, to;
	char line[512], seen[5];
	int lines = 0, words;

	CHECK(maps);
	while (fgets(line, sizeof(line), maps)) {
		lines++;
		words = sscanf(line, "%llx-%llx %4s", &from, &to, seen);
		CHECK_EQ(3, words);
		if (perms && PTR(at) >= from && PTR(at) < to)
			strcpy(perms, seen);
	}
	fclose(maps);
	return lines;
}

TEST_F(map, can_be_read)
{
	char perms[5] = "";
	__u8 *at = pass(self, PARLEY_CARGO_MAP, self->readable, 0, SIZE);

	ASSERT_NE(NULL, at);
	EXPECT_EQ(SIZE, self->recv.cargo.map_len);
	EXPECT_TRUE(bytes_are(at, SIZE, 9, 0));
	maps_read(at, perms);
	EXPECT_STREQ("r--s", perms);
	/* What is written on one side shows on the other. */
	bytes_fill(self->mine, SIZE, 10);
	EXPECT_TRUE(bytes_are(at, SIZE, 10, 0));
}

TEST_F(map, that_can_be_read_stays_so)
{
	__u8 *at = pass(self, PARLEY_CARGO_MAP, self->readable, 0, SIZE);

	ASSERT_NE(NULL, at);
	EXPECT_EQ(-1, mprotect(at, SIZE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(at, PAGE, PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(0, munmap(at, SIZE));
}

TEST_F(map, can_be_written)
{
	char perms[5] = "";
	__u8 *at = pass(self, PARLEY_CARGO_MAP_WRITE, self->file, 0, SIZE);

	ASSERT_NE(NULL, at);
	EXPECT_EQ(SIZE, self->recv.cargo.map_len);
	maps_read(at, perms);
	EXPECT_STREQ("rw-s", perms);
	EXPECT_TRUE(bytes_are(at, SIZE, 9, 0));
	bytes_fill(at, SIZE, 11);
	EXPECT_TRUE(bytes_are(self->mine, SIZE, 11, 0));
	EXPECT_EQ(0, munmap(at, SIZE));
	EXPECT_TRUE(bytes_are(self->mine, SIZE, 11, 0));
}

TEST_F(map, comes_with_a_reply)
{
	__u8 *at;

	for (int i = 0; i < 2; i++) {
		__u32 kind = i ? PARLEY_CARGO_MAP : PARLEY_CARGO_MAP_WRITE;
		int file = i ? self->readable : self->file;

		cart_call(&self->call, self->client, self->server.id, 1);
		cart_park(cart_accept(&self->call, MAPS));
		ASSERT_EQ(0, cart_run(receive(self)));
		EXPECT_TRUE(cart_got(&self->recv, self->client.id, 1, 0));
		cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
		ASSERT_EQ(0, cart_run(cart_carry(&self->reply, kind, file, PAGE, 2 * PAGE)));
		ASSERT_EQ(0, cart_join(&self->call));
		ASSERT_TRUE(cart_got(&self->call, self->server.id, 2, kind));
		ASSERT_EQ(2 * PAGE, self->call.cargo.map_len);
		at = (__u8 *)(uintptr_t)self->call.cargo.map;
		EXPECT_TRUE(bytes_are(at, 2 * PAGE, 9, PAGE));
	}
}

TEST_F(map, comes_one_way_and_by_replyrecv)
{
	cart_park(cart_accept(call(self, PARLEY_CARGO_MAP, self->readable, 0, SIZE), MAPS));
	ASSERT_EQ(0, cart_run(receive(self)));
	cart_send(&self->reply, self->client, self->server.id, 5);
	cart_park(cart_carry(&self->reply, PARLEY_CARGO_MAP_WRITE, self->file, 0, SIZE));
	{
		struct cart both;

		cart_replyrecv(&both, self->server, cart_token(&self->recv), 2);
		cart_carry(&both, PARLEY_CARGO_MAP, self->readable, PAGE, PAGE);
		ASSERT_EQ(0, cart_run(cart_accept(&both, MAPS)));
		EXPECT_TRUE(cart_got(&both, self->client.id, 5, PARLEY_CARGO_MAP_WRITE));
		EXPECT_EQ(SIZE, both.cargo.map_len);
	}
	ASSERT_EQ(0, cart_join(&self->reply));
	ASSERT_EQ(0, cart_join(&self->call));
	ASSERT_TRUE(cart_got(&self->call, self->server.id, 2, PARLEY_CARGO_MAP));
	EXPECT_TRUE(bytes_are((__u8 *)(uintptr_t)self->call.cargo.map, PAGE, 9, PAGE));
}

TEST_F(map, comes_along_with_payload)
{
	struct area out = area_filled(10000, 5, 12), in = area_make(10000, 6);

	cart_load(call(self, PARLEY_CARGO_MAP, self->readable, 0, SIZE), out.at, out.len);
	cart_park(&self->call);
	ASSERT_EQ(0, cart_run(cart_room(receive(self), in.at, in.len)));
	ASSERT_TRUE(cart_got_ool(&self->recv, self->client.id, 1, in.len, PARLEY_CARGO_MAP));
	EXPECT_TRUE(area_holds(&in, 12, in.len));
	EXPECT_TRUE(bytes_are((__u8 *)(uintptr_t)self->recv.cargo.map, SIZE, 9, 0));
	EXPECT_TRUE(finishes(self));
}

/* Which part. */

TEST_F(map, of_a_part)
{
	static const struct {
		size_t offset, len, mapped;
	} parts[] = {
		{ 0, 1, PAGE }, { 0, PAGE, PAGE }, { PAGE, PAGE + 1, 2 * PAGE },
		{ 3 * PAGE, PAGE, PAGE }, { 3 * PAGE, PAGE - 1, PAGE },
		{ PAGE, 3 * PAGE, 3 * PAGE },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(parts); i++) {
		__u8 *at = pass(self, PARLEY_CARGO_MAP, self->readable, parts[i].offset,
				parts[i].len);

		ASSERT_NE(NULL, at);
		ASSERT_EQ(parts[i].mapped, self->recv.cargo.map_len);
		EXPECT_TRUE(bytes_are(at, parts[i].mapped, 9, parts[i].offset));
		EXPECT_EQ(0, munmap(at, parts[i].mapped));
	}
}

/* Refused before anything is sent, for either kind. */
static bool refused(struct _test_data_map *self, __u32 kind, int fd, __u64 offset, __u64 len,
		    int error)
{
	struct op recv;
	int err = cart_run(cart_within(call(self, kind, fd, offset, len), 100 * MS));

	if (err == error && op_run(op_poll(&recv, self->server, PARLEY_ANY)) == -EAGAIN)
		return true;
	fprintf(stderr, "# kind 0x%x, %llu + %llu: %d, not %d\n", kind,
		(unsigned long long)offset, (unsigned long long)len, err, error);
	return false;
}

TEST_F(map, of_no_part)
{
	static const __u64 parts[][2] = {
		{ 0, 0 }, { 1, PAGE }, { PAGE / 2, PAGE / 2 }, { PAGE - 1, 1 },
		{ 0, SIZE + 1 }, { SIZE, 1 }, { SIZE, PAGE }, { PAGE, SIZE }, { 0, ~0ULL },
		{ ~0ULL << 12, PAGE }, { ~0ULL << 12, 2 * PAGE }, { 1ULL << 63, PAGE },
		{ PAGE, ~0ULL << 12 }, { PAGE, ~0ULL }, { 0, 1ULL << 63 }, { 1ULL << 44, PAGE },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(parts); i++) {
		EXPECT_TRUE(refused(self, PARLEY_CARGO_MAP, self->readable, parts[i][0],
				    parts[i][1], -EINVAL));
		EXPECT_TRUE(refused(self, PARLEY_CARGO_MAP_WRITE, self->file, parts[i][0],
				    parts[i][1], -EINVAL));
	}
}

/* The last page of a file is there whole, but not the one behind it. */
TEST_F(map, of_the_last_page)
{
	int file = memfd("odd", PAGE + 1, F_SEAL_SHRINK);

	EXPECT_NE(NULL, pass(self, PARLEY_CARGO_MAP_WRITE, file, 0, PAGE + 1));
	EXPECT_EQ(2 * PAGE, self->recv.cargo.map_len);
	EXPECT_NE(NULL, pass(self, PARLEY_CARGO_MAP_WRITE, file, PAGE, 1));
	EXPECT_TRUE(refused(self, PARLEY_CARGO_MAP_WRITE, file, 0, 2 * PAGE + 1, -EINVAL));
	EXPECT_TRUE(refused(self, PARLEY_CARGO_MAP_WRITE, file, 2 * PAGE, 1, -EINVAL));
}

/* Of what. */

static int file_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	CHECK_EQ(0, unlink(path));
	CHECK_EQ(0, ftruncate(fd, SIZE));
	return fd;
}

TEST_F(map, of_other_files)
{
	int ends[2], fds[] = {
		memfd("unsealed", SIZE, 0),
		memfd("grows", SIZE, F_SEAL_GROW),
		memfd("written", SIZE, F_SEAL_WRITE),
		file_open("/dev/shm/file"),
		file_open("/transfer-map"),
		open("/proc/self/exe", O_RDONLY),
		open("/dev/zero", O_RDWR),
		open("/", O_RDONLY | O_DIRECTORY),
		self->client.fd,
		-1,
	};

	ASSERT_EQ(0, pipe(ends));
	fds[ARRAY_SIZE(fds) - 1] = ends[1];
	for (unsigned int i = 0; i < ARRAY_SIZE(fds); i++) {
		ASSERT_LE(0, fds[i]);
		EXPECT_TRUE(refused(self, PARLEY_CARGO_MAP, fds[i], 0, PAGE, -EINVAL)) {
			TH_LOG("file %u", i);
		}
		EXPECT_TRUE(refused(self, PARLEY_CARGO_MAP_WRITE, fds[i], 0, PAGE, -EINVAL)) {
			TH_LOG("file %u", i);
		}
	}
	for (unsigned int i = 0; i < 2; i++)
		EXPECT_TRUE(refused(self, PARLEY_CARGO_MAP, reopen(fds[i], O_RDONLY), 0, PAGE,
				    -EINVAL));
}

TEST_F(map, of_no_descriptor)
{
	const int fds[] = { -1, 1000, INT_MAX, INT_MIN };

	for (unsigned int i = 0; i < ARRAY_SIZE(fds); i++) {
		EXPECT_TRUE(refused(self, PARLEY_CARGO_MAP, fds[i], 0, PAGE, -EBADF));
		EXPECT_TRUE(refused(self, PARLEY_CARGO_MAP_WRITE, fds[i], 0, PAGE, -EBADF));
	}
}

/* What is to be read alone may not come of what could be written. */
TEST_F(map, with_the_wrong_access)
{
	int write_only = reopen(self->file, O_WRONLY);

	EXPECT_TRUE(refused(self, PARLEY_CARGO_MAP, self->file, 0, PAGE, -EINVAL));
	EXPECT_TRUE(refused(self, PARLEY_CARGO_MAP, write_only, 0, PAGE, -EINVAL));
	EXPECT_TRUE(refused(self, PARLEY_CARGO_MAP_WRITE, self->readable, 0, PAGE, -EINVAL));
	EXPECT_TRUE(refused(self, PARLEY_CARGO_MAP_WRITE, write_only, 0, PAGE, -EINVAL));
}

TEST_F(map, of_a_path)
{
	int path = reopen(self->file, O_PATH);
	int err = cart_run(cart_within(call(self, PARLEY_CARGO_MAP, path, 0, PAGE), 100 * MS));

	/* Linux finds no file there. */
	EXPECT_TRUE(err == -EBADF || err == -EINVAL) TH_LOG("%d", err);
}

TEST_F(map, of_a_file_sealed_against_writing)
{
	static const int seals[] = { F_SEAL_WRITE, F_SEAL_FUTURE_WRITE };

	for (unsigned int i = 0; i < ARRAY_SIZE(seals); i++) {
		int file = memfd("written", SIZE, F_SEAL_SHRINK), readable;
		__u8 *at;

		ASSERT_EQ(3, write(file, "abc", 3));
		ASSERT_EQ(0, fcntl(file, F_ADD_SEALS, seals[i]));
		readable = reopen(file, O_RDONLY);
		EXPECT_TRUE(refused(self, PARLEY_CARGO_MAP_WRITE, file, 0, PAGE, -EINVAL));
		at = pass(self, PARLEY_CARGO_MAP, readable, 0, PAGE);
		ASSERT_NE(NULL, at);
		EXPECT_EQ(0, memcmp(at, "abc", 3));
		EXPECT_EQ(-1, mprotect(at, PAGE, PROT_READ | PROT_WRITE));
	}
}

TEST_F(map, of_huge_pages)
{
	int file = syscall(SYS_memfd_create, "huge", 6U /* ALLOW_SEALING, HUGETLB */);
	int err;

	if (file < 0 || ftruncate(file, 2 << 20) || fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK))
		SKIP(return, "no huge pages");
	/* Their pages are not pages: whether they can be had is left open, but not what then. */
	cart_within(call(self, PARLEY_CARGO_MAP_WRITE, file, 0, PAGE), 100 * MS);
	err = cart_run(&self->call);
	EXPECT_TRUE(err == -EINVAL || err == -ETIMEDOUT) TH_LOG("%d", err);
}

/* Under way. */

TEST_F(map, closed_and_unmapped_after_it_was_sent)
{
	cart_park(call(self, PARLEY_CARGO_MAP_WRITE, self->file, PAGE, PAGE));
	ASSERT_EQ(0, close(self->file));
	ASSERT_EQ(0, close(self->readable));
	ASSERT_EQ(0, munmap(self->mine, SIZE));
	ASSERT_EQ(0, cart_run(receive(self)));
	ASSERT_TRUE(cart_got(&self->recv, self->client.id, 1, PARLEY_CARGO_MAP_WRITE));
	EXPECT_TRUE(bytes_are((__u8 *)(uintptr_t)self->recv.cargo.map, PAGE, 9, PAGE));
	EXPECT_TRUE(finishes(self));
}

/* A file that can't shrink may still grow. */
TEST_F(map, grows_after_it_was_sent)
{
	cart_park(call(self, PARLEY_CARGO_MAP_WRITE, self->file, 0, SIZE));
	ASSERT_EQ(0, ftruncate(self->file, 10 * SIZE));
	ASSERT_EQ(-1, ftruncate(self->file, PAGE));
	ASSERT_EQ(0, cart_run(receive(self)));
	EXPECT_EQ(SIZE, self->recv.cargo.map_len);
	EXPECT_TRUE(finishes(self));
}

/* Sealed against writing in the meantime, it can't be received by anybody any more. */
TEST_F(map, sealed_after_it_was_sent)
{
	cart_park(call(self, PARLEY_CARGO_MAP_WRITE, self->file, 0, SIZE));
	ASSERT_EQ(0, fcntl(self->file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	receive(self)->op.arg.flags = PARLEY_NONBLOCK;
	EXPECT_EQ(-EAGAIN, cart_run(&self->recv));
	EXPECT_EQ(-EOPNOTSUPP, cart_join(&self->call));
}

static const __u32 others[][2] = {
	{ PARLEY_CARGO_MAP, 0 },
	{ PARLEY_CARGO_MAP, KINDS & ~PARLEY_CARGO_MAP },
	{ PARLEY_CARGO_MAP_WRITE, 0 },
	{ PARLEY_CARGO_MAP_WRITE, KINDS & ~PARLEY_CARGO_MAP_WRITE },
};

static int file_for(struct _test_data_map *self, __u32 kind)
{
	return kind == PARLEY_CARGO_MAP ? self->readable : self->file;
}

/* Not even a mapping to read by one who would write, or the other way round. */
TEST_F(map, not_accepted)
{
	struct op send;
	int before;

	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++) {
		__u32 kind = others[i][0];

		before = maps_read(NULL, NULL);
		cart_start(call(self, kind, file_for(self, kind), 0, SIZE));
		cart_accept(cart_recv(&self->recv, self->server, PARLEY_ANY), others[i][1]);
		cart_run(cart_within(&self->recv, 100 * MS));
		EXPECT_EQ(-EOPNOTSUPP, cart_join(&self->call));

		cart_accept(cart_recv(&self->recv, self->server, PARLEY_ANY), others[i][1]);
		cart_park(&self->recv);
		EXPECT_EQ(-EOPNOTSUPP, cart_run(call(self, kind, file_for(self, kind), 0, SIZE)));
		op_await(&self->recv.op);
		op_send(&send, self->client, self->server.id, 5, LEN);
		ASSERT_EQ(0, op_run(&send));
		ASSERT_EQ(0, cart_join(&self->recv));
		EXPECT_TRUE(cart_got(&self->recv, self->client.id, 5, 0));
		/* Stacks of threads come; the first round has made them. */
		if (i)
			EXPECT_EQ(before, maps_read(NULL, NULL));
	}
}

TEST_F(map, not_accepted_with_a_reply)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++) {
		__u32 kind = others[i][0];

		cart_call(&self->call, self->client, self->server.id, 1);
		cart_park(cart_accept(&self->call, others[i][1]));
		ASSERT_EQ(0, cart_run(receive(self)));
		cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
		cart_carry(&self->reply, kind, file_for(self, kind), 0, SIZE);
		EXPECT_EQ(-EOPNOTSUPP, cart_run(&self->reply));
		op_await(&self->call.op);
		EXPECT_TRUE(finishes(self));
	}
}

/* No room in the address space: the receiver's error, and the message waits. */
TEST_F(map, no_room_for_it)
{
	struct rlimit limit;

	ASSERT_EQ(0, getrlimit(RLIMIT_AS, &limit));
	cart_park(call(self, PARLEY_CARGO_MAP, self->readable, 0, SIZE));
	limit.rlim_cur = PAGE;
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &limit));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(-ENOMEM, cart_run(receive(self)));
	op_await(&self->call.op);
	limit.rlim_cur = limit.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &limit));
	ASSERT_EQ(0, cart_run(receive(self)));
	EXPECT_TRUE(cart_got(&self->recv, self->client.id, 1, PARLEY_CARGO_MAP));
	EXPECT_TRUE(finishes(self));
}

/* Where there is no room for one's answer, the call is over. */
TEST_F(map, no_room_for_a_reply_s)
{
	struct rlimit limit;

	ASSERT_EQ(0, getrlimit(RLIMIT_AS, &limit));
	cart_call(&self->call, self->client, self->server.id, 1);
	cart_park(cart_accept(&self->call, MAPS));
	ASSERT_EQ(0, cart_run(receive(self)));
	limit.rlim_cur = PAGE;
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &limit));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	cart_carry(&self->reply, PARLEY_CARGO_MAP, self->readable, 0, SIZE);
	ASSERT_EQ(0, cart_run(&self->reply));
	EXPECT_EQ(-ENOMEM, cart_join(&self->call));
	EXPECT_EQ(0ULL, cart_token(&self->call));
	EXPECT_EQ(-ENOENT, cart_run(&self->reply));
}

/* Mappings next to each other of one kind count as one: make them differ. */
static void fill_maps(void)
{
	__u8 *at = mmap(NULL, 2 * FEW_MAPS * PAGE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(at != MAP_FAILED);
	for (size_t i = 0; i < 2 * FEW_MAPS; i += 2)
		if (mprotect(at + i * PAGE, PAGE, PROT_READ)) {
			CHECK_EQ(ENOMEM, errno);
			return;
		}
	CHECK(false);
}

TEST_F(map, too_many_mappings)
{
	cart_park(call(self, PARLEY_CARGO_MAP, self->readable, 0, SIZE));
	maps_max_set(FEW_MAPS);
	fill_maps();
	while (mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->file, PAGE) != MAP_FAILED)
		;
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(-ENOMEM, cart_run(receive(self)));
	op_await(&self->call.op);
	ASSERT_EQ(0, munmap(self->mine, SIZE));
	ASSERT_EQ(0, cart_run(receive(self)));
	EXPECT_TRUE(cart_got(&self->recv, self->client.id, 1, PARLEY_CARGO_MAP));
	EXPECT_TRUE(finishes(self));
}

/* A message whose cargo can't be told leaves no mapping behind. */
TEST_F(map, cargo_cannot_be_written)
{
	struct parley_cargo *cargo = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int before;

	ASSERT_NE(MAP_FAILED, (void *)cargo);
	cart_park(call(self, PARLEY_CARGO_MAP, self->readable, 0, SIZE));
	*cargo = receive(self)->cargo;
	ASSERT_EQ(0, mprotect(cargo, PAGE, PROT_READ));
	self->recv.op.arg.cargo = PTR(cargo);
	before = maps_read(NULL, NULL);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(-EFAULT, cart_run(&self->recv));
	EXPECT_EQ(before, maps_read(NULL, NULL));
	op_await(&self->call.op);
	ASSERT_EQ(0, cart_run(receive(self)));
	EXPECT_TRUE(cart_got(&self->recv, self->client.id, 1, PARLEY_CARGO_MAP));
	EXPECT_TRUE(finishes(self));
}

/* From one process, and user, to another. */

DEED(do_take_map, peer, value)
{
	struct cart recv;
	__u8 *at;

	CHECK_EQ(0, cart_run(cart_accept(cart_recv(&recv, me, peer), MAPS)));
	CHECK(cart_got(&recv, peer, 1, PARLEY_CARGO_MAP_WRITE));
	at = (__u8 *)(uintptr_t)recv.cargo.map;
	CHECK(bytes_are(at, SIZE, 9, 0));
	at[100] = value;
	return cart_run(cart_reply(&recv, me, cart_token(&recv), 2));
}

TEST_F(map, to_another_user)
{
	struct peer other = actor_start(&alice);

	actor_park(&other, do_take_map, self->client.id, 77);
	call(self, PARLEY_CARGO_MAP_WRITE, self->file, 0, SIZE)->op.arg.peer = other.id;
	ASSERT_EQ(0, cart_run(&self->call));
	EXPECT_EQ(0, hear(other.ctl));
	EXPECT_EQ(77, self->mine[100]);
	peer_kill(&other);
	EXPECT_EQ(77, self->mine[100]);
}

TEST_HARNESS_MAIN
