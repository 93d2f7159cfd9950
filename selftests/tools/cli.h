/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: running the program "parley" and reading what it prints
 *
 * CLI() runs it to its end, as some user; what it prints is then compared after
 * cli_squeeze(), which takes out what only pleases the eye. A struct watcher is
 * a "parley watch" that goes on.
 *
 * Tests begin with alone(), so that no tasks but their own are listed.
 */
#ifndef PARLEY_SELFTEST_CLI_H
#define PARLEY_SELFTEST_CLI_H

#include "../module/rights.h"

#include <ctype.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define CLI_ARGS	8

struct cli {
	int status;
	char out[16384], err[1024];
};

/* A network namespace of its own, and hence a bus of its own. */
static inline void alone(void)
{
	CHECK_EQ(0, unshare(CLONE_NEWNET));
}

static inline void __attribute__((noreturn)) cli_exec(const struct who *who, char *const argv[])
{
	if (who->uid)
		become(who);
	execvp(argv[0], argv);
	fprintf(stderr, "# %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static inline void cli_read(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	CHECK(n >= 0 && n < (ssize_t)size - 1);
	text[n] = 0;
	close(fd);
}

static inline void cli_run(struct cli *cli, const struct who *who, char *const argv[])
{
	int out = memfd_create("out", 0), err = memfd_create("err", 0), status;
	pid_t pid;

	CHECK(out >= 0 && err >= 0);
	fflush(NULL);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		cli_exec(who, argv);
	}
	CHECK_EQ(pid, waitpid(pid, &status, 0));
	CHECK(WIFEXITED(status));
	cli->status = WEXITSTATUS(status);
	cli_read(out, cli->out, sizeof(cli->out));
	cli_read(err, cli->err, sizeof(cli->err));
}

#define CLI(cli, who, ...) \
	cli_run(cli, who, (char *const[]){ "parley", __VA_ARGS__, NULL })

/* Leaves one blank where there are several, and none where a line begins. */
static inline void cli_squeeze(char *text)
{
	char *to = text, last = '\n';

	for (; *text; text++) {
		if (*text == ' ' && (last == ' ' || last == '\n'))
			continue;
		last = *to++ = *text;
	}
	*to = 0;
}

/* Leaves no white space at all: for JSON without any in its strings. */
static inline void cli_compact(char *text)
{
	char *to = text;

	for (; *text; text++)
		if (!isspace(*text))
			*to++ = *text;
	*to = 0;
}

static inline int cli_lines(const char *text)
{
	int count = 0;

	while ((text = strchr(text, '\n'))) {
		text++;
		count++;
	}
	return count;
}

/* Is it one of the lines? */
static inline bool cli_has(const char *text, const char *line)
{
	size_t len = strlen(line);
	const char *at = text;

	while ((at = strstr(at, line))) {
		if ((at == text || at[-1] == '\n') && at[len] == '\n')
			return true;
		at++;
	}
	fprintf(stderr, "# there is no line \"%s\" in:\n%s", line, text);
	return false;
}

struct watcher {
	pid_t pid;
	FILE *out, *err;
};

/* Waits until it has printed all there is. */
static inline void watcher_await(const struct watcher *watcher)
{
	siginfo_t ended = { };

	while (!thread_waits(watcher->pid, watcher->pid, SYS_recvmsg)) {
		CHECK_EQ(0, waitid(P_PID, watcher->pid, &ended, WEXITED | WNOHANG | WNOWAIT));
		CHECK_EQ(0, ended.si_pid);
		sched_yield();
	}
}

static inline void watcher_start(struct watcher *watcher, char *const argv[])
{
	int out[2], err[2];

	CHECK_EQ(0, pipe2(out, O_CLOEXEC) | pipe2(err, O_CLOEXEC));
	fflush(NULL);
	watcher->pid = fork();
	CHECK(watcher->pid >= 0);
	if (!watcher->pid) {
		CHECK_EQ(0, prctl(PR_SET_PDEATHSIG, SIGKILL));
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		cli_exec(&root, argv);
	}
	close(out[1]);
	close(err[1]);
	watcher->out = fdopen(out[0], "r");
	watcher->err = fdopen(err[0], "r");
	CHECK(watcher->out && watcher->err);
	watcher_await(watcher);
}

/* Watches from now on; nothing that happens next is missed. */
#define WATCH(watcher, ...) \
	watcher_start(watcher, (char *const[]){ "parley", "watch", "-N", ##__VA_ARGS__, NULL })

/* The next line of one of its outputs; "" at the end. */
static inline const char *watcher_line(FILE *file)
{
	static char line[256];

	if (!fgets(line, sizeof(line), file))
		return "";
	cli_squeeze(line);
	line[strcspn(line, "\n")] = 0;
	return line;
}

/* Its exit status, once it has ended by itself. */
static inline int watcher_join(struct watcher *watcher)
{
	int status;

	CHECK_EQ(watcher->pid, waitpid(watcher->pid, &status, 0));
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#endif /* PARLEY_SELFTEST_CLI_H */
