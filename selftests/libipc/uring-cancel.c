// SPDX-License-Identifier: GPL-2.0
/* Operations over a ring that are cancelled there. */
#include "ring.h"

static void prep_cancel(FIXTURE_DATA(uring) * self)
{
	ipc_uring_prep_cancel(entry(self, NULL), ipc_fd(), &self->op, (uintptr_t)&self->op);
}

/* Both completions are to be had, in either order; what each of them says. */
static void cancel(FIXTURE_DATA(uring) * self, int *canceled, int *canceling)
{
	int res;

	*canceled = 1;
	*canceling = 1;
	prep_cancel(self);
	for (int i = 0; i < 2; i++)
		if (completed(self, &res) == &self->op)
			*canceled = ipc_uring_result(&self->op, res);
		else
			*canceling = res;
}

/* Without threads there is one way to be cancelled; with them it may have begun or not. */
static bool cancels(FIXTURE_DATA(uring) * self)
{
	int canceled, canceling;

	cancel(self, &canceled, &canceling);
	if (canceled == -ECANCELED && canceling == 0)
		return true;
	if (canceled == -EINTR && canceling == -EALREADY &&
	    !have_feature(LIBIPC_FEATURE_URING_ASYNC))
		return true;
	printf("# cancelled: %d, cancelling: %d\n", canceled, canceling);
	return false;
}

TEST_F(uring, receive_that_is_cancelled_takes_nothing)
{
	prep_recv(self, LIBIPC_FOREVER);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	EXPECT_TRUE(cancels(self));
	EXPECT_TRUE(nothing_came(&self->cargo));
	peer_start(&self->peer, peer_send);
	ASSERT_EQ(0, ipc_recv(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
			      LIBIPC_FOREVER));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
}

static void receive_and_keep(struct peer *peer)
{
	peer_recv(peer);
	peer->len = 77;
}

TEST_F(uring, call_in_the_servers_hands_is_cancelled)
{
	struct ipc_msg reply = { .type = 0 };

	self->msg.type = 40;
	peer_start(&self->peer, receive_and_keep);
	prep_call(self, self->peer.id, LIBIPC_FOREVER);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	peer_join(&self->peer);
	ASSERT_EQ(0, self->peer.err);
	EXPECT_TRUE(cancels(self));
	EXPECT_EQ(40, self->msg.type);
	ipc_use(self->peer.fd);
	EXPECT_EQ(-ENOENT, ipc_reply(self->peer.token, &reply, 0));
}

TEST_F(uring, call_that_nobody_took_is_withdrawn)
{
	self->msg.type = 40;
	prep_call(self, ipc_self(), LIBIPC_FOREVER);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	EXPECT_TRUE(cancels(self));
	EXPECT_EQ(-EAGAIN, ipc_recv(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
				    LIBIPC_NOWAIT));
}

/* The reply that came with it has been made. */
TEST_F(uring, replyrecv_is_cancelled_after_its_reply)
{
	peer_start(&self->peer, peer_call);
	ASSERT_EQ(0, recv_over(self));
	self->msg.type = 41;
	ipc_uring_prep_replyrecv(entry(self, &self->op), ipc_fd(), &self->op, LIBIPC_TASK_ANY,
				 &self->msg, &self->len, &self->token, NULL, LIBIPC_FOREVER);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	peer_join(&self->peer);
	ASSERT_EQ(0, self->peer.err);
	EXPECT_EQ(41, self->peer.msg.type);
	EXPECT_TRUE(cancels(self));
	EXPECT_EQ((ipc_token_t)0, self->token);
}

