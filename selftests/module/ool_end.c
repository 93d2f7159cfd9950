// SPDX-License-Identifier: GPL-2.0
/*
 * Messages with out-of-line payload that end before they are over: by death, by
 * a deadline, by a signal; and those that go on after one. Nothing stays pinned.
 */
#include "cargo.h"
#include "rights.h"

#include <setjmp.h>

#define BYTES	(5 * PAGE)
#define SOON	(200 * MS)
#define LATE	(20000 * MS)	/* much, on an emulated machine that is busy */

FIXTURE(end)
{
	struct task client, server;
	struct cart call, recv, reply;
	struct area out, in, result;
	long long pinned;
};

FIXTURE_SETUP(end)
{
	self->client = task_open();
	self->server = task_open();
	self->out = area_filled(BYTES, 10, 9);
	self->in = area_make(BYTES, 20);
	self->result = area_make(BYTES, 30);
	self->pinned = pages_pinned();
}

FIXTURE_TEARDOWN(end)
{
	EXPECT_TRUE(pages_let_go(self->pinned));
}

/* With payload in both directions. */
static struct cart *call(struct _test_data_end *self)
{
	cart_call(&self->call, self->client, self->server.id, 1);
	cart_load(&self->call, self->out.at, BYTES);
	return cart_room(&self->call, self->result.at, BYTES);
}

static struct cart *receive(struct _test_data_end *self)
{
	return cart_room(cart_recv(&self->recv, self->server, PARLEY_ANY), self->in.at, BYTES);
}

static struct cart *reply(struct _test_data_end *self)
{
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	return cart_load(&self->reply, self->in.at, BYTES);
}

static bool received(struct _test_data_end *self, __s32 src)
{
	return !cart_run(receive(self)) && cart_got_ool(&self->recv, src, 1, BYTES, 0) &&
	       area_holds(&self->in, 9, BYTES);
}

/* The reply is what was sent. */
static bool answered(struct _test_data_end *self)
{
	return !cart_run(reply(self)) && !cart_join(&self->call) &&
	       cart_got_ool(&self->call, self->server.id, 2, BYTES, 0) &&
	       area_holds(&self->result, 9, BYTES);
}

static bool hears_nothing(struct task me)
{
	struct op recv;

	return op_run(op_poll(&recv, me, PARLEY_ANY)) == -EAGAIN;
}

/* Another process's part. */

static struct area far_out, far_in;

DEED(do_call_ool, peer, arg)
{
	struct cart call;

	far_out = area_filled(BYTES, 100, 9);
	far_in = area_make(BYTES, 200);
	cart_load(cart_call(&call, me, peer, 1), far_out.at, BYTES);
	return cart_run(cart_room(&call, far_in.at, BYTES));
}

DEED(do_send_ool, peer, arg)
{
	struct cart send;

	far_out = area_filled(BYTES, 100, 9);
	return cart_run(cart_load(cart_send(&send, me, peer, 1), far_out.at, BYTES));
}

DEED(do_take_ool, peer, arg)
{
	struct cart recv;

	far_in = area_make(BYTES, 200);
	return cart_run(cart_room(cart_recv(&recv, me, peer), far_in.at, BYTES));
}

/* Death. */

TEST_F(end, caller_killed_while_queued)
{
	struct peer other = actor_start(&root);

	actor_park(&other, do_call_ool, self->server.id, 0);
	EXPECT_LT(self->pinned, pages_pinned());
	peer_kill(&other);
	EXPECT_TRUE(pages_let_go(self->pinned));
	EXPECT_TRUE(hears_nothing(self->server));
}

TEST_F(end, sender_killed_while_queued)
{
	struct peer other = actor_start(&root);

	actor_park(&other, do_send_ool, self->server.id, 0);
	peer_kill(&other);
	EXPECT_TRUE(pages_let_go(self->pinned));
	EXPECT_TRUE(hears_nothing(self->server));
}

TEST_F(end, caller_killed_while_held)
{
	struct peer other = actor_start(&root);

	actor_park(&other, do_call_ool, self->server.id, 0);
	ASSERT_TRUE(received(self, other.id));
	peer_kill(&other);
	EXPECT_TRUE(pages_let_go(self->pinned));
	EXPECT_EQ(-ENOENT, cart_run(reply(self)));
}

