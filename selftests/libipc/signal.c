// SPDX-License-Identifier: GPL-2.0
/* Handlers that run while a thread waits: what ends, what goes on. */
#include <kselftest_harness.h>

#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "cargo.h"

static volatile sig_atomic_t handled;

static void handler(int signo)
{
	(void)signo;
	handled++;
}

FIXTURE(interrupted) {
	struct peer peer;
	struct ipc_msg msg;
	size_t len;
	ipc_token_t token;
};

FIXTURE_SETUP(interrupted)
{
	struct sigaction ends = { .sa_handler = handler };
	struct sigaction restarts = { .sa_handler = handler, .sa_flags = SA_RESTART };

	ASSERT_EQ(0, sigaction(SIGUSR1, &ends, NULL));
	ASSERT_EQ(0, sigaction(SIGUSR2, &restarts, NULL));
	handled = 0;
	memset(self, 0, sizeof(*self));
	self->peer.to = ipc_self();
	self->peer.msg.type = 40;
}

FIXTURE_TEARDOWN(interrupted)
{
}

/* Interrupts the peer where it sleeps. */
static void interrupt(struct peer *peer, int signo)
{
	int before = handled;

	wait_asleep(peer->tid);
	pthread_kill(peer->thread, signo);
	while (handled == before)
		sched_yield();
}

static int receive(FIXTURE_DATA(interrupted) * self, uint64_t deadline)
{
	return ipc_recv(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token, deadline);
}

static void call_and_check_errno(struct peer *peer)
{
	errno = ELNRNG;
	peer_call(peer);
	if (errno != ELNRNG)
		peer->err = -ENOTRECOVERABLE;
}

TEST_F(interrupted, call_in_the_servers_hands_ends)
{
	peer_start(&self->peer, call_and_check_errno);
	ASSERT_EQ(0, receive(self, LIBIPC_FOREVER));
	interrupt(&self->peer, SIGUSR1);
	peer_join(&self->peer);
	EXPECT_EQ(-EINTR, self->peer.err);
	EXPECT_EQ(40, self->peer.msg.type);
	EXPECT_EQ(-ENOENT, ipc_reply(self->token, &self->msg, 0));
}

TEST_F(interrupted, call_that_nobody_took_is_withdrawn)
{
	peer_start(&self->peer, call_and_check_errno);
	interrupt(&self->peer, SIGUSR1);
	peer_join(&self->peer);
	EXPECT_EQ(-EINTR, self->peer.err);
	EXPECT_EQ(-EAGAIN, receive(self, LIBIPC_NOWAIT));
}

TEST_F(interrupted, send_that_nobody_took_is_withdrawn)
{
	peer_start(&self->peer, peer_send);
	interrupt(&self->peer, SIGUSR1);
	peer_join(&self->peer);
	EXPECT_EQ(-EINTR, self->peer.err);
	EXPECT_EQ(-EAGAIN, receive(self, LIBIPC_NOWAIT));
}

TEST_F(interrupted, recv_ends_and_takes_nothing)
{
	peer_start(&self->peer, peer_recv);
	interrupt(&self->peer, SIGUSR1);
	peer_join(&self->peer);
	EXPECT_EQ(-EINTR, self->peer.err);
	EXPECT_EQ(40, self->peer.msg.type);
}

TEST_F(interrupted, call_in_the_servers_hands_is_resumed)
{
	peer_start(&self->peer, call_and_check_errno);
	ASSERT_EQ(0, receive(self, LIBIPC_FOREVER));
	interrupt(&self->peer, SIGUSR2);
	self->msg.type = 41;
	EXPECT_EQ(0, ipc_reply(self->token, &self->msg, 0));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
	EXPECT_EQ(41, self->peer.msg.type);
	EXPECT_EQ(-EAGAIN, receive(self, LIBIPC_NOWAIT));
}

TEST_F(interrupted, call_that_nobody_took_is_resumed)
{
	peer_start(&self->peer, call_and_check_errno);
	interrupt(&self->peer, SIGUSR2);
	ASSERT_EQ(0, receive(self, LIBIPC_FOREVER));
	self->msg.type = 41;
	EXPECT_EQ(0, ipc_reply(self->token, &self->msg, 0));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
	EXPECT_EQ(41, self->peer.msg.type);
	EXPECT_EQ(-EAGAIN, receive(self, LIBIPC_NOWAIT));
}

