/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: the mix's senders
 *
 * SEND and CALL on all sorts of terms, through signals of all sorts: a handler
 * after which the operation is restarted, which may itself make a call; one that
 * ends it; and one that jumps out of it. What is left of an operation is taken
 * up again or cancelled, or ends with its task.
 */
#ifndef STRESS_MIX_EXCHANGE_H
#define STRESS_MIX_EXCHANGE_H

#include <setjmp.h>
#include "mix_ledger.h"

#define RESTARTS	SIGUSR1
#define ENDS_IT		SIGUSR2
#define JUMPS		SIGRTMIN
#define NOWHERE		8	/* no address */

/* What becomes of an operation, besides its errors. */
#define GIVEN_UP	(-ECANCELED)
#define LOST		(-ENODATA)	/* nobody knows */

/**
 * struct exchange - a SEND or CALL
 * @kind: which
 * @place: the task that makes it
 * @brief: the task is closed afterwards, with whatever is left of the operation
 * @number: in the ledger
 * @room: for the reply
 * @err: what came of it
 */
struct exchange {
	enum kind kind;
	struct place *place;
	bool brief;
	__u64 number;
	__u32 room;
	int err;
	struct parley_ipc ipc;
	struct parley_msg out;
	struct parley_msg in;
};

static __thread struct exchange outer, nested;
static __thread sigjmp_buf away;
static __thread volatile sig_atomic_t armed;

static void choose_terms(struct exchange *exchange, bool patient)
{
	struct parley_ipc *ipc = &exchange->ipc;

	if (!patient || one_in(2))
		ipc->deadline = one_in(16) ? 1 : within_us(4000);
	if (one_in(8))
		ipc->flags = PARLEY_NONBLOCK;
	if (exchange->kind == SEND)
		return;
	if (one_in(16))
		ipc->recv_len = chance(64);
	if (one_in(32))
		ipc->recv = NOWHERE;
}

static void prepare(struct exchange *exchange, enum kind kind, struct place *place,
		    bool patient)
{
	struct letter *letter = letter_of(&exchange->out);
	int peer = any_id();

	exchange->kind = kind;
	exchange->place = place;
	exchange->brief = false;
	exchange->number = ledger_open();
	exchange->out.type = kind == CALL ? REQUEST : NOTE;
	letter_write(letter, me - world->workers, exchange->number, &seed);
	if (kind == CALL)
		exchange->ipc = to_call(peer, &exchange->out, letter_size(letter), &exchange->in);
	else
		exchange->ipc = to_send(peer, &exchange->out, letter_size(letter));
	choose_terms(exchange, patient);
	exchange->room = exchange->ipc.recv_len;
}

static int run(struct exchange *exchange)
{
	unsigned long request = exchange->kind == CALL ? PARLEY_IOC_CALL : PARLEY_IOC_SEND;

	return doing(exchange->kind, exchange->place->fd, request, &exchange->ipc);
}

static int give_up_exchange(struct exchange *exchange)
{
	struct parley_cancel arg = { .size = sizeof(arg), .token = exchange->ipc.token };

	if (!arg.token || exchange->brief)
		return LOST;
	if (do_and_tally(CANCEL, exchange->place->fd, PARLEY_IOC_CANCEL, &arg))
		return LOST;
	return GIVEN_UP;
}

/* Come what may: to the end. */
static void carry_through(struct exchange *exchange)
{
	exchange->err = run(exchange);
	while (exchange->err == -EINTR && exchange->ipc.token) {
		if (one_in(2))
			exchange->err = give_up_exchange(exchange);
		else
			exchange->err = run(exchange);
	}
}

/* The same, but a signal may jump out of it. */
static void carry_through_unless_jumped(struct exchange *exchange)
{
	int before = me->kind;

	if (!sigsetjmp(away, 1)) {
		armed = true;
		exchange->err = run(exchange);
		armed = false;
		if (exchange->err == -EINTR && exchange->ipc.token)
			exchange->err = give_up_exchange(exchange);
	} else {
		me->kind = before;
		exchange->err = give_up_exchange(exchange);
	}
}

