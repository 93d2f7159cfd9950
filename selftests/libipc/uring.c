// SPDX-License-Identifier: GPL-2.0
/* Operations over a ring: the same results as without. */
#include "ring.h"

#define CALLS	16

/* Answers @peer->len calls; a reply's type is the request's plus one. */
static void serve(struct peer *peer)
{
	struct ipc_msg msg;
	ipc_token_t token = 0;
	size_t len;

	for (size_t i = 0; i <= peer->len && !peer->err; i++) {
		peer->err = ipc_replyrecv(LIBIPC_TASK_ANY, &msg, &len, &token,
					  i < peer->len ? LIBIPC_FOREVER : LIBIPC_NOWAIT);
		msg.type++;
	}
}

TEST_F(uring, call)
{
	self->peer.len = 1;
	peer_start(&self->peer, serve);
	self->msg.type = 40;
	self->len = 100;
	fill(&self->msg, 1, 100);
	prep_call(self, self->peer.id, LIBIPC_FOREVER);
	ASSERT_EQ(0, result(self));
	EXPECT_EQ(41, self->msg.type);
	EXPECT_EQ(self->peer.id, self->msg.src);
	EXPECT_EQ((size_t)100, self->len);
	EXPECT_TRUE(filled(&self->msg, 1, 100));
	peer_join(&self->peer);
}

TEST_F(uring, receive_and_reply)
{
	fill(&self->peer.msg, 2, 50);
	self->peer.len = 50;
	peer_start(&self->peer, peer_call);
	memset(&self->msg, 0xff, sizeof(self->msg));
	ASSERT_EQ(0, recv_over(self));
	EXPECT_EQ(40, self->msg.type);
	EXPECT_EQ(self->peer.id, self->msg.src);
	EXPECT_EQ((size_t)50, self->len);
	EXPECT_TRUE(filled(&self->msg, 2, 50));
	EXPECT_NE((ipc_token_t)0, self->token);
	self->msg.type = 41;
	ipc_uring_prep_reply(entry(self, &self->op), ipc_fd(), &self->op, self->token, &self->msg,
			     3, NULL);
	EXPECT_EQ(0, result(self));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
	EXPECT_EQ(41, self->peer.msg.type);
	EXPECT_EQ((size_t)3, self->peer.len);
}

TEST_F(uring, send)
{
	peer_start(&self->peer, peer_recv);
	self->msg.type = 44;
	ipc_uring_prep_send(entry(self, &self->op), ipc_fd(), &self->op, self->peer.id,
			    &self->msg, 7, NULL, LIBIPC_FOREVER);
	EXPECT_EQ(0, result(self));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
	EXPECT_EQ(44, self->peer.msg.type);
	EXPECT_EQ((size_t)7, self->peer.len);
	EXPECT_EQ((ipc_token_t)0, self->peer.token);
}

static void call_many(struct peer *peer)
{
	for (int i = 0; i < CALLS && !peer->err; i++) {
		peer->msg.type = 40 + i;
		peer->len = i;
		peer_call(peer);
		if (!peer->err && (peer->msg.type != 100 + i || peer->len != (size_t)i))
			peer->err = -EBADMSG;
	}
}

/* A server's whole loop, its first turn without anything to reply to. */
TEST_F(uring, replyrecv)
{
	peer_start(&self->peer, call_many);
	for (int i = 0; i < CALLS; i++) {
		ipc_uring_prep_replyrecv(entry(self, &self->op), ipc_fd(), &self->op,
					 LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
					 &self->cargo, LIBIPC_FOREVER);
		ASSERT_EQ(0, result(self));
		ASSERT_EQ(40 + i, self->msg.type);
		ASSERT_EQ((size_t)i, self->len);
		ASSERT_NE((ipc_token_t)0, self->token);
		self->msg.type += 60;
	}
	ipc_uring_prep_replyrecv(entry(self, &self->op), ipc_fd(), &self->op, LIBIPC_TASK_ANY,
				 &self->msg, &self->len, &self->token, NULL, LIBIPC_NOWAIT);
	EXPECT_EQ(-EAGAIN, result(self));
	EXPECT_EQ((ipc_token_t)0, self->token);
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
}

/* Each of them waits until all are there, and they are answered in reverse. */
static void serve_backwards(struct peer *peer)
{
	struct ipc_msg msg[CALLS];
	ipc_token_t token[CALLS];

	for (int i = 0; i < CALLS && !peer->err; i++)
		peer->err = ipc_recv(LIBIPC_TASK_ANY, &msg[i], NULL, &token[i], LIBIPC_FOREVER);
	for (int i = CALLS - 1; i >= 0 && !peer->err; i--)
		peer->err = ipc_reply(token[i], &msg[i], 8);
}

