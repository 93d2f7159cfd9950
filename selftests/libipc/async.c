// SPDX-License-Identifier: GPL-2.0
/* Messages that are left to be fetched: what arrives, and who is told when. */
#include <kselftest_harness.h>

#include <stdatomic.h>
#include <sys/wait.h>

#include "fetch.h"

#define FORKS	50

FIXTURE(async) {
	struct peer sender;
	struct ipc_msg msg;
	size_t len;
	ipc_token_t token;
	ipc_task_t peers[LIBIPC_ASYNC_PEERS];
};

FIXTURE_SETUP(async)
{
	memset(self, 0, sizeof(*self));
	self->sender.to = ipc_self();
	ASSERT_LT(0, self->sender.to);
}

FIXTURE_TEARDOWN(async)
{
}

/* As many as @peer->len. */
static void send_some(struct peer *peer)
{
	for (size_t n = 0; !peer->err && n < peer->len; n++)
		peer->err = async_send(peer->to, n);
	if (!peer->err)
		peer->err = serve();
}

static void only_serve(struct peer *peer)
{
	peer->err = serve();
}

/* Sends as many more messages as a caller says. */
#define MORE	40

static void send_on_call(struct peer *peer)
{
	unsigned int n = 0;

	do {
		peer->err = ipc_replyrecv(LIBIPC_TASK_ANY, &peer->msg, &peer->len,
					  &peer->token, LIBIPC_FOREVER);
		for (int left = peer->msg.type - MORE; !peer->err && peer->token && left; left--)
			peer->err = async_send(peer->msg.src, n++);
	} while (!peer->err && peer->token);
}

static int ask_for(ipc_task_t sender, int messages)
{
	struct ipc_msg msg = { .type = MORE + messages };
	size_t len = 0;

	return ipc_call(sender, &msg, &len, LIBIPC_FOREVER);
}

static size_t notified(FIXTURE_DATA(async) * self)
{
	if (ipc_recv(LIBIPC_TASK_KERNEL, &self->msg, &self->len, &self->token, LIBIPC_NOWAIT))
		return 0;
	return ipc_async_peers(&self->msg, self->peers);
}

TEST_F(async, messages_are_fetched_in_order_and_unchanged)
{
	unsigned int n = 0;

	self->sender.len = 600;
	peer_start(&self->sender, send_some);
	ASSERT_EQ(0, ipc_recv(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
			      LIBIPC_FOREVER));
	EXPECT_EQ(LIBIPC_NOTIFICATIONS, self->msg.type);
	EXPECT_EQ(LIBIPC_TASK_KERNEL, self->msg.src);
	EXPECT_EQ(LIBIPC_NOTIFY_ASYNC, self->msg.data[0]);
	ASSERT_EQ((size_t)1, ipc_async_peers(&self->msg, self->peers));
	ASSERT_EQ(self->sender.id, self->peers[0]);
	for (n = 0; n < 600; n++)
		ASSERT_EQ(0, async_recv(self->sender.id, n, LIBIPC_FOREVER));
	EXPECT_EQ(-ENODATA, async_recv(self->sender.id, n, LIBIPC_FOREVER));
	EXPECT_EQ(0, quit(self->sender.id));
	peer_join(&self->sender);
	EXPECT_EQ(0, self->sender.err);
}

TEST_F(async, a_task_that_has_nothing_says_so)
{
	peer_start(&self->sender, only_serve);
	self->len = 77;
	EXPECT_EQ(-ENODATA, ipc_async_recv(self->sender.id, &self->msg, &self->len,
					   LIBIPC_FOREVER));
	EXPECT_EQ((size_t)77, self->len);
	EXPECT_EQ(0, quit(self->sender.id));
	peer_join(&self->sender);
}

