// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async.h"
#include "bond.h"
#include "message.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/parley_proto.h>

static_assert(LIBIPC_NOTIFY_ASYNC == PARLEY_NOTIFY_ASYNC, "uapi");
static_assert(LIBIPC_ASYNC_PEERS == PARLEY_ASYNC_PEERS, "uapi");

#define BUCKETS	64

/* A ring. In it, @src of a message keeps its length: no sender needs that. */
struct queue {
	struct queue *next;
	ipc_task_t peer;
	unsigned int limit;
	unsigned int first;
	unsigned int count;
	struct ipc_msg ring[];
};

/* All zero in a child of fork(), and of no descriptor then. */
struct outbox {
	struct outbox *next;
	bool used;
	int fd;
	unsigned int limit;
	pthread_mutex_t lock;
	struct queue *buckets[BUCKETS];
};

static struct outbox *_Atomic outboxes;

/* Memory that a child of fork() has not, or has zeroed, as @fork says. */
static void *map(size_t size, int fork)
{
	int saved = errno;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory != MAP_FAILED && madvise(memory, size, fork)) {
		munmap(memory, size);
		memory = MAP_FAILED;
	}
	errno = saved;
	return memory == MAP_FAILED ? NULL : memory;
}

static struct outbox *outbox_find(int fd)
{
	struct outbox *box = atomic_load(&outboxes);

	while (box && !(box->used && box->fd == fd))
		box = box->next;
	return box;
}

/* The outbox of @fd, a new one if need be. */
static struct outbox *outbox_get(int fd)
{
	struct outbox *box = outbox_find(fd), *made;

	if (box)
		return box;
	made = map(sizeof(*made), MADV_WIPEONFORK);
	if (!made)
		return NULL;
	made->used = true;
	made->fd = fd;
	made->limit = LIBIPC_ASYNC_LIMIT;
	pthread_mutex_init(&made->lock, NULL);
	made->next = atomic_load(&outboxes);
	do {
		box = outbox_find(fd);
	} while (!box && !atomic_compare_exchange_strong(&outboxes, &made->next, made));
	if (!box)
		return made;
	munmap(made, sizeof(*made));
	return box;
}

static void outbox_lock(struct outbox *box, sigset_t *mask)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, mask);
	pthread_mutex_lock(&box->lock);
}

static void outbox_unlock(struct outbox *box, const sigset_t *mask)
{
	pthread_mutex_unlock(&box->lock);
	pthread_sigmask(SIG_SETMASK, mask, NULL);
}

/* Where the queue for @peer is, or where it would be the last of its bucket. */
static struct queue **queue_find(struct outbox *box, ipc_task_t peer)
{
	struct queue **at = &box->buckets[(unsigned int)peer % BUCKETS];

	while (*at && (*at)->peer != peer)
		at = &(*at)->next;
	return at;
}

static size_t queue_size(unsigned int limit)
{
	return sizeof(struct queue) + limit * sizeof(struct ipc_msg);
}

static void queue_drop(struct queue **at)
{
	struct queue *queue = *at;

	*at = queue->next;
	munmap(queue, queue_size(queue->limit));
}

/* A task that has died has no link any more; nor has its id's next owner. */
static bool peer_is_gone(ipc_task_t peer)
{
	int ret = ipc_bond(PARLEY_IOC_BOND, PARLEY_BOND_LINK, peer);

	if (ret == 0)
		ipc_bond(PARLEY_IOC_UNBOND, PARLEY_BOND_LINK, peer);
	return ret == 0 || ret == -ENOTCONN;
}

/* Who moves in clears out what is left of the dead. */
static int queue_make(struct outbox *box, ipc_task_t peer)
{
	struct queue **bucket = &box->buckets[(unsigned int)peer % BUCKETS];
	struct queue **at = bucket, *queue;
	int ret;

	while (*at) {
		if (peer_is_gone((*at)->peer))
			queue_drop(at);
		else
			at = &(*at)->next;
	}
	ret = ipc_bond(PARLEY_IOC_BOND, PARLEY_BOND_LINK, peer);
	if (ret < 0 && ret != -EEXIST)
		return ret;
	queue = map(queue_size(box->limit), MADV_DONTFORK);
	if (!queue) {
		ipc_bond(PARLEY_IOC_UNBOND, PARLEY_BOND_LINK, peer);
		return -ENOMEM;
	}
	queue->peer = peer;
	queue->limit = box->limit;
	queue->next = *bucket;
	*bucket = queue;
	return 0;
}

static int queue_notify(const struct queue *queue)
{
	struct parley_notify notify = {
		.size = sizeof(notify),
		.peer = queue->peer,
		.bits = PARLEY_NOTIFY_ASYNC,
	};
	int ret = ipc_task_ioctl(PARLEY_IOC_NOTIFY, &notify);

	/* Without the link it is the id's next owner. */
	return ret == -ENOENT ? -ENOTCONN : ret;
}

