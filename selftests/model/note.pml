/* SPDX-License-Identifier: GPL-2.0 */
/*
 * note: module/note.c. That a call given up leaves no note, for want of quota, can
 * happen any time.
 */

/* parley_place_end_locked(), of a note: by now the server knows, or is dead. */
inline end_note(m)
{
	parley_place_unlink(m);
	assert(messages[m].detached);
	assert(!call[TOKEN(m)].untold || closed);
	call[TOKEN(m)].untold = 0;
	parley_message_free(m)
}

inline parley_note_make(m, noted)
{
	call[TOKEN(m)].untold = 1;
	if
	:: true ->
		noted = true;
		parley_message_note(m);
		messages[m].state = PARLEY_MESSAGE_CANCELLED;
		cancelled++;
		messages[m].queue = 1
	:: true ->
		call[TOKEN(m)].bit_in = IN_INBOX;
		parley_place_unlink(m)
	fi
}

inline parley_note_offer(m)
{
	parley_receiver_find(who);
	if
	:: who < WORKERS ->
		parley_place_dequeue(m);
		parley_receiver_hand(who, m);
		parley_receiver_finish(who)
	:: else
	fi
}

inline parley_note_cancel(m, noted)
{
	parley_note_make(m, noted);
	unnoted = unnoted || !noted;
	parley_notification_set(ABORTED);
	if
	:: !noted
#ifdef BUG_NO_OFFER
	:: noted
#else
	:: noted -> parley_note_offer(m)
#endif
	fi
}

inline parley_note_drop(m)
{
	end_note(m);
#ifndef BUG_ABORTED_LEFT
	if
#ifdef BUG_UNNOTED_DROPPED
	:: !cancelled -> notifications = notifications & ~ABORTED
#else
	:: !cancelled && !unnoted -> notifications = notifications & ~ABORTED
#endif
	:: else
	fi
#endif
}

/* The task has found out by itself, or has nothing to find out. */
inline parley_note_forget(m)
{
	TOUCH(m);
	call[TOKEN(m)].untold = 0;
	if
	:: IS_NOTE(m) -> parley_note_drop(m)
	:: else -> messages[m].needless = 1
	fi
}
