/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A caller: a thread that does one operation, which the test then watches,
 * interrupts and ends. The thread, its argument and its buffers belong to the
 * caller, and are the test's again after caller_join().
 */
#ifndef STRESS_CALLER_H
#define STRESS_CALLER_H

#include <pthread.h>
#include <stdatomic.h>
#include "common.h"

/**
 * struct caller - a thread with an operation
 * @tid: thread id, 0 until it runs
 * @fd: task it acts as
 * @request: PARLEY_IOC_*
 * @ipc: argument, set up by the test
 * @out: message to send
 * @in: message received
 * @result: of the operation
 */
struct caller {
	_Atomic pid_t tid;
	int fd;
	unsigned long request;
	struct parley_ipc ipc;
	struct parley_msg out;
	struct parley_msg in;
	int result;
	pthread_t thread;
};

static inline void *caller_run(void *arg)
{
	struct caller *caller = arg;

	caller->tid = syscall(SYS_gettid);
	caller->result = op(caller->fd, caller->request, &caller->ipc);
	return NULL;
}

/* Start it; true when it sleeps in its operation. */
static inline bool caller_start(struct caller *caller)
{
	if (pthread_create(&caller->thread, NULL, caller_run, caller))
		return false;
	return until(caller->tid && sleeps_in(caller->tid, caller->request));
}

static inline void caller_signal(struct caller *caller, int signal)
{
	syscall(SYS_tgkill, getpid(), caller->tid, signal);
}

static inline bool caller_asleep(struct caller *caller)
{
	return until(sleeps_in(caller->tid, caller->request));
}

static inline int caller_join(struct caller *caller)
{
	return pthread_join(caller->thread, NULL) ? -EDEADLK : caller->result;
}

#endif /* STRESS_CALLER_H */
