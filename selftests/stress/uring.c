// SPDX-License-Identifier: GPL-2.0
/*
 * Threads with rings call and serve each other, cancel at random, and their processes
 * die at any moment: every operation completes once, with what was meant for it, and
 * nothing of the dead stays behind.
 */
#include "../module/uring.h"
#include "census.h"

#define PROCESSES	5
#define THREADS		2
#define DEPTH		6	/* of receives, and of calls, in each ring */
#define SECONDS		20
#define SECONDS_LONG	300
#define TIMEOUT		900
#define PAUSE_US	100000
#define DEADLINE_MS	50
#define BYTES		24

static struct shared {
	_Atomic int tasks[PROCESSES];
	atomic_ulong answered, failed, served, cancelled, kills;
	atomic_bool wrong;
} *shared;

#define WRONG(format, ...) do {			\
	atomic_store(&shared->wrong, true);	\
	give_up(format, ##__VA_ARGS__);		\
} while (0)

/* A thread, with a ring and what is under way in it. */
struct hand {
	struct task me;
	bool async;
	__u64 seed;
	__s32 type;
	struct uring uring;
	struct op receives[DEPTH], calls[DEPTH], cancel;
};

static unsigned int draw(struct hand *hand, unsigned int below)
{
	hand->seed = hand->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (hand->seed >> 33) % below;
}

static void start_call(struct hand *hand, struct op *call)
{
	__s32 peer = shared->tasks[draw(hand, PROCESSES)];

	hand->type = (hand->type + 2) & INT_MAX;
	op_call(call, hand->me, peer, hand->type, BYTES);
	call->arg.deadline = now() + (1 + draw(hand, DEADLINE_MS)) * MS;
	uring_start(&hand->uring, call);
}

static void start_receive(struct hand *hand, struct op *receive)
{
	uring_start(&hand->uring, op_recv(receive, hand->me, PARLEY_ANY));
}

static bool was_cancelled(const struct hand *hand, const struct op *op)
{
	if (op->ret != -ECANCELED && (op->ret != -EINTR || hand->async))
		return false;
	atomic_fetch_add(&shared->cancelled, 1);
	return true;
}

/* A process that has just begun has no id yet, or none any more. */
static void end_call(struct hand *hand, struct op *call)
{
	switch (call->ret) {
	case 0:
		if (!op_got(call, call->arg.peer, call->out.type ^ 1, BYTES))
			WRONG("not the answer to this call");
		atomic_fetch_add(&shared->answered, 1);
		break;
	case -ENOTCONN: case -ECONNRESET: case -ETIMEDOUT:
		atomic_fetch_add(&shared->failed, 1);
		break;
	default:
		if (!was_cancelled(hand, call))
			WRONG("call: %d", call->ret);
	}
	start_call(hand, call);
}

/* Some requests are not answered: their deadlines end them. */
static void end_receive(struct hand *hand, struct op *receive)
{
	__u64 token = receive->arg.token;
	__s32 type = receive->in.type;

	if (receive->ret && !was_cancelled(hand, receive))
		WRONG("receive: %d", receive->ret);
	if (receive->ret || receive->in.src == PARLEY_TASK_KERNEL || !draw(hand, 16)) {
		start_receive(hand, receive);
		return;
	}
	if (!token || !op_got(receive, receive->in.src, type, BYTES))
		WRONG("not a request");
	atomic_fetch_add(&shared->served, 1);
	op_replyrecv(receive, hand->me, token, type ^ 1, BYTES);
	uring_start(&hand->uring, receive);
}

static void start_cancel(struct hand *hand)
{
	struct op *ops = draw(hand, 2) ? hand->receives : hand->calls;
	struct op *victim = &ops[draw(hand, DEPTH)];
	struct io_uring_sqe *sqe;

	sqe = uring_prep(&hand->uring, op_cancel(&hand->cancel, victim));
	if (!hand->async) {
		io_uring_prep_cancel(sqe, victim, 0);
		io_uring_sqe_set_data(sqe, &hand->cancel);
	}
	uring_submit(&hand->uring);
}

static void end_cancel(const struct hand *hand)
{
	int ret = hand->cancel.ret;

	if (ret && ret != -ENOENT && (ret != -EALREADY || hand->async))
		WRONG("cancel: %d", ret);
}

static void *work(void *arg)
{
	unsigned int workers[2] = { 2 * DEPTH + 2, 0 };
	struct hand *hand = arg;

	uring_open(&hand->uring, 4 * DEPTH, 0);
	CHECK_EQ(0, io_uring_register_iowq_max_workers(&hand->uring.ring, workers));
	hand->cancel.done = 1;
	for (int i = 0; i < DEPTH; i++) {
		start_receive(hand, &hand->receives[i]);
		start_call(hand, &hand->calls[i]);
	}
	for (;;) {
		struct op *op = uring_reap_within(&hand->uring, LATE);

		if (!op)
			WRONG("nothing completes, in spite of deadlines");
		if (op == &hand->cancel)
			end_cancel(hand);
		else if (op->cmd == PARLEY_IOC_CALL)
			end_call(hand, op);
		else
			end_receive(hand, op);
		if (hand->cancel.done && !draw(hand, 8))
			start_cancel(hand);
	}
	return NULL;
}

static void live(int number)
{
	static struct hand hands[THREADS];
	struct task me = task_open();
	pthread_t thread;

	for (int i = 0; i < THREADS; i++) {
		hands[i].me = me;
		hands[i].async = waits_async(me);
		hands[i].seed = now() ^ (number * THREADS + i);
		CHECK_EQ(0, pthread_create(&thread, NULL, work, &hands[i]));
	}
	shared->tasks[number] = me.id;
	pause();
	_exit(KSFT_FAIL);
}

static pid_t start(int number)
{
	pid_t pid = spawn();

	if (!pid)
		live(number);
	return pid;
}

FIXTURE(storm) {
	struct census before;
};

FIXTURE_SETUP(storm)
{
	shared = share(sizeof(*shared));
	ASSERT_NE(NULL, shared);
	for (int i = 0; i < PROCESSES; i++)
		shared->tasks[i] = dead_id();
	ASSERT_TRUE(census_take(&self->before));
}

FIXTURE_TEARDOWN(storm)
{
	EXPECT_TRUE(census_returns(&self->before));
}

TEST_F_TIMEOUT(storm, killed_at_any_moment, TIMEOUT)
{
	__u64 end = now() + (long_run() ? SECONDS_LONG : SECONDS) * 1000 * MS;
	pid_t pids[PROCESSES];

	for (int i = 0; i < PROCESSES; i++)
		pids[i] = start(i);
	while (now() < end && !shared->wrong) {
		int i = rand() % PROCESSES;

		usleep(rand() % PAUSE_US);
		kill(pids[i], SIGKILL);
		/* One that has ended by itself has found something wrong, and said so. */
		if (reap(pids[i]) != -SIGKILL)
			shared->wrong = true;
		pids[i] = start(i);
		shared->kills++;
	}
	for (int i = 0; i < PROCESSES; i++)
		kill_and_reap(pids[i]);
	TH_LOG("%lu answered, %lu failed, %lu served, %lu cancelled, %lu kills", shared->answered,
	       shared->failed, shared->served, shared->cancelled, shared->kills);
	EXPECT_FALSE(shared->wrong);
	EXPECT_GT(shared->answered, 0);
	EXPECT_GT(shared->cancelled, 0);
	EXPECT_GT(shared->kills, 0);
}

TEST_HARNESS_MAIN
