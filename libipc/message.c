// SPDX-License-Identifier: LGPL-2.1-or-later
#include "task.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <linux/parley.h>
#include <linux/parley_proto.h>

#define SAME_FIELD(ours, theirs) \
	static_assert(offsetof(struct ipc_msg, ours) == \
		      offsetof(struct parley_msg, theirs), "uapi")

/* Messages go to the kernel as they are. */
static_assert(sizeof(struct ipc_msg) == sizeof(struct parley_msg), "uapi");
SAME_FIELD(type, type);
SAME_FIELD(src, src);
SAME_FIELD(data, payload);
static_assert(LIBIPC_PAYLOAD_MAX == PARLEY_PAYLOAD_MAX, "uapi");
static_assert(LIBIPC_TASK_ANY == PARLEY_ANY, "uapi");
static_assert(LIBIPC_TASK_KERNEL == PARLEY_TASK_KERNEL, "uapi");
static_assert(LIBIPC_NOTIFY_USER == PARLEY_NOTIFY_USER, "uapi");
static_assert(LIBIPC_NOTIFICATIONS == PARLEY_GLOBAL_NOTIFICATIONS, "uapi");

static inline uint64_t address(const struct ipc_msg *msg)
{
	return (uintptr_t)msg;
}

/* What waits, and for how long; the rest is zero until set. */
static inline struct parley_ipc waiting(ipc_task_t peer, uint64_t deadline)
{
	int nowait = deadline == LIBIPC_NOWAIT;

	return (struct parley_ipc){
		.size = sizeof(struct parley_ipc),
		.flags = nowait ? PARLEY_NONBLOCK : 0,
		.peer = peer,
		.deadline = nowait ? 0 : deadline,
	};
}

/*
 * Nobody is going to resume an operation that a signal ended but the kernel
 * could not: give it up. It may have ended meanwhile, that is as well.
 */
static int begin(unsigned long op, struct parley_ipc *ipc)
{
	int ret = ipc_task_ioctl(op, ipc);

	if (ret == -EINTR && ipc->token) {
		struct parley_cancel cancel = {
			.size = sizeof(cancel),
			.token = ipc->token,
		};

		ipc_task_ioctl(PARLEY_IOC_CANCEL, &cancel);
	}
	return ret;
}

static inline void received(struct ipc_msg *msg, const struct parley_ipc *ipc)
{
	memset(msg->data + ipc->recv_len, 0, sizeof(msg->data) - ipc->recv_len);
}

int ipc_send(ipc_task_t dst, const struct ipc_msg *msg, size_t len,
	     uint64_t deadline)
{
	struct parley_ipc ipc = waiting(dst, deadline);

	if (!msg)
		return -EFAULT;
	if (len > sizeof(msg->data))
		return -EMSGSIZE;
	ipc.send = address(msg);
	ipc.send_len = len;
	return begin(PARLEY_IOC_SEND, &ipc);
}

int ipc_recv(ipc_task_t src, struct ipc_msg *msg, size_t *len,
	     ipc_token_t *token, uint64_t deadline)
{
	struct parley_ipc ipc = waiting(src, deadline);
	int ret;

	if (!msg || !token)
		return -EFAULT;
	ipc.recv = address(msg);
	ipc.recv_len = sizeof(msg->data);
	ret = ipc_task_ioctl(PARLEY_IOC_RECV, &ipc);
	if (ret < 0)
		return ret;
	received(msg, &ipc);
	*token = ipc.token;
	if (len)
		*len = ipc.recv_len;
	return 0;
}

int ipc_call(ipc_task_t dst, struct ipc_msg *msg, size_t *len,
	     uint64_t deadline)
{
	struct parley_ipc ipc = waiting(dst, deadline);
	int ret;

	if (!msg || !len)
		return -EFAULT;
	if (*len > sizeof(msg->data))
		return -EMSGSIZE;
	ipc.send = address(msg);
	ipc.send_len = *len;
	ipc.recv = address(msg);
	ipc.recv_len = sizeof(msg->data);
	ret = begin(PARLEY_IOC_CALL, &ipc);
	if (ret < 0)
		return ret;
	received(msg, &ipc);
	*len = ipc.recv_len;
	return 0;
}

int ipc_reply(ipc_token_t token, const struct ipc_msg *msg, size_t len)
{
	struct parley_ipc ipc = {
		.size = sizeof(ipc),
		.send = address(msg),
		.send_len = len,
		.token = token,
	};

	if (!msg)
		return -EFAULT;
	if (len > sizeof(msg->data))
		return -EMSGSIZE;
	return ipc_task_ioctl(PARLEY_IOC_REPLY, &ipc);
}

int ipc_replyrecv(ipc_task_t src, struct ipc_msg *msg, size_t *len,
		  ipc_token_t *token, uint64_t deadline)
{
	struct parley_ipc ipc = waiting(src, deadline);
	int ret;

	if (!msg || !len || !token)
		return -EFAULT;
	if (!*token)
		return ipc_recv(src, msg, len, token, deadline);
	if (*len > sizeof(msg->data))
		return -EMSGSIZE;
	ipc.send = address(msg);
	ipc.send_len = *len;
	ipc.recv = address(msg);
	ipc.recv_len = sizeof(msg->data);
	ipc.token = *token;
	ret = ipc_task_ioctl(PARLEY_IOC_REPLYRECV, &ipc);
	*token = ipc.token;
	if (ret < 0)
		return ret;
	received(msg, &ipc);
	*len = ipc.recv_len;
	return 0;
}

int ipc_notify(ipc_task_t dst, unsigned int bits)
{
	struct parley_notify notify = {
		.size = sizeof(notify),
		.peer = dst,
		.bits = bits,
	};

	return ipc_task_ioctl(PARLEY_IOC_NOTIFY, &notify);
}
