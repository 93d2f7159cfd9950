// SPDX-License-Identifier: GPL-2.0

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "chain.h"
#include "fixture.h"

/* @n processes in a row, each but the last waiting for the next. */
static struct parley_chain *row_new(struct kunit *test, size_t n)
{
	struct parley_chain *row;
	size_t i;

	row = kunit_kcalloc(test, n, sizeof(*row), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, row);
	for (i = 0; i + 1 < n; i++)
		parley_chain_begin(&row[i], &row[i + 1]);
	return row;
}

/* Is the last of @n told that it closes a cycle? */
static bool told_of_cycle(struct kunit *test, size_t n)
{
	struct parley_chain *row = row_new(test, n);
	struct parley_chain *last = &row[n - 1];
	bool told;

	parley_chain_begin(last, row);
	told = parley_chain_closed(last);
	KUNIT_EXPECT_PTR_EQ(test, last->next, told ? NULL : row);
	if (n > 1)
		KUNIT_EXPECT_PTR_EQ(test, row[0].next, &row[1]);
	return told;
}

static void cycles_are_found(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, told_of_cycle(test, 1));
	KUNIT_EXPECT_TRUE(test, told_of_cycle(test, 2));
	KUNIT_EXPECT_TRUE(test, told_of_cycle(test, PARLEY_CHAIN_MAX));
}

static void longer_cycle_is_not_found(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, PARLEY_CHAIN_MAX, 64);
	KUNIT_EXPECT_FALSE(test, told_of_cycle(test, 65));
}

static void one_of_a_cycle_is_told(struct kunit *test)
{
	struct parley_chain *row = row_new(test, 3);

	parley_chain_begin(&row[2], row);
	KUNIT_EXPECT_TRUE(test, parley_chain_closed(&row[1]));
	KUNIT_EXPECT_FALSE(test, parley_chain_closed(&row[0]));
	KUNIT_EXPECT_FALSE(test, parley_chain_closed(&row[1]));
	KUNIT_EXPECT_FALSE(test, parley_chain_closed(&row[2]));
}

static void broken_chain_is_no_cycle(struct kunit *test)
{
	struct parley_chain *row = row_new(test, 4);

	KUNIT_EXPECT_FALSE(test, parley_chain_closed(row));
	parley_chain_begin(&row[3], row);
	parley_chain_end(&row[2]);
	KUNIT_EXPECT_FALSE(test, parley_chain_closed(row));
	KUNIT_EXPECT_PTR_EQ(test, row[0].next, &row[1]);
	parley_chain_begin(&row[2], &row[3]);
	KUNIT_EXPECT_TRUE(test, parley_chain_closed(row));
}

static void cycle_of_others_is_theirs(struct kunit *test)
{
	struct parley_chain *row = row_new(test, 3);

	parley_chain_begin(&row[2], &row[1]);
	KUNIT_EXPECT_FALSE(test, parley_chain_closed(row));
	KUNIT_EXPECT_TRUE(test, parley_chain_closed(&row[2]));
}

/* Two processes that call each other in the same moment, again and again. */
struct race {
	struct parley_chain chains[2];
	atomic_t arrived;
	unsigned int told[2];
	struct completion over;
};

#define RACES	1000

static void race_meet(struct race *race, int with)
{
	atomic_inc(&race->arrived);
	while (atomic_read(&race->arrived) < with)
		cond_resched();
}

static void race_run(struct race *race, int self)
{
	struct parley_chain *mine = &race->chains[self];
	int i;

	for (i = 0; i < RACES; i++) {
		race_meet(race, 4 * i + 2);
		parley_chain_begin(mine, &race->chains[!self]);
		race->told[self] += parley_chain_closed(mine);
		race_meet(race, 4 * i + 4);
		parley_chain_end(mine);
	}
}

static int race_other(void *data)
{
	struct race *race = data;

	race_run(race, 1);
	complete(&race->over);
	return 0;
}

static void one_of_two_at_once_is_told(struct kunit *test)
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	struct task_struct *other;

	KUNIT_ASSERT_NOT_NULL(test, race);
	init_completion(&race->over);
	other = kthread_run(race_other, race, "parley_race");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	race_run(race, 0);
	wait_for_completion(&race->over);
	KUNIT_EXPECT_EQ(test, race->told[0] + race->told[1], RACES);
}

