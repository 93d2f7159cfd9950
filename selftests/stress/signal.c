// SPDX-License-Identifier: GPL-2.0
/*
 * Signals during an operation: a handler with SA_RESTART is no interruption,
 * one without is the operation's end, and either way the server sees a request
 * at most once.
 */
#include <kselftest_harness.h>
#include <poll.h>
#include <semaphore.h>
#include "caller.h"
#include "common.h"

#define RESTARTS	SIGUSR1
#define INTERRUPTS	SIGUSR2
#define HOLDS		SIGHUP
#define TEXT		"what is the time?"
#define TEXT_ANSWER	"late enough"

static atomic_int handled;
static sem_t holding, release;

static void count(int signal)
{
	(void)signal;
	handled++;
}

/* A handler that lasts until the test has done what it wants meanwhile. */
static void hold(int signal)
{
	(void)signal;
	sem_post(&holding);
	while (sem_wait(&release))
		;
}

static void handle(int signal, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigaction(signal, &action, NULL);
}

FIXTURE(signals) {
	int server;
	int client;
	struct caller caller;
	struct parley_msg request;
	struct parley_msg answer;
	__u64 token;
};

FIXTURE_SETUP(signals)
{
	handled = 0;
	sem_init(&holding, 0, 0);
	sem_init(&release, 0, 0);
	handle(RESTARTS, count, SA_RESTART);
	handle(INTERRUPTS, count, 0);
	handle(HOLDS, hold, SA_RESTART);
	self->server = open_task();
	self->client = open_task();
	ASSERT_GE(self->server, 0);
	ASSERT_GE(self->client, 0);
	self->answer.type = ANSWER;
	strcpy((char *)self->answer.payload, TEXT_ANSWER);
	self->caller.fd = self->client;
	self->caller.out.type = REQUEST;
	strcpy((char *)self->caller.out.payload, TEXT);
}

FIXTURE_TEARDOWN(signals)
{
	close(self->server);
	close(self->client);
}

typedef FIXTURE_DATA(signals) signals_t;

static bool start_call(signals_t *self)
{
	struct caller *caller = &self->caller;

	caller->request = PARLEY_IOC_CALL;
	caller->ipc = to_call(task_id(self->server), &caller->out, sizeof(TEXT), &caller->in);
	return caller_start(caller);
}

static bool start_send(signals_t *self)
{
	struct caller *caller = &self->caller;

	caller->request = PARLEY_IOC_SEND;
	caller->ipc = to_send(task_id(self->server), &caller->out, sizeof(TEXT));
	return caller_start(caller);
}

/* Run the handler of a restarting signal to its end, @times times. */
static bool disturb(signals_t *self, int times)
{
	while (times--) {
		int before = handled;

		caller_signal(&self->caller, RESTARTS);
		if (!until(handled == before + 1) || !caller_asleep(&self->caller))
			return false;
	}
	return true;
}

static int receive(signals_t *self)
{
	struct parley_ipc ipc = to_recv(&self->request);
	int err;

	ipc.deadline = in_ms(PATIENCE_MS);
	err = op(self->server, PARLEY_IOC_RECV, &ipc);
	self->token = ipc.token;
	return err ?: strcmp((char *)self->request.payload, TEXT);
}

static int reply(signals_t *self)
{
	struct parley_ipc ipc = to_reply(self->token, &self->answer, sizeof(TEXT_ANSWER));

	return op(self->server, PARLEY_IOC_REPLY, &ipc);
}

static bool answered(const struct caller *caller)
{
	return caller->in.type == ANSWER && caller->ipc.recv_len == sizeof(TEXT_ANSWER) &&
	       !strcmp((const char *)caller->in.payload, TEXT_ANSWER);
}

/* After EINTR the operation has ended, or the token gives it up. */
static int give_up_interrupted(struct caller *caller)
{
	return caller->ipc.token ? cancel(caller->fd, caller->ipc.token) : 0;
}

TEST_F(signals, call_restarted_before_delivery)
{
	ASSERT_TRUE(start_call(self));
	ASSERT_TRUE(disturb(self, 3));
	EXPECT_EQ(0, receive(self));
	EXPECT_EQ(0, reply(self));
	EXPECT_EQ(0, caller_join(&self->caller));
	EXPECT_TRUE(answered(&self->caller));
	EXPECT_TRUE(inbox_empty(self->server));
}

