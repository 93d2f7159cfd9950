// SPDX-License-Identifier: GPL-2.0

#include <uapi/linux/parley_proto.h>

#include "fixture.h"
#include "notification.h"

#define FIRST_PEER	100

/* Links that peers from FIRST_PEER on have made. */
static struct parley_link *links_new(struct kunit *test, size_t n)
{
	struct parley_link *links;
	size_t i;

	links = kunit_kcalloc(test, n, sizeof(*links), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, links);
	for (i = 0; i < n; i++) {
		INIT_LIST_HEAD(&links[i].raised);
		links[i].peer = FIRST_PEER + i;
	}
	return links;
}

static int set(struct kunit *test, u32 bits)
{
	return parley_notification_set(inbox_of(test), bits, NULL);
}

static int raise(struct kunit *test, struct parley_link *link)
{
	return parley_notification_set(inbox_of(test), PARLEY_NOTIFY_ASYNC, link);
}

static const struct parley_global_notifications *
body_of(const struct parley_receiver *receiver)
{
	return (const void *)receiver->content.msg.payload;
}

/* @receiver has been told of @n links, in order, from that of @peer on. */
static void expect_peers(struct kunit *test,
			 const struct parley_receiver *receiver, s32 peer, u32 n)
{
	const struct parley_global_notifications *body = body_of(receiver);
	u32 i;

	KUNIT_EXPECT_EQ(test, body->data & PARLEY_NOTIFY_ASYNC,
			PARLEY_NOTIFY_ASYNC);
	KUNIT_EXPECT_EQ(test, receiver->content.len,
			offsetof(struct parley_global_notifications, peers[n]));
	KUNIT_ASSERT_EQ(test, body->peers_len, n);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, body->peers[i], peer + i);
}

/* Receive what the kernel has to say, and keep it. */
static int hear(struct kunit *test, struct parley_receiver *receiver)
{
	int err = receive(test, receiver, PARLEY_TASK_KERNEL, true);

	if (!err)
		parley_inbox_taken(receiver);
	return err;
}

static void bits_are_gathered(struct kunit *test)
{
	struct parley_receiver receiver;

	KUNIT_EXPECT_EQ(test, set(test, 0x10), 0);
	KUNIT_EXPECT_EQ(test, set(test, 0x40), 0);
	KUNIT_EXPECT_EQ(test, set(test, 0x10), 0);
	KUNIT_EXPECT_EQ(test, hear(test, &receiver), 0);
	KUNIT_EXPECT_EQ(test, receiver.content.msg.type,
			PARLEY_GLOBAL_NOTIFICATIONS);
	KUNIT_EXPECT_EQ(test, receiver.content.len, 1);
	KUNIT_EXPECT_EQ(test, body_of(&receiver)->data, 0x50);
	KUNIT_EXPECT_EQ(test, hear(test, &receiver), -EAGAIN);
}

static void bits_wake_one_receiver(struct kunit *test)
{
	struct parley_receiver *early = receivers_new(test, 3);
	struct parley_receiver *late = early + 1, *deaf = early + 2;

	KUNIT_EXPECT_EQ(test, receive(test, early, PARLEY_ANY, false), 0);
	KUNIT_EXPECT_EQ(test, receive(test, late, PARLEY_TASK_KERNEL, false), 0);
	KUNIT_EXPECT_EQ(test, receive(test, deaf, 5, false), 0);
	KUNIT_EXPECT_EQ(test, set(test, 0x20), 0);
	KUNIT_EXPECT_TRUE(test, late->wait.done);
	KUNIT_EXPECT_EQ(test, body_of(late)->data, 0x20);
	KUNIT_EXPECT_TRUE(test, parley_receiver_give_up(early));
	KUNIT_EXPECT_TRUE(test, parley_receiver_give_up(deaf));
	KUNIT_EXPECT_EQ(test, inbox_of(test)->notifications, 0);
}

