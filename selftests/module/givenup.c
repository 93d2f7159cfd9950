// SPDX-License-Identifier: GPL-2.0
/* A call given up with its request in the server's hands, in every way there is. */
#include "events.h"

#include <setjmp.h>

#define HOLDER	"PARLEY_TEST_EXECUTED"

/*
 * A process that calls, and is made to give it up by a signal: SIGUSR1 leaves
 * the call, with SA_RESTART and for what comes next; SIGUSR2 is without
 * SA_RESTART; SIGHUP's handler says that it ran, and lets the call go on.
 */
struct client {
	__s32 server;
	__u64 deadline;
	void (*next)(struct task me, __u64 token);
};

static sigjmp_buf away;
static int control;

static void leave(int signal)
{
	(void)signal;
	siglongjmp(away, 1);
}

static void nothing(int signal)
{
	(void)signal;
}

static void report(int signal)
{
	tell(control, signal);
}

static void handle(int signal, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	CHECK_EQ(0, sigaction(signal, &action, NULL));
}

static void client(int ctl, void *arg)
{
	static struct op call;
	static struct task me;
	static struct client *how;

	me = task_open();
	how = arg;
	control = ctl;
	handle(SIGUSR1, leave, SA_RESTART);
	handle(SIGUSR2, nothing, 0);
	handle(SIGHUP, report, SA_RESTART);
	tell(ctl, me.id);
	op_call(&call, me, how->server, 1, 8)->arg.deadline = how->deadline;
	if (!sigsetjmp(away, 1))
		tell(ctl, op_run(&call));
	else
		how->next(me, call.arg.token);
	pause();
}

static void next_is_cancel(struct task me, __u64 token)
{
	CHECK(token);
	CHECK_EQ(0, task_cancel(me, token));
	CHECK_EQ(-ENOENT, task_cancel(me, token));
}

static void next_is_close(struct task me, __u64 token)
{
	CHECK(token);
	CHECK_EQ(0, close(me.fd));
}

/* The descriptor goes along, the address space does not. */
static void next_is_exec(struct task me, __u64 token)
{
	CHECK(token);
	CHECK_EQ(0, fcntl(me.fd, F_SETFD, 0));
	CHECK_EQ(0, setenv(HOLDER, "1", 1));
	execl("/proc/self/exe", "executed", NULL);
	CHECK_EQ(0, errno);
}

/* What that becomes: it lives on, with all its descriptors. */
static void __attribute__((constructor)) executed(void)
{
	while (getenv(HOLDER))
		pause();
}

FIXTURE(given_up)
{
	struct task server;
	struct client how;
	struct peer peer;
	struct op recv, reply;
	__u64 token;
};

FIXTURE_VARIANT(given_up)
{
	__u64 deadline;
	int signal;
	void (*next)(struct task me, __u64 token);
};

FIXTURE_VARIANT_ADD(given_up, by_deadline) { .deadline = PAST };
FIXTURE_VARIANT_ADD(given_up, by_signal) { .signal = SIGUSR2 };
FIXTURE_VARIANT_ADD(given_up, by_cancel) { .signal = SIGUSR1, .next = next_is_cancel };
FIXTURE_VARIANT_ADD(given_up, by_close) { .signal = SIGUSR1, .next = next_is_close };
FIXTURE_VARIANT_ADD(given_up, by_exec) { .signal = SIGUSR1, .next = next_is_exec };
FIXTURE_VARIANT_ADD(given_up, by_death) { .signal = SIGKILL };

FIXTURE_SETUP(given_up)
{
	self->server = task_open();
	self->how = (struct client){ self->server.id, variant->deadline, variant->next };
}

FIXTURE_TEARDOWN(given_up)
{
	kill(self->peer.pid, SIGKILL);
	waitpid(self->peer.pid, NULL, 0);
}

/* The call is made and, with the request in the server's hands, given up. */
static void give_up_call(struct _test_data_given_up *self, int signal)
{
	op_park(op_recv(&self->recv, self->server, PARLEY_ANY));
	self->peer = peer_start(client, &self->how);
	CHECK_EQ(0, op_join(&self->recv));
	CHECK(op_got(&self->recv, self->peer.id, 1, 8));
	self->token = self->recv.arg.token;
	CHECK(self->token);
	if (signal) {
		peer_await(&self->peer);
		CHECK(hears_nothing(self->server));
		CHECK_EQ(0, kill(self->peer.pid, signal));
	}
}

TEST_F(given_up, a_bit_and_then_a_message)
{
	give_up_call(self, variant->signal);
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->server, PARLEY_ANY)));
	EXPECT_TRUE(op_got_bits(&self->recv, PARLEY_NOTIFY_ABORTED));
	EXPECT_TRUE(hears_cancelled(self->server, self->token));
	EXPECT_TRUE(hears_nothing(self->server));
	op_reply(&self->reply, self->server, self->token, 2, 8);
	EXPECT_EQ(-ENOENT, op_run(&self->reply));
	EXPECT_TRUE(hears_nothing(self->server));
}

