// SPDX-License-Identifier: GPL-2.0

#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/time_namespace.h>

#include "wait.h"

void parley_wake_alarm(struct parley_waker *waker)
{
	struct parley_alarm *alarm = (struct parley_alarm *)
		((unsigned long)waker & ~PARLEY_WAKER_ALARM);

	alarm->ring(alarm);
}

/**
 * parley_wait_expires() - a deadline as the kernel counts
 * @deadline: nanoseconds of the calling process's CLOCK_MONOTONIC, which is in a
 *	time namespace
 *
 * Return: the kernel's CLOCK_MONOTONIC.
 */
ktime_t parley_wait_expires(u64 deadline)
{
	s64 there = min_t(u64, deadline, KTIME_MAX);
	struct timespec64 offset = {};
	s64 expires;

	timens_add_monotonic(&offset);
	if (check_sub_overflow(there, timespec64_to_ns(&offset), &expires))
		expires = KTIME_MAX;
	return max_t(s64, expires, 0);
}

/* Apart, so that a sleep without a deadline doesn't pay for this one's frame. */
static noinline int parley_wait_until(u64 deadline)
{
	ktime_t expires = parley_wait_expires(deadline);

	return schedule_hrtimeout_range(&expires, current->timer_slack_ns,
					HRTIMER_MODE_ABS) ? 0 : -ETIMEDOUT;
}

/**
 * parley_wait_sleep() - sleep until the event, a signal or the deadline
 * @wait: initialised, and reachable for whoever finishes it
 * @deadline: nanoseconds of CLOCK_MONOTONIC, 0 for none
 *
 * Return: 0 when done, even if a signal or the deadline came too;
 * -ERESTARTSYS or -ETIMEDOUT when not done so far: the event may still happen
 * until the caller has made sure, under the lock, that it will not.
 */
int parley_wait_sleep(struct parley_wait *wait, u64 deadline)
{
	int err = 0;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		/* Pairs with parley_wait_finish(), as below. */
		if (smp_load_acquire(&wait->done)) {
			err = 0;
			break;
		}
		if (signal_pending(current))
			err = -ERESTARTSYS;
		if (err)
			break;
		if (deadline)
			err = parley_wait_until(deadline);
		else
			schedule();
		/* Running, as most often: the way out is short. */
		if (smp_load_acquire(&wait->done))
			return 0;
	}
	__set_current_state(TASK_RUNNING);
	return err;
}

static bool parley_signal_restarts(const struct sighand_struct *sighand,
				   int sig)
{
	const struct sigaction *sa = &sighand->action[sig - 1].sa;

	return sa->sa_handler == SIG_DFL || sa->sa_handler == SIG_IGN ||
	       sa->sa_flags & SA_RESTART;
}

/**
 * parley_wait_restarts() - will the interrupted system call be restarted?
 *
 * Called by a thread that has a signal pending, to learn whether it will come
 * back to its wait (stop, freezer, debugger, handler with SA_RESTART) or has
 * given it up (killed, handler without SA_RESTART). The kernel decides that
 * only after we have returned, so this looks at what it is going to see. A
 * signal that arrives in between, and whatever a debugger does, can prove a
 * "yes" wrong; user space then holds the token of the call it has left.
 */
bool parley_wait_restarts(void)
{
	struct sighand_struct *sighand;
	bool restarts = true;
	sigset_t pending;
	int sig;

	/* A thread of io_uring's has no system call that could be. */
	if (fatal_signal_pending(current) || current->flags & PF_IO_WORKER)
		return false;
	if (current->ptrace)
		return true;

	/* Only a thread itself changes its sighand, in exec and exit. */
	sighand = rcu_dereference_protected(current->sighand, true);
	spin_lock_irq(&sighand->siglock);
	sigorsets(&pending, &current->pending.signal,
		  &current->signal->shared_pending.signal);
	sigandnsets(&pending, &pending, &current->blocked);
	for (sig = 1; sig <= _NSIG && restarts; sig++)
		if (sigismember(&pending, sig))
			restarts = parley_signal_restarts(sighand, sig);
	spin_unlock_irq(&sighand->siglock);
	return restarts;
}
