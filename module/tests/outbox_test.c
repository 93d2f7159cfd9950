// SPDX-License-Identifier: GPL-2.0

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/sched/signal.h>

#include "fixture.h"

static struct parley_outbox *outbox_of(struct kunit *test)
{
	return &fixture_of(test)->outbox;
}

static unsigned int charged(struct kunit *test)
{
	return atomic_read(&fixture_of(test)->caller->used[PARLEY_LIMIT_MESSAGES]);
}

static int references(struct kunit *test)
{
	return refcount_read(&inbox_of(test)->refs);
}

static struct parley_message *outgoing(struct kunit *test, bool oneway)
{
	struct parley_message *message;

	message = parley_outbox_message(outbox_of(test), oneway);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, message);
	return message;
}

/* A message from the outbox to the inbox, to which it now holds a reference. */
static struct parley_message *sent(struct kunit *test, bool oneway)
{
	struct parley_message *message = outgoing(test, oneway);

	message->content.msg.src = 5;
	message->content.msg.type = 0;
	message->content.len = 0;
	refcount_inc(&inbox_of(test)->refs);
	KUNIT_EXPECT_EQ(test, parley_inbox_post(inbox_of(test), message, false), 0);
	return message;
}

static u64 interrupt(struct kunit *test, struct parley_message *message)
{
	KUNIT_EXPECT_TRUE(test, parley_inbox_leave(message));
	return parley_outbox_interrupt(outbox_of(test), message);
}

static void message_is_new(struct kunit *test)
{
	struct parley_message *message = outgoing(test, true);

	KUNIT_EXPECT_TRUE(test, message->oneway);
	KUNIT_EXPECT_EQ(test, message->state, PARLEY_MESSAGE_ENDED);
	KUNIT_EXPECT_EQ(test, message->call, 0);
	KUNIT_EXPECT_PTR_EQ(test, message->sender.cred, current_cred());
	KUNIT_EXPECT_PTR_EQ(test, message->sender.pid, task_tgid(current));
	KUNIT_EXPECT_EQ(test, charged(test), 1);
	parley_outbox_discard(outbox_of(test), message);
}

static void one_message_is_kept(struct kunit *test)
{
	struct parley_message *first = outgoing(test, false);
	struct parley_message *second = outgoing(test, false);

	KUNIT_EXPECT_PTR_NE(test, first, second);
	KUNIT_EXPECT_EQ(test, charged(test), 2);
	parley_outbox_discard(outbox_of(test), second);
	parley_outbox_discard(outbox_of(test), first);
	KUNIT_EXPECT_EQ(test, charged(test), 1);
	KUNIT_EXPECT_PTR_EQ(test, outgoing(test, true), second);
	KUNIT_EXPECT_EQ(test, charged(test), 1);
	parley_outbox_discard(outbox_of(test), second);
}

static void kept_message_needs_no_quota(struct kunit *test)
{
	struct parley_outbox *outbox = outbox_of(test);
	struct parley_message *message = outgoing(test, false);

	user_fill(test, outbox->user, PARLEY_LIMIT_MESSAGES);
	KUNIT_EXPECT_EQ(test, PTR_ERR(parley_outbox_message(outbox, false)),
			-EDQUOT);
	parley_outbox_discard(outbox, message);
	KUNIT_EXPECT_PTR_EQ(test, parley_outbox_message(outbox, false), message);
	parley_outbox_discard(outbox, message);
	user_empty(outbox->user, PARLEY_LIMIT_MESSAGES, 1);
}

static void settled_message_gives_up_its_task(struct kunit *test)
{
	struct parley_message *call = sent(test, false);
	struct parley_receiver receiver;

	KUNIT_EXPECT_EQ(test, references(test), 2);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	KUNIT_EXPECT_EQ(test, answer(test, receiver.token, 0), 0);
	parley_outbox_settle(outbox_of(test), call);
	KUNIT_EXPECT_EQ(test, references(test), 1);
	KUNIT_EXPECT_PTR_EQ(test, outbox_of(test)->spare, call);
}

static void interrupted_is_resumed_once(struct kunit *test)
{
	struct parley_outbox *outbox = outbox_of(test);
	struct parley_message *call = sent(test, false);
	u64 number = interrupt(test, call);

	KUNIT_EXPECT_NE(test, number, 0);
	KUNIT_EXPECT_NULL(test, call->wait.waker);
	KUNIT_EXPECT_NULL(test, parley_outbox_resume(outbox, number + 1, false));
	KUNIT_EXPECT_NULL(test, parley_outbox_resume(outbox, number, true));
	KUNIT_EXPECT_PTR_EQ(test, parley_outbox_resume(outbox, number, false), call);
	KUNIT_EXPECT_NULL(test, parley_outbox_resume(outbox, number, false));
	parley_outbox_drop(outbox, call);
}

