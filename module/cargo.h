/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: cargo, what a message carries besides its payload
 *
 * A *load* is what goes one way: out-of-line payload and a transfer. A *room* is
 * where a caller wants to have its reply's. A request's payload is pinned by its
 * sender, and copied by the receiver to where it wants it; the room is pinned by
 * the caller, and filled by who replies. So everybody copies in his own context,
 * and once (pin.h).
 *
 * All that belongs to one message is its *baggage*. It is the sending thread's,
 * as the message is, and ended by it after the message. A receiver shares the
 * load that it is handed, with references of its own, for as long as it copies.
 *
 * Locks: the baggage's fields are protected like the message's (message.h). Pins
 * and files look after themselves.
 */
#ifndef _PARLEY_CARGO_H
#define _PARLEY_CARGO_H

#include <linux/types.h>
#include <uapi/linux/parley.h>

#include "pin.h"
#include "transfer.h"

struct parley_content;

/**
 * struct parley_load - what is carried one way
 * @kinds: PARLEY_CARGO_*, 0 for nothing; then only @pin means something
 * @len: bytes of out-of-line payload
 * @pin: a request's payload. Otherwise ended, kept to be made again, or NULL
 * @transfer: the file, if it takes one
 */
struct parley_load {
	u32 kinds;
	u32 len;
	struct parley_pin *pin;
	struct parley_transfer transfer;
};

/**
 * struct parley_room - what a caller accepts with the reply
 * @accepts: PARLEY_CARGO_*
 * @len: room for out-of-line payload, bytes
 * @map_max: of a mapping, the most bytes
 * @addr: where
 * @pin: there, if @len is not 0. Otherwise as that of a load
 */
struct parley_room {
	u32 accepts;
	u32 len;
	u64 map_max;
	u64 addr;
	struct parley_pin *pin;
};

/**
 * struct parley_baggage - all that belongs to a message
 * @load: what it carries
 * @room: a call's
 * @answer: what a call's reply carries; its payload is in @room already
 */
struct parley_baggage {
	struct parley_load load;
	struct parley_room room;
	struct parley_load answer;
};

/* What may be accepted. */
#define PARLEY_CARGO_ACCEPT	(PARLEY_CARGO_OOL | PARLEY_CARGO_FD | \
				 PARLEY_CARGO_MAP | PARLEY_CARGO_MAP_WRITE)

/* What may not be larger than its receiver says. */
#define PARLEY_CARGO_MAPS	(PARLEY_CARGO_MAP | PARLEY_CARGO_MAP_WRITE)

/* Is @load for one who accepts those, and of mappings the ones up to @map_max bytes? */
static inline bool parley_load_suits(const struct parley_load *load, u32 accepts,
				     u64 map_max)
{
	if (load->kinds & PARLEY_CARGO_ACCEPT & ~accepts)
		return false;
	return !(load->kinds & PARLEY_CARGO_MAPS) ||
	       parley_transfer_mapped(&load->transfer) <= map_max;
}

void parley_cargo_reset(struct parley_cargo *cargo, u64 room, u64 map_max);
int parley_cargo_get(struct parley_cargo *cargo,
		     const struct parley_cargo __user *ucargo);
int parley_cargo_put(const struct parley_cargo *cargo,
		     struct parley_cargo __user *ucargo);
int parley_cargo_put_needed(u64 needed, struct parley_cargo __user *ucargo);

int parley_load_request(struct parley_load *load, struct parley_user *user,
			const struct parley_content *content, bool ool,
			const struct parley_cargo *cargo);
int parley_load_reply(struct parley_load *load,
		      const struct parley_content *content, bool ool,
		      const struct parley_cargo *cargo);
void parley_load_hide(const struct parley_load *load,
		      struct parley_content *content);
void parley_load_share(struct parley_load *to, const struct parley_load *from);
void parley_load_unshare(struct parley_load *load);
void parley_load_drop(struct parley_load *load);
int parley_load_receive(const struct parley_load *load,
			struct parley_content *content,
			struct parley_cargo *cargo);

int parley_room_make(struct parley_room *room, struct parley_user *user,
		     const struct parley_cargo *cargo);
int parley_room_receive(const struct parley_room *room,
			const struct parley_load *answer,
			struct parley_content *content,
			struct parley_cargo *cargo);

void parley_baggage_drop(struct parley_baggage *baggage);
void parley_baggage_free(struct parley_baggage *baggage);

#endif /* _PARLEY_CARGO_H */
