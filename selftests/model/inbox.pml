/* SPDX-License-Identifier: GPL-2.0 */
/*
 * inbox: module/inbox.c, the server's.
 */

/*
 * For the sender.
 */

inline parley_inbox_post(m, failed)
{
	last_token++;
	assert(last_token == TOKEN(m));
	messages[m].content = last_token;
	failed = closed;
	parley_receiver_find(who);
	if
	:: closed
	:: !closed && who < WORKERS ->
		parley_receiver_hand(who, m);
		parley_receiver_finish(who)
	:: !closed && who == WORKERS ->
		messages[m].state = PARLEY_MESSAGE_QUEUED;
		messages[m].queue = 1
	fi
}

/* @late: it had ended before. @noted: it is the inbox's now. */
inline parley_inbox_withdraw(m, late, noted)
{
	assert(messages[m].live && !messages[m].detached);
	if
	:: messages[m].state == PARLEY_MESSAGE_ENDED ->
		late = true
	:: messages[m].state == PARLEY_MESSAGE_QUEUED ->
		parley_place_unlink(m)
	:: messages[m].state == PARLEY_MESSAGE_HELD ->
#ifdef BUG_NO_NOTE
		parley_place_unlink(m)
#else
		parley_note_cancel(m, noted)
#endif
	fi
}

inline parley_inbox_leave(m, left)
{
	assert(messages[m].live && !messages[m].detached);
	left = messages[m].state != PARLEY_MESSAGE_ENDED;
	messages[m].thread = NOBODY
}

inline parley_inbox_rejoin(m, self)
{
	assert(messages[m].live && !messages[m].detached);
#ifndef BUG_REJOIN
	messages[m].thread = self
#endif
}

/*
 * For the receiver.
 */

/* Notifications first, then messages. */
inline parley_inbox_receive(w)
{
	queued(found);
	if
	:: notifications ->
		parley_notification_hand(w);
		receivers[w].done = 1
	:: !notifications && found < MESSAGES ->
		parley_place_dequeue(found);
		parley_receiver_hand(w, found);
		receivers[w].done = 1
	:: !notifications && found == MESSAGES ->
		receivers[w].link = 1
	fi
}

/* A request stays held until it is answered. */
inline parley_inbox_taken(w)
{
	if
	:: receivers[w].oneway && receivers[w].token ->
		parley_place_find(found, receivers[w].token);
		/* Nobody else can have ended the note meanwhile. */
		assert(found < MESSAGES);
		assert(messages[found].state == PARLEY_MESSAGE_HELD);
		call[TOKEN(found)].untold = 0;
		end_note(found)
	:: receivers[w].oneway && !receivers[w].token ->
		parley_notification_taken(w)
	:: !receivers[w].oneway
	fi
}

inline parley_inbox_unhold(m)
{
	if
	:: messages[m].oneway ->
		messages[m].state = PARLEY_MESSAGE_CANCELLED;
		cancelled++
	:: else ->
		messages[m].state = PARLEY_MESSAGE_QUEUED;
		messages[m].held = 0
	fi
}

inline parley_inbox_put_back(m)
{
	TOUCH(m);
	assert(messages[m].state == PARLEY_MESSAGE_HELD);
	parley_receiver_find(who);
	if
	:: messages[m].needless ->
		parley_note_drop(m)
	:: !messages[m].needless && who < WORKERS ->
		parley_inbox_unhold(m);
		parley_receiver_hand(who, m);
		parley_receiver_finish(who)
	:: !messages[m].needless && who == WORKERS ->
#ifdef BUG_NOTE_LOST
		if
		:: messages[m].oneway -> parley_note_drop(m)
		:: else -> parley_inbox_unhold(m); parley_place_requeue(m)
		fi
#else
		parley_inbox_unhold(m);
		parley_place_requeue(m)
#endif
	fi
}

/* What was a request to this receiver may have become a note since. */
#ifdef BUG_RETURN
#define SAME_KIND(w, m)	(messages[m].state == PARLEY_MESSAGE_HELD)
#else
#define SAME_KIND(w, m)	(messages[m].oneway == receivers[w].oneway)
#endif

inline parley_inbox_return(w)
{
	if
	:: receivers[w].token ->
		parley_place_find(found, receivers[w].token);
		if
		:: found < MESSAGES && SAME_KIND(w, found) ->
			parley_inbox_put_back(found)
		:: found < MESSAGES && !SAME_KIND(w, found) ->
			parley_note_forget(found)
		:: found == MESSAGES
		fi
	:: else ->
		parley_notification_return(w)
	fi
}

inline parley_inbox_answer(number, refused)
{
	parley_place_find(found, number);
	refused = true;
	if
	:: found == MESSAGES ->
		call[number].untold = 0;
		call[number].bit_in = NOWHERE
	:: found < MESSAGES && messages[found].oneway ->
		parley_note_forget(found)
	:: found < MESSAGES && !messages[found].oneway ->
		/* A call gets one reply, and none once it has ended. */
		assert(!call[number].answered && !call[number].ended);
		call[number].answered = 1;
		call[number].delivered = 0;
		refused = false;
		messages[found].content = number;
#ifdef BUG_DOUBLE_REPLY
		parley_wait_finish(found)
#else
		parley_place_end(found, SUCCESS)
#endif
	fi
}

/*
 * For the end.
 */

/* End one message. Clears @more if there is none. */
inline parley_inbox_close_one(more)
{
	FIRST(found, messages[i].queue);
	if
	:: found < MESSAGES && IS_NOTE(found) ->
		end_note(found)
	:: found < MESSAGES && !IS_NOTE(found) ->
		parley_place_end(found, ENOTCONN)
	:: else ->
#ifndef BUG_CLOSE
		FIRST(found, messages[i].held);
#endif
		if
		:: found < MESSAGES -> parley_place_end(found, ECONNRESET)
		:: else -> more = false
		fi
	fi
}
