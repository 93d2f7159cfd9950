// SPDX-License-Identifier: GPL-2.0
/* What client and server do: rounds that are timed, and some before and after. */
#include "bench.h"

static int send_message(const struct transport *transport, struct pair *pair,
			const struct payload *payload, uint32_t round, enum role to)
{
	payload->fill(pair->message[to], pair->bytes[to], round, to);
	return transport->post ? transport->post(pair, to) : 0;
}

static int receive_message(const struct transport *transport, struct pair *pair,
			   const struct payload *payload, uint32_t round, enum role me)
{
	if (transport->take(pair, me))
		return -1;
	return payload->check(pair->message[me], pair->bytes[me], round, me);
}

static int ask(const struct transport *transport, struct pair *pair,
	       const struct payload *payload, uint32_t round)
{
	if (send_message(transport, pair, payload, round, SERVER))
		return -1;
	return receive_message(transport, pair, payload, round, CLIENT);
}

static int answer(const struct transport *transport, struct pair *pair,
		  const struct payload *payload, uint32_t round)
{
	if (receive_message(transport, pair, payload, round, SERVER))
		return -1;
	return send_message(transport, pair, payload, round, CLIENT);
}

int exchange(const struct transport *transport, struct pair *pair, enum role me)
{
	uint32_t round = 0, end = 0;

	for (enum phase phase = 0; phase < PHASES; phase++) {
		const struct payload *payload = &pair->payload[phase];
		uint64_t start = clock_now();

		for (end += pair->rounds[phase]; round < end; round++) {
			if (me == SERVER ? answer(transport, pair, payload, round) :
					   ask(transport, pair, payload, round))
				return -1;
		}
		if (me == CLIENT && phase == TIMED)
			pair->shared->elapsed = clock_now() - start;
	}
	/* The last reply may only go out with the wait for the next request. */
	return me == SERVER ? transport->take(pair, me) : 0;
}
