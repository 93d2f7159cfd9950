// SPDX-License-Identifier: GPL-2.0
/*
 * Many messages to be fetched, between processes: each arrives once and in
 * order, or its sender is dead.
 */
#include <kselftest_harness.h>

#include <limits.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "fetch.h"

#define MANY		100000
#define SENDERS		4
#define RECEIVERS	4
#define WORKERS		3

/* KASAN, lockdep and the like take five times as long, or longer. */
static unsigned int many(void)
{
	if (access("/sys/kernel/debug/kmemleak", F_OK))
		return MANY;
	return getenv("PARLEY_LONG") ? MANY / 5 : MANY / 20;
}

/* What the processes of a test tell each other; ids are 0 until known. */
struct board {
	volatile ipc_task_t senders[SENDERS];
	volatile ipc_task_t receivers[RECEIVERS];
	pthread_barrier_t all_known;
};

static struct board *board_new(unsigned int processes)
{
	struct board *board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t shared;

	if (board == MAP_FAILED)
		abort();
	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&board->all_known, &shared, processes);
	return board;
}

static void must(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "# %s: %s\n", what, strerror(-err));
	_exit(1);
}

static pid_t spawn(void)
{
	pid_t pid = fork();

	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static int reap(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid ? status : -1;
}

/* A process that sends @count messages to each receiver, and hands them out. */
static void send_all(struct board *board, int me, int receivers, unsigned int count)
{
	board->senders[me] = ipc_self();
	pthread_barrier_wait(&board->all_known);
	for (unsigned int n = 0; n < count; n++)
		for (int i = 0; i < receivers; i++)
			must(send_patiently(board->receivers[i], n), "send");
	must(serve(), "serve");
	_exit(0);
}

static int which(const volatile ipc_task_t *ids, int count, ipc_task_t id)
{
	int i = 0;

	while (i < count && ids[i] != id)
		i++;
	return i;
}

/* Fetches all that @sender has; @n is the next one's number. */
static int fetch_all(ipc_task_t sender, unsigned int *n)
{
	int err;

	while (!(err = async_recv(sender, *n, LIBIPC_FOREVER)))
		++*n;
	return err;
}

/* A process that is told whom to fetch from, until it has all. */
static void receive_all(struct board *board, int me, int senders, unsigned int count)
{
	unsigned int next[SENDERS] = { 0 }, left = senders;
	ipc_task_t peers[LIBIPC_ASYNC_PEERS];
	struct ipc_msg msg;
	ipc_token_t token;

	board->receivers[me] = ipc_self();
	pthread_barrier_wait(&board->all_known);
	while (left) {
		size_t told;

		must(ipc_recv(LIBIPC_TASK_KERNEL, &msg, NULL, &token, LIBIPC_FOREVER), "recv");
		told = ipc_async_peers(&msg, peers);
		for (size_t i = 0; i < told; i++) {
			int s = which(board->senders, senders, peers[i]);
			unsigned int before;

			if (s == senders)
				must(-ENOLINK, "stranger");
			before = next[s];
			if (fetch_all(peers[i], &next[s]) != -ENODATA || next[s] > count)
				must(-EBADMSG, "fetch");
			left -= before < count && next[s] == count;
		}
	}
	_exit(0);
}

/* Every sender to every receiver, each a process. */
static bool flood(int senders, int receivers, unsigned int count)
{
	struct board *board = board_new(senders + receivers);
	pid_t from[SENDERS], to[RECEIVERS];
	bool right = true;

	for (int i = 0; i < senders; i++) {
		from[i] = spawn();
		if (!from[i])
			send_all(board, i, receivers, count);
	}
	for (int i = 0; i < receivers; i++) {
		to[i] = spawn();
		if (!to[i])
			receive_all(board, i, senders, count);
	}
	for (int i = 0; i < receivers; i++)
		right &= reap(to[i]) == 0;
	for (int i = 0; i < senders; i++)
		right &= quit(board->senders[i]) == 0 && reap(from[i]) == 0;
	return right;
}

FIXTURE(flood) {
	struct timespec started;
};

FIXTURE_SETUP(flood)
{
	clock_gettime(CLOCK_MONOTONIC, &self->started);
}

FIXTURE_TEARDOWN(flood)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	TH_LOG("%ld s", (long)(now.tv_sec - self->started.tv_sec));
}

