// SPDX-License-Identifier: GPL-2.0
/* Messages, calls and replies that go well, and what a receiver finds. */
#include <kselftest_harness.h>

#include "common.h"

#define CALLS	1000

/* Answers @len calls; the replies' type is the requests' plus one. */
static void serve(struct peer *peer)
{
	struct ipc_msg msg;
	size_t len = SIZE_MAX; /* not looked at while there is nothing to answer */
	ipc_token_t token = 0;

	for (size_t i = 0; i <= peer->len && !peer->err; i++) {
		peer->err = ipc_replyrecv(LIBIPC_TASK_ANY, &msg, &len, &token,
					  i < peer->len ? LIBIPC_FOREVER : LIBIPC_NOWAIT);
		msg.type++;
	}
}

TEST(call_of_every_length)
{
	struct peer server = { .len = LIBIPC_PAYLOAD_MAX + 1 };

	peer_start(&server, serve);
	for (size_t n = 0; n <= LIBIPC_PAYLOAD_MAX; n++) {
		struct ipc_msg msg;
		size_t len = n;

		memset(&msg, 0xff, sizeof(msg));
		msg.type = 40;
		fill(&msg, n, n);
		ASSERT_EQ(0, ipc_call(server.id, &msg, &len, LIBIPC_FOREVER));
		EXPECT_EQ(41, msg.type);
		EXPECT_EQ(server.id, msg.src);
		EXPECT_EQ(n, len);
		EXPECT_TRUE(filled(&msg, n, n));
	}
	peer_join(&server);
	EXPECT_EQ(-EAGAIN, server.err);
}

TEST(many_calls)
{
	struct peer server = { .len = CALLS };

	peer_start(&server, serve);
	for (size_t n = 0; n < CALLS; n++) {
		struct ipc_msg msg = { .type = n + 100 };
		size_t len = n % 100;

		fill(&msg, n, len);
		ASSERT_EQ(0, ipc_call(server.id, &msg, &len, LIBIPC_FOREVER));
		ASSERT_EQ((int)n + 101, msg.type);
		ASSERT_EQ(n % 100, len);
		ASSERT_TRUE(filled(&msg, n, len));
	}
	peer_join(&server);
	EXPECT_EQ(-EAGAIN, server.err);
}

FIXTURE(called) {
	struct peer client;
	struct ipc_msg msg;
	size_t len;
	ipc_token_t token;
};

/* A call of 8 bytes is in our hands; the client waits for its reply. */
FIXTURE_SETUP(called)
{
	memset(&self->client, 0, sizeof(self->client));
	memset(&self->client.msg, 0xff, sizeof(self->client.msg));
	self->client.to = ipc_self();
	self->client.msg.type = 40;
	self->client.msg.src = 12345;
	self->client.len = 8;
	fill(&self->client.msg, 1, 8);
	peer_start(&self->client, peer_call);
	memset(&self->msg, 0xff, sizeof(self->msg));
	ASSERT_EQ(0, ipc_recv(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
			      LIBIPC_FOREVER));
}

FIXTURE_TEARDOWN(called)
{
}

TEST_F(called, request_is_as_sent)
{
	EXPECT_EQ(40, self->msg.type);
	EXPECT_EQ(self->client.id, self->msg.src);
	EXPECT_EQ((size_t)8, self->len);
	EXPECT_TRUE(filled(&self->msg, 1, 8));
	EXPECT_NE((ipc_token_t)0, self->token);
}

TEST_F(called, reply_is_zeroed_beyond_its_end)
{
	EXPECT_EQ(0, ipc_reply(self->token, &self->msg, 3));
	peer_join(&self->client);
	EXPECT_EQ(0, self->client.err);
	EXPECT_EQ((size_t)3, self->client.len);
	EXPECT_TRUE(filled(&self->client.msg, 1, 3));
}

TEST_F(called, error_of_the_service_is_a_reply)
{
	self->msg.type = -EACCES;
	EXPECT_EQ(0, ipc_reply(self->token, &self->msg, 0));
	peer_join(&self->client);
	EXPECT_EQ(0, self->client.err);
	EXPECT_EQ(-EACCES, self->client.msg.type);
	EXPECT_EQ((size_t)0, self->client.len);
}

TEST_F(called, second_reply_is_refused)
{
	EXPECT_EQ(0, ipc_reply(self->token, &self->msg, 0));
	EXPECT_EQ(-ENOENT, ipc_reply(self->token, &self->msg, 0));
}

TEST_F(called, reply_of_another_task_is_refused)
{
	int before = ipc_use(ipc_open());

	EXPECT_EQ(-ENOENT, ipc_reply(self->token, &self->msg, 0));
	ipc_use(before);
	EXPECT_EQ(0, ipc_reply(self->token, &self->msg, 0));
}

TEST_F(called, replyrecv_that_receives_nothing_has_replied)
{
	self->msg.type = 41;
	EXPECT_EQ(-EAGAIN, ipc_replyrecv(LIBIPC_TASK_ANY, &self->msg, &self->len,
					 &self->token, LIBIPC_NOWAIT));
	EXPECT_EQ((ipc_token_t)0, self->token);
	peer_join(&self->client);
	EXPECT_EQ(0, self->client.err);
	EXPECT_EQ(41, self->client.msg.type);
}

TEST_F(called, replyrecv_drops_a_refused_reply)
{
	ipc_token_t used = self->token;

	EXPECT_EQ(0, ipc_reply(self->token, &self->msg, 0));
	EXPECT_EQ(0, ipc_notify(ipc_self(), 0x40));
	EXPECT_EQ(0, ipc_replyrecv(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
				   LIBIPC_NOWAIT));
	EXPECT_EQ(LIBIPC_NOTIFICATIONS, self->msg.type);
	EXPECT_EQ((ipc_token_t)0, self->token);
	EXPECT_EQ(-ENOENT, ipc_reply(used, &self->msg, 0));
}

TEST_F(called, replyrecv_without_a_token_only_receives)
{
	ipc_token_t none = 0;
	size_t len = SIZE_MAX;

	EXPECT_EQ(0, ipc_notify(ipc_self(), 0x40));
	EXPECT_EQ(0, ipc_replyrecv(LIBIPC_TASK_ANY, &self->msg, &len, &none, LIBIPC_NOWAIT));
	EXPECT_EQ((size_t)1, len);
	EXPECT_EQ(0, ipc_reply(self->token, &self->msg, 0));
}

TEST(sent_message_has_no_token)
{
	struct peer sender = { .to = ipc_self(), .msg.type = 40, .len = 5 };
	ipc_token_t token = 1;
	struct ipc_msg msg;

	fill(&sender.msg, 2, 5);
	peer_start(&sender, peer_send);
	memset(&msg, 0xff, sizeof(msg));
	ASSERT_EQ(0, ipc_recv(sender.id, &msg, NULL, &token, LIBIPC_FOREVER));
	peer_join(&sender);
	EXPECT_EQ(0, sender.err);
	EXPECT_EQ((ipc_token_t)0, token);
	EXPECT_EQ(40, msg.type);
	EXPECT_EQ(sender.id, msg.src);
	EXPECT_TRUE(filled(&msg, 2, 5));
}

TEST_HARNESS_MAIN
