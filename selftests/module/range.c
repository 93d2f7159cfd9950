// SPDX-License-Identifier: GPL-2.0
/* Replies that are a range of a file: all of it that there is, on every file system for it. */
#include "range.h"
#include "rights.h"

FIXTURE(range)
{
	struct task client, server;
	struct cart call, recv, reply;
	struct area in;
	int file;
	long long pinned;
};

FIXTURE_VARIANT(range)
{
	const char *kind;
	bool on_disk;
};

FIXTURE_VARIANT_ADD(range, memfd) {
	.kind = "memfd",
};

FIXTURE_VARIANT_ADD(range, tmpfs) {
	.kind = "tmpfs",
};

FIXTURE_VARIANT_ADD(range, ext4) {
	.kind = "ext4", .on_disk = true,
};

FIXTURE_VARIANT_ADD(range, btrfs) {
	.kind = "btrfs", .on_disk = true,
};

FIXTURE_SETUP(range)
{
	self->client = task_open();
	self->server = task_open();
	self->in = area_make(PARLEY_OOL_MAX, 10);
	self->file = range_file(variant->kind);
	self->pinned = pages_pinned();
}

FIXTURE_TEARDOWN(range)
{
	EXPECT_TRUE(pages_let_go(self->pinned));
}

/* The client calls, with that much room, and the server has its request. */
static bool called(struct _test_data_range *self, size_t room)
{
	memset(self->in.start, UNTOUCHED, self->in.size);
	cart_call(&self->call, self->client, self->server.id, 1);
	cart_park(cart_room(&self->call, self->in.at, room));
	return !cart_run(cart_recv(&self->recv, self->server, PARLEY_ANY));
}

static struct cart *reply(struct _test_data_range *self)
{
	return cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
}

static int reply_range(struct _test_data_range *self, __u64 offset, __u64 len)
{
	return cart_run(cart_range(reply(self), self->file, offset, len));
}

/* Have these @got bytes come, from that place of the file, and no others? */
static bool holds(struct _test_data_range *self, size_t offset, size_t got)
{
	return cart_got_ool(&self->call, self->server.id, 2, got, 0) &&
	       bytes_are(self->in.at, got, SEED, offset) &&
	       bytes_untouched(self->in.start, self->in.at) &&
	       bytes_untouched(self->in.at + got, self->in.start + self->in.size);
}

static bool comes(struct _test_data_range *self, __u64 offset, __u64 len, size_t got)
{
	if (called(self, PARLEY_OOL_MAX) && !reply_range(self, offset, len) &&
	    !cart_join(&self->call) && holds(self, offset, got))
		return true;
	fprintf(stderr, "# %llu + %llu: replied %d, called %d\n", (unsigned long long)offset,
		(unsigned long long)len, self->reply.op.ret, self->call.op.ret);
	return false;
}

TEST_F(range, is_read)
{
	static const struct {
		size_t offset, len;
	} ranges[] = {
		{ 0, 0 }, { 0, 1 }, { 0, 4095 }, { 0, 4096 }, { 0, 4097 }, { 0, PARLEY_OOL_MAX },
		{ 1, 1 }, { 4095, 2 }, { 4096, 4096 }, { 4097, 8190 }, { 100, 65536 },
		{ 5000, PARLEY_OOL_MAX }, { 65535, PARLEY_OOL_MAX - 65535 },
	};

	if (self->file < 0)
		SKIP(return, "there is no %s here", variant->kind);
	for (unsigned int i = 0; i < ARRAY_SIZE(ranges); i++)
		EXPECT_TRUE(comes(self, ranges[i].offset, ranges[i].len, ranges[i].len));
}

