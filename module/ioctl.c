// SPDX-License-Identifier: GPL-2.0

#include <linux/fault-inject-usercopy.h>
#include <linux/fs.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "ioctl.h"
#include "rpc.h"
#include "task.h"

/* What a message operation uses of its argument. */
#define USES_SEND	BIT(0)
#define USES_RECV	BIT(1)
#define USES_WAIT	BIT(2)	/* deadline, PARLEY_NONBLOCK */
#define USES_REPLY	BIT(3)	/* reply_error */

/* Every one of them starts with its size. */
union parley_arg {
	struct parley_info info;
	struct parley_ipc ipc;
	struct parley_notify notify;
	struct parley_cancel cancel;
};

/**
 * struct parley_ioctl - an operation
 * @cmd: its number; the size in it is the first version's
 * @uses: of struct parley_ipc, for a message operation
 * @rpc: a message operation
 * @run: any other; @arg is the checked copy of what @uarg points to
 */
struct parley_ioctl {
	unsigned int cmd;
	unsigned int uses;
	int (*rpc)(struct parley_task *task, struct parley_ipc *ipc,
		   struct parley_ipc __user *uipc);
	int (*run)(struct parley_task *task, union parley_arg *arg,
		   void __user *uarg);
};

static int parley_ioctl_info(struct parley_task *task, union parley_arg *arg,
			     void __user *uarg)
{
	struct parley_info info = {
		.size = arg->info.size,
		.task = task->id,
		.features = PARLEY_FEATURE_MESSAGES,
		.payload_max = PARLEY_PAYLOAD_MAX,
	};

	return copy_to_user(uarg, &info, sizeof(info)) ? -EFAULT : 0;
}

static int parley_ioctl_notify(struct parley_task *task, union parley_arg *arg,
			       void __user *uarg)
{
	return parley_rpc_notify(task, &arg->notify);
}

static int parley_ioctl_cancel(struct parley_task *task, union parley_arg *arg,
			       void __user *uarg)
{
	return arg->cancel.reserved ? -EINVAL :
				      parley_rpc_cancel(task, &arg->cancel);
}

#define RPC(_name, _rpc, _uses) \
	[_IOC_NR(PARLEY_IOC_##_name)] = { \
		.cmd = PARLEY_IOC_##_name, .rpc = (_rpc), .uses = (_uses) \
	}
#define RUN(_name, _run) \
	[_IOC_NR(PARLEY_IOC_##_name)] = { \
		.cmd = PARLEY_IOC_##_name, .run = (_run) \
	}

static const struct parley_ioctl parley_ioctls[] = {
	RUN(INFO, parley_ioctl_info),
	RPC(SEND, parley_rpc_send, USES_SEND | USES_WAIT),
	RPC(RECV, parley_rpc_recv, USES_RECV | USES_WAIT),
	RPC(CALL, parley_rpc_call, USES_SEND | USES_RECV | USES_WAIT),
	RPC(REPLY, parley_rpc_reply, USES_SEND),
	RPC(REPLYRECV, parley_rpc_replyrecv,
	    USES_SEND | USES_RECV | USES_WAIT | USES_REPLY),
	RUN(NOTIFY, parley_ioctl_notify),
	RUN(CANCEL, parley_ioctl_cancel),
};

/* The size in @cmd is free to grow with the structure. */
static const struct parley_ioctl *parley_ioctl_find(unsigned int cmd)
{
	unsigned int nr = _IOC_NR(cmd);
	const struct parley_ioctl *op;

	if (nr >= ARRAY_SIZE(parley_ioctls))
		return NULL;
	op = &parley_ioctls[array_index_nospec(nr, ARRAY_SIZE(parley_ioctls))];
	return (cmd ^ op->cmd) & ~IOCSIZE_MASK ? NULL : op;
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
static int parley_ipc_get(struct parley_ipc *ipc,
			  const struct parley_ipc __user *uipc)
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
	user_read_access_end();
	return 0;

fault:
	user_read_access_end();
	return -EFAULT;
}

static int parley_ipc_check(const struct parley_ipc *ipc, unsigned int uses)
{
	if (ipc->flags & ~PARLEY_NONBLOCK)
		return -EINVAL;
	if (!(uses & USES_SEND) && (ipc->send || ipc->send_len))
		return -EINVAL;
	if (!(uses & USES_RECV) && (ipc->recv || ipc->recv_len))
		return -EINVAL;
	if (!(uses & USES_WAIT) && (ipc->deadline || ipc->flags || ipc->peer))
		return -EINVAL;
	if (!(uses & USES_REPLY) && ipc->reply_error)
		return -EINVAL;
	return 0;
}

static int parley_ioctl_rpc(const struct parley_ioctl *op, struct file *file,
			    void __user *uarg)
{
	struct parley_ipc ipc __uninitialized;
	int err;

	err = parley_ipc_get(&ipc, uarg);
	if (!err && ipc.size != sizeof(ipc))
		err = parley_arg_check_tail(uarg, ipc.size, sizeof(ipc));
	if (!err)
		err = parley_ipc_check(&ipc, op->uses);
	if (err)
		return err;
	if (file->f_flags & O_NONBLOCK)
		ipc.flags |= PARLEY_NONBLOCK;
	return op->rpc(file->private_data, &ipc, uarg);
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
	arg.info.size = size;
	return op->run(file->private_data, &arg, uarg);
}

long parley_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct parley_ioctl *op = parley_ioctl_find(cmd);
	void __user *uarg = (void __user *)arg;

	if (!op)
		return -ENOTTY;
	if (!parley_task_is_current(file->private_data))
		return -ESTALE;
	return op->rpc ? parley_ioctl_rpc(op, file, uarg) :
			 parley_ioctl_run(op, file, uarg);
}
