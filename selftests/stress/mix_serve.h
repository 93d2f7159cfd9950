/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: the mix's receivers
 *
 * RECV and REPLYRECV on all sorts of terms. What is received is checked, and a
 * request answered: at once, with the next receive, twice, or later by whoever
 * of the crew comes along.
 */
#ifndef STRESS_MIX_SERVE_H
#define STRESS_MIX_SERVE_H

#include <linux/parley_proto.h>
#include <poll.h>
#include "mix_ledger.h"
#include "mix_watch.h"

/* A crew's server goes on after so many messages. */
#define IN_A_ROW	8

/**
 * struct receipt - one RECV or REPLYRECV
 * @place: that receives
 * @room: for the message
 */
struct receipt {
	struct place *place;
	__u32 room;
	struct parley_ipc ipc;
	struct parley_msg in;
	struct parley_msg out;
	struct parley_creds creds;
};

static int reply(struct place *place, __u64 token, const struct letter *request)
{
	struct parley_msg answer = { .type = ANSWER };
	struct parley_ipc ipc;

	letter_answer(letter_of(&answer), request);
	ipc = to_reply(token, &answer, letter_size(letter_of(&answer)));
	return do_and_tally(REPLY, place->fd, PARLEY_IOC_REPLY, &ipc);
}

static void note(const struct request *request, unsigned int note)
{
	ledger_note(request->letter.client, request->letter.seq, note);
}

/* Its first reply was made, and accepted or not. */
static void replied(struct request *request, int err)
{
	note(request, err ? REFUSED : ANSWERED);
	request->token = 0;
}

static void ask_creds(const struct request *request)
{
	struct parley_creds_full arg = { .size = sizeof(arg), .token = request->token };

	if (do_and_tally(CREDS, request->place->fd, PARLEY_IOC_CREDS, &arg))
		return;
	if (arg.creds.uid != crew_uid(request->letter.client / EACH) || arg.capabilities ||
	    arg.groups_len)
		wrong("request of %u has uid %u, capabilities %llx", request->letter.client,
		      arg.creds.uid, arg.capabilities);
}

static void answer(struct request *request)
{
	__u64 token = request->token;

	if (one_in(8))
		ask_creds(request);
	if (one_in(32) && reply(request->place, token + (1ULL << 60), &request->letter) != -ENOENT)
		wrong("a reply with a token that nobody was given");
	note(request, ANSWERING);
	replied(request, reply(request->place, token, &request->letter));
	if (one_in(8) && reply(request->place, token, &request->letter) != -ENOENT)
		wrong("request %llu could be answered twice", request->letter.seq);
}

/* Leave it to be answered later; false if there is no room. */
static bool defer(struct request *request)
{
	int i;

	pthread_mutex_lock(&crew.lock);
	for (i = 0; i < DEFERRED && crew.deferred[i].token; i++)
		;
	if (i < DEFERRED)
		crew.deferred[i] = *request;
	pthread_mutex_unlock(&crew.lock);
	if (i == DEFERRED)
		return false;
	request->token = 0;
	return true;
}

static void answer_deferred(void)
{
	struct request *deferred = &crew.deferred[chance(DEFERRED)], request;

	pthread_mutex_lock(&crew.lock);
	request = *deferred;
	if (request.token && place_enter(request.place))
		deferred->token = 0;
	else
		request.token = 0;
	pthread_mutex_unlock(&crew.lock);
	if (!request.token)
		return;
	answer(&request);
	place_leave(request.place);
}

/* The place gets another task: those who have called this one will hear of it. */
static void forget_deferred_locked(const struct place *place)
{
	int i;

	for (i = 0; i < DEFERRED; i++)
		if (crew.deferred[i].place == place)
			crew.deferred[i].token = 0;
}

static void check_bits(const struct parley_ipc *ipc, const struct parley_msg *in)
{
	const struct parley_global_notifications *bits = (const void *)in->payload;
	__u32 len = 1;

	if (bits->data & PARLEY_NOTIFY_ASYNC)
		len = offsetof(struct parley_global_notifications, peers) + 4 * bits->peers_len;
	if (!bits->data || ipc->recv_len != len)
		wrong("notifications %x in %u bytes", bits->data, ipc->recv_len);
}

static void accept_from_kernel(const struct receipt *receipt)
{
	const struct parley_global_exception *exception = (const void *)receipt->in.payload;
	const struct parley_global_cancelled *cancelled = (const void *)receipt->in.payload;
	struct letter nothing = { 0 };

	if (receipt->ipc.token)
		wrong("the kernel wants a reply");
	switch (receipt->in.type) {
	case PARLEY_GLOBAL_NOTIFICATIONS:
		return check_bits(&receipt->ipc, &receipt->in);
	case PARLEY_GLOBAL_EXCEPTION:
		return watch_came(receipt->place, exception->task);
	case PARLEY_GLOBAL_CANCELLED:
		if (reply(receipt->place, cancelled->token, &nothing) != -ENOENT)
			wrong("a reply to a call that was cancelled");
		return;
	}
	wrong("type %d from the kernel", receipt->in.type);
}

