/* SPDX-License-Identifier: GPL-2.0 */
/*
 * message: module/message.h, and its memory.
 *
 * To be in a list is a flag here: any message in the queue may be the next. Of a
 * message's bytes it only matters whose they are: the content is the token of the
 * request that it is, answers, or tells the end of. Memory is never used again, so
 * that no use after the end goes unseen: message @m is that of token @m + 1.
 */

mtype = {
	PARLEY_MESSAGE_QUEUED, PARLEY_MESSAGE_HELD,
	PARLEY_MESSAGE_CANCELLED, PARLEY_MESSAGE_ENDED
};

/* How a call ends, unless it is given up. */
mtype = { SUCCESS, ENOTCONN, ECONNRESET };

typedef message {
	mtype state;
	bit queue;		/* it is in inbox->queue */
	bit held;		/* it is in inbox->held */
	bit oneway;
	bit detached;
	bit needless;
	bit done;		/* wait.done */
	byte thread;		/* wait.thread */
	mtype error;
	byte content;
	bit live;		/* ghost: it is allocated */
	bit announced		/* ghost: ABORTED was handed out since it is a note */
};

message messages[MESSAGES];

/* Ghosts: what has become of the call with this token. */
typedef history {
	bit delivered;		/* it is in user space: the server can run it */
	bit answered;		/* a reply was accepted */
	bit ended;		/* the caller knows; the two above are 0 again */
	bit untold;		/* it was given up while held, the server is to learn */
	byte bit_in		/* by ABORTED alone; that is IN_INBOX or IN_HAND(w) */
};

#define NOWHERE		0
#define IN_INBOX	1
#define IN_HAND(w)	(2 + (w))

history call[MESSAGES + 1];

/* Scratch of the steps, 0 between them. */
byte i, found, who;

/* Sets @which to the first message of which @condition(i) holds, or MESSAGES. */
#define FIRST(which, condition) \
	which = MESSAGES; \
	i = 0; \
	do \
	:: i == MESSAGES -> break \
	:: i < MESSAGES && (condition) -> which = i; break \
	:: else -> i++ \
	od; \
	i = 0

#define TOKEN(m)	((m) + 1)
#define IS_NOTE(m)	(messages[m].state == PARLEY_MESSAGE_CANCELLED)

/* What the inbox touches is there, and not its sender's alone by now. */
#define TOUCH(m) \
	assert(messages[m].live && (messages[m].detached || !messages[m].done))

inline parley_message_free(m)
{
	assert(messages[m].live);
	assert(!messages[m].queue && !messages[m].held);
	messages[m].live = 0;
	messages[m].state = 0;
	messages[m].oneway = 0;
	messages[m].detached = 0;
	messages[m].needless = 0;
	messages[m].done = 0;
	messages[m].thread = 0;
	messages[m].error = 0;
	messages[m].content = 0;
	messages[m].announced = 0
}

inline parley_message_reset(m, self)
{
	assert(m < MESSAGES);
	messages[m].live = 1;
	messages[m].thread = self;
	messages[m].state = PARLEY_MESSAGE_ENDED;
	messages[m].error = SUCCESS
}

/* Make it one of the kernel's: a note of its own end. */
inline parley_message_note(m)
{
	messages[m].oneway = 1;
	messages[m].detached = 1;
	messages[m].thread = NOBODY;
	messages[m].content = TOKEN(m)
}
