// SPDX-License-Identifier: GPL-2.0
/*
 * A server that never replies: its clients get away by dying, by a deadline,
 * by a signal, and at the latest when it dies itself.
 */
#include <kselftest_harness.h>
#include "caller.h"
#include "census.h"
#include "common.h"

#define PROCESSES	20
#define THREADS		50
#define CLIENTS		(PROCESSES * THREADS)
#define TAKEN		(CLIENTS / 2)
#define TIMEOUT		300

static struct shared {
	_Atomic int server;
	_Atomic bool taken[CLIENTS];
	_Atomic pid_t tids[CLIENTS];
	_Atomic int results[CLIENTS];
} *shared;

FIXTURE(noreply) {
	int server;
	struct caller caller;
};

FIXTURE_SETUP(noreply)
{
	struct caller *caller = &self->caller;

	self->server = open_task();
	ASSERT_GE(self->server, 0);
	caller->fd = open_task();
	ASSERT_GE(caller->fd, 0);
	caller->out.type = REQUEST;
	caller->request = PARLEY_IOC_CALL;
	caller->ipc = to_call(task_id(self->server), &caller->out, 0, &caller->in);
}

FIXTURE_TEARDOWN(noreply)
{
	close(self->server);
	close(self->caller.fd);
}

/* Take a request; its token. */
static __u64 take(int fd, struct parley_msg *request)
{
	struct parley_ipc ipc = to_recv(request);

	ipc.deadline = in_ms(PATIENCE_MS);
	return op(fd, PARLEY_IOC_RECV, &ipc) ? 0 : ipc.token;
}

static int reply_late(int fd, __u64 token)
{
	struct parley_msg answer = { .type = ANSWER };
	struct parley_ipc ipc = to_reply(token, &answer, 0);

	return op(fd, PARLEY_IOC_REPLY, &ipc);
}

TEST_F(noreply, client_killed)
{
	struct parley_msg request;
	pid_t client = spawn();
	__u64 token;

	if (!client) {
		op(open_task(), PARLEY_IOC_CALL, &self->caller.ipc);
		_exit(1);
	}
	token = take(self->server, &request);
	ASSERT_NE(0U, token);
	kill(client, SIGKILL);
	EXPECT_EQ(-SIGKILL, reap(client));
	EXPECT_EQ(-ENOENT, reply_late(self->server, token));
	EXPECT_EQ(-ENOTCONN, notify(self->server, request.src, PARLEY_NOTIFY_USER));
}

TEST_F(noreply, deadline)
{
	struct parley_msg request;
	__u64 token;

	self->caller.ipc.deadline = in_ms(500);
	ASSERT_TRUE(caller_start(&self->caller));
	token = take(self->server, &request);
	ASSERT_NE(0U, token);
	EXPECT_EQ(-ETIMEDOUT, caller_join(&self->caller));
	EXPECT_GE(now_ns(), self->caller.ipc.deadline);
	EXPECT_EQ(0U, self->caller.ipc.token);
	EXPECT_EQ(-ENOENT, reply_late(self->server, token));
}

static void nothing(int signal)
{
	(void)signal;
}

TEST_F(noreply, signal)
{
	struct sigaction action = { .sa_handler = nothing };
	struct parley_msg request;
	__u64 token;

	sigaction(SIGUSR1, &action, NULL);
	ASSERT_TRUE(caller_start(&self->caller));
	token = take(self->server, &request);
	ASSERT_NE(0U, token);
	caller_signal(&self->caller, SIGUSR1);
	EXPECT_EQ(-EINTR, caller_join(&self->caller));
	if (self->caller.ipc.token)
		EXPECT_EQ(0, cancel(self->caller.fd, self->caller.ipc.token));
	EXPECT_EQ(-ENOENT, reply_late(self->server, token));
}

/* Takes half of the requests to come, says which, and sits on them. */
static void sit_on_requests(void)
{
	struct parley_msg request;
	int fd = open_task(), i, number;

	shared->server = task_id(fd);
	for (i = 0; i < TAKEN; i++) {
		if (!take(fd, &request))
			give_up("server: only %d requests", i);
		memcpy(&number, request.payload, sizeof(number));
		shared->taken[number] = true;
	}
	for (;;)
		pause();
}

static void *hang(void *arg)
{
	int number = (intptr_t)arg;
	struct parley_msg request = { .type = REQUEST }, answer;
	struct parley_ipc ipc = to_call(shared->server, &request, sizeof(number), &answer);
	int fd = open_task();

	memcpy(request.payload, &number, sizeof(number));
	shared->tids[number] = syscall(SYS_gettid);
	shared->results[number] = op(fd, PARLEY_IOC_CALL, &ipc);
	close(fd);
	return NULL;
}

static void hang_threads(int process)
{
	pthread_t threads[THREADS];
	pthread_attr_t attr;
	intptr_t i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], &attr, hang, (void *)(process * THREADS + i)))
			give_up("client: no thread");
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}

static int count_taken(void)
{
	int number, count = 0;

	for (number = 0; number < CLIENTS; number++)
		count += shared->taken[number];
	return count;
}

static bool all_hang(void)
{
	int number;

	for (number = 0; number < CLIENTS; number++)
		if (!until(shared->tids[number] &&
			   sleeps_in(shared->tids[number], PARLEY_IOC_CALL)))
			return false;
	return true;
}

FIXTURE(crowd) {
	struct census before;
	pid_t server;
	pid_t clients[PROCESSES];
};

FIXTURE_SETUP(crowd)
{
	int i;

	shared = share(sizeof(*shared));
	ASSERT_NE(NULL, shared);
	ASSERT_TRUE(census_take(&self->before));
	self->server = spawn();
	if (!self->server)
		sit_on_requests();
	ASSERT_TRUE(until(shared->server));
	for (i = 0; i < PROCESSES; i++) {
		self->clients[i] = spawn();
		if (!self->clients[i])
			hang_threads(i);
	}
}

FIXTURE_TEARDOWN(crowd)
{
	EXPECT_TRUE(census_returns(&self->before));
}

TEST_F_TIMEOUT(crowd, server_dies_under_a_thousand_calls, TIMEOUT)
{
	int number, wrong = 0;

	ASSERT_TRUE(until(count_taken() == TAKEN));
	ASSERT_TRUE(all_hang());
	kill_and_reap(self->server);
	for (number = 0; number < PROCESSES; number++)
		EXPECT_EQ(0, reap(self->clients[number]));
	for (number = 0; number < CLIENTS; number++)
		wrong += shared->results[number] !=
			 (shared->taken[number] ? -ECONNRESET : -ENOTCONN);
	EXPECT_EQ(0, wrong);
}

TEST_HARNESS_MAIN
