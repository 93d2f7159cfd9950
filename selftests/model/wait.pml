/* SPDX-License-Identifier: GPL-2.0 */
/*
 * wait: module/wait.h. A thread is its number: clients first, then workers.
 *
 * RUNNING: on a CPU, or woken. INTERRUPTIBLE: about to sleep, as
 * set_current_state() has it. OFF: asleep, and nobody has woken it. USER_SPACE: in
 * no system call.
 *
 * A thread that sleeps can go on at any time, as a deadline, a signal or a wake-up
 * for nothing may come; but they need not, and whether it is OFF then is what
 * judge.pml is about. So parley_wake() can be part of the step that drops the
 * lock: made later, it would find a thread that might as well have been slow to
 * wake up, or be a wake-up for nothing. And the look at wait.done that is false
 * before a thread gives up can be left out: what counts is what it finds later
 * with the lock.
 */

#define NOBODY	255

mtype = { RUNNING, INTERRUPTIBLE, OFF, USER_SPACE, EXITED };
#ifdef BUG_LOST_WAKE
mtype = { HAS_LOOKED };
#endif
mtype task[THREADS] = USER_SPACE;

inline parley_wake(whom)
{
	if
	:: whom != NOBODY && (task[whom] == INTERRUPTIBLE || task[whom] == OFF) ->
		task[whom] = RUNNING
	:: else
	fi
}

inline parley_wait_finish(m)
{
	messages[m].done = 1;
	parley_wake(messages[m].thread)
}

/* The thread says that it is going to sleep, and then looks for the event. */
inline wait_prepare(self)
{
#ifdef BUG_LOST_WAKE
	task[self] = RUNNING
#else
	task[self] = INTERRUPTIBLE
#endif
}

/* Nothing has happened so far, says parley_wait_sleep(). */
#ifdef BUG_LOST_WAKE
#define FINDS_NOTHING(self, event) \
	(task[self] == RUNNING && !event || task[self] == HAS_LOOKED)
#else
#define FINDS_NOTHING(self, event) (task[self] == INTERRUPTIBLE && !event)
#endif

inline wait_schedule(self)
{
#ifdef BUG_LOST_WAKE
	if
	:: task[self] == RUNNING -> task[self] = HAS_LOOKED
	:: else -> task[self] = OFF
	fi
#else
	task[self] = OFF
#endif
}
