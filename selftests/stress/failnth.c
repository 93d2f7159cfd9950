// SPDX-License-Identifier: GPL-2.0
/*
 * Every operation is swept with injected faults: its first allocation or user
 * copy fails, then the second, until it runs through. After each failure the
 * same operation, repeated, succeeds, and after each sweep nothing is left.
 */
#include <kselftest.h>
#include <setjmp.h>
#include <sys/mman.h>
#include "census.h"
#include "common.h"
#include "inject.h"
#include "scene.h"
#include "scene_cargo.h"

#define LAST_ID		"/sys/module/parley/parameters/last_id"
#define SWEEP_MOST	400
#define SWEEPS		3 /* the kernel's own allocations vary, and ours move among them */

static sigjmp_buf away;

static void jump(int signal)
{
	(void)signal;
	siglongjmp(away, 1);
}

static bool receive_call(void)
{
	scene.ipc = to_recv(&scene.in);
	scene.ipc.deadline = in_ms(PATIENCE_MS);
	return !op(scene.fd, PARLEY_IOC_RECV, &scene.ipc) && scene.ipc.token;
}

static bool set_nothing(void)
{
	return true;
}

/* An id for which the table of tasks has to grow. */
static bool set_far_id(void)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", read_number(LAST_ID) + 64);
	return write_text(LAST_ID, text);
}

static bool set_send(void)
{
	scene.ipc = to_send(shared->echo, &scene.out, 100);
	return true;
}

static bool set_send_mute(void)
{
	scene.ipc = to_send(task_id(scene.mute), &scene.out, 100);
	scene.ipc.deadline = in_ms(SHORT_MS);
	return true;
}

static bool set_send_now(void)
{
	set_send();
	scene.ipc.flags = PARLEY_NONBLOCK;
	return until(sleeps_in(shared->echo_pid, PARLEY_IOC_REPLYRECV));
}

static bool set_call(void)
{
	scene.ipc = to_call(shared->echo, &scene.out, 100, &scene.in);
	scene.ipc.deadline = in_ms(PATIENCE_MS);
	return true;
}

static bool set_call_now(void)
{
	set_call();
	scene.ipc.flags = PARLEY_NONBLOCK;
	return until(sleeps_in(shared->echo_pid, PARLEY_IOC_REPLYRECV));
}

static bool set_call_mute(void)
{
	scene.ipc = to_call(task_id(scene.mute), &scene.out, 100, &scene.in);
	scene.ipc.deadline = in_ms(SHORT_MS);
	return true;
}

static bool set_call_driver(void)
{
	set_call();
	scene.ipc.peer = shared->driver;
	return true;
}

static bool set_receive(void)
{
	scene.ipc = to_recv(&scene.in);
	scene.ipc.deadline = in_ms(PATIENCE_MS);
	return true;
}

static bool set_receive_nothing(void)
{
	set_receive();
	scene.ipc.deadline = in_ms(SHORT_MS);
	return true;
}

static bool set_receive_note(void)
{
	return set_receive() && !notify(scene.mute, scene.self, PARLEY_NOTIFY_USER);
}

/* Something to receive is there: the driver waits. */
static bool set_receive_call(void)
{
	return set_receive() && until(sleeps_in(shared->driver_pid, PARLEY_IOC_CALL));
}

static bool set_receive_send(void)
{
	return set_receive() && until(sleeps_in(shared->driver_pid, PARLEY_IOC_SEND));
}

static bool set_reply(void)
{
	if (!receive_call())
		return false;
	scene.ipc = to_reply(scene.ipc.token, &scene.out, 100);
	return true;
}

static bool set_replyrecv(void)
{
	if (!receive_call())
		return false;
	scene.ipc = to_replyrecv(scene.ipc.token, &scene.out, 100, &scene.in);
	scene.ipc.deadline = in_ms(PATIENCE_MS);
	return true;
}

/* A call left by longjmp(), to be cancelled. Without a deadline it were a deadlock. */
static bool set_cancel(void)
{
	set_call_mute();
	scene.ipc.deadline = in_ms(PATIENCE_MS);
	if (!sigsetjmp(away, 1))
		return op(scene.fd, PARLEY_IOC_CALL, &scene.ipc) == -ENODATA;
	return scene.ipc.token;
}

static int do_open(void)
{
	int fd = open_task(), err = fd < 0 ? -errno : 0;

	if (!err)
		close(fd);
	return err;
}

static int do_info(void)
{
	struct parley_info info = { .size = sizeof(info) };

	return op(scene.fd, PARLEY_IOC_INFO, &info);
}

static int do_notify(void)
{
	return notify(scene.fd, shared->echo, PARLEY_NOTIFY_USER);
}

static int do_cancel(void)
{
	return cancel(scene.fd, scene.ipc.token);
}

