/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: what the tests of cargo share
 *
 * Buffers of out-of-line payload, whose content follows from a number as that of
 * messages does; what a process has of what may leak.
 */
#ifndef SELFTESTS_LIBIPC_CARGO_H
#define SELFTESTS_LIBIPC_CARGO_H

#include <fcntl.h>
#include <sys/mman.h>

#include "common.h"

#define HEAD	sizeof(struct ipc_ool)

/* Lengths at which something may change. */
static const size_t lengths[] = {
	0, 1, 8, 4095, 4096, 4097, 8192, 65537, LIBIPC_OOL_MAX - 1, LIBIPC_OOL_MAX
};

#define LENGTHS	(sizeof(lengths) / sizeof(lengths[0]))

/* For peer_start(), as peer_send() and the like. */
static inline void peer_send_cargo(struct peer *peer)
{
	peer->err = ipc_send_cargo(peer->to, &peer->msg, peer->len, &peer->cargo,
				   peer->deadline);
}

static inline void peer_recv_cargo(struct peer *peer)
{
	peer->err = ipc_recv_cargo(LIBIPC_TASK_ANY, &peer->msg, &peer->len, &peer->token,
				   &peer->cargo, peer->deadline);
}

static inline void peer_call_cargo(struct peer *peer)
{
	peer->err = ipc_call_cargo(peer->to, &peer->msg, &peer->len, &peer->cargo,
				   peer->deadline);
}

/* Untouched pages take no memory. */
static inline uint8_t *buffer(size_t len)
{
	void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	if (memory == MAP_FAILED) {
		perror("mmap");
		abort();
	}
	return memory;
}

static inline void fill_bytes(uint8_t *bytes, size_t n, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = pattern(n, i);
}

static inline uint8_t *filled_buffer(size_t n, size_t len)
{
	uint8_t *bytes = buffer(len);

	fill_bytes(bytes, n, len);
	return bytes;
}

static inline bool has_bytes(const void *bytes, size_t n, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (((const uint8_t *)bytes)[i] != pattern(n, i)) {
			fprintf(stderr, "# byte %zu of %zu is wrong\n", i, len);
			return false;
		}
	}
	return true;
}

/* What the kernel has put before the message's own bytes. */
static inline struct ipc_ool head_of(const struct ipc_msg *msg)
{
	struct ipc_ool head;

	memcpy(&head, msg->data, sizeof(head));
	return head;
}

static inline bool nothing_came(const struct ipc_cargo *cargo)
{
	return !cargo->received && cargo->recv_fd == -1 && !cargo->recv_map &&
	       !cargo->recv_map_len;
}

static inline int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

static inline int count_maps(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	int count = 0, c;

	while (maps && (c = fgetc(maps)) != EOF)
		count += c == '\n';
	if (maps)
		fclose(maps);
	return count;
}

#endif /* SELFTESTS_LIBIPC_CARGO_H */