static void link_is_named_once(struct kunit *test)
{
	struct parley_link *links = links_new(test, 2);
	struct parley_receiver receiver;

	KUNIT_EXPECT_EQ(test, raise(test, &links[0]), 0);
	KUNIT_EXPECT_EQ(test, set(test, 0x80), 0);
	KUNIT_EXPECT_EQ(test, raise(test, &links[1]), 0);
	KUNIT_EXPECT_EQ(test, raise(test, &links[0]), 0);
	KUNIT_EXPECT_EQ(test, hear(test, &receiver), 0);
	expect_peers(test, &receiver, FIRST_PEER, 2);
	KUNIT_EXPECT_EQ(test, body_of(&receiver)->data,
			0x80 | PARLEY_NOTIFY_ASYNC);
	KUNIT_EXPECT_EQ(test, hear(test, &receiver), -EAGAIN);

	KUNIT_EXPECT_EQ(test, raise(test, &links[1]), 0);
	KUNIT_EXPECT_EQ(test, hear(test, &receiver), 0);
	expect_peers(test, &receiver, FIRST_PEER + 1, 1);
}

static void link_that_is_being_told_is_not_raised(struct kunit *test)
{
	struct parley_link *link = links_new(test, 1);
	struct parley_receiver *first = receivers_new(test, 2);
	struct parley_receiver *second = first + 1;

	KUNIT_EXPECT_EQ(test, receive(test, first, PARLEY_ANY, false), 0);
	KUNIT_EXPECT_EQ(test, raise(test, link), 0);
	expect_peers(test, first, FIRST_PEER, 1);
	KUNIT_EXPECT_EQ(test, raise(test, link), 0);
	KUNIT_EXPECT_EQ(test, hear(test, second), -EAGAIN);
	parley_inbox_taken(first);
	KUNIT_EXPECT_EQ(test, raise(test, link), 0);
	KUNIT_EXPECT_EQ(test, hear(test, second), 0);
	expect_peers(test, second, FIRST_PEER, 1);
}

static void many_links_take_two_messages(struct kunit *test)
{
	struct parley_link *links = links_new(test, PARLEY_ASYNC_PEERS + 9);
	struct parley_receiver receiver;
	int i;

	KUNIT_EXPECT_EQ(test, PARLEY_ASYNC_PEERS, 60);
	KUNIT_EXPECT_EQ(test, set(test, 0x10), 0);
	for (i = 0; i < PARLEY_ASYNC_PEERS + 9; i++)
		KUNIT_EXPECT_EQ(test, raise(test, &links[i]), 0);
	KUNIT_EXPECT_EQ(test, hear(test, &receiver), 0);
	expect_peers(test, &receiver, FIRST_PEER, PARLEY_ASYNC_PEERS);
	KUNIT_EXPECT_EQ(test, body_of(&receiver)->data,
			0x10 | PARLEY_NOTIFY_ASYNC);
	KUNIT_EXPECT_EQ(test, hear(test, &receiver), 0);
	expect_peers(test, &receiver, FIRST_PEER + PARLEY_ASYNC_PEERS, 9);
	KUNIT_EXPECT_EQ(test, body_of(&receiver)->data, PARLEY_NOTIFY_ASYNC);
	KUNIT_EXPECT_EQ(test, hear(test, &receiver), -EAGAIN);
}

static void exactly_as_many_links_take_one_message(struct kunit *test)
{
	struct parley_link *links = links_new(test, PARLEY_ASYNC_PEERS);
	struct parley_receiver receiver;
	int i;

	for (i = 0; i < PARLEY_ASYNC_PEERS; i++)
		KUNIT_EXPECT_EQ(test, raise(test, &links[i]), 0);
	KUNIT_EXPECT_EQ(test, hear(test, &receiver), 0);
	expect_peers(test, &receiver, FIRST_PEER, PARLEY_ASYNC_PEERS);
	KUNIT_EXPECT_EQ(test, hear(test, &receiver), -EAGAIN);
}

