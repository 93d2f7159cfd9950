// SPDX-License-Identifier: GPL-2.0
/* Out-of-line payload: what arrives, what is kept, who gets which error. */
#include <kselftest_harness.h>

#include "cargo.h"

FIXTURE(bulk) {
	struct peer peer;
	struct ipc_msg msg;
	size_t len;
	ipc_token_t token;
	struct ipc_cargo cargo;
};

FIXTURE_SETUP(bulk)
{
	ASSERT_TRUE(have_feature(LIBIPC_FEATURE_CARGO)) {
		TH_LOG("the module has no LIBIPC_FEATURE_CARGO");
	}
	memset(self, 0, sizeof(*self));
	self->peer.to = ipc_self();
	self->peer.msg.type = 40;
	self->peer.len = HEAD;
	self->cargo.accept = LIBIPC_CARGO_OOL;
	self->cargo.recv_data = buffer(LIBIPC_OOL_MAX);
	self->cargo.recv_room = LIBIPC_OOL_MAX;
}

FIXTURE_TEARDOWN(bulk)
{
}

/* Makes the peer's operation carry out-of-line payload @n of @len bytes. */
static void load(struct ipc_cargo *cargo, size_t n, size_t len)
{
	cargo->send = LIBIPC_CARGO_OOL;
	cargo->send_data = filled_buffer(n, len + 1);
	cargo->send_len = len;
}

static int receive(FIXTURE_DATA(bulk) * self, uint64_t deadline)
{
	return ipc_recv_cargo(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
			      &self->cargo, deadline);
}

/* Has the receiver this payload, and what else it is told of it? */
static bool received(const FIXTURE_DATA(bulk) * self, size_t n, size_t len)
{
	struct ipc_ool head = head_of(&self->msg);

	return self->cargo.received == LIBIPC_CARGO_OOL && self->cargo.recv_len == len &&
	       head.addr == (uintptr_t)self->cargo.recv_data && head.len == len &&
	       has_bytes(self->cargo.recv_data, n, len);
}

/*
 * Answers @peer->len calls by what came with them and one more byte of the same
 * payload, out of the buffer that it came to.
 */
static void serve(struct peer *peer)
{
	struct ipc_cargo cargo = {
		.accept = LIBIPC_CARGO_OOL,
		.recv_data = buffer(LIBIPC_OOL_MAX),
		.recv_room = LIBIPC_OOL_MAX,
	};
	uint8_t *bytes = cargo.recv_data;
	ipc_token_t token = 0;
	struct ipc_msg msg;
	size_t len;

	for (size_t i = 0; i <= peer->len && !peer->err; i++) {
		peer->err = ipc_replyrecv_cargo(LIBIPC_TASK_ANY, &msg, &len, &token, &cargo,
						i < peer->len ? LIBIPC_FOREVER : LIBIPC_NOWAIT);
		cargo.send = LIBIPC_CARGO_OOL;
		cargo.send_data = bytes;
		cargo.send_len = cargo.recv_len;
		if (cargo.send_len < LIBIPC_OOL_MAX) {
			bytes[cargo.send_len] = pattern(msg.type, cargo.send_len);
			cargo.send_len++;
		}
	}
}

TEST_F(bulk, call_of_every_length)
{
	self->peer.len = LENGTHS;
	peer_start(&self->peer, serve);
	for (size_t i = 0; i < LENGTHS; i++) {
		size_t more = lengths[i] < LIBIPC_OOL_MAX ? lengths[i] + 1 : lengths[i];

		self->msg.type = 40 + i;
		memset(self->msg.data + HEAD, i, 8);
		self->len = HEAD + 8;
		load(&self->cargo, self->msg.type, lengths[i]);
		ASSERT_EQ(0, ipc_call_cargo(self->peer.id, &self->msg, &self->len, &self->cargo,
					    LIBIPC_FOREVER));
		EXPECT_EQ(40 + (int)i, self->msg.type);
		EXPECT_EQ(HEAD + 8, self->len);
		EXPECT_EQ(i, self->msg.data[HEAD + 7]);
		EXPECT_TRUE(received(self, self->msg.type, more));
	}
	peer_join(&self->peer);
	EXPECT_EQ(-EAGAIN, self->peer.err);
}