/* Stopped, it has the reply but hasn't picked it up. */
TEST_F(end, caller_killed_after_the_reply)
{
	struct peer other = actor_start(&root);
	int status;

	actor_park(&other, do_call_ool, self->server.id, 0);
	ASSERT_TRUE(received(self, other.id));
	ASSERT_EQ(0, kill(other.pid, SIGSTOP));
	ASSERT_EQ(other.pid, waitpid(other.pid, &status, WUNTRACED));
	EXPECT_EQ(0, cart_run(reply(self)));
	peer_kill(&other);
	EXPECT_TRUE(pages_let_go(self->pinned));
}

TEST_F(end, receiver_killed_while_queued)
{
	struct peer other = actor_start(&root);

	call(self)->op.arg.peer = other.id;
	cart_park(&self->call);
	peer_kill(&other);
	EXPECT_EQ(-ENOTCONN, cart_join(&self->call));
	EXPECT_TRUE(area_untouched(&self->result));
}

TEST_F(end, receiver_killed_while_held)
{
	struct peer other = actor_start(&root);

	actor_begin(&other, do_take_ool, self->client.id, 0);
	call(self)->op.arg.peer = other.id;
	cart_park(&self->call);
	ASSERT_EQ(0, hear(other.ctl));
	peer_kill(&other);
	EXPECT_EQ(-ECONNRESET, cart_join(&self->call));
	EXPECT_EQ(0ULL, cart_token(&self->call));
	EXPECT_TRUE(area_untouched(&self->result));
	EXPECT_TRUE(area_holds(&self->out, 9, BYTES));
}

TEST_F(end, descriptor_closed_while_queued)
{
	cart_park(call(self));
	ASSERT_EQ(0, close(self->server.fd));
	EXPECT_EQ(-ENOTCONN, cart_join(&self->call));
	EXPECT_TRUE(area_untouched(&self->result));
}

/* Deadlines. */

TEST_F(end, deadline_while_queued)
{
	__u64 started = now();

	EXPECT_EQ(-ETIMEDOUT, cart_run(cart_within(call(self), SOON)));
	EXPECT_GE(now(), started + SOON);
	EXPECT_EQ(0ULL, cart_token(&self->call));
	EXPECT_TRUE(hears_nothing(self->server));
	cart_load(cart_send(&self->call, self->client, self->server.id, 1), self->out.at, BYTES);
	started = now();
	EXPECT_EQ(-ETIMEDOUT, cart_run(cart_within(&self->call, SOON)));
	EXPECT_GE(now(), started + SOON);
	EXPECT_TRUE(hears_nothing(self->server));
}

TEST_F(end, deadline_while_held)
{
	cart_start(cart_within(call(self), 500 * MS));
	ASSERT_TRUE(received(self, self->client.id));
	EXPECT_EQ(-ETIMEDOUT, cart_join(&self->call));
	EXPECT_TRUE(pages_let_go(self->pinned));
	EXPECT_EQ(-ENOENT, cart_run(reply(self)));
	EXPECT_TRUE(area_untouched(&self->result));
}

TEST_F(end, deadline_while_kept_for_a_receiver)
{
	cart_start(cart_within(call(self), 500 * MS));
	op_await(&self->call.op);
	EXPECT_EQ(-EMSGSIZE, cart_run(cart_room(receive(self), self->in.at, 1)));
	EXPECT_EQ(-ETIMEDOUT, cart_join(&self->call));
	EXPECT_TRUE(hears_nothing(self->server));
}

/* Signals. */

static atomic_int handled;

static void on_signal(int sig)
{
	(void)sig;
	atomic_fetch_add(&handled, 1);
}

/* While the handler runs, the memory of the call goes away. */
static struct _test_data_end *unmapping;

static void on_signal_unmap(int sig)
{
	(void)sig;
	if (unmapping->out.start != MAP_FAILED)
		CHECK_EQ(0, munmap(unmapping->out.start, unmapping->out.size));
	unmapping->out.start = MAP_FAILED;
	atomic_fetch_add(&handled, 1);
}

static void handle(void (*handler)(int sig), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	CHECK_EQ(0, sigaction(SIGUSR1, &action, NULL));
}

/* Returns when the handler has run. */
static void interrupt(struct op *op)
{
	int before = atomic_load(&handled);

	CHECK_EQ(0, syscall(SYS_tgkill, getpid(), atomic_load(&op->tid), SIGUSR1));
	while (atomic_load(&handled) == before)
		sched_yield();
}

