// SPDX-License-Identifier: GPL-2.0
/* Descriptors that come with messages. */
#include "cargo.h"
#include "rights.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

FIXTURE(fd)
{
	struct task client, server;
	struct cart call, recv, reply;
	int fds;		/* open before */
};

FIXTURE_SETUP(fd)
{
	self->client = task_open();
	self->server = task_open();
	self->fds = fds_open();
}

FIXTURE_TEARDOWN(fd)
{
}

static struct cart *call(struct _test_data_fd *self, int fd)
{
	cart_call(&self->call, self->client, self->server.id, 1);
	return cart_carry(&self->call, PARLEY_CARGO_FD, fd, 0, 0);
}

static struct cart *receive(struct _test_data_fd *self)
{
	cart_recv(&self->recv, self->server, PARLEY_ANY);
	return cart_accept(&self->recv, PARLEY_CARGO_FD);
}

static bool finishes(struct _test_data_fd *self)
{
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	return !cart_run(&self->reply) && !cart_join(&self->call) &&
	       op_got(&self->call.op, self->server.id, 2, LEN);
}

/* What @fd becomes at the other end, having been there and answered; -1 if it doesn't. */
static int pass(struct _test_data_fd *self, int fd)
{
	cart_park(call(self, fd));
	if (cart_run(receive(self)) ||
	    !cart_got(&self->recv, self->client.id, 1, PARLEY_CARGO_FD) || !finishes(self))
		return -1;
	return self->recv.cargo.recv_fd;
}

/* One file, open once: a descriptor's position is the other's too. */
static bool is_same(int a, int b)
{
	CHECK_EQ(0, lseek(a, 0, SEEK_SET));
	CHECK_EQ(7, lseek(b, 7, SEEK_SET));
	return a != b && lseek(a, 0, SEEK_CUR) == 7 && fcntl(b, F_GETFD) == FD_CLOEXEC;
}

TEST_F(fd, comes_with_a_request)
{
	int file = memfd("file", 100, 0), got = pass(self, file);

	ASSERT_LE(0, got);
	EXPECT_TRUE(is_same(file, got));
	/* Exactly one more. */
	EXPECT_EQ(self->fds + 2, fds_open());
}

TEST_F(fd, comes_with_a_reply)
{
	int file = memfd("file", 100, 0);

	cart_call(&self->call, self->client, self->server.id, 1);
	cart_park(cart_accept(&self->call, PARLEY_CARGO_FD));
	ASSERT_EQ(0, cart_run(receive(self)));
	EXPECT_TRUE(cart_got(&self->recv, self->client.id, 1, 0));
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	ASSERT_EQ(0, cart_run(cart_carry(&self->reply, PARLEY_CARGO_FD, file, 0, 0)));
	ASSERT_EQ(0, cart_join(&self->call));
	ASSERT_TRUE(cart_got(&self->call, self->server.id, 2, PARLEY_CARGO_FD));
	EXPECT_TRUE(is_same(file, self->call.cargo.recv_fd));
	EXPECT_EQ(self->fds + 2, fds_open());
}

TEST_F(fd, goes_both_ways_by_replyrecv)
{
	int file = memfd("file", 100, 0), other = memfd("other", 100, 0);
	struct cart next;

	cart_park(cart_accept(call(self, file), PARLEY_CARGO_FD));
	ASSERT_EQ(0, cart_run(receive(self)));
	cart_send(&next, self->client, self->server.id, 5);
	cart_park(cart_carry(&next, PARLEY_CARGO_FD, file, 0, 0));
	cart_replyrecv(&self->reply, self->server, cart_token(&self->recv), 2);
	cart_carry(&self->reply, PARLEY_CARGO_FD, other, 0, 0);
	ASSERT_EQ(0, cart_run(cart_accept(&self->reply, PARLEY_CARGO_FD)));
	ASSERT_TRUE(cart_got(&self->reply, self->client.id, 5, PARLEY_CARGO_FD));
	EXPECT_EQ(0, cart_join(&next));
	ASSERT_EQ(0, cart_join(&self->call));
	ASSERT_TRUE(cart_got(&self->call, self->server.id, 2, PARLEY_CARGO_FD));
	EXPECT_TRUE(is_same(other, self->call.cargo.recv_fd));
	EXPECT_TRUE(is_same(file, self->reply.cargo.recv_fd));
	EXPECT_TRUE(is_same(file, self->recv.cargo.recv_fd));
	EXPECT_EQ(self->fds + 5, fds_open());
}

