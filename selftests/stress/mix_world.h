/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: the world of the mix
 *
 * Processes of two users, each with a few tasks (its *places*, numbered through
 * all processes) and threads (its *workers*), do whatever chance says. Here is
 * what they share, and what the threads of one process share: its *crew*.
 *
 * The first worker of a crew serves its places, and waits for nobody without a
 * deadline if there are others; so whoever waits for them is served, and crews
 * of one worker that wait for each other are told (EDEADLK).
 */
#ifndef STRESS_MIX_WORLD_H
#define STRESS_MIX_WORLD_H

#include <pthread.h>
#include <stdatomic.h>
#include "common.h"
#include "letter.h"

#define CREWS		16
#define EACH		4	/* places of a crew, and most of its workers */
#define PLACES		(CREWS * EACH)
#define HISTORY		1024	/* requests of a worker that are remembered */
#define WATCHES		16	/* of a place */
#define DEFERRED	8	/* requests that a crew answers later */
#define FIRST_UID	1000
#define NOTE		0x407e
#define IDLE		(-1)
#define ENDS		INT_MIN	/* ends a list of errors */

enum kind {
	CALL, SEND, RECV, REPLY, REPLYRECV, NOTIFY, CANCEL, MODE, BOND, UNBOND, CREDS,
	TIMER, EVENTFD, BUS, OPEN, INFO, POLL, DUMP, FORK, KINDS,
};

/* What may come of each, but for 0. What it depends on is checked on the spot. */
static const struct operation {
	const char *name;
	int legal[13];
} operations[KINDS] = {
	[CALL] = { "call", { -ENOTCONN, -ECONNRESET, -ETIMEDOUT, -EINTR, -EAGAIN, -EACCES,
			     -EDEADLK, -EMSGSIZE, -EFAULT, -EDQUOT, -ECANCELED,
			     -ENODATA, ENDS } },
	[SEND] = { "send", { -ENOTCONN, -ETIMEDOUT, -EINTR, -EAGAIN, -EACCES, -EDEADLK, -EDQUOT,
			     -ECANCELED, -ENODATA, ENDS } },
	[RECV] = { "receive", { -EAGAIN, -ETIMEDOUT, -EINTR, -ENOTCONN, -EMSGSIZE, -EFAULT,
				ENDS } },
	[REPLY] = { "reply", { -ENOENT, ENDS } },
	[REPLYRECV] = { "replyrecv", { -EAGAIN, -ETIMEDOUT, -EINTR, -ENOTCONN, -EMSGSIZE, -EFAULT,
				       ENDS } },
	[NOTIFY] = { "notify", { -ENOTCONN, -EACCES, -ENOENT, ENDS } },
	[CANCEL] = { "cancel", { -ENOENT, ENDS } },
	[MODE] = { "mode", { ENDS } },
	[BOND] = { "bond", { -ENOTCONN, -EEXIST, -EACCES, -EDQUOT, ENDS } },
	[UNBOND] = { "unbond", { -ENOENT, ENDS } },
	[CREDS] = { "creds", { -ENOENT, ENDS } },
	[TIMER] = { "timer", { ENDS } },
	[EVENTFD] = { "eventfd", { ENDS } },
	[BUS] = { "bus", { ENDS } },
	[OPEN] = { "open", { -EDQUOT, -EPERM, ENDS } },
	[INFO] = { "info", { -ESTALE, ENDS } },
	[POLL] = { "poll", { -EINTR, ENDS } },
	[DUMP] = { "dump", { ENDS } },
	[FORK] = { "fork", { -EAGAIN, ENDS } },
};

/**
 * struct worker - a thread, as others see it
 * @tid: it; changes when its crew is killed and another comes
 * @turns: counts what it does
 * @kind: of the operation that it is in
 * @requests: it has made; number of the latest, too
 * @ended: those that have come to their end
 * @lost: those that a kill has cut off; the controller's
 * @done: it does nothing any more, but serve
 * @ledger: what became of the latest requests (mix_ledger.h)
 */
struct worker {
	atomic_int tid;
	atomic_ulong turns;
	atomic_int kind;
	atomic_ulong requests;
	atomic_ulong ended;
	unsigned long lost;
	atomic_bool done;
	atomic_ullong ledger[HISTORY];
};