TEST_F(interrupted, recv_is_resumed)
{
	struct ipc_msg msg = { .type = 42 };

	peer_start(&self->peer, peer_recv);
	interrupt(&self->peer, SIGUSR2);
	EXPECT_EQ(0, ipc_send(self->peer.id, &msg, 0, LIBIPC_FOREVER));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
	EXPECT_EQ(42, self->peer.msg.type);
}

/*
 * A debugger of thread @tid that lets it have every signal; with @held, after it
 * has written a byte there and then read one.
 */
static void debug(pid_t tid, int held)
{
	int status, ready[2];
	char byte = 0;

	if (pipe(ready)) {
		perror("pipe");
		abort();
	}
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!ptrace(PTRACE_SEIZE, tid, NULL, NULL))
			write(ready[1], &byte, 1);
		while (waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status)) {
			if (held >= 0 && (write(held, &byte, 1) != 1 || read(held, &byte, 1) != 1))
				break;
			ptrace(PTRACE_CONT, tid, NULL, (long)WSTOPSIG(status));
		}
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1) {
		fputs("cannot trace\n", stderr);
		abort();
	}
	close(ready[0]);
}

/*
 * The kernel can't tell whether a debugger will let the signal through, and
 * leaves the operation in flight: the library has to end it.
 */
TEST_F(interrupted, call_of_a_debugged_thread_is_cancelled)
{
	peer_start(&self->peer, call_and_check_errno);
	ASSERT_EQ(0, receive(self, LIBIPC_FOREVER));
	debug(self->peer.tid, -1);
	interrupt(&self->peer, SIGUSR1);
	peer_join(&self->peer);
	EXPECT_EQ(-EINTR, self->peer.err);
	EXPECT_EQ(-ENOENT, ipc_reply(self->token, &self->msg, 0));
}

TEST_F(interrupted, send_of_a_debugged_thread_is_cancelled)
{
	peer_start(&self->peer, peer_send);
	debug(self->peer.tid, -1);
	interrupt(&self->peer, SIGUSR1);
	peer_join(&self->peer);
	EXPECT_EQ(-EINTR, self->peer.err);
	EXPECT_EQ(-EAGAIN, receive(self, LIBIPC_NOWAIT));
}

/* The handler has yet to run when the reply comes: it is not lost. */
TEST_F(interrupted, call_of_a_debugged_thread_gets_its_reply)
{
	int held[2];
	char byte;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, held));
	peer_start(&self->peer, call_and_check_errno);
	ASSERT_EQ(0, receive(self, LIBIPC_FOREVER));
	debug(self->peer.tid, held[1]);
	wait_asleep(self->peer.tid);
	pthread_kill(self->peer.thread, SIGUSR1);
	ASSERT_EQ(1, read(held[0], &byte, 1));
	self->msg.type = 41;
	EXPECT_EQ(0, ipc_reply(self->token, &self->msg, 0));
	ASSERT_EQ(1, write(held[0], &byte, 1));
	peer_join(&self->peer);
	EXPECT_EQ(1, handled);
	EXPECT_EQ(0, self->peer.err);
	EXPECT_EQ(41, self->peer.msg.type);
}

/* A call with out-of-line payload that is in our hands. */
static int take_call_with_cargo(FIXTURE_DATA(interrupted) * self)
{
	struct ipc_cargo cargo = {
		.accept = LIBIPC_CARGO_OOL,
		.recv_data = buffer(5000),
		.recv_room = 5000,
	};

	self->peer.len = HEAD;
	self->peer.cargo = (struct ipc_cargo){
		.send = LIBIPC_CARGO_OOL,
		.send_data = filled_buffer(1, 5000),
		.send_len = 5000,
		.accept = LIBIPC_CARGO_OOL,
		.recv_data = buffer(6000),
		.recv_room = 6000,
	};
	peer_start(&self->peer, peer_call_cargo);
	return ipc_recv_cargo(LIBIPC_TASK_ANY, &self->msg, &self->len, &self->token, &cargo,
			      LIBIPC_FOREVER);
}

/* As much as there was room for before the call was interrupted. */
static int reply_with_cargo(FIXTURE_DATA(interrupted) * self)
{
	struct ipc_cargo cargo = {
		.send = LIBIPC_CARGO_OOL,
		.send_data = filled_buffer(2, 6000),
		.send_len = 6000,
	};

	return ipc_reply_cargo(self->token, &self->msg, HEAD, &cargo);
}

