// SPDX-License-Identifier: GPL-2.0
/* Messages that are left to be fetched: full queues, deaths, refusals. */
#include <kselftest_harness.h>

#include <linux/parley.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "fetch.h"

FIXTURE(bound) {
	struct peer peer;
	struct ipc_msg msg;
	ipc_token_t token;
};

FIXTURE_SETUP(bound)
{
	memset(self, 0, sizeof(*self));
	self->peer.to = ipc_self();
	ASSERT_LT(0, self->peer.to);
}

FIXTURE_TEARDOWN(bound)
{
}

/* Fills the queue, tells in @len for how many there was room; adds one more. */
static void overflow(struct peer *peer)
{
	if (peer->len)
		peer->err = ipc_async_limit(peer->len);
	peer->len = 0;
	while (!peer->err)
		peer->err = async_send(peer->to, peer->len++);
	if (peer->err == -ENOBUFS)
		peer->err = async_send(peer->to, --peer->len);
	if (peer->err == -ENOBUFS)
		peer->err = send_patiently(peer->to, peer->len);
	if (!peer->err)
		peer->err = serve();
}

static void drain(struct __test_metadata *_metadata, FIXTURE_DATA(bound) * self,
		  unsigned int limit)
{
	unsigned int n = 0;

	self->peer.len = limit == LIBIPC_ASYNC_LIMIT ? 0 : limit;
	peer_start(&self->peer, overflow);
	while (n <= limit) {
		int err = async_recv(self->peer.id, n, LIBIPC_FOREVER);

		if (err == -ENODATA)
			err = ipc_recv(LIBIPC_TASK_KERNEL, &self->msg, NULL, &self->token,
				       LIBIPC_FOREVER);
		else
			n++;
		ASSERT_EQ(0, err);
	}
	EXPECT_EQ(-ENODATA, async_recv(self->peer.id, n, LIBIPC_FOREVER));
	EXPECT_EQ(0, quit(self->peer.id));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
	EXPECT_EQ((size_t)limit, self->peer.len);
}

TEST_F(bound, default_is_reached_and_sending_goes_on)
{
	EXPECT_LE(1024, LIBIPC_ASYNC_LIMIT);
	drain(_metadata, self, LIBIPC_ASYNC_LIMIT);
}

TEST_F(bound, one)
{
	drain(_metadata, self, 1);
}

TEST_F(bound, more_than_the_default)
{
	drain(_metadata, self, 5 * LIBIPC_ASYNC_LIMIT + 1);
}

static void do_nothing(struct peer *peer)
{
	(void)peer;
}

/* After that many messages. */
static void notice_death(struct __test_metadata *_metadata, FIXTURE_DATA(bound) * self,
			 unsigned int messages)
{
	ASSERT_EQ(0, ipc_async_limit(3));
	peer_start(&self->peer, do_nothing);
	peer_join(&self->peer);
	for (unsigned int n = 0; n < messages; n++)
		ASSERT_EQ(0, async_send(self->peer.id, n));
	ASSERT_EQ(0, close(self->peer.fd));
	EXPECT_EQ(-ENOTCONN, async_send(self->peer.id, messages));
	EXPECT_EQ(-ENOTCONN, async_send(self->peer.id, messages));
}

TEST_F(bound, death_is_noticed_by_the_first_message)
{
	notice_death(_metadata, self, 0);
}

TEST_F(bound, death_is_noticed_by_the_second)
{
	notice_death(_metadata, self, 1);
}

TEST_F(bound, death_is_noticed_when_the_queue_is_full)
{
	notice_death(_metadata, self, 3);
}

static void fetch_one_and_close(struct peer *peer)
{
	peer->err = async_recv(peer->to, 0, LIBIPC_FOREVER);
	if (!peer->err)
		peer->err = quit(peer->to);
	close(ipc_fd());
}

TEST_F(bound, death_is_noticed_when_all_was_fetched)
{
	peer_start(&self->peer, fetch_one_and_close);
	ASSERT_EQ(0, async_send(self->peer.id, 0));
	ASSERT_EQ(0, serve());
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
	EXPECT_EQ(-ENOTCONN, async_send(self->peer.id, 1));
}

static void fetch_second(struct peer *peer)
{
	peer->err = async_recv(peer->to, 2, LIBIPC_FOREVER);
}

/* An id that can be had again: what was left for one is not the next one's. */
TEST_F(bound, successor_under_the_same_id_begins_anew)
{
	ipc_task_t dst = LIBIPC_TASK_TASK;
	int bus, fd;

	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	ipc_use(ipc_open());
	bus = ipc_bus();
	ASSERT_LE(0, bus);
	fd = ipc_join(bus, dst);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, async_send(dst, 0));
	close(fd);
	fd = ipc_join(bus, dst);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOTCONN, async_send(dst, 1));
	EXPECT_EQ(0, async_send(dst, 2));
	self->peer.to = ipc_self();
	self->peer.fd = fd;
	peer_start(&self->peer, fetch_second);
	wait_asleep(self->peer.tid);
	EXPECT_EQ(-EAGAIN, ipc_recv(LIBIPC_TASK_ANY, &self->msg, NULL, &self->token,
				    LIBIPC_NOWAIT));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
}

static unsigned long mapped_pages(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	if (!file || fscanf(file, "%lu", &pages) != 1)
		abort();
	fclose(file);
	return pages;
}

/* A queue of the default length takes more than 64 pages. */
TEST_F(bound, what_the_dead_leave_is_freed)
{
	unsigned long before = 0;

	for (int i = 0; i < 640; i++) {
		int fd = ipc_open(), own = ipc_use(fd);
		ipc_task_t id = ipc_self();

		ipc_use(own);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, async_send(id, 0));
		ASSERT_EQ(0, close(fd));
		if (i == 127)
			before = mapped_pages();
	}
	EXPECT_GT(before + 640, mapped_pages());
}