TEST_F(async, each_message_is_notified_of)
{
	ipc_task_t sender;

	peer_start(&self->sender, send_on_call);
	sender = self->sender.id;
	ASSERT_EQ(0, ask_for(sender, 2));
	ASSERT_EQ((size_t)1, notified(self));
	EXPECT_EQ((size_t)0, notified(self));
	ASSERT_EQ(0, ask_for(sender, 1));
	ASSERT_EQ((size_t)1, notified(self));
	EXPECT_EQ(0, async_recv(sender, 0, LIBIPC_FOREVER));
	EXPECT_EQ(0, async_recv(sender, 1, LIBIPC_FOREVER));
	EXPECT_EQ(0, async_recv(sender, 2, LIBIPC_FOREVER));
	EXPECT_EQ((size_t)0, notified(self));

	/* All was handed out, if without -ENODATA. */
	ASSERT_EQ(0, ask_for(sender, 1));
	EXPECT_EQ((size_t)1, notified(self));
	EXPECT_EQ(0, async_recv(sender, 3, LIBIPC_FOREVER));
	EXPECT_EQ(-ENODATA, async_recv(sender, 4, LIBIPC_FOREVER));
	ASSERT_EQ(0, ask_for(sender, 1));
	EXPECT_EQ((size_t)1, notified(self));
	EXPECT_EQ(0, async_recv(sender, 4, LIBIPC_FOREVER));
	EXPECT_EQ(0, quit(sender));
	peer_join(&self->sender);
}

TEST_F(async, every_sender_is_named)
{
	struct peer senders[3];
	int seen = 0;

	for (int i = 0; i < 3; i++) {
		senders[i] = (struct peer){ .to = ipc_self(), .len = 1 };
		peer_start(&senders[i], send_some);
		wait_asleep(senders[i].tid);
	}
	ASSERT_EQ(0, ipc_notify(ipc_self(), 0x40));
	ASSERT_EQ((size_t)3, notified(self));
	EXPECT_EQ(0x40 | LIBIPC_NOTIFY_ASYNC, self->msg.data[0]);
	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 3; j++)
			seen |= (self->peers[j] == senders[i].id) << i;
	EXPECT_EQ(7, seen);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, async_recv(senders[i].id, 0, LIBIPC_FOREVER));
		EXPECT_EQ(0, quit(senders[i].id));
		peer_join(&senders[i]);
	}
}

TEST_F(async, peers_of_other_messages_are_none)
{
	struct ipc_msg msg = { .type = LIBIPC_NOTIFICATIONS, .src = 5 };
	uint32_t many = LIBIPC_ASYNC_PEERS;

	memcpy(msg.data + 4, &many, sizeof(many));
	EXPECT_EQ((size_t)0, ipc_async_peers(&msg, self->peers));
	msg.src = LIBIPC_TASK_KERNEL;
	EXPECT_EQ((size_t)LIBIPC_ASYNC_PEERS, ipc_async_peers(&msg, self->peers));
	msg.type = LIBIPC_EXCEPTION;
	EXPECT_EQ((size_t)0, ipc_async_peers(&msg, self->peers));
	ASSERT_EQ(0, ipc_notify(ipc_self(), 0x40));
	EXPECT_EQ((size_t)0, notified(self));
}

TEST_F(async, wrong_arguments)
{
	struct ipc_msg msg = { .type = -1 };

	errno = ELNRNG;
	EXPECT_EQ(-EINVAL, ipc_async_send(ipc_self(), &msg, 0));
	msg.type = 1;
	EXPECT_EQ(-EMSGSIZE, ipc_async_send(ipc_self(), &msg, LIBIPC_PAYLOAD_MAX + 1));
	EXPECT_EQ(-EMSGSIZE, ipc_async_send(ipc_self(), &msg, SIZE_MAX));
	EXPECT_EQ(-EFAULT, ipc_async_send(ipc_self(), NULL, 0));
	EXPECT_EQ(-ENOTCONN, ipc_async_send(INT32_MAX, &msg, 0));
	EXPECT_EQ(-EFAULT, ipc_async_recv(ipc_self(), NULL, &self->len, LIBIPC_NOWAIT));
	EXPECT_EQ(-ENOTCONN, ipc_async_recv(INT32_MAX, &msg, &self->len, LIBIPC_NOWAIT));
	EXPECT_EQ(1, msg.type);
	EXPECT_EQ(-EINVAL, ipc_async_limit(0));
	EXPECT_EQ(-EINVAL, ipc_async_limit(LIBIPC_ASYNC_LIMIT_MAX + 1));
	EXPECT_EQ(0, ipc_async_limit(LIBIPC_ASYNC_LIMIT_MAX));
	EXPECT_EQ(ELNRNG, errno);
	ipc_use(-2);
	EXPECT_EQ(-EBADF, ipc_async_send(1, &msg, 0));
	EXPECT_EQ(-EBADF, ipc_async_limit(1));
	ipc_use(0);
	EXPECT_EQ(-ENOTTY, ipc_async_send(1, &msg, 0));
}

