/* SPDX-License-Identifier: GPL-2.0 */
/*
 * notification: module/notification.c, with one bit of the kernel's and one that
 * users set.
 */

#define ABORTED	1
#define USER	2

byte notifications;
bool unnoted;
bool told;	/* ghost: USER was set and is in no receiver's user space */

/* Ghost: calls whose end ABORTED alone tells of go @from one place @to another. */
inline move_bits(from, to)
{
	i = 0;
	do
	:: i == MESSAGES -> break
	:: else ->
		found = call[TOKEN(i)].bit_in;
		call[TOKEN(i)].untold =
			(found == from && to == NOWHERE -> 0 : call[TOKEN(i)].untold);
		call[TOKEN(i)].bit_in = (found == from -> to : found);
		i++
	od;
	found = 0;
	i = 0
}

inline announce_notes()
{
	i = 0;
	do
	:: i == MESSAGES -> break
	:: else ->
		messages[i].announced = messages[i].announced || IS_NOTE(i);
		i++
	od;
	i = 0
}

inline parley_notification_hand(w)
{
	assert(receivers[w].live);
	receivers[w].token = 0;
	receivers[w].oneway = 1;
	receivers[w].content = notifications;
	notifications = 0;
	receivers[w].unnoted = unnoted;
	unnoted = false;
	announce_notes();
	move_bits(IN_INBOX, IN_HAND(w))
}

inline parley_notification_set(bits)
{
	notifications = notifications | bits;
	parley_receiver_find(who);
	if
	:: who < WORKERS ->
		parley_notification_hand(who);
		parley_receiver_finish(who)
	:: else
	fi
}

/* The bits of @w are in user space. */
inline parley_notification_taken(w)
{
	told = told && !(receivers[w].content & USER);
	move_bits(IN_HAND(w), NOWHERE)
}

/* They come back, but ABORTED only if there is something to find. */
inline parley_notification_return(w)
{
	move_bits(IN_HAND(w), IN_INBOX);
#ifndef BUG_UNNOTED_LOST
	unnoted = unnoted || receivers[w].unnoted;
#endif
#ifndef BUG_BITS_BACK
	if
	:: !cancelled && !unnoted ->
		receivers[w].content = receivers[w].content & ~ABORTED
	:: else
	fi;
#endif
	if
#ifdef BUG_BITS_LOST
	:: receivers[w].content == USER
#endif
	:: receivers[w].content -> parley_notification_set(receivers[w].content)
	:: !receivers[w].content
	fi
}
