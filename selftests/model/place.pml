/* SPDX-License-Identifier: GPL-2.0 */
/*
 * place: module/place.c, and what holds between steps.
 *
 * The lock is that each operation is one atomic step, between inbox_lock() and
 * inbox_unlock().
 */

byte last_token;
byte cancelled;
bool closed;

/* Who comes here keeps the task, of which the inbox is a part. */
inline inbox_lock()
{
	assert(refs > 0)
}

/* What holds whenever nobody has the lock. */
inline inbox_unlock()
{
	who = 0;
	i = 0;
	do
	:: i == MESSAGES -> break
	:: else ->
		/* No receiver waits while there is a message. */
		assert(!messages[i].queue || !SOMEBODY_WAITS);
		/* A note is announced. */
		assert(!IS_NOTE(i) || messages[i].announced ||
		       notifications & ABORTED);
		/* So is a call given up that has left none. */
		assert(call[TOKEN(i)].bit_in != IN_INBOX ||
		       (unnoted && notifications & ABORTED));
		/* What is in a list is there, and knows where it is. */
		assert(messages[i].live || !(messages[i].queue || messages[i].held));
		assert(messages[i].queue ==
		       (messages[i].state == PARLEY_MESSAGE_QUEUED || IS_NOTE(i)));
		assert(messages[i].held ==
		       (messages[i].state == PARLEY_MESSAGE_HELD || IS_NOTE(i)));
		who = who + IS_NOTE(i);
		i++
	od;
	assert(cancelled == who);
	assert(!notifications || !SOMEBODY_WAITS);
	assert(!(notifications & ABORTED) || cancelled || unnoted || closed);
	i = 0;
	found = 0;
	who = 0
}

/* Sets @m to what is held by the name of @number, or MESSAGES. */
inline parley_place_find(m, number)
{
#ifdef BUG_STALE_TOKEN
	FIRST(m, messages[i].held)
#else
	FIRST(m, messages[i].held && TOKEN(i) == number)
#endif
}

/* Sets @m to any message in the queue, or MESSAGES. */
inline queued(m)
{
	m = MESSAGES;
	i = 0;
	do
	:: i == MESSAGES -> break
	:: i < MESSAGES && messages[i].queue -> m = i; i++
	:: i < MESSAGES && (!messages[i].queue || m < MESSAGES) -> i++
	od;
	i = 0
}

inline parley_place_dequeue(m)
{
	assert(messages[m].queue);
	messages[m].queue = 0
}

inline parley_place_requeue(m)
{
	assert(!messages[m].queue);
	messages[m].queue = 1
}

inline parley_place_unlink(m)
{
	TOUCH(m);
	assert(messages[m].queue || messages[m].held);
	messages[m].queue = 0;
	messages[m].held = 0;
	cancelled = cancelled - IS_NOTE(m);
	messages[m].state = PARLEY_MESSAGE_ENDED
}

/* Of a message that is not detached; note.pml has the others. */
inline parley_place_end(m, result)
{
	parley_place_unlink(m);
	assert(!messages[m].detached);
	messages[m].error = result;
	parley_wait_finish(m)
#ifdef BUG_TOUCH_ENDED
	; TOUCH(m)
#endif
}
