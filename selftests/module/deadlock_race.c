// SPDX-License-Identifier: GPL-2.0
/*
 * EDEADLK in races: a cycle closed from all sides at once, thousands of times,
 * while its members are stopped, interrupted or looked at; and calls back so
 * soon after a reply that they almost are one.
 */
#include "ring.h"

#define ROUNDS		1000
#define CALLS		100000
#define PATIENCE	(30000 * MS)
#define DEBUG_PATIENCE	(10000 * MS)
#define NONE		1 /* no outcome yet */

/**
 * struct race - what the members of a cycle share
 * @members: how many they are
 * @start: they meet here before they call,
 * @end: and here after everything has been served
 * @id: their tasks
 * @outcome: of their calls
 * @until: when to stop at the latest
 * @rounds: done so far
 * @over: there are no more
 */
static struct race {
	int members;
	pthread_barrier_t start, end;
	atomic_int id[RING_MAX];
	atomic_int outcome[RING_MAX];
	__u64 until;
	int rounds;
	atomic_bool over;
} *race;

static int number;

static bool debug_kernel(void)
{
	return access("/sys/kernel/debug/kmemleak", F_OK) == 0;
}

/* A number of rounds takes an emulated debug kernel too long. */
static __u64 in_time(void)
{
	return now() + (debug_kernel() ? DEBUG_PATIENCE : PATIENCE);
}

static void barrier_init(pthread_barrier_t *barrier, int count)
{
	pthread_barrierattr_t shared;

	CHECK_EQ(0, pthread_barrierattr_init(&shared));
	CHECK_EQ(0, pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED));
	CHECK_EQ(0, pthread_barrier_init(barrier, &shared, count));
}

static void serve(struct task me, __s32 peer)
{
	struct op op;

	op_recv(&op, me, PARLEY_ANY)->arg.deadline = now() + PATIENCE;
	CHECK_EQ(0, op_run(&op));
	CHECK(op_got(&op, peer, REQUEST, LENGTH));
	CHECK_EQ(0, op_run(op_reply(&op, me, op.arg.token, ANSWER, LENGTH)));
}

/* Call the next one; the one before has a call for us, unless it is the closer. */
static void go_round(struct task me)
{
	int next = (number + 1) % race->members;
	int before = (number + race->members - 1) % race->members;
	struct op op;

	race->outcome[number] = NONE;
	pthread_barrier_wait(&race->start);
	op_run(op_call(&op, me, race->id[next], REQUEST, LENGTH));
	race->outcome[number] = op.ret;
	if (op.ret != -EDEADLK) {
		CHECK_EQ(0, op.ret);
		CHECK(op_got(&op, race->id[next], ANSWER, LENGTH));
	}
	if (race->outcome[before] != -EDEADLK)
		serve(me, race->id[before]);
	pthread_barrier_wait(&race->end);
}

static void handle_nothing(int sig)
{
	(void)sig;
}

static void go_rounds(int ctl, void *arg)
{
	struct sigaction action = { .sa_handler = handle_nothing, .sa_flags = SA_RESTART };
	struct task me = task_open();

	(void)arg;
	CHECK_EQ(0, sigaction(SIGUSR1, &action, NULL));
	race->id[number] = me.id;
	tell(ctl, me.id);
	CHECK_EQ(0, hear(ctl));
	while (!race->over) {
		int closers = 0;

		go_round(me);
		for (int i = 0; i < race->members; i++)
			closers += race->outcome[i] == -EDEADLK;
		if (!number)
			race->over = ++race->rounds == ROUNDS || now() > race->until;
		pthread_barrier_wait(&race->start);
		CHECK_EQ(1, closers);
	}
}

FIXTURE(race)
{
	struct peer peer[RING_MAX];
};

FIXTURE_VARIANT(race)
{
	int members;
};

FIXTURE_VARIANT_ADD(race, of_2) { .members = 2 };
FIXTURE_VARIANT_ADD(race, of_3) { .members = 3 };
FIXTURE_VARIANT_ADD(race, of_16) { .members = 16 };