/* Requests and replies go on around what is answered on the way. */
static void call_after_fetching(struct peer *peer)
{
	peer->msg.type = 40;
	peer->err = ipc_call(peer->to, &peer->msg, &peer->len, LIBIPC_FOREVER);
	for (int n = 0; !peer->err && n < 3; n++)
		peer->err = async_recv(peer->to, n, LIBIPC_FOREVER);
	peer->len = 100;
	fill(&peer->msg, 9, peer->len);
	if (!peer->err)
		peer->err = ipc_call(peer->to, &peer->msg, &peer->len, LIBIPC_FOREVER);
}

TEST_F(async, a_server_answers_while_it_serves)
{
	peer_start(&self->sender, call_after_fetching);
	for (int n = 0; n < 3; n++)
		ASSERT_EQ(0, async_send(self->sender.id, n));
	ASSERT_EQ(0, ipc_recv(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
			      LIBIPC_FOREVER));
	EXPECT_EQ(40, self->msg.type);
	self->msg.type = 41;
	ASSERT_EQ(0, ipc_replyrecv(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
				   LIBIPC_FOREVER));
	EXPECT_EQ(41, self->msg.type);
	EXPECT_EQ(self->sender.id, self->msg.src);
	EXPECT_EQ((size_t)100, self->len);
	EXPECT_TRUE(filled(&self->msg, 9, self->len));
	self->msg.type = 42;
	ASSERT_EQ(0, ipc_reply(self->token, &self->msg, 0));
	peer_join(&self->sender);
	EXPECT_EQ(0, self->sender.err);
	EXPECT_EQ(42, self->sender.msg.type);
}

static void fetch_one(struct peer *peer)
{
	peer->err = async_recv(peer->to, 7, LIBIPC_FOREVER);
}

TEST_F(async, a_reply_that_is_refused_before_that_is_dropped)
{
	peer_start(&self->sender, fetch_one);
	ASSERT_EQ(0, async_send(self->sender.id, 7));
	wait_asleep(self->sender.tid);
	self->token = 12345;
	EXPECT_EQ(-EAGAIN, ipc_replyrecv(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
					 LIBIPC_NOWAIT));
	EXPECT_EQ((ipc_token_t)0, self->token);
	peer_join(&self->sender);
	EXPECT_EQ(0, self->sender.err);
}

TEST_F(async, a_receive_that_finds_only_that_finds_nothing)
{
	peer_start(&self->sender, fetch_one);
	ASSERT_EQ(0, async_send(self->sender.id, 7));
	wait_asleep(self->sender.tid);
	self->token = 77;
	self->len = 77;
	EXPECT_EQ(-EAGAIN, ipc_recv(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
				    LIBIPC_NOWAIT));
	EXPECT_EQ((ipc_token_t)77, self->token);
	EXPECT_EQ((size_t)77, self->len);
	peer_join(&self->sender);
	EXPECT_EQ(0, self->sender.err);
}

TEST_F(async, a_message_of_that_type_is_no_request)
{
	self->sender.msg.type = LIBIPC_ASYNC;
	peer_start(&self->sender, peer_send);
	ASSERT_EQ(0, ipc_recv(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token,
			      LIBIPC_FOREVER));
	EXPECT_EQ(LIBIPC_ASYNC, self->msg.type);
	EXPECT_EQ((ipc_token_t)0, self->token);
	peer_join(&self->sender);
	EXPECT_EQ(0, self->sender.err);
}

static void fetch_on_call(struct peer *peer)
{
	struct ipc_msg msg = { .type = 50 };
	size_t len = 0;

	peer->err = ipc_call(peer->to, &msg, &len, LIBIPC_FOREVER);
	if (!peer->err)
		peer->err = async_recv(peer->to, 0, LIBIPC_FOREVER);
}

