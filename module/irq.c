// SPDX-License-Identifier: GPL-2.0

#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <uapi/linux/parley.h>

#include "irq.h"
#include "raise.h"

/* An event: called with the queue locked and interrupts off. */
static int parley_irq_event(wait_queue_entry_t *wait, unsigned int mode,
			    int sync, void *key)
{
	struct parley_irq *irq = container_of(wait, struct parley_irq, wait);
	u64 count;

	if (key_to_poll(key) & EPOLLIN) {
		eventfd_ctx_do_read(irq->ctx, &count);
		parley_raise_set(irq->raise, PARLEY_NOTIFY_IRQ);
	}
	return 0;
}

static void parley_irq_queue(struct file *file, wait_queue_head_t *head,
			     poll_table *table)
{
	struct parley_irq *irq = container_of(table, struct parley_irq, table);

	irq->head = head;
	add_wait_queue(head, &irq->wait);
}

void parley_irq_start(struct parley_irq *irq, struct parley_raise *raise)
{
	mutex_init(&irq->lock);
	irq->ctx = NULL;
	irq->raise = raise;
	init_waitqueue_func_entry(&irq->wait, parley_irq_event);
	init_poll_funcptr(&irq->table, parley_irq_queue);
}

static void parley_irq_unbind(struct parley_irq *irq)
{
	if (!irq->ctx)
		return;
	remove_wait_queue(irq->head, &irq->wait);
	eventfd_ctx_put(irq->ctx);
	irq->ctx = NULL;
}

/* Nothing comes any more, and nobody binds anything. */
void parley_irq_stop(struct parley_irq *irq)
{
	parley_irq_unbind(irq);
}

static void parley_irq_take(struct parley_irq *irq, struct eventfd_ctx *ctx,
			    struct file *file)
{
	u64 count;

	irq->ctx = ctx;
	if (!(vfs_poll(file, &irq->table) & EPOLLIN))
		return;
	/* It was signalled before. */
	spin_lock_irq(&irq->head->lock);
	eventfd_ctx_do_read(ctx, &count);
	wake_up_locked_poll(irq->head, EPOLLOUT);
	spin_unlock_irq(&irq->head->lock);
	parley_raise_set(irq->raise, PARLEY_NOTIFY_IRQ);
}

/**
 * parley_irq_bind() - bind an eventfd
 * @irq: of the calling task; the one bound before is let go
 * @fd: the eventfd, or -1 for none
 *
 * Return: 0, -EBADF, -EINVAL (@fd is something else) or -EINTR (killed).
 */
int parley_irq_bind(struct parley_irq *irq, int fd)
{
	struct eventfd_ctx *ctx = NULL;
	struct file *file = NULL;
	int err = 0;

	if (fd != -1) {
		file = fget(fd);
		if (!file)
			return -EBADF;
		ctx = eventfd_ctx_fileget(file);
		if (IS_ERR(ctx)) {
			err = PTR_ERR(ctx);
			goto put;
		}
	}
	if (mutex_lock_killable(&irq->lock)) {
		err = -EINTR;
		if (ctx)
			eventfd_ctx_put(ctx);
		goto put;
	}
	parley_irq_unbind(irq);
	if (ctx)
		parley_irq_take(irq, ctx, file);
	mutex_unlock(&irq->lock);
put:
	if (file)
		fput(file);
	return err;
}
