// SPDX-License-Identifier: LGPL-2.1-or-later
#include "exchange.h"

/* With the result of making the exchange. */
static int run(struct ipc_exchange *exchange, int ret)
{
	if (ret < 0)
		return ret;
	do {
		if (exchange->op == PARLEY_IOC_SEND || exchange->op == PARLEY_IOC_CALL)
			ret = ipc_begin(exchange->op, &exchange->ipc);
		else
			ret = ipc_task_ioctl(exchange->op, &exchange->ipc);
		ret = ipc_exchange_end(exchange, ipc_fd(), ret);
	} while (ret == IPC_AGAIN);
	return ret;
}

int ipc_send_cargo(ipc_task_t dst, struct ipc_msg *msg, size_t len,
		   const struct ipc_cargo *cargo, uint64_t deadline)
{
	struct ipc_exchange exchange;

	return run(&exchange, ipc_exchange_send(&exchange, dst, msg, len, cargo, deadline));
}

int ipc_recv_cargo(ipc_task_t src, struct ipc_msg *msg, size_t *len,
		   ipc_token_t *token, struct ipc_cargo *cargo, uint64_t deadline)
{
	struct ipc_exchange exchange;

	return run(&exchange, ipc_exchange_recv(&exchange, src, msg, len, token, cargo,
						deadline));
}

int ipc_call_cargo(ipc_task_t dst, struct ipc_msg *msg, size_t *len,
		   struct ipc_cargo *cargo, uint64_t deadline)
{
	struct ipc_exchange exchange;

	return run(&exchange, ipc_exchange_call(&exchange, dst, msg, len, cargo, deadline));
}

int ipc_reply_cargo(ipc_token_t token, struct ipc_msg *msg, size_t len,
		    const struct ipc_cargo *cargo)
{
	struct ipc_exchange exchange;

	return run(&exchange, ipc_exchange_reply(&exchange, token, msg, len, cargo));
}

int ipc_replyrecv_cargo(ipc_task_t src, struct ipc_msg *msg, size_t *len,
			ipc_token_t *token, struct ipc_cargo *cargo, uint64_t deadline)
{
	struct ipc_exchange exchange;

	return run(&exchange, ipc_exchange_replyrecv(&exchange, src, msg, len, token, cargo,
						     deadline));
}
