// SPDX-License-Identifier: GPL-2.0
/* One measurement: a client and a server process, and who looks after them. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

/* Bounds a hang; a whole measurement takes a fraction of a second. */
#define TIMEOUT_SECONDS	20

static const struct {
	const char *name;
	uid_t uid;
} roles[ROLES] = {
	[SERVER] = { "server", 1000 },
	[CLIENT] = { "client", 1001 },
};

/* Two users, one CPU: what is measured is the switch, not a race. */
static int become(enum role me)
{
	uid_t uid = roles[me].uid;
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	alarm(TIMEOUT_SECONDS);
	if (sched_setaffinity(0, sizeof(first), &first) || setgroups(0, NULL) ||
	    setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		return -1;
	return 0;
}

static int send_message(const struct transport *transport, struct pair *pair, uint32_t round,
			enum role to)
{
	payload_fill(pair->message[to], pair->bytes, round, to);
	return transport->post ? transport->post(pair, to) : 0;
}

static int receive_message(const struct transport *transport, struct pair *pair, uint32_t round,
			   enum role me)
{
	if (transport->take(pair, me))
		return -1;
	return payload_check(pair->message[me], pair->bytes, round, me);
}

static int round_trips(const struct transport *transport, struct pair *pair, uint32_t from,
		       uint32_t to)
{
	for (uint32_t round = from; round < to; round++) {
		if (send_message(transport, pair, round, SERVER) ||
		    receive_message(transport, pair, round, CLIENT))
			return -1;
	}
	return 0;
}

static int run_client(const struct transport *transport, struct pair *pair)
{
	uint64_t start;

	if (round_trips(transport, pair, 0, BENCH_WARM_UP))
		return -1;
	start = clock_now();
	if (round_trips(transport, pair, BENCH_WARM_UP, BENCH_WARM_UP + BENCH_ROUNDS))
		return -1;
	pair->shared->elapsed = clock_now() - start;
	return 0;
}

/*
 * Serves until it is killed. The client's having its last reply proves that
 * each request was checked here.
 */
static int run_server(const struct transport *transport, struct pair *pair)
{
	for (uint32_t round = 0;; round++) {
		if (receive_message(transport, pair, round, SERVER) ||
		    send_message(transport, pair, round, CLIENT))
			return -1;
	}
}

static int (*const run[ROLES])(const struct transport *transport, struct pair *pair) = {
	[SERVER] = run_server,
	[CLIENT] = run_client,
};

/* The server's closing its end of @ready, by success or death, is the signal. */
static int await_turn(const int ready[2], enum role me)
{
	char none;

	if (me == SERVER)
		return close(ready[0]);
	close(ready[1]);
	return read(ready[0], &none, 1) == 0 ? 0 : -1;
}

static int play(const struct transport *transport, struct pair *pair, const int ready[2],
		enum role me)
{
	if (become(me) || await_turn(ready, me))
		return -1;
	if (transport->join && transport->join(pair, me))
		return -1;
	if (me == SERVER && close(ready[1]))
		return -1;
	return run[me](transport, pair);
}

static pid_t spawn(const struct transport *transport, struct pair *pair, const int ready[2],
		   enum role me)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (!play(transport, pair, ready, me))
		_exit(EXIT_SUCCESS);
	warn("%s, %zu bytes: %s", transport->name, pair->bytes, roles[me].name);
	_exit(EXIT_FAILURE);
}

/* The first to end decides: it must be the client, and content. */
static int supervise(const struct transport *transport, struct pair *pair,
		     const pid_t pids[ROLES])
{
	enum role last;
	int status;
	pid_t pid;

	pid = wait(&status);
	last = pid == pids[SERVER] ? CLIENT : SERVER;
	if (pids[last] > 0) {
		kill(pids[last], SIGKILL);
		waitpid(pids[last], NULL, 0);
	}
	if (pid > 0 && pid == pids[CLIENT] && WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (pid > 0 && WIFSIGNALED(status))
		warnx("%s, %zu bytes: %s: %s", transport->name, pair->bytes, roles[!last].name,
		      WTERMSIG(status) == SIGALRM ? "timed out" : strsignal(WTERMSIG(status)));
	return -1;
}

static int run_pair(const struct transport *transport, struct pair *pair)
{
	pid_t pids[ROLES];
	int ready[2];

	if (transport->setup(pair) || pipe(ready)) {
		warn("%s: set-up", transport->name);
		return -1;
	}
	for (enum role me = 0; me < ROLES; me++)
		pids[me] = spawn(transport, pair, ready, me);
	close(ready[0]);
	close(ready[1]);
	return supervise(transport, pair, pids);
}

int pair_measure(const struct transport *transport, size_t bytes, double *per_round)
{
	uint64_t private[ROLES][BENCH_WORDS_MAX] = { 0 };
	struct pair pair = { .bytes = bytes, .message = { private[SERVER], private[CLIENT] } };
	int ret;

	pair.shared = mmap(NULL, sizeof(*pair.shared), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (pair.shared == MAP_FAILED) {
		warn("shared memory");
		return -1;
	}
	fflush(NULL);
	ret = run_pair(transport, &pair);
	transport->teardown();
	*per_round = (double)pair.shared->elapsed / BENCH_ROUNDS;
	munmap(pair.shared, sizeof(*pair.shared));
	return ret;
}