TEST_F(fd, comes_one_way)
{
	int file = memfd("file", 100, 0);

	cart_send(&self->call, self->client, self->server.id, 1);
	cart_park(cart_carry(&self->call, PARLEY_CARGO_FD, file, 0, 0));
	ASSERT_EQ(0, cart_run(receive(self)));
	ASSERT_EQ(0, cart_join(&self->call));
	ASSERT_TRUE(cart_got(&self->recv, self->client.id, 1, PARLEY_CARGO_FD));
	EXPECT_TRUE(is_same(file, self->recv.cargo.recv_fd));
}

TEST_F(fd, comes_one_way_without_waiting)
{
	int file = memfd("file", 100, 0);

	cart_send(&self->call, self->client, self->server.id, 1)->op.arg.flags = PARLEY_NONBLOCK;
	cart_carry(&self->call, PARLEY_CARGO_FD, file, 0, 0);
	EXPECT_EQ(-EAGAIN, cart_run(&self->call));
	cart_park(receive(self));
	EXPECT_EQ(0, cart_run(&self->call));
	ASSERT_EQ(0, cart_join(&self->recv));
	ASSERT_TRUE(cart_got(&self->recv, self->client.id, 1, PARLEY_CARGO_FD));
	EXPECT_TRUE(is_same(file, self->recv.cargo.recv_fd));
}

TEST_F(fd, comes_along_with_payload)
{
	struct area out = area_filled(10000, 5, 9), in = area_make(10000, 6);
	int file = memfd("file", 100, 0);

	cart_park(cart_load(call(self, file), out.at, out.len));
	ASSERT_EQ(0, cart_run(cart_room(receive(self), in.at, in.len)));
	ASSERT_TRUE(cart_got_ool(&self->recv, self->client.id, 1, in.len, PARLEY_CARGO_FD));
	EXPECT_TRUE(area_holds(&in, 9, in.len));
	EXPECT_TRUE(is_same(file, self->recv.cargo.recv_fd));
	EXPECT_TRUE(finishes(self));
}

/* The lowest that is free, as everywhere. */
TEST_F(fd, number)
{
	int file = memfd("file", 100, 0), lower = dup(file), upper = dup(file);

	ASSERT_LT(lower, upper);
	ASSERT_EQ(0, close(lower));
	EXPECT_EQ(lower, pass(self, upper));
}

/* Kinds of it. */

TEST_F(fd, of_a_pipe)
{
	char word[5] = "";
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	EXPECT_EQ(4, write(pass(self, ends[1]), "word", 4));
	EXPECT_EQ(4, read(pass(self, ends[0]), word, 4));
	EXPECT_STREQ("word", word);
}

TEST_F(fd, of_an_eventfd)
{
	eventfd_t value = 0;
	int event = eventfd(3, EFD_CLOEXEC);

	EXPECT_EQ(0, eventfd_write(pass(self, event), 4));
	EXPECT_EQ(0, eventfd_read(event, &value));
	EXPECT_EQ(7ULL, value);
}

TEST_F(fd, of_a_socket)
{
	int ends[2], got;
	__s32 word = 5;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
	got = pass(self, ends[0]);
	ASSERT_LE(0, got);
	tell(got, word);
	EXPECT_EQ(5, hear(ends[1]));
}

/* A name in the file system, and no right to the file. */
TEST_F(fd, of_a_path)
{
	int path = open("/proc/self/exe", O_PATH), got = pass(self, path);
	char byte;

	ASSERT_LE(0, got);
	EXPECT_TRUE(fds_same_file(path, got));
	EXPECT_EQ(O_PATH, fcntl(got, F_GETFL) & O_PATH);
	EXPECT_EQ(-1, read(got, &byte, 1));
	EXPECT_EQ(EBADF, errno);
}

TEST_F(fd, of_a_directory)
{
	int dir = open("/proc/self", O_RDONLY | O_DIRECTORY), got = pass(self, dir);

	ASSERT_LE(0, got);
	EXPECT_LE(0, openat(got, "status", O_RDONLY));
}

/* Access is what it was opened with. */
TEST_F(fd, of_a_file_to_read)
{
	int got = pass(self, open("/proc/self/exe", O_RDONLY));

	ASSERT_LE(0, got);
	EXPECT_EQ(-1, write(got, "", 1));
	EXPECT_EQ(EBADF, errno);
}

/* To pass on a bus is to let in. */
TEST_F(fd, of_a_bus)
{
	int got = pass(self, bus_of(self->client)), opened;

	ASSERT_LE(0, got);
	opened = bus_open(got, 0);
	ASSERT_LE(0, opened);
	EXPECT_EQ(0, task_notify(task_of(opened), self->server.id, PARLEY_NOTIFY_USER));
}

