/* SPDX-License-Identifier: GPL-2.0 */
/*
 * server: a task with a pool of threads that receive and answer (module/serve.c).
 *
 * What they answer, and when, is theirs: any worker replies at any time with any
 * token that there has ever been, the right one, a stale one or another's. At any
 * time a deadline or a signal may end a receive, and user memory not be fit.
 */

byte exited;
bool gone_for_good;	/* ghost: the task is dead, all that it had has ended */

/* A token that user space has must be good for one reply, until the call ends. */
inline reply(number)
{
	parley_inbox_answer(number, refused);
	assert(!refused || !call[number].delivered);
	refused = false
}

inline reached_user_space()
{
	if
	:: !receivers[me].oneway ->
		other = receivers[me].token;
		assert(receivers[me].content == other);
		assert(!call[other].delivered);
		call[other].delivered = !call[other].answered && !call[other].ended;
		other = 0
	:: receivers[me].oneway && receivers[me].token ->
		assert(receivers[me].content == receivers[me].token);
		assert(call[receivers[me].token].ended)
	:: receivers[me].oneway && !receivers[me].token ->
		assert(receivers[me].content)
	fi
}

/* User memory is fit, or it is not. */
inline parley_serve_deliver()
{
	inbox_lock();
	if
	:: true -> reached_user_space(); parley_inbox_taken(me)
	:: true -> parley_inbox_return(me)
	fi;
	inbox_unlock();
	receiver_exit(me);
	task[CLIENTS + me] = USER_SPACE
}

proctype worker(byte me)
{
	byte other;
	bool waiting, refused;

user:	if
	:: atomic { exited++; task[CLIENTS + me] = EXITED; goto out }
	:: atomic {
		do
		:: other < last_token -> other++
		:: break
		od;
		inbox_lock();
		if
		:: other -> reply(other)
		:: else
		fi;
		if
		:: other ->
			/* REPLY */
			other = 0;
			inbox_unlock();
			goto user
		:: true ->
			/* RECV, or with a token REPLYRECV */
			other = 0;
			parley_receiver_init(me);
			parley_inbox_receive(me);
			inbox_unlock();
			wait_prepare(CLIENTS + me)
		fi
	   }
	fi;
wait:	if
	:: atomic { receivers[me].done -> parley_serve_deliver(); goto user }
	:: atomic {
		FINDS_NOTHING(CLIENTS + me, receivers[me].done) ->
		wait_schedule(CLIENTS + me);
		goto wait
	   }
	:: atomic {
		inbox_lock();
		parley_receiver_give_up(me, waiting);
		inbox_unlock();
		if
		:: waiting ->
			waiting = false;
			receiver_exit(me);
			task[CLIENTS + me] = USER_SPACE;
			goto user
		:: else -> goto wait
		fi
	   }
	fi;
out:
}

/* parley_task_kill(): no thread is left in an operation. */
proctype reaper()
{
	bool more = true;

	atomic { exited == WORKERS; listed = false }
	atomic { inbox_lock(); closed = true; inbox_unlock() }
	do
	:: atomic { more -> inbox_lock(); parley_inbox_close_one(more); inbox_unlock() }
	:: else -> break
	od;
	atomic { parley_task_put(); gone_for_good = true }
}