static int receive_and_reply(void)
{
	struct ipc_msg msg;
	ipc_token_t token;
	int err = ipc_recv(LIBIPC_TASK_ANY, &msg, NULL, &token, LIBIPC_FOREVER);

	return err ? err : ipc_reply(token, &msg, 0);
}

/* Two tasks of one process: what one has sent is not to be had from the other. */
TEST_F(async, queues_belong_to_the_task)
{
	struct peer other = { .to = ipc_self() };
	int fd = ipc_open();

	ASSERT_LE(0, fd);
	peer_start(&other, fetch_on_call);
	ASSERT_EQ(0, receive_and_reply());
	ipc_use(fd);
	ASSERT_EQ(0, async_send(other.id, 0));
	ipc_use(-1);
	wait_asleep(other.tid);
	EXPECT_EQ(-EAGAIN, ipc_recv(LIBIPC_TASK_ANY, &self->msg, NULL, &self->token,
				    LIBIPC_NOWAIT));
	peer_join(&other);
	EXPECT_EQ(-ENODATA, other.err);
}

/* From whoever sends a message first. */
static void fetch_from_sender(struct peer *peer)
{
	do {
		peer_recv(peer);
	} while (!peer->err && peer->msg.src == LIBIPC_TASK_KERNEL);
	if (!peer->err)
		peer->err = async_recv(peer->msg.src, 0, LIBIPC_FOREVER);
}

TEST_F(async, a_closed_tasks_queues_are_not_its_successors)
{
	struct peer other = { .deadline = LIBIPC_FOREVER };
	int fd = ipc_open();

	ASSERT_LE(0, fd);
	peer_start(&other, fetch_from_sender);
	ipc_use(fd);
	ASSERT_EQ(0, async_send(other.id, 0));
	close(fd);
	ASSERT_EQ(fd, ipc_open());
	self->msg.type = 40;
	ASSERT_EQ(0, ipc_send(other.id, &self->msg, 0, LIBIPC_FOREVER));
	wait_asleep(other.tid);
	EXPECT_EQ(-EAGAIN, ipc_recv(LIBIPC_TASK_ANY, &self->msg, NULL, &self->token,
				    LIBIPC_NOWAIT));
	peer_join(&other);
	EXPECT_EQ(-ENODATA, other.err);
}

static int serve_as_child(int to_parent)
{
	ipc_task_t id = ipc_self();

	if (write(to_parent, &id, sizeof(id)) != sizeof(id))
		return 1;
	return serve() ? 1 : 0;
}

TEST_F(async, a_child_of_fork_starts_with_nothing)
{
	int pipes[2], status;
	ipc_task_t child_id;
	pid_t child;

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(0, async_send(ipc_self(), 0));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(serve_as_child(pipes[1]));
	ASSERT_EQ((ssize_t)sizeof(child_id), read(pipes[0], &child_id, sizeof(child_id)));
	EXPECT_EQ(-ENODATA, async_recv(child_id, 0, LIBIPC_FOREVER));
	EXPECT_EQ(0, quit(child_id));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

static atomic_bool enough;

static void send_until_enough(struct peer *peer)
{
	while (!atomic_load(&enough)) {
		peer->err = async_send(peer->to, 0);
		if (peer->err && peer->err != -ENOBUFS)
			abort();
	}
}

/* In a child of fork(), on a descriptor that was the parent's. */
static int send_on(int fd)
{
	int own;

	close(fd);
	do {
		own = ipc_open();
		ipc_use(own);
	} while (own >= 0 && own != fd);
	return async_send(ipc_self(), 0);
}

/* Whatever another thread does with the parent's queues at that moment. */
TEST_F(async, a_child_has_nothing_locked)
{
	int fd = ipc_open(), status;

	ASSERT_LE(0, fd);
	self->sender.fd = fd;
	peer_start(&self->sender, send_until_enough);
	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();

		ASSERT_LE(0, child);
		if (!child)
			_exit(send_on(fd) ? 1 : 0);
		ASSERT_EQ(child, waitpid(child, &status, 0));
		ASSERT_EQ(0, status);
	}
	atomic_store(&enough, true);
	peer_join(&self->sender);
}

TEST_HARNESS_MAIN