TEST_F(interrupted, call_with_cargo_is_resumed)
{
	ASSERT_EQ(0, take_call_with_cargo(self));
	interrupt(&self->peer, SIGUSR2);
	EXPECT_EQ(0, reply_with_cargo(self));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
	EXPECT_EQ((size_t)6000, self->peer.cargo.recv_len);
	EXPECT_TRUE(has_bytes(self->peer.cargo.recv_data, 2, 6000));
}

TEST_F(interrupted, call_with_cargo_of_a_debugged_thread_is_cancelled)
{
	ASSERT_EQ(0, take_call_with_cargo(self));
	debug(self->peer.tid, -1);
	interrupt(&self->peer, SIGUSR1);
	peer_join(&self->peer);
	EXPECT_EQ(-EINTR, self->peer.err);
	EXPECT_TRUE(nothing_came(&self->peer.cargo));
	EXPECT_EQ(-ENOENT, reply_with_cargo(self));
}

TEST_F(interrupted, call_with_cargo_of_a_debugged_thread_gets_its_reply)
{
	int held[2];
	char byte;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, held));
	ASSERT_EQ(0, take_call_with_cargo(self));
	debug(self->peer.tid, held[1]);
	wait_asleep(self->peer.tid);
	pthread_kill(self->peer.thread, SIGUSR1);
	ASSERT_EQ(1, read(held[0], &byte, 1));
	EXPECT_EQ(0, reply_with_cargo(self));
	ASSERT_EQ(1, write(held[0], &byte, 1));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
	EXPECT_EQ((size_t)6000, self->peer.cargo.recv_len);
	EXPECT_TRUE(has_bytes(self->peer.cargo.recv_data, 2, 6000));
}

static bool is_open(pid_t pid)
{
	struct __ptrace_syscall_info info;

	return ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0 &&
	       info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_openat;
}

/* Runs @pid, stopped, until the open; gives it a signal there; until its end. */
static int signal_in_open(pid_t pid, int signo)
{
	bool given = false;
	int status;

	ptrace(PTRACE_SETOPTIONS, pid, NULL, (long)PTRACE_O_TRACESYSGOOD);
	ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		bool syscall_stop = WSTOPSIG(status) == (SIGTRAP | 0x80);

		if (syscall_stop && !given && is_open(pid))
			given = !kill(pid, signo);
		ptrace(PTRACE_SYSCALL, pid, NULL, syscall_stop ? 0 : (long)WSTOPSIG(status));
	}
	return given && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(interrupted, open_goes_on_whatever_the_handler)
{
	static const int signals[] = { SIGUSR1, SIGUSR2 };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		pid_t pid = fork();
		int status;

		ASSERT_LE(0, pid);
		if (!pid) {
			ptrace(PTRACE_TRACEME, 0, NULL, NULL);
			raise(SIGSTOP);
			_exit(ipc_open() >= 0 && handled == 1 ? 0 : 1);
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_TRUE(WIFSTOPPED(status));
		EXPECT_EQ(0, signal_in_open(pid, signals[i]));
	}
}

/* The library may be used in a handler, even in the middle of a call. */
static ipc_task_t other_server;
static int nested;

static void calling_handler(int signo)
{
	struct ipc_msg msg = { .type = 50 };
	size_t len = 0;

	(void)signo;
	nested = ipc_call(other_server, &msg, &len, LIBIPC_FOREVER);
	if (!nested)
		nested = msg.type;
}

static void answer(struct peer *peer)
{
	peer_recv(peer);
	peer->msg.type++;
	peer->err = ipc_reply(peer->token, &peer->msg, 0);
}

TEST_F(interrupted, call_survives_a_call_in_a_handler)
{
	struct sigaction calls = { .sa_handler = calling_handler, .sa_flags = SA_RESTART };
	struct peer server = { .id = 0 };

	ASSERT_EQ(0, sigaction(SIGUSR2, &calls, NULL));
	peer_start(&server, answer);
	other_server = server.id;
	peer_start(&self->peer, call_and_check_errno);
	ASSERT_EQ(0, receive(self, LIBIPC_FOREVER));
	wait_asleep(self->peer.tid);
	pthread_kill(self->peer.thread, SIGUSR2);
	peer_join(&server);
	EXPECT_EQ(0, server.err);
	self->msg.type = 41;
	EXPECT_EQ(0, ipc_reply(self->token, &self->msg, 0));
	peer_join(&self->peer);
	EXPECT_EQ(0, self->peer.err);
	EXPECT_EQ(41, self->peer.msg.type);
	EXPECT_EQ(51, nested);
}

TEST_HARNESS_MAIN