/* Notifies every time: that also tells whether there is still anybody. */
static int queue_push(struct queue **at, const struct ipc_msg *msg, size_t len)
{
	struct queue *queue = *at;
	struct ipc_msg *last;
	int ret = queue_notify(queue);

	if (ret == -ENOTCONN)
		queue_drop(at);
	if (ret < 0)
		return ret;
	if (queue->count == queue->limit)
		return -ENOBUFS;
	last = &queue->ring[(queue->first + queue->count++) % queue->limit];
	last->type = msg->type;
	last->src = len;
	memcpy(last->data, msg->data, len);
	return 0;
}

/* An empty ring begins anew: a short queue stays on few pages. */
static void queue_pop(struct queue *queue)
{
	queue->first = --queue->count ? (queue->first + 1) % queue->limit : 0;
}

int ipc_async_send(ipc_task_t dst, const struct ipc_msg *msg, size_t len)
{
	int fd = ipc_fd(), ret = 0;
	struct outbox *box;
	struct queue **at;
	sigset_t mask;

	if (!msg)
		return -EFAULT;
	if (len > sizeof(msg->data))
		return -EMSGSIZE;
	if (msg->type < 0)
		return -EINVAL;
	if (fd < 0)
		return fd;
	box = outbox_get(fd);
	if (!box)
		return -ENOMEM;

	outbox_lock(box, &mask);
	at = queue_find(box, dst);
	if (!*at) {
		ret = queue_make(box, dst);
		at = queue_find(box, dst);
	}
	if (ret == 0)
		ret = queue_push(at, msg, len);
	outbox_unlock(box, &mask);
	return ret;
}

static int reply(int fd, ipc_token_t token, const struct ipc_msg *msg, size_t len)
{
	struct parley_ipc ipc = {
		.size = sizeof(ipc),
		.send = ipc_address(msg),
		.send_len = len,
		.token = token,
	};

	return ipc_fd_ioctl(fd, PARLEY_IOC_REPLY, &ipc);
}

void ipc_async_answer(int fd, ipc_task_t peer, ipc_token_t token)
{
	static const struct ipc_msg none = { .type = -ENODATA };
	struct outbox *box = outbox_find(fd);
	struct queue *queue;
	sigset_t mask;

	if (!box) {
		reply(fd, token, &none, 0);
		return;
	}
	outbox_lock(box, &mask);
	queue = *queue_find(box, peer);
	if (queue && queue->count) {
		const struct ipc_msg *msg = &queue->ring[queue->first];

		if (reply(fd, token, msg, msg->src) == 0)
			queue_pop(queue);
	} else {
		reply(fd, token, &none, 0);
	}
	outbox_unlock(box, &mask);
}

void ipc_async_forget(int fd)
{
	struct outbox *box = outbox_find(fd);
	sigset_t mask;

	if (!box)
		return;
	outbox_lock(box, &mask);
	for (int i = 0; i < BUCKETS; i++)
		while (box->buckets[i])
			queue_drop(&box->buckets[i]);
	box->limit = LIBIPC_ASYNC_LIMIT;
	outbox_unlock(box, &mask);
}

int ipc_async_limit(unsigned int messages)
{
	int fd = ipc_fd();
	struct outbox *box;
	sigset_t mask;

	if (!messages || messages > LIBIPC_ASYNC_LIMIT_MAX)
		return -EINVAL;
	if (fd < 0)
		return fd;
	box = outbox_get(fd);
	if (!box)
		return -ENOMEM;
	outbox_lock(box, &mask);
	box->limit = messages;
	outbox_unlock(box, &mask);
	return 0;
}

int ipc_async_recv(ipc_task_t src, struct ipc_msg *msg, size_t *len, uint64_t deadline)
{
	struct ipc_msg next = { .type = LIBIPC_ASYNC };
	size_t next_len = 0;
	int ret;

	if (!msg)
		return -EFAULT;
	ret = ipc_call(src, &next, &next_len, deadline);
	if (ret == -ECONNRESET)
		return -ENOTCONN;
	if (ret < 0)
		return ret;
	if (next.type < 0)
		return next.type == -ENODATA ? -ENODATA : -EPROTO;
	*msg = next;
	if (len)
		*len = next_len;
	return 0;
}

size_t ipc_async_peers(const struct ipc_msg *msg, ipc_task_t *peers)
{
	struct parley_global_notifications told;

	if (msg->src != LIBIPC_TASK_KERNEL || msg->type != LIBIPC_NOTIFICATIONS)
		return 0;
	memcpy(&told, msg->data, sizeof(told));
	if (told.peers_len > LIBIPC_ASYNC_PEERS)
		return 0;
	memcpy(peers, told.peers, told.peers_len * sizeof(told.peers[0]));
	return told.peers_len;
}