TEST_F(signals, call_restarted_after_delivery)
{
	ASSERT_TRUE(start_call(self));
	EXPECT_EQ(0, receive(self));
	ASSERT_TRUE(disturb(self, 3));
	EXPECT_TRUE(inbox_empty(self->server));
	EXPECT_EQ(0, reply(self));
	EXPECT_EQ(0, caller_join(&self->caller));
	EXPECT_TRUE(answered(&self->caller));
	EXPECT_TRUE(inbox_empty(self->server));
	EXPECT_EQ(-ENOENT, reply(self));
}

TEST_F(signals, call_restarted_on_both_sides_of_delivery)
{
	ASSERT_TRUE(start_call(self));
	ASSERT_TRUE(disturb(self, 2));
	EXPECT_EQ(0, receive(self));
	ASSERT_TRUE(disturb(self, 2));
	EXPECT_EQ(0, reply(self));
	EXPECT_EQ(0, caller_join(&self->caller));
	EXPECT_TRUE(answered(&self->caller));
	EXPECT_TRUE(inbox_empty(self->server));
}

TEST_F(signals, call_answered_during_handler)
{
	ASSERT_TRUE(start_call(self));
	EXPECT_EQ(0, receive(self));
	caller_signal(&self->caller, HOLDS);
	sem_wait(&holding);
	EXPECT_EQ(0, reply(self));
	EXPECT_EQ(-ENOENT, reply(self));
	sem_post(&release);
	EXPECT_EQ(0, caller_join(&self->caller));
	EXPECT_TRUE(answered(&self->caller));
}

/* Whether it can be taken while its sender is away isn't said; that it comes once is. */
TEST_F(signals, call_received_during_handler)
{
	struct caller server = { .fd = self->server, .request = PARLEY_IOC_RECV };

	server.ipc = to_recv(&server.in);
	ASSERT_TRUE(start_call(self));
	caller_signal(&self->caller, HOLDS);
	sem_wait(&holding);
	ASSERT_EQ(0, pthread_create(&server.thread, NULL, caller_run, &server));
	ASSERT_TRUE(until(server.tid && (server.ipc.token ||
					 sleeps_in(server.tid, PARLEY_IOC_RECV))));
	sem_post(&release);
	EXPECT_EQ(0, caller_join(&server));
	EXPECT_STREQ(TEXT, (char *)server.in.payload);
	self->token = server.ipc.token;
	EXPECT_TRUE(inbox_empty(self->server));
	EXPECT_EQ(0, reply(self));
	EXPECT_EQ(0, caller_join(&self->caller));
	EXPECT_TRUE(answered(&self->caller));
}

TEST_F(signals, call_whose_server_dies_during_handler)
{
	ASSERT_TRUE(start_call(self));
	EXPECT_EQ(0, receive(self));
	caller_signal(&self->caller, HOLDS);
	sem_wait(&holding);
	EXPECT_EQ(0, close(self->server));
	sem_post(&release);
	EXPECT_EQ(-ECONNRESET, caller_join(&self->caller));
	EXPECT_EQ(0U, self->caller.ipc.token);
}

TEST_F(signals, call_interrupted_before_delivery)
{
	ASSERT_TRUE(start_call(self));
	caller_signal(&self->caller, INTERRUPTS);
	EXPECT_EQ(-EINTR, caller_join(&self->caller));
	EXPECT_EQ(1, handled);
	EXPECT_EQ(0, give_up_interrupted(&self->caller));
	EXPECT_TRUE(inbox_empty(self->server));
}

TEST_F(signals, call_interrupted_after_delivery)
{
	ASSERT_TRUE(start_call(self));
	EXPECT_EQ(0, receive(self));
	caller_signal(&self->caller, INTERRUPTS);
	EXPECT_EQ(-EINTR, caller_join(&self->caller));
	EXPECT_EQ(0, give_up_interrupted(&self->caller));
	EXPECT_EQ(-ENOENT, reply(self));
	EXPECT_TRUE(inbox_empty(self->server));
}

TEST_F(signals, call_interrupted_after_restart)
{
	ASSERT_TRUE(start_call(self));
	EXPECT_EQ(0, receive(self));
	ASSERT_TRUE(disturb(self, 2));
	caller_signal(&self->caller, INTERRUPTS);
	EXPECT_EQ(-EINTR, caller_join(&self->caller));
	EXPECT_EQ(0, give_up_interrupted(&self->caller));
	EXPECT_EQ(-ENOENT, reply(self));
}

