/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: the mix's bonds
 *
 * Grants, watches and links come and go. Of watches, each place keeps a list
 * under the crew's lock: what comes must be on it, and what was on it when the
 * watched died must come.
 */
#ifndef STRESS_MIX_WATCH_H
#define STRESS_MIX_WATCH_H

#include "mix_world.h"

static int *watch_find(struct place *place, int id)
{
	int i;

	for (i = 0; i < WATCHES; i++)
		if (place->watched[i] == id)
			return &place->watched[i];
	return NULL;
}

static void bond(void)
{
	struct parley_bond_arg arg = { .size = sizeof(arg), .kind = chance(3), .peer = any_id() };
	struct place *place = any_place();
	int *entry;

	pthread_mutex_lock(&crew.lock);
	entry = watch_find(place, 0);
	if (arg.kind == PARLEY_BOND_WATCH && !entry)
		arg.kind = PARLEY_BOND_LINK;
	if (!do_and_tally(BOND, place->fd, PARLEY_IOC_BOND, &arg) && arg.kind == PARLEY_BOND_WATCH)
		*entry = arg.peer;
	pthread_mutex_unlock(&crew.lock);
}

static void unbond(void)
{
	struct parley_bond_arg arg = { .size = sizeof(arg), .kind = chance(3), .peer = any_id() };
	struct place *place = any_place();
	int *entry;

	pthread_mutex_lock(&crew.lock);
	if (one_in(2) && place->watched[0]) {
		arg.kind = PARLEY_BOND_WATCH;
		arg.peer = place->watched[0];
	}
	if (!do_and_tally(UNBOND, place->fd, PARLEY_IOC_UNBOND, &arg) &&
	    arg.kind == PARLEY_BOND_WATCH) {
		entry = watch_find(place, arg.peer);
		if (!entry)
			wrong("a watch of %d that nobody has made", arg.peer);
		*entry = 0;
	}
	pthread_mutex_unlock(&crew.lock);
}

/* The death of @id has been told to @place, whom the caller has entered. */
static void watch_came(struct place *place, int id)
{
	int *entry;

	pthread_mutex_lock(&crew.lock);
	entry = watch_find(place, id);
	if (!entry)
		wrong("the death of %d: not watched, or told twice", id);
	*entry = 0;
	pthread_mutex_unlock(&crew.lock);
}

/* Is there a watched task that is dead, of which nobody has told? */
static bool watch_missing(struct place *place)
{
	bool missing = false;
	int i;

	pthread_mutex_lock(&crew.lock);
	for (i = 0; i < WATCHES; i++)
		missing |= place->watched[i] &&
			   notify(place->fd, place->watched[i], PARLEY_NOTIFY_USER) == -ENOTCONN;
	pthread_mutex_unlock(&crew.lock);
	return missing;
}

#endif /* STRESS_MIX_WATCH_H */
