/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: fixture, what the tests have in common
 *
 * Each case that asks for it has an inbox and an outbox, fresh, of two users. A
 * case fails if something is still charged to either of them in the end, when
 * the inbox has been closed, or something still refers to the inbox.
 */
#ifndef _PARLEY_FIXTURE_H
#define _PARLEY_FIXTURE_H

#include <kunit/test.h>
#include <linux/types.h>

#include "inbox.h"
#include "message.h"
#include "outbox.h"
#include "quota.h"
#include "receiver.h"

/**
 * struct fixture - a case's priv
 * @inbox: of the task that receives
 * @outbox: of the one that sends
 * @user: whom the inbox is charged to
 * @caller: whom the outbox is charged to, and every other message sent
 * @released: the inbox has lost its last reference
 */
struct fixture {
	struct parley_inbox inbox;
	struct parley_outbox outbox;
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
enum parley_withdrawal withdraw(struct parley_message *message);
void message_drop(struct parley_message *message);
int enter(struct kunit *test, struct parley_receiver *receiver, bool nonblock);
int receive(struct kunit *test, struct parley_receiver *receiver, s32 from,
	    bool nonblock);
int answer(struct kunit *test, u64 token, s32 type);
void user_fill(struct kunit *test, struct parley_user *user,
	       enum parley_limit limit);
void user_empty(struct parley_user *user, enum parley_limit limit,
		unsigned int down_to);

#endif /* _PARLEY_FIXTURE_H */