TEST_F(range, ends_with_the_file)
{
	if (self->file < 0)
		SKIP(return, "there is no %s here", variant->kind);
	EXPECT_TRUE(comes(self, FILE_LEN - 1, 1, 1));
	EXPECT_TRUE(comes(self, FILE_LEN - 1, 2, 1));
	EXPECT_TRUE(comes(self, FILE_LEN - 4999, PARLEY_OOL_MAX, 4999));
	EXPECT_TRUE(comes(self, 5001, PARLEY_OOL_MAX, PARLEY_OOL_MAX - 1));
	EXPECT_TRUE(comes(self, FILE_LEN, 1, 0));
	EXPECT_TRUE(comes(self, FILE_LEN, PARLEY_OOL_MAX, 0));
	EXPECT_TRUE(comes(self, FILE_LEN + 1, 100, 0));
	EXPECT_TRUE(comes(self, FILE_LEN + PAGE, PARLEY_OOL_MAX, 0));
	EXPECT_TRUE(comes(self, 1ULL << 40, 100, 0));
	EXPECT_TRUE(comes(self, 1ULL << 62, 100, 0));
}

TEST_F(range, of_a_truncated_file)
{
	if (self->file < 0)
		SKIP(return, "there is no %s here", variant->kind);
	ASSERT_EQ(0, ftruncate(self->file, 4999));
	EXPECT_TRUE(comes(self, 0, 10000, 4999));
	EXPECT_TRUE(comes(self, 4998, 10000, 1));
	ASSERT_EQ(0, ftruncate(self->file, 0));
	EXPECT_TRUE(comes(self, 0, 10000, 0));
}

/* What was never written is zeros. */
TEST_F(range, of_a_hole)
{
	if (self->file < 0)
		SKIP(return, "there is no %s here", variant->kind);
	ASSERT_EQ(0, ftruncate(self->file, 100));
	ASSERT_EQ(0, ftruncate(self->file, 200000));
	ASSERT_EQ(3, pwrite(self->file, "abc", 3, 150000));
	ASSERT_TRUE(called(self, PARLEY_OOL_MAX));
	ASSERT_EQ(0, reply_range(self, 50, PARLEY_OOL_MAX));
	ASSERT_EQ(0, cart_join(&self->call));
	ASSERT_TRUE(cart_got_ool(&self->call, self->server.id, 2, 199950, 0));
	EXPECT_TRUE(bytes_are(self->in.at, 50, SEED, 50));
	EXPECT_EQ(0, memcmp("abc", self->in.at + 149950, 3));
	memset(self->in.at + 149950, 0, 3);
	for (size_t i = 50; i < 199950; i++)
		ASSERT_EQ(0, self->in.at[i]);
}

/* Cold, it is read from the disk, by the caller. */
TEST_F(range, that_is_not_in_memory)
{
	if (self->file < 0)
		SKIP(return, "there is no %s here", variant->kind);
	for (int i = 0; i < 2; i++) {
		FILE *drop = fopen("/proc/sys/vm/drop_caches", "w");

		ASSERT_EQ(0, fsync(self->file));
		ASSERT_NE(NULL, drop);
		fputs("3\n", drop);
		fclose(drop);
		EXPECT_TRUE(comes(self, i * 5000, PARLEY_OOL_MAX, PARLEY_OOL_MAX));
	}
}

/* To read is all that it has to be open for, and its position is not moved. */
TEST_F(range, of_a_file_to_read)
{
	char path[64];

	if (self->file < 0)
		SKIP(return, "there is no %s here", variant->kind);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->file);
	self->file = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->file);
	ASSERT_EQ(1234, lseek(self->file, 1234, SEEK_SET));
	EXPECT_TRUE(comes(self, 100, 10000, 10000));
	EXPECT_EQ(1234, lseek(self->file, 0, SEEK_CUR));
}

/* There is too little room: how much there would have been need is told. */
TEST_F(range, without_room)
{
	static const size_t rooms[] = { 0, 1, 4096, 9999 };

	if (self->file < 0)
		SKIP(return, "there is no %s here", variant->kind);
	for (unsigned int i = 0; i < ARRAY_SIZE(rooms); i++) {
		ASSERT_TRUE(called(self, rooms[i]));
		ASSERT_EQ(0, reply_range(self, 0, 10000));
		EXPECT_EQ(-EMSGSIZE, cart_join(&self->call));
		EXPECT_EQ(10000ULL, self->call.cargo.ool_len);
		EXPECT_EQ(0ULL, cart_token(&self->call));
		EXPECT_TRUE(area_untouched(&self->in));
		EXPECT_EQ(-ENOENT, cart_run(&self->reply));
	}
}

