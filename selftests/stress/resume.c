// SPDX-License-Identifier: GPL-2.0
/*
 * What a program may do with a call that a handler interrupted: call somebody
 * else meanwhile, leave by longjmp() and give it up, or take it up again.
 */
#include <kselftest_harness.h>
#include <setjmp.h>
#include "caller.h"
#include "common.h"

#define JUMPS	SIGUSR1
#define NESTS	SIGUSR2
#define NUMBERS	4

static __thread sigjmp_buf out;
static int nested_fd, nested_peer, nested_result;
static atomic_int nested;

static void jump(int signal)
{
	(void)signal;
	siglongjmp(out, 1);
}

/* Asks the nested server for its number plus one, with the outer call in flight. */
static void call_nested(int signal)
{
	struct parley_msg request = { .type = REQUEST + 1 }, answer = { 0 };
	struct parley_ipc ipc = to_call(nested_peer, &request, 0, &answer);

	(void)signal;
	nested_result = op(nested_fd, PARLEY_IOC_CALL, &ipc) ?: answer.type;
	nested++;
}

static void handle(int signal, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

	sigaction(signal, &action, NULL);
}

FIXTURE(resume) {
	int server;
	int client;
	int bystander;
	struct caller caller;
	struct parley_msg request;
	__u64 token;
};

FIXTURE_SETUP(resume)
{
	handle(JUMPS, jump);
	handle(NESTS, call_nested);
	self->server = open_task();
	self->client = open_task();
	self->bystander = open_task();
	ASSERT_GE(self->server, 0);
	ASSERT_GE(self->client, 0);
	ASSERT_GE(self->bystander, 0);
	self->caller.fd = self->client;
	self->caller.request = PARLEY_IOC_CALL;
	self->caller.out.type = REQUEST;
	self->caller.ipc = to_call(task_id(self->server), &self->caller.out, 0, &self->caller.in);
}

FIXTURE_TEARDOWN(resume)
{
	close(self->server);
	close(self->client);
	close(self->bystander);
}

typedef FIXTURE_DATA(resume) resume_t;

static int receive(resume_t *self)
{
	struct parley_ipc ipc = to_recv(&self->request);
	int err;

	ipc.deadline = in_ms(PATIENCE_MS);
	err = op(self->server, PARLEY_IOC_RECV, &ipc);
	self->token = ipc.token;
	return err ?: self->request.type;
}

static int reply(resume_t *self, int type)
{
	struct parley_msg answer = { .type = type };
	struct parley_ipc ipc = to_reply(self->token, &answer, 0);

	return op(self->server, PARLEY_IOC_REPLY, &ipc);
}

static void *call_and_jump(void *arg)
{
	struct caller *caller = arg;

	caller->result = -ENODATA;
	if (sigsetjmp(out, 1))
		return NULL;
	caller->tid = syscall(SYS_gettid);
	caller->result = op(caller->fd, caller->request, &caller->ipc);
	return NULL;
}

/* Leave the operation by longjmp(), before or after the server has taken it. */
static bool abandon(resume_t *self, bool delivered)
{
	struct caller *caller = &self->caller;

	if (pthread_create(&caller->thread, NULL, call_and_jump, caller) ||
	    !until(caller->tid && sleeps_in(caller->tid, caller->request)))
		return false;
	if (delivered && receive(self) != REQUEST)
		return false;
	caller_signal(caller, JUMPS);
	return caller_join(caller) == -ENODATA && caller->ipc.token;
}

TEST_F(resume, cancel_before_delivery)
{
	ASSERT_TRUE(abandon(self, false));
	EXPECT_EQ(0, cancel(self->client, self->caller.ipc.token));
	EXPECT_EQ(-ENOENT, cancel(self->client, self->caller.ipc.token));
	EXPECT_TRUE(inbox_empty(self->server));
}

TEST_F(resume, cancel_after_delivery)
{
	ASSERT_TRUE(abandon(self, true));
	EXPECT_EQ(0, cancel(self->client, self->caller.ipc.token));
	EXPECT_EQ(-ENOENT, cancel(self->client, self->caller.ipc.token));
	EXPECT_EQ(-ENOENT, reply(self, ANSWER));
}

