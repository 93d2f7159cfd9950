// SPDX-License-Identifier: GPL-2.0
/* poll and epoll: readable exactly when a receive from anyone wouldn't wait. */
#include "common.h"

#include <poll.h>
#include <sys/epoll.h>

#define WAITERS		200
#define FEW		20
#define TASKS		64

FIXTURE(poll)
{
	struct task sender, receiver;
	struct op send, recv;
};

FIXTURE_SETUP(poll)
{
	self->sender = task_open();
	self->receiver = task_open();
}

FIXTURE_TEARDOWN(poll)
{
}

static short ready(struct task task)
{
	struct pollfd fd = { .fd = task.fd, .events = POLLIN | POLLRDNORM | POLLPRI | POLLHUP };

	CHECK(poll(&fd, 1, 0) >= 0);
	return fd.revents;
}

static bool readable(struct task task)
{
	return ready(task) & POLLIN;
}

static int epoll_of(struct task task, __u32 events)
{
	struct epoll_event event = { .events = events, .data.u32 = task.id };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	CHECK(epoll >= 0);
	CHECK_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, task.fd, &event));
	return epoll;
}

/* How many events there are now. */
static int epoll_now(int epoll)
{
	struct epoll_event events[TASKS];

	return epoll_wait(epoll, events, TASKS, 0);
}

TEST_F(poll, nothing_to_receive)
{
	EXPECT_EQ(0, ready(self->receiver));
}

TEST_F(poll, message_makes_readable_until_taken)
{
	op_park(op_send(&self->send, self->sender, self->receiver.id, 1, 8));
	EXPECT_TRUE(readable(self->receiver));
	EXPECT_EQ(0, ready(self->sender));
	EXPECT_TRUE(readable(self->receiver));
	ASSERT_EQ(0, op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)));
	EXPECT_EQ(0, ready(self->receiver));
	EXPECT_EQ(0, op_join(&self->send));
}

TEST_F(poll, request_in_hand_is_not_readable)
{
	op_park(op_call(&self->send, self->sender, self->receiver.id, 1, 8));
	EXPECT_TRUE(readable(self->receiver));
	ASSERT_EQ(0, op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)));
	EXPECT_EQ(0, ready(self->receiver));
	EXPECT_EQ(0, ready(self->sender));
	op_reply(&self->recv, self->receiver, self->recv.arg.token, 2, 8);
	ASSERT_EQ(0, op_run(&self->recv));
	EXPECT_EQ(0, op_join(&self->send));
	EXPECT_EQ(0, ready(self->sender));
}

TEST_F(poll, notification_makes_readable_until_taken)
{
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x10));
	EXPECT_TRUE(readable(self->receiver));
	ASSERT_EQ(0, op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)));
	EXPECT_EQ(0, ready(self->receiver));
}

TEST_F(poll, readable_for_as_long_as_anything_is_left)
{
	op_park(op_send(&self->send, self->sender, self->receiver.id, 1, 8));
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x10));
	ASSERT_EQ(0, op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)));
	EXPECT_TRUE(readable(self->receiver));
	ASSERT_EQ(0, op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)));
	EXPECT_EQ(0, ready(self->receiver));
}

TEST_F(poll, withdrawn_message_is_not_readable)
{
	op_send(&self->send, self->sender, self->receiver.id, 1, 8)->arg.deadline = now() + 20 * MS;
	ASSERT_EQ(-ETIMEDOUT, op_run(&self->send));
	EXPECT_EQ(0, ready(self->receiver));
}

TEST_F(poll, kept_message_is_readable)
{
	op_park(op_send(&self->send, self->sender, self->receiver.id, 1, 8));
	op_recv(&self->recv, self->receiver, PARLEY_ANY)->arg.recv_len = 0;
	ASSERT_EQ(-EMSGSIZE, op_run(&self->recv));
	EXPECT_TRUE(readable(self->receiver));
}

TEST_F(poll, level_triggered_epoll)
{
	int epoll = epoll_of(self->receiver, EPOLLIN);

	EXPECT_EQ(0, epoll_now(epoll));
	op_park(op_send(&self->send, self->sender, self->receiver.id, 1, 8));
	EXPECT_EQ(1, epoll_now(epoll));
	EXPECT_EQ(1, epoll_now(epoll));
	ASSERT_EQ(0, op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)));
	EXPECT_EQ(0, epoll_now(epoll));
}

TEST_F(poll, edge_triggered_epoll)
{
	int epoll = epoll_of(self->receiver, EPOLLIN | EPOLLET);
	struct op second;

	op_park(op_send(&self->send, self->sender, self->receiver.id, 1, 8));
	EXPECT_EQ(1, epoll_now(epoll));
	EXPECT_EQ(0, epoll_now(epoll));
	op_park(op_send(&second, self->sender, self->receiver.id, 2, 8));
	EXPECT_EQ(1, epoll_now(epoll));
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x10));
	EXPECT_EQ(1, epoll_now(epoll));
	EXPECT_EQ(0, epoll_now(epoll));
}

/* A receiver that fails puts its message back: an edge, or nobody comes. */
TEST_F(poll, edge_for_a_kept_message)
{
	int epoll = epoll_of(self->receiver, EPOLLIN | EPOLLET);

	op_recv(&self->recv, self->receiver, PARLEY_ANY)->arg.recv_len = 0;
	op_park(&self->recv);
	op_start(op_send(&self->send, self->sender, self->receiver.id, 1, 8));
	ASSERT_EQ(-EMSGSIZE, op_join(&self->recv));
	EXPECT_EQ(1, epoll_now(epoll));
}

