// SPDX-License-Identifier: GPL-2.0

#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "landing.h"
#include "pin.h"
#include "wait.h"

/**
 * struct parley_buffer - memory laid out
 * @pin: the memory, until it is filled
 * @busy: somebody is filling it
 * @addr: where it is
 * @filled: in the landing's list once filled
 * @id: its name then
 * @src: by whom
 * @len: bytes that it was filled with
 */
struct parley_buffer {
	struct parley_pin *pin;
	bool busy;
	u64 addr;
	struct list_head filled;
	u64 id;
	s32 src;
	u64 len;
};

void parley_landing_init(struct parley_landing *landing,
			 struct parley_user *user)
{
	landing->user = user;
	spin_lock_init(&landing->lock);
	INIT_LIST_HEAD(&landing->filled);
	init_waitqueue_head(&landing->waiting);
}

/* Charged as a message: it stays as long as its task doesn't look. */
static struct parley_buffer *parley_buffer_make(struct parley_user *user,
						u64 addr, u32 len)
{
	struct parley_buffer *buffer;
	int err = parley_user_charge(user, PARLEY_LIMIT_MESSAGES);

	if (err)
		return ERR_PTR(err);
	buffer = kzalloc(sizeof(*buffer), GFP_KERNEL_ACCOUNT);
	if (!buffer) {
		parley_user_uncharge(user, PARLEY_LIMIT_MESSAGES);
		return ERR_PTR(-ENOMEM);
	}
	buffer->addr = addr;
	err = parley_pin_make(&buffer->pin, user, addr, len, true);
	if (!err)
		return buffer;
	parley_pin_put(buffer->pin);
	kfree(buffer);
	parley_user_uncharge(user, PARLEY_LIMIT_MESSAGES);
	return ERR_PTR(err);
}

static void parley_buffer_free(struct parley_buffer *buffer,
			       struct parley_user *user)
{
	if (!buffer)
		return;
	if (buffer->pin) {
		parley_pin_end(buffer->pin);
		parley_pin_put(buffer->pin);
	}
	kfree(buffer);
	parley_user_uncharge(user, PARLEY_LIMIT_MESSAGES);
}

/* Put @buffer, or none, in the place of what was there. */
static void parley_landing_replace(struct parley_landing *landing,
				   struct parley_buffer *buffer)
{
	spin_lock(&landing->lock);
	swap(landing->buffer, buffer);
	spin_unlock(&landing->lock);
	/* Whoever is filling the old one finds that it has ended. */
	parley_buffer_free(buffer, landing->user);
	wake_up_interruptible_all(&landing->waiting);
}

/**
 * parley_landing_lay() - lay out a buffer
 * @landing: the calling task's
 * @recv: where; no bytes for none
 *
 * Return: 0; -EMSGSIZE, -EFAULT, -EDQUOT, -ENOMEM, -EINTR (killed).
 */
int parley_landing_lay(struct parley_landing *landing,
		       const struct parley_ool_recv *recv)
{
	struct parley_buffer *buffer = NULL;

	if (recv->len > PARLEY_OOL_MAX)
		return -EMSGSIZE;
	if (recv->len)
		buffer = parley_buffer_make(landing->user, recv->addr, recv->len);
	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	parley_landing_replace(landing, buffer);
	return 0;
}

/**
 * parley_landing_close() - the task is dead
 * @landing: of the dead task, with no thread in an operation
 */
void parley_landing_close(struct parley_landing *landing)
{
	struct parley_buffer *buffer, *next;

	spin_lock(&landing->lock);
	landing->closed = true;
	spin_unlock(&landing->lock);
	parley_landing_replace(landing, NULL);
	/* Nobody adds to it any more: that takes a buffer. */
	list_for_each_entry_safe(buffer, next, &landing->filled, filled)
		parley_buffer_free(buffer, landing->user);
}

/*
 * Take hold of the buffer, if it is there. Returns its pin, with a reference; NULL
 * if there is none; -ESRCH, -EMSGSIZE.
 */
static struct parley_pin *parley_landing_seize(struct parley_landing *landing,
					       u64 len)
{
	struct parley_pin *pin = NULL;
	struct parley_buffer *buffer;

	spin_lock(&landing->lock);
	buffer = landing->buffer;
	if (landing->closed) {
		pin = ERR_PTR(-ESRCH);
	} else if (buffer && !buffer->busy) {
		if (len > buffer->pin->len) {
			pin = ERR_PTR(-EMSGSIZE);
		} else {
			buffer->busy = true;
			pin = parley_pin_get(buffer->pin);
		}
	}
	spin_unlock(&landing->lock);
	return pin;
}

/* Wait until there may be a buffer. */
static int parley_landing_wait(struct parley_landing *landing, u64 deadline)
{
	ktime_t expires = parley_wait_expires(deadline);
	bool ready;

	spin_lock(&landing->lock);
	ready = landing->closed || (landing->buffer && !landing->buffer->busy);
	spin_unlock(&landing->lock);
	if (ready)
		return 0;
	if (signal_pending(current))
		return -ERESTARTSYS;
	if (!schedule_hrtimeout_range(deadline ? &expires : NULL,
				      current->timer_slack_ns, HRTIMER_MODE_ABS))
		return -ETIMEDOUT;
	return 0;
}

