// SPDX-License-Identifier: GPL-2.0
/* A file with the replies of all rounds; and read() by a client that has no server. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "bench.h"

/* The page cache and nothing else: this is a tmpfs. */
#define PATH	"/dev/shm/parley-bench"

static int file = -1;
static off_t offset;

static int write_replies(int fd, const struct pair *pair)
{
	uint64_t *reply = pair->message[CLIENT];
	size_t bytes = pair->bytes[CLIENT];
	uint32_t rounds = 0;

	for (enum phase phase = 0; phase < PHASES; phase++)
		rounds += pair->rounds[phase];
	for (uint32_t round = 0; round < rounds; round++) {
		payload_whole.fill(reply, bytes, round, CLIENT);
		if (write(fd, reply, bytes) != (ssize_t)bytes)
			return -1;
	}
	return 0;
}

/* The first reads of a page tell the kernel that it is in use, and cost more. */
static int warm_up(int fd, const struct pair *pair)
{
	ssize_t done = 1;

	for (int i = 0; i < 3 && done >= 0; i++) {
		lseek(fd, 0, SEEK_SET);
		do {
			done = read(fd, pair->message[CLIENT], pair->bytes[CLIENT]);
		} while (done > 0);
	}
	return done;
}

int file_open(const struct pair *pair)
{
	int writer = open(PATH, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int reader;

	if (writer < 0)
		return -1;
	reader = open(PATH, O_RDONLY | O_CLOEXEC);
	unlink(PATH);
	if (write_replies(writer, pair) || warm_up(reader, pair)) {
		close(reader);
		reader = -1;
	}
	close(writer);
	return reader;
}

static int pread_setup(struct pair *pair)
{
	file = file_open(pair);
	return file < 0 ? -1 : 0;
}

/* There is nothing for a server to do. */
static int pread_take(struct pair *pair, enum role me)
{
	size_t bytes = pair->bytes[me];
	ssize_t done;

	if (me == SERVER)
		return pause();
	done = pread(file, pair->message[me], bytes, offset);
	offset += bytes;
	if (done < 0 || (size_t)done == bytes)
		return done < 0 ? -1 : 0;
	errno = EPROTO;
	return -1;
}

static void pread_teardown(void)
{
	close(file);
	file = -1;
}

const struct transport transport_pread = {
	.name = "pread",
	.setup = pread_setup,
	.take = pread_take,
	.teardown = pread_teardown,
};
