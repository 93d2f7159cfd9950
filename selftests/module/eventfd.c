// SPDX-License-Identifier: GPL-2.0
/* EVENTFD: its events are notifications, for as long as both ends live. */
#include "events.h"

#include <sys/eventfd.h>

#define ROUNDS		300
#define WRITERS		4
#define WRITES		500

FIXTURE(eventfd)
{
	struct task task;
	struct op send, recv;
	int fd;
};

FIXTURE_VARIANT(eventfd)
{
	int flags;
};

FIXTURE_VARIANT_ADD(eventfd, counter) { .flags = 0 };
FIXTURE_VARIANT_ADD(eventfd, semaphore) { .flags = EFD_SEMAPHORE };

static int event_open(int flags)
{
	int fd = eventfd(0, flags | EFD_NONBLOCK | EFD_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

FIXTURE_SETUP(eventfd)
{
	self->task = task_open();
	self->fd = event_open(variant->flags);
}

FIXTURE_TEARDOWN(eventfd)
{
}

static void signal_it(int fd, __u64 count)
{
	CHECK_EQ(sizeof(count), write(fd, &count, sizeof(count)));
}

/* What is left in the counter, or at least 10 of it, one by one if it's a semaphore. */
static __u64 counter(int fd)
{
	__u64 count, sum = 0;

	while (sum < 10 && read(fd, &count, sizeof(count)) == sizeof(count))
		sum += count;
	return sum;
}

/* What must be left of @sum after so many events, each of which is read. */
static __u64 rest(int flags, __u64 sum, int events)
{
	return flags & EFD_SEMAPHORE ? sum - events : 0;
}

TEST_F(eventfd, each_event_notifies)
{
	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	EXPECT_TRUE(hears_nothing(self->task));
	for (int i = 0; i < 5; i++) {
		signal_it(self->fd, 1);
		EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_IRQ));
		EXPECT_TRUE(hears_nothing(self->task));
		EXPECT_EQ(0ULL, counter(self->fd));
	}
}

TEST_F(eventfd, signalled_before)
{
	signal_it(self->fd, 2);
	signal_it(self->fd, 1);
	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_IRQ));
	EXPECT_TRUE(hears_nothing(self->task));
	EXPECT_EQ(rest(variant->flags, 3, 1), counter(self->fd));
	signal_it(self->fd, 1);
	EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_IRQ));
	EXPECT_EQ(0ULL, counter(self->fd));
}

TEST_F(eventfd, events_are_read)
{
	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	signal_it(self->fd, 3);
	signal_it(self->fd, 4);
	EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_IRQ));
	EXPECT_EQ(rest(variant->flags, 7, 2), counter(self->fd));
}

TEST_F(eventfd, nothing_but_events_is_read)
{
	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	signal_it(self->fd, 5);
	EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_IRQ));
	ASSERT_EQ(0, task_eventfd(self->task, -1));
	EXPECT_EQ(rest(variant->flags, 5, 1), counter(self->fd));

	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	signal_it(self->fd, 5);
	EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_IRQ));
	ASSERT_EQ(0, close(self->task.fd));
	EXPECT_EQ(rest(variant->flags, 5, 1), counter(self->fd));
}

/* Whoever waits in write(2) for room goes on. */
static void *blocked_writer(void *arg)
{
	struct op *thread = arg;

	atomic_store(&thread->tid, syscall(SYS_gettid));
	signal_it(thread->fd, 1);
	return NULL;
}

TEST_F(eventfd, reading_makes_room)
{
	struct op thread = { .fd = eventfd(0, variant->flags | EFD_CLOEXEC) };
	pid_t tid;

	ASSERT_LE(0, thread.fd);
	signal_it(thread.fd, UINT64_MAX - 1);
	ASSERT_EQ(0, pthread_create(&thread.thread, NULL, blocked_writer, &thread));
	while (!(tid = atomic_load(&thread.tid)) || !thread_waits(getpid(), tid, SYS_write))
		sched_yield();
	ASSERT_EQ(0, task_eventfd(self->task, thread.fd));
	EXPECT_EQ(0, pthread_join(thread.thread, NULL));
	EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_IRQ));
}

