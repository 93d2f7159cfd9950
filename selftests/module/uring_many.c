// SPDX-License-Identifier: GPL-2.0
/* Very many operations that wait in a ring: without threads, and within limits. */
#include "uring.h"
#include "usage.h"

#define MANY	1000
#define TASKS	50
#define MAX	8

static struct op ops[MANY], plain[MANY];

FIXTURE(many)
{
	struct task me, other, tasks[TASKS];
	struct uring uring;
	int threads;
	struct op op;
};

FIXTURE_SETUP(many)
{
	self->me = task_open();
	self->other = task_open();
	for (int i = 0; i < TASKS; i++)
		self->tasks[i] = task_open();
	uring_open(&self->uring, 1024, 0);
	self->threads = threads();
	max_set("messages", 4 * MANY);
}

FIXTURE_TEARDOWN(many)
{
	uring_close(&self->uring);
	maxima_restore();
}

/* As many as before? One that has been joined may be on its way out. */
static bool threads_are(int before)
{
	__u64 end = now() + 1000 * MS;

	while (threads() != before && now() < end)
		sched_yield();
	return threads() == before;
}

struct sender {
	struct task me;
	struct task *to;	/* TASKS, or one */
	int to_len;
};

/* Types tell the messages apart. */
static void *sender_thread(void *arg)
{
	struct sender *sender = arg;
	struct op send;

	for (int i = 0; i < MANY; i++) {
		op_send(&send, sender->me, sender->to[i % sender->to_len].id, i, 8);
		CHECK_EQ(0, op_run(&send));
	}
	return NULL;
}

/* Do all receives get a message each, each another one, and of their task? */
static bool all_receive(struct uring *uring, struct sender *sender)
{
	static int seen[MANY];
	pthread_t thread;

	CHECK_EQ(0, pthread_create(&thread, NULL, sender_thread, sender));
	for (int i = 0; i < MANY; i++) {
		struct op *op = uring_reap(uring);
		__s32 type = op->in.type;

		if (op->ret || !op_got(op, sender->me.id, type, 8) || type < 0 || type >= MANY ||
		    seen[type]++ || op->fd != sender->to[type % sender->to_len].fd) {
			fprintf(stderr, "# receive %td: %d, type %d\n", op - ops, op->ret, type);
			return false;
		}
	}
	CHECK_EQ(0, pthread_join(thread, NULL));
	return true;
}

TEST_F(many, receives_on_one_task)
{
	struct sender sender = { self->other, &self->me, 1 };

	if (!waits_async(self->me))
		SKIP(return, OLD);
	for (int i = 0; i < MANY; i++)
		uring_prep(&self->uring, op_recv(&ops[i], self->me, PARLEY_ANY));
	uring_submit(&self->uring);
	EXPECT_EQ(self->threads, threads());
	EXPECT_TRUE(all_receive(&self->uring, &sender));
	EXPECT_TRUE(hears_nothing(self->me));
	EXPECT_TRUE(threads_are(self->threads));
}

TEST_F(many, receives_on_many_tasks)
{
	struct sender sender = { self->other, self->tasks, TASKS };

	if (!waits_async(self->me))
		SKIP(return, OLD);
	for (int i = 0; i < MANY; i++)
		uring_prep(&self->uring, op_recv(&ops[i], self->tasks[i % TASKS], PARLEY_ANY));
	uring_submit(&self->uring);
	EXPECT_EQ(self->threads, threads());
	EXPECT_TRUE(all_receive(&self->uring, &sender));
}

TEST_F(many, receives_from_one)
{
	struct sender sender = { self->other, self->tasks, TASKS };

	if (!waits_async(self->me))
		SKIP(return, OLD);
	for (int i = 0; i < MANY; i++)
		uring_prep(&self->uring, op_recv(&ops[i], self->tasks[i % TASKS], self->other.id));
	uring_submit(&self->uring);
	/* Not theirs. */
	op_send(&self->op, self->me, self->tasks[0].id, 1, 8)->arg.flags = PARLEY_NONBLOCK;
	EXPECT_EQ(-EAGAIN, op_run(&self->op));
	EXPECT_EQ(self->threads, threads());
	EXPECT_TRUE(all_receive(&self->uring, &sender));
}

