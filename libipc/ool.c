// SPDX-License-Identifier: LGPL-2.1-or-later
#include "exchange.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <linux/parley_proto.h>

/* Asks the module itself; its answers' errors are this library's. */
static int ask(struct ipc_msg *msg, size_t len, size_t answer_len, uint64_t deadline)
{
	int ret = ipc_call(PARLEY_TASK_VM, msg, &len, deadline);

	if (ret < 0)
		return ret;
	if (msg->type < 0)
		return msg->type;
	return len == answer_len ? 0 : -EPROTO;
}

int ipc_ool_recv(void *addr, size_t len)
{
	struct ipc_msg msg = { .type = PARLEY_OOL_RECV };
	const struct parley_ool_recv recv = {
		.addr = ipc_address(addr),
		.len = len,
	};

	memcpy(msg.data, &recv, sizeof(recv));
	return ask(&msg, sizeof(recv), 0, LIBIPC_FOREVER);
}

int ipc_ool_send(ipc_task_t dst, const void *addr, size_t len, uint64_t *id,
		 uint64_t deadline)
{
	struct ipc_msg msg = { .type = PARLEY_OOL_SEND };
	const struct parley_ool_send send = {
		.dst = dst,
		.addr = ipc_address(addr),
		.len = len,
	};
	struct parley_ool_sent sent;
	int ret;

	if (!id)
		return -EFAULT;
	memcpy(msg.data, &send, sizeof(send));
	ret = ask(&msg, sizeof(send), sizeof(sent), deadline);
	/* A service leaves -ENOTCONN to the transport; all other functions say so. */
	if (ret == -ESRCH)
		return -ENOTCONN;
	if (ret == 0) {
		memcpy(&sent, msg.data, sizeof(sent));
		*id = sent.id;
	}
	return ret;
}

int ipc_ool_verify(ipc_task_t src, uint64_t id, size_t len, void **received_at)
{
	struct ipc_msg msg = { .type = PARLEY_OOL_VERIFY };
	const struct parley_ool_verify verify = {
		.src = src,
		.id = id,
		.len = len,
	};
	struct parley_ool_verified verified;
	int ret;

	memcpy(msg.data, &verify, sizeof(verify));
	ret = ask(&msg, sizeof(verify), sizeof(verified), LIBIPC_FOREVER);
	if (ret == 0 && received_at) {
		memcpy(&verified, msg.data, sizeof(verified));
		*received_at = (void *)(uintptr_t)verified.received_at;
	}
	return ret;
}