TEST_F(uring, many_calls_at_once)
{
	struct ipc_uring op[CALLS];
	struct ipc_msg msg[CALLS];
	size_t len[CALLS];
	unsigned int workers[2] = { CALLS, 0 };
	int seen = 0, res;

	ASSERT_EQ(0, io_uring_register_iowq_max_workers(&self->ring, workers));
	peer_start(&self->peer, serve_backwards);
	for (int i = 0; i < CALLS; i++) {
		msg[i].type = 40 + i;
		fill(&msg[i], i, 8);
		len[i] = 8;
		ipc_uring_prep_call(entry(self, &op[i]), ipc_fd(), &op[i], self->peer.id, &msg[i],
				    &len[i], NULL, LIBIPC_FOREVER);
	}
	for (int i = 0; i < CALLS; i++) {
		int which = completed(self, &res) - op;

		ASSERT_EQ(0, ipc_uring_result(&op[which], res));
		EXPECT_EQ(40 + which, msg[which].type);
		EXPECT_TRUE(filled(&msg[which], which, 8));
		seen |= 1 << which;
	}
	EXPECT_EQ((1 << CALLS) - 1, seen);
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
}

/* One thread is both, with two tasks. */
TEST_F(uring, both_ends_on_one_ring)
{
	struct ipc_msg request = { .type = 40 };
	size_t request_len = 0;
	struct ipc_uring call;
	int server = ipc_fd(), client = ipc_open(), res;

	ASSERT_LE(0, client);
	ipc_uring_prep_call(entry(self, &call), client, &call, ipc_self(), &request, &request_len,
			    NULL, LIBIPC_FOREVER);
	prep_recv(self, LIBIPC_FOREVER);
	ASSERT_EQ(&self->op, completed(self, &res));
	ASSERT_EQ(0, ipc_uring_result(&self->op, res));
	self->msg.type = 41;
	ipc_uring_prep_reply(entry(self, &self->op), server, &self->op, self->token, &self->msg,
			     0, NULL);
	for (int i = 0; i < 2; i++) {
		struct ipc_uring *op = completed(self, &res);

		EXPECT_EQ(0, ipc_uring_result(op, res));
	}
	EXPECT_EQ(41, request.type);
	EXPECT_EQ(ipc_self(), request.src);
}

TEST_F(uring, out_of_line_payload_both_ways)
{
	self->peer.cargo = (struct ipc_cargo){
		.send = LIBIPC_CARGO_OOL,
		.send_data = filled_buffer(1, LIBIPC_OOL_MAX),
		.send_len = LIBIPC_OOL_MAX,
		.accept = LIBIPC_CARGO_OOL,
		.recv_data = buffer(LIBIPC_OOL_MAX),
		.recv_room = LIBIPC_OOL_MAX,
	};
	peer_start(&self->peer, peer_call_cargo);
	ASSERT_EQ(0, recv_over(self));
	EXPECT_EQ(LIBIPC_CARGO_OOL, self->cargo.received);
	EXPECT_EQ((size_t)LIBIPC_OOL_MAX, self->cargo.recv_len);
	EXPECT_TRUE(has_bytes(self->cargo.recv_data, 1, LIBIPC_OOL_MAX));
	self->cargo.send = LIBIPC_CARGO_OOL;
	self->cargo.send_data = filled_buffer(2, 5000);
	self->cargo.send_len = 5000;
	ipc_uring_prep_reply(entry(self, &self->op), ipc_fd(), &self->op, self->token, &self->msg,
			     HEAD, &self->cargo);
	EXPECT_EQ(0, result(self));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
	EXPECT_EQ((size_t)5000, self->peer.cargo.recv_len);
	EXPECT_TRUE(has_bytes(self->peer.cargo.recv_data, 2, 5000));
}

TEST_F(uring, descriptor)
{
	self->peer.cargo.send = LIBIPC_CARGO_FD;
	self->peer.cargo.send_fd = 0;
	peer_start(&self->peer, peer_send_cargo);
	ASSERT_EQ(0, recv_over(self));
	EXPECT_EQ(LIBIPC_CARGO_FD, self->cargo.received);
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->cargo.recv_fd, F_GETFD));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
}

TEST_F(uring, errors)
{
	int pipes[2];

	self->token = 77;
	prep_recv(self, LIBIPC_NOWAIT);
	EXPECT_EQ(-EAGAIN, result(self));
	prep_recv(self, ipc_deadline(10 * MSEC));
	EXPECT_EQ(-ETIMEDOUT, result(self));
	EXPECT_EQ((ipc_token_t)77, self->token);
	self->len = 16;
	prep_call(self, INT32_MAX, LIBIPC_FOREVER);
	EXPECT_EQ(-ENOTCONN, result(self));
	EXPECT_EQ((size_t)16, self->len);
	prep_call(self, ipc_self(), ipc_deadline(10 * MSEC));
	EXPECT_EQ(-ETIMEDOUT, result(self));
	EXPECT_EQ((size_t)16, self->len);
	ipc_uring_prep_reply(entry(self, &self->op), ipc_fd(), &self->op, 1, &self->msg, 0, NULL);
	EXPECT_EQ(-ENOENT, result(self));
	ipc_uring_prep_reply(entry(self, &self->op), -1, &self->op, 1, &self->msg, 0, NULL);
	EXPECT_EQ(-EBADF, result(self));
	ASSERT_EQ(0, pipe(pipes));
	ipc_uring_prep_reply(entry(self, &self->op), pipes[0], &self->op, 1, &self->msg, 0, NULL);
	EXPECT_EQ(-EOPNOTSUPP, result(self));
}

