// SPDX-License-Identifier: GPL-2.0
/* Watches: a task's death reaches its watchers, once each, as a message. */
#include "events.h"

#define HOLDER	"PARLEY_TEST_EXECUTED"
#define SEVERAL	20
#define RACES	300

/* A peer whose task ends, when it is told to, as @arg says. */
static void watched(int ctl, void *arg)
{
	struct task me = task_open();
	void (*end)(struct task me, int ctl) = arg;

	tell(ctl, me.id);
	hear(ctl);
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

/* A child of fork() has the descriptor, and not the task. */
static void end_by_exit_with_child(struct task me, int ctl)
{
	(void)me;
	(void)ctl;
	if (fork())
		return;
	alarm(20);
	pause();
}

FIXTURE(watched)
{
	struct task watcher;
	struct peer peer;
	struct op recv;
};

FIXTURE_VARIANT(watched)
{
	void (*end)(struct task me, int ctl);
};

FIXTURE_VARIANT_ADD(watched, exits) { .end = end_by_exit };
FIXTURE_VARIANT_ADD(watched, closes) { .end = end_by_close };
FIXTURE_VARIANT_ADD(watched, is_killed) { .end = end_by_signal };
FIXTURE_VARIANT_ADD(watched, executes) { .end = end_by_exec };
FIXTURE_VARIANT_ADD(watched, leaves_a_child) { .end = end_by_exit_with_child };

FIXTURE_SETUP(watched)
{
	self->watcher = task_open();
	self->peer = peer_start(watched, variant->end);
}

FIXTURE_TEARDOWN(watched)
{
	kill(self->peer.pid, SIGKILL);
	peer_join(&self->peer);
}

TEST_F(watched, watcher_is_told_once)
{
	ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, self->peer.id));
	EXPECT_TRUE(hears_nothing(self->watcher));
	tell(self->peer.ctl, 0);
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->watcher, PARLEY_ANY)));
	EXPECT_TRUE(op_got_exit(&self->recv, self->peer.id));
	EXPECT_EQ(-ENOTCONN, task_notify(self->watcher, self->peer.id, 0x10));
	EXPECT_EQ(-ENOENT, task_unbond(self->watcher, PARLEY_BOND_WATCH, self->peer.id));
	EXPECT_EQ(-ENOTCONN, task_bond(self->watcher, PARLEY_BOND_WATCH, self->peer.id));
	EXPECT_TRUE(hears_nothing(self->watcher));
}

TEST_F(watched, watcher_that_hears_only_the_kernel_is_told)
{
	ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, self->peer.id));
	op_park(op_recv(&self->recv, self->watcher, PARLEY_TASK_KERNEL));
	tell(self->peer.ctl, 0);
	ASSERT_EQ(0, op_join(&self->recv));
	EXPECT_TRUE(op_got_exit(&self->recv, self->peer.id));
	EXPECT_TRUE(hears_nothing(self->watcher));
}

TEST_F(watched, poll_wakes)
{
	struct poller poller;

	ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, self->peer.id));
	poller_park(&poller, self->watcher);
	tell(self->peer.ctl, 0);
	EXPECT_EQ(POLLIN, poller_join(&poller));
	EXPECT_TRUE(hears_exit(self->watcher, self->peer.id));
	EXPECT_TRUE(hears_nothing(self->watcher));
}

/* Those who listen to it alone learn it from that, and the message is kept. */
TEST_F(watched, watcher_that_hears_only_the_watched_one)
{
	ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, self->peer.id));
	op_park(op_recv(&self->recv, self->watcher, self->peer.id));
	tell(self->peer.ctl, 0);
	EXPECT_EQ(-ENOTCONN, op_join(&self->recv));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->watcher, PARLEY_ANY)));
	EXPECT_TRUE(op_got_exit(&self->recv, self->peer.id));
}

TEST_F(watched, all_watchers_are_told)
{
	struct task watchers[3] = { task_open(), task_open(), task_open() };

	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, task_bond(watchers[i], PARLEY_BOND_WATCH, self->peer.id));
	tell(self->peer.ctl, 0);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, op_run(op_recv(&self->recv, watchers[i], PARLEY_ANY)));
		EXPECT_TRUE(op_got_exit(&self->recv, self->peer.id));
		EXPECT_TRUE(hears_nothing(watchers[i]));
	}
}