/* All of them end with the one they hear. */
TEST_F(many, receives_from_one_that_dies)
{
	if (!waits_async(self->me))
		SKIP(return, OLD);
	for (int i = 0; i < MANY; i++)
		uring_prep(&self->uring, op_recv(&ops[i], self->tasks[i % TASKS], self->other.id));
	uring_submit(&self->uring);
	ASSERT_EQ(0, close(self->other.fd));
	for (int i = 0; i < MANY; i++)
		ASSERT_EQ(-ENOTCONN, uring_reap(&self->uring)->ret);
}

static void shuffle(int *order, int len)
{
	for (int i = 0; i < len; i++) {
		int with = rand() % (i + 1);

		order[i] = order[with];
		order[with] = i;
	}
}

TEST_F(many, calls_answered_in_any_order)
{
	static int order[MANY];

	if (!waits_async(self->me))
		SKIP(return, OLD);
	for (int i = 0; i < MANY; i++)
		uring_prep(&self->uring, op_call(&ops[i], self->tasks[i % TASKS], self->other.id,
						 2 * i, 8));
	uring_submit(&self->uring);
	EXPECT_EQ(self->threads, threads());
	for (int i = 0; i < MANY; i++) {
		ASSERT_EQ(0, op_run(op_poll(&plain[i], self->other, PARLEY_ANY)));
		ASSERT_TRUE(op_got(&plain[i], self->tasks[i % TASKS].id, 2 * i, 8));
	}
	shuffle(order, MANY);
	for (int i = 0; i < MANY; i++) {
		op_reply(&self->op, self->other, plain[order[i]].arg.token, 2 * order[i] + 1, 8);
		ASSERT_EQ(0, op_run(&self->op));
	}
	for (int i = 0; i < MANY; i++) {
		struct op *op = uring_reap(&self->uring);

		ASSERT_EQ(0, op->ret);
		ASSERT_TRUE(op_got(op, self->other.id, 2 * (op - ops) + 1, 8));
	}
}

/* A server that has its requests by the ring, and answers them by it as well. */
TEST_F(many, replies_and_receives)
{
	if (!waits_async(self->me))
		SKIP(return, OLD);
	for (int i = 0; i < MANY / 2; i++)
		uring_prep(&self->uring, op_recv(&plain[i], self->me, PARLEY_ANY));
	uring_submit(&self->uring);
	for (int i = 0; i < MANY / 2; i++)
		uring_prep(&self->uring, op_call(&ops[i], self->other, self->me.id, 2 * i, 8));
	uring_submit(&self->uring);
	for (int i = 0; i < MANY / 2; i++) {
		ASSERT_EQ(0, uring_join(&self->uring, &plain[i]));
		op_replyrecv(&plain[i], self->me, plain[i].arg.token, plain[i].in.type + 1, 8);
		uring_start(&self->uring, &plain[i]);
	}
	for (int i = 0; i < MANY / 2; i++) {
		ASSERT_EQ(0, uring_join(&self->uring, &ops[i]));
		ASSERT_TRUE(op_got(&ops[i], self->me.id, 2 * i + 1, 8));
		ASSERT_EQ(0, plain[i].done);
	}
	EXPECT_EQ(self->threads, threads());
	for (int i = 0; i < MANY / 2; i++)
		ASSERT_TRUE(uring_cancels(&self->uring, &plain[i]));
}

TEST_F(many, deadlines)
{
	__u64 end = now() + 500 * MS;

	if (!waits_async(self->me))
		SKIP(return, OLD);
	for (int i = 0; i < MANY; i++) {
		if (i & 1)
			op_recv(&ops[i], self->me, PARLEY_ANY);
		else
			op_call(&ops[i], self->me, self->other.id, i, 8);
		ops[i].arg.deadline = end + rand() % (50 * MS);
		uring_prep(&self->uring, &ops[i]);
	}
	uring_submit(&self->uring);
	for (int i = 0; i < MANY; i++)
		ASSERT_EQ(-ETIMEDOUT, uring_reap(&self->uring)->ret);
	EXPECT_LE(end, now());
	EXPECT_GT(end + LATE / 4, now());
	EXPECT_TRUE(hears_nothing(self->other));
}