TEST_F(end, goes_on_after_a_signal_while_queued)
{
	handle(on_signal, SA_RESTART);
	cart_park(call(self));
	for (int i = 0; i < 3; i++) {
		interrupt(&self->call.op);
		op_await(&self->call.op);
	}
	ASSERT_TRUE(received(self, self->client.id));
	EXPECT_TRUE(hears_nothing(self->server));
	EXPECT_TRUE(answered(self));
}

TEST_F(end, goes_on_after_a_signal_while_held)
{
	handle(on_signal, SA_RESTART);
	cart_park(call(self));
	ASSERT_TRUE(received(self, self->client.id));
	for (int i = 0; i < 3; i++) {
		interrupt(&self->call.op);
		op_await(&self->call.op);
	}
	EXPECT_TRUE(hears_nothing(self->server));
	EXPECT_TRUE(answered(self));
}

/* It is the payload that was there when the call was made. */
TEST_F(end, payload_unmapped_by_a_handler)
{
	unmapping = self;
	handle(on_signal_unmap, SA_RESTART);
	cart_park(call(self));
	interrupt(&self->call.op);
	op_await(&self->call.op);
	ASSERT_TRUE(received(self, self->client.id));
	EXPECT_TRUE(answered(self));
}

/* While the handler runs, the call loses its cargo. */
static struct op *bared;

static void on_signal_bare(int sig)
{
	(void)sig;
	bared->arg.cargo = 0;
	atomic_fetch_add(&handled, 1);
}

/* Nor does it get to see where in the replier's memory the payload was. */
TEST_F(end, goes_on_without_cargo)
{
	struct parley_ool head;

	bared = &self->call.op;
	handle(on_signal_bare, SA_RESTART);
	for (size_t len = BYTES; len <= BYTES + 1; len++) {
		struct area payload = area_filled(len, 3, 9);

		cart_park(call(self));
		interrupt(&self->call.op);
		op_await(&self->call.op);
		ASSERT_TRUE(received(self, self->client.id));
		ASSERT_EQ(0, cart_run(cart_load(reply(self), payload.at, len)));
		ASSERT_EQ(0, cart_join(&self->call));
		memcpy(&head, self->call.op.in.payload, HEAD);
		EXPECT_EQ(0ULL, head.addr);
		EXPECT_EQ(len, head.len);
	}
}

TEST_F(end, one_way_goes_on_after_a_signal)
{
	handle(on_signal, SA_RESTART);
	cart_send(&self->call, self->client, self->server.id, 1);
	cart_park(cart_load(&self->call, self->out.at, BYTES));
	interrupt(&self->call.op);
	op_await(&self->call.op);
	ASSERT_TRUE(received(self, self->client.id));
	EXPECT_EQ(0, cart_join(&self->call));
	EXPECT_TRUE(hears_nothing(self->server));
}

TEST_F(end, receive_goes_on_after_a_signal)
{
	handle(on_signal, SA_RESTART);
	cart_park(receive(self));
	interrupt(&self->recv.op);
	op_await(&self->recv.op);
	cart_start(call(self));
	ASSERT_EQ(0, cart_join(&self->recv));
	EXPECT_TRUE(cart_got_ool(&self->recv, self->client.id, 1, BYTES, 0));
	EXPECT_TRUE(area_holds(&self->in, 9, BYTES));
	EXPECT_TRUE(answered(self));
}

TEST_F(end, interrupted_while_queued)
{
	handle(on_signal, 0);
	cart_park(call(self));
	interrupt(&self->call.op);
	EXPECT_EQ(-EINTR, cart_join(&self->call));
	if (cart_token(&self->call)) {
		struct parley_cancel cancel = { sizeof(cancel), 0, cart_token(&self->call) };

		EXPECT_EQ(0, parley(self->client.fd, PARLEY_IOC_CANCEL, &cancel));
	}
	EXPECT_TRUE(pages_let_go(self->pinned));
	EXPECT_TRUE(hears_nothing(self->server));
	EXPECT_TRUE(area_untouched(&self->result));
}

TEST_F(end, interrupted_while_held)
{
	handle(on_signal, 0);
	cart_park(call(self));
	ASSERT_TRUE(received(self, self->client.id));
	interrupt(&self->call.op);
	EXPECT_EQ(-EINTR, cart_join(&self->call));
	if (cart_token(&self->call)) {
		struct parley_cancel cancel = { sizeof(cancel), 0, cart_token(&self->call) };

		EXPECT_EQ(0, parley(self->client.fd, PARLEY_IOC_CANCEL, &cancel));
	}
	EXPECT_TRUE(pages_let_go(self->pinned));
	EXPECT_EQ(-ENOENT, cart_run(reply(self)));
	EXPECT_TRUE(area_untouched(&self->result));
}

