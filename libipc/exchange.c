// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async.h"
#include "exchange.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static_assert(LIBIPC_CARGO_OOL == PARLEY_CARGO_OOL, "uapi");
static_assert(LIBIPC_CARGO_FD == PARLEY_CARGO_FD, "uapi");
static_assert(LIBIPC_CARGO_MAP == PARLEY_CARGO_MAP, "uapi");
static_assert(LIBIPC_CARGO_MAP_WRITE == PARLEY_CARGO_MAP_WRITE, "uapi");
static_assert(LIBIPC_CARGO_RANGE == PARLEY_CARGO_RANGE, "uapi");
static_assert(LIBIPC_OOL_MAX == PARLEY_OOL_MAX, "uapi");
static_assert(sizeof(struct ipc_ool) == sizeof(struct parley_ool), "uapi");
static_assert(offsetof(struct ipc_ool, addr) == offsetof(struct parley_ool, addr), "uapi");
static_assert(offsetof(struct ipc_ool, len) == offsetof(struct parley_ool, len), "uapi");

static void nothing_came(struct ipc_cargo *cargo)
{
	if (!cargo)
		return;
	cargo->received = 0;
	cargo->recv_fd = -1;
	cargo->recv_len = 0;
	cargo->recv_map = NULL;
	cargo->recv_map_len = 0;
}

static bool is_known(const struct ipc_cargo *cargo)
{
	static const uint64_t zero[sizeof(cargo->reserved) / sizeof(cargo->reserved[0])];

	return !memcmp(cargo->reserved, zero, sizeof(zero));
}

/* A range's bytes are in no memory yet, and it can't be had with any that are. */
static int put_head(struct ipc_exchange *exchange, struct ipc_msg *msg, size_t len,
		    const struct ipc_cargo *cargo)
{
	struct ipc_ool head = { .len = cargo->send_len };

	if (!(cargo->send & LIBIPC_CARGO_RANGE))
		head.addr = ipc_address(cargo->send_data);
	else if (cargo->send & LIBIPC_CARGO_OOL)
		return -EINVAL;
	if (len < sizeof(head))
		return -EINVAL;
	if (cargo->send_len > LIBIPC_OOL_MAX)
		return -EMSGSIZE;
	memcpy(msg->data, &head, sizeof(head));
	exchange->ipc.flags |= PARLEY_OOL;
	return 0;
}

static void use_cargo(struct ipc_exchange *exchange)
{
	exchange->cargo.size = sizeof(exchange->cargo);
	exchange->ipc.cargo = ipc_address(&exchange->cargo);
}

static int put_cargo(struct ipc_exchange *exchange, struct ipc_msg *msg, size_t len,
		     const struct ipc_cargo *cargo)
{
	unsigned int along = cargo->send & ~LIBIPC_CARGO_OOL;

	if (!is_known(cargo))
		return -EINVAL;
	if (along) {
		use_cargo(exchange);
		exchange->cargo.send = along;
		exchange->cargo.send_fd = cargo->send_fd;
	}
	if (along & ~LIBIPC_CARGO_FD)
		exchange->cargo.send_offset = cargo->send_offset;
	if (along & (LIBIPC_CARGO_MAP | LIBIPC_CARGO_MAP_WRITE))
		exchange->cargo.send_len = cargo->send_map_len;
	if (cargo->send & (LIBIPC_CARGO_OOL | LIBIPC_CARGO_RANGE))
		return put_head(exchange, msg, len, cargo);
	return 0;
}

/* What goes. */
static int put(struct ipc_exchange *exchange, struct ipc_msg *msg, size_t len,
	       const struct ipc_cargo *cargo)
{
	if (!msg)
		return -EFAULT;
	if (len > sizeof(msg->data))
		return -EMSGSIZE;
	exchange->ipc.send = ipc_address(msg);
	exchange->ipc.send_len = len;
	return cargo ? put_cargo(exchange, msg, len, cargo) : 0;
}

/* There is room for what may come; again if something has come since. */
static void make_room(struct ipc_exchange *exchange)
{
	const struct ipc_cargo *cargo = exchange->theirs;

	exchange->ipc.recv_len = sizeof(exchange->msg->data);
	if (!cargo || !cargo->accept)
		return;
	use_cargo(exchange);
	exchange->cargo.accept = cargo->accept;
	if (cargo->accept & LIBIPC_CARGO_OOL) {
		exchange->cargo.ool = ipc_address(cargo->recv_data);
		exchange->cargo.ool_len = cargo->recv_room;
	}
	if (cargo->accept & (LIBIPC_CARGO_MAP | LIBIPC_CARGO_MAP_WRITE))
		exchange->cargo.map_len = cargo->recv_map_room;
}

/* What comes. */
static int expect(struct ipc_exchange *exchange, struct ipc_msg *msg, size_t *len,
		  struct ipc_cargo *cargo)
{
	if (!msg)
		return -EFAULT;
	if (cargo && !is_known(cargo))
		return -EINVAL;
	exchange->ipc.recv = ipc_address(msg);
	exchange->msg = msg;
	exchange->len = len;
	exchange->theirs = cargo;
	make_room(exchange);
	return 0;
}

static void make(struct ipc_exchange *exchange, unsigned long op, ipc_task_t peer,
		 uint64_t deadline)
{
	memset(exchange, 0, sizeof(*exchange));
	exchange->op = op;
	exchange->ipc = ipc_waiting(peer, deadline);
}

