// SPDX-License-Identifier: GPL-2.0
/*
 * What waits in a ring when the ring, its thread, its process or a task ends: nothing
 * is lost, and everybody is told.
 */
#include "uring.h"

#include <semaphore.h>

#define MANY	100
#define FEW	10
#define EXECED	"PARLEY_TEST_EXECED"

static struct op ops[MANY], plain[MANY];

FIXTURE(end)
{
	struct task me, other;
	struct uring uring;
	struct op op, reply;
};

FIXTURE_SETUP(end)
{
	self->me = task_open();
	self->other = task_open();
}

FIXTURE_TEARDOWN(end)
{
}

/* After exec: with everything but the memory. */
static void __attribute__((constructor)) execed(void)
{
	while (getenv(EXECED))
		pause();
}

static void prep_receives(struct uring *uring, struct task me)
{
	for (int i = 0; i < MANY; i++)
		uring_prep(uring, op_recv(&ops[i], me, PARLEY_ANY));
	uring_submit(uring);
}

static void prep_calls(struct uring *uring, struct task me, __s32 peer)
{
	for (int i = 0; i < MANY; i++)
		uring_prep(uring, op_call(&ops[i], me, peer, i, 8));
	uring_submit(uring);
}

/* Does a plain receive get each of the messages that are waiting, exactly once? */
static bool receives_all(struct task me, __s32 src, int len)
{
	static int seen[MANY];
	struct op op;

	for (int i = 0; i < len; i++) {
		if (receive(&op, me) || op.in.src != src || op.in.type >= len ||
		    seen[op.in.type]++) {
			fprintf(stderr, "# %d of %d: returned %d, type %d\n", i, len, op.ret,
				op.in.type);
			return false;
		}
	}
	return hears_nothing(me);
}

/* Is the server told of each of these, in any order? It may get more and be told of them. */
static bool told_of_all(struct task server, __s32 client, const __u64 *tokens, int len)
{
	static int seen[MANY];
	int told = 0;
	struct op op;

	while (told < len) {
		struct parley_global_cancelled body;

		if (receive(&op, server)) {
			fprintf(stderr, "# told of %d of %d\n", told, len);
			return false;
		}
		if (op.in.src == client || op_bits(&op) >= 0)
			continue;
		memcpy(&body, op.in.payload, sizeof(body));
		if (!op_got_cancelled(&op, body.token))
			return false;
		for (int i = 0; i < len; i++)
			if (tokens[i] == body.token) {
				CHECK_EQ(1, ++seen[i]);
				told++;
			}
	}
	return true;
}

TEST_F(end, ring_with_receives_is_closed)
{
	if (!waits_async(self->me))
		SKIP(return, OLD);
	uring_open(&self->uring, MANY, 0);
	prep_receives(&self->uring, self->me);
	uring_close(&self->uring);
	op_start(op_send(&self->op, self->other, self->me.id, 0, 8));
	EXPECT_TRUE(receives_all(self->me, self->other.id, 1));
	EXPECT_EQ(0, op_join(&self->op));
}

/* What has been given to receives that nobody lets complete goes to others. */
TEST_F(end, ring_with_messages_in_hand_is_closed)
{
	if (!waits_async(self->me))
		SKIP(return, OLD);
	uring_open(&self->uring, MANY, IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER);
	prep_receives(&self->uring, self->me);
	for (int i = 0; i < FEW; i++)
		op_park(op_send(&plain[i], self->other, self->me.id, i, 8));
	uring_close(&self->uring);
	EXPECT_TRUE(receives_all(self->me, self->other.id, FEW));
	for (int i = 0; i < FEW; i++)
		EXPECT_EQ(0, op_join(&plain[i]));
}

/* Half of the calls are in the server's hands then. */
TEST_F(end, ring_with_calls_is_closed)
{
	__u64 tokens[MANY / 2];

	if (!waits_async(self->me))
		SKIP(return, OLD);
	uring_open(&self->uring, MANY, 0);
	prep_calls(&self->uring, self->me, self->other.id);
	for (int i = 0; i < MANY / 2; i++) {
		ASSERT_EQ(0, receive(&self->op, self->other));
		tokens[i] = self->op.arg.token;
	}
	uring_close(&self->uring);
	EXPECT_TRUE(told_of_all(self->other, self->me.id, tokens, MANY / 2));
	for (int i = 0; i < MANY / 2; i++) {
		op_reply(&self->reply, self->other, tokens[i], 1, 8);
		ASSERT_EQ(-ENOENT, op_run(&self->reply));
	}
}

struct threaded {
	struct task me;
	unsigned int flags;
	struct uring uring;
	sem_t go;
	atomic_bool ready;
};

