// SPDX-License-Identifier: GPL-2.0
/*
 * Processes in storms: each opens a task, is watched by up to three watchers,
 * and dies at a random moment. Every watch brings one message, every request of a
 * dead caller one that it is cancelled: none is lost, none comes twice. The last
 * storms are played with every allocation of the dying and of the watchers
 * failing: a delivery needs none.
 */
#include <linux/parley_proto.h>
#include <stdatomic.h>
#include <kselftest.h>
#include "census.h"
#include "common.h"
#include "letter.h"

#define WATCHERS		3
#define STORM			48	/* processes */
#define STORMS			210
#define STORMS_LONG		2100
#define STORMS_INJECTED		15
#define DEBUG_SECONDS		40
#define DEBUG_SECONDS_LONG	600
#define DEBUG_STORMS_LEAST	10
#define DEATH_US		3000
#define REQUESTS		STORM

#define FAILSLAB		"/sys/kernel/debug/failslab/"

/**
 * struct shared - of all processes
 * @ids: of this storm's tasks, 0 until they are opened
 * @watchers: the watchers' tasks
 * @storm: number of the storm
 * @over: every process of it is dead
 * @done: number of the storm that a watcher has dealt with
 * @inject: play it with faults injected
 * @deaths: messages received
 * @late: watches refused, the task being dead
 * @ended: watches that were ended in time
 * @cancelled: requests that were cancelled
 */
static struct shared {
	_Atomic int ids[STORM];
	_Atomic int watchers[WATCHERS];
	_Atomic int storm;
	_Atomic bool over;
	_Atomic int done[WATCHERS];
	_Atomic bool inject;
	_Atomic bool wrong;
	_Atomic unsigned long deaths;
	_Atomic unsigned long late;
	_Atomic unsigned long ended;
	_Atomic unsigned long cancelled;
} *shared;

#define wrong(format, ...) do {				\
	shared->wrong = true;				\
	give_up(format, ##__VA_ARGS__);			\
} while (0)

/* The file by which a process's allocations are made to fail. */
static int injection_open(pid_t pid)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/make-it-fail", pid);
	return open(path, O_WRONLY | O_CLOEXEC);
}

static void inject(int injection, bool on)
{
	if (shared->inject && pwrite(injection, on ? "1" : "0", 1, 0) != 1)
		wrong("make-it-fail: %s", strerror(errno));
}

static void die_by_exit(int fd)
{
	(void)fd;
}

static void die_by_close(int fd)
{
	close(fd);
}

static void wait_for_death(int fd)
{
	(void)fd;
	for (;;)
		pause();
}

static int bond(int fd, unsigned long request, int peer)
{
	struct parley_bond_arg arg = {
		.size = sizeof(arg),
		.kind = PARLEY_BOND_WATCH,
		.peer = peer,
	};

	return op(fd, request, &arg);
}

/* A watcher, too, which never receives. */
static void watch_and_wait_for_death(int fd)
{
	int slot, id;

	for (slot = 0; slot < STORM; slot++) {
		id = shared->ids[slot];
		if (id)
			bond(fd, PARLEY_IOC_BOND, id);
	}
	wait_for_death(fd);
}

static void call_and_wait_for_death(int fd)
{
	struct parley_msg request = { .type = REQUEST }, answer;
	int watcher = shared->watchers[getpid() % WATCHERS], err;
	struct parley_ipc ipc = to_call(watcher, &request, 8, &answer);

	err = op(fd, PARLEY_IOC_CALL, &ipc);
	wrong("a call that nobody answers: %d", err);
}

/* The process goes on without its address space. */
static void die_by_exec(int fd)
{
	fcntl(fd, F_SETFD, 0);
	execl("/proc/self/exe", "exits", "dead", NULL);
}

/**
 * struct death - a way to die
 * @die: to the end, or until killed
 * @killed: somebody has to kill it
 */
static const struct death {
	void (*die)(int fd);
	bool killed;
} deaths[] = {
	{ die_by_exit, false },
	{ wait_for_death, true },
	{ die_by_close, false },
	{ call_and_wait_for_death, true },
	{ call_and_wait_for_death, true },
	{ die_by_exit, false },
	{ watch_and_wait_for_death, true },
	{ die_by_exec, false },
};

static const struct death *death_of(int slot)
{
	return &deaths[slot % ARRAY_SIZE(deaths)];
}

static void live_and_die(int slot, __u64 seed)
{
	int injection = injection_open(getpid()), fd = open_task();

	if (fd < 0)
		wrong("open: %s", strerror(errno));
	shared->ids[slot] = task_id(fd);
	usleep(random_next(&seed) % DEATH_US);
	if (!death_of(slot)->killed)
		inject(injection, true);
	death_of(slot)->die(fd);
	_exit(0);
}