/* What waits counts, receives too, and no more when it has ended. */
static void use_all_up(int ctl, void *arg)
{
	struct task me, other;
	struct uring uring;
	struct op send;
	int fill;

	(void)arg;
	become(STRANGER);
	me = task_open();
	other = task_open();
	uring_open(&uring, 64, 0);
	for (int round = 0; round < 3; round++) {
		for (fill = 0; fill <= MAX; fill++) {
			uring_start(&uring, op_recv(&ops[fill], me, PARLEY_ANY));
			uring_poll(&uring);
			if (ops[fill].done)
				break;
		}
		CHECK(fill > MAX / 2 && fill <= MAX);
		CHECK_EQ(-EDQUOT, ops[fill].ret);
		CHECK_EQ(-EDQUOT, uring_run(&uring, op_recv(&ops[MAX + 1], me, other.id)));
		op_call(&ops[MAX + 1], me, other.id, 1, 8);
		CHECK_EQ(-EDQUOT, uring_run(&uring, &ops[MAX + 1]));
		for (int i = 0; i < fill; i++)
			CHECK(uring_cancels(&uring, &ops[i]));
	}
	op_send(&send, me, other.id, 1, 8)->arg.deadline = now() + SHORT;
	CHECK_EQ(-ETIMEDOUT, uring_run(&uring, &send));
	uring_start(&uring, op_recv(&ops[0], me, PARLEY_ANY));
	tell(ctl, 0);
	hear(ctl);
}

TEST_F(many, user_has_so_many)
{
	struct peer child;

	if (!waits_async(self->me))
		SKIP(return, OLD);
	max_set("messages", MAX);
	child = child_start(use_all_up, NULL);
	hear(child.ctl);
	EXPECT_LT(0U, usage_of(STRANGER, "messages").used);
	EXPECT_GE(3U, usage_of(STRANGER, "messages").used);
	peer_kill(&child);
	while (usage_of(STRANGER, "messages").used)
		sched_yield();
}

/* What needn't wait needs no room. */
static void do_at_once(int ctl, void *arg)
{
	struct task me, other;
	struct uring uring;
	struct op call;
	__u64 token;

	(void)arg;
	become(STRANGER);
	me = task_open();
	other = task_open();
	uring_open(&uring, 64, 0);
	op_start(op_call(&call, me, other.id, 1, 8));
	CHECK_EQ(0, uring_run(&uring, op_recv(&ops[0], other, PARLEY_ANY)));
	token = ops[0].arg.token;
	for (int fill = 0; fill <= MAX && !ops[fill].ret; fill++) {
		uring_start(&uring, op_recv(&ops[fill], me, PARLEY_ANY));
		uring_poll(&uring);
	}
	/* Also if it wouldn't wait; nothing is lost. */
	CHECK_EQ(0, task_notify(other, other.id, 0x10));
	CHECK_EQ(-EDQUOT, uring_run(&uring, op_recv(&ops[MAX + 1], other, PARLEY_ANY)));
	CHECK_EQ(0, op_run(op_recv(&ops[MAX + 1], other, PARLEY_ANY)));
	CHECK(op_got_bits(&ops[MAX + 1], 0x10));
	CHECK_EQ(0, uring_run(&uring, op_reply(&ops[MAX + 1], other, token, 2, 8)));
	CHECK_EQ(0, op_join(&call));
	tell(ctl, 0);
}

TEST_F(many, user_has_no_room_for_what_waits)
{
	struct peer child;

	if (!waits_async(self->me))
		SKIP(return, OLD);
	max_set("messages", MAX);
	child = child_start(do_at_once, NULL);
	EXPECT_EQ(0, peer_join(&child));
}

TEST_HARNESS_MAIN
