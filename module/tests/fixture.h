/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: fixture, what the tests have in common
 *
 * Each case that asks for it has an inbox, fresh, and two users: the one that
 * the inbox is charged to, and one that sends to it. A case fails if in the end,
 * when the inbox is closed, something is still charged to either of them, or the
 * inbox still referred to.
 */
#ifndef _PARLEY_FIXTURE_H
#define _PARLEY_FIXTURE_H

#include <kunit/test.h>
#include <linux/types.h>

#include "inbox.h"
#include "message.h"
#include "quota.h"
#include "receiver.h"

/**
 * struct fixture - a case's priv
 * @inbox: of the task under test
 * @user: whom that is charged to
 * @caller: whom messages to it are charged to
 * @released: the inbox has lost its last reference
 */
struct fixture {
	struct parley_inbox inbox;
	struct parley_user *user;
	struct parley_user *caller;
	bool released;
};

int fixture_suite_init(struct kunit_suite *suite);
void fixture_suite_exit(struct kunit_suite *suite);
int fixture_init(struct kunit *test);
void fixture_exit(struct kunit *test);

static inline struct fixture *fixture_of(struct kunit *test)
{
	return test->priv;
}

static inline struct parley_inbox *inbox_of(struct kunit *test)
{
	return &fixture_of(test)->inbox;
}

struct parley_receiver *receivers_new(struct kunit *test, size_t n);
struct parley_message *message_new(struct kunit *test, s32 src, s32 type,
				   bool oneway);
struct parley_message *call_post(struct kunit *test, s32 src, s32 type);
void message_drop(struct parley_message *message);
int receive(struct kunit *test, struct parley_receiver *receiver, s32 from,
	    bool nonblock);
int answer(struct kunit *test, u64 token, s32 type);

#endif /* _PARLEY_FIXTURE_H */
