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
#include <sys/param.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

/* Bounds a hang; a whole measurement takes a fraction of a second. */
#define TIMEOUT_SECONDS	20

/* What is timed: enough for a steady state, and no more than takes a moment. */
#define ROUNDS_MAX	4000
#define TIMED_BYTES	(32UL << 20)

static const struct {
	const char *name;
	uid_t uid;
} roles[ROLES] = {
	[SERVER] = { "server", 1000 },
	[CLIENT] = { "client", 1001 },
};

/* One CPU: what is measured is the switch, not a race. */
static int become(const struct transport *transport, enum role me)
{
	uid_t uid = roles[transport->one_user ? SERVER : me].uid;
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	alarm(TIMEOUT_SECONDS);
	if (sched_setaffinity(0, sizeof(first), &first) || setgroups(0, NULL) ||
	    setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		return -1;
	return 0;
}

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
	if (become(transport, me) || await_turn(ready, me))
		return -1;
	if (transport->join && transport->join(pair, me))
		return -1;
	if (me == SERVER && close(ready[1]))
		return -1;
	return exchange(transport, pair, me);
}

/* What the table calls the size. */
static size_t size(const struct pair *pair)
{
	return MAX(pair->bytes[SERVER], pair->bytes[CLIENT]);
}

static pid_t spawn(const struct transport *transport, struct pair *pair, const int ready[2],
		   enum role me)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (!play(transport, pair, ready, me))
		_exit(EXIT_SUCCESS);
	warn("%s, %zu bytes: %s", transport->name, size(pair), roles[me].name);
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
		warnx("%s, %zu bytes: %s: %s", transport->name, size(pair), roles[!last].name,
		      WTERMSIG(status) == SIGALRM ? "timed out" : strsignal(WTERMSIG(status)));
	return -1;
}

static int run_pair(const struct transport *transport, struct pair *pair)
{
	pid_t pids[ROLES];
	int ready[2];

	if ((transport->setup && transport->setup(pair)) || pipe(ready)) {
		warn("%s: set-up", transport->name);
		return -1;
	}
	for (enum role me = 0; me < ROLES; me++)
		pids[me] = spawn(transport, pair, ready, me);
	close(ready[0]);
	close(ready[1]);
	return supervise(transport, pair, pids);
}

int pair_measure(const struct transport *transport, size_t bytes, enum shape shape,
		 double *per_round)
{
	static uint64_t private[ROLES][BENCH_WORDS_MAX] bench_aligned;
	const uint32_t timed = MIN(ROUNDS_MAX, TIMED_BYTES / bytes);
	struct pair pair = {
		.bytes = {
			[SERVER] = shape == BULK_REPLY ? sizeof(uint64_t) : bytes,
			[CLIENT] = shape == BULK_REQUEST ? sizeof(uint64_t) : bytes,
		},
		.rounds = {
			[BEFORE] = timed / 8,
			[SETTLE] = shape == EVEN ? 0 : timed,
			[TIMED] = timed,
			[AFTER] = timed / 8,
		},
		.payload = {
			[BEFORE] = payload_whole,
			[SETTLE] = payload_ends,
			[TIMED] = shape == EVEN ? payload_whole : payload_ends,
			[AFTER] = payload_whole,
		},
		.message = { private[SERVER], private[CLIENT] },
	};
	int ret;

	pair.shared = mmap(NULL, sizeof(*pair.shared), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (pair.shared == MAP_FAILED) {
		warn("shared memory");
		return -1;
	}
	fflush(NULL);
	ret = run_pair(transport, &pair);
	if (transport->teardown)
		transport->teardown();
	*per_round = (double)pair.shared->elapsed / timed;
	munmap(pair.shared, sizeof(*pair.shared));
	return ret;
}
