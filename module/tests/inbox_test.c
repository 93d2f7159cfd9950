// SPDX-License-Identifier: GPL-2.0

#include <linux/string.h>
#include <uapi/linux/parley_proto.h>

#include "fixture.h"
#include "notification.h"

static void inbox_keeps_order(struct kunit *test)
{
	struct parley_receiver receiver;
	struct parley_message *calls[3];
	int i;

	for (i = 0; i < 3; i++)
		calls[i] = call_post(test, 5 + i, i);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
		KUNIT_EXPECT_EQ(test, receiver.content.msg.type, i);
		KUNIT_EXPECT_EQ(test, receiver.content.msg.src, 5 + i);
		KUNIT_EXPECT_EQ(test, calls[i]->state, PARLEY_MESSAGE_HELD);
	}
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), -EAGAIN);
	for (i = 0; i < 3; i++)
		message_drop(calls[i]);
}

static void inbox_hears_one(struct kunit *test)
{
	struct parley_message *first = call_post(test, 5, 0);
	struct parley_message *second = call_post(test, 6, 0);
	struct parley_receiver receiver;

	KUNIT_EXPECT_EQ(test, receive(test, &receiver, 6, true), 0);
	KUNIT_EXPECT_EQ(test, receiver.token, second->token);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, 6, true), -EAGAIN);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, 5, true), 0);
	KUNIT_EXPECT_EQ(test, receiver.token, first->token);
	message_drop(first);
	message_drop(second);
}

static void inbox_hands_to_latest_receiver(struct kunit *test)
{
	struct parley_receiver *early = receivers_new(test, 3);
	struct parley_receiver *late = early + 1, *picky = early + 2;
	struct parley_message *call;

	KUNIT_EXPECT_EQ(test, receive(test, early, PARLEY_ANY, false), 0);
	KUNIT_EXPECT_EQ(test, receive(test, late, PARLEY_ANY, false), 0);
	KUNIT_EXPECT_EQ(test, receive(test, picky, 9, false), 0);
	call = call_post(test, 5, 0);
	KUNIT_EXPECT_TRUE(test, late->wait.done);
	KUNIT_EXPECT_EQ(test, late->token, call->token);
	KUNIT_EXPECT_FALSE(test, parley_receiver_give_up(late));
	KUNIT_EXPECT_TRUE(test, parley_receiver_give_up(early));
	KUNIT_EXPECT_TRUE(test, parley_receiver_give_up(picky));
	message_drop(call);
}

static void token_is_good_once(struct kunit *test)
{
	struct parley_message *call = call_post(test, 5, 0);
	struct parley_receiver receiver;

	KUNIT_EXPECT_EQ(test, answer(test, 1, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	KUNIT_EXPECT_EQ(test, answer(test, receiver.token + 1, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test,
			answer(test, receiver.token + PARLEY_HELD_BUCKETS, 0),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, answer(test, receiver.token, -7), 0);
	KUNIT_EXPECT_TRUE(test, call->wait.done);
	KUNIT_EXPECT_EQ(test, call->error, 0);
	KUNIT_EXPECT_EQ(test, call->content.msg.type, -7);
	KUNIT_EXPECT_EQ(test, withdraw(call),
			PARLEY_WITHDRAWN_LATE);
	KUNIT_EXPECT_EQ(test, answer(test, receiver.token, 0), -ENOENT);
	parley_message_free(call);
}

static void token_of_withdrawn_call_is_refused(struct kunit *test)
{
	struct parley_message *call = call_post(test, 5, 0);
	struct parley_receiver receiver;

	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	KUNIT_EXPECT_EQ(test, withdraw(call),
			PARLEY_WITHDRAWN_NOTED);
	KUNIT_EXPECT_EQ(test, answer(test, receiver.token, 0), -ENOENT);
}

static void oneway_ends_when_taken(struct kunit *test)
{
	struct parley_message *send = message_new(test, 5, 0, true);
	struct parley_receiver receiver;

	KUNIT_EXPECT_EQ(test, parley_inbox_post(inbox_of(test), send, false), 0);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	KUNIT_EXPECT_FALSE(test, send->wait.done);
	KUNIT_EXPECT_EQ(test, answer(test, receiver.token, 0), -ENOENT);
	parley_inbox_taken(&receiver);
	KUNIT_EXPECT_TRUE(test, send->wait.done);
	KUNIT_EXPECT_EQ(test, send->error, 0);
	parley_message_free(send);
}

static void oneway_in_hand_is_no_longer_the_sender_s(struct kunit *test)
{
	struct parley_message *send = message_new(test, 5, 0, true);
	struct parley_receiver receiver;

	KUNIT_EXPECT_EQ(test, parley_inbox_post(inbox_of(test), send, false), 0);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	KUNIT_EXPECT_EQ(test, withdraw(send), PARLEY_WITHDRAWN_NOT);
	/* It is kept even if the receiver has to put it back. */
	parley_inbox_return(&receiver);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	parley_inbox_taken(&receiver);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), -EAGAIN);
}

static void nonblocking_call_does_not_wait_after_all(struct kunit *test)
{
	struct parley_message *call = message_new(test, 5, 0, false);
	struct parley_receiver receiver;

	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, false), 0);
	KUNIT_EXPECT_EQ(test, parley_inbox_post(inbox_of(test), call, true), 0);
	parley_inbox_return(&receiver);
	KUNIT_EXPECT_TRUE(test, call->wait.done);
	KUNIT_EXPECT_EQ(test, call->error, -EAGAIN);
	parley_message_free(call);
}

