// SPDX-License-Identifier: GPL-2.0
/* Memory that another task writes into: once, and provably. */
#include <kselftest_harness.h>

#include "cargo.h"

FIXTURE(ool) {
	struct peer peer;
	uint8_t *memory;
	uint8_t *bytes;
	uint64_t id;
	void *at;
	int other;
};

/* The other task is this thread's too: it sends with that, and receives without. */
FIXTURE_SETUP(ool)
{
	ASSERT_TRUE(have_feature(LIBIPC_FEATURE_CARGO)) {
		TH_LOG("the module has no LIBIPC_FEATURE_CARGO");
	}
	memset(self, 0, sizeof(*self));
	self->memory = buffer(LIBIPC_OOL_MAX);
	self->bytes = filled_buffer(4, LIBIPC_OOL_MAX);
	self->other = ipc_open();
	ASSERT_LE(0, self->other);
	self->peer.fd = self->other;
	self->peer.to = ipc_self();
}

FIXTURE_TEARDOWN(ool)
{
}

static ipc_task_t other_id(FIXTURE_DATA(ool) * self)
{
	int before = ipc_use(self->other);
	ipc_task_t id = ipc_self();

	ipc_use(before);
	return id;
}

static int send_as_other(FIXTURE_DATA(ool) * self, size_t len, uint64_t deadline)
{
	ipc_task_t to = ipc_self();
	int before = ipc_use(self->other);
	int err = ipc_ool_send(to, self->bytes, len, &self->id, deadline);

	ipc_use(before);
	return err;
}

static int verify(FIXTURE_DATA(ool) * self, size_t len)
{
	return ipc_ool_verify(other_id(self), self->id, len, &self->at);
}

TEST_F(ool, every_length)
{
	for (size_t i = 0; i < LENGTHS; i++) {
		if (!lengths[i])
			continue;
		memset(self->memory, 0, LIBIPC_OOL_MAX);
		ASSERT_EQ(0, ipc_ool_recv(self->memory, lengths[i]));
		ASSERT_EQ(0, send_as_other(self, lengths[i], LIBIPC_FOREVER));
		EXPECT_TRUE(has_bytes(self->memory, 4, lengths[i]));
		EXPECT_EQ(0, verify(self, lengths[i]));
		EXPECT_EQ((void *)self->memory, self->at);
	}
}

TEST_F(ool, less_than_there_is_room_for)
{
	ASSERT_EQ(0, ipc_ool_recv(self->memory, 10000));
	ASSERT_EQ(0, send_as_other(self, 5001, LIBIPC_FOREVER));
	EXPECT_TRUE(has_bytes(self->memory, 4, 5001));
	EXPECT_EQ(0, self->memory[5001]);
	EXPECT_EQ(0, verify(self, 5001));
}

TEST_F(ool, can_be_asked_once)
{
	ASSERT_EQ(0, ipc_ool_recv(self->memory, 100));
	ASSERT_EQ(0, send_as_other(self, 100, LIBIPC_FOREVER));
	EXPECT_EQ(0, ipc_ool_verify(other_id(self), self->id, 100, NULL));
	EXPECT_EQ(-ENOENT, verify(self, 100));
}

TEST_F(ool, lies_are_found_out)
{
	ASSERT_EQ(0, ipc_ool_recv(self->memory, 100));
	EXPECT_EQ(-ENOENT, ipc_ool_verify(other_id(self), 0, 100, NULL));
	EXPECT_EQ(-ENOENT, ipc_ool_verify(other_id(self), 1, 100, NULL));
	ASSERT_EQ(0, send_as_other(self, 100, LIBIPC_FOREVER));
	EXPECT_EQ(-ENOENT, ipc_ool_verify(other_id(self), self->id + 1, 100, NULL));
	EXPECT_EQ(-ENOENT, ipc_ool_verify(ipc_self(), self->id, 100, NULL));
	EXPECT_EQ(-ENOENT, ipc_ool_verify(other_id(self), self->id, 99, NULL));
}

TEST_F(ool, a_buffer_is_written_once)
{
	ASSERT_EQ(0, ipc_ool_recv(self->memory, 100));
	ASSERT_EQ(0, send_as_other(self, 100, LIBIPC_FOREVER));
	EXPECT_EQ(-EAGAIN, send_as_other(self, 100, LIBIPC_NOWAIT));
	EXPECT_EQ(0, verify(self, 100));
}

