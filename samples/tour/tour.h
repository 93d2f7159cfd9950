/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: what the tour's server understands
 *
 * TOUR_FLIP: every byte comes back with its bits flipped.
 * TOUR_NOTIFY: the first byte comes back as a notification to the caller,
 *	before the (empty) reply.
 * TOUR_HANG: never answered.
 * Anything else: -ENOTSUP.
 */
#ifndef TOUR_H
#define TOUR_H

enum tour_type {
	TOUR_FLIP = 16,
	TOUR_NOTIFY,
	TOUR_HANG,
};

#endif /* TOUR_H */
