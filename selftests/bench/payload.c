// SPDX-License-Identifier: GPL-2.0
/* The bytes that are sent: different in every round, direction and word. */
#include <errno.h>

#include "bench.h"

/* Odd constants, so that each step changes the lowest byte, too. */
#define ROUND_STEP	0x9e3779b97f4a7c15ULL
#define WORD_STEP	0xc2b2ae3d27d4eb4fULL

static uint64_t first_word(uint32_t round, enum role to)
{
	return (round * (uint64_t)ROLES + to + 1) * ROUND_STEP;
}

static void whole_fill(uint64_t *words, size_t bytes, uint32_t round, enum role to)
{
	uint64_t word = first_word(round, to);

	for (size_t i = 0; i < bytes / sizeof(*words); i++, word += WORD_STEP)
		words[i] = word;
}

static int whole_check(const uint64_t *words, size_t bytes, uint32_t round, enum role to)
{
	uint64_t word = first_word(round, to);
	uint64_t wrong = 0;

	for (size_t i = 0; i < bytes / sizeof(*words); i++, word += WORD_STEP)
		wrong |= words[i] ^ word;
	if (!wrong)
		return 0;
	errno = EBADMSG;
	return -1;
}

static size_t last(size_t bytes)
{
	return bytes / sizeof(uint64_t) - 1;
}

static void ends_fill(uint64_t *words, size_t bytes, uint32_t round, enum role to)
{
	words[last(bytes)] = first_word(round, to) + last(bytes) * WORD_STEP;
	words[0] = first_word(round, to);
}

static int ends_check(const uint64_t *words, size_t bytes, uint32_t round, enum role to)
{
	uint64_t word = first_word(round, to);

	if (words[0] == word && words[last(bytes)] == word + last(bytes) * WORD_STEP)
		return 0;
	errno = EBADMSG;
	return -1;
}

const struct payload payload_whole = { .fill = whole_fill, .check = whole_check };
const struct payload payload_ends = { .fill = ends_fill, .check = ends_check };