TEST_F(bulk, send_of_every_length)
{
	for (size_t i = 0; i < LENGTHS; i++) {
		struct peer sender = self->peer;

		load(&sender.cargo, i, lengths[i]);
		peer_start(&sender, peer_send_cargo);
		ASSERT_EQ(0, receive(self, LIBIPC_FOREVER));
		EXPECT_TRUE(received(self, i, lengths[i]));
		EXPECT_EQ((ipc_token_t)0, self->token);
		peer_join(&sender);
		EXPECT_EQ(0, sender.err);
	}
}

TEST_F(bulk, not_aligned)
{
	load(&self->peer.cargo, 1, 10000);
	self->peer.cargo.send_data = (const uint8_t *)self->peer.cargo.send_data + 3;
	self->peer.cargo.send_len -= 3;
	self->cargo.recv_data = (uint8_t *)self->cargo.recv_data + 4093;
	peer_start(&self->peer, peer_send_cargo);
	ASSERT_EQ(0, receive(self, LIBIPC_FOREVER));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
	ASSERT_EQ((size_t)9997, self->cargo.recv_len);
	EXPECT_EQ(0, memcmp(self->peer.cargo.send_data, self->cargo.recv_data, 9997));
}

TEST_F(bulk, plain_messages_come_too)
{
	peer_start(&self->peer, peer_send);
	ASSERT_EQ(0, receive(self, LIBIPC_FOREVER));
	EXPECT_TRUE(nothing_came(&self->cargo));
	EXPECT_EQ((size_t)0, self->cargo.recv_len);
	EXPECT_EQ(HEAD, self->len);
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
}

TEST_F(bulk, without_cargo_they_are_the_plain_functions)
{
	peer_start(&self->peer, peer_call);
	ASSERT_EQ(0, ipc_recv_cargo(LIBIPC_TASK_ANY, &self->msg, NULL, &self->token, NULL,
				    LIBIPC_FOREVER));
	self->msg.type = 41;
	EXPECT_EQ(0, ipc_reply_cargo(self->token, &self->msg, 3, NULL));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
	EXPECT_EQ(41, self->peer.msg.type);
	EXPECT_EQ((size_t)3, self->peer.len);
}

TEST_F(bulk, tells_who_has_sent)
{
	struct ipc_creds creds = { .uid = 77 };

	self->cargo.creds = &creds;
	load(&self->peer.cargo, 1, 100);
	peer_start(&self->peer, peer_send_cargo);
	ASSERT_EQ(0, receive(self, LIBIPC_FOREVER));
	EXPECT_EQ(getpid(), creds.pid);
	EXPECT_EQ(geteuid(), creds.uid);
	peer_join(&self->peer);
}

TEST_F(bulk, message_that_is_longer_than_the_room_is_kept)
{
	load(&self->peer.cargo, 5, 5000);
	peer_start(&self->peer, peer_call_cargo);
	self->cargo.recv_room = 4999;
	self->token = 77;
	EXPECT_EQ(-EMSGSIZE, receive(self, LIBIPC_FOREVER));
	EXPECT_EQ((size_t)5000, self->cargo.recv_len);
	EXPECT_TRUE(nothing_came(&self->cargo));
	EXPECT_EQ((ipc_token_t)77, self->token);
	self->cargo.recv_room = self->cargo.recv_len;
	ASSERT_EQ(0, receive(self, LIBIPC_NOWAIT));
	EXPECT_TRUE(received(self, 5, 5000));
	EXPECT_EQ(0, ipc_reply(self->token, &self->msg, 0));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
	EXPECT_TRUE(nothing_came(&self->peer.cargo));
}