/* A call in its hands fails first or last: the watcher hears of it all the same. */
TEST_F(watched, watcher_waits_for_it_meanwhile)
{
	struct op call;

	ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, self->peer.id));
	op_park(op_call(&call, self->watcher, self->peer.id, 1, 8));
	tell(self->peer.ctl, 0);
	EXPECT_EQ(-ENOTCONN, op_join(&call));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->watcher, PARLEY_ANY)));
	EXPECT_TRUE(op_got_exit(&self->recv, self->peer.id));
}

FIXTURE(watch)
{
	struct task watcher, watched;
	struct op recv;
};

FIXTURE_SETUP(watch)
{
	self->watcher = task_open();
	self->watched = task_open();
}

FIXTURE_TEARDOWN(watch)
{
}

TEST_F(watch, one_watcher_of_several)
{
	struct task several[SEVERAL];
	int seen[SEVERAL] = {};

	for (int i = 0; i < SEVERAL; i++) {
		several[i] = task_open();
		ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, several[i].id));
	}
	for (int i = 0; i < SEVERAL; i++)
		ASSERT_EQ(0, close(several[i * 7 % SEVERAL].fd));
	for (int i = 0; i < SEVERAL; i++) {
		struct parley_global_exception body;
		int which = 0;

		ASSERT_EQ(0, op_run(op_poll(&self->recv, self->watcher, PARLEY_ANY)));
		memcpy(&body, self->recv.in.payload, sizeof(body));
		while (which < SEVERAL - 1 && several[which].id != body.task)
			which++;
		ASSERT_TRUE(op_got_exit(&self->recv, several[which].id));
		EXPECT_EQ(0, seen[which]++);
	}
	EXPECT_TRUE(hears_nothing(self->watcher));
}

TEST_F(watch, comes_in_its_turn)
{
	struct task sender = task_open();
	struct op before, after;

	ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, self->watched.id));
	op_park(op_send(&before, sender, self->watcher.id, 1, 8));
	ASSERT_EQ(0, close(self->watched.fd));
	op_park(op_send(&after, sender, self->watcher.id, 2, 8));
	ASSERT_EQ(0, op_run(op_poll(&self->recv, self->watcher, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->recv, sender.id, 1, 8));
	EXPECT_TRUE(hears_exit(self->watcher, self->watched.id));
	ASSERT_EQ(0, op_run(op_poll(&self->recv, self->watcher, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->recv, sender.id, 2, 8));
	EXPECT_EQ(0, op_join(&before));
	EXPECT_EQ(0, op_join(&after));
}

TEST_F(watch, unbond_before)
{
	ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, self->watched.id));
	EXPECT_EQ(0, task_unbond(self->watcher, PARLEY_BOND_WATCH, self->watched.id));
	EXPECT_EQ(-ENOENT, task_unbond(self->watcher, PARLEY_BOND_WATCH, self->watched.id));
	ASSERT_EQ(0, close(self->watched.fd));
	EXPECT_TRUE(hears_nothing(self->watcher));
}

TEST_F(watch, unbond_while_the_message_waits)
{
	ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, self->watched.id));
	ASSERT_EQ(0, close(self->watched.fd));
	EXPECT_EQ(-ENOENT, task_unbond(self->watcher, PARLEY_BOND_WATCH, self->watched.id));
	EXPECT_TRUE(hears_exit(self->watcher, self->watched.id));
	EXPECT_TRUE(hears_nothing(self->watcher));
}

TEST_F(watch, there_is_one_of_a_pair)
{
	ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, self->watched.id));
	EXPECT_EQ(-EEXIST, task_bond(self->watcher, PARLEY_BOND_WATCH, self->watched.id));
	EXPECT_EQ(0, task_bond(self->watched, PARLEY_BOND_WATCH, self->watcher.id));
	EXPECT_EQ(0, task_unbond(self->watcher, PARLEY_BOND_WATCH, self->watched.id));
	EXPECT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, self->watched.id));
	ASSERT_EQ(0, close(self->watched.fd));
	EXPECT_TRUE(hears_exit(self->watcher, self->watched.id));
	EXPECT_TRUE(hears_nothing(self->watcher));
}