TEST_F_TIMEOUT(flood, one_to_one, 300)
{
	EXPECT_TRUE(flood(1, 1, many()));
}

/* In a long run as many for each pair. */
TEST_F_TIMEOUT(flood, all_to_all, 1500)
{
	unsigned int pairs = getenv("PARLEY_LONG") ? 1 : SENDERS * RECEIVERS;

	EXPECT_TRUE(flood(SENDERS, RECEIVERS, many() / pairs));
}

/* Each worker's messages have numbers of their own. */
static struct board *shared;
static unsigned int share;
static atomic_uint fetched;
static atomic_uchar *seen;

static void *send_share(void *arg)
{
	unsigned int me = (uintptr_t)arg;

	for (unsigned int n = 0; n < share; n++)
		must(send_patiently(shared->receivers[0], n * WORKERS + me), "send");
	must(serve(), "serve");
	return NULL;
}

static void *fetch_share(void *unused)
{
	unsigned int next[WORKERS] = { 0 };
	struct ipc_msg msg;
	size_t len;
	int err;

	while (atomic_load(&fetched) < share * WORKERS) {
		unsigned int n;

		err = ipc_async_recv(shared->senders[0], &msg, &len, LIBIPC_FOREVER);
		if (err == -ENODATA) {
			sched_yield();
			continue;
		}
		must(err, "fetch");
		n = msg.type;
		if (!filled(&msg, n, async_len(n)) || atomic_exchange(&seen[n], 1) ||
		    n / WORKERS < next[n % WORKERS])
			must(-EBADMSG, "fetch");
		next[n % WORKERS] = n / WORKERS + 1;
		atomic_fetch_add(&fetched, 1);
	}
	return unused;
}

