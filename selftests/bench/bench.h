/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: the IPC benchmark
 *
 * A *transport* is one way for a client and a server process to exchange
 * messages. A *pair* is one such client and server over one transport, made
 * afresh for every measurement. What both do besides the exchange (filling and
 * checking the payload, counting rounds) is the same code for all transports,
 * so that rows of the table differ by the transport alone.
 *
 * Only one pair exists at a time: transports keep their descriptors in statics,
 * which fork() hands to both sides.
 *
 * Functions that return int return 0, or -1 with errno set.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

/* Parley's largest payload; the other transports are measured up to it, too. */
#define BENCH_BYTES_MAX		248
#define BENCH_WORDS_MAX		(BENCH_BYTES_MAX / sizeof(uint64_t))

#define BENCH_WARM_UP		500
#define BENCH_ROUNDS		4000
#define BENCH_REPEATS		3

/** enum role - a side of a pair, and the direction of what is sent to it. */
enum role {
	SERVER,
	CLIENT,
	ROLES
};

/**
 * struct shared - memory that both sides of a pair see
 * @elapsed: nanoseconds that the client's measured rounds took
 * @server_task: Parley's id of the server
 * @gate: per role, for transports that pass payload through this memory
 * @gate.posted: number of messages sent to the role; a futex
 * @gate.sleeping: the role sleeps or is about to, and wants to be woken
 * @message: per role, the payload sent to it
 */
struct shared {
	uint64_t elapsed;
	int32_t server_task;
	struct {
		uint32_t posted;
		uint32_t sleeping;
	} gate[ROLES];
	uint64_t message[ROLES][BENCH_WORDS_MAX];
};

/**
 * struct pair - what a transport needs to know of the exchange it is part of
 * @bytes: payload bytes of every message
 * @message: payload sent to each role; private to the process unless the
 *	transport points it elsewhere when set up
 * @shared: memory shared by the two
 */
struct pair {
	size_t bytes;
	uint64_t *message[ROLES];
	struct shared *shared;
};

/**
 * struct transport - a way to exchange messages
 * @name: row of the table
 * @setup: open what the two sides share, before they are forked
 * @join: open what belongs to one side, in its process and as its user; the
 *	server's is done before the client's begins. May be NULL
 * @post: send message[to]; NULL if the next @take does it in the same call
 * @take: wait for message[me]
 * @teardown: close what @setup opened; also after a failed @setup
 */
struct transport {
	const char *name;
	int (*setup)(struct pair *pair);
	int (*join)(struct pair *pair, enum role me);
	int (*post)(struct pair *pair, enum role to);
	int (*take)(struct pair *pair, enum role me);
	void (*teardown)(void);
};

extern const struct transport transport_parley;
extern const struct transport transport_pipe;
extern const struct transport transport_unix_stream;
extern const struct transport transport_unix_seqpacket;
extern const struct transport transport_mqueue;
extern const struct transport transport_eventfd;
extern const struct transport transport_futex;
extern const struct transport transport_yield;

/**
 * pair_measure() - run one pair to its end
 * @transport: what it talks over
 * @bytes: payload size, a multiple of 8
 * @per_round: receives the nanoseconds of a round trip
 *
 * Says on stderr what went wrong, if anything did.
 */
int pair_measure(const struct transport *transport, size_t bytes, double *per_round);

/** payload_fill() - write the message of round @round to role @to. */
void payload_fill(uint64_t *words, size_t bytes, uint32_t round, enum role to);

/** payload_check() - 0 if @words is what payload_fill() wrote, else EBADMSG. */
int payload_check(const uint64_t *words, size_t bytes, uint32_t round, enum role to);

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
