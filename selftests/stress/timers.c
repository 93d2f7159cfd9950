// SPDX-License-Identifier: GPL-2.0
/*
 * Timers in storms: many tasks set theirs again and again, replace them, take
 * them back, close or die with them set. Each notifies exactly once, never early,
 * or not at all if it was replaced or taken back in time.
 */
#include <linux/parley_proto.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <kselftest.h>
#include "census.h"
#include "common.h"
#include "letter.h"

#define PROCESSES	8
#define THREADS		8	/* each with a task */
#define SECONDS		10
#define SECONDS_LONG	300
#define LONGEST_NS	500000
#define MORE_NS		300000	/* how long to listen for what must not come */
#define KILL_MS		200
#define ACTS		6

static struct shared {
	_Atomic unsigned long acts[ACTS];
	_Atomic unsigned long replaced_in_time;
	_Atomic unsigned long merged;
	_Atomic bool wrong;
} *shared;

static pid_t processes[PROCESSES];

#define wrong(format, ...) do {				\
	shared->wrong = true;				\
	give_up(format, ##__VA_ARGS__);			\
} while (0)

static void set_timer(int fd, __u64 deadline)
{
	struct parley_timer_arg arg = { .size = sizeof(arg), .deadline = deadline };
	int err = op(fd, PARLEY_IOC_TIMER, &arg);

	if (err)
		wrong("timer: %s", strerror(-err));
}

static __u64 soon(__u64 *seed)
{
	return now_ns() + random_next(seed) % LONGEST_NS;
}

/* Bits received until @deadline, 0 if none were. 1 is as good as a poll. */
static __u32 receive(int fd, __u64 deadline)
{
	struct parley_msg msg;
	struct parley_ipc ipc = to_recv(&msg);
	int err;

	ipc.deadline = deadline;
	err = op(fd, PARLEY_IOC_RECV, &ipc);
	if (err == -ETIMEDOUT)
		return 0;
	if (err || msg.src != PARLEY_TASK_KERNEL || msg.type != PARLEY_GLOBAL_NOTIFICATIONS ||
	    ipc.recv_len != 1)
		wrong("RECV: %d, type %d from %d", err, msg.type, msg.src);
	return msg.payload[0];
}

/* Exactly this comes, and not before its time. */
static void expect(int fd, __u32 bits, __u64 earliest)
{
	__u32 seen = receive(fd, in_ms(PATIENCE_MS));
	__u64 end = now_ns();

	if (seen != bits)
		wrong("bits 0x%x instead of 0x%x", seen, bits);
	if (end < earliest)
		wrong("%llu ns early", earliest - end);
}

static void expect_nothing(int fd, __u64 deadline)
{
	__u32 seen = receive(fd, deadline);

	if (seen)
		wrong("bits 0x%x instead of none", seen);
}

static bool readable(int fd)
{
	struct pollfd polled = { .fd = fd, .events = POLLIN };

	return poll(&polled, 1, 0) == 1;
}

static int act_once(int fd, __u64 *seed)
{
	__u64 deadline = soon(seed);

	set_timer(fd, deadline);
	expect(fd, PARLEY_NOTIFY_TIMER, deadline);
	expect_nothing(fd, 1);
	return fd;
}

/* What was replaced in time is heard no more; the last one is, in any case. */
static int act_replace(int fd, __u64 *seed)
{
	__u64 first = ~0ULL, last = 0, set;
	int i, count = 0;

	for (i = random_next(seed) % 4; i >= 0; i--) {
		first = last && last < first ? last : first;
		last = soon(seed);
		set_timer(fd, last);
	}
	set = now_ns();
	do {
		expect(fd, PARLEY_NOTIFY_TIMER, last < first ? last : first);
		count++;
	} while (now_ns() < last);
	set_timer(fd, 0);
	count += receive(fd, 1) == PARLEY_NOTIFY_TIMER;
	if (count > (set < first ? 1 : 2))
		wrong("%d notifications of a timer that was replaced", count);
	shared->replaced_in_time += set < first;
	expect_nothing(fd, 1);
	return fd;
}

