// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once: processes of two users do at random whatever Parley knows,
 * are sent signals, stopped, killed and started anew. Every request has one
 * outcome that fits what its receiver has seen, nobody waits for ever, and in
 * the end nothing is left.
 */
#define _GNU_SOURCE
#include <grp.h>
#include <kselftest.h>
#include "census.h"
#include "mix_acts.h"

#define SECONDS		60
#define SECONDS_LONG	600
#define HANG_S		20
#define CALM		4 /* crews that are left alone: what isn't woken there stays asleep */
#define ACTS_BETWEEN	100 /* what the controller does comes after so many, at most */

static pid_t pids[CREWS];
static pid_t stopped;
static __u64 killed;

/* All that is watched and dead has to come; then there is only serving. */
static void be_server(void)
{
	int i;

	for (i = 0; i < EACH; i++) {
		until((serve(&crew.places[i], true), !watch_missing(&crew.places[i])));
		if (watch_missing(&crew.places[i]))
			wrong("a death that was watched was not told");
	}
	me->done = true;
	for (;;)
		serve_all();
}

static void *work(void *arg)
{
	me = arg;
	seed = (world->seed + me->requests) * 0x9e3779b97f4a7c15ULL + 2 * (me - world->workers) + 1;
	me->kind = IDLE;
	me->tid = syscall(SYS_gettid);
	while (!world->stop) {
		if (is_server())
			serve_all();
		if (!is_server() || crew.size == 1 || one_in(4))
			act(!is_server() || crew.size == 1);
	}
	if (is_server())
		be_server();
	me->done = true;
	for (;;)
		pause();
	return NULL;
}

static void open_places(void)
{
	int i;

	for (i = 0; i < EACH; i++) {
		struct place *place = &crew.places[i];
		struct parley_mode mode = { .size = sizeof(mode), .mode = 0666 };

		place->fd = open_task();
		if (place->fd < 0 || op(place->fd, PARLEY_IOC_MODE, &mode))
			wrong("no task: %s", strerror(errno));
		world->ids[crew.number * EACH + i] = task_id(place->fd);
	}
}

static void be_crew(int number)
{
	__u32 uid = crew_uid(number);
	pthread_t thread;
	int i;

	crew.number = number;
	crew.size = crew_size(number);
	pthread_mutex_init(&crew.lock, NULL);
	setpgid(0, 0);
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		wrong("can't become user %u", uid);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	handle_signals();
	open_places();
	for (i = 1; i < crew.size; i++)
		if (pthread_create(&thread, NULL, work, &world->workers[number * EACH + i]))
			wrong("no thread");
	work(&world->workers[number * EACH]);
}

static void start_crew(int number)
{
	int i;

	for (i = 0; i < EACH; i++) {
		world->workers[number * EACH + i].tid = 0;
		world->workers[number * EACH + i].kind = IDLE;
	}
	pids[number] = spawn();
	if (!pids[number])
		be_crew(number);
	setpgid(pids[number], pids[number]);
}

/* With the children that it may have. */
static void end_crew(int number)
{
	int i;

	kill(-pids[number], SIGKILL);
	while (waitpid(-pids[number], NULL, 0) > 0 || errno == EINTR)
		;
	for (i = 0; i < EACH; i++) {
		struct worker *worker = &world->workers[number * EACH + i];

		worker->lost = worker->requests - worker->ended;
	}
}

static void let_go(void)
{
	if (stopped)
		kill(stopped, SIGCONT);
	stopped = 0;
}

static void disturb(void)
{
	const int signals[] = { RESTARTS, ENDS_IT, JUMPS };
	int number = chance(CREWS - CALM), signal = signals[chance(ARRAY_SIZE(signals))];
	pid_t tid = world->workers[number * EACH + chance(crew_size(number))].tid;

	let_go();
	if (one_in(12)) {
		end_crew(number);
		start_crew(number);
		killed++;
	} else if (one_in(4)) {
		stopped = pids[number];
		kill(stopped, SIGSTOP);
	} else if (tid) {
		syscall(SYS_tgkill, pids[number], tid, signal);
	}
}

static __u64 progress(void)
{
	__u64 sum = 0;
	int i;

	for (i = 0; i < PLACES; i++)
		sum += world->workers[i].turns;
	return sum;
}

static void show(pid_t pid, pid_t tid, const char *name)
{
	char path[60], text[1000];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, name);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text));
	close(fd);
	printf("# %s: %.*s\n", path, n < 0 ? 0 : (int)n, text);
}

static void show_hung(int i)
{
	struct worker *worker = &world->workers[i];
	pid_t pid = pids[i / EACH], tid = worker->tid;
	int kind = worker->kind;

	ksft_print_msg("crew %d, worker %d, task %d hangs: %s\n", i / EACH, i % EACH,
		       world->ids[i], kind == IDLE ? "no message" : operations[kind].name);
	show(pid, tid, "syscall");
	show(pid, tid, "wchan");
	show(pid, tid, "stack");
}