static void check_reply(const struct exchange *exchange)
{
	const struct parley_msg *in = &exchange->in;

	if (in->src != exchange->ipc.peer || in->type != ANSWER ||
	    !letter_answers((const struct letter *)in->payload, exchange->ipc.recv_len,
			    (const struct letter *)exchange->out.payload))
		wrong("request %llu got another's answer, from %d", exchange->number, in->src);
}

/* Is the error one for these terms? */
static bool on_terms(const struct exchange *exchange)
{
	const struct parley_ipc *ipc = &exchange->ipc;

	switch (exchange->err) {
	case -ETIMEDOUT:
		return ipc->deadline;
	case -EDEADLK:
		return !ipc->deadline && !ipc->flags && crew.size == 1;
	case -EAGAIN:
		return ipc->flags;
	case -EMSGSIZE:
		return ipc->recv_len > exchange->room;
	case -EFAULT:
		return ipc->recv == NOWHERE;
	}
	return true;
}

static unsigned int note_of_call(int err)
{
	switch (err) {
	case 0:
	case -EMSGSIZE:
	case -EFAULT:
		return REPLIED;
	case -ENOTCONN:
	case -EAGAIN:
	case -EACCES:
	case -EDQUOT:
		return NOT_RUN;
	case LOST:
		return 0;
	}
	return UNANSWERED;
}

static unsigned int note_of_send(int err)
{
	return !err || err == -EINTR || err == LOST ? 0 : NOT_RUN;
}

static void settle(struct exchange *exchange)
{
	int err = tally(exchange->kind, exchange->err);

	if (!on_terms(exchange))
		wrong("%s: %s, with deadline %llu, flags %x", operations[exchange->kind].name,
		      strerror(-err), exchange->ipc.deadline, exchange->ipc.flags);
	if (err == -EDEADLK)
		atomic_fetch_add(&world->deadlocks, 1);
	if (!err && exchange->kind == CALL)
		check_reply(exchange);
	ledger_close(exchange->number,
		     exchange->kind == CALL ? note_of_call(err) : note_of_send(err));
}

static void exchange(bool patient)
{
	struct place *place = any_place();

	if (!place_enter(place))
		return;
	prepare(&outer, one_in(3) ? SEND : CALL, place, patient);
	if (one_in(4))
		carry_through_unless_jumped(&outer);
	else
		carry_through(&outer);
	settle(&outer);
	place_leave(place);
}

/* The same by a task that is made for it, and ends at once. */
static void exchange_briefly(int fd)
{
	struct place place = { .fd = fd };

	prepare(&outer, one_in(3) ? SEND : CALL, &place, false);
	outer.brief = true;
	carry_through_unless_jumped(&outer);
	close(fd);
	settle(&outer);
}

static void on_restart(int signal)
{
	struct place *place = any_place();
	int saved = errno;

	(void)signal;
	if (me && one_in(4) && place_enter(place)) {
		prepare(&nested, CALL, place, false);
		carry_through(&nested);
		settle(&nested);
		place_leave(place);
	}
	errno = saved;
}

static void on_end(int signal)
{
	(void)signal;
}

static void on_jump(int signal)
{
	(void)signal;
	if (!armed)
		return;
	armed = false;
	siglongjmp(away, 1);
}

static void handle_signals(void)
{
	struct sigaction restart = { .sa_handler = on_restart, .sa_flags = SA_RESTART };
	struct sigaction end = { .sa_handler = on_end };
	struct sigaction jump = { .sa_handler = on_jump, .sa_flags = SA_RESTART };

	sigfillset(&restart.sa_mask);
	sigaction(RESTARTS, &restart, NULL);
	sigaction(ENDS_IT, &end, NULL);
	sigaction(JUMPS, &jump, NULL);
}

#endif /* STRESS_MIX_EXCHANGE_H */