static struct parley_pin *parley_landing_await(struct parley_landing *landing,
					       u64 len, u64 deadline,
					       bool nonblock)
{
	struct parley_pin *pin;
	DEFINE_WAIT(wait);
	int err = 0;

	for (;;) {
		pin = parley_landing_seize(landing, len);
		if (pin || err)
			break;
		if (nonblock)
			return ERR_PTR(-EAGAIN);
		prepare_to_wait(&landing->waiting, &wait, TASK_INTERRUPTIBLE);
		err = parley_landing_wait(landing, deadline);
		finish_wait(&landing->waiting, &wait);
	}
	return pin ?: ERR_PTR(err);
}

/* The buffer behind @pin, if it is still there, is for somebody else after all. */
static void parley_landing_yield(struct parley_landing *landing,
				 const struct parley_pin *pin)
{
	spin_lock(&landing->lock);
	if (landing->buffer && landing->buffer->pin == pin)
		landing->buffer->busy = false;
	spin_unlock(&landing->lock);
	wake_up_interruptible_all(&landing->waiting);
}

/* The buffer behind @pin has been filled, unless it is not there any more. */
static bool parley_landing_finish(struct parley_landing *landing,
				  const struct parley_pin *pin, s32 src, u64 len,
				  u64 *id)
{
	struct parley_buffer *buffer;
	bool filled;

	spin_lock(&landing->lock);
	buffer = landing->buffer;
	filled = buffer && buffer->pin == pin;
	if (filled) {
		landing->buffer = NULL;
		buffer->id = ++landing->last_id;
		buffer->src = src;
		buffer->len = len;
		*id = buffer->id;
	}
	spin_unlock(&landing->lock);
	if (!filled)
		return false;

	parley_pin_end(buffer->pin);
	parley_pin_put(buffer->pin);
	buffer->pin = NULL;
	spin_lock(&landing->lock);
	if (!landing->closed)
		list_add_tail(&buffer->filled, &landing->filled);
	filled = !landing->closed;
	spin_unlock(&landing->lock);
	if (!filled)
		parley_buffer_free(buffer, landing->user);
	return filled;
}

/* Fill the buffer behind @to. -ESHUTDOWN: it has been replaced: then the next. */
static int parley_landing_write(struct parley_landing *landing,
				struct parley_pin *to,
				const struct parley_writer *writer,
				struct parley_pin *from, u64 len, u64 *id)
{
	/* The buffer may be younger than the end of the right to it. */
	if (!writer->may(writer, landing)) {
		parley_landing_yield(landing, to);
		return -EACCES;
	}
	if (from && parley_pin_copy(to, from))
		return -ESHUTDOWN;
	return parley_landing_finish(landing, to, writer->src, len, id) ?
		       0 : -ESHUTDOWN;
}

/**
 * parley_landing_fill() - write into another task's buffer
 * @landing: the other's, kept by the caller
 * @writer: who, and until when
 * @send: what
 * @id: receives the name for it
 *
 * Return: 0; of the service -EMSGSIZE, -EFAULT, -EDQUOT, -ENOMEM, -EACCES, -ESRCH
 * (the task is dead); of the wait -EAGAIN, -ETIMEDOUT, -ERESTARTSYS, -EINTR (killed).
 */
int parley_landing_fill(struct parley_landing *landing,
			const struct parley_writer *writer,
			const struct parley_ool_send *send, u64 *id)
{
	struct parley_pin *from = NULL, *to;
	int err = 0;

	if (send->len > PARLEY_OOL_MAX)
		return -EMSGSIZE;
	if (send->len)
		err = parley_pin_make(&from, writer->user, send->addr, send->len,
				      false);
	if (err)
		goto let_go;
	do {
		to = parley_landing_await(landing, send->len, writer->deadline,
					  writer->nonblock);
		if (IS_ERR(to)) {
			err = PTR_ERR(to);
			break;
		}
		err = parley_landing_write(landing, to, writer, from, send->len,
					   id);
		parley_pin_put(to);
		/* Who replaces one buffer after the other must not keep us. */
	} while (err == -ESHUTDOWN && !signal_pending(current));
	if (err == -ESHUTDOWN)
		err = -ERESTARTSYS;
let_go:
	if (from) {
		parley_pin_end(from);
		parley_pin_put(from);
	}
	return err;
}

/**
 * parley_landing_verify() - has that been written here?
 * @landing: the calling task's
 * @verify: what is said to have been
 * @addr: receives where
 *
 * Return: 0, once; or -ENOENT.
 */
int parley_landing_verify(struct parley_landing *landing,
			  const struct parley_ool_verify *verify, u64 *addr)
{
	struct parley_buffer *buffer, *found = NULL;

	spin_lock(&landing->lock);
	list_for_each_entry(buffer, &landing->filled, filled) {
		if (buffer->id == verify->id && buffer->src == verify->src &&
		    buffer->len == verify->len) {
			found = buffer;
			list_del(&found->filled);
			break;
		}
	}
	spin_unlock(&landing->lock);
	if (!found)
		return -ENOENT;
	*addr = found->addr;
	parley_buffer_free(found, landing->user);
	return 0;
}