static void check_creds(const struct receipt *receipt, __u32 uid, __u32 flags)
{
	const struct parley_creds *creds = &receipt->creds;

	if (receipt->ipc.creds && (creds->uid != uid || creds->gid != uid ||
				   !creds->pid != !uid || creds->flags != flags))
		wrong("type %x has pid %d, uid %u, flags %x", receipt->in.type, creds->pid,
		      creds->uid, creds->flags);
}

/* Make of what was received a request, if it is one. */
static void take_in(const struct receipt *receipt, struct request *request)
{
	const struct letter *letter = (const struct letter *)receipt->in.payload;

	if (receipt->in.src == PARLEY_TASK_KERNEL) {
		check_creds(receipt, 0, PARLEY_CREDS_KERNEL);
		accept_from_kernel(receipt);
		return;
	}
	if (!letter_intact(letter, receipt->ipc.recv_len) || letter->client >= PLACES)
		wrong("broken letter from task %d", receipt->in.src);
	if (receipt->in.type != (receipt->ipc.token ? REQUEST : NOTE))
		wrong("type %x with token %llu", receipt->in.type, receipt->ipc.token);
	check_creds(receipt, crew_uid(letter->client / EACH),
		    PARLEY_CREDS_USER_NS | PARLEY_CREDS_MNT_NS);
	request->place = receipt->place;
	request->token = receipt->ipc.token;
	request->letter = *letter;
	note(request, RECEIVED);
}

static void choose_receipt(struct receipt *receipt, bool at_once)
{
	struct parley_ipc *ipc = &receipt->ipc;

	if (one_in(8))
		ipc->peer = PARLEY_TASK_KERNEL;
	else if (one_in(8))
		ipc->peer = any_id();
	if (at_once || one_in(4))
		ipc->flags = PARLEY_NONBLOCK;
	else if (is_server() || ipc->peer != PARLEY_ANY || one_in(4))
		ipc->deadline = within_us(2000);
	if (one_in(16))
		ipc->recv_len = chance(64);
	if (one_in(32))
		ipc->recv = NOWHERE;
	if (one_in(2))
		ipc->creds = address(&receipt->creds);
	receipt->room = ipc->recv_len;
}

static bool receipt_on_terms(const struct receipt *receipt, int err)
{
	switch (err) {
	case -EMSGSIZE:
		return receipt->ipc.recv_len > receipt->room;
	case -EFAULT:
		return receipt->ipc.recv == NOWHERE;
	case -EAGAIN:
		return receipt->ipc.flags;
	case -ETIMEDOUT:
		return receipt->ipc.deadline;
	case -ENOTCONN:
		return receipt->ipc.peer > 0;
	}
	return true;
}

/* Answer @request, if there is one, and receive another. True if something came. */
static bool receive(struct place *place, struct request *request, bool at_once)
{
	struct receipt receipt = { .place = place, .out.type = ANSWER };
	enum kind kind = request->token ? REPLYRECV : RECV;
	__u64 token = request->token;
	int err;

	letter_answer(letter_of(&receipt.out), &request->letter);
	receipt.ipc = to_replyrecv(token, &receipt.out, letter_size(letter_of(&receipt.out)),
				   &receipt.in);
	choose_receipt(&receipt, at_once);
	if (token) {
		note(request, ANSWERING);
		err = doing(kind, place->fd, PARLEY_IOC_REPLYRECV, &receipt.ipc);
	} else {
		receipt.ipc.send = 0;
		receipt.ipc.send_len = 0;
		err = doing(kind, place->fd, PARLEY_IOC_RECV, &receipt.ipc);
	}
	tally(kind, err);
	if (err && !receipt_on_terms(&receipt, err))
		wrong("%s: %s", operations[kind].name, strerror(-err));
	if (token && (!err || !receipt.ipc.token))
		replied(request, tally(REPLY, receipt.ipc.reply_error));
	if (!err)
		take_in(&receipt, request);
	return !err;
}

/* Serve a place until there is nothing more, or for a while. */
static void serve(struct place *place, bool at_once)
{
	struct request request = { 0 };
	bool came = true;
	int i;

	if (!place_enter(place))
		return;
	for (i = 0; i < IN_A_ROW && came; i++) {
		came = receive(place, &request, at_once);
		if (request.token && one_in(4) && !defer(&request))
			answer(&request);
		if (request.token && one_in(2))
			answer(&request);
	}
	if (request.token)
		answer(&request);
	place_leave(place);
	answer_deferred();
}

/* Serve where there is something, and sometimes wait for it. */
static void serve_all(void)
{
	struct pollfd fds[EACH];
	int i, n;

	for (i = 0; i < EACH; i++)
		fds[i] = (struct pollfd){ .fd = crew.places[i].fd, .events = POLLIN };
	n = poll(fds, EACH, chance(3));
	tally(POLL, n < 0 ? -errno : 0);
	for (i = 0; i < EACH && n > 0; i++) {
		if (fds[i].revents & ~POLLIN)
			wrong("poll: %x", fds[i].revents);
		if (fds[i].revents)
			serve(&crew.places[i], true);
	}
	if (one_in(2))
		serve(any_place(), false);
}

#endif /* STRESS_MIX_SERVE_H */