/* A task is its address space's alone, but within that it's a descriptor like any. */
TEST_F(fd, of_a_task)
{
	struct task third = task_open();
	int got = pass(self, third.fd);

	ASSERT_LE(0, got);
	EXPECT_EQ(third.id, task_of(got).id);
	ASSERT_EQ(0, close(third.fd));
	EXPECT_EQ(0, task_notify(self->client, third.id, PARLEY_NOTIFY_USER));
	ASSERT_EQ(0, close(got));
	EXPECT_EQ(-ENOTCONN, task_notify(self->client, third.id, PARLEY_NOTIFY_USER));
}

TEST_F(fd, of_the_sender)
{
	int got = pass(self, self->client.fd);

	ASSERT_LE(0, got);
	EXPECT_EQ(self->client.id, task_of(got).id);
}

TEST_F(fd, of_the_receiver)
{
	int got = pass(self, self->server.fd);

	ASSERT_LE(0, got);
	EXPECT_EQ(self->server.id, task_of(got).id);
}

TEST_F(fd, of_nothing)
{
	const int fds[] = { -1, INT_MIN, INT_MAX, 1000, AT_FDCWD };

	for (unsigned int i = 0; i < ARRAY_SIZE(fds); i++) {
		EXPECT_EQ(-EBADF, cart_run(call(self, fds[i]))) TH_LOG("fd %d", fds[i]);
		cart_send(&self->call, self->client, self->server.id, 1);
		cart_carry(&self->call, PARLEY_CARGO_FD, fds[i], 0, 0);
		EXPECT_EQ(-EBADF, cart_run(&self->call)) TH_LOG("fd %d", fds[i]);
	}
	EXPECT_EQ(-EAGAIN, op_run(op_poll(&self->recv.op, self->server, PARLEY_ANY)));
	EXPECT_EQ(self->fds, fds_open());
}

/* Under way. */

/* The only one left of a pipe's writing ends; with it the pipe ends. */
static int hold_pipe(struct _test_data_fd *self)
{
	int ends[2];

	CHECK_EQ(0, pipe(ends));
	cart_park(call(self, ends[1]));
	CHECK_EQ(0, close(ends[1]));
	return ends[0];
}

static bool pipe_open(int end)
{
	struct pollfd fd = { .fd = end, .events = POLLIN };

	CHECK(poll(&fd, 1, 0) >= 0);
	return !(fd.revents & POLLHUP);
}

/* Soon: what holds a file may let it go from elsewhere. */
static bool pipe_ends(int end)
{
	struct pollfd fd = { .fd = end, .events = POLLIN };

	return poll(&fd, 1, 20000) == 1 && fd.revents == POLLHUP;
}

TEST_F(fd, closed_after_it_was_sent)
{
	int end = hold_pipe(self);
	char word[5] = "";

	EXPECT_TRUE(pipe_open(end));
	ASSERT_EQ(0, cart_run(receive(self)));
	EXPECT_TRUE(pipe_open(end));
	ASSERT_EQ(4, write(self->recv.cargo.recv_fd, "word", 4));
	ASSERT_EQ(4, read(end, word, 4));
	EXPECT_STREQ("word", word);
	ASSERT_EQ(0, close(self->recv.cargo.recv_fd));
	EXPECT_TRUE(pipe_ends(end));
	EXPECT_TRUE(finishes(self));
}

TEST_F(fd, of_a_message_that_times_out)
{
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	EXPECT_EQ(-ETIMEDOUT, cart_run(cart_within(call(self, ends[1]), 50 * MS)));
	ASSERT_EQ(0, close(ends[1]));
	EXPECT_TRUE(pipe_ends(ends[0]));
}

TEST_F(fd, of_a_message_to_one_who_dies)
{
	int end = hold_pipe(self);

	ASSERT_EQ(0, close(self->server.fd));
	EXPECT_EQ(-ENOTCONN, cart_join(&self->call));
	EXPECT_TRUE(pipe_ends(end));
}

static const __u32 others[] = { 0, KINDS & ~PARLEY_CARGO_FD };

TEST_F(fd, not_accepted)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++) {
		int end = hold_pipe(self);

		cart_accept(cart_poll(&self->recv, self->server, PARLEY_ANY), others[i]);
		EXPECT_EQ(-EAGAIN, cart_run(&self->recv));
		EXPECT_EQ(-EOPNOTSUPP, cart_join(&self->call));
		EXPECT_TRUE(pipe_ends(end));
		close(end);
	}
	EXPECT_EQ(self->fds, fds_open());
}