/* Leaves the ring open, and its receives waiting. */
static void *thread_that_ends(void *arg)
{
	struct threaded *threaded = arg;

	uring_open(&threaded->uring, MANY, threaded->flags);
	prep_receives(&threaded->uring, threaded->me);
	atomic_store(&threaded->ready, true);
	while (sem_wait(&threaded->go))
		;
	return NULL;
}

TEST_F(end, thread_ends)
{
	static const unsigned int flags[] = {
		0, IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER,
	};
	struct threaded threaded = { .me = self->me };
	pthread_t thread;

	if (!waits_async(self->me))
		SKIP(return, OLD);
	ASSERT_EQ(0, sem_init(&threaded.go, false, 0));
	for (int round = 0; round < 2; round++) {
		struct task me = task_open();

		threaded.me = me;
		threaded.flags = flags[round];
		threaded.ready = false;
		ASSERT_EQ(0, pthread_create(&thread, NULL, thread_that_ends, &threaded));
		while (!threaded.ready)
			sched_yield();
		/* Given to it, but with the second ring not completed until that is closed. */
		for (int i = 0; round && i < FEW; i++)
			op_park(op_send(&plain[i], self->other, me.id, i, 8));
		ASSERT_EQ(0, sem_post(&threaded.go));
		ASSERT_EQ(0, pthread_join(thread, NULL));
		if (round)
			uring_close(&threaded.uring);
		for (int i = 0; !round && i < FEW; i++)
			op_start(op_send(&plain[i], self->other, me.id, i, 8));
		for (int i = 0; i < FEW; i++)
			ASSERT_EQ(0, receive(&ops[i], me));
		for (int i = 0; i < FEW; i++)
			EXPECT_EQ(0, op_join(&plain[i]));
		EXPECT_TRUE(hears_nothing(me));
	}
}

/* A process with half its operations one way and half the other. */
struct life {
	__s32 server;
	void (*end)(int ctl);
};

static void end_by_exit(int ctl)
{
	hear(ctl);
	_exit(KSFT_PASS);
}

static void end_by_kill(int ctl)
{
	hear(ctl);
	kill(getpid(), SIGKILL);
}

static void end_by_exec(int ctl)
{
	hear(ctl);
	CHECK_EQ(0, setenv(EXECED, "1", 1));
	execl("/proc/self/exe", "execed", NULL);
	CHECK_EQ(0, errno);
}

static void live(int ctl, void *arg)
{
	const struct life *life = arg;
	struct task me = task_open();
	struct uring uring;

	/* Not closed by exec, so that it is the memory's end that counts. */
	CHECK_EQ(0, fcntl(me.fd, F_SETFD, 0));
	uring_open(&uring, MANY, IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER);
	CHECK_EQ(0, fcntl(uring.ring.ring_fd, F_SETFD, 0));
	for (int i = 0; i < MANY; i++) {
		if (i & 1)
			op_recv(&ops[i], me, PARLEY_ANY);
		else
			op_call(&ops[i], me, life->server, i, 8);
		uring_prep(&uring, &ops[i]);
	}
	uring_submit(&uring);
	tell(ctl, me.id);
	life->end(ctl);
}

FIXTURE(life)
{
	struct task server;
	struct uring uring;
	struct op op;
};

FIXTURE_VARIANT(life)
{
	void (*end)(int ctl);
	bool goes_on;
};

FIXTURE_VARIANT_ADD(life, exits) {
	.end = end_by_exit,
};

FIXTURE_VARIANT_ADD(life, killed) {
	.end = end_by_kill,
};

FIXTURE_VARIANT_ADD(life, executes) {
	.end = end_by_exec, .goes_on = true,
};

FIXTURE_SETUP(life)
{
	self->server = task_open();
	uring_open(&self->uring, MANY, 0);
}

FIXTURE_TEARDOWN(life)
{
	uring_close(&self->uring);
}

TEST_F(life, ends)
{
	struct life life = { self->server.id, variant->end };
	__u64 tokens[MANY / 4];
	struct task callers;
	struct peer peer;

	if (!waits_async(self->server))
		SKIP(return, OLD);
	peer = peer_start(live, &life);
	callers = task_open();
	for (int i = 0; i < MANY / 4; i++) {
		ASSERT_EQ(0, receive(&self->op, self->server));
		tokens[i] = self->op.arg.token;
	}
	/* More than it has receives for; nobody has let those complete. */
	for (int i = 0; i < MANY; i++)
		uring_prep(&self->uring, op_call(&plain[i], callers, peer.id, i, 8));
	uring_submit(&self->uring);
	EXPECT_TRUE(uring_waits(&self->uring, &plain[0]));
	EXPECT_TRUE(uring_waits(&self->uring, &plain[MANY - 1]));
	tell(peer.ctl, 0);
	for (int i = 0; i < MANY; i++) {
		uring_join(&self->uring, &plain[i]);
		EXPECT_TRUE(plain[i].ret == -ENOTCONN ||
			    (plain[i].ret == -ECONNRESET && i < MANY / 2)) {
			TH_LOG("call %d: %d", i, plain[i].ret);
		}
	}
	EXPECT_TRUE(told_of_all(self->server, peer.id, tokens, MANY / 4));
	op_call(&self->op, self->server, peer.id, 1, 8);
	EXPECT_EQ(-ENOTCONN, op_run(&self->op));
	if (variant->goes_on)
		peer_kill(&peer);
	else
		peer_join(&peer);
}

