// SPDX-License-Identifier: LGPL-2.1-or-later
#include "exchange.h"

#pragma GCC visibility push(default)
#include "libipc-uring.h"
#pragma GCC visibility pop

#include <assert.h>
#include <string.h>

#include <linux/io_uring.h>

/* What a struct ipc_uring is. @error keeps it from being done. */
struct operation {
	struct ipc_exchange exchange;
	int fd;
	int error;
} __attribute__((may_alias));

static_assert(sizeof(struct operation) <= sizeof(struct ipc_uring), "room for it");
static_assert(LIBIPC_URING_AGAIN == IPC_AGAIN, "one value");

static inline struct operation *operation_of(struct ipc_uring *op)
{
	return (struct operation *)op;
}

/* One with an error completes all the same: the application waits for it. */
static void fill_in(struct io_uring_sqe *sqe, struct operation *operation)
{
	const struct parley_uring cmd = { .ipc = ipc_address(&operation->exchange.ipc) };
	uint64_t user_data = sqe->user_data;

	memset(sqe, 0, sizeof(*sqe));
	sqe->user_data = user_data;
	sqe->fd = -1;
	sqe->opcode = IORING_OP_NOP;
	if (operation->error)
		return;
	sqe->fd = operation->fd;
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->cmd_op = operation->exchange.op;
	memcpy(sqe->cmd, &cmd, sizeof(cmd));
}

static void prepare(struct io_uring_sqe *sqe, int fd, struct ipc_uring *op, int error)
{
	struct operation *operation = operation_of(op);

	operation->fd = fd;
	operation->error = error;
	fill_in(sqe, operation);
}

void ipc_uring_prep_send(struct io_uring_sqe *sqe, int fd, struct ipc_uring *op,
			 ipc_task_t dst, struct ipc_msg *msg, size_t len,
			 const struct ipc_cargo *cargo, uint64_t deadline)
{
	prepare(sqe, fd, op, ipc_exchange_send(&operation_of(op)->exchange, dst, msg, len,
					       cargo, deadline));
}

void ipc_uring_prep_recv(struct io_uring_sqe *sqe, int fd, struct ipc_uring *op,
			 ipc_task_t src, struct ipc_msg *msg, size_t *len,
			 ipc_token_t *token, struct ipc_cargo *cargo, uint64_t deadline)
{
	prepare(sqe, fd, op, ipc_exchange_recv(&operation_of(op)->exchange, src, msg, len,
					       token, cargo, deadline));
}

void ipc_uring_prep_call(struct io_uring_sqe *sqe, int fd, struct ipc_uring *op,
			 ipc_task_t dst, struct ipc_msg *msg, size_t *len,
			 struct ipc_cargo *cargo, uint64_t deadline)
{
	prepare(sqe, fd, op, ipc_exchange_call(&operation_of(op)->exchange, dst, msg, len,
					       cargo, deadline));
}

void ipc_uring_prep_reply(struct io_uring_sqe *sqe, int fd, struct ipc_uring *op,
			  ipc_token_t token, struct ipc_msg *msg, size_t len,
			  const struct ipc_cargo *cargo)
{
	prepare(sqe, fd, op, ipc_exchange_reply(&operation_of(op)->exchange, token, msg, len,
						cargo));
}

void ipc_uring_prep_replyrecv(struct io_uring_sqe *sqe, int fd, struct ipc_uring *op,
			      ipc_task_t src, struct ipc_msg *msg, size_t *len,
			      ipc_token_t *token, struct ipc_cargo *cargo,
			      uint64_t deadline)
{
	prepare(sqe, fd, op, ipc_exchange_replyrecv(&operation_of(op)->exchange, src, msg, len,
						    token, cargo, deadline));
}

void ipc_uring_prep_again(struct io_uring_sqe *sqe, struct ipc_uring *op)
{
	fill_in(sqe, operation_of(op));
}

int ipc_uring_result(struct ipc_uring *op, int res)
{
	struct operation *operation = operation_of(op);

	if (operation->error)
		return operation->error;
	return ipc_exchange_end(&operation->exchange, operation->fd, res);
}
