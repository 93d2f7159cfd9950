// SPDX-License-Identifier: GPL-2.0
/* Calls given up in the server's hands: what it is told, of one and of many. */
#include "events.h"

#include "../stress/census.h"

#define MANY	1000
#define RACES	300

FIXTURE(cancelled)
{
	struct task client, server;
	struct op call, recv, reply;
};

FIXTURE_SETUP(cancelled)
{
	self->client = task_open();
	self->server = task_open();
}

FIXTURE_TEARDOWN(cancelled)
{
}

/* A call that @server receives, from @client alone, and @client gives up; its token. */
static __u64 give_one_up(struct task client, struct task server, __s32 type)
{
	struct op recv, call;

	op_park(op_recv(&recv, server, client.id));
	op_call(&call, client, server.id, type, 8)->arg.deadline = PAST;
	CHECK_EQ(-ETIMEDOUT, op_run(&call));
	CHECK_EQ(0, op_join(&recv));
	CHECK(op_got(&recv, client.id, type, 8));
	CHECK(recv.arg.token);
	return recv.arg.token;
}

TEST_F(cancelled, a_reply_to_one_leaves_the_other)
{
	for (int replied = 0; replied < 2; replied++) {
		__u64 tokens[] = { give_one_up(self->client, self->server, 1),
				   give_one_up(self->client, self->server, 2) };

		op_reply(&self->reply, self->server, tokens[replied], 3, 8);
		EXPECT_EQ(-ENOENT, op_run(&self->reply));
		EXPECT_TRUE(hears_bits(self->server, PARLEY_NOTIFY_ABORTED));
		EXPECT_TRUE(hears_cancelled(self->server, tokens[!replied]));
		EXPECT_TRUE(hears_nothing(self->server));
	}
}

TEST_F(cancelled, replies_to_both_leave_other_bits)
{
	__u64 tokens[] = { give_one_up(self->client, self->server, 1),
			   give_one_up(self->client, self->server, 2) };

	ASSERT_EQ(0, task_notify(self->client, self->server.id, 0x10));
	op_reply(&self->reply, self->server, tokens[1], 3, 8);
	EXPECT_EQ(-ENOENT, op_run(&self->reply));
	op_reply(&self->reply, self->server, tokens[0], 3, 8);
	EXPECT_EQ(-ENOENT, op_run(&self->reply));
	EXPECT_TRUE(hears_bits(self->server, 0x10));
	EXPECT_TRUE(hears_nothing(self->server));
}

TEST_F(cancelled, bit_is_merged_with_others)
{
	__u64 token = give_one_up(self->client, self->server, 1);

	ASSERT_EQ(0, task_notify(self->client, self->server.id, 0x20));
	EXPECT_TRUE(hears_bits(self->server, PARLEY_NOTIFY_ABORTED | 0x20));
	EXPECT_TRUE(hears_cancelled(self->server, token));
	EXPECT_TRUE(hears_nothing(self->server));
}

/* A second cancellation sets the bit again, the first message being unread. */
TEST_F(cancelled, bit_comes_again)
{
	__u64 first = give_one_up(self->client, self->server, 1), second;

	EXPECT_TRUE(hears_bits(self->server, PARLEY_NOTIFY_ABORTED));
	second = give_one_up(self->client, self->server, 2);
	EXPECT_TRUE(hears_bits(self->server, PARLEY_NOTIFY_ABORTED));
	EXPECT_TRUE(hears_cancelled(self->server, first));
	EXPECT_TRUE(hears_cancelled(self->server, second));
	EXPECT_TRUE(hears_nothing(self->server));
}

/* What was received before has no part in it. */
TEST_F(cancelled, bit_of_a_later_one_is_taken_back)
{
	__u64 token = give_one_up(self->client, self->server, 1);

	EXPECT_TRUE(hears_bits(self->server, PARLEY_NOTIFY_ABORTED));
	EXPECT_TRUE(hears_cancelled(self->server, token));
	token = give_one_up(self->client, self->server, 2);
	EXPECT_EQ(-ENOENT, op_run(op_reply(&self->reply, self->server, token, 3, 8)));
	EXPECT_TRUE(hears_nothing(self->server));
}

TEST_F(cancelled, no_other_task_can_take_it_back)
{
	__u64 token = give_one_up(self->client, self->server, 1);

	EXPECT_EQ(-ENOENT, op_run(op_reply(&self->reply, self->client, token, 3, 8)));
	EXPECT_TRUE(hears_bits(self->server, PARLEY_NOTIFY_ABORTED));
	EXPECT_TRUE(hears_cancelled(self->server, token));
}

/* A reply that is refused for itself spends no token. */
TEST_F(cancelled, malformed_reply_takes_nothing_back)
{
	__u64 token = give_one_up(self->client, self->server, 1);

	op_reply(&self->reply, self->server, token, 3, PARLEY_PAYLOAD_MAX + 1);
	EXPECT_EQ(-EMSGSIZE, op_run(&self->reply));
	op_reply(&self->reply, self->server, token, 3, 8)->arg.send = 0;
	EXPECT_EQ(-EFAULT, op_run(&self->reply));
	EXPECT_TRUE(hears_bits(self->server, PARLEY_NOTIFY_ABORTED));
	EXPECT_TRUE(hears_cancelled(self->server, token));
}

