/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * DOC: messages that wait to be fetched (internal)
 *
 * Each descriptor that was ever used for ipc_async_send() has an outbox, with a
 * queue for each peer. Outboxes are found without a lock and stay for good;
 * each has a lock for its queues. Signals are blocked while it is held, so that
 * a handler may receive, and with that answer. It covers notifying and
 * answering, which never wait, so that
 * - no message is handed out twice, and one goes only when it was taken;
 * - whoever was told that a queue is empty is notified of what comes after.
 *
 * A child of fork() starts without: the kernel doesn't give it the queues, and
 * gives it the outboxes empty.
 */
#ifndef LIBIPC_ASYNC_H
#define LIBIPC_ASYNC_H

#include "task.h"

/**
 * ipc_async_answer() - answer a request for the next message
 * @fd: descriptor of the task that got it
 * @peer: who asks
 * @token: the right to answer
 */
void ipc_async_answer(int fd, ipc_task_t peer, ipc_token_t token);

/**
 * ipc_async_forget() - drop what another task of the same descriptor has queued
 * @fd: descriptor of a new task
 */
void ipc_async_forget(int fd);

#endif /* LIBIPC_ASYNC_H */
