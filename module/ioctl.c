// SPDX-License-Identifier: GPL-2.0

#include <linux/fault-inject-usercopy.h>
#include <linux/fs.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "control.h"
#include "device.h"
#include "ioctl.h"
#include "reply.h"
#include "rpc.h"
#include "serve.h"
#include "task.h"

/* What a message operation uses of its argument. */
#define USES_SEND	BIT(0)
#define USES_RECV	BIT(1)
#define USES_WAIT	BIT(2)	/* deadline, PARLEY_NONBLOCK */
#define USES_REPLY	BIT(3)	/* reply_error */
#define USES_CREDS	BIT(4)
#define USES_ALL	(USES_SEND | USES_RECV | USES_WAIT | USES_REPLY | USES_CREDS)

/* Every one of them starts with its size. */
union parley_arg {
	u32 size;
	struct parley_info info;
	struct parley_notify notify;
	struct parley_cancel cancel;
	struct parley_mode mode;
	struct parley_bond_arg bond;
	struct parley_creds_full creds;
	struct parley_timer_arg timer;
	struct parley_eventfd eventfd;
	struct parley_bus_arg bus;
	struct parley_open open;
};

/**
 * struct parley_ioctl - an operation
 * @cmd: its number; the size in it is the first version's
 * @uses: of struct parley_ipc, for a message operation
 * @rpc: a message operation
 * @run: any other; @arg is the checked copy of what @uarg points to. What it
 *	returns, a descriptor maybe, is what the system call does.
 */
struct parley_ioctl {
	unsigned int cmd;
	unsigned int uses;
	int (*rpc)(struct parley_task *task, struct parley_ipc *ipc,
		   struct parley_ipc __user *uipc);
	int (*run)(void *object, union parley_arg *arg, void __user *uarg);
};

static int parley_ioctl_info(void *object, union parley_arg *arg,
			     void __user *uarg)
{
	parley_control_info(object, &arg->info);
	return copy_to_user(uarg, &arg->info, sizeof(arg->info)) ? -EFAULT : 0;
}

static int parley_ioctl_notify(void *object, union parley_arg *arg,
			       void __user *uarg)
{
	return parley_control_notify(object, &arg->notify);
}

static int parley_ioctl_cancel(void *object, union parley_arg *arg,
			       void __user *uarg)
{
	return parley_rpc_cancel(object, &arg->cancel);
}

static int parley_ioctl_mode(void *object, union parley_arg *arg,
			     void __user *uarg)
{
	return parley_control_mode(object, &arg->mode);
}

static int parley_ioctl_bond(void *object, union parley_arg *arg,
			     void __user *uarg)
{
	return parley_control_bond(object, &arg->bond);
}

static int parley_ioctl_unbond(void *object, union parley_arg *arg,
			       void __user *uarg)
{
	return parley_control_unbond(object, &arg->bond);
}

static int parley_ioctl_creds(void *object, union parley_arg *arg,
			      void __user *uarg)
{
	int err = parley_control_creds(object, &arg->creds);

	if (err && err != -EMSGSIZE)
		return err;
	if (copy_to_user(uarg, &arg->creds, sizeof(arg->creds)))
		return -EFAULT;
	return err;
}

static int parley_ioctl_timer(void *object, union parley_arg *arg,
			      void __user *uarg)
{
	return parley_control_timer(object, &arg->timer);
}

static int parley_ioctl_eventfd(void *object, union parley_arg *arg,
				void __user *uarg)
{
	return parley_control_eventfd(object, &arg->eventfd);
}

static int parley_ioctl_bus(void *object, union parley_arg *arg,
			    void __user *uarg)
{
	struct parley_task *task = object;

	return arg->bus.reserved ? -EINVAL : parley_device_bus(task->bus);
}

static int parley_ioctl_open(void *object, union parley_arg *arg,
			     void __user *uarg)
{
	return parley_device_task(object, arg->open.task);
}