static int act_take_back(int fd, __u64 *seed)
{
	__u64 deadline = soon(seed), taken;
	int i;

	set_timer(fd, deadline);
	for (i = random_next(seed) % 20; i; i--)
		now_ns();
	set_timer(fd, 0);
	taken = now_ns();
	if (receive(fd, 1) && taken < deadline)
		wrong("early, and after it was taken back");
	expect_nothing(fd, (taken > deadline ? taken : deadline) + MORE_NS);
	return fd;
}

/* Another bit joins it, before or after. */
static int act_merge(int fd, __u64 *seed)
{
	__u32 both = PARLEY_NOTIFY_TIMER | 0x10, seen = 0, more;

	set_timer(fd, soon(seed));
	if (notify(fd, task_id(fd), 0x10))
		wrong("notify");
	while (seen != both) {
		more = receive(fd, in_ms(PATIENCE_MS));
		if (!more || more & seen || more & ~both)
			wrong("bits 0x%x after 0x%x", more, seen);
		shared->merged += more == both;
		seen |= more;
	}
	expect_nothing(fd, 1);
	return fd;
}

/* Set anew while the last notification is unread, or not even there. */
static int act_unread(int fd, __u64 *seed)
{
	__u64 deadline = now_ns(), again;

	set_timer(fd, deadline);
	if (random_next(seed) % 2 && !until(readable(fd)))
		wrong("not readable");
	again = soon(seed);
	set_timer(fd, again);
	expect(fd, PARLEY_NOTIFY_TIMER, deadline);
	if (now_ns() < again)
		expect(fd, PARLEY_NOTIFY_TIMER, again);
	set_timer(fd, 0);
	receive(fd, 1);
	expect_nothing(fd, 1);
	return fd;
}

static int act_close(int fd, __u64 *seed)
{
	set_timer(fd, soon(seed));
	close(fd);
	return open_task();
}

static int (*const acts[ACTS])(int fd, __u64 *seed) = {
	act_once, act_replace, act_take_back, act_merge, act_unread, act_close,
};

static void *play(void *arg)
{
	__u64 seed = *(__u64 *)arg;
	int fd = open_task();

	for (;;) {
		int act = random_next(&seed) % ACTS;

		if (fd < 0)
			wrong("open: %s", strerror(errno));
		fd = acts[act](fd, &seed);
		shared->acts[act]++;
	}
	return NULL;
}

static void run(void)
{
	__u64 seeds[THREADS];
	pthread_t thread;
	int i;

	for (i = 0; i < THREADS; i++) {
		seeds[i] = (now_ns() + i) * 2 + 1;
		if (pthread_create(&thread, NULL, play, &seeds[i]))
			wrong("no thread");
	}
	for (;;)
		pause();
}

static void start(pid_t *process)
{
	*process = spawn();
	if (!*process)
		run();
}

/* Processes die with timers set; those of the others go on. */
static void kill_at_times(__u64 end)
{
	__u64 seed = now_ns() * 2 + 1;

	while (now_ns() < end && !shared->wrong) {
		pid_t *victim = &processes[random_next(&seed) % PROCESSES];

		usleep(random_next(&seed) % (KILL_MS * 1000));
		kill_and_reap(*victim);
		start(victim);
	}
}

int main(void)
{
	static const char *const names[ACTS] = {
		"set once", "replaced", "taken back", "merged", "set with one unread", "closed",
	};
	struct census before;
	bool all = true;
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	ksft_print_header();
	ksft_set_plan(3);
	shared = share(sizeof(*shared));
	if (!shared || !census_take(&before))
		ksft_exit_fail_msg("no census\n");
	for (i = 0; i < PROCESSES; i++)
		start(&processes[i]);
	kill_at_times(in_ms(1000 * (long_run() ? SECONDS_LONG : SECONDS)));
	for (i = 0; i < PROCESSES; i++)
		kill_and_reap(processes[i]);

	for (i = 0; i < ACTS; i++) {
		ksft_print_msg("%s: %lu\n", names[i], shared->acts[i]);
		all &= shared->acts[i] > 0;
	}
	ksft_print_msg("replaced in time: %lu, merged in fact: %lu\n", shared->replaced_in_time,
		       shared->merged);
	ksft_test_result(all, "everything was done\n");
	ksft_test_result(!shared->wrong, "every timer notifies once, or not at all\n");
	ksft_test_result(census_returns(&before), "nothing of it stays behind\n");
	ksft_finished();
}