TEST_F(poll, one_shot_epoll)
{
	int epoll = epoll_of(self->receiver, EPOLLIN | EPOLLONESHOT);

	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x10));
	EXPECT_EQ(1, epoll_now(epoll));
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x20));
	EXPECT_EQ(0, epoll_now(epoll));
}

/* A thread that waits for readiness, in poll or in an epoll of its own. */
struct waiter {
	pthread_t thread;
	struct task task;
	int epoll;
	atomic_int tid, woken;
};

static void *waiter_thread(void *arg)
{
	struct waiter *waiter = arg;
	struct pollfd fd = { .fd = waiter->task.fd, .events = POLLIN };
	struct epoll_event event;

	atomic_store(&waiter->tid, syscall(SYS_gettid));
	if (waiter->epoll < 0)
		CHECK_EQ(1, poll(&fd, 1, -1));
	else
		CHECK_EQ(1, epoll_wait(waiter->epoll, &event, 1, -1));
	atomic_store(&waiter->woken, true);
	return NULL;
}

/* Starts @n threads that poll or, given @events, wait in epoll; they sleep. */
static void waiters_park(struct waiter *waiters, int n, struct task task, __u32 events)
{
	long nr = events ? SYS_epoll_wait : SYS_poll;
	pthread_attr_t attr;
	pid_t tid;

	CHECK_EQ(0, pthread_attr_init(&attr));
	CHECK_EQ(0, pthread_attr_setstacksize(&attr, 65536));
	for (int i = 0; i < n; i++) {
		waiters[i].task = task;
		waiters[i].epoll = events ? epoll_of(task, events) : -1;
		CHECK_EQ(0, pthread_create(&waiters[i].thread, &attr, waiter_thread, &waiters[i]));
	}
	for (int i = 0; i < n; i++) {
		while (!(tid = atomic_load(&waiters[i].tid)) || !thread_waits(getpid(), tid, nr))
			sched_yield();
	}
}

static void waiters_join(struct waiter *waiters, int n)
{
	for (int i = 0; i < n; i++)
		CHECK_EQ(0, pthread_join(waiters[i].thread, NULL));
}

TEST_F(poll, many_poll_one)
{
	static struct waiter waiters[WAITERS];

	waiters_park(waiters, WAITERS, self->receiver, 0);
	op_park(op_send(&self->send, self->sender, self->receiver.id, 1, 8));
	waiters_join(waiters, WAITERS);
	ASSERT_EQ(0, op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)));
}

TEST_F(poll, all_who_poll_are_notified)
{
	static struct waiter waiters[FEW];

	waiters_park(waiters, FEW, self->receiver, 0);
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x10));
	waiters_join(waiters, FEW);
}

TEST_F(poll, one_polls_many)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event;
	struct task tasks[TASKS];
	struct op send[TASKS];

	for (int i = 0; i < TASKS; i++) {
		tasks[i] = task_open();
		event = (struct epoll_event){ .events = EPOLLIN, .data.u32 = i };
		ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, tasks[i].fd, &event));
	}
	EXPECT_EQ(0, epoll_now(epoll));
	for (int i = 0; i < TASKS; i += 3) {
		op_park(op_send(&send[i], self->sender, tasks[i].id, i, 8));
		ASSERT_EQ(1, epoll_wait(epoll, &event, 1, -1));
		ASSERT_EQ((__u32)i, event.data.u32);
		ASSERT_EQ(0, op_run(op_poll(&self->recv, tasks[i], PARLEY_ANY)));
		ASSERT_TRUE(op_got(&self->recv, self->sender.id, i, 8));
	}
	EXPECT_EQ(0, epoll_now(epoll));
	for (int i = 0; i < TASKS; i++)
		ASSERT_EQ(0, task_notify(self->sender, tasks[i].id, 0x10));
	EXPECT_EQ(TASKS, epoll_now(epoll));
}

static int count_woken(struct waiter *waiters, int n)
{
	int woken = 0;

	while (n--)
		woken += atomic_load(&waiters[n].woken);
	return woken;
}

/* With EPOLLEXCLUSIVE a message wakes somebody, but not everybody. */
TEST_F(poll, exclusive_epoll_wakes_few)
{
	static struct waiter waiters[FEW];

	waiters_park(waiters, FEW, self->receiver, EPOLLIN | EPOLLEXCLUSIVE);
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x10));
	while (!count_woken(waiters, FEW))
		sched_yield();
	ASSERT_EQ(0, op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)));
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x20));
	while (count_woken(waiters, FEW) < 2)
		sched_yield();
	EXPECT_GT(FEW, count_woken(waiters, FEW));
}

/* A receiver that waits in the kernel takes the message: no poller hears it. */
TEST_F(poll, message_taken_by_a_receiver_wakes_no_poller)
{
	struct waiter waiter = { .epoll = -1 };

	waiters_park(&waiter, 1, self->receiver, 0);
	op_park(op_recv(&self->recv, self->receiver, PARLEY_ANY));
	ASSERT_EQ(0, op_run(op_send(&self->send, self->sender, self->receiver.id, 1, 8)));
	ASSERT_EQ(0, op_join(&self->recv));
	EXPECT_EQ(0, ready(self->receiver));
	EXPECT_FALSE(atomic_load(&waiter.woken));
}

TEST_F(poll, poller_hears_what_a_closed_receiver_leaves)
{
	struct waiter waiter = { .epoll = -1 };

	waiters_park(&waiter, 1, self->receiver, 0);
	op_park(op_recv(&self->recv, self->receiver, self->receiver.id));
	op_park(op_send(&self->send, self->sender, self->receiver.id, 1, 8));
	waiters_join(&waiter, 1);
	ASSERT_EQ(0, op_run(op_poll(&self->send, self->receiver, PARLEY_ANY)));
}

TEST_HARNESS_MAIN