static void call_is_a_link_until_it_ends(struct kunit *test)
{
	struct parley_message *call = message_new(test, 5, 0, false);
	struct parley_chain *row = row_new(test, 1);
	struct parley_chain callee = {};
	struct parley_receiver receiver;

	inbox_of(test)->chain = &callee;
	call->wait.chain = row;
	KUNIT_EXPECT_EQ(test, parley_inbox_post(inbox_of(test), call, false), 0);
	KUNIT_EXPECT_PTR_EQ(test, row->next, &callee);
	KUNIT_EXPECT_EQ(test, receive(test, &receiver, PARLEY_ANY, true), 0);
	KUNIT_EXPECT_PTR_EQ(test, row->next, &callee);
	KUNIT_EXPECT_EQ(test, answer(test, receiver.token, 0), 0);
	KUNIT_EXPECT_NULL(test, row->next);
	parley_message_free(call);
}

static void refused_call_is_no_link(struct kunit *test)
{
	struct parley_message *call = message_new(test, 5, 0, false);
	struct parley_chain *row = row_new(test, 1);
	struct parley_chain callee = {};

	inbox_of(test)->chain = &callee;
	call->wait.chain = row;
	KUNIT_EXPECT_EQ(test, parley_inbox_post(inbox_of(test), call, true),
			-EAGAIN);
	KUNIT_EXPECT_NULL(test, row->next);
	parley_message_free(call);
}

static void rejoined_call_is_a_link_again(struct kunit *test)
{
	struct parley_message *call = call_post(test, 5, 0);
	struct parley_chain *row = row_new(test, 1);
	struct parley_chain callee = {};

	inbox_of(test)->chain = &callee;
	KUNIT_EXPECT_TRUE(test, parley_inbox_leave(call));
	parley_inbox_rejoin(call, row);
	KUNIT_EXPECT_PTR_EQ(test, row->next, &callee);
	parley_inbox_close(inbox_of(test));
	KUNIT_EXPECT_NULL(test, row->next);
	KUNIT_EXPECT_FALSE(test, parley_inbox_leave(call));
	parley_inbox_rejoin(call, row);
	KUNIT_EXPECT_NULL(test, row->next);
	parley_message_free(call);
}

static void picky_receiver_is_a_link_while_it_waits(struct kunit *test)
{
	struct parley_chain *row = row_new(test, 1);
	struct parley_chain heard = {};
	struct parley_receiver receiver;
	struct parley_message *call;

	receiver.load.kinds = 0;
	parley_receiver_init(&receiver, inbox_of(test), 5, false);
	receiver.wait.chain = row;
	receiver.toward = &heard;
	KUNIT_EXPECT_EQ(test, enter(test, &receiver, true), -EAGAIN);
	KUNIT_EXPECT_NULL(test, row->next);
	KUNIT_EXPECT_EQ(test, enter(test, &receiver, false), 0);
	KUNIT_EXPECT_PTR_EQ(test, row->next, &heard);
	call = call_post(test, 5, 0);
	KUNIT_EXPECT_NULL(test, row->next);
	message_drop(call);
}

static struct kunit_case chain_cases[] = {
	KUNIT_CASE(cycles_are_found),
	KUNIT_CASE(longer_cycle_is_not_found),
	KUNIT_CASE(one_of_a_cycle_is_told),
	KUNIT_CASE(broken_chain_is_no_cycle),
	KUNIT_CASE(cycle_of_others_is_theirs),
	KUNIT_CASE(one_of_two_at_once_is_told),
	KUNIT_CASE(call_is_a_link_until_it_ends),
	KUNIT_CASE(refused_call_is_no_link),
	KUNIT_CASE(rejoined_call_is_a_link_again),
	KUNIT_CASE(picky_receiver_is_a_link_while_it_waits),
	{}
};

static struct kunit_suite chain_suite = {
	.name = "parley_chain",
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = chain_cases,
};

kunit_test_suite(chain_suite);