TEST_F(eventfd, bit_is_merged)
{
	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	signal_it(self->fd, 1);
	task_await(self->task);
	ASSERT_EQ(0, task_notify(self->task, self->task.id, 0x10));
	EXPECT_TRUE(hears_bits(self->task, PARLEY_NOTIFY_IRQ | 0x10));
	EXPECT_TRUE(hears_nothing(self->task));
}

TEST_F(eventfd, unfit_buffer_keeps_the_bit)
{
	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	signal_it(self->fd, 1);
	op_recv(&self->recv, self->task, PARLEY_ANY)->arg.recv = 0;
	ASSERT_EQ(-EFAULT, op_run(&self->recv));
	EXPECT_TRUE(hears_bits(self->task, PARLEY_NOTIFY_IRQ));
	EXPECT_TRUE(hears_nothing(self->task));
}

TEST_F(eventfd, wakes_those_who_hear_the_kernel)
{
	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	op_park(op_recv(&self->recv, self->task, PARLEY_ANY));
	signal_it(self->fd, 1);
	ASSERT_EQ(0, op_join(&self->recv));
	EXPECT_TRUE(op_got_bits(&self->recv, PARLEY_NOTIFY_IRQ));
	op_park(op_recv(&self->recv, self->task, PARLEY_TASK_KERNEL));
	signal_it(self->fd, 1);
	ASSERT_EQ(0, op_join(&self->recv));
	EXPECT_TRUE(op_got_bits(&self->recv, PARLEY_NOTIFY_IRQ));
}

TEST_F(eventfd, wakes_poll)
{
	struct poller poller;

	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	poller_park(&poller, self->task);
	signal_it(self->fd, 1);
	EXPECT_EQ(POLLIN, poller_join(&poller));
	EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_IRQ));
}

TEST_F(eventfd, another_replaces_it)
{
	int other = event_open(variant->flags);

	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	ASSERT_EQ(0, task_eventfd(self->task, other));
	signal_it(self->fd, 3);
	EXPECT_TRUE(hears_nothing(self->task));
	EXPECT_EQ(3ULL, counter(self->fd));
	signal_it(other, 1);
	EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_IRQ));
	EXPECT_EQ(0ULL, counter(other));
}

TEST_F(eventfd, same_one_again)
{
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	signal_it(self->fd, 1);
	EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_IRQ));
	EXPECT_EQ(0ULL, counter(self->fd));
	ASSERT_EQ(0, task_eventfd(self->task, -1));
	signal_it(self->fd, 1);
	EXPECT_TRUE(hears_nothing(self->task));
}

TEST_F(eventfd, none_unbinds_it)
{
	EXPECT_EQ(0, task_eventfd(self->task, -1));
	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	EXPECT_EQ(0, task_eventfd(self->task, -1));
	signal_it(self->fd, 1);
	EXPECT_TRUE(hears_nothing(self->task));
	EXPECT_EQ(1ULL, counter(self->fd));
}

TEST_F(eventfd, bit_that_is_set_stays)
{
	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	signal_it(self->fd, 1);
	task_await(self->task);
	ASSERT_EQ(0, task_eventfd(self->task, -1));
	EXPECT_TRUE(hears_bits(self->task, PARLEY_NOTIFY_IRQ));
	EXPECT_TRUE(hears_nothing(self->task));
}

TEST_F(eventfd, others_are_refused_and_change_nothing)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), other = event_open(0);

	ASSERT_LE(0, null);
	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	EXPECT_EQ(-EINVAL, task_eventfd(self->task, null));
	EXPECT_EQ(-EINVAL, task_eventfd(self->task, self->task.fd));
	ASSERT_EQ(0, close(other));
	EXPECT_EQ(-EBADF, task_eventfd(self->task, other));
	EXPECT_EQ(-EBADF, task_eventfd(self->task, -2));
	EXPECT_EQ(-EBADF, task_eventfd(self->task, INT_MAX));
	signal_it(self->fd, 1);
	EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_IRQ));
}