int ipc_exchange_send(struct ipc_exchange *exchange, ipc_task_t dst, struct ipc_msg *msg,
		      size_t len, const struct ipc_cargo *cargo, uint64_t deadline)
{
	make(exchange, PARLEY_IOC_SEND, dst, deadline);
	return put(exchange, msg, len, cargo);
}

int ipc_exchange_recv(struct ipc_exchange *exchange, ipc_task_t src, struct ipc_msg *msg,
		      size_t *len, ipc_token_t *token, struct ipc_cargo *cargo,
		      uint64_t deadline)
{
	nothing_came(cargo);
	make(exchange, PARLEY_IOC_RECV, src, deadline);
	if (!token)
		return -EFAULT;
	exchange->token = token;
	if (cargo)
		exchange->ipc.creds = ipc_address(cargo->creds);
	return expect(exchange, msg, len, cargo);
}

int ipc_exchange_call(struct ipc_exchange *exchange, ipc_task_t dst, struct ipc_msg *msg,
		      size_t *len, struct ipc_cargo *cargo, uint64_t deadline)
{
	int ret;

	nothing_came(cargo);
	make(exchange, PARLEY_IOC_CALL, dst, deadline);
	if (!len)
		return -EFAULT;
	ret = put(exchange, msg, *len, cargo);
	return ret < 0 ? ret : expect(exchange, msg, len, cargo);
}

int ipc_exchange_reply(struct ipc_exchange *exchange, ipc_token_t token, struct ipc_msg *msg,
		       size_t len, const struct ipc_cargo *cargo)
{
	make(exchange, PARLEY_IOC_REPLY, 0, LIBIPC_FOREVER);
	exchange->ipc.token = token;
	return put(exchange, msg, len, cargo);
}

int ipc_exchange_replyrecv(struct ipc_exchange *exchange, ipc_task_t src, struct ipc_msg *msg,
			   size_t *len, ipc_token_t *token, struct ipc_cargo *cargo,
			   uint64_t deadline)
{
	int ret = ipc_exchange_recv(exchange, src, msg, len, token, cargo, deadline);

	if (ret < 0)
		return ret;
	if (!len)
		return -EFAULT;
	if (!*token)
		return 0;
	exchange->op = PARLEY_IOC_REPLYRECV;
	exchange->ipc.token = *token;
	return put(exchange, msg, *len, cargo);
}

/* What came with a message that the program doesn't get. */
static void discard(const struct parley_cargo *cargo)
{
	int saved = errno;

	if (cargo->received & PARLEY_CARGO_FD)
		close(cargo->recv_fd);
	if (cargo->received & (PARLEY_CARGO_MAP | PARLEY_CARGO_MAP_WRITE))
		munmap((void *)(uintptr_t)cargo->map, cargo->map_len);
	errno = saved;
}

/* There is nothing to reply to any more. */
static void receive_again(struct ipc_exchange *exchange)
{
	exchange->op = PARLEY_IOC_RECV;
	exchange->ipc.flags &= ~PARLEY_OOL;
	exchange->ipc.send = 0;
	exchange->ipc.send_len = 0;
	exchange->ipc.reply_error = 0;
	exchange->ipc.token = 0;
	exchange->ipc.cargo = 0;
	memset(&exchange->cargo, 0, sizeof(exchange->cargo));
	make_room(exchange);
}

static void came(const struct ipc_exchange *exchange)
{
	const struct parley_ipc *ipc = &exchange->ipc;
	struct ipc_cargo *cargo = exchange->theirs;

	memset(exchange->msg->data + ipc->recv_len, 0,
	       sizeof(exchange->msg->data) - ipc->recv_len);
	if (exchange->len)
		*exchange->len = ipc->recv_len;
	if (!cargo || !cargo->accept)
		return;
	cargo->received = exchange->cargo.received;
	if (cargo->received & LIBIPC_CARGO_OOL)
		cargo->recv_len = exchange->cargo.ool_len;
	if (cargo->received & LIBIPC_CARGO_FD)
		cargo->recv_fd = exchange->cargo.recv_fd;
	if (cargo->received & (LIBIPC_CARGO_MAP | LIBIPC_CARGO_MAP_WRITE)) {
		cargo->recv_map = (void *)(uintptr_t)exchange->cargo.map;
		cargo->recv_map_len = exchange->cargo.map_len;
	}
}

/* Told apart from a payload that was too long to be sent. */
static void did_not_fit(const struct ipc_exchange *exchange)
{
	struct ipc_cargo *cargo = exchange->theirs;

	if (cargo && cargo->accept & LIBIPC_CARGO_OOL &&
	    exchange->cargo.ool_len > cargo->recv_room)
		cargo->recv_len = exchange->cargo.ool_len;
}

int ipc_exchange_end(struct ipc_exchange *exchange, int fd, int ret)
{
	bool replied = exchange->op == PARLEY_IOC_REPLYRECV;

	if (!exchange->msg)
		return ret;
	if (ret == 0 && exchange->token && exchange->ipc.token &&
	    exchange->msg->type == LIBIPC_ASYNC) {
		ipc_async_answer(fd, exchange->msg->src, exchange->ipc.token);
		discard(&exchange->cargo);
		if (replied)
			*exchange->token = 0;
		receive_again(exchange);
		return IPC_AGAIN;
	}
	if (exchange->token && (ret == 0 || replied))
		*exchange->token = exchange->ipc.token;
	if (ret == 0)
		came(exchange);
	else if (ret == -EMSGSIZE)
		did_not_fit(exchange);
	return ret;
}