TEST_F(fd, not_accepted_by_one_who_waits)
{
	struct op send;
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++) {
		cart_accept(cart_recv(&self->recv, self->server, PARLEY_ANY), others[i]);
		cart_park(&self->recv);
		EXPECT_EQ(-EOPNOTSUPP, cart_run(call(self, ends[1])));
		op_await(&self->recv.op);
		op_send(&send, self->client, self->server.id, 5, LEN);
		ASSERT_EQ(0, op_run(&send));
		ASSERT_EQ(0, cart_join(&self->recv));
		EXPECT_TRUE(cart_got(&self->recv, self->client.id, 5, 0));
	}
	ASSERT_EQ(0, close(ends[1]));
	EXPECT_TRUE(pipe_ends(ends[0]));
}

TEST_F(fd, not_accepted_with_a_reply)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++) {
		cart_call(&self->call, self->client, self->server.id, 1);
		cart_park(cart_accept(&self->call, others[i]));
		ASSERT_EQ(0, cart_run(receive(self)));
		cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
		cart_carry(&self->reply, PARLEY_CARGO_FD, 0, 0, 0);
		EXPECT_EQ(-EOPNOTSUPP, cart_run(&self->reply));
		op_await(&self->call.op);
		EXPECT_TRUE(finishes(self));
	}
	EXPECT_EQ(self->fds, fds_open());
}

/* A payload for which there is no room comes later, and so does the descriptor. */
TEST_F(fd, beside_payload_without_room)
{
	struct area out = area_filled(10000, 0, 9), in = area_make(10000, 0);
	int end, ends[2];

	ASSERT_EQ(0, pipe(ends));
	end = ends[0];
	cart_park(cart_load(call(self, ends[1]), out.at, out.len));
	ASSERT_EQ(0, close(ends[1]));
	ASSERT_EQ(-EMSGSIZE, cart_run(cart_room(receive(self), in.at, in.len - 1)));
	EXPECT_EQ(self->fds + 1, fds_open());
	EXPECT_TRUE(pipe_open(end));
	ASSERT_EQ(0, cart_run(cart_room(receive(self), in.at, in.len)));
	EXPECT_TRUE(cart_got_ool(&self->recv, self->client.id, 1, in.len, PARLEY_CARGO_FD));
	EXPECT_EQ(self->fds + 2, fds_open());
	EXPECT_TRUE(finishes(self));
	ASSERT_EQ(0, close(self->recv.cargo.recv_fd));
	EXPECT_TRUE(pipe_ends(end));
}

/* As many descriptors as there are, and no more; returns one that can be closed. */
static int fill_table(void)
{
	struct rlimit limit;
	int fd, last = -1;

	CHECK_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 64;
	CHECK_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	while ((fd = dup(0)) >= 0)
		last = fd;
	CHECK_EQ(EMFILE, errno);
	return last;
}

/* A message waits for room in the table. */
TEST_F(fd, no_room_for_it)
{
	int end = hold_pipe(self), last = fill_table();

	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-EMFILE, cart_run(receive(self)));
		EXPECT_TRUE(pipe_open(end));
	}
	/* It takes a descriptor to see that. */
	ASSERT_EQ(0, close(last));
	op_await(&self->call.op);
	ASSERT_EQ(0, cart_run(receive(self)));
	EXPECT_TRUE(cart_got(&self->recv, self->client.id, 1, PARLEY_CARGO_FD));
	EXPECT_EQ(last, self->recv.cargo.recv_fd);
	EXPECT_TRUE(finishes(self));
	ASSERT_EQ(0, close(last));
	EXPECT_TRUE(pipe_ends(end));
}

TEST_F(fd, no_room_where_one_waits)
{
	int ends[2], last;

	ASSERT_EQ(0, pipe(ends));
	cart_park(receive(self));
	last = fill_table();
	cart_start(call(self, ends[1]));
	EXPECT_EQ(-EMFILE, cart_join(&self->recv));
	ASSERT_EQ(0, close(last));
	op_await(&self->call.op);
	ASSERT_EQ(0, cart_run(receive(self)));
	EXPECT_EQ(last, self->recv.cargo.recv_fd);
	EXPECT_TRUE(finishes(self));
}

/* A reply doesn't: the call is over. */
TEST_F(fd, no_room_for_a_reply_s)
{
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	cart_call(&self->call, self->client, self->server.id, 1);
	cart_park(cart_accept(&self->call, PARLEY_CARGO_FD));
	ASSERT_EQ(0, cart_run(receive(self)));
	fill_table();
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	ASSERT_EQ(0, cart_run(cart_carry(&self->reply, PARLEY_CARGO_FD, ends[1], 0, 0)));
	EXPECT_EQ(-EMFILE, cart_join(&self->call));
	EXPECT_EQ(0ULL, cart_token(&self->call));
	ASSERT_EQ(0, close(ends[1]));
	EXPECT_TRUE(pipe_ends(ends[0]));
	EXPECT_EQ(-ENOENT, cart_run(cart_reply(&self->reply, self->server,
					       cart_token(&self->recv), 2)));
}