static void nonblocking_call_goes_to_another_receiver(struct kunit *test)
{
	struct parley_receiver *first = receivers_new(test, 2);
	struct parley_receiver *second = first + 1;
	struct parley_message *call = message_new(test, 5, 0, false);

	KUNIT_EXPECT_EQ(test, receive(test, first, PARLEY_ANY, false), 0);
	KUNIT_EXPECT_EQ(test, receive(test, second, PARLEY_ANY, false), 0);
	KUNIT_EXPECT_EQ(test, parley_inbox_post(inbox_of(test), call, true), 0);
	parley_inbox_return(second);
	KUNIT_EXPECT_FALSE(test, call->wait.done);
	KUNIT_EXPECT_TRUE(test, first->wait.done);
	KUNIT_EXPECT_EQ(test, answer(test, first->token, 0), 0);
	parley_message_free(call);
}

static void orphans_are_bounded(struct kunit *test)
{
	struct parley_inbox *inbox = inbox_of(test);
	struct parley_receiver receiver;
	int src;

	for (src = 1; src <= PARLEY_ORPHANS_MAX + 9; src++) {
		struct parley_message *send = message_new(test, src, 0, true);

		KUNIT_EXPECT_EQ(test, receive(test, &receiver, src, false), 0);
		KUNIT_EXPECT_EQ(test, parley_inbox_post(inbox, send, true), 0);
		parley_inbox_return(&receiver);
	}
	KUNIT_EXPECT_EQ(test, inbox->orphans, PARLEY_ORPHANS_MAX);
	for (src = 1; src <= PARLEY_ORPHANS_MAX; src++) {
		KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
		KUNIT_EXPECT_EQ(test, receiver.content.msg.src, src);
		parley_inbox_taken(&receiver);
	}
	KUNIT_EXPECT_EQ(test, inbox->orphans, 0);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), -EAGAIN);
}

static void returned_messages_keep_their_order(struct kunit *test)
{
	struct parley_receiver *first = receivers_new(test, 2);
	struct parley_receiver *second = first + 1;
	struct parley_message *calls[3];
	int i;

	for (i = 0; i < 3; i++)
		calls[i] = call_post(test, 5, i);
	KUNIT_EXPECT_EQ(test, receive(test, first, PARLEY_ANY, true), 0);
	KUNIT_EXPECT_EQ(test, receive(test, second, PARLEY_ANY, true), 0);
	parley_inbox_return(first);
	parley_inbox_return(second);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, receive(test, first, PARLEY_ANY, true), 0);
		KUNIT_EXPECT_EQ(test, first->content.msg.type, i);
		KUNIT_EXPECT_EQ(test, answer(test, first->token, 0), 0);
		parley_message_free(calls[i]);
	}
}

