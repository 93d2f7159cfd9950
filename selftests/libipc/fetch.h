/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: what the tests of async messages share
 *
 * A message carries its number, which is also its type; with its length it
 * varies, and so does the rest of the payload.
 */
#ifndef SELFTESTS_LIBIPC_FETCH_H
#define SELFTESTS_LIBIPC_FETCH_H

#include <poll.h>

#include "common.h"

/* One-way: whoever runs serve() ends. */
#define QUIT	INT32_MAX

static inline size_t async_len(unsigned int n)
{
	return n % (LIBIPC_PAYLOAD_MAX + 1);
}

static inline int async_send(ipc_task_t dst, unsigned int n)
{
	struct ipc_msg msg = { .type = n };

	fill(&msg, n, async_len(n));
	return ipc_async_send(dst, &msg, async_len(n));
}

/* As long as there is no room: waits for somebody to ask, and answers. */
static inline int send_patiently(ipc_task_t dst, unsigned int n)
{
	struct pollfd pollfd = { .fd = ipc_fd(), .events = POLLIN };
	struct ipc_msg msg;
	ipc_token_t token;
	int err;

	while ((err = async_send(dst, n)) == -ENOBUFS) {
		poll(&pollfd, 1, -1);
		ipc_recv(LIBIPC_TASK_ANY, &msg, NULL, &token, LIBIPC_NOWAIT);
	}
	return err;
}

/* Fetches message @n; -EBADMSG if it is another one. */
static inline int async_recv(ipc_task_t src, unsigned int n, uint64_t deadline)
{
	struct ipc_msg msg;
	size_t len = 0;
	int err = ipc_async_recv(src, &msg, &len, deadline);

	if (err)
		return err;
	if (msg.type == (int)n && msg.src == src && len == async_len(n) && filled(&msg, n, len))
		return 0;
	fprintf(stderr, "# expected message %u of task %d, got %d, %zu bytes, of %d\n",
		n, src, msg.type, len, msg.src);
	return -EBADMSG;
}

/* Receives, and with that answers, until there is a message QUIT. */
static inline int serve(void)
{
	struct ipc_msg msg;
	ipc_token_t token;
	int err;

	do {
		err = ipc_recv(LIBIPC_TASK_ANY, &msg, NULL, &token, LIBIPC_FOREVER);
	} while (err == -EINTR || (!err && msg.type != QUIT));
	return err;
}

static inline int quit(ipc_task_t server)
{
	struct ipc_msg msg = { .type = QUIT };

	return ipc_send(server, &msg, 0, LIBIPC_FOREVER);
}

#endif /* SELFTESTS_LIBIPC_FETCH_H */