/* Some receive until something comes; what should have come is somebody's, who hangs. */
static bool may_hang(const struct worker *worker)
{
	return worker->kind == IDLE || worker->kind == RECV || worker->kind == REPLYRECV;
}

/* Has nobody been in the same operation for too long? To be asked often. */
static bool none_hangs(void)
{
	static unsigned long turns[PLACES];
	static __u64 since[PLACES];
	__u64 now = now_ns();
	bool none = true;
	int i;

	for (i = 0; i < PLACES; i++) {
		struct worker *worker = &world->workers[i];

		if (worker->turns != turns[i] || may_hang(worker) || !worker->tid)
			since[i] = now;
		turns[i] = worker->turns;
		if (now < since[i] + HANG_S * 1000000000ULL)
			continue;
		show_hung(i);
		none = false;
	}
	return none;
}

/* True if all went well to the end. */
static bool stir(__u64 end)
{
	while (now_ns() < end) {
		__u64 next = progress() + chance(ACTS_BETWEEN);

		if (!until(progress() >= next || world->wrong))
			ksft_print_msg("nobody does anything\n");
		if (world->wrong || !none_hangs())
			return false;
		disturb();
	}
	return true;
}

static bool is_done(int i)
{
	return i % EACH >= crew_size(i / EACH) || world->workers[i].done;
}

static bool all_done(void)
{
	int i;

	for (i = 0; i < PLACES; i++)
		if (!is_done(i))
			return false;
	return true;
}

/* For those who receive. */
static void notify_all(void)
{
	int fd = open_task(), i;

	for (i = 0; i < PLACES; i++)
		notify(fd, world->ids[i], PARLEY_NOTIFY_USER);
	close(fd);
}

/* Everybody comes to the end of what he is doing. */
static bool settle_down(void)
{
	int i;

	let_go();
	world->stop = true;
	if (until((notify_all(), all_done() || world->wrong)))
		return all_done();
	for (i = 0; i < PLACES; i++)
		if (!is_done(i))
			show_hung(i);
	return false;
}

/* Have all requests ended, but for those that were cut off by a kill? */
static bool all_accounted_for(void)
{
	int i;

	for (i = 0; i < PLACES; i++) {
		struct worker *worker = &world->workers[i];

		if (worker->requests != worker->ended + worker->lost)
			return false;
	}
	return true;
}

static void count_task(const struct genlmsghdr *genl, size_t len, void *arg)
{
	(void)genl;
	(void)len;
	++*(int *)arg;
}

static int tasks_seen(void)
{
	int tasks = 0, err = genl_dump(world->family, PARLEY_CMD_TASKS, count_task, &tasks);

	return err ?: tasks;
}

/* Has every operation been successful, at times? */
static bool report(void)
{
	unsigned long requests = 0, lost = 0;
	bool all = true;
	int i;

	for (i = 0; i < KINDS; i++) {
		ksft_print_msg("%s: %lu, failed: %lu\n", operations[i].name, world->done[i],
			       world->failed[i]);
		all &= world->done[i] > 0;
	}
	ksft_print_msg("%llu kills, %lu deadlocks\n", killed, world->deadlocks);
	for (i = 0; i < PLACES; i++) {
		requests += world->workers[i].requests;
		lost += world->workers[i].lost;
	}
	ksft_print_msg("%lu requests, %lu of them cut off by a kill\n", requests, lost);
	return all;
}

static __u64 choose_seed(void)
{
	const char *set = getenv("PARLEY_SEED");

	return (set ? strtoull(set, NULL, 0) : now_ns()) | 1;
}

static void set_up(void)
{
	world = share(sizeof(*world));
	if (!world)
		ksft_exit_fail_msg("no memory\n");
	world->family = genl_family(PARLEY_GENL_NAME);
	if (world->family < 0)
		ksft_exit_fail_msg("no netlink family: %s\n", strerror(-world->family));
	world->seed = choose_seed();
	seed = world->seed;
	ksft_print_msg("PARLEY_SEED=%llu\n", world->seed);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

int main(void)
{
	struct census before;
	bool well, accounted;
	int tasks, i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	ksft_print_header();
	ksft_set_plan(5);
	set_up();
	tasks = tasks_seen();
	if (tasks < 0 || !census_take(&before))
		ksft_exit_fail_msg("no census\n");
	for (i = 0; i < CREWS; i++)
		start_crew(i);
	well = stir(in_ms(1000 * (long_run() ? SECONDS_LONG : SECONDS))) && settle_down();
	accounted = well && until(all_accounted_for());
	for (i = 0; i < CREWS; i++)
		end_crew(i);

	ksft_test_result(report(), "every operation is part of it\n");
	ksft_test_result(well, "everybody comes to an end\n");
	ksft_test_result(!world->wrong, "nothing but what may be\n");
	ksft_test_result(accounted, "all requests are accounted for\n");
	ksft_test_result(census_returns(&before) && until(tasks_seen() == tasks),
			 "nothing stays behind\n");
	ksft_finished();
}