static void bit_goes_with_the_last_link(struct kunit *test)
{
	struct parley_inbox *inbox = inbox_of(test);
	struct parley_link *links = links_new(test, 2);
	struct parley_receiver receiver;

	KUNIT_EXPECT_EQ(test, raise(test, &links[0]), 0);
	KUNIT_EXPECT_EQ(test, raise(test, &links[1]), 0);
	KUNIT_EXPECT_EQ(test, set(test, 0x10), 0);
	parley_link_end(inbox, &links[1]);
	KUNIT_EXPECT_EQ(test, inbox->notifications, 0x10 | PARLEY_NOTIFY_ASYNC);
	parley_link_end(inbox, &links[0]);
	KUNIT_EXPECT_EQ(test, hear(test, &receiver), 0);
	KUNIT_EXPECT_EQ(test, receiver.content.len, 1);
	KUNIT_EXPECT_EQ(test, body_of(&receiver)->data, 0x10);
	KUNIT_EXPECT_EQ(test, raise(test, &links[0]), -ENOENT);
	KUNIT_EXPECT_EQ(test, hear(test, &receiver), -EAGAIN);
}

static void return_puts_links_back_in_front(struct kunit *test)
{
	struct parley_link *links = links_new(test, PARLEY_ASYNC_PEERS + 2);
	struct parley_receiver receiver;
	int i;

	KUNIT_EXPECT_EQ(test, set(test, 0x10), 0);
	for (i = 0; i < PARLEY_ASYNC_PEERS + 1; i++)
		KUNIT_EXPECT_EQ(test, raise(test, &links[i]), 0);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	KUNIT_EXPECT_EQ(test, raise(test, &links[i]), 0);
	parley_inbox_return(&receiver);
	KUNIT_EXPECT_EQ(test, hear(test, &receiver), 0);
	expect_peers(test, &receiver, FIRST_PEER, PARLEY_ASYNC_PEERS);
	KUNIT_EXPECT_EQ(test, body_of(&receiver)->data,
			0x10 | PARLEY_NOTIFY_ASYNC);
	KUNIT_EXPECT_EQ(test, hear(test, &receiver), 0);
	expect_peers(test, &receiver, FIRST_PEER + PARLEY_ASYNC_PEERS, 2);
}

static void return_goes_to_another_receiver(struct kunit *test)
{
	struct parley_link *link = links_new(test, 1);
	struct parley_receiver *first = receivers_new(test, 2);
	struct parley_receiver *second = first + 1;

	KUNIT_EXPECT_EQ(test, raise(test, link), 0);
	KUNIT_EXPECT_EQ(test, receive(test, first, PARLEY_ANY, true), 0);
	KUNIT_EXPECT_EQ(test, receive(test, second, PARLEY_ANY, false), 0);
	parley_inbox_return(first);
	KUNIT_EXPECT_TRUE(test, second->wait.done);
	expect_peers(test, second, FIRST_PEER, 1);
	parley_inbox_taken(second);
	KUNIT_EXPECT_TRUE(test, list_empty(&link->raised));
}

static void link_ended_in_hand_is_not_put_back(struct kunit *test)
{
	struct parley_link *link = links_new(test, 1);
	struct parley_receiver receiver;

	KUNIT_EXPECT_EQ(test, raise(test, link), 0);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	parley_link_end(inbox_of(test), link);
	parley_inbox_return(&receiver);
	KUNIT_EXPECT_EQ(test, hear(test, &receiver), -EAGAIN);
}

static void dead_task_is_not_notified(struct kunit *test)
{
	struct parley_link *link = links_new(test, 1);

	parley_inbox_close(inbox_of(test));
	KUNIT_EXPECT_EQ(test, set(test, 0x10), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, raise(test, link), -ENOTCONN);
	KUNIT_EXPECT_TRUE(test, list_empty(&link->raised));
}

static struct kunit_case notification_cases[] = {
	KUNIT_CASE(bits_are_gathered),
	KUNIT_CASE(bits_wake_one_receiver),
	KUNIT_CASE(link_is_named_once),
	KUNIT_CASE(link_that_is_being_told_is_not_raised),
	KUNIT_CASE(many_links_take_two_messages),
	KUNIT_CASE(exactly_as_many_links_take_one_message),
	KUNIT_CASE(bit_goes_with_the_last_link),
	KUNIT_CASE(return_puts_links_back_in_front),
	KUNIT_CASE(return_goes_to_another_receiver),
	KUNIT_CASE(link_ended_in_hand_is_not_put_back),
	KUNIT_CASE(dead_task_is_not_notified),
	{}
};

static struct kunit_suite notification_suite = {
	.name = "parley_notification",
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = notification_cases,
};

kunit_test_suite(notification_suite);