TEST_F(resume, cancel_send)
{
	self->caller.request = PARLEY_IOC_SEND;
	self->caller.ipc = to_send(task_id(self->server), &self->caller.out, 0);
	ASSERT_TRUE(abandon(self, false));
	EXPECT_EQ(0, cancel(self->client, self->caller.ipc.token));
	EXPECT_TRUE(inbox_empty(self->server));
}

TEST_F(resume, same_call_again)
{
	ASSERT_TRUE(abandon(self, true));
	ASSERT_TRUE(caller_start(&self->caller));
	EXPECT_TRUE(inbox_empty(self->server));
	EXPECT_EQ(0, reply(self, ANSWER));
	EXPECT_EQ(0, caller_join(&self->caller));
	EXPECT_EQ(ANSWER, self->caller.in.type);
}

TEST_F(resume, same_call_again_before_delivery)
{
	ASSERT_TRUE(abandon(self, false));
	ASSERT_TRUE(caller_start(&self->caller));
	EXPECT_EQ(REQUEST, receive(self));
	EXPECT_TRUE(inbox_empty(self->server));
	EXPECT_EQ(0, reply(self, ANSWER));
	EXPECT_EQ(0, caller_join(&self->caller));
	EXPECT_EQ(ANSWER, self->caller.in.type);
}

TEST_F(resume, answered_meanwhile)
{
	ASSERT_TRUE(abandon(self, true));
	EXPECT_EQ(0, reply(self, ANSWER));
	EXPECT_EQ(0, op(self->client, PARLEY_IOC_CALL, &self->caller.ipc));
	EXPECT_EQ(ANSWER, self->caller.in.type);
	EXPECT_EQ(-ENOENT, cancel(self->client, self->caller.ipc.token));
}

TEST_F(resume, answered_after_the_deadline)
{
	struct parley_ipc *ipc = &self->caller.ipc;

	ipc->deadline = in_ms(PATIENCE_MS);
	ASSERT_TRUE(abandon(self, true));
	EXPECT_EQ(0, reply(self, ANSWER));
	ipc->deadline = 1;
	EXPECT_EQ(0, op(self->client, PARLEY_IOC_CALL, ipc));
	EXPECT_EQ(ANSWER, self->caller.in.type);
}

TEST_F(resume, deadline_passed_meanwhile)
{
	struct parley_ipc *ipc = &self->caller.ipc;

	ASSERT_TRUE(abandon(self, true));
	ipc->deadline = 1;
	EXPECT_EQ(-ETIMEDOUT, op(self->client, PARLEY_IOC_CALL, ipc));
	EXPECT_EQ(0U, ipc->token);
	EXPECT_EQ(-ENOENT, reply(self, ANSWER));
}

TEST_F(resume, server_died_meanwhile)
{
	struct parley_ipc *ipc = &self->caller.ipc;

	ASSERT_TRUE(abandon(self, true));
	EXPECT_EQ(0, close(self->server));
	EXPECT_EQ(-ECONNRESET, op(self->client, PARLEY_IOC_CALL, ipc));
	EXPECT_EQ(0U, ipc->token);
}

TEST_F(resume, server_died_before_delivery)
{
	struct parley_ipc *ipc = &self->caller.ipc;

	ASSERT_TRUE(abandon(self, false));
	EXPECT_EQ(0, close(self->server));
	EXPECT_EQ(-ENOTCONN, op(self->client, PARLEY_IOC_CALL, ipc));
	EXPECT_EQ(0U, ipc->token);
}

TEST_F(resume, client_dies_instead)
{
	ASSERT_TRUE(abandon(self, true));
	EXPECT_EQ(0, close(self->client));
	EXPECT_EQ(-ENOENT, reply(self, ANSWER));
}