#define RPC(_name, _rpc, _uses) \
	[_IOC_NR(PARLEY_IOC_##_name)] = { \
		.cmd = PARLEY_IOC_##_name, .rpc = (_rpc), .uses = (_uses) \
	}
#define RUN(_name, _run) \
	[_IOC_NR(PARLEY_IOC_##_name)] = { \
		.cmd = PARLEY_IOC_##_name, .run = (_run) \
	}

static const struct parley_ioctl parley_task_ioctls[] = {
	RUN(INFO, parley_ioctl_info),
	RPC(SEND, parley_rpc_send, USES_SEND | USES_WAIT),
	RPC(RECV, parley_serve_recv, USES_RECV | USES_WAIT | USES_CREDS),
	RPC(CALL, parley_rpc_call, USES_SEND | USES_RECV | USES_WAIT),
	RPC(REPLY, parley_reply_give, USES_SEND),
	RPC(REPLYRECV, parley_serve_replyrecv, USES_ALL),
	RUN(NOTIFY, parley_ioctl_notify),
	RUN(CANCEL, parley_ioctl_cancel),
	RUN(MODE, parley_ioctl_mode),
	RUN(BOND, parley_ioctl_bond),
	RUN(UNBOND, parley_ioctl_unbond),
	RUN(CREDS, parley_ioctl_creds),
	RUN(TIMER, parley_ioctl_timer),
	RUN(EVENTFD, parley_ioctl_eventfd),
	RUN(BUS, parley_ioctl_bus),
};

static const struct parley_ioctl parley_bus_ioctls[] = {
	RUN(OPEN, parley_ioctl_open),
};

/* The size in @cmd is free to grow with the structure. */
static const struct parley_ioctl *
parley_ioctl_find(const struct parley_ioctl *ops, unsigned int count,
		  unsigned int cmd)
{
	unsigned int nr = _IOC_NR(cmd);

	if (nr >= count)
		return NULL;
	ops += array_index_nospec(nr, count);
	/* A hole in the table is no operation. */
	return !ops->cmd || (cmd ^ ops->cmd) & ~IOCSIZE_MASK ? NULL : ops;
}

/* The part of an argument that this kernel doesn't know must be zero. */
static int parley_arg_check_tail(const void __user *uarg, u32 size, u32 known)
{
	int zero;

	if (size < known)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	zero = check_zeroed_user(uarg + known, size - known);
	if (zero < 0)
		return zero;
	return zero ? 0 : -E2BIG;
}

/* As parley_content_read(): short, constant, and so without a function call. */
static __always_inline int
parley_ipc_get(struct parley_ipc *ipc, const struct parley_ipc __user *uipc)
{
	if (should_fail_usercopy())
		return -EFAULT;
	if (!user_read_access_begin(uipc, sizeof(*uipc)))
		return -EFAULT;
	unsafe_get_user(ipc->size, &uipc->size, fault);
	unsafe_get_user(ipc->flags, &uipc->flags, fault);
	unsafe_get_user(ipc->peer, &uipc->peer, fault);
	unsafe_get_user(ipc->send_len, &uipc->send_len, fault);
	unsafe_get_user(ipc->recv_len, &uipc->recv_len, fault);
	unsafe_get_user(ipc->reply_error, &uipc->reply_error, fault);
	unsafe_get_user(ipc->send, &uipc->send, fault);
	unsafe_get_user(ipc->recv, &uipc->recv, fault);
	unsafe_get_user(ipc->token, &uipc->token, fault);
	unsafe_get_user(ipc->deadline, &uipc->deadline, fault);
	unsafe_get_user(ipc->creds, &uipc->creds, fault);
	unsafe_get_user(ipc->cargo, &uipc->cargo, fault);
	user_read_access_end();
	return 0;

fault:
	user_read_access_end();
	return -EFAULT;
}

static __always_inline int parley_ipc_check(const struct parley_ipc *ipc,
					    unsigned int uses)
{
	if (ipc->flags & ~(PARLEY_NONBLOCK | PARLEY_OOL))
		return -EINVAL;
	if (uses == USES_ALL)
		return 0;
	if (!(uses & USES_SEND) && (ipc->send || ipc->send_len))
		return -EINVAL;
	if (!(uses & USES_RECV) && (ipc->recv || ipc->recv_len))
		return -EINVAL;
	if (!(uses & USES_WAIT) &&
	    (ipc->deadline || ipc->flags & PARLEY_NONBLOCK || ipc->peer))
		return -EINVAL;
	if (!(uses & USES_REPLY) && ipc->reply_error)
		return -EINVAL;
	if (!(uses & USES_CREDS) && ipc->creds)
		return -EINVAL;
	return 0;
}

static __always_inline int parley_ioctl_read(const struct parley_ioctl *op,
					     const struct file *file,
					     void __user *uarg,
					     struct parley_ipc *ipc)
{
	int err;

	err = parley_ipc_get(ipc, uarg);
	if (!err && ipc->size != sizeof(*ipc))
		err = parley_arg_check_tail(uarg, ipc->size, sizeof(*ipc));
	if (!err)
		err = parley_ipc_check(ipc, op->uses);
	if (file->f_flags & O_NONBLOCK)
		ipc->flags |= PARLEY_NONBLOCK;
	return err;
}

static int parley_ioctl_rpc(const struct parley_ioctl *op, struct file *file,
			    void __user *uarg)
{
	struct parley_ipc ipc __uninitialized;
	int err;

	err = parley_ioctl_read(op, file, uarg, &ipc);
	return err ?: op->rpc(file->private_data, &ipc, uarg);
}

static int parley_ioctl_run(const struct parley_ioctl *op, struct file *file,
			    void __user *uarg)
{
	u32 size, known = _IOC_SIZE(op->cmd);
	union parley_arg arg;
	int err;

	if (get_user(size, (u32 __user *)uarg))
		return -EFAULT;
	err = parley_arg_check_tail(uarg, size, known);
	if (err)
		return err;
	if (copy_from_user(&arg, uarg, known))
		return -EFAULT;
	arg.size = size;
	return op->run(file->private_data, &arg, uarg);
}

/* On a task's descriptor. */
long parley_ioctl_on_task(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *uarg = (void __user *)arg;
	const struct parley_ioctl *op;

	op = parley_ioctl_find(parley_task_ioctls,
			       ARRAY_SIZE(parley_task_ioctls), cmd);
	if (!op)
		return -ENOTTY;
	if (!parley_task_is_current(file->private_data))
		return -ESTALE;
	return op->rpc ? parley_ioctl_rpc(op, file, uarg) :
			 parley_ioctl_run(op, file, uarg);
}

/* Is @cmd a message operation? */
bool parley_ioctl_is_message(unsigned int cmd)
{
	const struct parley_ioctl *op;

	op = parley_ioctl_find(parley_task_ioctls,
			       ARRAY_SIZE(parley_task_ioctls), cmd);
	return op && op->rpc;
}

/**
 * parley_ioctl_get_message() - the argument of a message operation
 * @file: the task's descriptor
 * @cmd: the operation, parley_ioctl_is_message()
 * @uarg: address of its struct parley_ipc
 * @ipc: receives the checked copy
 *
 * Return: 0, -EFAULT, -EINVAL or -E2BIG.
 */
int parley_ioctl_get_message(const struct file *file, unsigned int cmd, u64 uarg,
			     struct parley_ipc *ipc)
{
	const struct parley_ioctl *op;

	op = parley_ioctl_find(parley_task_ioctls,
			       ARRAY_SIZE(parley_task_ioctls), cmd);
	return parley_ioctl_read(op, file, u64_to_user_ptr(uarg), ipc);
}

/* On a bus's descriptor. */
long parley_ioctl_on_bus(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct parley_ioctl *op;

	op = parley_ioctl_find(parley_bus_ioctls, ARRAY_SIZE(parley_bus_ioctls),
			       cmd);
	return op ? parley_ioctl_run(op, file, (void __user *)arg) : -ENOTTY;
}