FIXTURE_SETUP(race)
{
	race = ring_share(sizeof(*race));
	race->members = variant->members;
	race->until = in_time();
	barrier_init(&race->start, race->members);
	barrier_init(&race->end, race->members);
	for (number = 0; number < race->members; number++)
		self->peer[number] = peer_start(go_rounds, NULL);
	for (int i = 0; i < race->members; i++)
		tell(self->peer[i].ctl, 0);
}

FIXTURE_TEARDOWN(race)
{
	for (int i = 0; i < race->members; i++)
		EXPECT_EQ(0, peer_join(&self->peer[i]));
	TH_LOG("%d rounds", race->rounds);
}

TEST_F_TIMEOUT(race, exactly_one_is_told, 100)
{
}

/* Whoever is taken out of its call finds the cycle when it comes back. */
TEST_F_TIMEOUT(race, although_they_are_interrupted, 100)
{
	unsigned int seed = 1;

	while (!race->over) {
		pid_t pid = self->peer[rand_r(&seed) % race->members].pid;

		if (rand_r(&seed) % 2) {
			EXPECT_EQ(0, kill(pid, SIGUSR1));
			continue;
		}
		EXPECT_EQ(0, kill(pid, SIGSTOP));
		EXPECT_EQ(0, kill(pid, SIGCONT));
	}
}

/* Reading of a process in /proc borrows its memory, and is no thread of it. */
TEST_F_TIMEOUT(race, although_they_are_looked_at, 100)
{
	char line[256];

	while (!race->over) {
		for (int i = 0; i < race->members; i++) {
			pid_t pid = self->peer[i].pid;

			thread_read(pid, pid, "stat", line, sizeof(line));
			thread_read(pid, pid, "cmdline", line, sizeof(line));
		}
	}
}

/* Answers its parent, by whose message it is done with, and calls it at once. */
static void call_back(int ctl, void *arg)
{
	__s32 client = *(__s32 *)arg;
	struct task me = task_open();
	struct op op;

	tell(ctl, me.id);
	do {
		CHECK_EQ(0, op_run(op_recv(&op, me, PARLEY_ANY)));
		CHECK(op_got(&op, client, REQUEST, LENGTH));
		if (op.arg.token)
			CHECK_EQ(0, op_run(op_reply(&op, me, op.arg.token, ANSWER, LENGTH)));
		CHECK_EQ(0, op_run(op_call(&op, me, client, REQUEST, LENGTH)));
	} while (op.in.type == ANSWER);
}

FIXTURE(reply)
{
};

FIXTURE_SETUP(reply)
{
}

FIXTURE_TEARDOWN(reply)
{
}

TEST_F_TIMEOUT(reply, is_no_wait_any_more, 100)
{
	unsigned long i;
	__u64 end = in_time();
	struct task me = task_open();
	struct peer peer = peer_start(call_back, &me.id);
	struct op op;

	for (i = 1; i <= CALLS; i++) {
		bool last = i == CALLS || now() > end;

		if (i % 2) {
			ASSERT_EQ(0, op_run(op_call(&op, me, peer.id, REQUEST, LENGTH)));
			ASSERT_TRUE(op_got(&op, peer.id, ANSWER, LENGTH));
		} else {
			ASSERT_EQ(0, op_run(op_send(&op, me, peer.id, REQUEST, LENGTH)));
		}
		ASSERT_EQ(0, op_run(op_recv(&op, me, PARLEY_ANY)));
		ASSERT_TRUE(op_got(&op, peer.id, REQUEST, LENGTH));
		op_reply(&op, me, op.arg.token, last ? ANSWER + 1 : ANSWER, LENGTH);
		ASSERT_EQ(0, op_run(&op));
		if (last)
			break;
	}
	EXPECT_EQ(0, peer_join(&peer));
	TH_LOG("%lu calls", i);
}

TEST_HARNESS_MAIN