static int do_send(void)
{
	return op(scene.fd, PARLEY_IOC_SEND, &scene.ipc);
}

static int do_receive(void)
{
	return op(scene.fd, PARLEY_IOC_RECV, &scene.ipc);
}

/* A call that failed has ended, also if a fault kept the kernel from saying so. */
static int do_call(void)
{
	scene.ipc.token = 0;
	scene.ipc.recv_len = PARLEY_PAYLOAD_MAX;
	return op(scene.fd, PARLEY_IOC_CALL, &scene.ipc);
}

static int do_reply(void)
{
	return op(scene.fd, PARLEY_IOC_REPLY, &scene.ipc);
}

static int do_replyrecv(void)
{
	return op(scene.fd, PARLEY_IOC_REPLYRECV, &scene.ipc);
}

/* Answer the call that was received, so that the driver comes back. */
static bool end_answer(void)
{
	if (!scene.ipc.token)
		return false;
	scene.ipc = to_reply(scene.ipc.token, &scene.out, 100);
	return !do_reply();
}

/* A message that wants no answer ends the driver's act. */
static bool end_answers(void)
{
	scene.ipc = to_send(shared->driver, &scene.out, 0);
	return !do_send();
}

static bool end_cancel(void)
{
	return do_cancel() == -ENOENT;
}

/**
 * struct operation - a subject of the sweep
 * @drive: what the driver does meanwhile, may be NULL
 * @set: before each run, uninjected
 * @run: the operation, under injection
 * @end: after each run, uninjected
 * @expected: its result without injection
 */
static const struct operation {
	const char *name;
	int (*drive)(int fd);
	bool (*set)(void);
	int (*run)(void);
	bool (*end)(void);
	int expected;
} operations[] = {
	{ "open", NULL, set_nothing, do_open, set_nothing, 0 },
	{ "open, far id", NULL, set_far_id, do_open, set_nothing, 0 },
	{ "info", NULL, set_nothing, do_info, set_nothing, 0 },
	{ "notify", NULL, set_nothing, do_notify, set_nothing, 0 },
	{ "send", NULL, set_send, do_send, set_nothing, 0 },
	{ "send, not waiting", NULL, set_send_now, do_send, set_nothing, 0 },
	{ "send that times out", NULL, set_send_mute, do_send, set_nothing, -ETIMEDOUT },
	{ "receive a notification", NULL, set_receive_note, do_receive, set_nothing, 0 },
	{ "receive a message", drive_send, set_receive_send, do_receive, set_nothing, 0 },
	{ "receive a call", drive_call, set_receive_call, do_receive, end_answer, 0 },
	{ "receive, waiting", drive_late_send, set_receive, do_receive, set_nothing, 0 },
	{ "receive nothing", NULL, set_receive_nothing, do_receive, set_nothing, -ETIMEDOUT },
	{ "call", NULL, set_call, do_call, set_nothing, 0 },
	{ "call, not waiting", NULL, set_call_now, do_call, set_nothing, 0 },
	{ "call that times out", NULL, set_call_mute, do_call, set_nothing, -ETIMEDOUT },
	{ "call, stopped", drive_stopped_answers, set_call_driver, do_call, end_answers, 0 },
	{ "reply", drive_call, set_reply, do_reply, set_nothing, 0 },
	{ "replyrecv", drive_call_then_send, set_replyrecv, do_replyrecv, set_nothing, 0 },
	{ "cancel", drive_jump, set_cancel, do_cancel, end_cancel, 0 },
	{ "call with payload and fd", drive_fd_answers, set_fd_call, do_cargo_call,
	  end_cargo_answers, 0 },
	{ "call with payload and map", drive_map_answers, set_map_call, do_cargo_call,
	  end_cargo_answers, 0 },
	{ "call answered by a range", drive_range_answers, set_fd_call, do_cargo_call,
	  end_cargo_answers, 0 },
	{ "receive payload and fd", drive_fd_call, set_cargo_receive, do_cargo_receive,
	  end_cargo_receive, 0 },
	{ "receive payload and map", drive_map_call, set_cargo_receive, do_cargo_receive,
	  end_cargo_receive, 0 },
	{ "reply with payload and fd", drive_fd_call, set_fd_reply, do_reply, set_nothing, 0 },
	{ "reply with payload and map", drive_map_call, set_map_reply, do_reply, set_nothing, 0 },
	{ "reply with a range", drive_fd_call, set_range_reply, do_reply, set_nothing, 0 },
	{ "give a buffer", NULL, set_buffer_write, do_buffer_give, end_buffer_give, 0 },
	{ "write into a buffer", NULL, set_buffer_write, do_buffer_write_anew, end_buffer_write,
	  0 },
	{ "verify a buffer", NULL, set_buffer_verify, do_buffer_verify_anew, end_buffer_verify,
	  0 },
};

