// SPDX-License-Identifier: GPL-2.0

#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/string.h>
#include <uapi/linux/parley_proto.h>

#include "landing.h"
#include "message.h"
#include "task.h"
#include "vm.h"

/**
 * struct parley_vm_call - one call to the module
 * @task: whose it is
 * @content: the request; receives the reply's payload
 * @deadline: of the call
 * @nonblock: don't wait
 */
struct parley_vm_call {
	struct parley_task *task;
	struct parley_content *content;
	u64 deadline;
	bool nonblock;
};

static void parley_vm_reply(const struct parley_vm_call *call, const void *body,
			    u32 len)
{
	memcpy(call->content->msg.payload, body, len);
	call->content->len = len;
}

static int parley_vm_ool_recv(const struct parley_vm_call *call)
{
	struct parley_ool_recv recv;

	memcpy(&recv, call->content->msg.payload, sizeof(recv));
	parley_vm_reply(call, NULL, 0);
	return parley_landing_lay(&call->task->landing, &recv);
}

/**
 * struct parley_vm_writer - the sender of PARLEY_OOL_SEND
 * @writer: as the landing sees it
 * @task: its task
 */
struct parley_vm_writer {
	struct parley_writer writer;
	struct parley_task *task;
};

static bool parley_vm_may_write(const struct parley_writer *writer,
				struct parley_landing *landing)
{
	return parley_task_admits(container_of(landing, struct parley_task, landing),
				  container_of(writer, struct parley_vm_writer,
					       writer)->task);
}

static int parley_vm_ool_send(const struct parley_vm_call *call)
{
	const struct parley_vm_writer by = {
		.writer = {
			.src = call->task->id,
			.user = call->task->user,
			.deadline = call->deadline,
			.nonblock = call->nonblock,
			.may = parley_vm_may_write,
		},
		.task = call->task,
	};
	struct parley_ool_sent sent = {};
	struct parley_ool_send send;
	struct parley_task *dst;
	int err;

	memcpy(&send, call->content->msg.payload, sizeof(send));
	if (send.pad)
		return -EINVAL;
	dst = parley_task_find(call->task, send.dst);
	if (IS_ERR(dst))
		/* ENOTCONN would say that the module is not there. */
		return dst == ERR_PTR(-ENOTCONN) ? -ESRCH : PTR_ERR(dst);
	err = parley_landing_fill(&dst->landing, &by.writer, &send, &sent.id);
	parley_task_put(dst);
	if (!err)
		parley_vm_reply(call, &sent, sizeof(sent));
	return err;
}

static int parley_vm_ool_verify(const struct parley_vm_call *call)
{
	struct parley_ool_verified verified = {};
	struct parley_ool_verify verify;
	int err;

	memcpy(&verify, call->content->msg.payload, sizeof(verify));
	if (verify.pad)
		return -EINVAL;
	err = parley_landing_verify(&call->task->landing, &verify,
				    &verified.received_at);
	if (!err)
		parley_vm_reply(call, &verified, sizeof(verified));
	return err;
}

/**
 * struct parley_vm_request - a request
 * @type: its type
 * @len: bytes of its payload
 * @reply_len: bytes of its reply's
 * @run: what it does, having made the reply's payload; the service's error, or one
 *	of the call's
 */
struct parley_vm_request {
	s32 type;
	u32 len;
	u32 reply_len;
	int (*run)(const struct parley_vm_call *call);
};

static const struct parley_vm_request parley_vm_requests[] = {
	{ PARLEY_OOL_RECV, sizeof(struct parley_ool_recv), 0,
	  parley_vm_ool_recv },
	{ PARLEY_OOL_SEND, sizeof(struct parley_ool_send),
	  sizeof(struct parley_ool_sent), parley_vm_ool_send },
	{ PARLEY_OOL_VERIFY, sizeof(struct parley_ool_verify),
	  sizeof(struct parley_ool_verified), parley_vm_ool_verify },
};

/* What is no service's error, but says that the call was not carried through. */
static bool parley_vm_ends_call(int err)
{
	return err == -ERESTARTSYS || err == -EINTR || err == -ETIMEDOUT ||
	       err == -EAGAIN;
}

static const struct parley_vm_request *parley_vm_find(s32 type)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parley_vm_requests); i++)
		if (parley_vm_requests[i].type == type)
			return &parley_vm_requests[i];
	return NULL;
}

/**
 * parley_vm_answer() - answer a call
 * @task: the calling task
 * @content: the request; receives the reply
 * @room: bytes of payload that the caller has room for
 * @deadline: of the call
 * @nonblock: don't wait
 *
 * Return: 0 when there is a reply; else the error of the call. With -EMSGSIZE
 * @content->len is the room that it takes, and nothing has been done.
 */
int parley_vm_answer(struct parley_task *task, struct parley_content *content,
		     u32 room, u64 deadline, bool nonblock)
{
	const struct parley_vm_request *request;
	struct parley_vm_call call = {
		.task = task,
		.content = content,
		.deadline = deadline,
		.nonblock = nonblock,
	};
	int err;

	request = parley_vm_find(content->msg.type);
	if (request && request->reply_len > room) {
		content->len = request->reply_len;
		return -EMSGSIZE;
	}
	if (!request)
		err = -EOPNOTSUPP;
	else if (request->len != content->len)
		err = -EINVAL;
	else
		err = request->run(&call);
	if (parley_vm_ends_call(err))
		return err;
	if (err) {
		content->msg.type = err;
		content->len = 0;
	}
	content->msg.src = PARLEY_TASK_VM;
	return 0;
}
