// SPDX-License-Identifier: GPL-2.0
/* What a task's end does to those who wait for it, however it comes about. */
#include "common.h"

#define HOLDER	"PARLEY_TEST_EXECUTED"

static void take_one(struct task me)
{
	struct op recv;

	CHECK_EQ(0, op_run(op_recv(&recv, me, PARLEY_ANY)));
	CHECK(recv.arg.token);
}

/* A peer that takes one request if it is told to, and then ends as @arg says. */
static void server(int ctl, void *arg)
{
	struct task me = task_open();
	void (*end)(struct task me, int ctl) = arg;

	tell(ctl, me.id);
	if (hear(ctl)) {
		take_one(me);
		tell(ctl, 0);
		hear(ctl);
	}
	end(me, ctl);
}

static void end_by_exit(struct task me, int ctl)
{
	(void)me;
	(void)ctl;
}

static void end_by_close(struct task me, int ctl)
{
	close(me.fd);
	hear(ctl);
}

static void end_by_signal(struct task me, int ctl)
{
	(void)me;
	(void)ctl;
	raise(SIGKILL);
}

static void end_by_fault(struct task me, int ctl)
{
	(void)me;
	(void)ctl;
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

/* The descriptor goes along, the address space does not. */
static void end_by_exec(struct task me, int ctl)
{
	CHECK_EQ(0, fcntl(me.fd, F_SETFD, 0));
	CHECK_EQ(0, fcntl(ctl, F_SETFD, 0));
	CHECK_EQ(0, setenv(HOLDER, "1", 1));
	execl("/proc/self/exe", "executed", NULL);
	CHECK_EQ(0, errno);
}

/* What end_by_exec() becomes: it lives on, with all its descriptors. */
static void __attribute__((constructor)) executed(void)
{
	while (getenv(HOLDER))
		pause();
}

/* The thread that opened it isn't the task: the others end by exit_group(). */
static void *exit_group_thread(void *arg)
{
	(void)arg;
	_exit(KSFT_PASS);
}

static void end_by_other_thread(struct task me, int ctl)
{
	pthread_t thread;

	(void)me;
	(void)ctl;
	CHECK_EQ(0, pthread_create(&thread, NULL, exit_group_thread, NULL));
	pause();
}

FIXTURE(server)
{
	struct task client;
	struct peer peer;
	struct op call;
};

FIXTURE_VARIANT(server)
{
	void (*end)(struct task me, int ctl);
};

FIXTURE_VARIANT_ADD(server, exit) { .end = end_by_exit };
FIXTURE_VARIANT_ADD(server, close) { .end = end_by_close };
FIXTURE_VARIANT_ADD(server, kill) { .end = end_by_signal };
FIXTURE_VARIANT_ADD(server, fault) { .end = end_by_fault };
FIXTURE_VARIANT_ADD(server, exec) { .end = end_by_exec };
FIXTURE_VARIANT_ADD(server, other_thread) { .end = end_by_other_thread };

FIXTURE_SETUP(server)
{
	self->client = task_open();
	self->peer = peer_start(server, variant->end);
}

FIXTURE_TEARDOWN(server)
{
	kill(self->peer.pid, SIGKILL);
	peer_join(&self->peer);
}

/* Is everything that names the dead task refused? */
static bool is_gone(struct _test_data_server *self)
{
	struct op op;

	return op_run(op_call(&op, self->client, self->peer.id, 1, 8)) == -ENOTCONN &&
	       op_run(op_send(&op, self->client, self->peer.id, 1, 8)) == -ENOTCONN &&
	       op_run(op_recv(&op, self->client, self->peer.id)) == -ENOTCONN &&
	       task_notify(self->client, self->peer.id, 0x10) == -ENOTCONN;
}

TEST_F(server, ends_before_it_takes_the_request)
{
	op_park(op_call(&self->call, self->client, self->peer.id, 1, 8));
	tell(self->peer.ctl, 0);
	EXPECT_EQ(-ENOTCONN, op_join(&self->call));
	EXPECT_EQ(0ULL, self->call.arg.token);
	EXPECT_TRUE(is_gone(self));
}

TEST_F(server, ends_before_it_takes_the_message)
{
	op_park(op_send(&self->call, self->client, self->peer.id, 1, 8));
	tell(self->peer.ctl, 0);
	EXPECT_EQ(-ENOTCONN, op_join(&self->call));
	EXPECT_EQ(0ULL, self->call.arg.token);
	EXPECT_TRUE(is_gone(self));
}

TEST_F(server, ends_with_the_request_in_hand)
{
	struct op queued;

	tell(self->peer.ctl, 1);
	op_start(op_call(&self->call, self->client, self->peer.id, 1, 8));
	hear(self->peer.ctl);
	op_park(op_call(&queued, self->client, self->peer.id, 2, 8));
	op_await(&self->call);
	tell(self->peer.ctl, 0);
	EXPECT_EQ(-ECONNRESET, op_join(&self->call));
	EXPECT_EQ(0ULL, self->call.arg.token);
	EXPECT_EQ(-ENOTCONN, op_join(&queued));
	EXPECT_TRUE(is_gone(self));
}

TEST_F(server, ends_while_it_is_listened_to)
{
	op_park(op_recv(&self->call, self->client, self->peer.id));
	tell(self->peer.ctl, 0);
	EXPECT_EQ(-ENOTCONN, op_join(&self->call));
	EXPECT_TRUE(is_gone(self));
}

/* Only those who listen to it alone are told. */
TEST_F(server, ends_beside_an_open_receive)
{
	struct task other = task_open();
	struct op closed, send;

	op_park(op_recv(&self->call, self->client, PARLEY_ANY));
	op_park(op_recv(&closed, self->client, self->peer.id));
	tell(self->peer.ctl, 0);
	EXPECT_EQ(-ENOTCONN, op_join(&closed));
	op_await(&self->call);
	ASSERT_EQ(0, op_run(op_send(&send, other, self->client.id, 3, 8)));
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_TRUE(op_got(&self->call, other.id, 3, 8));
}

/* A peer that calls, as @arg says, and is killed there. */
struct client {
	struct task server;
	unsigned long cmd;
};

static void client(int ctl, void *arg)
{
	struct client *to = arg;
	struct task me = task_open();
	struct op op;

	tell(ctl, me.id);
	op_call(&op, me, to->server.id, 1, 8);
	if (to->cmd == PARLEY_IOC_SEND)
		op_send(&op, me, to->server.id, 1, 8);
	op_run(&op);
	CHECK_EQ(0, 1);
}

TEST(client_dies_with_its_request_in_line)
{
	static const unsigned long cmds[] = { PARLEY_IOC_CALL, PARLEY_IOC_SEND };
	struct client to = { .server = task_open() };
	struct op recv;

	for (unsigned int i = 0; i < ARRAY_SIZE(cmds); i++) {
		struct peer peer;

		to.cmd = cmds[i];
		peer = peer_start(client, &to);
		peer_await(&peer);
		peer_kill(&peer);
		EXPECT_EQ(-EAGAIN, op_run(op_poll(&recv, to.server, PARLEY_ANY)));
	}
}

TEST(client_dies_with_its_request_in_hand)
{
	struct client to = { task_open(), PARLEY_IOC_CALL };
	struct peer peer = peer_start(client, &to);
	struct op recv, reply;

	ASSERT_EQ(0, op_run(op_recv(&recv, to.server, peer.id)));
	ASSERT_TRUE(op_got(&recv, peer.id, 1, 8));
	peer_kill(&peer);
	EXPECT_EQ(-ENOENT, op_run(op_reply(&reply, to.server, recv.arg.token, 2, 8)));
	op_replyrecv(&reply, to.server, recv.arg.token, 2, 8)->arg.flags = PARLEY_NONBLOCK;
	EXPECT_EQ(-EAGAIN, op_run(&reply));
	EXPECT_EQ(-ENOENT, reply.arg.reply_error);
}

/* The dead one's request makes way for the next in line. */
TEST(client_dies_between_others)
{
	struct client to = { task_open(), PARLEY_IOC_CALL };
	struct task me = task_open();
	struct op before, after, recv;
	struct peer peer;

	op_park(op_call(&before, me, to.server.id, 2, 8));
	peer = peer_start(client, &to);
	peer_await(&peer);
	op_park(op_call(&after, me, to.server.id, 3, 8));
	peer_kill(&peer);
	ASSERT_EQ(0, op_run(op_recv(&recv, to.server, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&recv, me.id, 2, 8));
	ASSERT_EQ(0, op_run(op_recv(&recv, to.server, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&recv, me.id, 3, 8));
}

/* A server killed with threads in a call, a receive and none. */
static void busy_server(int ctl, void *arg)
{
	struct task me = task_open(), *third = arg;
	struct op call, recv;

	tell(ctl, me.id);
	take_one(me);
	op_park(op_call(&call, me, third->id, 5, 8));
	op_park(op_recv(&recv, me, third->id));
	tell(ctl, 0);
	pause();
}

TEST(server_dies_with_threads_elsewhere)
{
	struct task me = task_open(), third = task_open();
	struct peer peer = peer_start(busy_server, &third);
	struct op call, recv, listen;

	op_park(op_recv(&listen, me, peer.id));
	op_start(op_call(&call, me, peer.id, 1, 8));
	hear(peer.ctl);
	peer_kill(&peer);
	EXPECT_EQ(-ECONNRESET, op_join(&call));
	EXPECT_EQ(-ENOTCONN, op_join(&listen));
	EXPECT_EQ(-EAGAIN, op_run(op_poll(&recv, third, PARLEY_ANY)));
}

/* A chain of calls: the break in the middle reaches both ends. */
TEST(server_dies_in_mid_chain)
{
	struct task me = task_open(), third = task_open();
	struct peer peer = peer_start(busy_server, &third);
	struct op call, recv, reply;

	op_start(op_call(&call, me, peer.id, 1, 8));
	hear(peer.ctl);
	ASSERT_EQ(0, op_run(op_recv(&recv, third, peer.id)));
	peer_kill(&peer);
	EXPECT_EQ(-ECONNRESET, op_join(&call));
	EXPECT_EQ(-ENOENT, op_run(op_reply(&reply, third, recv.arg.token, 6, 8)));
}

TEST(task_lives_until_its_last_descriptor_is_closed)
{
	struct task me = task_open(), server = task_open();
	int copy = dup(server.fd);
	struct op call, recv;

	ASSERT_LE(0, copy);
	op_park(op_call(&call, me, server.id, 1, 8));
	ASSERT_EQ(0, close(server.fd));
	op_await(&call);
	server.fd = copy;
	ASSERT_EQ(0, op_run(op_recv(&recv, server, PARLEY_ANY)));
	ASSERT_EQ(0, close(copy));
	EXPECT_EQ(-ECONNRESET, op_join(&call));
}

/* An operation uses the descriptor: a close() elsewhere doesn't cut it off. */
TEST(task_lives_while_an_operation_runs)
{
	struct task me = task_open(), server = task_open();
	struct op recv, send;

	op_park(op_recv(&recv, server, PARLEY_ANY));
	ASSERT_EQ(0, close(server.fd));
	ASSERT_EQ(0, op_run(op_send(&send, me, server.id, 1, 8)));
	ASSERT_EQ(0, op_join(&recv));
	EXPECT_TRUE(op_got(&recv, me.id, 1, 8));
	EXPECT_EQ(-ENOTCONN, op_run(&send));
}

struct leaderless {
	struct task me;
	int ctl;
};

static void *linger_thread(void *arg)
{
	struct leaderless *self = arg;

	take_one(self->me);
	tell(self->ctl, 0);
	pause();
	return NULL;
}

/* The first thread's end is not the process's. */
static void leaderless_server(int ctl, void *arg)
{
	static struct leaderless self;
	pthread_t thread;

	(void)arg;
	self.me = task_open();
	self.ctl = ctl;
	CHECK_EQ(0, pthread_create(&thread, NULL, linger_thread, &self));
	tell(ctl, self.me.id);
	syscall(SYS_exit, 0);
}

TEST(task_outlives_the_thread_that_opened_it)
{
	struct task me = task_open();
	struct peer peer = peer_start(leaderless_server, NULL);
	char line[256] = "";
	struct op call;

	while (!strstr(line, ") Z"))
		thread_read(peer.pid, peer.pid, "stat", line, sizeof(line));
	op_start(op_call(&call, me, peer.id, 1, 8));
	hear(peer.ctl);
	peer_kill(&peer);
	EXPECT_EQ(-ECONNRESET, op_join(&call));
}

TEST(id_is_not_reused_at_once)
{
	struct task first = task_open(), next;

	close(first.fd);
	for (int i = 0; i < 100; i++) {
		next = task_open();
		ASSERT_NE(first.id, next.id);
		close(next.fd);
	}
}

TEST_HARNESS_MAIN
