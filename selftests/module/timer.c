// SPDX-License-Identifier: GPL-2.0
/* TIMER: one notification at its time, or none. */
#include "events.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME	0x80
#endif

#define FAR		(3600000 * MS)
#define ROUNDS		200

FIXTURE(timer)
{
	struct task task, other;
	struct op send, recv;
};

FIXTURE_SETUP(timer)
{
	self->task = task_open();
	self->other = task_open();
}

FIXTURE_TEARDOWN(timer)
{
}

/* Does the timer go off, neither early nor late? */
static bool goes_off(struct task task, __u64 deadline)
{
	struct op recv;
	__u64 end;

	op_recv(&recv, task, PARLEY_ANY)->arg.deadline = now() + LATE;
	op_run(&recv);
	end = now();
	if (!recv.ret && end >= deadline && end < deadline + LATE)
		return op_got_bits(&recv, PARLEY_NOTIFY_TIMER);
	fprintf(stderr, "# returned %d, %lld us after the deadline\n", recv.ret,
		(long long)(end - deadline) / 1000);
	return false;
}

/* Does nothing come until well after @deadline? */
static bool stays_off(struct task task, __u64 deadline)
{
	struct op recv;

	op_recv(&recv, task, PARLEY_ANY)->arg.deadline = deadline + SHORT;
	return op_run(&recv) == -ETIMEDOUT;
}

TEST_F(timer, goes_off_once_at_its_time)
{
	for (int i = 0; i < 10; i++) {
		__u64 deadline = now() + i * i * MS;

		ASSERT_EQ(0, task_timer(self->task, deadline));
		ASSERT_TRUE(goes_off(self->task, deadline));
	}
	EXPECT_TRUE(stays_off(self->task, now()));
}

TEST_F(timer, goes_off_at_once)
{
	ASSERT_EQ(0, task_timer(self->task, PAST));
	EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_TIMER));
	ASSERT_EQ(0, task_timer(self->task, now()));
	EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_TIMER));
	EXPECT_TRUE(stays_off(self->task, now()));
}

TEST_F(timer, later_one_replaces_it)
{
	__u64 deadline = now() + SHORT;

	ASSERT_EQ(0, task_timer(self->task, deadline));
	ASSERT_EQ(0, task_timer(self->task, now() + FAR));
	EXPECT_TRUE(stays_off(self->task, deadline));
}

TEST_F(timer, earlier_one_replaces_it)
{
	__u64 deadline = now() + 2 * SHORT, earlier = deadline - SHORT;

	ASSERT_EQ(0, task_timer(self->task, deadline));
	ASSERT_EQ(0, task_timer(self->task, earlier));
	EXPECT_TRUE(goes_off(self->task, earlier));
	EXPECT_TRUE(stays_off(self->task, deadline));
}

TEST_F(timer, none_disarms_it)
{
	__u64 deadline = now() + SHORT;

	ASSERT_EQ(0, task_timer(self->task, 0));
	ASSERT_EQ(0, task_timer(self->task, deadline));
	ASSERT_EQ(0, task_timer(self->task, 0));
	EXPECT_TRUE(stays_off(self->task, deadline));
}

TEST_F(timer, bit_that_is_set_stays)
{
	ASSERT_EQ(0, task_timer(self->task, PAST));
	task_await(self->task);
	ASSERT_EQ(0, task_timer(self->task, 0));
	EXPECT_TRUE(hears_bits(self->task, PARLEY_NOTIFY_TIMER));
	ASSERT_EQ(0, task_timer(self->task, PAST));
	task_await(self->task);
	ASSERT_EQ(0, task_timer(self->task, now() + FAR));
	EXPECT_TRUE(hears_bits(self->task, PARLEY_NOTIFY_TIMER));
	EXPECT_TRUE(hears_nothing(self->task));
}

TEST_F(timer, bit_is_merged)
{
	__u64 deadline = now() + SHORT;

	ASSERT_EQ(0, task_timer(self->task, PAST));
	task_await(self->task);
	ASSERT_EQ(0, task_timer(self->task, deadline));
	ASSERT_EQ(0, task_notify(self->other, self->task.id, 0x10));
	while (now() < deadline + 10 * SHORT)
		sched_yield();
	EXPECT_TRUE(hears_bits(self->task, PARLEY_NOTIFY_TIMER | 0x10));
	EXPECT_TRUE(hears_nothing(self->task));
}

TEST_F(timer, far_ones_are_set_and_do_not_go_off)
{
	const __u64 far[] = { now() + FAR, INT64_MAX, 1ULL << 63, UINT64_MAX };

	for (unsigned int i = 0; i < ARRAY_SIZE(far); i++) {
		ASSERT_EQ(0, task_timer(self->task, far[i]));
		EXPECT_TRUE(stays_off(self->task, now()))
			TH_LOG("deadline %llu", (unsigned long long)far[i]);
	}
	ASSERT_EQ(0, task_timer(self->task, PAST));
	EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_TIMER));
}

TEST_F(timer, wakes_those_who_hear_the_kernel)
{
	struct op closed;

	op_park(op_recv(&closed, self->task, self->other.id));
	op_park(op_recv(&self->recv, self->task, PARLEY_TASK_KERNEL));
	ASSERT_EQ(0, task_timer(self->task, now() + SHORT));
	ASSERT_EQ(0, op_join(&self->recv));
	EXPECT_TRUE(op_got_bits(&self->recv, PARLEY_NOTIFY_TIMER));
	op_await(&closed);
	ASSERT_EQ(0, op_run(op_send(&self->send, self->other, self->task.id, 1, 8)));
	EXPECT_EQ(0, op_join(&closed));
}

