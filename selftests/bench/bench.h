/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: the IPC benchmark
 *
 * A *transport* is one way for a client and a server process to exchange
 * messages. A *pair* is one such client and server over one transport, made
 * afresh for every measurement. The *exchange* is what both do whatever the
 * transport (filling and checking the payload, counting rounds): the same code
 * for all, so that rows of the table differ by the transport alone.
 *
 * Only one pair exists at a time: transports keep their descriptors in statics,
 * which fork() hands to both sides.
 *
 * Functions that return int return 0, or -1 with errno set.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Parley's largest payload out of line. */
#define BENCH_BYTES_MAX		1048576
#define BENCH_WORDS_MAX		(BENCH_BYTES_MAX / sizeof(uint64_t))

/* Bulk begins with a page, as it does in most buffers of its size. */
#define bench_aligned		__attribute__((aligned(4096)))

#define BENCH_REPEATS		3

/** enum role - a side of a pair, and the direction of what is sent to it. */
enum role {
	SERVER,
	CLIENT,
	ROLES
};

/**
 * enum phase - the rounds of a pair, as they follow each other
 * @BEFORE: warm up
 * @SETTLE: as in TIMED, until the scheduler is used to it
 * @TIMED: what the row says
 * @AFTER: show that what was timed has left everything in order
 */
enum phase {
	BEFORE,
	SETTLE,
	TIMED,
	AFTER,
	PHASES
};

/**
 * struct payload - how much is written and compared of a message
 * @fill: write the message of round @round to role @to
 * @check: 0 if @words is what @fill wrote, else EBADMSG
 */
struct payload {
	void (*fill)(uint64_t *words, size_t bytes, uint32_t round, enum role to);
	int (*check)(const uint64_t *words, size_t bytes, uint32_t round, enum role to);
};

/* All of it; and its first and last word. */
extern const struct payload payload_whole;
extern const struct payload payload_ends;

/**
 * enum shape - which messages are as large as the case says
 * @EVEN: requests and replies
 * @BULK_REQUEST: requests; replies are one word
 * @BULK_REPLY: replies; requests are one word
 *
 * Bulk would cost more to fill and check than to send: in SETTLE and TIMED this
 * is done to its ends only.
 */
enum shape {
	EVEN,
	BULK_REQUEST,
	BULK_REPLY,
};

/**
 * struct shared - memory that both sides of a pair see
 * @elapsed: nanoseconds that the client's timed rounds took
 * @server: the server's name to the client: a task of Parley's, or a process
 * @gate: per role, for transports that pass payload through this memory
 * @gate.posted: number of messages sent to the role; a futex
 * @gate.sleeping: the role sleeps or is about to, and wants to be woken
 * @message: per role, the payload sent to it
 */
struct shared {
	uint64_t elapsed;
	int32_t server;
	struct {
		uint32_t posted;
		uint32_t sleeping;
	} gate[ROLES];
	uint64_t message[ROLES][BENCH_WORDS_MAX] bench_aligned;
};

/**
 * struct pair - what a transport needs to know of the exchange it is part of
 * @bytes: payload bytes of a message to each role
 * @rounds: round trips of each phase
 * @payload: what is filled and checked in each phase
 * @message: payload sent to each role; private to the process, and in both at the
 *	same address, unless the transport points it elsewhere when set up
 * @shared: memory shared by the two
 */
struct pair {
	size_t bytes[ROLES];
	uint32_t rounds[PHASES];
	struct payload payload[PHASES];
	uint64_t *message[ROLES];
	struct shared *shared;
};

/**
 * struct transport - a way to exchange messages
 * @name: row of the table
 * @one_user: the two sides belong to the same user, and not to one each
 * @setup: open what the two sides share, before they are forked. May be NULL
 * @join: open what belongs to one side, in its process and as its user; the
 *	server's is done before the client's begins. May be NULL
 * @post: send message[to]; NULL if the next @take does it in the same call
 * @take: wait for message[me]
 * @teardown: close what @setup opened; also after a failed @setup. May be NULL
 */
struct transport {
	const char *name;
	bool one_user;
	int (*setup)(struct pair *pair);
	int (*join)(struct pair *pair, enum role me);
	int (*post)(struct pair *pair, enum role to);
	int (*take)(struct pair *pair, enum role me);
	void (*teardown)(void);
};

extern const struct transport transport_parley;
extern const struct transport transport_parley_ool;
extern const struct transport transport_parley_filerange;
extern const struct transport transport_pipe;
extern const struct transport transport_unix_stream;
extern const struct transport transport_unix_seqpacket;
extern const struct transport transport_mqueue;
extern const struct transport transport_eventfd;
extern const struct transport transport_futex;
extern const struct transport transport_yield;
extern const struct transport transport_process_vm;
extern const struct transport transport_memcpy;
extern const struct transport transport_pread;

/**
 * pair_measure() - run one pair to its end
 * @transport: what it talks over
 * @bytes: payload size, a multiple of 8
 * @shape: of which messages
 * @per_round: receives the nanoseconds of a round trip
 *
 * Says on stderr what went wrong, if anything did.
 */
int pair_measure(const struct transport *transport, size_t bytes, enum shape shape,
		 double *per_round);

/**
 * exchange() - play one role of a pair
 *
 * Only the client's comes to an end. Its having the last reply proves that the
 * server has checked each request.
 */
int exchange(const struct transport *transport, struct pair *pair, enum role me);

/**
 * file_open() - make a file of the replies of all rounds, one after the other
 *
 * Returns a descriptor for reading, or -1. Uses the client's message to write it.
 */
int file_open(const struct pair *pair);

/** clock_now() - nanoseconds of CLOCK_MONOTONIC. */
uint64_t clock_now(void);

/** clock_counts_instructions() - 0 if a nanosecond is an instruction here. */
int clock_counts_instructions(void);

/**
 * struct row - a finished line of the table
 * @name: the transport
 * @bytes: payload size
 * @instructions: of one round trip; 0 if it was not measured
 * @ratio: @instructions, relative to a pipe with the same payload
 */
struct row {
	const char *name;
	size_t bytes;
	double instructions;
	double ratio;
};

/** report_table() - print the rows for people. */
void report_table(const struct row *rows, size_t count);

/** report_json() - write the rows to the file @path. */
int report_json(const char *path, const struct row *rows, size_t count);

#endif /* BENCH_H */
