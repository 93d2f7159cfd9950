/* SPDX-License-Identifier: GPL-2.0 */
/*
 * receiver: module/receiver.c. All of them hear everybody. The latest is served
 * first there, and any of them here.
 */

typedef receiver {
	bit link;		/* it is in inbox->receivers */
	bit done;		/* wait.done */
	bit oneway;
	bit unnoted;
	byte token;
	byte content;		/* of a notification: the bits */
	bit live		/* ghost: its thread is in the system call */
};

receiver receivers[WORKERS];

#if WORKERS == 2
#define SOMEBODY_WAITS	(receivers[0].link || receivers[1].link)
#else
#define SOMEBODY_WAITS	(receivers[0].link || receivers[1].link || receivers[2].link)
#endif

inline parley_receiver_init(w)
{
	receivers[w].live = 1
}

/* Its stack frame is gone. */
inline receiver_exit(w)
{
	assert(!receivers[w].link);
	receivers[w].done = 0;
	receivers[w].oneway = 0;
	receivers[w].unnoted = 0;
	receivers[w].token = 0;
	receivers[w].content = 0;
	receivers[w].live = 0
}

/* Sets @w to one that waits, or WORKERS. */
inline parley_receiver_find(w)
{
	if
	:: receivers[0].link -> w = 0
	:: receivers[1].link -> w = 1
#if WORKERS > 2
	:: receivers[2].link -> w = 2
#endif
	:: !SOMEBODY_WAITS -> w = WORKERS
	fi
}

inline parley_receiver_hand(w, m)
{
	TOUCH(m);
	assert(receivers[w].live && !messages[m].queue);
	assert(IS_NOTE(m) == messages[m].held);
	cancelled = cancelled - IS_NOTE(m);
	messages[m].held = 1;
	messages[m].state = PARLEY_MESSAGE_HELD;
	receivers[w].token = TOKEN(m);
	receivers[w].oneway = messages[m].oneway;
	receivers[w].content = messages[m].content
}

inline parley_receiver_finish(w)
{
	receivers[w].link = 0;
	receivers[w].done = 1;
	parley_wake(CLIENTS + w)
}

inline parley_receiver_give_up(w, waiting)
{
#ifdef BUG_GIVE_UP
	waiting = true;
#else
	waiting = !receivers[w].done;
#endif
	if
	:: waiting -> receivers[w].link = 0
	:: else
	fi
}