TEST_F(bulk, reply_that_is_longer_than_the_room_ends_the_call)
{
	self->peer.cargo.accept = LIBIPC_CARGO_OOL;
	self->peer.cargo.recv_data = buffer(4096);
	self->peer.cargo.recv_room = 4096;
	peer_start(&self->peer, peer_call_cargo);
	ASSERT_EQ(0, receive(self, LIBIPC_FOREVER));
	load(&self->cargo, 1, 4097);
	EXPECT_EQ(0, ipc_reply_cargo(self->token, &self->msg, HEAD, &self->cargo));
	peer_join(&self->peer);
	EXPECT_EQ(-EMSGSIZE, self->peer.err);
	EXPECT_EQ((size_t)4097, self->peer.cargo.recv_len);
	EXPECT_TRUE(nothing_came(&self->peer.cargo));
	EXPECT_EQ(-ENOENT, ipc_reply(self->token, &self->msg, 0));
}

TEST_F(bulk, sender_is_told_that_it_is_not_accepted)
{
	struct peer plain = self->peer;

	load(&self->peer.cargo, 1, 100);
	peer_start(&self->peer, peer_send_cargo);
	wait_asleep(self->peer.tid);
	plain.msg.type = 41;
	peer_start(&plain, peer_send);
	ASSERT_EQ(0, ipc_recv(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
			      LIBIPC_FOREVER));
	EXPECT_EQ(41, self->msg.type);
	peer_join(&self->peer);
	EXPECT_EQ(-EOPNOTSUPP, self->peer.err);
	peer_join(&plain);
	EXPECT_EQ(0, plain.err);
}

TEST_F(bulk, replier_is_told_that_it_is_not_accepted)
{
	peer_start(&self->peer, peer_call);
	ASSERT_EQ(0, receive(self, LIBIPC_FOREVER));
	load(&self->cargo, 1, 100);
	EXPECT_EQ(-EOPNOTSUPP, ipc_reply_cargo(self->token, &self->msg, HEAD, &self->cargo));
	EXPECT_EQ(0, ipc_reply(self->token, &self->msg, 0));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
}

TEST_F(bulk, replyrecv_that_can_not_reply_receives_nothing)
{
	peer_start(&self->peer, peer_call);
	ASSERT_EQ(0, receive(self, LIBIPC_FOREVER));
	load(&self->cargo, 1, 100);
	self->len = HEAD;
	EXPECT_EQ(-EOPNOTSUPP, ipc_replyrecv_cargo(LIBIPC_TASK_ANY, &self->msg, &self->len,
						   &self->token, &self->cargo, LIBIPC_NOWAIT));
	EXPECT_NE((ipc_token_t)0, self->token);
	self->cargo.send = 0;
	EXPECT_EQ(-EAGAIN, ipc_replyrecv_cargo(LIBIPC_TASK_ANY, &self->msg, &self->len,
					       &self->token, &self->cargo, LIBIPC_NOWAIT));
	EXPECT_EQ((ipc_token_t)0, self->token);
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
}

TEST_F(bulk, unreadable_payload_is_the_senders_error)
{
	self->cargo.send = LIBIPC_CARGO_OOL;
	self->cargo.send_data = (void *)4096;
	self->cargo.send_len = 100;
	self->len = HEAD;
	EXPECT_EQ(-EFAULT, ipc_call_cargo(self->peer.to, &self->msg, &self->len, &self->cargo,
					  ipc_deadline(100 * MSEC)));
	EXPECT_EQ(-EFAULT, ipc_send_cargo(self->peer.to, &self->msg, HEAD, &self->cargo,
					  ipc_deadline(100 * MSEC)));
	self->cargo.send_data = self->cargo.recv_data;
	self->cargo.recv_data = (void *)4096;
	EXPECT_EQ(-EFAULT, ipc_call_cargo(self->peer.to, &self->msg, &self->len, &self->cargo,
					  ipc_deadline(100 * MSEC)));
	EXPECT_EQ(HEAD, self->len);
}