TEST_F(eventfd, closed_while_bound)
{
	int copy = dup(self->fd);

	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	ASSERT_EQ(0, close(self->fd));
	signal_it(copy, 1);
	EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_IRQ));
	ASSERT_EQ(0, close(copy));
	EXPECT_TRUE(hears_nothing(self->task));

	self->fd = event_open(variant->flags);
	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	signal_it(self->fd, 1);
	EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_IRQ));
	ASSERT_EQ(0, close(self->fd));
	EXPECT_EQ(0, task_eventfd(self->task, -1));
}

TEST_F(eventfd, closed_while_bound_and_then_the_task)
{
	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	ASSERT_EQ(0, close(self->fd));
	EXPECT_EQ(0, close(self->task.fd));
}

TEST_F(eventfd, task_closed_while_bound)
{
	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	ASSERT_EQ(0, close(self->task.fd));
	signal_it(self->fd, 3);
	EXPECT_EQ(3ULL, counter(self->fd));
}

/* Of a process that dies there is the task and, or, the eventfd. */
static void bind_and_signal(int ctl, void *arg)
{
	struct task task = task_open();

	tell(ctl, task.id);
	CHECK_EQ(0, task_eventfd(task, *(int *)arg));
	signal_it(*(int *)arg, 1);
	tell(ctl, 0);
	pause();
}

TEST_F(eventfd, process_of_the_task_is_killed)
{
	struct peer peer = peer_start(bind_and_signal, &self->fd);

	hear(peer.ctl);
	peer_kill(&peer);
	signal_it(self->fd, 1);
	EXPECT_EQ(1ULL, counter(self->fd));
	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	signal_it(self->fd, 1);
	EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_IRQ));
}

static void write_and_wait(int ctl, void *arg)
{
	signal_it(*(int *)arg, 1);
	tell(ctl, 0);
	pause();
}

TEST_F(eventfd, process_with_the_last_descriptor_is_killed)
{
	struct peer peer = child_start(write_and_wait, &self->fd);

	hear(peer.ctl);
	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	ASSERT_EQ(0, close(self->fd));
	EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_IRQ));
	peer_kill(&peer);
	EXPECT_TRUE(hears_nothing(self->task));
	self->fd = event_open(variant->flags);
	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	signal_it(self->fd, 1);
	EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_IRQ));
}

TEST_F(eventfd, of_two_tasks)
{
	struct task other = task_open();

	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	ASSERT_EQ(0, task_eventfd(other, self->fd));
	for (int i = 0; i < 3; i++) {
		signal_it(self->fd, 2);
		EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_IRQ));
		EXPECT_TRUE(comes_bits(other, PARLEY_NOTIFY_IRQ));
		EXPECT_EQ(0ULL, counter(self->fd));
	}
	ASSERT_EQ(0, close(other.fd));
	signal_it(self->fd, 1);
	EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_IRQ));
	EXPECT_EQ(0ULL, counter(self->fd));
}

static void bind_the_parent_s(int ctl, void *arg)
{
	struct _test_data_eventfd *self = arg;

	(void)ctl;
	CHECK_EQ(-ESTALE, task_eventfd(self->task, self->fd));
}

TEST_F(eventfd, is_not_the_child_s)
{
	struct peer peer = child_start(bind_the_parent_s, self);

	EXPECT_EQ(0, peer_join(&peer));
	signal_it(self->fd, 1);
	EXPECT_TRUE(hears_nothing(self->task));
}

/* A writer counts what it did, and then signals; the last count is never missed. */
struct writer {
	int fd;
	pthread_t thread;
	atomic_int done;
};

static void *writer_thread(void *arg)
{
	struct writer *writer = arg;

	for (int i = 0; i < WRITES; i++) {
		atomic_fetch_add(&writer->done, 1);
		signal_it(writer->fd, 1);
	}
	return NULL;
}