/* Malformed ones: the caller goes on waiting, for a better one. */
TEST_F(range, malformed)
{
	struct cart *cart = &self->reply;

	if (self->file < 0)
		SKIP(return, "there is no %s here", variant->kind);
	ASSERT_TRUE(called(self, PARLEY_OOL_MAX));
	EXPECT_EQ(-EMSGSIZE, reply_range(self, 0, PARLEY_OOL_MAX + 1));
	EXPECT_EQ(-EMSGSIZE, reply_range(self, 0, ~0ULL));
	EXPECT_EQ(-EINVAL, reply_range(self, 1ULL << 63, 100));
	EXPECT_EQ(-EINVAL, reply_range(self, ~0ULL, 1));
	/* It has its length in the head, and nothing else there. */
	cart_range(reply(self), self->file, 0, 100)->cargo.send_len = 100;
	EXPECT_EQ(-EINVAL, cart_run(cart));
	cart_load(cart_carry(reply(self), PARLEY_CARGO_RANGE, self->file, 0, 0), self->in.at, 100);
	EXPECT_EQ(-EINVAL, cart_run(cart));
	cart_range(reply(self), self->file, 0, 100)->op.arg.flags = 0;
	EXPECT_EQ(-EINVAL, cart_run(cart));
	cart_range(reply(self), self->file, 0, 100)->op.arg.send_len = HEAD - 1;
	EXPECT_EQ(-EINVAL, cart_run(cart));
	op_await(&self->call.op);
	ASSERT_EQ(0, reply_range(self, 7, 100));
	ASSERT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(holds(self, 7, 100));
}

TEST_F(range, not_accepted)
{
	static const __u32 others[] = { 0, KINDS & ~PARLEY_CARGO_OOL };

	if (self->file < 0)
		SKIP(return, "there is no %s here", variant->kind);
	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++) {
		cart_call(&self->call, self->client, self->server.id, 1);
		cart_park(cart_accept(&self->call, others[i]));
		ASSERT_EQ(0, cart_run(cart_recv(&self->recv, self->server, PARLEY_ANY)));
		EXPECT_EQ(-EOPNOTSUPP, reply_range(self, 0, 100));
		op_await(&self->call.op);
		EXPECT_EQ(0, cart_run(reply(self)));
		EXPECT_EQ(0, cart_join(&self->call));
	}
}

TEST_F(range, by_replyrecv)
{
	struct op send;

	if (self->file < 0)
		SKIP(return, "there is no %s here", variant->kind);
	ASSERT_TRUE(called(self, PARLEY_OOL_MAX));
	op_park(op_send(&send, self->client, self->server.id, 5, 8));
	cart_replyrecv(&self->reply, self->server, cart_token(&self->recv), 2);
	ASSERT_EQ(0, cart_run(cart_range(&self->reply, self->file, 5, 10000)));
	EXPECT_TRUE(op_got(&self->reply.op, self->client.id, 5, 8));
	ASSERT_EQ(0, op_join(&send));
	ASSERT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(holds(self, 5, 10000));
}

/* One that is mapped where it goes to: Linux itself takes care in read(2) of that. */
TEST_F(range, onto_itself)
{
	__u8 *at;

	if (self->file < 0)
		SKIP(return, "there is no %s here", variant->kind);
	at = mmap(NULL, FILE_LEN, PROT_READ | PROT_WRITE,
		  variant->on_disk ? MAP_PRIVATE : MAP_SHARED, self->file, 0);
	ASSERT_NE(MAP_FAILED, at);
	for (size_t shift = 0; shift <= PAGE; shift += PAGE) {
		cart_call(&self->call, self->client, self->server.id, 1);
		cart_park(cart_room(&self->call, at + shift, 20000));
		ASSERT_EQ(0, cart_run(cart_recv(&self->recv, self->server, PARLEY_ANY)));
		ASSERT_EQ(0, reply_range(self, 0, 20000));
		ASSERT_EQ(0, cart_join(&self->call));
		EXPECT_TRUE(cart_got_ool(&self->call, self->server.id, 2, 20000, 0));
		EXPECT_TRUE(bytes_are(at, shift ? PAGE : 20000, SEED, 0));
	}
}