static bool driver_done(const struct operation *operation)
{
	int result;

	if (!operation->drive)
		return true;
	if (read(scene.results, &result, sizeof(result)) != sizeof(result) || result)
		ksft_print_msg("%s: the other side got %d\n", operation->name, result);
	return !result;
}

/* Says what went wrong. */
static int broken(const struct operation *operation, const char *what, int err)
{
	ksft_print_msg("%s: %s: %d\n", operation->name, what, err);
	return -1;
}

/* One run with its @n-th fault injected; 1 if one was, 0 if there are fewer. */
static int run_injected(const struct operation *operation, struct injector *injector,
			unsigned int n)
{
	int err, again;
	bool fired;
	char site[200];

	if (operation->drive && write(scene.commands, &operation->drive, sizeof(void *)) < 0)
		return broken(operation, "no driver", -errno);
	if (!operation->set())
		return broken(operation, "the scene can't be set", 0);
	injector_arm(injector, n);
	err = operation->run();
	fired = injector_fired(injector);
	again = fired && err != operation->expected ? operation->run() : operation->expected;
	if (fired && injector_site(injector, site, sizeof(site)))
		ksft_print_msg("%s: %u: %s: %d, then %d\n", operation->name, n, site, err, again);
	if (err != operation->expected && (!fired || (err != -ENOMEM && err != -EFAULT)))
		return broken(operation, "not the error of a fault", err);
	if (again != operation->expected)
		return broken(operation, "fails without a fault, too", again);
	if (!operation->end())
		return broken(operation, "can't be brought to its end", 0);
	return driver_done(operation) ? fired : -1;
}

/* As run_injected(), for the last run. */
static int sweep_once(const struct operation *operation, struct injector *injector,
		      unsigned int *faults)
{
	unsigned int n = 1;
	int fired;

	while ((fired = run_injected(operation, injector, n)) == 1 && n < SWEEP_MOST) {
		++*faults;
		n++;
	}
	return fired;
}

static unsigned int sweep(const struct operation *operation, struct injector *injector)
{
	unsigned int faults = 0;
	struct census before;
	int fired = 0, i;

	if (!census_take(&before))
		return 0;
	scene_set();
	for (i = 0; i < SWEEPS && !fired; i++)
		fired = sweep_once(operation, injector, &faults);
	scene_end();
	ksft_test_result(fired == 0 && census_returns(&before), "%s: %u faults\n",
			 operation->name, faults);
	return faults;
}

/* In a child, as the first task of a process; its exit code is as above, or 2. */
static void open_first(unsigned int n)
{
	struct injector injector;
	char site[200];
	bool fired;
	int err;

	if (injector_open(&injector))
		_exit(2);
	injector_arm(&injector, n);
	err = do_open();
	fired = injector_fired(&injector);
	if (fired && injector_site(&injector, site, sizeof(site)))
		dprintf(1, "# first open: %u: %s: %d\n", n, site, err);
	if (err && (!fired || (err != -ENOMEM && err != -EFAULT)))
		_exit(2);
	_exit(do_open() ? 2 : fired);
}

static int sweep_first_open_once(unsigned int *faults)
{
	unsigned int n = 1;
	pid_t child;
	int fired;

	for (;;) {
		child = spawn();
		if (!child)
			open_first(n);
		fired = reap(child);
		if (fired != 1 || n++ == SWEEP_MOST)
			return fired;
		++*faults;
	}
}

static unsigned int sweep_first_open(void)
{
	unsigned int faults = 0;
	struct census before;
	int fired = 0, i;

	if (!census_take(&before))
		return 0;
	for (i = 0; i < SWEEPS && !fired; i++)
		fired = sweep_first_open_once(&faults);
	ksft_test_result(fired == 0 && census_returns(&before), "first open: %u faults\n", faults);
	return faults;
}

int main(void)
{
	struct sigaction action = { .sa_handler = jump, .sa_flags = SA_RESTART };
	struct injector injector;
	unsigned int faults;
	const char *missing = injector_open(&injector);
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	ksft_print_header();
	if (missing)
		ksft_exit_skip("no fault injection in this kernel: %s\n", missing);
	ksft_set_plan(ARRAY_SIZE(operations) + 2);
	shared = share(sizeof(*shared));
	if (!shared)
		ksft_exit_fail_msg("no memory\n");
	sigaction(SIGUSR1, &action, NULL);
	mlockall(MCL_CURRENT | MCL_FUTURE);
	faults = sweep_first_open();
	for (i = 0; i < ARRAY_SIZE(operations); i++)
		faults += sweep(&operations[i], &injector);
	ksft_test_result(faults > 0, "%u faults in all\n", faults);
	ksft_finished();
}