static void nonblocking_needs_a_receiver(struct kunit *test)
{
	struct parley_message *send = message_new(test, 5, 3, true);
	struct parley_inbox *inbox = inbox_of(test);
	struct parley_receiver receiver;

	KUNIT_EXPECT_EQ(test, parley_inbox_post(inbox, send, true), -EAGAIN);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, false), 0);
	KUNIT_EXPECT_EQ(test, parley_inbox_post(inbox, send, true), 0);

	/* Put back, it is the inbox's, which frees it when it is taken. */
	parley_inbox_return(&receiver);
	KUNIT_EXPECT_FALSE(test, list_empty(&inbox->queue));
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	KUNIT_EXPECT_EQ(test, receiver.content.msg.type, 3);
	parley_inbox_taken(&receiver);
	KUNIT_EXPECT_TRUE(test, list_empty(&inbox->queue));
}

static void returned_message_is_first_again(struct kunit *test)
{
	struct parley_message *first = call_post(test, 5, 1);
	struct parley_message *second = call_post(test, 6, 2);
	struct parley_receiver *receiver = receivers_new(test, 2);
	struct parley_receiver *other = receiver + 1;
	u64 token;

	KUNIT_EXPECT_EQ(test, receive(test, receiver, PARLEY_ANY, true), 0);
	token = receiver->token;
	parley_inbox_return(receiver);
	KUNIT_EXPECT_EQ(test, answer(test, token, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, receive(test, receiver, PARLEY_ANY, true), 0);
	KUNIT_EXPECT_EQ(test, receiver->content.msg.type, 1);

	KUNIT_EXPECT_EQ(test, receive(test, other, 5, false), 0);
	parley_inbox_return(receiver);
	KUNIT_EXPECT_TRUE(test, other->wait.done);
	KUNIT_EXPECT_EQ(test, other->content.msg.type, 1);
	message_drop(first);
	message_drop(second);
}

static void notifications_come_first_and_once(struct kunit *test)
{
	struct parley_message *call = call_post(test, 5, 9);
	struct parley_receiver receiver;

	KUNIT_EXPECT_EQ(test, parley_notification_set(inbox_of(test), 0x10, NULL), 0);
	KUNIT_EXPECT_EQ(test, parley_notification_set(inbox_of(test), 0x40, NULL), 0);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, 6, true), -EAGAIN);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	KUNIT_EXPECT_EQ(test, receiver.content.msg.type,
			PARLEY_GLOBAL_NOTIFICATIONS);
	KUNIT_EXPECT_EQ(test, receiver.content.msg.src, PARLEY_TASK_KERNEL);
	KUNIT_EXPECT_EQ(test, receiver.content.msg.payload[0], 0x50);
	parley_inbox_return(&receiver);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_TASK_KERNEL, true), 0);
	KUNIT_EXPECT_EQ(test, receiver.content.msg.payload[0], 0x50);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_TASK_KERNEL, true),
			-EAGAIN);
	message_drop(call);
}

static void close_tells_what_may_have_run(struct kunit *test)
{
	struct parley_message *taken = call_post(test, 5, 0);
	struct parley_message *waiting = call_post(test, 6, 0);
	struct parley_message *late = message_new(test, 7, 0, false);
	struct parley_receiver receiver;

	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	parley_inbox_close(inbox_of(test));
	KUNIT_EXPECT_EQ(test, taken->error, -ECONNRESET);
	KUNIT_EXPECT_EQ(test, waiting->error, -ENOTCONN);
	KUNIT_EXPECT_TRUE(test, taken->wait.done && waiting->wait.done);
	KUNIT_EXPECT_EQ(test, parley_inbox_post(inbox_of(test), late, false),
			-ENOTCONN);
	KUNIT_EXPECT_EQ(test, parley_notification_set(inbox_of(test), 0x10, NULL), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, false), -ESTALE);
	parley_message_free(taken);
	parley_message_free(waiting);
	parley_message_free(late);
}