/* Another process calls, and can be kept from picking up the answer. */

static struct area far;

/* Bytes that have come, all of them right. */
DEED(do_call_range, peer, room)
{
	struct cart call;
	int err;

	far = area_make(room, 100);
	err = cart_run(cart_room(cart_call(&call, me, peer, 1), far.at, room));
	if (err)
		return err;
	CHECK(cart_got_ool(&call, peer, 2, call.cargo.ool_len, 0));
	CHECK(area_holds(&far, SEED, call.cargo.ool_len));
	return call.cargo.ool_len;
}

static void stop(const struct peer *peer)
{
	int status;

	CHECK_EQ(0, kill(peer->pid, SIGSTOP));
	CHECK_EQ(peer->pid, waitpid(peer->pid, &status, WUNTRACED));
	CHECK(WIFSTOPPED(status));
}

static void start_far(struct _test_data_range *self, struct peer *peer, const struct who *who)
{
	*peer = actor_start(who);
	CHECK_EQ(0, task_mode(self->server, 0666));
	actor_begin(peer, do_call_range, self->server.id, 100000);
	CHECK_EQ(0, cart_run(cart_recv(&self->recv, self->server, PARLEY_ANY)));
}

/* What the caller itself may not open. */
TEST_F(range, to_another_user)
{
	struct peer other;

	if (self->file < 0)
		SKIP(return, "there is no %s here", variant->kind);
	start_far(self, &other, &alice);
	ASSERT_EQ(0, reply_range(self, 0, 100000));
	EXPECT_EQ(100000, hear(other.ctl));
}

TEST_F(range, closed_before_it_is_read)
{
	struct peer other;

	if (self->file < 0)
		SKIP(return, "there is no %s here", variant->kind);
	start_far(self, &other, &root);
	stop(&other);
	ASSERT_EQ(0, reply_range(self, 0, 100000));
	ASSERT_EQ(0, close(self->file));
	if (strcmp(variant->kind, "memfd"))
		ASSERT_EQ(0, unlink(range_path));
	ASSERT_EQ(0, kill(other.pid, SIGCONT));
	EXPECT_EQ(100000, hear(other.ctl));
}

TEST_F(range, truncated_before_it_is_read)
{
	struct peer other;

	if (self->file < 0)
		SKIP(return, "there is no %s here", variant->kind);
	start_far(self, &other, &root);
	stop(&other);
	ASSERT_EQ(0, reply_range(self, 0, 100000));
	ASSERT_EQ(0, ftruncate(self->file, 54321));
	ASSERT_EQ(0, kill(other.pid, SIGCONT));
	EXPECT_EQ(54321, hear(other.ctl));
}

/* The server is dead, the file isn't. */
TEST_F(range, killed_before_it_is_read)
{
	struct peer other;

	if (self->file < 0)
		SKIP(return, "there is no %s here", variant->kind);
	start_far(self, &other, &root);
	stop(&other);
	ASSERT_EQ(0, reply_range(self, 0, 100000));
	ASSERT_EQ(0, close(self->file));
	ASSERT_EQ(0, close(self->server.fd));
	ASSERT_EQ(0, kill(other.pid, SIGCONT));
	EXPECT_EQ(100000, hear(other.ctl));
}

/* A caller that is killed leaves the file alone: the disk can be unmounted. */
TEST_F(range, of_a_killed_caller)
{
	struct peer other;

	if (self->file < 0)
		SKIP(return, "there is no %s here", variant->kind);
	start_far(self, &other, &root);
	stop(&other);
	ASSERT_EQ(0, reply_range(self, 0, 100000));
	peer_kill(&other);
}

TEST_HARNESS_MAIN