/**
 * struct watch - a watcher's relation to one process of the storm
 * @id: the process's task
 * @tried: a watch was made, or refused
 * @pending: its message has yet to come
 */
struct watch {
	int id;
	bool tried;
	bool pending;
};

/**
 * struct watcher - a process that watches
 * @fd: its task
 * @injection: make-it-fail
 * @watches: by the storm's slots
 * @pending: how many of them are
 * @requests: tokens of requests received and not yet cancelled
 * @held: how many those are
 */
static struct watcher {
	int fd;
	int injection;
	__u64 seed;
	struct watch watches[STORM];
	int pending;
	__u64 requests[REQUESTS];
	int held;
} me;

static void settle(struct watch *watch)
{
	watch->pending = false;
	me.pending--;
}

/* Some of the watches are ended at once: then nothing may come, or it is too late. */
static void watch_one(struct watch *watch, int id)
{
	int err = bond(me.fd, PARLEY_IOC_BOND, id);

	watch->id = id;
	watch->tried = true;
	shared->late += err == -ENOTCONN;
	if (err == -ENOTCONN)
		return;
	if (err)
		wrong("watch: %s", strerror(-err));
	watch->pending = true;
	me.pending++;
	if (random_next(&me.seed) % 8)
		return;
	err = bond(me.fd, PARLEY_IOC_UNBOND, id);
	if (err && err != -ENOENT)
		wrong("ending a watch: %s", strerror(-err));
	if (err)
		return;
	shared->ended++;
	settle(watch);
}

static void watch_all(void)
{
	int slot, id;

	for (slot = 0; slot < STORM; slot++) {
		id = shared->ids[slot];
		if (id && !me.watches[slot].tried)
			watch_one(&me.watches[slot], id);
	}
}

static void take_death(const struct parley_global_exception *body)
{
	int slot;

	for (slot = 0; slot < STORM; slot++)
		if (me.watches[slot].pending && me.watches[slot].id == body->task)
			break;
	if (slot == STORM || body->exception != PARLEY_GRACE_EXIT)
		wrong("exception %u of task %d, which isn't watched", body->exception, body->task);
	settle(&me.watches[slot]);
	shared->deaths++;
}

static void take_cancelled(__u64 token)
{
	int i;

	for (i = 0; i < me.held && me.requests[i] != token; i++)
		;
	if (i == me.held)
		wrong("cancelled is %llu, which isn't held", token);
	me.requests[i] = me.requests[--me.held];
	shared->cancelled++;
}

static void take(const struct parley_msg *msg, __u32 len, __u64 token)
{
	if (msg->src != PARLEY_TASK_KERNEL) {
		if (!token || me.held == REQUESTS)
			wrong("type %d from task %d, token %llu", msg->type, msg->src, token);
		me.requests[me.held++] = token;
	} else if (msg->type == PARLEY_GLOBAL_EXCEPTION && len == 8) {
		take_death((const void *)msg->payload);
	} else if (msg->type == PARLEY_GLOBAL_CANCELLED && len == 8) {
		take_cancelled(*(const __u64 *)msg->payload);
	} else if (msg->type != PARLEY_GLOBAL_NOTIFICATIONS || len != 1 ||
		   msg->payload[0] != PARLEY_NOTIFY_ABORTED) {
		wrong("type %d from the kernel, %u bytes, first 0x%x", msg->type, len,
		      msg->payload[0]);
	}
}

/* Receive one message, with whatever faults are to be injected. */
static bool receive(__u64 deadline)
{
	struct parley_msg msg;
	struct parley_ipc ipc = to_recv(&msg);
	int err;

	ipc.deadline = deadline;
	inject(me.injection, true);
	err = op(me.fd, PARLEY_IOC_RECV, &ipc);
	inject(me.injection, false);
	if (err && err != -ETIMEDOUT)
		wrong("RECV: %s", strerror(-err));
	if (!err)
		take(&msg, ipc.recv_len, ipc.token);
	return !err;
}

static void watch_storm(void)
{
	bool over;

	memset(me.watches, 0, sizeof(me.watches));
	do {
		over = shared->over;
		watch_all();
		while (receive(over ? 1 : in_ms(1)))
			;
	} while (!over);
	while (me.pending || me.held)
		if (!receive(in_ms(PATIENCE_MS)))
			wrong("%d deaths and %d cancellations are missing", me.pending, me.held);
	while (receive(1))
		;
}

