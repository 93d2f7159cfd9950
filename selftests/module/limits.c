// SPDX-License-Identifier: GPL-2.0
/* Limits: what a user has too much of is refused to him, and to nobody else. */
#include "usage.h"
#include "rights.h"

#include <setjmp.h>

#define MAX	8
#define TRIES	3	/* too many */

/* Deeds: to take one more of something, and to give all back. */

static int fds[MAX * 2];

DEED(do_open, peer, n)
{
	fds[n] = open("/dev/parley", O_RDWR | O_CLOEXEC);
	return fds[n] < 0 ? -errno : 0;
}

/* The same by way of the bus. */
DEED(do_bus_open, peer, n)
{
	int bus = bus_of(me);

	CHECK(bus >= 0);
	fds[n] = bus_open(bus, 0);
	close(bus);
	return fds[n] < 0 ? fds[n] : 0;
}

DEED(do_close, peer, n)
{
	return close(fds[n]);
}

DEED(do_grant, peer, n)
{
	return bond(me, PARLEY_BOND_GRANT, peer);
}

DEED(do_revoke, peer, n)
{
	return unbond(me, PARLEY_BOND_GRANT, peer);
}

DEED(do_watch, peer, n)
{
	return bond(me, PARLEY_BOND_WATCH, peer);
}

DEED(do_unwatch, peer, n)
{
	return unbond(me, PARLEY_BOND_WATCH, peer);
}

DEED(do_link, peer, n)
{
	return bond(me, PARLEY_BOND_LINK, peer);
}

DEED(do_unlink, peer, n)
{
	return unbond(me, PARLEY_BOND_LINK, peer);
}

/* Threads in an operation each. */
static struct op ops[MAX * 2];

static __s32 op_stay(struct op *op)
{
	op_start(op);
	while (!op_done(op))
		if (atomic_load(&op->tid) &&
		    thread_waits(getpid(), atomic_load(&op->tid), SYS_ioctl))
			return 0;
	return op_join(op);
}

DEED(do_thread_call, peer, n)
{
	return op_stay(op_call(&ops[n], me, peer, 6, 8));
}

DEED(do_thread_send, peer, n)
{
	return op_stay(op_send(&ops[n], me, peer, 6, 8));
}

/* The server that doesn't answer is the test's; it does so only now. */
DEED(do_thread_join, peer, n)
{
	return op_join(&ops[n]);
}

/* Calls that a handler jumped out of: the kernel keeps them for our return. */
static sigjmp_buf back;

