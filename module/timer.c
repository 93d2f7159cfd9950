// SPDX-License-Identifier: GPL-2.0

#include <uapi/linux/parley.h>

#include "raise.h"
#include "timer.h"
#include "wait.h"

static enum hrtimer_restart parley_timer_expired(struct hrtimer *hrtimer)
{
	struct parley_timer *timer = container_of(hrtimer, struct parley_timer,
						  timer);

	parley_raise_set(timer->raise, PARLEY_NOTIFY_TIMER);
	return HRTIMER_NORESTART;
}

void parley_timer_start(struct parley_timer *timer, struct parley_raise *raise)
{
	mutex_init(&timer->lock);
	hrtimer_init(&timer->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	timer->timer.function = parley_timer_expired;
	timer->raise = raise;
}

/* It won't go off any more, and nobody sets it. */
void parley_timer_stop(struct parley_timer *timer)
{
	hrtimer_cancel(&timer->timer);
}

/**
 * parley_timer_set() - set the timer
 * @timer: whatever it was set to is forgotten
 * @deadline: nanoseconds of the calling process's CLOCK_MONOTONIC, 0 for never
 *
 * Return: 0 or -EINTR (killed).
 */
int parley_timer_set(struct parley_timer *timer, u64 deadline)
{
	if (mutex_lock_killable(&timer->lock))
		return -EINTR;
	hrtimer_cancel(&timer->timer);
	parley_raise_clear(timer->raise, PARLEY_NOTIFY_TIMER);
	if (deadline)
		hrtimer_start(&timer->timer, parley_wait_expires(deadline),
			      HRTIMER_MODE_ABS);
	mutex_unlock(&timer->lock);
	return 0;
}