/* A process whose child keeps the ring: with two calls, of which one is due. */
static void die_with_a_call_due(int ctl, void *arg)
{
	const struct task *server = arg;
	struct task me = task_open();
	struct uring uring;
	pid_t child;

	uring_open(&uring, FEW, IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER);
	uring_prep(&uring, op_call(&ops[0], me, server->id, 1, 8));
	uring_prep(&uring, op_call(&ops[1], me, server->id, 2, 8));
	ops[1].arg.deadline = now() + 200 * MS;
	uring_submit(&uring);
	close(me.fd);
	child = fork();
	CHECK(child >= 0);
	while (!child)
		pause();
	usleep(300000);
	tell(ctl, me.id);
	tell(ctl, child);
}

/* They go with the task, not with the ring. */
TEST_F(end, of_the_process_alone)
{
	struct peer process, child;
	__u64 tokens[2];

	if (!waits_async(self->me))
		SKIP(return, OLD);
	process = child_start(die_with_a_call_due, &self->other);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, receive(&self->op, self->other));
		tokens[i] = self->op.arg.token;
	}
	process.id = hear(process.ctl);
	child.pid = hear(process.ctl);
	EXPECT_EQ(0, peer_join(&process));
	EXPECT_TRUE(told_of_all(self->other, process.id, tokens, 2));
	for (int i = 0; i < 2; i++) {
		op_reply(&self->reply, self->other, tokens[i], 1, 8);
		EXPECT_EQ(-ENOENT, op_run(&self->reply));
	}
	EXPECT_EQ(0, kill(child.pid, SIGKILL));
}

/* A child has the ring, but not the task. */
static void submit_in_vain(int ctl, void *arg)
{
	struct _test_data_end *parents = arg;

	(void)ctl;
	CHECK_EQ(-ESTALE, uring_run(&parents->uring, op_recv(&ops[0], parents->me, PARLEY_ANY)));
	op_call(&ops[0], parents->me, parents->other.id, 1, 8);
	CHECK_EQ(-ESTALE, uring_run(&parents->uring, &ops[0]));
	op_reply(&ops[0], parents->me, 1, 1, 8);
	CHECK_EQ(-ESTALE, uring_run(&parents->uring, &ops[0]));
	if (waits_async(task_open()))
		CHECK_EQ(-ESTALE, uring_cancel(&parents->uring, &parents->op));
}

TEST_F(end, fork)
{
	struct peer child;

	uring_open(&self->uring, MANY, 0);
	uring_start(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY));
	child = child_start(submit_in_vain, self);
	ASSERT_EQ(0, peer_join(&child));
	EXPECT_TRUE(uring_waits(&self->uring, &self->op));
	op_start(op_send(&plain[0], self->other, self->me.id, 1, 8));
	EXPECT_EQ(0, uring_join(&self->uring, &self->op));
	EXPECT_EQ(0, op_join(&plain[0]));
	uring_close(&self->uring);
}

static void *closer_thread(void *arg)
{
	const struct task *task = arg;

	CHECK_EQ(0, close(task->fd));
	return NULL;
}

/* As with any operation, a close() elsewhere doesn't cut it off; it is the last. */
TEST_F(end, task_is_closed)
{
	pthread_t thread;

	uring_open(&self->uring, MANY, 0);
	uring_start(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY));
	EXPECT_TRUE(uring_waits(&self->uring, &self->op));
	ASSERT_EQ(0, pthread_create(&thread, NULL, closer_thread, &self->me));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	op_start(op_send(&plain[0], self->other, self->me.id, 1, 8));
	ASSERT_EQ(0, uring_join(&self->uring, &self->op));
	EXPECT_TRUE(op_got(&self->op, self->other.id, 1, 8));
	EXPECT_EQ(0, op_join(&plain[0]));
	op_send(&plain[0], self->other, self->me.id, 1, 8)->arg.deadline = now() + LATE;
	EXPECT_EQ(-ENOTCONN, op_run(&plain[0]));
	uring_close(&self->uring);
}

TEST_HARNESS_MAIN