TEST_F(signals, call_deadline_holds_through_restarts)
{
	__u64 deadline = in_ms(300);
	struct caller *caller = &self->caller;

	caller->request = PARLEY_IOC_CALL;
	caller->ipc = to_call(task_id(self->server), &caller->out, sizeof(TEXT), &caller->in);
	caller->ipc.deadline = deadline;
	ASSERT_TRUE(caller_start(caller));
	while (now_ns() < deadline)
		caller_signal(caller, RESTARTS);
	EXPECT_EQ(-ETIMEDOUT, caller_join(caller));
	EXPECT_EQ(0U, caller->ipc.token);
	EXPECT_GT(handled, 0);
	EXPECT_TRUE(inbox_empty(self->server));
}

TEST_F(signals, send_restarted)
{
	ASSERT_TRUE(start_send(self));
	ASSERT_TRUE(disturb(self, 3));
	EXPECT_EQ(0, receive(self));
	EXPECT_EQ(0U, self->token);
	EXPECT_EQ(0, caller_join(&self->caller));
	EXPECT_TRUE(inbox_empty(self->server));
}

TEST_F(signals, send_interrupted)
{
	ASSERT_TRUE(start_send(self));
	caller_signal(&self->caller, INTERRUPTS);
	EXPECT_EQ(-EINTR, caller_join(&self->caller));
	EXPECT_EQ(0, give_up_interrupted(&self->caller));
	EXPECT_TRUE(inbox_empty(self->server));
}

static bool start_receive(signals_t *self)
{
	self->caller.request = PARLEY_IOC_RECV;
	self->caller.ipc = to_recv(&self->caller.in);
	return caller_start(&self->caller);
}

/* The roles are turned: the interrupted thread receives, "server" sends. */
static int send_to_client(signals_t *self, __u32 flags)
{
	struct parley_ipc ipc = to_send(task_id(self->client), &self->answer,
					sizeof(TEXT_ANSWER));

	ipc.flags = flags;
	return op(self->server, PARLEY_IOC_SEND, &ipc);
}

TEST_F(signals, receive_restarted)
{
	ASSERT_TRUE(start_receive(self));
	ASSERT_TRUE(disturb(self, 3));
	EXPECT_EQ(0, send_to_client(self, 0));
	EXPECT_EQ(0, caller_join(&self->caller));
	EXPECT_TRUE(answered(&self->caller));
	EXPECT_TRUE(inbox_empty(self->client));
}

TEST_F(signals, receive_interrupted)
{
	ASSERT_TRUE(start_receive(self));
	caller_signal(&self->caller, INTERRUPTS);
	EXPECT_EQ(-EINTR, caller_join(&self->caller));
	EXPECT_EQ(-EAGAIN, send_to_client(self, PARLEY_NONBLOCK));
	EXPECT_TRUE(inbox_empty(self->client));
}

/* The client is in a call, its server answers by REPLYRECV in the caller thread. */
static bool start_replyrecv(signals_t *self, struct caller *client)
{
	client->fd = self->client;
	client->request = PARLEY_IOC_CALL;
	client->out = self->caller.out;
	client->ipc = to_call(task_id(self->server), &client->out, sizeof(TEXT), &client->in);
	if (!caller_start(client) || receive(self))
		return false;
	self->caller.fd = self->server;
	self->caller.request = PARLEY_IOC_REPLYRECV;
	self->caller.ipc = to_replyrecv(self->token, &self->answer, sizeof(TEXT_ANSWER),
					&self->caller.in);
	return caller_start(&self->caller);
}

TEST_F(signals, replyrecv_restarted)
{
	struct caller client = { 0 };

	ASSERT_TRUE(start_replyrecv(self, &client));
	EXPECT_EQ(0, caller_join(&client));
	EXPECT_TRUE(answered(&client));
	ASSERT_TRUE(disturb(self, 3));
	client.ipc = to_send(task_id(self->server), &client.out, sizeof(TEXT));
	EXPECT_EQ(0, op(self->client, PARLEY_IOC_SEND, &client.ipc));
	EXPECT_EQ(0, caller_join(&self->caller));
	EXPECT_EQ(0U, self->caller.ipc.token);
	EXPECT_EQ(0, self->caller.ipc.reply_error);
	EXPECT_STREQ(TEXT, (char *)self->caller.in.payload);
	EXPECT_TRUE(inbox_empty(self->server));
}

TEST_F(signals, replyrecv_interrupted)
{
	struct caller client = { 0 };

	ASSERT_TRUE(start_replyrecv(self, &client));
	EXPECT_EQ(0, caller_join(&client));
	EXPECT_TRUE(answered(&client));
	caller_signal(&self->caller, INTERRUPTS);
	EXPECT_EQ(-EINTR, caller_join(&self->caller));
	EXPECT_EQ(0U, self->caller.ipc.token);
	EXPECT_EQ(-ENOENT, reply(self));
}

TEST_HARNESS_MAIN