TEST_F(cancelled, those_who_hear_one_task_do_not_hear_it)
{
	__u64 token;

	op_park(op_recv(&self->recv, self->server, self->client.id));
	op_start(op_call(&self->call, self->client, self->server.id, 1, 8));
	ASSERT_EQ(0, op_join(&self->recv));
	op_park(op_recv(&self->recv, self->server, self->client.id));
	token = give_one_up(task_open(), self->server, 2);
	op_await(&self->recv);
	EXPECT_TRUE(hears_bits(self->server, PARLEY_NOTIFY_ABORTED));
	EXPECT_TRUE(hears_cancelled(self->server, token));
	op_await(&self->recv);
}

TEST_F(cancelled, unfit_buffers_keep_it_in_its_place)
{
	__u64 tokens[3];
	struct op send;

	for (int i = 0; i < 3; i++)
		tokens[i] = give_one_up(self->client, self->server, i);
	EXPECT_TRUE(hears_bits(self->server, PARLEY_NOTIFY_ABORTED));
	op_park(op_send(&send, self->client, self->server.id, 4, 8));
	for (int i = 0; i < 3; i++) {
		op_poll(&self->recv, self->server, PARLEY_ANY)->arg.recv_len = 7;
		ASSERT_EQ(-EMSGSIZE, op_run(&self->recv));
		EXPECT_EQ(8U, self->recv.arg.recv_len);
		op_poll(&self->recv, self->server, PARLEY_TASK_KERNEL)->arg.recv = 0;
		ASSERT_EQ(-EFAULT, op_run(&self->recv));
		op_poll(&self->recv, self->server, PARLEY_ANY)->arg.recv_len = 8;
		ASSERT_EQ(0, op_run(&self->recv));
		EXPECT_TRUE(op_got_cancelled(&self->recv, tokens[i]));
	}
	ASSERT_EQ(0, op_run(op_poll(&self->recv, self->server, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->recv, self->client.id, 4, 8));
	EXPECT_EQ(0, op_join(&send));
	EXPECT_TRUE(hears_nothing(self->server));
}

/* Kept by one receive, it goes to another that waits, or to a reply. */
TEST_F(cancelled, kept_message_can_be_taken_back)
{
	__u64 token = give_one_up(self->client, self->server, 1);

	EXPECT_TRUE(hears_bits(self->server, PARLEY_NOTIFY_ABORTED));
	op_poll(&self->recv, self->server, PARLEY_ANY)->arg.recv = 0;
	ASSERT_EQ(-EFAULT, op_run(&self->recv));
	op_reply(&self->reply, self->server, token, 3, 8);
	EXPECT_EQ(-ENOENT, op_run(&self->reply));
	EXPECT_TRUE(hears_nothing(self->server));
}

/* A receive that fails puts nothing back that a reply has taken back meanwhile. */
TEST_F(cancelled, failed_receive_and_reply_at_once)
{
	for (int i = 0; i < RACES; i++) {
		__u64 token = give_one_up(self->client, self->server, 1);

		op_recv(&self->recv, self->server, PARLEY_TASK_KERNEL)->arg.recv = 0;
		op_start(&self->recv);
		while (!atomic_load(&self->recv.tid))
			;
		for (int spin = rand() % 20000; spin; spin--)
			__asm__ volatile("");
		op_reply(&self->reply, self->server, token, 3, 8);
		ASSERT_EQ(-ENOENT, op_run(&self->reply));
		ASSERT_EQ(0, task_notify(self->client, self->server.id, 0x10));
		ASSERT_EQ(-EFAULT, op_join(&self->recv));
		ASSERT_TRUE(hears_bits(self->server, 0x10));
		ASSERT_TRUE(hears_nothing(self->server));
	}
}

/* The request never reached the server: given up or put back, it is no more. */
TEST_F(cancelled, request_that_could_not_be_copied_is_not_told_of)
{
	for (int i = 0; i < RACES; i++) {
		op_recv(&self->recv, self->server, self->client.id)->arg.recv = 0;
		op_start(&self->recv);
		do {
			op_call(&self->call, self->client, self->server.id, 1, 8);
			self->call.arg.flags = PARLEY_NONBLOCK;
			self->call.arg.deadline = PAST;
			op_run(&self->call);
		} while (self->call.ret == -EAGAIN && !op_done(&self->recv));
		ASSERT_TRUE(self->call.ret == -ETIMEDOUT || self->call.ret == -EAGAIN);
		ASSERT_EQ(-EFAULT, op_join(&self->recv));
		ASSERT_TRUE(hears_nothing(self->server));
	}
}

/* Either the reply arrives, or the server knows that it didn't, and by that alone. */
TEST_F(cancelled, reply_and_deadline_at_once)
{
	int answered = 0;

	for (int i = 0; i < RACES; i++) {
		op_park(op_recv(&self->recv, self->server, self->client.id));
		op_call(&self->call, self->client, self->server.id, 1, 8);
		self->call.arg.deadline = now() + (__u64)rand() % (2 * MS);
		op_start(&self->call);
		ASSERT_EQ(0, op_join(&self->recv));
		op_reply(&self->reply, self->server, self->recv.arg.token, 2, 8);
		op_run(&self->reply);
		op_join(&self->call);
		ASSERT_EQ(self->reply.ret ? -ETIMEDOUT : 0, self->call.ret);
		ASSERT_EQ(self->reply.ret ? -ENOENT : 0, self->reply.ret);
		ASSERT_TRUE(hears_nothing(self->server));
		answered += !self->reply.ret;
	}
	TH_LOG("%d of %d answered", answered, RACES);
}

struct taker {
	struct task server;
	__s32 client;
	__u64 tokens[MANY];
};

static void *taker_thread(void *arg)
{
	struct taker *taker = arg;
	struct op recv;

	for (int i = 0; i < MANY; i++) {
		CHECK_EQ(0, op_run(op_recv(&recv, taker->server, taker->client)));
		taker->tokens[i] = recv.arg.token;
	}
	return NULL;
}

/* A call that a receiver is there for, and which is given up at once. */
static void call_in_vain(struct task client, __s32 server)
{
	struct op call;

	do {
		op_call(&call, client, server, 1, 8)->arg.flags = PARLEY_NONBLOCK;
		call.arg.deadline = PAST;
	} while (op_run(&call) == -EAGAIN && !sched_yield());
	CHECK_EQ(-ETIMEDOUT, call.ret);
}

static void give_many_up(struct taker *taker, struct task client, struct task server)
{
	pthread_t thread;

	taker->server = server;
	taker->client = client.id;
	CHECK_EQ(0, pthread_create(&thread, NULL, taker_thread, taker));
	for (int i = 0; i < MANY; i++)
		call_in_vain(client, server.id);
	CHECK_EQ(0, pthread_join(thread, NULL));
}

TEST_F(cancelled, a_thousand_arrive_once_each_in_order)
{
	static struct taker taker;

	give_many_up(&taker, self->client, self->server);
	EXPECT_TRUE(hears_bits(self->server, PARLEY_NOTIFY_ABORTED));
	for (int i = 0; i < MANY; i++)
		ASSERT_TRUE(hears_cancelled(self->server, taker.tokens[i]));
	EXPECT_TRUE(hears_nothing(self->server));
}

TEST_F(cancelled, a_thousand_are_taken_back)
{
	static struct taker taker;

	give_many_up(&taker, self->client, self->server);
	for (int i = 0; i < MANY; i++) {
		int which = i * 7 % MANY;	/* each once: 7 doesn't divide 1,000 */

		op_reply(&self->reply, self->server, taker.tokens[which], 3, 8);
		ASSERT_EQ(-ENOENT, op_run(&self->reply));
	}
	EXPECT_TRUE(hears_nothing(self->server));
}

TEST_F(cancelled, one_worker_of_a_pool_gets_each)
{
	static struct pool pool;
	int held;

	pool_start(&pool, self->server);
	for (int i = 0; i < 100; i++)
		call_in_vain(self->client, self->server.id);
	pool_stop(&pool);
	held = pool_count(&pool, 1, self->client.id, ~0ULL);
	EXPECT_EQ(100, held);
	for (int i = 0; i < pool.count; i++) {
		__u64 token = pool.letters[i].word;

		if (pool.letters[i].src == self->client.id)
			ASSERT_EQ(1, pool_count(&pool, PARLEY_GLOBAL_CANCELLED, 0, token));
	}
	EXPECT_EQ(100, pool_count(&pool, PARLEY_GLOBAL_CANCELLED, 0, ~0ULL));
	EXPECT_LE(1, pool_count(&pool, PARLEY_GLOBAL_NOTIFICATIONS, 0, PARLEY_NOTIFY_ABORTED));
	EXPECT_EQ(pool.count, 200 + pool_count(&pool, PARLEY_GLOBAL_NOTIFICATIONS, 0,
					       PARLEY_NOTIFY_ABORTED));
	EXPECT_TRUE(hears_nothing(self->server));
}

static void die_with_many_unread(int ctl, void *arg)
{
	static struct taker taker;
	struct task server = task_open();
	struct op recv;

	(void)ctl;
	give_many_up(&taker, task_open(), server);
	op_poll(&recv, server, PARLEY_TASK_KERNEL)->arg.recv = 0;
	CHECK_EQ(-EFAULT, op_run(&recv));
	if (arg)
		close(server.fd);
}

TEST_F(cancelled, dead_server_leaves_nothing_behind)
{
	struct census before;
	struct peer peer;

	if (!census_take(&before))
		SKIP(return, "the slab caches are unreadable");
	for (int closes = 0; closes < 2; closes++) {
		peer = child_start(die_with_many_unread, closes ? self : NULL);
		ASSERT_EQ(0, peer_join(&peer));
		EXPECT_TRUE(census_returns(&before));
	}
}

TEST_HARNESS_MAIN