static void run_pool(void *(*run)(void *arg))
{
	pthread_t threads[WORKERS];

	pthread_barrier_wait(&shared->all_known);
	for (uintptr_t i = 0; i < WORKERS; i++)
		must(-pthread_create(&threads[i], NULL, run, (void *)i), "thread");
	for (int i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}

TEST_F_TIMEOUT(flood, pools_of_threads, 300)
{
	pid_t sender, receiver;

	share = many() / 5 / WORKERS;
	shared = board_new(2);
	seen = calloc(share, WORKERS);
	ASSERT_NE(NULL, seen);
	sender = spawn();
	if (!sender) {
		shared->senders[0] = ipc_self();
		run_pool(send_share);
	}
	receiver = spawn();
	if (!receiver) {
		shared->receivers[0] = ipc_self();
		run_pool(fetch_share);
	}
	EXPECT_EQ(0, reap(receiver));
	for (int i = 0; i < WORKERS; i++)
		EXPECT_EQ(0, quit(shared->senders[0]));
	EXPECT_EQ(0, reap(sender));
}

static void tick(void (*handler)(int signo), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	struct itimerval often = { { 0, 700 }, { 0, 700 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

static void only_interrupt(int signo)
{
	(void)signo;
}

static void answer(int signo)
{
	struct ipc_msg msg;
	ipc_token_t token;

	(void)signo;
	if (!ipc_recv(LIBIPC_TASK_ANY, &msg, NULL, &token, LIBIPC_NOWAIT) && msg.type == QUIT)
		_exit(0);
}

/* One pair; the sender's signals are handled by @handler. */
static pid_t spawn_sender(struct board *board, unsigned int count, void (*handler)(int signo))
{
	pid_t pid = spawn();

	if (!pid) {
		if (handler)
			tick(handler, SA_RESTART);
		send_all(board, 0, 1, count);
	}
	return pid;
}

/* Fetches with deadlines that are often too short, or never, but for signals. */
static bool fetch_impatiently(struct board *board, unsigned int count, uint64_t patience)
{
	unsigned int n = 0, given_up = 0;
	int err;

	while (n < count) {
		uint64_t deadline = patience ? ipc_deadline(rand() % patience) : LIBIPC_FOREVER;

		err = async_recv(board->senders[0], n, deadline);
		given_up += err == -ETIMEDOUT || err == -EINTR;
		n += !err;
		if (err && err != -ENODATA && err != -ETIMEDOUT && err != -EINTR)
			return false;
	}
	fprintf(stderr, "# gave up %u times on %u messages\n", given_up, count);
	return given_up;
}

static bool pair(unsigned int count, void (*sender_handler)(int signo), uint64_t patience,
		 bool interrupted)
{
	struct board *board = board_new(2);
	pid_t sender = spawn_sender(board, count, sender_handler);
	struct itimerval never = { { 0, 0 }, { 0, 0 } };
	bool right;

	board->receivers[0] = ipc_self();
	pthread_barrier_wait(&board->all_known);
	if (interrupted)
		tick(only_interrupt, 0);
	right = fetch_impatiently(board, count, patience);
	setitimer(ITIMER_REAL, &never, NULL);
	return quit(board->senders[0]) == 0 && reap(sender) == 0 && right;
}

TEST_F_TIMEOUT(flood, deadlines_that_are_too_short, 300)
{
	EXPECT_TRUE(pair(many() / 20, NULL, MSEC / 4, false));
}

TEST_F_TIMEOUT(flood, fetching_is_interrupted, 300)
{
	EXPECT_TRUE(pair(many() / 20, NULL, 0, true));
}

TEST_F_TIMEOUT(flood, handlers_answer, 300)
{
	EXPECT_TRUE(pair(many() / 20, answer, MSEC / 4, false));
}

/* A sender that is killed: what was fetched until then is a beginning. */
TEST_F_TIMEOUT(flood, sender_is_killed, 300)
{
	for (int round = 0; round < 30; round++) {
		struct board *board = board_new(2);
		pid_t sender = spawn_sender(board, UINT_MAX, NULL);
		unsigned int n = 0, end = 1 + rand() % 3000;
		int err = 0;

		board->receivers[0] = ipc_self();
		pthread_barrier_wait(&board->all_known);
		while (!err || err == -ENODATA) {
			err = async_recv(board->senders[0], n, LIBIPC_FOREVER);
			n += !err;
			if (n == end)
				kill(sender, SIGKILL);
		}
		EXPECT_EQ(-ENOTCONN, err);
		EXPECT_LE(end, n);
		EXPECT_EQ(SIGKILL, reap(sender));
		munmap(board, sizeof(*board));
	}
}

/* Answers until task @peer has died. */
static int serve_until_death(ipc_task_t peer)
{
	struct ipc_msg msg = { .type = 0 };
	ipc_token_t token;
	int err = ipc_watch(peer);

	if (err == -ENOTCONN)
		return 0;
	while (!err && !(msg.src == LIBIPC_TASK_KERNEL && msg.type == LIBIPC_EXCEPTION))
		err = ipc_recv(LIBIPC_TASK_ANY, &msg, NULL, &token, LIBIPC_FOREVER);
	return err;
}

/* Of two receivers the second is killed: the first gets all. */
static bool kill_one(unsigned int count)
{
	struct board *board = board_new(3);
	pid_t receivers[2];
	bool right = true;
	int err = 0;

	for (int i = 0; i < 2; i++) {
		receivers[i] = spawn();
		if (!receivers[i])
			receive_all(board, i, 1, i ? UINT_MAX : count);
	}
	board->senders[0] = ipc_self();
	pthread_barrier_wait(&board->all_known);
	for (unsigned int n = 0; n < count; n++) {
		if (n == count / 3)
			kill(receivers[1], SIGKILL);
		if (!err)
			err = send_patiently(board->receivers[1], n);
		right &= send_patiently(board->receivers[0], n) == 0;
	}
	right &= err == -ENOTCONN;
	right &= serve_until_death(board->receivers[0]) == 0;
	right &= reap(receivers[0]) == 0 && reap(receivers[1]) == SIGKILL;
	munmap(board, sizeof(*board));
	return right;
}

TEST_F_TIMEOUT(flood, receiver_is_killed, 300)
{
	for (int round = 0; round < 30; round++)
		EXPECT_TRUE(kill_one(3 * LIBIPC_ASYNC_LIMIT));
}

TEST_HARNESS_MAIN