static void writers_start(struct writer *writers, void *(*run)(void *), int fd)
{
	for (int i = 0; i < WRITERS; i++) {
		writers[i].fd = fd;
		CHECK_EQ(0, pthread_create(&writers[i].thread, NULL, run, &writers[i]));
	}
}

static int writers_done(struct writer *writers)
{
	int done = 0;

	for (int i = 0; i < WRITERS; i++)
		done += atomic_load(&writers[i].done);
	return done;
}

TEST_F(eventfd, storm_loses_nothing)
{
	static struct writer writers[WRITERS];
	int seen = 0, messages;

	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	writers_start(writers, writer_thread, self->fd);
	for (messages = 0; seen < WRITERS * WRITES; messages++) {
		op_recv(&self->recv, self->task, PARLEY_ANY)->arg.deadline = now() + LATE;
		ASSERT_EQ(0, op_run(&self->recv));
		ASSERT_TRUE(op_got_bits(&self->recv, PARLEY_NOTIFY_IRQ));
		seen = writers_done(writers);
	}
	for (int i = 0; i < WRITERS; i++)
		ASSERT_EQ(0, pthread_join(writers[i].thread, NULL));
	EXPECT_EQ(0ULL, counter(self->fd));
	TH_LOG("%d messages for %d events", messages, WRITERS * WRITES);
}

static void *endless_thread(void *arg)
{
	struct writer *writer = arg;

	while (!atomic_load(&writer->done))
		signal_it(writer->fd, 1);
	return NULL;
}

/* Bound, unbound, with the task closed and opened anew, while events come. */
TEST_F(eventfd, storm_of_bindings)
{
	static struct writer writers[WRITERS];

	writers_start(writers, endless_thread, self->fd);
	for (int i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, task_eventfd(self->task, self->fd));
		if (i % 3)
			ASSERT_EQ(0, task_eventfd(self->task, i % 3 == 1 ? -1 : self->fd));
		if (i % 4)
			continue;
		ASSERT_EQ(0, close(self->task.fd));
		self->task = task_open();
	}
	for (int i = 0; i < WRITERS; i++) {
		atomic_store(&writers[i].done, 1);
		ASSERT_EQ(0, pthread_join(writers[i].thread, NULL));
	}
	ASSERT_EQ(0, task_eventfd(self->task, self->fd));
	EXPECT_EQ(0ULL, variant->flags ? 0 : counter(self->fd));
	signal_it(self->fd, 1);
	EXPECT_TRUE(comes_bits(self->task, PARLEY_NOTIFY_IRQ));
}

/* A thread that closes a descriptor at the same moment as the test does another. */
struct closer {
	int fd;
	pthread_t thread;
	pthread_barrier_t barrier;
};

static void *closer_thread(void *arg)
{
	struct closer *closer = arg;

	for (int i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&closer->barrier);
		CHECK_EQ(0, close(closer->fd));
		pthread_barrier_wait(&closer->barrier);
	}
	return NULL;
}

/* Both ends go at once, or one goes as the other is bound anew. */
TEST_F(eventfd, ends_close_at_once)
{
	struct closer closer;
	int other = event_open(variant->flags);

	ASSERT_EQ(0, pthread_barrier_init(&closer.barrier, NULL, 2));
	ASSERT_EQ(0, pthread_create(&closer.thread, NULL, closer_thread, &closer));
	for (int i = 0; i < ROUNDS; i++) {
		struct task task = task_open();

		closer.fd = event_open(variant->flags);
		ASSERT_EQ(0, task_eventfd(task, closer.fd));
		pthread_barrier_wait(&closer.barrier);
		if (i % 3)
			ASSERT_EQ(0, task_eventfd(task, i % 3 == 1 ? -1 : other));
		if (i % 3)
			ASSERT_TRUE(hears_nothing(task));
		ASSERT_EQ(0, close(task.fd));
		pthread_barrier_wait(&closer.barrier);
	}
	EXPECT_EQ(0, pthread_join(closer.thread, NULL));
}

TEST_HARNESS_MAIN