static void jump_handler(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

static __s32 op_run_or_jump(struct op *op)
{
	if (sigsetjmp(back, 1))
		return 0;
	CHECK(op_run(op));
	return op->ret;
}

struct kicker {
	pid_t tid;
	atomic_bool stop;
	pthread_t thread;
};

static void *kicker_thread(void *arg)
{
	struct kicker *self = arg;

	while (!atomic_load(&self->stop))
		if (thread_waits(getpid(), self->tid, SYS_ioctl)) {
			CHECK_EQ(0, syscall(SYS_tgkill, getpid(), self->tid, SIGUSR1));
			break;
		}
	return NULL;
}

DEED(do_leave_call, peer, n)
{
	static struct kicker kicker;
	struct sigaction action = { .sa_handler = jump_handler, .sa_flags = SA_RESTART };
	__s32 err;

	CHECK_EQ(0, sigaction(SIGUSR1, &action, NULL));
	kicker.tid = syscall(SYS_gettid);
	atomic_store(&kicker.stop, false);
	CHECK_EQ(0, pthread_create(&kicker.thread, NULL, kicker_thread, &kicker));
	err = op_run_or_jump(op_call(&ops[n], me, peer, 6, 8));
	atomic_store(&kicker.stop, true);
	CHECK_EQ(0, pthread_join(kicker.thread, NULL));
	return err;
}

DEED(do_cancel, peer, n)
{
	struct parley_cancel cancel = { .size = sizeof(cancel), .token = ops[n].arg.token };

	CHECK(cancel.token);
	return parley(me.fd, PARLEY_IOC_CANCEL, &cancel);
}

FIXTURE(limit)
{
	struct peer alice[2], bob;
	struct task targets[MAX];	/* root's, for everybody */
	__u64 hits;
};

FIXTURE_VARIANT(limit)
{
	const char *name;
	deed *take, *give;
	int own;		/* what an actor has from the start */
	int kept;		/* what its task keeps ready, having had some */
	unsigned long served;	/* operation that the target has to end first */
};

FIXTURE_VARIANT_ADD(limit, tasks) {
	.name = "tasks", .take = do_open, .give = do_close, .own = 1,
};

FIXTURE_VARIANT_ADD(limit, tasks_by_bus) {
	.name = "tasks", .take = do_bus_open, .give = do_close, .own = 1,
};

FIXTURE_VARIANT_ADD(limit, grants) {
	.name = "grants", .take = do_grant, .give = do_revoke,
};

FIXTURE_VARIANT_ADD(limit, watches) {
	.name = "watches", .take = do_watch, .give = do_unwatch,
};

FIXTURE_VARIANT_ADD(limit, links) {
	.name = "links", .take = do_link, .give = do_unlink,
};

FIXTURE_VARIANT_ADD(limit, calls) {
	.name = "messages", .take = do_thread_call, .give = do_thread_join,
	.kept = 1, .served = PARLEY_IOC_CALL,
};

FIXTURE_VARIANT_ADD(limit, sends) {
	.name = "messages", .take = do_thread_send, .give = do_thread_join,
	.kept = 1, .served = PARLEY_IOC_SEND,
};

FIXTURE_VARIANT_ADD(limit, interrupted_calls) {
	.name = "messages", .take = do_leave_call, .give = do_cancel, .kept = 1,
};

static struct task target_open(void)
{
	struct task target = task_open();

	CHECK_EQ(0, task_mode(target, 0666));
	return target;
}

FIXTURE_SETUP(limit)
{
	self->alice[0] = actor_start(&alice);
	self->alice[1] = actor_start(&alice);
	self->bob = actor_start(&bob);
	/* They aren't to inherit these, which couldn't die then. */
	for (int i = 0; i < MAX; i++)
		self->targets[i] = target_open();
	self->hits = usage_of(ALICE, variant->name).hits;
	max_set(variant->name, MAX);
}

FIXTURE_TEARDOWN(limit)
{
	actors_end();
	maxima_restore();
}

static __s32 take(struct _test_data_limit *self, const struct peer *who, deed *deed, int n)
{
	return actor_do(who, deed, self->targets[n % MAX].id, n);
}

/* Has @who reached the limit with exactly this many? */
static bool fill(struct _test_data_limit *self, const struct _fixture_variant_limit *variant,
		 const struct peer *who, int room)
{
	for (int n = 0; n < room; n++) {
		__s32 err = take(self, who, variant->take, n);

		if (!err)
			continue;
		fprintf(stderr, "# %s: %d of %d: %s\n", variant->name, n, room, strerror(-err));
		return false;
	}
	return true;
}

static void serve(struct task task, __s32 client, unsigned long served)
{
	struct op recv, reply;

	CHECK_EQ(0, op_run(op_recv(&recv, task, client)));
	if (served == PARLEY_IOC_CALL)
		CHECK_EQ(0, op_run(op_reply(&reply, task, recv.arg.token, 7, 8)));
}

static bool empty(struct _test_data_limit *self, const struct _fixture_variant_limit *variant,
		  const struct peer *who, int room)
{
	for (int n = 0; n < room; n++) {
		if (variant->served)
			serve(self->targets[n % MAX], who->id, variant->served);
		if (take(self, who, variant->give, n))
			return false;
	}
	return true;
}

TEST_F(limit, is_one_users)
{
	int room = MAX - 2 * variant->own;
	struct usage usage;

	ASSERT_TRUE(fill(self, variant, &self->alice[0], room));
	for (int i = 0; i < TRIES; i++) {
		EXPECT_EQ(-EDQUOT, take(self, &self->alice[0], variant->take, MAX + i));
		EXPECT_EQ(-EDQUOT, take(self, &self->alice[1], variant->take, MAX + i));
	}
	usage = usage_of(ALICE, variant->name);
	EXPECT_EQ((__u32)MAX, usage.used);
	EXPECT_EQ((__u32)MAX, usage.max);
	EXPECT_EQ(self->hits + 2 * TRIES, usage.hits);

	EXPECT_TRUE(fill(self, variant, &self->bob, room));
	EXPECT_EQ(0ULL, usage_of(BOB, variant->name).hits);
	EXPECT_TRUE(empty(self, variant, &self->bob, room));
}

TEST_F(limit, is_free_again)
{
	int room = MAX - 2 * variant->own;
	__u32 left = 2 * variant->own + variant->kept;

	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(fill(self, variant, &self->alice[0], room));
		ASSERT_EQ(-EDQUOT, take(self, &self->alice[0], variant->take, MAX));
		ASSERT_TRUE(empty(self, variant, &self->alice[0], room));
		ASSERT_EQ(left, usage_of(ALICE, variant->name).used);
	}
}

TEST_F(limit, is_free_again_after_death)
{
	int room = MAX - 2 * variant->own;

	ASSERT_TRUE(fill(self, variant, &self->alice[0], room));
	ASSERT_EQ(-EDQUOT, take(self, &self->alice[1], variant->take, MAX));
	peer_kill(&self->alice[0]);
	while (usage_of(ALICE, variant->name).used != (__u32)variant->own)
		sched_yield();
	EXPECT_TRUE(fill(self, variant, &self->alice[1], room + variant->own));
	EXPECT_EQ(-EDQUOT, take(self, &self->alice[1], variant->take, MAX));
}

/* Who has too much already keeps it. */
TEST_F(limit, can_be_lowered)
{
	int room = MAX - 2 * variant->own;

	ASSERT_TRUE(fill(self, variant, &self->alice[0], room));
	max_set(variant->name, MAX / 2);
	EXPECT_EQ(-EDQUOT, take(self, &self->alice[1], variant->take, MAX));
	EXPECT_EQ((__u32)MAX, usage_of(ALICE, variant->name).used);
	EXPECT_EQ((__u32)MAX / 2, usage_of(ALICE, variant->name).max);
	EXPECT_TRUE(empty(self, variant, &self->alice[0], room));
	EXPECT_EQ(0, take(self, &self->alice[1], variant->take, 0));
}

/* Bonds end with the peer, and count no more. */
TEST_F(limit, does_not_count_the_dead)
{
	if (variant->take != do_grant && variant->take != do_watch && variant->take != do_link)
		return;
	ASSERT_TRUE(fill(self, variant, &self->alice[0], MAX));
	close(self->targets[3].fd);
	self->targets[3] = target_open();
	if (variant->take == do_watch)
		CHECK_EQ(PARLEY_GLOBAL_EXCEPTION,
			 actor_do(&self->alice[0], do_take, PARLEY_ANY, 0));
	EXPECT_EQ(0, take(self, &self->alice[0], variant->take, 3));
	EXPECT_EQ(-EDQUOT, take(self, &self->alice[1], variant->take, 3));
}

TEST_HARNESS_MAIN