TEST_F(given_up, those_who_hear_only_the_kernel_hear_it)
{
	struct op note;

	give_up_call(self, 0);
	op_start(op_recv(&self->recv, self->server, PARLEY_TASK_KERNEL));
	op_start(op_recv(&note, self->server, PARLEY_TASK_KERNEL));
	if (variant->signal) {
		op_await(&self->recv);
		op_await(&note);
		peer_await(&self->peer);
		ASSERT_EQ(0, kill(self->peer.pid, variant->signal));
	}
	ASSERT_EQ(0, op_join(&self->recv));
	ASSERT_EQ(0, op_join(&note));
	if (op_bits(&self->recv) < 0) {
		EXPECT_TRUE(op_got_bits(&note, PARLEY_NOTIFY_ABORTED));
		EXPECT_TRUE(op_got_cancelled(&self->recv, self->token));
	} else {
		EXPECT_TRUE(op_got_bits(&self->recv, PARLEY_NOTIFY_ABORTED));
		EXPECT_TRUE(op_got_cancelled(&note, self->token));
	}
	EXPECT_TRUE(hears_nothing(self->server));
}

TEST_F(given_up, poll_wakes_and_a_reply_takes_it_all_back)
{
	struct poller poller;

	give_up_call(self, 0);
	if (variant->signal) {
		peer_await(&self->peer);
		poller_park(&poller, self->server);
		ASSERT_EQ(0, kill(self->peer.pid, variant->signal));
		EXPECT_EQ(POLLIN, poller_join(&poller));
	}
	task_await(self->server);
	op_reply(&self->reply, self->server, self->token, 2, 8);
	EXPECT_EQ(-ENOENT, op_run(&self->reply));
	EXPECT_TRUE(hears_nothing(self->server));
	EXPECT_EQ(-ENOENT, op_run(&self->reply));
	EXPECT_TRUE(hears_nothing(self->server));
}

TEST_F(given_up, replyrecv_takes_it_back_and_receives_the_next)
{
	struct task other = task_open();
	struct op send;

	give_up_call(self, variant->signal);
	task_await(self->server);
	op_park(op_send(&send, other, self->server.id, 3, 8));
	op_replyrecv(&self->reply, self->server, self->token, 2, 8);
	ASSERT_EQ(0, op_run(&self->reply));
	EXPECT_EQ(-ENOENT, self->reply.arg.reply_error);
	EXPECT_EQ(0ULL, self->reply.arg.token);
	EXPECT_TRUE(op_got(&self->reply, other.id, 3, 8));
	EXPECT_EQ(0, op_join(&send));
	EXPECT_TRUE(hears_nothing(self->server));
}

TEST_F(given_up, reply_between_bit_and_message_takes_the_message_back)
{
	give_up_call(self, variant->signal);
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->server, PARLEY_ANY)));
	EXPECT_TRUE(op_got_bits(&self->recv, PARLEY_NOTIFY_ABORTED));
	op_reply(&self->reply, self->server, self->token, 2, 8);
	EXPECT_EQ(-ENOENT, op_run(&self->reply));
	EXPECT_TRUE(hears_nothing(self->server));
}

/* Until the call is over, however that is told. */
static void await_end(struct _test_data_given_up *self, int signal)
{
	if (signal == SIGKILL)
		CHECK_EQ(SIGKILL, peer_join(&self->peer));
	else if (!signal || signal == SIGUSR2)
		CHECK_EQ(signal ? -EINTR : -ETIMEDOUT, hear(self->peer.ctl));
	while (signal != SIGKILL && !thread_waits(self->peer.pid, self->peer.pid, SYS_pause))
		sched_yield();
}

TEST_F(given_up, nothing_of_it_before_delivery)
{
	self->peer = peer_start(client, &self->how);
	if (variant->signal) {
		peer_await(&self->peer);
		ASSERT_EQ(0, kill(self->peer.pid, variant->signal));
	}
	await_end(self, variant->signal);
	EXPECT_TRUE(hears_nothing(self->server));
}

TEST(stop_is_no_cancellation)
{
	struct task server = task_open();
	struct client how = { .server = server.id };
	struct peer peer = peer_start(client, &how);
	struct op recv, reply;
	char line[256] = "";

	ASSERT_EQ(0, op_run(op_recv(&recv, server, peer.id)));
	for (int i = 0; i < 10; i++) {
		peer_await(&peer);
		ASSERT_EQ(0, kill(peer.pid, SIGSTOP));
		do {
			thread_read(peer.pid, peer.pid, "stat", line, sizeof(line));
		} while (!strstr(line, ") T"));
		ASSERT_TRUE(hears_nothing(server));
		ASSERT_EQ(0, kill(peer.pid, SIGCONT));
		peer_await(&peer);
		ASSERT_TRUE(hears_nothing(server));
	}
	op_reply(&reply, server, recv.arg.token, 2, 8);
	EXPECT_EQ(0, op_run(&reply));
	EXPECT_EQ(0, hear(peer.ctl));
	EXPECT_TRUE(hears_nothing(server));
}

TEST(handler_with_restart_is_no_cancellation)
{
	struct task server = task_open();
	struct client how = { .server = server.id };
	struct peer peer = peer_start(client, &how);
	struct op recv, reply;

	ASSERT_EQ(0, op_run(op_recv(&recv, server, peer.id)));
	for (int i = 0; i < 10; i++) {
		peer_await(&peer);
		ASSERT_EQ(0, kill(peer.pid, SIGHUP));
		ASSERT_EQ(SIGHUP, hear(peer.ctl));
		peer_await(&peer);
		ASSERT_TRUE(hears_nothing(server));
	}
	op_reply(&reply, server, recv.arg.token, 2, 8);
	EXPECT_EQ(0, op_run(&reply));
	EXPECT_EQ(0, hear(peer.ctl));
	EXPECT_TRUE(hears_nothing(server));
}

TEST_HARNESS_MAIN