static void watch(int number)
{
	int storm;

	me.injection = injection_open(getpid());
	me.fd = open_task();
	me.seed = now_ns() * 2 + 1;
	mlockall(MCL_CURRENT);
	shared->watchers[number] = task_id(me.fd);
	for (;;) {
		storm = shared->done[number] + 1;
		while (shared->storm != storm)
			usleep(200);
		watch_storm();
		shared->done[number] = storm;
	}
}

/* The controller's: processes of the storm, and watchers. */
static pid_t processes[STORM], watchers[WATCHERS];

static void kill_one(pid_t pid)
{
	int injection = injection_open(pid);

	inject(injection, true);
	close(injection);
	kill(pid, SIGKILL);
}

static bool watchers_done(void)
{
	int i;

	for (i = 0; i < WATCHERS; i++)
		if (shared->done[i] != shared->storm)
			return false;
	return true;
}

static bool play_storm(__u64 *seed)
{
	int slot;

	for (slot = 0; slot < STORM; slot++)
		shared->ids[slot] = 0;
	shared->over = false;
	shared->storm++;
	for (slot = 0; slot < STORM; slot++) {
		processes[slot] = spawn();
		if (!processes[slot])
			live_and_die(slot, *seed + slot * 2);
		random_next(seed);
	}
	for (slot = 0; slot < STORM; slot++) {
		if (!death_of(slot)->killed)
			continue;
		usleep(random_next(seed) % (DEATH_US / 10));
		kill_one(processes[slot]);
	}
	for (slot = 0; slot < STORM; slot++)
		reap(processes[slot]);
	shared->over = true;
	return until(watchers_done() || shared->wrong) && !shared->wrong;
}

/* So many storms, but on a debug kernel so many seconds. */
static int play(int storms)
{
	__u64 end = in_ms(1000 * (long_run() ? DEBUG_SECONDS_LONG : DEBUG_SECONDS));
	__u64 seed = now_ns() * 2 + 1;
	int played;

	for (played = 0; played < storms; played++) {
		if (debug_kernel() && now_ns() > end)
			break;
		if (!play_storm(&seed))
			return 0;
	}
	return played;
}

static bool failslab(const char *probability)
{
	return write_text(FAILSLAB "ignore-gfp-wait", "N") &&
	       write_text(FAILSLAB "cache-filter", "N") &&
	       write_text(FAILSLAB "interval", "1") &&
	       write_text(FAILSLAB "times", "-1") &&
	       write_text(FAILSLAB "verbose", "0") &&
	       write_text(FAILSLAB "task-filter", "Y") &&
	       write_text(FAILSLAB "probability", probability);
}

/* Do faults hit who is to be hit? In a child, which can't even open a task. */
static bool faults_hit(void)
{
	pid_t child = spawn();

	if (!child) {
		inject(injection_open(getpid()), true);
		_exit(open_task() >= 0 || errno != ENOMEM);
	}
	return reap(child) == 0;
}

static void play_injected(void)
{
	bool hit;
	int played;

	if (!failslab("100")) {
		ksft_test_result_skip("no fault injection in this kernel\n");
		return;
	}
	shared->inject = true;
	hit = faults_hit();
	played = play(STORMS_INJECTED);
	shared->inject = false;
	failslab("0");
	ksft_test_result(hit && played, "a delivery allocates nothing: %d storms\n", played);
}

static void print_counts(void)
{
	ksft_print_msg("%lu deaths, %lu watches too late, %lu ended in time, %lu calls cancelled\n",
		       shared->deaths, shared->late, shared->ended, shared->cancelled);
}

static void start_watchers(void)
{
	int i;

	for (i = 0; i < WATCHERS; i++) {
		watchers[i] = spawn();
		if (!watchers[i])
			watch(i);
		if (!until(shared->watchers[i]))
			ksft_exit_fail_msg("watcher %d doesn't start\n", i);
	}
}

int main(int argc, char **argv)
{
	int storms = long_run() ? STORMS_LONG : STORMS, played, i;
	int least = debug_kernel() ? DEBUG_STORMS_LEAST : storms;
	struct census before;

	(void)argv;
	if (argc > 1)
		return 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	ksft_print_header();
	ksft_set_plan(4);
	shared = share(sizeof(*shared));
	if (!shared || !census_take(&before))
		ksft_exit_fail_msg("no census\n");
	start_watchers();
	played = play(storms);
	print_counts();
	ksft_test_result(played >= least, "one message each: %d processes\n", played * STORM);
	ksft_test_result(shared->late && shared->ended && shared->cancelled,
			 "some came too late, were ended, were cancelled\n");
	play_injected();
	print_counts();
	for (i = 0; i < WATCHERS; i++)
		kill_and_reap(watchers[i]);
	ksft_test_result(census_returns(&before), "nothing of the dead stays behind\n");
	ksft_finished();
}