/* Over, or one that can't be: there is nothing to cancel. */
TEST_F(uring, what_does_not_wait_is_not_cancelled)
{
	int res;

	ipc_uring_prep_send(entry(self, &self->op), ipc_fd(), &self->op, ipc_self(), NULL, 0, NULL,
			    LIBIPC_FOREVER);
	EXPECT_EQ(-EFAULT, result(self));
	prep_cancel(self);
	EXPECT_EQ(NULL, completed(self, &res));
	EXPECT_EQ(-ENOENT, res);
	prep_recv(self, LIBIPC_NOWAIT);
	EXPECT_EQ(-EAGAIN, result(self));
	prep_cancel(self);
	EXPECT_EQ(NULL, completed(self, &res));
	/* The thread that did it may not have put it away yet. */
	EXPECT_TRUE(res == -ENOENT ||
		    (res == -EALREADY && !have_feature(LIBIPC_FEATURE_URING_ASYNC)));
}

TEST_F(uring, cancelling_leaves_user_data_and_nothing_else)
{
	struct io_uring_sqe sqe, zero = { .user_data = 0xa5a5 };
	bool async = have_feature(LIBIPC_FEATURE_URING_ASYNC);

	prep_recv(self, LIBIPC_NOWAIT);
	EXPECT_EQ(-EAGAIN, result(self));
	memset(&sqe, 0xff, sizeof(sqe));
	sqe.user_data = 0xa5a5;
	ipc_uring_prep_cancel(&sqe, ipc_fd(), &self->op, 77);
	EXPECT_EQ(async ? IORING_OP_URING_CMD : IORING_OP_ASYNC_CANCEL, sqe.opcode);
	EXPECT_EQ(async ? ipc_fd() : -1, sqe.fd);
	zero.opcode = sqe.opcode;
	zero.fd = sqe.fd;
	if (async) {
		zero.cmd_op = sqe.cmd_op;
		zero.addr3 = sqe.addr3;
	} else {
		zero.addr = 77;
	}
	EXPECT_EQ(0, memcmp(&sqe, &zero, sizeof(sqe)));
}

/* By another thread, with a ring of its own. */
static void cancel_by_another(struct peer *peer)
{
	struct io_uring_cqe *cqe;
	struct io_uring ring;
	struct ipc_uring *op;

	memcpy(&op, peer->msg.data, sizeof(op));
	peer->err = io_uring_queue_init(1, &ring, 0);
	if (peer->err < 0)
		return;
	ipc_uring_prep_cancel(io_uring_get_sqe(&ring), peer->len, op, 0);
	io_uring_submit(&ring);
	peer->err = io_uring_wait_cqe(&ring, &cqe) ?: cqe->res;
	io_uring_queue_exit(&ring);
}

TEST_F(uring, any_ring_cancels)
{
	struct ipc_uring *op = &self->op;

	if (!have_feature(LIBIPC_FEATURE_URING_ASYNC))
		SKIP(return, "Linux before 6.7");
	prep_recv(self, LIBIPC_FOREVER);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	self->peer.fd = -1;
	self->peer.len = ipc_fd();
	memcpy(self->peer.msg.data, &op, sizeof(op));
	peer_start(&self->peer, cancel_by_another);
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
	EXPECT_EQ(-ECANCELED, result(self));
}

/* It is asked by a task of libipc's own, if it is not told of one. */
TEST_F(uring, cancelling_by_a_registered_file)
{
	int fd = ipc_fd(), canceled = 1, canceling = 1, res;
	struct io_uring_sqe *sqe;

	ASSERT_EQ(0, io_uring_register_files(&self->ring, &fd, 1));
	prep_recv(self, LIBIPC_FOREVER);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	sqe = entry(self, NULL);
	ipc_uring_prep_cancel(sqe, 0, &self->op, (uintptr_t)&self->op);
	if (sqe->opcode == IORING_OP_URING_CMD)
		sqe->flags |= IOSQE_FIXED_FILE;
	for (int i = 0; i < 2; i++)
		if (completed(self, &res) == &self->op)
			canceled = ipc_uring_result(&self->op, res);
		else
			canceling = res;
	EXPECT_TRUE(canceled == -ECANCELED || canceled == -EINTR);
	EXPECT_TRUE(canceling == 0 || canceling == -EALREADY);
}

TEST_HARNESS_MAIN
