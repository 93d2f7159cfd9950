// SPDX-License-Identifier: LGPL-2.1-or-later
#include "exchange.h"

#pragma GCC visibility push(default)
#include "libipc-uring.h"
#pragma GCC visibility pop

#include <assert.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

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

static void clear(struct io_uring_sqe *sqe, unsigned int opcode)
{
	uint64_t user_data = sqe->user_data;

	memset(sqe, 0, sizeof(*sqe));
	sqe->user_data = user_data;
	sqe->fd = -1;
	sqe->opcode = opcode;
}

static void command(struct io_uring_sqe *sqe, int fd, unsigned long op,
		    const struct operation *operation)
{
	const struct parley_uring cmd = { .ipc = ipc_address(&operation->exchange.ipc) };

	clear(sqe, IORING_OP_URING_CMD);
	sqe->fd = fd;
	sqe->cmd_op = op;
	memcpy(sqe->cmd, &cmd, sizeof(cmd));
}

/* One with an error completes all the same: the application waits for it. */
static void fill_in(struct io_uring_sqe *sqe, struct operation *operation)
{
	if (operation->error)
		clear(sqe, IORING_OP_NOP);
	else
		command(sqe, operation->fd, operation->exchange.op, operation);
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

static uint64_t features_of(int fd)
{
	struct parley_info info = { .size = sizeof(info) };

	return ipc_fd_ioctl(fd, PARLEY_IOC_INFO, &info) < 0 ? 0 : info.features;
}

/*
 * All tasks have the same ones, so they are asked for once. What is no descriptor of a
 * task may be the number of a registered file.
 */
static uint64_t features_known(int fd)
{
	static _Atomic uint64_t known;
	uint64_t features = atomic_load_explicit(&known, memory_order_relaxed);

	if (features)
		return features;
	features = features_of(fd);
	if (!features) {
		int other = ipc_open();

		if (other < 0)
			return 0;
		features = features_of(other);
		close(other);
	}
	atomic_store_explicit(&known, features, memory_order_relaxed);
	return features;
}

void ipc_uring_prep_cancel(struct io_uring_sqe *sqe, int fd, const struct ipc_uring *op,
			   uint64_t user_data)
{
	if (features_known(fd) & LIBIPC_FEATURE_URING_ASYNC) {
		command(sqe, fd, PARLEY_IOC_CANCEL, (const struct operation *)op);
	} else {
		clear(sqe, IORING_OP_ASYNC_CANCEL);
		sqe->addr = user_data;
	}
}

int ipc_uring_result(struct ipc_uring *op, int res)
{
	struct operation *operation = operation_of(op);

	if (operation->error)
		return operation->error;
	return ipc_exchange_end(&operation->exchange, operation->fd, res);
}