static void send_and_close(struct peer *peer)
{
	peer->err = async_send(peer->to, 0);
	if (!peer->err)
		peer->err = async_send(peer->to, 1);
	serve();
	close(ipc_fd());
}

TEST_F(bound, sender_dies_with_messages_left)
{
	peer_start(&self->peer, send_and_close);
	EXPECT_EQ(0, async_recv(self->peer.id, 0, LIBIPC_FOREVER));
	EXPECT_EQ(0, quit(self->peer.id));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
	EXPECT_EQ(-ENOTCONN, async_recv(self->peer.id, 1, LIBIPC_FOREVER));
}

static int raw_recv(struct ipc_msg *msg, ipc_token_t *token)
{
	struct parley_ipc ipc = {
		.size = sizeof(ipc),
		.peer = PARLEY_ANY,
		.recv = (uintptr_t)msg,
		.recv_len = LIBIPC_PAYLOAD_MAX,
	};
	int err = ioctl(ipc_fd(), PARLEY_IOC_RECV, &ipc);

	*token = ipc.token;
	return err;
}

static void take_request_and_close(struct peer *peer)
{
	peer->err = raw_recv(&peer->msg, &peer->token);
	close(ipc_fd());
}

TEST_F(bound, sender_dies_with_the_request_in_hand)
{
	peer_start(&self->peer, take_request_and_close);
	EXPECT_EQ(-ENOTCONN, async_recv(self->peer.id, 0, LIBIPC_FOREVER));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
	EXPECT_EQ(LIBIPC_ASYNC, self->peer.msg.type);
}

static void answer_strangely(struct peer *peer)
{
	peer->err = raw_recv(&peer->msg, &peer->token);
	peer->msg.type = -ENOTCONN;
	if (!peer->err)
		peer->err = ipc_reply(peer->token, &peer->msg, 0);
}

TEST_F(bound, other_answers_are_told_from_the_transports)
{
	peer_start(&self->peer, answer_strangely);
	EXPECT_EQ(-EPROTO, async_recv(self->peer.id, 0, LIBIPC_FOREVER));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
}

static void send_one(struct peer *peer)
{
	peer->err = async_send(peer->to, 0);
}

static void only_serve(struct peer *peer)
{
	peer->err = serve();
}

TEST_F(bound, giving_up_loses_nothing)
{
	struct peer server = { .id = 0 };

	peer_start(&self->peer, send_one);
	peer_join(&self->peer);
	ASSERT_EQ(0, self->peer.err);
	EXPECT_EQ(-EAGAIN, async_recv(self->peer.id, 0, LIBIPC_NOWAIT));
	EXPECT_EQ(-ETIMEDOUT, async_recv(self->peer.id, 0, ipc_deadline(MSEC)));
	server.fd = self->peer.fd;
	peer_start(&server, only_serve);
	EXPECT_EQ(0, async_recv(self->peer.id, 0, LIBIPC_FOREVER));
	EXPECT_EQ(-ENODATA, async_recv(self->peer.id, 1, LIBIPC_FOREVER));
	EXPECT_EQ(0, quit(self->peer.id));
	peer_join(&server);
	EXPECT_EQ(0, server.err);
}

/* A process with a message for @peer; it stops before it begins to receive. */
static pid_t spawn_stopped(ipc_task_t peer, ipc_task_t *id)
{
	int pipes[2], status;
	pid_t pid;

	if (pipe(pipes))
		return -1;
	pid = fork();
	if (!pid) {
		ipc_task_t self = ipc_self();
		bool sent = !async_send(peer, 0) &&
			    write(pipes[1], &self, sizeof(self)) == sizeof(self);

		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(sent && !serve() ? 0 : 1);
	}
	if (pid < 0 || read(pipes[0], id, sizeof(*id)) != sizeof(*id) ||
	    waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, (long)PTRACE_O_TRACESYSGOOD))
		return -1;
	return pid;
}

/* Lets @pid run until it sleeps in a receive; it stops when it leaves that. */
static bool run_to_receive(pid_t pid)
{
	struct __ptrace_syscall_info info = { .op = PTRACE_SYSCALL_INFO_NONE };
	int status;

	do {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) ||
		    waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
		    ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
			return false;
	} while (info.op != PTRACE_SYSCALL_INFO_ENTRY || info.entry.args[1] != PARLEY_IOC_RECV);
	if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL))
		return false;
	wait_asleep(pid);
	return true;
}

static void fetch_until_deadline(struct peer *peer)
{
	peer->err = async_recv(peer->to, 0, peer->deadline);
}

/* Its caller has given up: the next one gets the message. */
TEST_F(bound, an_answer_that_comes_too_late_loses_nothing)
{
	pid_t child = spawn_stopped(ipc_self(), &self->peer.to);
	int status;

	ASSERT_LT(0, child);
	ASSERT_TRUE(run_to_receive(child));
	self->peer.deadline = ipc_deadline(20 * MSEC);
	self->peer.fd = -1;
	peer_start(&self->peer, fetch_until_deadline);
	peer_join(&self->peer);
	EXPECT_EQ(-ETIMEDOUT, self->peer.err);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, child, NULL, NULL));
	EXPECT_EQ(0, async_recv(self->peer.to, 0, LIBIPC_FOREVER));
	EXPECT_EQ(-ENODATA, async_recv(self->peer.to, 1, LIBIPC_FOREVER));
	EXPECT_EQ(0, quit(self->peer.to));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN
