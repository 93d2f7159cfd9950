// SPDX-License-Identifier: GPL-2.0
/*
 * Client or server is stopped during a call, before or after its delivery: by
 * a signal, a debugger, a cgroup. When it goes on the call completes, and the
 * server has seen it once.
 */
#include <kselftest_harness.h>
#include <stdatomic.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include "common.h"
#include "letter.h"

#define TIMES		3
#define STOPS		200
#define FREEZE_MS	1000
#define CGROUP		"/sys/fs/cgroup/parley-stop"

static struct shared {
	_Atomic int server;
	_Atomic bool may_receive;
	_Atomic bool may_reply;
	atomic_int received;
	atomic_int replied;
} *shared;

static bool stop_by_signal(pid_t pid)
{
	int status;

	return !kill(pid, SIGSTOP) && waitpid(pid, &status, WUNTRACED) == pid &&
	       WIFSTOPPED(status);
}

/* True when it goes on, or has done so to its end. */
static bool go_by_signal(pid_t pid)
{
	siginfo_t info;

	return !kill(pid, SIGCONT) && !waitid(P_PID, pid, &info, WCONTINUED | WEXITED | WNOWAIT);
}

static bool traced_stop(pid_t pid)
{
	int status;

	return waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status);
}

static bool stop_by_seize(pid_t pid)
{
	return !ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD) &&
	       !ptrace(PTRACE_INTERRUPT, pid, 0, 0) && traced_stop(pid);
}

static bool stop_by_attach(pid_t pid)
{
	return !ptrace(PTRACE_ATTACH, pid, 0, 0) && traced_stop(pid);
}

static bool go_by_detach(pid_t pid)
{
	return !ptrace(PTRACE_DETACH, pid, 0, 0);
}

static bool write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return done;
}

static bool is_frozen(void)
{
	char text[200] = "";
	int fd = open(CGROUP "/cgroup.events", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	return n > 0 && strstr(text, "frozen 1");
}

static bool stop_by_freezer(pid_t pid)
{
	__u64 end = in_ms(FREEZE_MS);
	char number[20];

	snprintf(number, sizeof(number), "%d", pid);
	mkdir(CGROUP, 0755);
	if (!write_to(CGROUP "/cgroup.procs", number) || !write_to(CGROUP "/cgroup.freeze", "1"))
		return false;
	while (!is_frozen() && now_ns() < end)
		usleep(1000);
	return is_frozen();
}

static bool go_by_freezer(pid_t pid)
{
	return !kill(pid, 0) && write_to(CGROUP "/cgroup.freeze", "0") && until(!is_frozen());
}

/* Let a stopped tracee go on by @request, at last freely; its exit code. */
static int trace_to_the_end(pid_t pid, int request)
{
	int status = 0, signal = 0, stops = 0;

	while (!ptrace(stops++ < STOPS ? request : PTRACE_CONT, pid, 0, signal) &&
	       waitpid(pid, &status, __WALL) == pid) {
		if (!WIFSTOPPED(status))
			return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
		signal = WSTOPSIG(status) & ~0x80;
		if (signal == SIGTRAP)
			signal = 0;
	}
	return -1000;
}

static void serve(void)
{
	struct parley_msg request, answer = { .type = ANSWER };
	struct parley_ipc ipc = to_recv(&request);
	int fd = open_task(), err;

	shared->server = task_id(fd);
	if (!until(shared->may_receive))
		give_up("server: never told to receive");
	err = op(fd, PARLEY_IOC_RECV, &ipc);
	if (err || !letter_intact(letter_of(&request), ipc.recv_len))
		give_up("server: %d, or a broken request", err);
	shared->received++;
	if (!until(shared->may_reply))
		give_up("server: never told to reply");
	letter_answer(letter_of(&answer), letter_of(&request));
	ipc = to_reply(ipc.token, &answer, letter_size(letter_of(&answer)));
	err = op(fd, PARLEY_IOC_REPLY, &ipc);
	if (err)
		give_up("server: reply: %d", err);
	shared->replied++;
	_exit(!inbox_empty(fd));
}

static void call(void)
{
	struct parley_msg request = { .type = REQUEST }, answer;
	struct letter *letter = letter_of(&request);
	struct parley_ipc ipc;
	__u64 seed = now_ns() | 1;
	int err;

	letter_write(letter, 1, seed, &seed);
	ipc = to_call(shared->server, &request, letter_size(letter), &answer);
	err = op(open_task(), PARLEY_IOC_CALL, &ipc);
	if (err || !letter_answers(letter_of(&answer), ipc.recv_len, letter))
		give_up("client: %d, or a wrong answer", err);
	_exit(0);
}

FIXTURE(stop) {
	pid_t server;
	pid_t client;
};

FIXTURE_VARIANT(stop) {
	bool (*stop)(pid_t pid);
	bool (*go)(pid_t pid);
	int trace;
};

FIXTURE_VARIANT_ADD(stop, signal) { .stop = stop_by_signal, .go = go_by_signal, };
FIXTURE_VARIANT_ADD(stop, attach) { .stop = stop_by_attach, .go = go_by_detach, };
FIXTURE_VARIANT_ADD(stop, interrupt) { .stop = stop_by_seize, .go = go_by_detach, };
FIXTURE_VARIANT_ADD(stop, freezer) { .stop = stop_by_freezer, .go = go_by_freezer, };
FIXTURE_VARIANT_ADD(stop, trace_syscalls) {
	.stop = stop_by_seize, .go = go_by_detach, .trace = PTRACE_SYSCALL,
};

FIXTURE_VARIANT_ADD(stop, single_step) {
	.stop = stop_by_seize, .go = go_by_detach, .trace = PTRACE_SINGLESTEP,
};

FIXTURE_SETUP(stop)
{
	shared = share(sizeof(*shared));
	ASSERT_NE(NULL, shared);
	self->server = spawn();
	if (!self->server)
		serve();
	ASSERT_TRUE(until(shared->server));
}

FIXTURE_TEARDOWN(stop)
{
	EXPECT_EQ(1, shared->received);
	EXPECT_EQ(1, shared->replied);
	rmdir(CGROUP);
}

typedef FIXTURE_DATA(stop) stop_t;
typedef const FIXTURE_VARIANT(stop) way_t;

static bool start_client(stop_t *self)
{
	self->client = spawn();
	if (!self->client)
		call();
	return until(sleeps_in(self->client, PARLEY_IOC_CALL));
}

/* Stop it a few times, the last time for good; it sleeps in @request if that isn't 0. */
static bool stop(way_t *way, pid_t pid, unsigned long request)
{
	int i;

	for (i = 1; i < TIMES; i++)
		if (!way->stop(pid) || !way->go(pid) ||
		    (request && !until(sleeps_in(pid, request))))
			return false;
	return way->stop(pid);
}

/* Let a stopped process go on to its end. */
static int finish(way_t *way, pid_t pid)
{
	if (way->trace)
		return trace_to_the_end(pid, way->trace);
	return way->go(pid) ? reap(pid) : -1000;
}

TEST_F(stop, client_before_delivery)
{
	ASSERT_TRUE(start_client(self));
	ASSERT_TRUE(stop(variant, self->client, PARLEY_IOC_CALL));
	shared->may_reply = true;
	shared->may_receive = true;
	ASSERT_TRUE(until(shared->received || sleeps_in(self->server, PARLEY_IOC_RECV)));
	EXPECT_EQ(0, finish(variant, self->client));
	EXPECT_EQ(0, reap(self->server));
}

TEST_F(stop, client_after_delivery)
{
	ASSERT_TRUE(start_client(self));
	shared->may_receive = true;
	ASSERT_TRUE(until(shared->received));
	ASSERT_TRUE(stop(variant, self->client, PARLEY_IOC_CALL));
	shared->may_reply = true;
	EXPECT_EQ(0, reap(self->server));
	EXPECT_EQ(0, finish(variant, self->client));
}

TEST_F(stop, server_before_delivery)
{
	shared->may_receive = true;
	ASSERT_TRUE(until(sleeps_in(self->server, PARLEY_IOC_RECV)));
	ASSERT_TRUE(stop(variant, self->server, PARLEY_IOC_RECV));
	ASSERT_TRUE(start_client(self));
	EXPECT_EQ(0, shared->received);
	shared->may_reply = true;
	EXPECT_EQ(0, finish(variant, self->server));
	EXPECT_EQ(0, reap(self->client));
}

TEST_F(stop, server_after_delivery)
{
	shared->may_receive = true;
	ASSERT_TRUE(start_client(self));
	ASSERT_TRUE(until(shared->received));
	ASSERT_TRUE(stop(variant, self->server, 0));
	shared->may_reply = true;
	ASSERT_TRUE(until(sleeps_in(self->client, PARLEY_IOC_CALL)));
	EXPECT_EQ(0, shared->replied);
	EXPECT_EQ(0, finish(variant, self->server));
	EXPECT_EQ(0, reap(self->client));
}

TEST_HARNESS_MAIN
