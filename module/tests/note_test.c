// SPDX-License-Identifier: GPL-2.0

#include <uapi/linux/parley_proto.h>

#include "fixture.h"
#include "note.h"
#include "notification.h"

/* A call that @receiver has in hand, or has taken. */
static struct parley_message *call_held(struct kunit *test,
					struct parley_receiver *receiver)
{
	struct parley_message *call = call_post(test, 5, 0);

	KUNIT_ASSERT_EQ(test, receive(test, receiver, 5, true), 0);
	KUNIT_ASSERT_EQ(test, receiver->token, call->token);
	return call;
}

/* Give up a call that is held. Returns its token. */
static u64 call_cancel(struct kunit *test, struct parley_message *call)
{
	u64 token = call->token;

	KUNIT_ASSERT_EQ(test, withdraw(call),
			PARLEY_WITHDRAWN_NOTED);
	return token;
}

static u64 call_cancelled(struct kunit *test)
{
	struct parley_receiver receiver;

	return call_cancel(test, call_held(test, &receiver));
}

static void expect_aborted(struct kunit *test,
			   const struct parley_receiver *receiver)
{
	const struct parley_content *content = &receiver->content;

	KUNIT_EXPECT_EQ(test, content->msg.type, PARLEY_GLOBAL_NOTIFICATIONS);
	KUNIT_EXPECT_EQ(test, content->msg.payload[0], PARLEY_NOTIFY_ABORTED);
}

static void expect_note(struct kunit *test,
			const struct parley_receiver *receiver, u64 token)
{
	const struct parley_content *content = &receiver->content;
	const struct parley_global_cancelled *body =
		(const void *)content->msg.payload;

	KUNIT_EXPECT_EQ(test, content->msg.type, PARLEY_GLOBAL_CANCELLED);
	KUNIT_EXPECT_EQ(test, content->msg.src, PARLEY_TASK_KERNEL);
	KUNIT_EXPECT_EQ(test, content->len, sizeof(*body));
	KUNIT_EXPECT_EQ(test, body->token, token);
	KUNIT_EXPECT_TRUE(test, receiver->oneway);
}

static void expect_nothing(struct kunit *test)
{
	struct parley_receiver receiver;

	KUNIT_EXPECT_EQ(test, inbox_of(test)->cancelled, 0);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), -EAGAIN);
}

/* Receive what comes next. Returns false, and the case fails, if nothing does. */
static bool hear(struct kunit *test, struct parley_receiver *receiver)
{
	int err = receive(test, receiver, PARLEY_ANY, true);

	KUNIT_EXPECT_EQ(test, err, 0);
	return !err;
}

static void hear_aborted(struct kunit *test)
{
	struct parley_receiver receiver;

	if (!hear(test, &receiver))
		return;
	expect_aborted(test, &receiver);
	parley_inbox_taken(&receiver);
}

static void hear_note(struct kunit *test, u64 token)
{
	struct parley_receiver receiver;

	if (!hear(test, &receiver))
		return;
	expect_note(test, &receiver, token);
	parley_inbox_taken(&receiver);
}

static void held_call_becomes_a_note(struct kunit *test)
{
	struct parley_user *user = fixture_of(test)->user;
	struct parley_user *caller = fixture_of(test)->caller;
	struct parley_receiver receiver;
	struct parley_message *call = call_held(test, &receiver);

	call_cancel(test, call);
	KUNIT_EXPECT_EQ(test, call->state, PARLEY_MESSAGE_CANCELLED);
	KUNIT_EXPECT_EQ(test, inbox_of(test)->cancelled, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&caller->used[PARLEY_LIMIT_MESSAGES]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&user->used[PARLEY_LIMIT_MESSAGES]), 1);
	hear_aborted(test);
	hear_note(test, receiver.token);
	KUNIT_EXPECT_EQ(test, atomic_read(&user->used[PARLEY_LIMIT_MESSAGES]), 0);
	KUNIT_EXPECT_EQ(test, answer(test, receiver.token, 0), -ENOENT);
	expect_nothing(test);
}

static void queued_call_leaves_no_note(struct kunit *test)
{
	struct parley_message *call = call_post(test, 5, 0);

	KUNIT_EXPECT_EQ(test, withdraw(call), PARLEY_WITHDRAWN);
	parley_message_free(call);
	expect_nothing(test);
}

static void notes_queue_as_calls_are_given_up(struct kunit *test)
{
	struct parley_receiver *receivers = receivers_new(test, 3);
	struct parley_message *first = call_held(test, &receivers[0]);
	struct parley_message *second = call_held(test, &receivers[1]);
	struct parley_message *third = call_post(test, 5, 0);

	call_cancel(test, second);
	call_cancel(test, first);
	hear_aborted(test);
	KUNIT_EXPECT_EQ(test, receive(test, &receivers[2], PARLEY_ANY, true), 0);
	KUNIT_EXPECT_EQ(test, receivers[2].token, third->token);
	hear_note(test, receivers[1].token);
	hear_note(test, receivers[0].token);
	KUNIT_EXPECT_EQ(test, answer(test, third->token, 0), 0);
	parley_message_free(third);
}