TEST_F(ool, another_buffer_replaces_it)
{
	ASSERT_EQ(0, ipc_ool_recv(self->memory, 100));
	ASSERT_EQ(0, ipc_ool_recv(self->memory + 5000, 200));
	ASSERT_EQ(0, send_as_other(self, 150, LIBIPC_FOREVER));
	EXPECT_EQ(0, self->memory[0]);
	EXPECT_TRUE(has_bytes(self->memory + 5000, 4, 150));
	EXPECT_EQ(0, verify(self, 150));
	EXPECT_EQ((void *)(self->memory + 5000), self->at);
	EXPECT_EQ(-EAGAIN, send_as_other(self, 10, LIBIPC_NOWAIT));
}

TEST_F(ool, a_buffer_is_taken_back)
{
	EXPECT_EQ(0, ipc_ool_recv(NULL, 0));
	ASSERT_EQ(0, ipc_ool_recv(self->memory, 100));
	EXPECT_EQ(0, ipc_ool_recv(NULL, 0));
	EXPECT_EQ(-EAGAIN, send_as_other(self, 100, LIBIPC_NOWAIT));
	EXPECT_EQ(0, self->memory[0]);
}

TEST_F(ool, what_was_sent_before_stays_sent)
{
	ASSERT_EQ(0, ipc_ool_recv(self->memory, 100));
	ASSERT_EQ(0, send_as_other(self, 100, LIBIPC_FOREVER));
	EXPECT_EQ(0, ipc_ool_recv(self->memory + 5000, 100));
	EXPECT_EQ(0, verify(self, 100));
	EXPECT_EQ((void *)self->memory, self->at);
}

TEST_F(ool, a_smaller_buffer_stays)
{
	ASSERT_EQ(0, ipc_ool_recv(self->memory, 100));
	EXPECT_EQ(-EMSGSIZE, send_as_other(self, 101, LIBIPC_FOREVER));
	EXPECT_EQ(0, self->memory[0]);
	EXPECT_EQ(0, send_as_other(self, 100, LIBIPC_FOREVER));
	EXPECT_EQ(0, verify(self, 100));
}

static void send_later(struct peer *peer)
{
	uint8_t *bytes = filled_buffer(6, 10000);

	peer->err = ipc_ool_send(peer->to, bytes, 10000, &peer->token, peer->deadline);
}

TEST_F(ool, sender_waits_for_a_buffer)
{
	peer_start(&self->peer, send_later);
	wait_asleep(self->peer.tid);
	ASSERT_EQ(0, ipc_ool_recv(self->memory, 10000));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
	EXPECT_TRUE(has_bytes(self->memory, 6, 10000));
	EXPECT_EQ(0, ipc_ool_verify(self->peer.id, self->peer.token, 10000, NULL));
}

TEST_F(ool, sender_gives_up)
{
	EXPECT_EQ(-EAGAIN, send_as_other(self, 100, LIBIPC_NOWAIT));
	EXPECT_EQ(-ETIMEDOUT, send_as_other(self, 100, ipc_deadline(10 * MSEC)));
	ASSERT_EQ(0, ipc_ool_recv(self->memory, 100));
	EXPECT_EQ(0, self->memory[0]);
}

static void handler(int signo)
{
	(void)signo;
}

TEST_F(ool, sender_is_interrupted)
{
	struct sigaction ends = { .sa_handler = handler };

	ASSERT_EQ(0, sigaction(SIGUSR1, &ends, NULL));
	peer_start(&self->peer, send_later);
	wait_asleep(self->peer.tid);
	pthread_kill(self->peer.thread, SIGUSR1);
	peer_join(&self->peer);
	EXPECT_EQ(-EINTR, self->peer.err);
	ASSERT_EQ(0, ipc_ool_recv(self->memory, 10000));
	EXPECT_EQ(0, self->memory[0]);
}

TEST_F(ool, wrong_arguments)
{
	errno = ELNRNG;
	EXPECT_EQ(-EMSGSIZE, ipc_ool_recv(self->memory, LIBIPC_OOL_MAX + 1));
	EXPECT_EQ(-EMSGSIZE, ipc_ool_recv(self->memory, SIZE_MAX));
	EXPECT_EQ(-EFAULT, ipc_ool_recv((void *)4096, 100));
	EXPECT_EQ(-EFAULT, ipc_ool_send(ipc_self(), self->bytes, 100, NULL, LIBIPC_NOWAIT));
	EXPECT_EQ(-ENOTCONN, ipc_ool_send(INT32_MAX, self->bytes, 100, &self->id, LIBIPC_NOWAIT));
	ASSERT_EQ(0, ipc_ool_recv(self->memory, 100));
	EXPECT_EQ(-EFAULT, ipc_ool_send(ipc_self(), (void *)4096, 100, &self->id, LIBIPC_NOWAIT));
	EXPECT_EQ(0, send_as_other(self, 100, LIBIPC_NOWAIT));
	EXPECT_EQ(0, verify(self, 100));
	EXPECT_EQ(ELNRNG, errno);
}

TEST_HARNESS_MAIN