static void death_of_the_heard_ends_the_wait(struct kunit *test)
{
	struct parley_inbox *heard = kunit_kzalloc(test, sizeof(*heard), GFP_KERNEL);
	struct parley_inbox *inbox = inbox_of(test);
	struct parley_receiver receiver;

	KUNIT_ASSERT_NOT_NULL(test, heard);
	parley_inbox_init(heard, fixture_of(test)->user, NULL);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, 5, false), 0);
	parley_receiver_follow(&receiver, heard);
	parley_inbox_close(heard);
	KUNIT_EXPECT_TRUE(test, receiver.wait.done);
	KUNIT_EXPECT_EQ(test, receiver.error, -ENOTCONN);
	KUNIT_EXPECT_TRUE(test, hlist_empty(&inbox->receivers));
	parley_receiver_unfollow(&receiver, heard);

	/* One that comes after the death. */
	receiver.load.kinds = 0;
	parley_receiver_init(&receiver, inbox, 5, false);
	parley_receiver_follow(&receiver, heard);
	KUNIT_EXPECT_EQ(test, enter(test, &receiver, false), -ENOTCONN);
	parley_receiver_unfollow(&receiver, heard);
}

static void death_of_the_heard_after_giving_up(struct kunit *test)
{
	struct parley_inbox *heard = kunit_kzalloc(test, sizeof(*heard), GFP_KERNEL);
	struct parley_receiver receiver;

	KUNIT_ASSERT_NOT_NULL(test, heard);
	parley_inbox_init(heard, fixture_of(test)->user, NULL);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, 5, false), 0);
	parley_receiver_follow(&receiver, heard);
	KUNIT_EXPECT_TRUE(test, parley_receiver_give_up(&receiver));
	parley_inbox_close(heard);
	parley_receiver_unfollow(&receiver, heard);
	KUNIT_EXPECT_TRUE(test, hlist_empty(&inbox_of(test)->receivers));
}

static void left_message_can_be_rejoined(struct kunit *test)
{
	struct parley_message *call = call_post(test, 5, 0);
	struct parley_receiver receiver;

	KUNIT_EXPECT_TRUE(test, parley_inbox_leave(call));
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	KUNIT_EXPECT_EQ(test, answer(test, receiver.token, 1), 0);
	parley_inbox_rejoin(call, NULL);
	KUNIT_EXPECT_EQ(test, parley_wait_sleep(&call->wait, 0), 0);
	KUNIT_EXPECT_FALSE(test, parley_inbox_leave(call));
	parley_message_free(call);
}

static void content_copies_what_is_in_use(struct kunit *test)
{
	struct parley_content from, to;

	memset(&from, 0x11, sizeof(from));
	memset(&to, 0x22, sizeof(to));
	from.len = 16;
	parley_content_copy(&to, &from);
	KUNIT_EXPECT_EQ(test, to.len, 16);
	KUNIT_EXPECT_EQ(test, memcmp(&to.msg, &from.msg, 8 + 16), 0);
	KUNIT_EXPECT_EQ(test, to.msg.payload[16], 0x22);
}

static struct kunit_case inbox_cases[] = {
	KUNIT_CASE(inbox_keeps_order),
	KUNIT_CASE(inbox_hears_one),
	KUNIT_CASE(inbox_hands_to_latest_receiver),
	KUNIT_CASE(token_is_good_once),
	KUNIT_CASE(token_of_withdrawn_call_is_refused),
	KUNIT_CASE(oneway_ends_when_taken),
	KUNIT_CASE(oneway_in_hand_is_no_longer_the_sender_s),
	KUNIT_CASE(nonblocking_call_does_not_wait_after_all),
	KUNIT_CASE(nonblocking_call_goes_to_another_receiver),
	KUNIT_CASE(orphans_are_bounded),
	KUNIT_CASE(returned_messages_keep_their_order),
	KUNIT_CASE(nonblocking_needs_a_receiver),
	KUNIT_CASE(returned_message_is_first_again),
	KUNIT_CASE(notifications_come_first_and_once),
	KUNIT_CASE(close_tells_what_may_have_run),
	KUNIT_CASE(death_of_the_heard_ends_the_wait),
	KUNIT_CASE(death_of_the_heard_after_giving_up),
	KUNIT_CASE(left_message_can_be_rejoined),
	KUNIT_CASE(content_copies_what_is_in_use),
	{}
};

static struct kunit_suite inbox_suite = {
	.name = "parley_inbox",
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = inbox_cases,
};

kunit_test_suite(inbox_suite);