/* All four that send; a message to this task, which doesn't receive. */
static void expect_refused(struct __test_metadata *_metadata, FIXTURE_DATA(bulk) * self,
			   int err, size_t len)
{
	struct ipc_cargo *cargo = &self->cargo;
	ipc_token_t token = 1;

	cargo->recv_len = 77;
	cargo->recv_fd = 77;
	EXPECT_EQ(err, ipc_send_cargo(ipc_self(), &self->msg, len, cargo,
				      ipc_deadline(100 * MSEC)));
	EXPECT_EQ(err, ipc_reply_cargo(token, &self->msg, len, cargo));
	EXPECT_EQ(77, cargo->recv_fd);
	EXPECT_EQ(err, ipc_call_cargo(ipc_self(), &self->msg, &len, cargo,
				      ipc_deadline(100 * MSEC)));
	EXPECT_TRUE(nothing_came(cargo));
	EXPECT_EQ((size_t)0, cargo->recv_len);
	cargo->recv_fd = 77;
	EXPECT_EQ(err, ipc_replyrecv_cargo(LIBIPC_TASK_ANY, &self->msg, &len, &token, cargo,
					   LIBIPC_NOWAIT));
	EXPECT_TRUE(nothing_came(cargo));
	EXPECT_EQ((ipc_token_t)1, token);
}

TEST_F(bulk, wrong_arguments)
{
	static uint8_t byte;

	errno = ELNRNG;
	self->cargo.send = LIBIPC_CARGO_OOL;
	self->cargo.send_data = &byte;
	self->cargo.send_len = 1;
	expect_refused(_metadata, self, -EINVAL, HEAD - 1);
	expect_refused(_metadata, self, -EMSGSIZE, LIBIPC_PAYLOAD_MAX + 1);
	self->cargo.send_len = LIBIPC_OOL_MAX + 1;
	expect_refused(_metadata, self, -EMSGSIZE, HEAD);
	self->cargo.send_len = SIZE_MAX;
	expect_refused(_metadata, self, -EMSGSIZE, HEAD);
	self->cargo.send_len = 1;
	self->cargo.send = LIBIPC_CARGO_OOL | LIBIPC_CARGO_RANGE;
	expect_refused(_metadata, self, -EINVAL, HEAD);
	self->cargo.send = LIBIPC_CARGO_OOL;
	for (int i = 0; i < 4; i++) {
		self->cargo.reserved[i] = 1;
		expect_refused(_metadata, self, -EINVAL, HEAD);
		EXPECT_EQ(-EINVAL, receive(self, LIBIPC_NOWAIT));
		self->cargo.reserved[i] = 0;
	}
	self->cargo.accept = LIBIPC_CARGO_RANGE;
	EXPECT_EQ(-EINVAL, receive(self, LIBIPC_NOWAIT));
	self->cargo.accept = 1U << 31;
	EXPECT_EQ(-EINVAL, receive(self, LIBIPC_NOWAIT));
	EXPECT_EQ(ELNRNG, errno);
}

TEST_F(bulk, null)
{
	EXPECT_EQ(-EFAULT, ipc_send_cargo(ipc_self(), NULL, HEAD, &self->cargo, LIBIPC_NOWAIT));
	EXPECT_EQ(-EFAULT, ipc_reply_cargo(1, NULL, HEAD, &self->cargo));
	EXPECT_EQ(-EFAULT, ipc_call_cargo(ipc_self(), NULL, &self->len, &self->cargo,
					  LIBIPC_NOWAIT));
	EXPECT_EQ(-EFAULT, ipc_call_cargo(ipc_self(), &self->msg, NULL, &self->cargo,
					  LIBIPC_NOWAIT));
	EXPECT_EQ(-EFAULT, ipc_recv_cargo(LIBIPC_TASK_ANY, NULL, &self->len, &self->token,
					  &self->cargo, LIBIPC_NOWAIT));
	EXPECT_EQ(-EFAULT, ipc_recv_cargo(LIBIPC_TASK_ANY, &self->msg, &self->len, NULL,
					  &self->cargo, LIBIPC_NOWAIT));
	EXPECT_EQ(-EFAULT, ipc_replyrecv_cargo(LIBIPC_TASK_ANY, &self->msg, NULL, &self->token,
					       &self->cargo, LIBIPC_NOWAIT));
	EXPECT_EQ(-EFAULT, ipc_replyrecv_cargo(LIBIPC_TASK_ANY, &self->msg, &self->len, NULL,
					       &self->cargo, LIBIPC_NOWAIT));
	EXPECT_EQ(-EFAULT, ipc_replyrecv_cargo(LIBIPC_TASK_ANY, NULL, &self->len, &self->token,
					       &self->cargo, LIBIPC_NOWAIT));
}

