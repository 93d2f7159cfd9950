/* SPDX-License-Identifier: GPL-2.0 */
/*
 * client: a task with one thread that calls the server (module/rpc.c and
 * module/outbox.c).
 *
 * At any time something may end the call (a deadline, a handler without
 * SA_RESTART, a fatal signal), or make the thread leave the kernel. It then
 * resumes the call, or drops it: that is CANCEL and death alike. A client may be
 * done, or dead, after any number of calls.
 */

byte finished;
byte calling[CLIENTS];		/* ghost: the token of each client's call */

inline call_ended(number)
{
	assert(!call[number].ended);
	call[number].delivered = 0;
	call[number].answered = 0;
	call[number].ended = 1;
	m = 0;
	number = 0;
	late = false;
	noted = false;
	task[me] = USER_SPACE
}

/* The call has ended, in the inbox's view: look how. */
inline parley_outbox_settle(m, number)
{
	assert(messages[m].live && !messages[m].detached);
	assert(messages[m].state == PARLEY_MESSAGE_ENDED);
	if
	:: messages[m].error == SUCCESS ->
		/* There is a reply, and it is this request's. */
		assert(messages[m].content == number && call[number].answered)
	:: messages[m].error == ENOTCONN ->
		assert(closed && !call[number].delivered)
	:: messages[m].error == ECONNRESET ->
		assert(closed && !call[number].answered)
	fi;
	parley_message_free(m);
	parley_task_put();
	call_ended(number)
}

/* Give the call up, wherever it is. */
inline parley_outbox_drop(m, number)
{
	inbox_lock();
	parley_inbox_withdraw(m, late, noted);
	inbox_unlock();
	if
	:: late ->
		parley_outbox_settle(m, number)
	:: !late && noted ->
		assert(!call[number].answered);
#ifdef BUG_FREE_TWICE
		parley_message_free(m);
#endif
		parley_task_put();
		call_ended(number)
	:: !late && !noted ->
		/* Nobody has it in hand, or a bit tells whoever has. */
		assert(!call[number].delivered || call[number].untold);
		parley_message_free(m);
		parley_task_put();
		call_ended(number)
	fi
}

proctype client(byte me)
{
	byte m, calls;
	bool left, late, noted, failed;

user:	if
	:: atomic { finished++; goto out }
	:: atomic {
		calls < CALLS ->
		calls++;
		task[me] = RUNNING;
		parley_task_find(left);
		if
		:: left ->
			left = false
		:: else ->
			task[me] = USER_SPACE;
			goto user
		fi
	   }
	fi;
	/* The clients are alike: that the first is first to call loses nothing. */
	atomic {
		me == 0 || last_token || finished ->
		m = last_token;
		calling[me] = TOKEN(m);
		parley_message_reset(m, me);
		inbox_lock();
		parley_inbox_post(m, failed);
		inbox_unlock();
		if
		:: failed ->
			failed = false;
			parley_message_free(m);
			parley_task_put();
			call_ended(calling[me]);
			goto user
		:: else -> wait_prepare(me)
		fi
	}
wait:	if
	:: atomic {
		messages[m].done ->
		parley_outbox_settle(m, calling[me]);
		goto user
	   }
	:: atomic {
		FINDS_NOTHING(me, messages[m].done) ->
		wait_schedule(me);
		goto wait
	   }
	:: atomic { parley_outbox_drop(m, calling[me]); goto user }
	:: atomic {
		inbox_lock();
		parley_inbox_leave(m, left);
		inbox_unlock();
		if
		:: left -> left = false; task[me] = USER_SPACE
		:: else -> parley_outbox_settle(m, calling[me]); goto user
		fi
	   }
	fi;
	/* Interrupted: the thread is out of the kernel. */
	if
	:: atomic {
		inbox_lock();
		parley_inbox_rejoin(m, me);
		inbox_unlock();
		wait_prepare(me);
		goto wait
	   }
	:: atomic { parley_outbox_drop(m, calling[me]); goto user }
	fi;
out:
}
