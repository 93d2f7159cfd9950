// SPDX-License-Identifier: GPL-2.0

#include "notification.h"
#include "raise.h"

static struct workqueue_struct *parley_raise_queue;

static void parley_raise_work(struct work_struct *work)
{
	struct parley_raise *raise = container_of(work, struct parley_raise,
						  work);
	u32 bits = atomic_xchg(&raise->bits, 0);

	if (bits)
		parley_notification_set(raise->inbox, bits, NULL);
}

void parley_raise_start(struct parley_raise *raise, struct parley_inbox *inbox)
{
	INIT_WORK(&raise->work, parley_raise_work);
	atomic_set(&raise->bits, 0);
	raise->inbox = inbox;
}

/* Nobody sets anything any more. */
void parley_raise_stop(struct parley_raise *raise)
{
	cancel_work_sync(&raise->work);
}

/* Set bits of the inbox, soon. From any context. */
void parley_raise_set(struct parley_raise *raise, u32 bits)
{
	atomic_or(bits, &raise->bits);
	queue_work(parley_raise_queue, &raise->work);
}

/* Set bits that aren't set yet: not any more, or by now. Sleeps. */
void parley_raise_clear(struct parley_raise *raise, u32 bits)
{
	atomic_andnot(bits, &raise->bits);
	flush_work(&raise->work);
}

int parley_raise_init(void)
{
	parley_raise_queue = alloc_workqueue("parley", WQ_HIGHPRI, 0);
	return parley_raise_queue ? 0 : -ENOMEM;
}

void parley_raise_exit(void)
{
	destroy_workqueue(parley_raise_queue);
}