TEST_F(end, stopped_and_continued)
{
	struct peer other = actor_start(&root);
	int status;

	actor_park(&other, do_call_ool, self->server.id, 0);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, kill(other.pid, SIGSTOP));
		ASSERT_EQ(other.pid, waitpid(other.pid, &status, WUNTRACED));
		ASSERT_EQ(0, kill(other.pid, SIGCONT));
		if (!i)
			ASSERT_TRUE(received(self, other.id));
	}
	ASSERT_EQ(0, cart_run(reply(self)));
	EXPECT_EQ(0, hear(other.ctl));
}

/* Out of the call by longjmp(), and back to it. */

static sigjmp_buf away;

static void on_signal_jump(int sig)
{
	(void)sig;
	siglongjmp(away, 1);
}

struct kicker {
	pid_t tid;
	pthread_t thread;
};

static void *kicker_thread(void *arg)
{
	struct kicker *self = arg;

	while (!thread_waits(getpid(), self->tid, SYS_ioctl))
		sched_yield();
	CHECK_EQ(0, syscall(SYS_tgkill, getpid(), self->tid, SIGUSR1));
	return NULL;
}

/* Leaves @cart's operation while it waits. */
static void leave(struct cart *cart)
{
	static struct kicker kicker;

	handle(on_signal_jump, SA_RESTART);
	kicker.tid = syscall(SYS_gettid);
	CHECK_EQ(0, pthread_create(&kicker.thread, NULL, kicker_thread, &kicker));
	if (!sigsetjmp(away, 1)) {
		cart_run(cart);
		CHECK(false);
	}
	CHECK_EQ(0, pthread_join(kicker.thread, NULL));
	CHECK(cart_token(cart));
}

TEST_F(end, left_and_resumed)
{
	leave(call(self));
	EXPECT_LT(self->pinned, pages_pinned());
	ASSERT_EQ(0, munmap(self->out.start, self->out.size));
	ASSERT_TRUE(received(self, self->client.id));
	cart_start(&self->call);
	op_await(&self->call.op);
	EXPECT_TRUE(answered(self));
}

/* The answer is there when it comes back. */
TEST_F(end, left_and_answered)
{
	leave(call(self));
	ASSERT_TRUE(received(self, self->client.id));
	ASSERT_EQ(0, cart_run(reply(self)));
	ASSERT_EQ(0, cart_run(&self->call));
	EXPECT_TRUE(cart_got_ool(&self->call, self->server.id, 2, BYTES, 0));
	EXPECT_TRUE(area_holds(&self->result, 9, BYTES));
}

TEST_F(end, left_and_cancelled)
{
	struct parley_cancel cancel = { .size = sizeof(cancel) };

	leave(call(self));
	cancel.token = cart_token(&self->call);
	EXPECT_EQ(0, parley(self->client.fd, PARLEY_IOC_CANCEL, &cancel));
	EXPECT_TRUE(pages_let_go(self->pinned));
	EXPECT_TRUE(hears_nothing(self->server));
	EXPECT_EQ(-ENOENT, cart_run(&self->call));
}

TEST_F(end, left_and_cancelled_when_answered)
{
	struct parley_cancel cancel = { .size = sizeof(cancel) };

	leave(call(self));
	ASSERT_TRUE(received(self, self->client.id));
	ASSERT_EQ(0, cart_run(reply(self)));
	cancel.token = cart_token(&self->call);
	EXPECT_EQ(-ENOENT, parley(self->client.fd, PARLEY_IOC_CANCEL, &cancel));
}

TEST_F(end, left_for_good)
{
	leave(call(self));
	ASSERT_EQ(0, close(self->client.fd));
	EXPECT_TRUE(pages_let_go(self->pinned));
	EXPECT_TRUE(hears_nothing(self->server));
}

TEST_F(end, left_and_receiver_closed)
{
	leave(call(self));
	ASSERT_EQ(0, close(self->server.fd));
	EXPECT_EQ(-ENOTCONN, cart_run(&self->call));
	EXPECT_EQ(0ULL, cart_token(&self->call));
}

TEST_HARNESS_MAIN
