/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: the mix's ledger of requests
 *
 * Each worker's latest requests have an entry, in which both sides note what
 * became of them. Whoever makes a note looks whether it goes with those that
 * are there; so it doesn't matter who is first. An entry is the request's number
 * and the notes, in one word. A note that comes when the entry is another's
 * already is dropped.
 */
#ifndef STRESS_MIX_LEDGER_H
#define STRESS_MIX_LEDGER_H

#include "mix_world.h"

/* By the receiver: */
#define RECEIVED	0x01	/* it has the request */
#define ANSWERING	0x02	/* it is going to reply */
#define ANSWERED	0x04	/* its reply was taken */
#define REFUSED		0x08	/* its first reply was not */
/* By the sender, about the end: */
#define NOT_RUN		0x10	/* surely nobody has received it */
#define UNANSWERED	0x20	/* surely no reply was taken */
#define REPLIED		0x40	/* a reply came */

static const struct conflict {
	unsigned int notes;
	const char *what;
} conflicts[] = {
	{ RECEIVED | NOT_RUN, "received, but its sender was told that it was not" },
	{ ANSWERED | UNANSWERED, "answered, but its sender was told that it was not" },
	{ REFUSED | REPLIED, "replied to, but the replier was told that it was not" },
};

/* Which notes can be made but once? */
#define ONCE		(RECEIVED | ANSWERED)

/* Returns the new request's number. */
static __u64 ledger_open(void)
{
	__u64 number = ++me->requests;

	me->ledger[number % HISTORY] = number << 8;
	return number;
}

static void ledger_check(int worker, __u64 number, unsigned int before, unsigned int note)
{
	size_t i;

	if (before & note & ONCE)
		wrong("request %llu of %d: %s twice", number, worker,
		      note == RECEIVED ? "received" : "answered");
	for (i = 0; i < ARRAY_SIZE(conflicts); i++)
		if (((before | note) & conflicts[i].notes) == conflicts[i].notes)
			wrong("request %llu of %d: %s", number, worker, conflicts[i].what);
	if (note == REPLIED && !(before & ANSWERING))
		wrong("request %llu of %d: a reply that nobody has made", number, worker);
}

static void ledger_note(int worker, __u64 number, unsigned int note)
{
	atomic_ullong *entry = &world->workers[worker].ledger[number % HISTORY];
	unsigned long long seen = *entry;

	do {
		if (seen >> 8 != number)
			return;
	} while (!atomic_compare_exchange_weak(entry, &seen, seen | note));
	ledger_check(worker, number, seen & 0xff, note);
}

/* The sender's own request has ended; @note may be 0. */
static void ledger_close(__u64 number, unsigned int note)
{
	ledger_note(me - world->workers, number, note);
	me->ended++;
}

#endif /* STRESS_MIX_LEDGER_H */
