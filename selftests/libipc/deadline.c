// SPDX-License-Identifier: GPL-2.0
/* Deadlines, and not waiting at all. */
#include <kselftest_harness.h>

#include <time.h>

#include "common.h"

#define SHORT	(50 * MSEC)
#define LATE	(10000 * MSEC)	/* an emulated debug kernel may be this slow */

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
}

TEST(deadline_is_so_far_from_now)
{
	uint64_t before = now();
	uint64_t deadline = ipc_deadline(SHORT);
	uint64_t after = now();

	EXPECT_LE(before + SHORT, deadline);
	EXPECT_GE(after + SHORT, deadline);
}

TEST(deadline_past_the_end_of_time_never_comes)
{
	EXPECT_EQ(LIBIPC_FOREVER, ipc_deadline(UINT64_MAX));
	EXPECT_EQ(LIBIPC_FOREVER, ipc_deadline(INT64_MAX));
	EXPECT_EQ(LIBIPC_FOREVER, ipc_deadline(INT64_MAX - 1));
	EXPECT_NE(LIBIPC_FOREVER, ipc_deadline(INT64_MAX - now() - LATE));
}

FIXTURE(waiting) {
	struct peer peer;
	struct ipc_msg msg;
	size_t len;
	ipc_token_t token;
	uint64_t start;
};

FIXTURE_SETUP(waiting)
{
	ASSERT_LT(0, ipc_self());
	memset(self, 0, sizeof(*self));
	self->peer.to = ipc_self();
	self->start = now();
	errno = ELNRNG;
}

FIXTURE_TEARDOWN(waiting)
{
	EXPECT_EQ(ELNRNG, errno);
}

/* A task that nobody listens on. */
static ipc_task_t deaf_task(void)
{
	int before = ipc_use(ipc_open());
	ipc_task_t id = ipc_self();

	ipc_use(before);
	return id;
}

TEST_F(waiting, recv_times_out)
{
	EXPECT_EQ(-ETIMEDOUT, ipc_recv(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
				       ipc_deadline(SHORT)));
	EXPECT_LE(self->start + SHORT, now());
	EXPECT_GE(self->start + LATE, now());
}

TEST_F(waiting, replyrecv_times_out)
{
	EXPECT_EQ(-ETIMEDOUT, ipc_replyrecv(LIBIPC_TASK_ANY, &self->msg, &self->len,
					    &self->token, ipc_deadline(SHORT)));
	EXPECT_LE(self->start + SHORT, now());
	EXPECT_GE(self->start + LATE, now());
}

TEST_F(waiting, send_times_out)
{
	EXPECT_EQ(-ETIMEDOUT, ipc_send(deaf_task(), &self->msg, 0, ipc_deadline(SHORT)));
	EXPECT_LE(self->start + SHORT, now());
	EXPECT_GE(self->start + LATE, now());
}

TEST_F(waiting, call_that_nobody_takes_times_out)
{
	EXPECT_EQ(-ETIMEDOUT, ipc_call(deaf_task(), &self->msg, &self->len,
				       ipc_deadline(SHORT)));
	EXPECT_LE(self->start + SHORT, now());
	EXPECT_GE(self->start + LATE, now());
}

TEST_F(waiting, late_reply_is_refused)
{
	struct peer *server = &self->peer;

	server->deadline = LIBIPC_FOREVER;
	peer_start(server, peer_recv);
	wait_asleep(server->tid);
	EXPECT_EQ(-ETIMEDOUT, ipc_call(server->id, &self->msg, &self->len,
				       ipc_deadline(SHORT)));
	peer_join(server);
	EXPECT_EQ(0, server->err);
	ipc_use(server->fd);
	EXPECT_EQ(-ENOENT, ipc_reply(server->token, &self->msg, 0));
}

TEST_F(waiting, a_past_deadline_does_what_can_be_done_at_once)
{
	EXPECT_EQ(-ETIMEDOUT, ipc_recv(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
				       self->start));
	EXPECT_EQ(0, ipc_notify(ipc_self(), 0x10));
	EXPECT_EQ(0, ipc_recv(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
			      self->start));
}

TEST_F(waiting, nowait_says_eagain)
{
	ipc_task_t deaf = deaf_task();

	EXPECT_EQ(-EAGAIN, ipc_recv(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
				    LIBIPC_NOWAIT));
	EXPECT_EQ(-EAGAIN, ipc_replyrecv(LIBIPC_TASK_ANY, &self->msg, &self->len,
					 &self->token, LIBIPC_NOWAIT));
	EXPECT_EQ(-EAGAIN, ipc_send(deaf, &self->msg, 0, LIBIPC_NOWAIT));
	EXPECT_EQ(-EAGAIN, ipc_call(deaf, &self->msg, &self->len, LIBIPC_NOWAIT));
}

TEST_F(waiting, nowait_sends_to_a_receiver)
{
	struct peer *receiver = &self->peer;

	peer_start(receiver, peer_recv);
	wait_asleep(receiver->tid);
	self->msg.type = 40;
	EXPECT_EQ(0, ipc_send(receiver->id, &self->msg, 0, LIBIPC_NOWAIT));
	peer_join(receiver);
	EXPECT_EQ(0, receiver->err);
	EXPECT_EQ(40, receiver->msg.type);
}

/* Takes a request, lets the caller fall asleep over it, and replies. */
static void answer_late(struct peer *peer)
{
	peer_recv(peer);
	wait_asleep(peer->to);
	peer->msg.type = 41;
	peer->err = ipc_reply(peer->token, &peer->msg, peer->len);
}

TEST_F(waiting, nowait_call_waits_for_its_reply)
{
	struct peer *server = &self->peer;

	server->to = syscall(SYS_gettid);
	peer_start(server, answer_late);
	wait_asleep(server->tid);
	EXPECT_EQ(0, ipc_call(server->id, &self->msg, &self->len, LIBIPC_NOWAIT));
	EXPECT_EQ(41, self->msg.type);
	peer_join(server);
	EXPECT_EQ(0, server->err);
}

TEST_HARNESS_MAIN