TEST_F(watch, is_no_link_and_no_grant)
{
	ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, self->watched.id));
	EXPECT_EQ(-ENOENT, task_unbond(self->watcher, PARLEY_BOND_LINK, self->watched.id));
	EXPECT_EQ(-ENOENT, task_unbond(self->watcher, PARLEY_BOND_GRANT, self->watched.id));
	EXPECT_EQ(-ENOENT, task_unbond(self->watched, PARLEY_BOND_WATCH, self->watcher.id));
	EXPECT_EQ(-ENOENT, task_notify(self->watcher, self->watched.id, PARLEY_NOTIFY_ASYNC));
	ASSERT_EQ(0, close(self->watched.fd));
	EXPECT_TRUE(hears_exit(self->watcher, self->watched.id));
}

TEST_F(watch, nobody_there)
{
	const __s32 ids[] = { dead_id(), PARLEY_TASK_KERNEL, PARLEY_ANY, INT_MIN, INT_MAX };

	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		EXPECT_EQ(-ENOTCONN, task_bond(self->watcher, PARLEY_BOND_WATCH, ids[i]))
			TH_LOG("id %d", ids[i]);
		EXPECT_EQ(-ENOENT, task_unbond(self->watcher, PARLEY_BOND_WATCH, ids[i]))
			TH_LOG("id %d", ids[i]);
	}
	EXPECT_TRUE(hears_nothing(self->watcher));
}

TEST_F(watch, malformed_ones_are_refused)
{
	struct parley_bond_arg arg = { sizeof(arg), PARLEY_BOND_WATCH, self->watched.id, 1 };

	EXPECT_EQ(-EINVAL, parley(self->watcher.fd, PARLEY_IOC_BOND, &arg));
	EXPECT_EQ(-EINVAL, parley(self->watcher.fd, PARLEY_IOC_UNBOND, &arg));
	EXPECT_EQ(-EINVAL, task_bond(self->watcher, PARLEY_BOND_LINK + 1, self->watched.id));
	EXPECT_EQ(-EINVAL, task_bond(self->watcher, ~0U, self->watched.id));
	EXPECT_EQ(-EINVAL, task_unbond(self->watcher, PARLEY_BOND_LINK + 1, self->watched.id));
	ASSERT_EQ(0, close(self->watched.fd));
	EXPECT_TRUE(hears_nothing(self->watcher));
}

TEST_F(watch, unfit_buffers_keep_the_message)
{
	struct task second = task_open();

	ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, self->watched.id));
	ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, second.id));
	ASSERT_EQ(0, close(self->watched.fd));
	ASSERT_EQ(0, close(second.fd));
	for (int i = 0; i < 2; i++) {
		op_poll(&self->recv, self->watcher, PARLEY_ANY)->arg.recv_len = 7;
		ASSERT_EQ(-EMSGSIZE, op_run(&self->recv));
		EXPECT_EQ(8U, self->recv.arg.recv_len);
		op_poll(&self->recv, self->watcher, PARLEY_TASK_KERNEL)->arg.recv = 0;
		ASSERT_EQ(-EFAULT, op_run(&self->recv));
		op_poll(&self->recv, self->watcher, PARLEY_ANY)->arg.recv_len = 8;
		ASSERT_EQ(0, op_run(&self->recv));
		EXPECT_TRUE(op_got_exit(&self->recv, i ? second.id : self->watched.id));
	}
	EXPECT_TRUE(hears_nothing(self->watcher));
}

TEST_F(watch, kept_message_goes_to_another_that_waits)
{
	struct op other;

	ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, self->watched.id));
	op_park(op_recv(&other, self->watcher, PARLEY_ANY));
	op_recv(&self->recv, self->watcher, PARLEY_ANY)->arg.recv = 0;
	op_park(&self->recv);
	ASSERT_EQ(0, close(self->watched.fd));
	ASSERT_EQ(0, op_join(&other));
	EXPECT_TRUE(op_got_exit(&other, self->watched.id));
	/* Whether the other one had the message first is not ours to say. */
	task_notify(self->watcher, self->watcher.id, 0x10);
	EXPECT_EQ(-EFAULT, op_join(&self->recv));
}

