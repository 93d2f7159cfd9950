/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The scene of an operation under fault injection: this process, which does
 * it; an echo that answers everything; and a driver that plays, on command,
 * whatever other side the operation needs. Both are other processes, so that
 * no fault hits them.
 *
 * A driver's act that meets an operation which failed by a fault meets it
 * again: the operation is repeated, without injection.
 */
#ifndef STRESS_SCENE_H
#define STRESS_SCENE_H

#include <kselftest.h>
#include "common.h"

#define SHORT_MS	20

static struct shared {
	_Atomic int driver;
	_Atomic pid_t driver_pid;
	_Atomic int echo;
	_Atomic pid_t echo_pid;
} *shared;

/**
 * struct scene - what the operation works on
 * @tid: the thread that does it
 * @fd: the task as which it does it
 * @self: id of that
 * @mute: another task of this process, which never receives
 * @ipc: argument
 * @out: message to send
 * @in: message received
 * @commands: pipe to the driver: which act
 * @results: pipe back: what came of it
 * @children: driver and echo
 */
static struct scene {
	pid_t tid;
	int fd;
	int self;
	int mute;
	struct parley_ipc ipc;
	struct parley_msg out;
	struct parley_msg in;
	int commands;
	int results;
	pid_t children[2];
} scene;

static int drive_call(int fd)
{
	struct parley_msg request = { .type = REQUEST }, answer;
	struct parley_ipc ipc = to_call(scene.self, &request, 100, &answer);

	return op(fd, PARLEY_IOC_CALL, &ipc) ?: answer.type != scene.out.type;
}

static int drive_send(int fd)
{
	struct parley_msg note = { .type = REQUEST };
	struct parley_ipc ipc = to_send(scene.self, &note, 100);

	return op(fd, PARLEY_IOC_SEND, &ipc);
}

static int drive_late_send(int fd)
{
	return until(sleeps_in(scene.tid, PARLEY_IOC_RECV)) ? drive_send(fd) : -ETIME;
}

static int drive_call_then_send(int fd)
{
	return drive_call(fd) ?: drive_send(fd);
}

static int drive_jump(int fd)
{
	(void)fd;
	if (!until(sleeps_in(scene.tid, PARLEY_IOC_CALL)))
		return -ETIME;
	return syscall(SYS_tgkill, getppid(), scene.tid, SIGUSR1);
}

/*
 * Stop and continue a call, then answer it until told to end. A stop, because
 * faults would hit the kernel also where it calls a handler.
 */
static int drive_stopped_answers(int fd)
{
	struct parley_msg request, answer = { .type = ANSWER };
	struct parley_ipc ipc;
	int err;

	if (!until(sleeps_in(scene.tid, PARLEY_IOC_CALL)))
		return -ETIME;
	kill(getppid(), SIGSTOP);
	if (!until(thread_state(scene.tid) == 'T'))
		return -ETIME;
	kill(getppid(), SIGCONT);
	for (;;) {
		ipc = to_recv(&request);
		err = op(fd, PARLEY_IOC_RECV, &ipc);
		if (err || !ipc.token)
			return err;
		ipc = to_reply(ipc.token, &answer, 100);
		op(fd, PARLEY_IOC_REPLY, &ipc);
	}
}

static void drive(int commands, int results)
{
	int fd = open_task(), result;
	int (*act)(int fd);

	shared->driver_pid = getpid();
	shared->driver = task_id(fd);
	while (read(commands, &act, sizeof(act)) == sizeof(act)) {
		result = act(fd);
		if (write(results, &result, sizeof(result)) != sizeof(result))
			break;
	}
	_exit(0);
}

static void answer_everything(void)
{
	struct parley_msg request, answer = { .type = ANSWER };
	int fd = open_task();
	__u64 token = 0;

	shared->echo_pid = getpid();
	shared->echo = task_id(fd);
	for (;;) {
		struct parley_ipc ipc = to_replyrecv(token, &answer, token ? 100 : 0, &request);
		int err = op(fd, PARLEY_IOC_REPLYRECV, &ipc);

		if (err)
			give_up("echo: %d", err);
		token = ipc.token;
	}
}

static void scene_set(void)
{
	int commands[2], results[2];

	memset(shared, 0, sizeof(*shared));
	scene.tid = syscall(SYS_gettid);
	scene.fd = open_task();
	scene.self = task_id(scene.fd);
	scene.mute = open_task();
	scene.out.type = REQUEST;
	if (scene.self < 0 || scene.mute < 0 || pipe(commands) || pipe(results))
		ksft_exit_fail_msg("no tasks\n");
	scene.commands = commands[1];
	scene.results = results[0];
	scene.children[0] = spawn();
	if (!scene.children[0])
		drive(commands[0], results[1]);
	scene.children[1] = spawn();
	if (!scene.children[1])
		answer_everything();
	close(commands[0]);
	close(results[1]);
	if (!until(shared->driver && shared->echo))
		ksft_exit_fail_msg("the driver doesn't start\n");
}

static void scene_end(void)
{
	kill_and_reap(scene.children[0]);
	kill_and_reap(scene.children[1]);
	close(scene.commands);
	close(scene.results);
	close(scene.mute);
	close(scene.fd);
}

#endif /* STRESS_SCENE_H */