TEST_F(timer, wakes_poll)
{
	struct poller poller;
	__u64 deadline;

	poller_park(&poller, self->task);
	deadline = now() + SHORT;
	ASSERT_EQ(0, task_timer(self->task, deadline));
	EXPECT_EQ(POLLIN, poller_join(&poller));
	EXPECT_LE(deadline, now());
	EXPECT_TRUE(hears_bits(self->task, PARLEY_NOTIFY_TIMER));
}

TEST_F(timer, unfit_buffer_keeps_the_bit)
{
	ASSERT_EQ(0, task_timer(self->task, PAST));
	op_recv(&self->recv, self->task, PARLEY_ANY)->arg.recv = 0;
	ASSERT_EQ(-EFAULT, op_run(&self->recv));
	op_recv(&self->recv, self->task, PARLEY_ANY)->arg.recv_len = 0;
	ASSERT_EQ(-EMSGSIZE, op_run(&self->recv));
	EXPECT_TRUE(hears_bits(self->task, PARLEY_NOTIFY_TIMER));
	EXPECT_TRUE(hears_nothing(self->task));
}

TEST_F(timer, each_task_has_its_own)
{
	__u64 deadline = now() + SHORT;

	ASSERT_EQ(0, task_timer(self->task, deadline));
	ASSERT_EQ(0, task_timer(self->other, now() + FAR));
	ASSERT_EQ(0, task_timer(self->other, 0));
	EXPECT_TRUE(goes_off(self->task, deadline));
	EXPECT_TRUE(hears_nothing(self->other));
}

TEST_F(timer, malformed_ones_are_refused)
{
	struct parley_timer_arg arg = { sizeof(arg), 1, PAST };

	EXPECT_EQ(-EINVAL, parley(self->task.fd, PARLEY_IOC_TIMER, &arg));
	EXPECT_TRUE(stays_off(self->task, now()));
}

static void *setter_thread(void *arg)
{
	const struct task *task = arg;

	for (int i = 0; i < ROUNDS; i++)
		CHECK_EQ(0, task_timer(*task, i % 3 ? now() + (__u64)i % 7 * MS / 4 : 0));
	return NULL;
}

/* Whoever comes last has set it: and then it is off, or goes off. */
TEST_F(timer, set_by_two_threads)
{
	pthread_t threads[2];
	__u64 deadline;
	int messages = 0;

	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, setter_thread, &self->task));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	ASSERT_EQ(0, task_timer(self->task, 0));
	while (op_run(op_poll(&self->recv, self->task, PARLEY_ANY)) != -EAGAIN) {
		ASSERT_TRUE(op_got_bits(&self->recv, PARLEY_NOTIFY_TIMER));
		ASSERT_EQ(1, ++messages);
	}
	EXPECT_TRUE(stays_off(self->task, now() + 2 * MS));
	deadline = now() + MS;
	ASSERT_EQ(0, task_timer(self->task, deadline));
	EXPECT_TRUE(goes_off(self->task, deadline));
}

TEST_F(timer, task_is_closed_before_or_as_it_goes_off)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct task task = task_open();

		ASSERT_EQ(0, task_timer(task, now() + (__u64)i * 1000));
		ASSERT_EQ(0, close(task.fd));
	}
	EXPECT_TRUE(stays_off(self->task, now()));
}

static void set_and_die(int ctl, void *arg)
{
	struct task task = task_open();

	CHECK_EQ(0, task_timer(task, now() + MS));
	if (!arg)
		return;
	tell(ctl, 0);
	pause();
}

TEST_F(timer, process_ends_before_it_goes_off)
{
	for (int i = 0; i < 10; i++) {
		struct peer peer = child_start(set_and_die, NULL);

		ASSERT_EQ(0, peer_join(&peer));
		peer = child_start(set_and_die, self);
		hear(peer.ctl);
		peer_kill(&peer);
	}
	EXPECT_TRUE(stays_off(self->task, now()));
}

static void set_the_parent_s(int ctl, void *arg)
{
	struct task *task = arg;

	(void)ctl;
	CHECK_EQ(-ESTALE, task_timer(*task, PAST));
}

TEST_F(timer, is_not_the_child_s)
{
	struct peer peer = child_start(set_the_parent_s, &self->task);

	EXPECT_EQ(0, peer_join(&peer));
	EXPECT_TRUE(stays_off(self->task, now()));
}

FIXTURE(timens) {};
FIXTURE_SETUP(timens) {}
FIXTURE_TEARDOWN(timens) {}

FIXTURE_VARIANT(timens)
{
	const char *offset;
};

FIXTURE_VARIANT_ADD(timens, none) { .offset = "monotonic 0 0\n" };
FIXTURE_VARIANT_ADD(timens, ahead) { .offset = "monotonic 1000000 0\n" };
FIXTURE_VARIANT_ADD(timens, behind) { .offset = "monotonic -1 0\n" };

static void set_by_its_clock(int ctl, void *arg)
{
	struct task task = task_open();
	__u64 deadline = now() + SHORT;

	(void)ctl;
	(void)arg;
	CHECK_EQ(0, task_timer(task, deadline));
	CHECK(goes_off(task, deadline));
	CHECK_EQ(0, task_timer(task, now() + FAR));
	CHECK(stays_off(task, now()));
}

TEST_F(timens, deadline_is_by_the_setter_s_clock)
{
	struct peer peer;
	int fd;

	if (unshare(CLONE_NEWTIME))
		SKIP(return, "this kernel has no time namespaces");
	fd = open("/proc/self/timens_offsets", O_WRONLY);
	ASSERT_LE(0, fd);
	ASSERT_LT(0, write(fd, variant->offset, strlen(variant->offset)));

	/* A child is the first to live in the new namespace. */
	peer = child_start(set_by_its_clock, NULL);
	EXPECT_EQ(0, peer_join(&peer));
}

TEST_HARNESS_MAIN
