/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A letter: content that shows which request a reply belongs to, and whether
 * any of it was lost, mixed up or changed on the way. It is the payload of a
 * message, of random length and content under a checksum.
 */
#ifndef STRESS_LETTER_H
#define STRESS_LETTER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <linux/parley.h>

#define LETTER_TEXT_MAX	(PARLEY_PAYLOAD_MAX - 24)

struct letter {
	__u32 client;
	__u32 len;
	__u64 seq;
	__u64 sum;
	__u8 text[LETTER_TEXT_MAX];
};

_Static_assert(sizeof(struct letter) == PARLEY_PAYLOAD_MAX, "a letter is a payload");

static inline struct letter *letter_of(struct parley_msg *msg)
{
	return (struct letter *)msg->payload;
}

static inline __u32 letter_size(const struct letter *letter)
{
	return offsetof(struct letter, text) + letter->len;
}

/* xorshift64: quick, and the same everywhere. */
static inline __u64 random_next(__u64 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static inline __u64 letter_sum(const struct letter *letter)
{
	__u64 sum = letter->seq * 31 + letter->client + ((__u64)letter->len << 32);
	__u32 at;

	for (at = 0; at < letter->len; at += 8) {
		__u64 word = 0;

		memcpy(&word, letter->text + at, letter->len - at < 8 ? letter->len - at : 8);
		sum = (sum ^ word) * 0x100000001b3ULL;
		sum ^= sum >> 29;
	}
	return sum;
}

static inline void letter_write(struct letter *letter, __u32 client, __u64 seq, __u64 *seed)
{
	__u32 at;

	letter->client = client;
	letter->seq = seq;
	letter->len = random_next(seed) % (LETTER_TEXT_MAX + 1);
	for (at = 0; at < LETTER_TEXT_MAX; at += 8) {
		__u64 word = random_next(seed);

		memcpy(letter->text + at, &word, 8);
	}
	letter->sum = letter_sum(letter);
}

/* Is a payload of @size bytes an intact letter? */
static inline bool letter_intact(const struct letter *letter, __u32 size)
{
	return size >= offsetof(struct letter, text) && letter->len <= LETTER_TEXT_MAX &&
	       size == letter_size(letter) && letter->sum == letter_sum(letter);
}

/* The answer repeats the request's text inverted. */
static inline void letter_answer(struct letter *answer, const struct letter *request)
{
	__u32 i;

	answer->client = request->client;
	answer->seq = request->seq;
	answer->len = request->len;
	for (i = 0; i < request->len; i++)
		answer->text[i] = ~request->text[i];
	answer->sum = letter_sum(answer);
}

static inline bool letter_answers(const struct letter *answer, __u32 size,
				  const struct letter *request)
{
	struct letter expected;

	letter_answer(&expected, request);
	return letter_intact(answer, size) && answer->client == request->client &&
	       answer->seq == request->seq && answer->sum == expected.sum &&
	       size == letter_size(&expected) && !memcmp(answer->text, expected.text, expected.len);
}

#endif /* STRESS_LETTER_H */
