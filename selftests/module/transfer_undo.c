// SPDX-License-Identifier: GPL-2.0
/* What has come with a message and can't be told leaves no trace. */
#include "cargo.h"
#include "rights.h"

#include <sys/resource.h>

#define SIZE	(4 * PAGE)
#define MAPS	(PARLEY_CARGO_MAP | PARLEY_CARGO_MAP_WRITE)

FIXTURE(undo)
{
	struct task client, server;
	struct cart call, recv, reply;
	struct parley_cargo *fixed;	/* can be read, but not written */
	int file, fds;
};

FIXTURE_SETUP(undo)
{
	self->client = task_open();
	self->server = task_open();
	self->file = memfd("file", SIZE, F_SEAL_SHRINK);
	self->fixed = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(self->fixed != MAP_FAILED);
	self->fds = fds_open();
}

FIXTURE_TEARDOWN(undo)
{
	EXPECT_EQ(self->fds, fds_open());
}

/* What comes for @cart can't be told. */
static struct cart *fix(struct _test_data_undo *self, struct cart *cart)
{
	CHECK_EQ(0, mprotect(self->fixed, PAGE, PROT_READ | PROT_WRITE));
	*self->fixed = cart->cargo;
	CHECK_EQ(0, mprotect(self->fixed, PAGE, PROT_READ));
	cart->op.arg.cargo = PTR(self->fixed);
	return cart;
}

static struct cart *call(struct _test_data_undo *self)
{
	return cart_call(&self->call, self->client, self->server.id, 1);
}

static struct cart *receive(struct _test_data_undo *self)
{
	return cart_recv(&self->recv, self->server, PARLEY_ANY);
}

static struct cart *reply(struct _test_data_undo *self)
{
	return cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
}

static struct flock whole_file(short type)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET };
}

/* Small kernels have no locks. */
static bool lock(int fd)
{
	struct flock all = whole_file(F_WRLCK);

	return !fcntl(fd, F_SETLK, &all);
}

static void look_for_lock(int ctl, void *fd)
{
	struct flock all = whole_file(F_WRLCK);

	CHECK_EQ(0, fcntl(*(int *)fd, F_GETLK, &all));
	tell(ctl, all.l_type != F_UNLCK);
}

/* By this process, as another sees it. */
static bool is_locked(int fd)
{
	struct peer child = child_start(look_for_lock, &fd);
	bool locked = hear(child.ctl);

	CHECK_EQ(0, peer_join(&child));
	close(child.ctl);
	return locked;
}

/* To close(2) any descriptor of a file gives up the process's locks on it. */
TEST_F(undo, locks_stay)
{
	if (!lock(self->file))
		SKIP(return, "files can't be locked");
	cart_park(cart_carry(call(self), PARLEY_CARGO_FD, self->file, 0, 0));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(-EFAULT,
			  cart_run(fix(self, cart_accept(receive(self), PARLEY_CARGO_FD))));
	EXPECT_TRUE(is_locked(self->file));
	ASSERT_EQ(0, cart_run(cart_accept(receive(self), PARLEY_CARGO_FD)));
	EXPECT_TRUE(cart_got(&self->recv, self->client.id, 1, PARLEY_CARGO_FD));
	EXPECT_TRUE(is_locked(self->file));
	EXPECT_EQ(0, cart_run(reply(self)));
	EXPECT_EQ(0, cart_join(&self->call));
	/* What the receiver closes, it closes. */
	EXPECT_EQ(0, close(self->recv.cargo.recv_fd));
	EXPECT_FALSE(is_locked(self->file));
}

TEST_F(undo, locks_of_a_caller_stay)
{
	if (!lock(self->file))
		SKIP(return, "files can't be locked");
	cart_park(fix(self, cart_accept(call(self), PARLEY_CARGO_FD)));
	ASSERT_EQ(0, cart_run(receive(self)));
	ASSERT_EQ(0, cart_run(cart_carry(reply(self), PARLEY_CARGO_FD, self->file, 0, 0)));
	EXPECT_EQ(-EFAULT, cart_join(&self->call));
	EXPECT_TRUE(is_locked(self->file));
}

/* The last descriptor of what was sent: nothing else holds the pipe. */
TEST_F(undo, file_is_let_go)
{
	int ends[2];
	char byte;

	ASSERT_EQ(0, pipe(ends));
	cart_park(fix(self, cart_accept(call(self), PARLEY_CARGO_FD)));
	ASSERT_EQ(0, cart_run(receive(self)));
	ASSERT_EQ(0, cart_run(cart_carry(reply(self), PARLEY_CARGO_FD, ends[1], 0, 0)));
	ASSERT_EQ(0, close(ends[1]));
	EXPECT_EQ(-EFAULT, cart_join(&self->call));
	EXPECT_EQ(0, read(ends[0], &byte, 1));
	close(ends[0]);
}

/* More locked memory than it may have: mmap(2) says EAGAIN to that. */
DEED(do_call_without_memory, peer, arg)
{
	struct rlimit limit = { 2 * PAGE, 2 * PAGE };
	struct cart call;

	CHECK_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	CHECK_EQ(0, mlockall(MCL_FUTURE));
	return cart_run(cart_accept(cart_call(&call, me, peer, 1), MAPS));
}

/* A caller doesn't take it for a call that hasn't been run. */
TEST_F(undo, reply_cannot_be_mapped)
{
	struct peer other = actor_start(&alice);

	ASSERT_EQ(0, task_mode(self->server, 0666));
	actor_begin(&other, do_call_without_memory, self->server.id, 0);
	ASSERT_EQ(0, cart_run(receive(self)));
	cart_carry(reply(self), PARLEY_CARGO_MAP_WRITE, self->file, 0, SIZE);
	ASSERT_EQ(0, cart_run(&self->reply));
	EXPECT_EQ(-ENOMEM, hear(other.ctl));
	peer_kill(&other);
	close(other.ctl);
}

TEST_HARNESS_MAIN