/**
 * struct world - what all share
 * @stop: nothing more is to be begun
 * @wrong: something was not as it should be
 * @family: generic netlink's number for ours
 * @seed: of all that is random
 * @ids: the task at each place
 * @workers: EACH for each crew, used or not
 * @done: how often an operation has ended well,
 * @failed: and how often not
 * @deadlocks: how often with EDEADLK
 */
static struct world {
	atomic_bool stop;
	atomic_bool wrong;
	int family;
	__u64 seed;
	atomic_int ids[PLACES];
	struct worker workers[PLACES];
	atomic_ulong done[KINDS];
	atomic_ulong failed[KINDS];
	atomic_ulong deadlocks;
} *world;

/**
 * struct place - a task of the crew
 * @fd: its descriptor; the number stays when the task is replaced
 * @users: who has something to do with it that goes on at the same task: a token
 *	means something only there; less than 0 while it is replaced
 * @watched: whom the present one watches, 0 where there is none
 */
struct place {
	int fd;
	atomic_int users;
	int watched[WATCHES];
};

/**
 * struct request - one that was taken, and is to be answered
 * @place: which has it
 * @token: the right to reply, 0 if there is no request
 * @letter: what it says
 */
struct request {
	struct place *place;
	__u64 token;
	struct letter letter;
};

/**
 * struct crew - the process, as its threads see it
 * @number: which
 * @size: how many workers
 * @lock: protects @deferred, and places' watches and replacement
 * @deferred: requests to be answered later
 */
static struct crew {
	int number;
	int size;
	pthread_mutex_t lock;
	struct place places[EACH];
	struct request deferred[DEFERRED];
} crew;

static __thread struct worker *me;
static __thread __u64 seed;

#define wrong(format, ...) do {							\
	world->wrong = true;							\
	give_up("crew %d, worker %d: " format, crew.number,			\
		(int)(me - world->workers) % EACH, ##__VA_ARGS__);		\
} while (0)

static int crew_size(int number)
{
	return number % EACH + 1;
}

static __u32 crew_uid(int number)
{
	return FIRST_UID + number / EACH % 2;
}

/* Less than @most. The generator's low bits are its worst. */
static __u32 chance(__u32 most)
{
	return (random_next(&seed) >> 24) % most;
}

static bool one_in(__u32 most)
{
	return !chance(most);
}

static bool is_server(void)
{
	return (me - world->workers) % EACH == 0;
}

static __u64 within_us(__u32 most)
{
	return now_ns() + chance(most) * 1000ULL;
}

static struct place *any_place(void)
{
	return &crew.places[chance(EACH)];
}

/* False if the place is being replaced. */
static bool place_enter(struct place *place)
{
	if (atomic_fetch_add(&place->users, 1) >= 0)
		return true;
	place->users--;
	return false;
}

static void place_leave(struct place *place)
{
	place->users--;
}

/* Once nobody is there, keep everybody out. */
static bool place_close(struct place *place)
{
	int nobody = 0;

	return atomic_compare_exchange_strong(&place->users, &nobody, -PLACES);
}

static void place_reopen(struct place *place)
{
	atomic_fetch_add(&place->users, PLACES);
}

/* A task of anybody's, or one that was; seldom none that ever was. */
static int any_id(void)
{
	return one_in(64) ? INT_MAX : world->ids[chance(PLACES)];
}

static bool is_legal(enum kind kind, int err)
{
	const int *legal = operations[kind].legal;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(operations[kind].legal) && legal[i] != ENDS; i++)
		if (legal[i] == err)
			return true;
	return !err;
}

static int tally(enum kind kind, int err)
{
	if (!is_legal(kind, err))
		wrong("%s: %s", operations[kind].name, strerror(-err));
	atomic_fetch_add(err ? &world->failed[kind] : &world->done[kind], 1);
	return err;
}

/* op(), as one of the operations that are counted and watched. */
static int doing(enum kind kind, int fd, unsigned long request, void *arg)
{
	int before = me->kind, err;

	me->turns++;
	me->kind = kind;
	err = op(fd, request, arg);
	me->kind = before;
	return err;
}

static int do_and_tally(enum kind kind, int fd, unsigned long request, void *arg)
{
	return tally(kind, doing(kind, fd, request, arg));
}

#endif /* STRESS_MIX_WORLD_H */