TEST_F(resume, many_interrupted_calls)
{
	struct caller callers[NUMBERS] = { 0 };
	__u64 tokens[NUMBERS];
	int i;

	for (i = 0; i < NUMBERS; i++) {
		self->caller.tid = 0;
		self->caller.ipc.token = 0;
		self->caller.out.type = REQUEST;
		ASSERT_TRUE(abandon(self, true));
		callers[i] = self->caller;
		tokens[i] = self->token;
	}
	for (i = NUMBERS - 1; i >= 0; i--) {
		self->token = tokens[i];
		EXPECT_EQ(0, reply(self, ANSWER + i));
	}
	for (i = 0; i < NUMBERS; i++) {
		struct parley_ipc ipc = callers[i].ipc;

		EXPECT_EQ(0, op(self->client, PARLEY_IOC_CALL, &ipc));
		EXPECT_EQ(ANSWER + i, self->caller.in.type);
	}
}

TEST_F(resume, token_is_the_operations_own)
{
	struct parley_ipc ipc;

	ASSERT_TRUE(abandon(self, true));
	ipc = to_send(task_id(self->server), &self->caller.out, 0);
	ipc.token = self->caller.ipc.token;
	EXPECT_EQ(-ENOENT, op(self->client, PARLEY_IOC_SEND, &ipc));
	ipc = self->caller.ipc;
	EXPECT_EQ(-ENOENT, op(self->bystander, PARLEY_IOC_CALL, &ipc));
	EXPECT_EQ(-ENOENT, cancel(self->bystander, self->caller.ipc.token));
	EXPECT_EQ(-ENOENT, cancel(self->server, self->caller.ipc.token));
	EXPECT_EQ(-ENOENT, cancel(self->server, self->token));
	EXPECT_EQ(0, reply(self, ANSWER));
	EXPECT_EQ(0, op(self->client, PARLEY_IOC_CALL, &self->caller.ipc));
}

TEST_F(resume, bogus_tokens)
{
	static const __u64 bogus[] = { 0, 1, 2, 0xffffffffULL, 1ULL << 32, 1ULL << 63, ~0ULL };
	struct parley_ipc ipc;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bogus); i++) {
		EXPECT_EQ(-ENOENT, cancel(self->client, bogus[i]));
		if (!bogus[i])
			continue;
		ipc = self->caller.ipc;
		ipc.token = bogus[i];
		EXPECT_EQ(-ENOENT, op(self->client, PARLEY_IOC_CALL, &ipc));
		EXPECT_TRUE(inbox_empty(self->server));
	}
}

TEST_F(resume, nobody_cancels_a_call_that_waits)
{
	__u64 token;

	ASSERT_TRUE(abandon(self, true));
	token = self->caller.ipc.token;
	ASSERT_TRUE(caller_start(&self->caller));
	EXPECT_EQ(-ENOENT, cancel(self->client, token));
	EXPECT_EQ(0, reply(self, ANSWER));
	EXPECT_EQ(0, caller_join(&self->caller));
}

TEST_F(resume, nobody_joins_a_call_that_waits)
{
	struct parley_ipc ipc;

	ASSERT_TRUE(abandon(self, true));
	ipc = self->caller.ipc;
	ASSERT_TRUE(caller_start(&self->caller));
	EXPECT_EQ(-ENOENT, op(self->client, PARLEY_IOC_CALL, &ipc));
	EXPECT_EQ(0, reply(self, ANSWER));
	EXPECT_EQ(0, caller_join(&self->caller));
}

TEST_F(resume, nested_call_in_a_handler)
{
	struct caller *caller = &self->caller;
	int i;

	nested_fd = self->client;
	nested_peer = task_id(self->server);
	ASSERT_TRUE(caller_start(caller));
	ASSERT_EQ(REQUEST, receive(self));
	for (i = 1; i <= NUMBERS; i++) {
		__u64 outer = self->token;

		caller_signal(caller, NESTS);
		ASSERT_EQ(REQUEST + 1, receive(self));
		EXPECT_EQ(0, reply(self, 100 + i));
		ASSERT_TRUE(until(nested == i));
		EXPECT_EQ(100 + i, nested_result);
		self->token = outer;
	}
	EXPECT_TRUE(inbox_empty(self->server));
	EXPECT_EQ(0, reply(self, ANSWER));
	EXPECT_EQ(0, caller_join(caller));
	EXPECT_EQ(ANSWER, caller->in.type);
}

TEST_HARNESS_MAIN