TEST_F(watch, watcher_dies_first)
{
	struct task other = task_open();

	ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, self->watched.id));
	ASSERT_EQ(0, task_bond(other, PARLEY_BOND_WATCH, self->watched.id));
	ASSERT_EQ(0, close(self->watcher.fd));
	ASSERT_EQ(0, close(self->watched.fd));
	EXPECT_TRUE(hears_exit(other, self->watched.id));
	EXPECT_TRUE(hears_nothing(other));
}

TEST_F(watch, watcher_dies_with_messages_unread)
{
	ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, self->watched.id));
	ASSERT_EQ(0, close(self->watched.fd));
	EXPECT_EQ(0, close(self->watcher.fd));
}

TEST_F(watch, watchers_of_each_other)
{
	ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, self->watched.id));
	ASSERT_EQ(0, task_bond(self->watched, PARLEY_BOND_WATCH, self->watcher.id));
	ASSERT_EQ(0, close(self->watched.fd));
	EXPECT_TRUE(hears_exit(self->watcher, self->watched.id));
	EXPECT_TRUE(hears_nothing(self->watcher));
	EXPECT_EQ(0, close(self->watcher.fd));
}

TEST_F(watch, oneself)
{
	ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, self->watcher.id));
	EXPECT_EQ(-EEXIST, task_bond(self->watcher, PARLEY_BOND_WATCH, self->watcher.id));
	EXPECT_EQ(0, task_unbond(self->watcher, PARLEY_BOND_WATCH, self->watcher.id));
	ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, self->watcher.id));
	ASSERT_EQ(0, task_bond(self->watched, PARLEY_BOND_WATCH, self->watcher.id));
	ASSERT_EQ(0, close(self->watcher.fd));
	EXPECT_TRUE(hears_exit(self->watched, self->watcher.id));
	EXPECT_TRUE(hears_nothing(self->watched));
}

TEST_F(watch, task_lives_until_its_last_descriptor_is_closed)
{
	int copy = dup(self->watched.fd);

	ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, self->watched.id));
	ASSERT_EQ(0, close(self->watched.fd));
	EXPECT_TRUE(hears_nothing(self->watcher));
	ASSERT_EQ(0, close(copy));
	EXPECT_TRUE(hears_exit(self->watcher, self->watched.id));
}

/* Told what to try by its parent; the answer is what came of it. */
static void stranger(int ctl, void *arg)
{
	struct task *watched = arg, me;
	__s32 op;

	CHECK_EQ(0, close(watched->fd));
	become(STRANGER);
	me = task_open();
	tell(ctl, me.id);
	while ((op = hear(ctl)) >= 0)
		tell(ctl, op ? task_bond(me, PARLEY_BOND_WATCH, watched->id) :
			       task_unbond(me, PARLEY_BOND_WATCH, watched->id));
	for (int i = 0; i < 2; i++) {
		tell(ctl, hears_exit(me, watched->id));
		hear(ctl);
	}
}

TEST_F(watch, takes_the_right_to_send)
{
	struct peer peer = peer_start(stranger, &self->watched);

	tell(peer.ctl, 1);
	EXPECT_EQ(-EACCES, hear(peer.ctl));
	ASSERT_EQ(0, task_mode(self->watched, 0666));
	tell(peer.ctl, 1);
	EXPECT_EQ(0, hear(peer.ctl));
	tell(peer.ctl, 0);
	EXPECT_EQ(0, hear(peer.ctl));

	ASSERT_EQ(0, task_mode(self->watched, 0600));
	tell(peer.ctl, 1);
	EXPECT_EQ(-EACCES, hear(peer.ctl));
	ASSERT_EQ(0, task_bond(self->watched, PARLEY_BOND_GRANT, peer.id));
	tell(peer.ctl, 1);
	EXPECT_EQ(0, hear(peer.ctl));

	/* The watch is there, whatever becomes of the right. */
	ASSERT_EQ(0, task_unbond(self->watched, PARLEY_BOND_GRANT, peer.id));
	tell(peer.ctl, 1);
	EXPECT_GT(0, hear(peer.ctl));
	ASSERT_EQ(0, close(self->watched.fd));
	tell(peer.ctl, -1);
	EXPECT_EQ(true, hear(peer.ctl));
	tell(peer.ctl, 0);
	EXPECT_EQ(false, hear(peer.ctl));
	tell(peer.ctl, 0);
	EXPECT_EQ(0, peer_join(&peer));
}

