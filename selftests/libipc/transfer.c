// SPDX-License-Identifier: GPL-2.0
/* Descriptors, mappings and parts of files that go with messages. */
#include <kselftest_harness.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include "cargo.h"

#define PAGE	4096

FIXTURE(transfer) {
	struct peer peer;
	struct ipc_msg msg;
	size_t len;
	ipc_token_t token;
	struct ipc_cargo cargo;
	int file;
	int file_readonly;
};

/* Opens @fd's file anew. */
static int reopen(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

/* A memfd of 10 pages and a bit, each byte by its place. */
static int make_file(unsigned int seals)
{
	int fd = memfd_create("transfer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	uint8_t *bytes = filled_buffer(9, 10 * PAGE + 100);

	if (fd < 0 || write(fd, bytes, 10 * PAGE + 100) != 10 * PAGE + 100 ||
	    fcntl(fd, F_ADD_SEALS, seals)) {
		perror("memfd");
		abort();
	}
	munmap(bytes, 10 * PAGE + 100);
	return fd;
}

FIXTURE_SETUP(transfer)
{
	ASSERT_TRUE(have_feature(LIBIPC_FEATURE_CARGO)) {
		TH_LOG("the module has no LIBIPC_FEATURE_CARGO");
	}
	memset(self, 0, sizeof(*self));
	self->file = make_file(F_SEAL_SHRINK);
	self->file_readonly = reopen(self->file, O_RDONLY);
	ASSERT_LE(0, self->file_readonly);
	self->peer.to = ipc_self();
	self->peer.msg.type = 40;
	self->peer.len = HEAD;
	self->cargo.accept = LIBIPC_CARGO_OOL | LIBIPC_CARGO_FD | LIBIPC_CARGO_MAP |
			     LIBIPC_CARGO_MAP_WRITE;
	self->cargo.recv_data = buffer(LIBIPC_OOL_MAX);
	self->cargo.recv_room = LIBIPC_OOL_MAX;
	self->cargo.recv_map_room = 11 * PAGE;
}

FIXTURE_TEARDOWN(transfer)
{
}

static int receive(FIXTURE_DATA(transfer) * self)
{
	return ipc_recv_cargo(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
			      &self->cargo, LIBIPC_FOREVER);
}

static bool same_file(int a, int b)
{
	struct stat sa, sb;

	return !fstat(a, &sa) && !fstat(b, &sb) && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

static void send_fd(struct ipc_cargo *cargo, int fd)
{
	cargo->send = LIBIPC_CARGO_FD;
	cargo->send_fd = fd;
}

static void send_map(struct ipc_cargo *cargo, unsigned int kind, int fd, size_t len)
{
	cargo->send = kind;
	cargo->send_fd = fd;
	cargo->send_map_len = len;
}

TEST_F(transfer, descriptor_with_a_message)
{
	send_fd(&self->peer.cargo, self->file);
	peer_start(&self->peer, peer_send_cargo);
	ASSERT_EQ(0, receive(self));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
	EXPECT_EQ(LIBIPC_CARGO_FD, self->cargo.received);
	EXPECT_NE(self->file, self->cargo.recv_fd);
	EXPECT_TRUE(same_file(self->file, self->cargo.recv_fd));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->cargo.recv_fd, F_GETFD));
}

TEST_F(transfer, descriptor_with_a_reply)
{
	self->peer.cargo.accept = LIBIPC_CARGO_FD;
	peer_start(&self->peer, peer_call_cargo);
	ASSERT_EQ(0, receive(self));
	EXPECT_TRUE(nothing_came(&self->cargo));
	send_fd(&self->cargo, self->file);
	EXPECT_EQ(0, ipc_reply_cargo(self->token, &self->msg, 0, &self->cargo));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
	EXPECT_EQ(LIBIPC_CARGO_FD, self->peer.cargo.received);
	EXPECT_TRUE(same_file(self->file, self->peer.cargo.recv_fd));
}

TEST_F(transfer, descriptor_and_bytes)
{
	send_fd(&self->peer.cargo, self->file);
	self->peer.cargo.send |= LIBIPC_CARGO_OOL;
	self->peer.cargo.send_data = filled_buffer(3, 5000);
	self->peer.cargo.send_len = 5000;
	peer_start(&self->peer, peer_send_cargo);
	ASSERT_EQ(0, receive(self));
	peer_join(&self->peer);
	EXPECT_EQ(LIBIPC_CARGO_FD | LIBIPC_CARGO_OOL, self->cargo.received);
	EXPECT_TRUE(same_file(self->file, self->cargo.recv_fd));
	EXPECT_EQ((size_t)5000, self->cargo.recv_len);
	EXPECT_TRUE(has_bytes(self->cargo.recv_data, 3, 5000));
}

TEST_F(transfer, mapping_to_be_read)
{
	uint8_t *bytes = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, self->file, PAGE);

	send_map(&self->peer.cargo, LIBIPC_CARGO_MAP, self->file_readonly, PAGE + 1);
	self->peer.cargo.send_offset = PAGE;
	peer_start(&self->peer, peer_send_cargo);
	ASSERT_EQ(0, receive(self));
	peer_join(&self->peer);
	EXPECT_EQ(LIBIPC_CARGO_MAP, self->cargo.received);
	ASSERT_EQ((size_t)2 * PAGE, self->cargo.recv_map_len);
	bytes[5] = 0xee;
	EXPECT_EQ(0, memcmp(self->cargo.recv_map, bytes, PAGE));
	EXPECT_EQ(-1, mprotect(self->cargo.recv_map, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, munmap(self->cargo.recv_map, self->cargo.recv_map_len));
}

TEST_F(transfer, mapping_to_be_written)
{
	uint8_t byte;

	self->peer.cargo.accept = LIBIPC_CARGO_MAP_WRITE;
	self->peer.cargo.recv_map_room = PAGE;
	peer_start(&self->peer, peer_call_cargo);
	ASSERT_EQ(0, receive(self));
	send_map(&self->cargo, LIBIPC_CARGO_MAP_WRITE, self->file, PAGE);
	EXPECT_EQ(0, ipc_reply_cargo(self->token, &self->msg, 0, &self->cargo));
	peer_join(&self->peer);
	ASSERT_EQ(0, self->peer.err);
	EXPECT_EQ(LIBIPC_CARGO_MAP_WRITE, self->peer.cargo.received);
	ASSERT_EQ((size_t)PAGE, self->peer.cargo.recv_map_len);
	EXPECT_TRUE(has_bytes(self->peer.cargo.recv_map, 9, PAGE));
	((uint8_t *)self->peer.cargo.recv_map)[7] = 0xdd;
	ASSERT_EQ(1, pread(self->file, &byte, 1, 7));
	EXPECT_EQ(0xdd, byte);
}

static int reply_range(FIXTURE_DATA(transfer) * self, int fd, uint64_t offset, size_t len)
{
	struct ipc_cargo cargo = {
		.send = LIBIPC_CARGO_RANGE,
		.send_fd = fd,
		.send_offset = offset,
		.send_len = len,
	};

	return ipc_reply_cargo(self->token, &self->msg, HEAD, &cargo);
}

TEST_F(transfer, range_of_a_file)
{
	uint8_t *bytes = filled_buffer(9, 10 * PAGE);

	self->peer.cargo.accept = LIBIPC_CARGO_OOL;
	self->peer.cargo.recv_data = buffer(4 * PAGE);
	self->peer.cargo.recv_room = 4 * PAGE;
	peer_start(&self->peer, peer_call_cargo);
	ASSERT_EQ(0, receive(self));
	EXPECT_EQ(0, reply_range(self, self->file, 100, 3 * PAGE));
	peer_join(&self->peer);
	ASSERT_EQ(0, self->peer.err);
	EXPECT_EQ(LIBIPC_CARGO_OOL, self->peer.cargo.received);
	ASSERT_EQ((size_t)3 * PAGE, self->peer.cargo.recv_len);
	EXPECT_EQ((uint64_t)3 * PAGE, head_of(&self->peer.msg).len);
	EXPECT_EQ(0, memcmp(self->peer.cargo.recv_data, bytes + 100, 3 * PAGE));
}

TEST_F(transfer, range_beyond_the_end_of_the_file)
{
	self->peer.cargo.accept = LIBIPC_CARGO_OOL;
	self->peer.cargo.recv_data = buffer(4 * PAGE);
	self->peer.cargo.recv_room = 4 * PAGE;
	peer_start(&self->peer, peer_call_cargo);
	ASSERT_EQ(0, receive(self));
	EXPECT_EQ(0, reply_range(self, self->file, 10 * PAGE, PAGE));
	peer_join(&self->peer);
	ASSERT_EQ(0, self->peer.err);
	EXPECT_EQ((size_t)100, self->peer.cargo.recv_len);
	EXPECT_EQ((uint64_t)100, head_of(&self->peer.msg).len);
}

TEST_F(transfer, what_is_not_accepted_is_the_senders_error)
{
	int fds = count_fds();

	send_fd(&self->peer.cargo, self->file);
	self->cargo.accept &= ~LIBIPC_CARGO_FD;
	peer_start(&self->peer, peer_send_cargo);
	wait_asleep(self->peer.tid);
	EXPECT_EQ(-EAGAIN, ipc_recv_cargo(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
					  &self->cargo, LIBIPC_NOWAIT));
	peer_join(&self->peer);
	EXPECT_EQ(-EOPNOTSUPP, self->peer.err);
	EXPECT_TRUE(nothing_came(&self->cargo));
	EXPECT_EQ(fds + 1, count_fds()); /* the peer's task */
}

TEST_F(transfer, what_is_too_long_is_the_senders_error)
{
	int maps;

	self->cargo.recv_map_room = 2 * PAGE;
	send_map(&self->peer.cargo, LIBIPC_CARGO_MAP_WRITE, self->file, 2 * PAGE + 1);
	peer_start(&self->peer, peer_send_cargo);
	wait_asleep(self->peer.tid);
	count_maps();
	maps = count_maps();
	EXPECT_EQ(-EAGAIN, ipc_recv_cargo(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
					  &self->cargo, LIBIPC_NOWAIT));
	EXPECT_EQ(maps, count_maps());
	peer_join(&self->peer);
	EXPECT_EQ(-EOPNOTSUPP, self->peer.err);
	EXPECT_TRUE(nothing_came(&self->cargo));
}

TEST_F(transfer, what_is_too_long_for_a_reply_is_the_repliers_error)
{
	self->peer.cargo.accept = LIBIPC_CARGO_MAP_WRITE;
	self->peer.cargo.recv_map_room = 2 * PAGE;
	peer_start(&self->peer, peer_call_cargo);
	ASSERT_EQ(0, receive(self));
	send_map(&self->cargo, LIBIPC_CARGO_MAP_WRITE, self->file, 2 * PAGE + 1);
	EXPECT_EQ(-EOPNOTSUPP, ipc_reply_cargo(self->token, &self->msg, 0, &self->cargo));
	send_map(&self->cargo, LIBIPC_CARGO_MAP_WRITE, self->file, 2 * PAGE);
	EXPECT_EQ(0, ipc_reply_cargo(self->token, &self->msg, 0, &self->cargo));
	peer_join(&self->peer);
	ASSERT_EQ(0, self->peer.err);
	EXPECT_EQ((size_t)2 * PAGE, self->peer.cargo.recv_map_len);
}

static int send_to_nobody(FIXTURE_DATA(transfer) * self)
{
	return ipc_send_cargo(ipc_self(), &self->msg, HEAD, &self->cargo, ipc_deadline(100 * MSEC));
}

TEST_F(transfer, what_can_not_be_sent)
{
	int growing = make_file(F_SEAL_GROW);

	send_fd(&self->cargo, 12345);
	EXPECT_EQ(-EBADF, send_to_nobody(self));
	self->cargo.send = LIBIPC_CARGO_FD | LIBIPC_CARGO_MAP;
	self->cargo.send_fd = self->file_readonly;
	EXPECT_EQ(-EINVAL, send_to_nobody(self));
	send_map(&self->cargo, LIBIPC_CARGO_MAP_WRITE, growing, PAGE);
	EXPECT_EQ(-EINVAL, send_to_nobody(self));
	send_map(&self->cargo, LIBIPC_CARGO_MAP, self->file, PAGE);
	EXPECT_EQ(-EINVAL, send_to_nobody(self));
	send_map(&self->cargo, LIBIPC_CARGO_MAP_WRITE, self->file, 0);
	EXPECT_EQ(-EINVAL, send_to_nobody(self));
	send_map(&self->cargo, LIBIPC_CARGO_MAP_WRITE, self->file, 20 * PAGE);
	EXPECT_EQ(-EINVAL, send_to_nobody(self));
	self->cargo.send_offset = 1;
	send_map(&self->cargo, LIBIPC_CARGO_MAP_WRITE, self->file, PAGE);
	EXPECT_EQ(-EINVAL, send_to_nobody(self));
	self->cargo.send = LIBIPC_CARGO_RANGE;
	EXPECT_EQ(-EINVAL, send_to_nobody(self));
}

/* So that there is no room for another descriptor. */
static void limit_fds(rlim_t most)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = most;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int next_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

TEST_F(transfer, message_is_kept_while_there_is_no_descriptor_to_be_had)
{
	send_fd(&self->peer.cargo, self->file);
	peer_start(&self->peer, peer_call_cargo);
	wait_asleep(self->peer.tid);
	limit_fds(next_fd());
	EXPECT_EQ(-EMFILE, receive(self));
	EXPECT_TRUE(nothing_came(&self->cargo));
	limit_fds(1024);
	ASSERT_EQ(0, receive(self));
	EXPECT_TRUE(same_file(self->file, self->cargo.recv_fd));
	EXPECT_EQ(0, ipc_reply(self->token, &self->msg, 0));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
}

TEST_F(transfer, call_ends_when_there_is_no_descriptor_to_be_had)
{
	self->peer.cargo.accept = LIBIPC_CARGO_FD;
	peer_start(&self->peer, peer_call_cargo);
	ASSERT_EQ(0, receive(self));
	limit_fds(next_fd());
	send_fd(&self->cargo, self->file);
	EXPECT_EQ(0, ipc_reply_cargo(self->token, &self->msg, 0, &self->cargo));
	peer_join(&self->peer);
	EXPECT_EQ(-EMFILE, self->peer.err);
	EXPECT_TRUE(nothing_came(&self->peer.cargo));
	EXPECT_EQ(40, self->peer.msg.type);
	EXPECT_EQ(-ENOENT, ipc_reply(self->token, &self->msg, 0));
}

/* A message's memory that can't be written, with everything that could come. */
TEST_F(transfer, nothing_is_left_of_a_receive_that_fails)
{
	struct ipc_msg *readonly = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fds, maps;

	ASSERT_NE(MAP_FAILED, readonly);
	send_fd(&self->peer.cargo, self->file);
	peer_start(&self->peer, peer_send_cargo);
	wait_asleep(self->peer.tid);
	count_maps();
	fds = count_fds();
	maps = count_maps();
	EXPECT_EQ(-EFAULT, ipc_recv_cargo(LIBIPC_TASK_ANY, readonly, &self->len, &self->token,
					  &self->cargo, LIBIPC_FOREVER));
	EXPECT_TRUE(nothing_came(&self->cargo));
	EXPECT_EQ(fds, count_fds());
	EXPECT_EQ(maps, count_maps());
	ASSERT_EQ(0, receive(self));
	EXPECT_TRUE(same_file(self->file, self->cargo.recv_fd));
	peer_join(&self->peer);
}

/* As libipc asks for messages left for it, but with cargo; then a plain message. */
static void ask_and_send(struct peer *peer)
{
	struct ipc_msg ask = { .type = LIBIPC_ASYNC };
	size_t len = 0;

	peer->err = ipc_call_cargo(peer->to, &ask, &len, &peer->cargo, LIBIPC_FOREVER);
	if (!peer->err)
		peer_send(peer);
}

TEST_F(transfer, nothing_is_left_of_what_is_answered_on_the_way)
{
	int fds, maps;

	for (int i = 0; i < 2; i++) {
		struct peer peer = self->peer;

		if (i)
			send_fd(&peer.cargo, self->file);
		else
			send_map(&peer.cargo, LIBIPC_CARGO_MAP_WRITE, self->file, PAGE);
		peer_start(&peer, ask_and_send);
		wait_asleep(peer.tid);
		count_maps();
		fds = count_fds();
		maps = count_maps();
		errno = ELNRNG;
		EXPECT_EQ(0, receive(self));
		EXPECT_EQ(ELNRNG, errno);
		EXPECT_EQ(40, self->msg.type);
		EXPECT_TRUE(nothing_came(&self->cargo));
		EXPECT_EQ(fds, count_fds());
		EXPECT_EQ(maps, count_maps());
		peer_join(&peer);
		EXPECT_EQ(0, peer.err);
	}
}

TEST_HARNESS_MAIN