static void number_stays_with_the_message(struct kunit *test)
{
	struct parley_outbox *outbox = outbox_of(test);
	struct parley_message *call = sent(test, false);
	struct parley_message *send = sent(test, true);
	u64 first = interrupt(test, call), second = interrupt(test, send);

	KUNIT_EXPECT_NE(test, first, second);
	KUNIT_EXPECT_PTR_EQ(test, parley_outbox_resume(outbox, first, false), call);
	parley_inbox_rejoin(call, NULL);
	KUNIT_EXPECT_EQ(test, interrupt(test, call), first);
	KUNIT_EXPECT_PTR_EQ(test, parley_outbox_resume(outbox, second, true), send);
	KUNIT_EXPECT_PTR_EQ(test, parley_outbox_resume(outbox, first, false), call);
	parley_outbox_drop(outbox, call);
	parley_outbox_drop(outbox, send);
}

static void reused_message_gets_a_new_number(struct kunit *test)
{
	struct parley_outbox *outbox = outbox_of(test);
	struct parley_message *call = sent(test, false);
	u64 old = interrupt(test, call), new;

	KUNIT_EXPECT_PTR_EQ(test, parley_outbox_resume(outbox, old, false), call);
	parley_outbox_drop(outbox, call);
	KUNIT_EXPECT_PTR_EQ(test, sent(test, false), call);
	new = interrupt(test, call);
	KUNIT_EXPECT_NE(test, new, old);
	KUNIT_EXPECT_NULL(test, parley_outbox_resume(outbox, old, false));
	KUNIT_EXPECT_PTR_EQ(test, parley_outbox_resume(outbox, new, false), call);
	parley_outbox_drop(outbox, call);
}

static void drop_tells_what_was_done(struct kunit *test)
{
	struct parley_outbox *outbox = outbox_of(test);
	struct parley_receiver receiver;
	struct parley_message *message;

	/* Nobody has it. */
	KUNIT_EXPECT_FALSE(test, parley_outbox_drop(outbox, sent(test, false)));

	/* Answered. */
	message = sent(test, false);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	KUNIT_EXPECT_EQ(test, answer(test, receiver.token, 0), 0);
	KUNIT_EXPECT_TRUE(test, parley_outbox_drop(outbox, message));

	/* One-way, in hand: the receiver goes on with it. */
	message = sent(test, true);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	KUNIT_EXPECT_TRUE(test, parley_outbox_drop(outbox, message));
	parley_inbox_taken(&receiver);

	/* In hand, not answered. */
	message = sent(test, false);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	KUNIT_EXPECT_FALSE(test, parley_outbox_drop(outbox, message));
	KUNIT_EXPECT_EQ(test, inbox_of(test)->cancelled, 1);

	/* Refused. */
	message = sent(test, false);
	parley_inbox_close(inbox_of(test));
	KUNIT_EXPECT_FALSE(test, parley_outbox_drop(outbox, message));
	KUNIT_EXPECT_EQ(test, references(test), 1);
}

static void close_gives_up_the_interrupted(struct kunit *test)
{
	struct parley_receiver receiver;
	struct parley_message *held = sent(test, false);

	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	interrupt(test, held);
	interrupt(test, sent(test, false));
	interrupt(test, sent(test, true));
	KUNIT_EXPECT_EQ(test, charged(test), 3);
	parley_outbox_close(outbox_of(test));
	KUNIT_EXPECT_EQ(test, references(test), 1);
	KUNIT_EXPECT_EQ(test, charged(test), 1);
	KUNIT_EXPECT_EQ(test, inbox_of(test)->cancelled, 1);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&inbox_of(test)->queue));
}

static struct kunit_case outbox_cases[] = {
	KUNIT_CASE(message_is_new),
	KUNIT_CASE(one_message_is_kept),
	KUNIT_CASE(kept_message_needs_no_quota),
	KUNIT_CASE(settled_message_gives_up_its_task),
	KUNIT_CASE(interrupted_is_resumed_once),
	KUNIT_CASE(number_stays_with_the_message),
	KUNIT_CASE(reused_message_gets_a_new_number),
	KUNIT_CASE(drop_tells_what_was_done),
	KUNIT_CASE(close_gives_up_the_interrupted),
	{}
};

static struct kunit_suite outbox_suite = {
	.name = "parley_outbox",
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = outbox_cases,
};

kunit_test_suite(outbox_suite);