/* From one process to another. */

DEED(do_take_fd, peer, arg)
{
	struct cart recv;
	int err;

	err = cart_run(cart_accept(cart_recv(&recv, me, PARLEY_ANY), PARLEY_CARGO_FD));
	if (err)
		return err;
	CHECK(cart_got(&recv, peer, 1, PARLEY_CARGO_FD));
	CHECK_EQ(FD_CLOEXEC, fcntl(recv.cargo.recv_fd, F_GETFD));
	CHECK_EQ(3, write(recv.cargo.recv_fd, "far", 3));
	CHECK_EQ(0, close(recv.cargo.recv_fd));
	if (!cart_token(&recv))
		return 0;
	return cart_run(cart_reply(&recv, me, cart_token(&recv), 2));
}

/* What a user may not open himself, he can be given. */
TEST_F(fd, to_another_user)
{
	struct peer other = actor_start(&alice);
	char word[4] = "";
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	actor_park(&other, do_take_fd, self->client.id, 0);
	cart_call(&self->call, self->client, other.id, 1);
	ASSERT_EQ(0, cart_run(cart_carry(&self->call, PARLEY_CARGO_FD, ends[1], 0, 0)));
	EXPECT_EQ(0, hear(other.ctl));
	ASSERT_EQ(0, close(ends[1]));
	EXPECT_EQ(3, read(ends[0], word, 3));
	EXPECT_STREQ("far", word);
	EXPECT_TRUE(pipe_ends(ends[0]));
}

/* A task's descriptor that arrives elsewhere is good for nothing but to keep it. */
DEED(do_take_task, peer, arg)
{
	struct parley_info info = { .size = sizeof(info) };
	struct cart recv;

	CHECK_EQ(0, cart_run(cart_accept(cart_recv(&recv, me, PARLEY_ANY), PARLEY_CARGO_FD)));
	CHECK_EQ(-ESTALE, parley(recv.cargo.recv_fd, PARLEY_IOC_INFO, &info));
	CHECK_EQ(-ESTALE, task_notify((struct task){ recv.cargo.recv_fd, 0 }, me.id, 0x10));
	CHECK_EQ(0, close(recv.cargo.recv_fd));
	return 0;
}

TEST_F(fd, of_a_task_to_another_process)
{
	struct peer other = actor_start(&root);

	actor_park(&other, do_take_task, self->client.id, 0);
	cart_send(&self->call, self->client, other.id, 1);
	cart_carry(&self->call, PARLEY_CARGO_FD, self->client.fd, 0, 0);
	ASSERT_EQ(0, cart_run(&self->call));
	EXPECT_EQ(0, hear(other.ctl));
}

/* A message may keep its own receiver; its sender's end ends both. */
TEST_F(fd, of_a_task_that_nobody_takes)
{
	struct task third = task_open();

	cart_within(cart_call(&self->call, self->client, third.id, 1), 500 * MS);
	cart_park(cart_carry(&self->call, PARLEY_CARGO_FD, third.fd, 0, 0));
	ASSERT_EQ(0, close(third.fd));
	EXPECT_EQ(0, task_notify(self->client, third.id, PARLEY_NOTIFY_USER));
	EXPECT_EQ(-ETIMEDOUT, cart_join(&self->call));
	while (task_notify(self->client, third.id, PARLEY_NOTIFY_USER) != -ENOTCONN)
		sched_yield();
}

DEED(do_send_fd, peer, fd)
{
	struct cart call;

	cart_carry(cart_call(&call, me, peer, 1), PARLEY_CARGO_FD, fd, 0, 0);
	return cart_run(&call);
}

/* A sender that is killed takes its descriptor along. */
TEST_F(fd, of_one_who_is_killed)
{
	struct peer other;
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	other = actor_start(&root);
	ASSERT_EQ(0, close(ends[1]));
	actor_park(&other, do_send_fd, self->server.id, ends[1]);
	peer_kill(&other);
	EXPECT_TRUE(pipe_ends(ends[0]));
	EXPECT_EQ(-EAGAIN, cart_run(cart_accept(cart_poll(&self->recv, self->server, PARLEY_ANY),
						PARLEY_CARGO_FD)));
}

TEST_HARNESS_MAIN