static void answer_forgets_the_note(struct kunit *test)
{
	u64 first = call_cancelled(test), second = call_cancelled(test);

	KUNIT_EXPECT_EQ(test, answer(test, first, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, inbox_of(test)->notifications,
			PARLEY_NOTIFY_ABORTED);
	KUNIT_EXPECT_EQ(test, answer(test, second, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, inbox_of(test)->notifications, 0);
	expect_nothing(test);
}

static void answer_leaves_other_bits(struct kunit *test)
{
	u64 token = call_cancelled(test);

	KUNIT_EXPECT_EQ(test, parley_notification_set(inbox_of(test), 0x10, NULL),
			0);
	KUNIT_EXPECT_EQ(test, answer(test, token, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, inbox_of(test)->notifications, 0x10);
}

static void bit_in_hand_is_not_returned_without_a_note(struct kunit *test)
{
	u64 first = call_cancelled(test), second = call_cancelled(test);
	struct parley_receiver receiver;

	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	KUNIT_EXPECT_EQ(test, answer(test, first, 0), -ENOENT);
	parley_inbox_return(&receiver);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	expect_aborted(test, &receiver);
	KUNIT_EXPECT_EQ(test, answer(test, second, 0), -ENOENT);
	parley_inbox_return(&receiver);
	expect_nothing(test);
}

static void uncopied_request_takes_its_note_along(struct kunit *test)
{
	struct parley_receiver receiver;

	call_cancel(test, call_held(test, &receiver));
	parley_inbox_return(&receiver);
	expect_nothing(test);
}

static void note_in_hand_becomes_needless(struct kunit *test)
{
	struct parley_receiver receiver;
	u64 token = call_cancelled(test);

	hear_aborted(test);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	expect_note(test, &receiver, token);
	KUNIT_EXPECT_EQ(test, answer(test, token, 0), -ENOENT);
	parley_inbox_return(&receiver);
	expect_nothing(test);
}

static void returned_note_is_first_again(struct kunit *test)
{
	struct parley_receiver receiver;
	u64 token = call_cancelled(test);
	struct parley_message *call = call_post(test, 5, 0);

	hear_aborted(test);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	KUNIT_EXPECT_EQ(test, inbox_of(test)->cancelled, 0);
	parley_inbox_return(&receiver);
	KUNIT_EXPECT_EQ(test, inbox_of(test)->cancelled, 1);
	KUNIT_EXPECT_EQ(test, inbox_of(test)->orphans, 0);
	hear_note(test, token);
	message_drop(call);
	expect_nothing(test);
}

static void receiver_at_its_limit_gets_the_bit_alone(struct kunit *test)
{
	struct parley_user *user = fixture_of(test)->user;
	struct parley_receiver receiver;
	struct parley_message *call = call_held(test, &receiver);

	user_fill(test, user, PARLEY_LIMIT_MESSAGES);
	KUNIT_EXPECT_EQ(test, withdraw(call), PARLEY_WITHDRAWN);
	KUNIT_EXPECT_EQ(test, call->state, PARLEY_MESSAGE_ENDED);
	KUNIT_EXPECT_PTR_EQ(test, call->user, fixture_of(test)->caller);
	KUNIT_EXPECT_EQ(test, atomic64_read(&user->hits[PARLEY_LIMIT_MESSAGES]), 1);
	parley_message_free(call);
	hear_aborted(test);
	KUNIT_EXPECT_EQ(test, answer(test, receiver.token, 0), -ENOENT);
	expect_nothing(test);
	user_empty(user, PARLEY_LIMIT_MESSAGES, 0);
}

static void lone_bit_is_put_back(struct kunit *test)
{
	struct parley_user *user = fixture_of(test)->user;
	struct parley_receiver receiver;
	struct parley_message *call = call_held(test, &receiver);

	user_fill(test, user, PARLEY_LIMIT_MESSAGES);
	message_drop(call);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	parley_inbox_return(&receiver);
	hear_aborted(test);
	user_empty(user, PARLEY_LIMIT_MESSAGES, 0);
}

static void lone_bit_outlasts_the_notes(struct kunit *test)
{
	struct parley_user *user = fixture_of(test)->user;
	struct parley_receiver receiver;
	struct parley_message *call = call_held(test, &receiver);
	u64 noted = call_cancelled(test);

	user_fill(test, user, PARLEY_LIMIT_MESSAGES);
	message_drop(call);
	KUNIT_EXPECT_EQ(test, answer(test, noted, 0), -ENOENT);
	hear_aborted(test);
	user_empty(user, PARLEY_LIMIT_MESSAGES, 0);
}

static void waiting_receivers_get_bit_and_note(struct kunit *test)
{
	struct parley_receiver *first = receivers_new(test, 4);
	struct parley_receiver *second = first + 1, *third = first + 2;
	struct parley_receiver *worker = first + 3;
	struct parley_message *call = call_held(test, worker);

	KUNIT_EXPECT_EQ(test, receive(test, first, PARLEY_ANY, false), 0);
	KUNIT_EXPECT_EQ(test, receive(test, second, PARLEY_TASK_KERNEL, false), 0);
	KUNIT_EXPECT_EQ(test, receive(test, third, PARLEY_ANY, false), 0);
	call_cancel(test, call);
	KUNIT_EXPECT_TRUE(test, third->wait.done && second->wait.done);
	expect_aborted(test, third);
	expect_note(test, second, worker->token);
	parley_inbox_taken(third);
	parley_inbox_taken(second);
	KUNIT_EXPECT_TRUE(test, parley_receiver_give_up(first));
	expect_nothing(test);
}

static void lone_waiting_receiver_gets_the_bit_first(struct kunit *test)
{
	struct parley_receiver *receiver = receivers_new(test, 2);
	struct parley_receiver *worker = receiver + 1;
	struct parley_message *call = call_held(test, worker);

	KUNIT_EXPECT_EQ(test, receive(test, receiver, PARLEY_ANY, false), 0);
	call_cancel(test, call);
	KUNIT_EXPECT_TRUE(test, receiver->wait.done);
	expect_aborted(test, receiver);
	parley_inbox_taken(receiver);
	hear_note(test, worker->token);
}

static void closing_frees_notes(struct kunit *test)
{
	struct parley_receiver receiver;

	call_cancelled(test);
	call_cancelled(test);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_TASK_KERNEL, true),
			0);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_TASK_KERNEL, true),
			0);
	parley_inbox_close(inbox_of(test));
	KUNIT_EXPECT_EQ(test, inbox_of(test)->cancelled, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&inbox_of(test)->queue));
	/* As does the receiver that had one in hand. */
	parley_inbox_return(&receiver);
}