/* A thread that closes a task at the same moment as the test does something. */
struct closer {
	struct task task;
	pthread_t thread;
	pthread_barrier_t barrier;
};

static void *closer_thread(void *arg)
{
	struct closer *closer = arg;

	pthread_barrier_wait(&closer->barrier);
	CHECK_EQ(0, close(closer->task.fd));
	return NULL;
}

static void closer_start(struct closer *closer, struct task task)
{
	closer->task = task;
	CHECK_EQ(0, pthread_barrier_init(&closer->barrier, NULL, 2));
	CHECK_EQ(0, pthread_create(&closer->thread, NULL, closer_thread, closer));
}

TEST_F(watch, bond_and_death_at_once)
{
	struct closer closer;
	int made = 0;

	for (int i = 0; i < RACES; i++) {
		struct task task = task_open();
		int ret;

		closer_start(&closer, task);
		pthread_barrier_wait(&closer.barrier);
		for (int spin = rand() % 2000; spin; spin--)
			__asm__ volatile("");
		ret = task_bond(self->watcher, PARLEY_BOND_WATCH, task.id);
		ASSERT_TRUE(!ret || ret == -ENOTCONN);
		ASSERT_EQ(0, pthread_join(closer.thread, NULL));
		if (!ret)
			ASSERT_TRUE(hears_exit(self->watcher, task.id));
		ASSERT_TRUE(hears_nothing(self->watcher));
		made += !ret;
	}
	TH_LOG("%d of %d in time", made, RACES);
}

TEST_F(watch, unbond_and_death_at_once)
{
	struct closer closer;
	int ended = 0;

	for (int i = 0; i < RACES; i++) {
		struct task task = task_open();
		int ret;

		ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, task.id));
		closer_start(&closer, task);
		pthread_barrier_wait(&closer.barrier);
		for (int spin = rand() % 2000; spin; spin--)
			__asm__ volatile("");
		ret = task_unbond(self->watcher, PARLEY_BOND_WATCH, task.id);
		ASSERT_TRUE(!ret || ret == -ENOENT);
		ASSERT_EQ(0, pthread_join(closer.thread, NULL));
		if (ret)
			ASSERT_TRUE(hears_exit(self->watcher, task.id));
		ASSERT_TRUE(hears_nothing(self->watcher));
		ended += !ret;
	}
	TH_LOG("%d of %d in time", ended, RACES);
}

/* Both ends of a watch die at once: nobody is told, nothing is left. */
TEST_F(watch, both_die_at_once)
{
	struct closer closer;

	for (int i = 0; i < RACES; i++) {
		struct task task = task_open(), watcher = task_open();

		ASSERT_EQ(0, task_bond(watcher, PARLEY_BOND_WATCH, task.id));
		ASSERT_EQ(0, task_bond(task, PARLEY_BOND_WATCH, watcher.id));
		closer_start(&closer, task);
		pthread_barrier_wait(&closer.barrier);
		ASSERT_EQ(0, close(watcher.fd));
		ASSERT_EQ(0, pthread_join(closer.thread, NULL));
	}
}

TEST_F(watch, one_worker_of_a_pool_gets_each)
{
	static struct pool pool;
	__s32 ids[100];

	pool_start(&pool, self->watcher);
	for (int i = 0; i < 100; i++) {
		struct task task = task_open();

		ids[i] = task.id;
		ASSERT_EQ(0, task_bond(self->watcher, PARLEY_BOND_WATCH, task.id));
		ASSERT_EQ(0, close(task.fd));
	}
	pool_stop(&pool);
	EXPECT_EQ(100, pool.count);
	for (int i = 0; i < 100; i++)
		EXPECT_EQ(1, pool_count(&pool, PARLEY_GLOBAL_EXCEPTION, 0, ids[i]));
	EXPECT_TRUE(hears_nothing(self->watcher));
}

TEST_HARNESS_MAIN