TEST_F(bulk, a_send_of_it_waits)
{
	load(&self->cargo, 1, 100);
	EXPECT_EQ(-EINVAL, ipc_send_cargo(self->peer.to, &self->msg, HEAD, &self->cargo,
					  LIBIPC_NOWAIT));
	EXPECT_EQ(-ETIMEDOUT, ipc_send_cargo(self->peer.to, &self->msg, HEAD, &self->cargo,
					     ipc_deadline(10 * MSEC)));
	EXPECT_EQ(-EAGAIN, receive(self, LIBIPC_NOWAIT));
}

/* Asks for a message left for it, as libipc does but with cargo; then sends. */
static void ask_and_send(struct peer *peer)
{
	struct ipc_msg ask = { .type = LIBIPC_ASYNC };
	size_t len = HEAD;

	peer->err = ipc_call_cargo(peer->to, &ask, &len, &peer->cargo, LIBIPC_FOREVER);
	if (!peer->err && ask.type != -ENODATA)
		peer->err = -EBADMSG;
	load(&peer->cargo, 2, LIBIPC_OOL_MAX);
	if (!peer->err)
		peer_send_cargo(peer);
}

TEST_F(bulk, receive_that_answers_on_the_way_has_all_its_room)
{
	load(&self->peer.cargo, 1, 10);
	peer_start(&self->peer, ask_and_send);
	ASSERT_EQ(0, receive(self, LIBIPC_FOREVER));
	EXPECT_EQ(40, self->msg.type);
	EXPECT_TRUE(received(self, 2, LIBIPC_OOL_MAX));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
}

TEST_F(bulk, replyrecv_whose_reply_is_refused_answers_on_the_way)
{
	load(&self->peer.cargo, 1, 10);
	peer_start(&self->peer, ask_and_send);
	self->token = 12345;
	ASSERT_EQ(0, ipc_replyrecv_cargo(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
					 &self->cargo, LIBIPC_FOREVER));
	EXPECT_EQ((ipc_token_t)0, self->token);
	EXPECT_TRUE(received(self, 2, LIBIPC_OOL_MAX));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
}

static void call_then_ask_and_send(struct peer *peer)
{
	struct ipc_msg msg = { .type = 41 };
	struct ipc_cargo cargo = { .accept = LIBIPC_CARGO_OOL };
	size_t len = 0;

	cargo.recv_data = buffer(4096);
	cargo.recv_room = 4096;
	peer->err = ipc_call_cargo(peer->to, &msg, &len, &cargo, LIBIPC_FOREVER);
	if (!peer->err && !has_bytes(cargo.recv_data, 3, 4096))
		peer->err = -EBADMSG;
	if (!peer->err)
		ask_and_send(peer);
}

TEST_F(bulk, replyrecv_that_answers_on_the_way_has_all_its_room)
{
	load(&self->peer.cargo, 1, 10);
	peer_start(&self->peer, call_then_ask_and_send);
	ASSERT_EQ(0, receive(self, LIBIPC_FOREVER));
	ASSERT_EQ(41, self->msg.type);
	load(&self->cargo, 3, 4096);
	self->len = HEAD;
	ASSERT_EQ(0, ipc_replyrecv_cargo(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
					 &self->cargo, LIBIPC_FOREVER));
	EXPECT_EQ(40, self->msg.type);
	EXPECT_EQ((ipc_token_t)0, self->token);
	EXPECT_TRUE(received(self, 2, LIBIPC_OOL_MAX));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
}

TEST_HARNESS_MAIN