/* A note of a task's death, as a watch has ready. */
static struct parley_message *death_new(struct kunit *test, s32 task)
{
	struct parley_global_exception body = { .task = task };
	struct parley_message *note;

	note = message_new(test, PARLEY_TASK_KERNEL, 0, true);
	parley_message_note(note, PARLEY_GLOBAL_EXCEPTION, &body, sizeof(body));
	return note;
}

static void posted_notes_are_received_in_order(struct kunit *test)
{
	struct parley_receiver *waiting = receivers_new(test, 2);
	struct parley_receiver *receiver = waiting + 1;
	s32 task;

	KUNIT_EXPECT_EQ(test, receive(test, waiting, PARLEY_TASK_KERNEL, false), 0);
	for (task = 7; task < 10; task++)
		parley_note_post(inbox_of(test), death_new(test, task));
	KUNIT_EXPECT_TRUE(test, waiting->wait.done);
	KUNIT_EXPECT_EQ(test, waiting->content.msg.payload[0], 7);
	parley_inbox_return(waiting);
	for (task = 7; task < 10; task++) {
		KUNIT_EXPECT_EQ(test, receive(test, receiver, PARLEY_ANY, true), 0);
		KUNIT_EXPECT_EQ(test, receiver->content.msg.payload[0], task);
		KUNIT_EXPECT_EQ(test, answer(test, receiver->token, 0), -ENOENT);
		parley_inbox_taken(receiver);
	}
	expect_nothing(test);
}

static void note_to_the_dead_is_freed(struct kunit *test)
{
	struct parley_message *note = death_new(test, 7);

	parley_inbox_close(inbox_of(test));
	parley_note_post(inbox_of(test), note);
	KUNIT_EXPECT_TRUE(test, list_empty(&inbox_of(test)->queue));
}

static struct kunit_case note_cases[] = {
	KUNIT_CASE(held_call_becomes_a_note),
	KUNIT_CASE(queued_call_leaves_no_note),
	KUNIT_CASE(notes_queue_as_calls_are_given_up),
	KUNIT_CASE(answer_forgets_the_note),
	KUNIT_CASE(answer_leaves_other_bits),
	KUNIT_CASE(bit_in_hand_is_not_returned_without_a_note),
	KUNIT_CASE(uncopied_request_takes_its_note_along),
	KUNIT_CASE(note_in_hand_becomes_needless),
	KUNIT_CASE(returned_note_is_first_again),
	KUNIT_CASE(receiver_at_its_limit_gets_the_bit_alone),
	KUNIT_CASE(lone_bit_is_put_back),
	KUNIT_CASE(lone_bit_outlasts_the_notes),
	KUNIT_CASE(waiting_receivers_get_bit_and_note),
	KUNIT_CASE(lone_waiting_receiver_gets_the_bit_first),
	KUNIT_CASE(closing_frees_notes),
	KUNIT_CASE(posted_notes_are_received_in_order),
	KUNIT_CASE(note_to_the_dead_is_freed),
	{}
};

static struct kunit_suite note_suite = {
	.name = "parley_note",
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = note_cases,
};

kunit_test_suite(note_suite);
