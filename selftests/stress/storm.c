// SPDX-License-Identifier: GPL-2.0
/*
 * Storms of signals: a client calls while timers interrupt it all the time.
 * With SA_RESTART every call is answered and the server sees each once; with
 * handlers of both kinds, calls that end with EINTR are given up and made
 * anew, and the server never sees one twice. Nothing is left over.
 */
#include <kselftest_harness.h>
#include <stdatomic.h>
#include "census.h"
#include "common.h"
#include "letter.h"

#define CALLS		20000
#define CALLS_LONG	400000
#define DEBUG_MS	20000
#define DEBUG_MS_LONG	200000
#define OPENS		200
#define PERIOD_OPEN_NS	5000000
#define PERIOD_NS	200000
#define PERIOD_EINTR_NS	330000
#define TIMEOUT		900

static struct shared {
	_Atomic int server;
	atomic_ulong served;
	atomic_ulong attempts;
	atomic_ulong answered;
	atomic_ulong interrupted;
	atomic_ulong signals;
} *shared;

static void count(int signal)
{
	(void)signal;
	atomic_fetch_add(&shared->signals, 1);
}

/* Have @signal come to this process every @period ns. */
static void blow(int signal, int flags, long period)
{
	struct sigaction action = { .sa_handler = count, .sa_flags = flags };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = signal };
	struct itimerspec spec = { .it_interval.tv_nsec = period, .it_value.tv_nsec = period };
	timer_t timer;

	if (sigaction(signal, &action, NULL) || timer_create(CLOCK_MONOTONIC, &event, &timer) ||
	    timer_settime(timer, 0, &spec, NULL))
		give_up("no timer: %s", strerror(errno));
}

static void calm(void)
{
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
}

/* Requests come from one client in order: a number seen again is a repetition. */
static void serve(void)
{
	struct parley_msg request = { 0 }, answer = { .type = ANSWER };
	struct letter *letter = letter_of(&request);
	__u64 token = 0, expected = 0;
	int fd = open_task(), err;

	shared->server = task_id(fd);
	for (;;) {
		struct parley_ipc ipc = to_replyrecv(token, &answer, 0, &request);

		if (token)
			ipc.send_len = letter_size(letter_of(&answer));
		err = op(fd, PARLEY_IOC_REPLYRECV, &ipc);
		if (err || (ipc.reply_error && ipc.reply_error != -ENOENT))
			give_up("server: %d, reply %d", err, ipc.reply_error);
		if (!letter_intact(letter, ipc.recv_len))
			give_up("server: broken request");
		if (letter->seq < expected)
			give_up("server: request %llu came again", letter->seq);
		expected = letter->seq + 1;
		token = ipc.token;
		letter_answer(letter_of(&answer), letter);
		atomic_fetch_add(&shared->served, 1);
	}
}

/* True if the call was answered, false if it was interrupted and is given up. */
static bool attempt(int fd, __u64 seq, __u64 *seed)
{
	struct parley_msg request = { .type = REQUEST }, answer;
	struct parley_ipc ipc;
	int err;

	letter_write(letter_of(&request), 1, seq, seed);
	ipc = to_call(shared->server, &request, letter_size(letter_of(&request)), &answer);
	atomic_fetch_add(&shared->attempts, 1);
	err = op(fd, PARLEY_IOC_CALL, &ipc);
	if (err == -EINTR) {
		err = ipc.token ? cancel(fd, ipc.token) : 0;
		if (err)
			give_up("client: cancel: %d", err);
		return false;
	}
	if (err || !letter_answers(letter_of(&answer), ipc.recv_len, letter_of(&request)))
		give_up("client: call %llu: %d, or another's answer", seq, err);
	return true;
}

/* Call until enough calls were answered; a debug kernel has its time instead. */
static void call_in_storm(int fd, unsigned long calls)
{
	__u64 end = debug_kernel() ? in_ms(long_run() ? DEBUG_MS_LONG : DEBUG_MS) : 0;
	__u64 seed = 88172645463325252ULL, seq = 0;

	while (shared->answered < calls && (!end || now_ns() < end))
		atomic_fetch_add(attempt(fd, seq++, &seed) ? &shared->answered :
				 &shared->interrupted, 1);
	calm();
	_exit(0);
}

FIXTURE(storm) {
	struct census before;
	unsigned long calls;
	pid_t server;
	pid_t client;
};

FIXTURE_SETUP(storm)
{
	self->calls = long_run() ? CALLS_LONG : CALLS;
	shared = share(sizeof(*shared));
	ASSERT_NE(NULL, shared);
	ASSERT_TRUE(census_take(&self->before));
	self->server = spawn();
	if (!self->server)
		serve();
	ASSERT_TRUE(until(shared->server));
}

FIXTURE_TEARDOWN(storm)
{
}

TEST_F_TIMEOUT(storm, restarting_handlers, TIMEOUT)
{
	self->client = spawn();
	if (!self->client) {
		int fd = open_task();

		blow(SIGUSR1, SA_RESTART, PERIOD_NS);
		call_in_storm(fd, self->calls);
	}
	EXPECT_EQ(0, reap(self->client));
	TH_LOG("%lu calls, %lu signals", shared->answered, shared->signals);
	EXPECT_GT(shared->signals, 0);
	EXPECT_GT(shared->answered, 0);
	EXPECT_EQ(0, shared->interrupted);
	EXPECT_EQ(shared->attempts, shared->answered);
	EXPECT_EQ(shared->attempts, shared->served);
	EXPECT_EQ(0, waitpid(self->server, NULL, WNOHANG));
	kill_and_reap(self->server);
	EXPECT_TRUE(census_returns(&self->before));
}

TEST_F_TIMEOUT(storm, handlers_of_both_kinds, TIMEOUT)
{
	self->client = spawn();
	if (!self->client) {
		int fd = open_task();

		blow(SIGUSR1, SA_RESTART, PERIOD_NS);
		blow(SIGUSR2, 0, PERIOD_EINTR_NS);
		call_in_storm(fd, self->calls);
	}
	EXPECT_EQ(0, reap(self->client));
	TH_LOG("%lu calls, %lu interrupted, %lu served, %lu signals", shared->answered,
	       shared->interrupted, shared->served, shared->signals);
	EXPECT_GT(shared->interrupted, 0);
	EXPECT_GT(shared->answered, 0);
	EXPECT_GE(shared->attempts, shared->served);
	EXPECT_LE(shared->answered, shared->served);
	EXPECT_EQ(0, waitpid(self->server, NULL, WNOHANG));
	kill_and_reap(self->server);
	EXPECT_TRUE(census_returns(&self->before));
}

/* open() is no operation, but a handler with SA_RESTART is to go unnoticed here, too. */
TEST_F_TIMEOUT(storm, open_and_close, TIMEOUT)
{
	self->client = spawn();
	if (!self->client) {
		int i, fd;

		blow(SIGUSR1, SA_RESTART, PERIOD_OPEN_NS);
		for (i = 0; i < OPENS; i++) {
			fd = open_task();
			if (fd < 0)
				give_up("open %d: %s", i, strerror(errno));
			close(fd);
		}
		_exit(0);
	}
	EXPECT_EQ(0, reap(self->client));
	EXPECT_GT(shared->signals, 0);
	kill_and_reap(self->server);
	EXPECT_TRUE(census_returns(&self->before));
}

TEST_HARNESS_MAIN
