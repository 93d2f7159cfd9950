// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async.h"
#include "message.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

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
static_assert(LIBIPC_ASYNC == PARLEY_GLOBAL_ASYNC, "uapi");

/* A moment that has passed. */
#define PAST	1

/*
 * An operation that a signal ended but the kernel could not is resumed for no
 * time: it is over then, well or not. (Cancelling it would lose a reply that
 * has come meanwhile.) The argument is the kernel's own to come back with after a
 * signal, and is as it was.
 */
int ipc_begin(unsigned long op, struct parley_ipc *ipc)
{
	int ret = ipc_task_ioctl(op, ipc);

	while (ret == -EINTR && ipc->token) {
		ipc->deadline = PAST;
		ret = ipc_task_ioctl(op, ipc);
		if (ret == -ETIMEDOUT)
			ret = -EINTR;
	}
	return ret;
}

static inline void received(struct ipc_msg *msg, const struct parley_ipc *ipc)
{
	memset(msg->data + ipc->recv_len, 0, sizeof(msg->data) - ipc->recv_len);
}

/* Receive into @msg, and answer whoever asks for async messages on the way. */
static inline int receive(unsigned long op, struct parley_ipc *ipc, struct ipc_msg *msg)
{
	int ret;

	ipc->recv = ipc_address(msg);
	ipc->recv_len = sizeof(msg->data);
	ret = ipc_task_ioctl(op, ipc);
	while (ret == 0 && msg->type == LIBIPC_ASYNC && ipc->token) {
		ipc_async_answer(ipc_fd(), msg->src, ipc->token);
		ipc->send = 0;
		ipc->send_len = 0;
		ipc->reply_error = 0;
		ipc->token = 0;
		ipc->recv_len = sizeof(msg->data);
		ret = ipc_task_ioctl(PARLEY_IOC_RECV, ipc);
	}
	if (ret == 0)
		received(msg, ipc);
	return ret;
}

static inline int recv_from(ipc_task_t src, struct ipc_msg *msg, size_t *len,
			    ipc_token_t *token, struct ipc_creds *creds,
			    uint64_t deadline)
{
	struct parley_ipc ipc = ipc_waiting(src, deadline);
	int ret;

	if (!msg || !token)
		return -EFAULT;
	ipc.creds = ipc_address(creds);
	ret = receive(PARLEY_IOC_RECV, &ipc, msg);
	if (ret < 0)
		return ret;
	*token = ipc.token;
	if (len)
		*len = ipc.recv_len;
	return 0;
}

static inline int replyrecv_from(ipc_task_t src, struct ipc_msg *msg, size_t *len,
				 ipc_token_t *token, struct ipc_creds *creds,
				 uint64_t deadline)
{
	struct parley_ipc ipc = ipc_waiting(src, deadline);
	int ret;

	if (!msg || !len || !token)
		return -EFAULT;
	if (!*token)
		return recv_from(src, msg, len, token, creds, deadline);
	if (*len > sizeof(msg->data))
		return -EMSGSIZE;
	ipc.send = ipc_address(msg);
	ipc.send_len = *len;
	ipc.token = *token;
	ipc.creds = ipc_address(creds);
	ret = receive(PARLEY_IOC_REPLYRECV, &ipc, msg);
	*token = ipc.token;
	if (ret == 0)
		*len = ipc.recv_len;
	return ret;
}

int ipc_send(ipc_task_t dst, const struct ipc_msg *msg, size_t len,
	     uint64_t deadline)
{
	struct parley_ipc ipc = ipc_waiting(dst, deadline);

	if (!msg)
		return -EFAULT;
	if (len > sizeof(msg->data))
		return -EMSGSIZE;
	ipc.send = ipc_address(msg);
	ipc.send_len = len;
	return ipc_begin(PARLEY_IOC_SEND, &ipc);
}

int ipc_recv(ipc_task_t src, struct ipc_msg *msg, size_t *len,
	     ipc_token_t *token, uint64_t deadline)
{
	return recv_from(src, msg, len, token, NULL, deadline);
}

int ipc_recv_creds(ipc_task_t src, struct ipc_msg *msg, size_t *len,
		   ipc_token_t *token, struct ipc_creds *creds, uint64_t deadline)
{
	return creds ? recv_from(src, msg, len, token, creds, deadline) : -EFAULT;
}

int ipc_call(ipc_task_t dst, struct ipc_msg *msg, size_t *len,
	     uint64_t deadline)
{
	struct parley_ipc ipc = ipc_waiting(dst, deadline);
	int ret;

	if (!msg || !len)
		return -EFAULT;
	if (*len > sizeof(msg->data))
		return -EMSGSIZE;
	ipc.send = ipc_address(msg);
	ipc.send_len = *len;
	ipc.recv = ipc_address(msg);
	ipc.recv_len = sizeof(msg->data);
	ret = ipc_begin(PARLEY_IOC_CALL, &ipc);
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
		.send = ipc_address(msg),
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
	return replyrecv_from(src, msg, len, token, NULL, deadline);
}

int ipc_replyrecv_creds(ipc_task_t src, struct ipc_msg *msg, size_t *len,
			ipc_token_t *token, struct ipc_creds *creds,
			uint64_t deadline)
{
	return creds ? replyrecv_from(src, msg, len, token, creds, deadline) : -EFAULT;
}

int ipc_notify(ipc_task_t dst, unsigned int bits)
{
	struct parley_notify notify = {
		.size = sizeof(notify),
		.peer = dst,
		.bits = bits,
	};

	if (bits & ~LIBIPC_NOTIFY_USER)
		return -EINVAL;
	return ipc_task_ioctl(PARLEY_IOC_NOTIFY, &notify);
}