/* They complete, and the ring can go on. */
TEST_F(uring, wrong_arguments)
{
	struct io_uring_sqe *sqe = entry(self, &self->op);

	ipc_uring_prep_send(sqe, ipc_fd(), &self->op, ipc_self(), NULL, 0, NULL, LIBIPC_NOWAIT);
	EXPECT_EQ(-EFAULT, result(self));
	ipc_uring_prep_send(entry(self, &self->op), ipc_fd(), &self->op, ipc_self(), &self->msg,
			    LIBIPC_PAYLOAD_MAX + 1, NULL, LIBIPC_NOWAIT);
	EXPECT_EQ(-EMSGSIZE, result(self));
	ipc_uring_prep_call(entry(self, &self->op), ipc_fd(), &self->op, ipc_self(), &self->msg,
			    NULL, NULL, LIBIPC_NOWAIT);
	EXPECT_EQ(-EFAULT, result(self));
	ipc_uring_prep_recv(entry(self, &self->op), ipc_fd(), &self->op, LIBIPC_TASK_ANY,
			    &self->msg, NULL, NULL, NULL, LIBIPC_NOWAIT);
	EXPECT_EQ(-EFAULT, result(self));
	ipc_uring_prep_replyrecv(entry(self, &self->op), ipc_fd(), &self->op, LIBIPC_TASK_ANY,
				 &self->msg, NULL, &self->token, NULL, LIBIPC_NOWAIT);
	EXPECT_EQ(-EFAULT, result(self));
	self->cargo.reserved[0] = 1;
	prep_recv(self, LIBIPC_NOWAIT);
	EXPECT_EQ(-EINVAL, result(self));
	self->cargo.reserved[0] = 0;
	self->msg.type = -1;
	prep_call(self, ipc_self(), LIBIPC_NOWAIT);
	EXPECT_EQ(-EINVAL, result(self));
}

static void fetch_then_call(struct peer *peer)
{
	peer->err = ipc_async_recv(peer->to, &peer->msg, &peer->len, LIBIPC_FOREVER);
	if (peer->err == -ENODATA)
		peer_call(peer);
}

TEST_F(uring, request_to_be_answered_on_the_way)
{
	peer_start(&self->peer, fetch_then_call);
	self->token = 77;
	prep_recv(self, LIBIPC_FOREVER);
	ASSERT_EQ(LIBIPC_URING_AGAIN, result(self));
	EXPECT_EQ((ipc_token_t)77, self->token);
	ipc_uring_prep_again(entry(self, &self->op), &self->op);
	ASSERT_EQ(0, result(self));
	EXPECT_EQ(40, self->msg.type);
	EXPECT_EQ(0, ipc_reply(self->token, &self->msg, 0));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
}

static void call_fetch_and_call(struct peer *peer)
{
	peer_call(peer);
	if (!peer->err)
		peer->err = ipc_async_recv(peer->to, &peer->msg, &peer->len, LIBIPC_FOREVER);
	if (!peer->err && peer->msg.type != 60)
		peer->err = -EBADMSG;
	if (!peer->err)
		peer_call(peer);
}

/* The task of the ring is not the thread's, and what is left is that one's. */
TEST_F(uring, what_was_left_is_of_the_task_that_was_asked)
{
	struct ipc_msg left = { .type = 60 };
	int fd = ipc_open();

	ASSERT_LE(0, fd);
	ipc_use(fd);
	self->peer.to = ipc_self();
	peer_start(&self->peer, call_fetch_and_call);
	ASSERT_EQ(0, ipc_async_send(self->peer.id, &left, 0));
	ipc_use(-1);
	ipc_uring_prep_recv(entry(self, &self->op), fd, &self->op, LIBIPC_TASK_ANY, &self->msg,
			    &self->len, &self->token, NULL, LIBIPC_FOREVER);
	ASSERT_EQ(0, result(self));
	ipc_uring_prep_replyrecv(entry(self, &self->op), fd, &self->op, LIBIPC_TASK_ANY,
				 &self->msg, &self->len, &self->token, NULL, LIBIPC_FOREVER);
	ASSERT_EQ(LIBIPC_URING_AGAIN, result(self));
	EXPECT_EQ((ipc_token_t)0, self->token);
	ipc_uring_prep_again(entry(self, &self->op), &self->op);
	ASSERT_EQ(0, result(self));
	EXPECT_EQ(60, self->msg.type);
	ipc_uring_prep_reply(entry(self, &self->op), fd, &self->op, self->token, &self->msg, 0,
			     NULL);
	EXPECT_EQ(0, result(self));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
}

TEST_HARNESS_MAIN
