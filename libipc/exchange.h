/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * DOC: an operation with all that goes and comes (internal)
 *
 * From what the program says to what the kernel is told, and back. In between it
 * is done, at once on the stack, or over io_uring where the application keeps it.
 * Nothing in it needs to be freed.
 */
#ifndef LIBIPC_EXCHANGE_H
#define LIBIPC_EXCHANGE_H

#include "message.h"

#pragma GCC visibility push(default)
#include "libipc-cargo.h"
#pragma GCC visibility pop

/**
 * struct ipc_exchange - an operation
 * @op: PARLEY_IOC_*; 0 is one that can't be
 * @ipc: its argument
 * @cargo: what that names for @theirs
 * @msg: the program's, as are all below
 * @len: where to store the length received, or NULL
 * @token: of a receive
 * @theirs: of what receives, or NULL
 *
 * What the application keeps of it is, to the compiler, of another type.
 */
struct ipc_exchange {
	unsigned long op;
	struct parley_ipc ipc;
	struct parley_cargo cargo;
	struct ipc_msg *msg;
	size_t *len;
	ipc_token_t *token;
	struct ipc_cargo *theirs;
} __attribute__((may_alias));

/*
 * These make one. Arguments are those of the functions that do the operation.
 * Return: 0, or a negative errno that is the operation's result.
 */
int ipc_exchange_send(struct ipc_exchange *exchange, ipc_task_t dst, struct ipc_msg *msg,
		      size_t len, const struct ipc_cargo *cargo, uint64_t deadline);
int ipc_exchange_recv(struct ipc_exchange *exchange, ipc_task_t src, struct ipc_msg *msg,
		      size_t *len, ipc_token_t *token, struct ipc_cargo *cargo,
		      uint64_t deadline);
int ipc_exchange_call(struct ipc_exchange *exchange, ipc_task_t dst, struct ipc_msg *msg,
		      size_t *len, struct ipc_cargo *cargo, uint64_t deadline);
int ipc_exchange_reply(struct ipc_exchange *exchange, ipc_token_t token, struct ipc_msg *msg,
		       size_t len, const struct ipc_cargo *cargo);
int ipc_exchange_replyrecv(struct ipc_exchange *exchange, ipc_task_t src, struct ipc_msg *msg,
			   size_t *len, ipc_token_t *token, struct ipc_cargo *cargo,
			   uint64_t deadline);

/* IPC_AGAIN - not an end: what came was libipc's to answer. */
#define IPC_AGAIN	1

/**
 * ipc_exchange_end() - tell the program what the kernel did
 * @exchange: the operation
 * @fd: the task that did it
 * @ret: its result
 *
 * Return: the program's result; or IPC_AGAIN, and @exchange is to be done again.
 */
int ipc_exchange_end(struct ipc_exchange *exchange, int fd, int ret);

#endif /* LIBIPC_EXCHANGE_H */
