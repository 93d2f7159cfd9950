// SPDX-License-Identifier: GPL-2.0

#include "fixture.h"

#define THIRD_USER	KUIDT_INIT(4444)

static unsigned int used(const struct parley_user *user, enum parley_limit limit)
{
	return atomic_read(&user->used[limit]);
}

static s64 hits(const struct parley_user *user, enum parley_limit limit)
{
	return atomic64_read(&user->hits[limit]);
}

static void every_limit_holds(struct kunit *test)
{
	struct parley_user *user = fixture_of(test)->user;
	enum parley_limit limit;

	for (limit = 0; limit < PARLEY_LIMITS; limit++) {
		const struct parley_limit_info *info = &parley_limits[limit];

		KUNIT_EXPECT_GT_MSG(test, info->max, 0U, "%s", info->name);
		user_fill(test, user, limit);
		KUNIT_EXPECT_EQ_MSG(test, parley_user_charge(user, limit),
				    -EDQUOT, "%s", info->name);
		KUNIT_EXPECT_EQ_MSG(test, used(user, limit), info->max, "%s",
				    info->name);
		user_empty(user, limit, 0);
	}
}

static void limits_are_apart(struct kunit *test)
{
	struct parley_user *user = fixture_of(test)->user;
	enum parley_limit limit;

	user_fill(test, user, PARLEY_LIMIT_GRANTS);
	for (limit = 0; limit < PARLEY_LIMITS; limit++) {
		if (limit == PARLEY_LIMIT_GRANTS)
			continue;
		KUNIT_EXPECT_EQ(test, parley_user_charge(user, limit), 0);
		parley_user_uncharge(user, limit);
	}
	user_empty(user, PARLEY_LIMIT_GRANTS, 0);
}

static void users_are_apart(struct kunit *test)
{
	struct parley_user *full = fixture_of(test)->user;
	struct parley_user *other = fixture_of(test)->caller;

	user_fill(test, full, PARLEY_LIMIT_TASKS);
	KUNIT_EXPECT_EQ(test, parley_user_charge(full, PARLEY_LIMIT_TASKS),
			-EDQUOT);
	KUNIT_EXPECT_EQ(test, parley_user_charge(other, PARLEY_LIMIT_TASKS), 0);
	KUNIT_EXPECT_EQ(test, used(other, PARLEY_LIMIT_TASKS), 1);
	KUNIT_EXPECT_EQ(test, hits(other, PARLEY_LIMIT_TASKS), 0);
	parley_user_uncharge(other, PARLEY_LIMIT_TASKS);
	user_empty(full, PARLEY_LIMIT_TASKS, 0);
}

static void refusals_are_counted(struct kunit *test)
{
	struct parley_user *user = fixture_of(test)->user;

	user_fill(test, user, PARLEY_LIMIT_TASKS);
	KUNIT_EXPECT_EQ(test, hits(user, PARLEY_LIMIT_TASKS), 0);
	parley_user_charge(user, PARLEY_LIMIT_TASKS);
	parley_user_charge(user, PARLEY_LIMIT_TASKS);
	KUNIT_EXPECT_EQ(test, hits(user, PARLEY_LIMIT_TASKS), 2);
	KUNIT_EXPECT_EQ(test, hits(user, PARLEY_LIMIT_MESSAGES), 0);
	user_empty(user, PARLEY_LIMIT_TASKS, 0);
	KUNIT_EXPECT_EQ(test, hits(user, PARLEY_LIMIT_TASKS), 2);
}

static void uncharge_makes_room(struct kunit *test)
{
	struct parley_user *user = fixture_of(test)->user;

	user_fill(test, user, PARLEY_LIMIT_TASKS);
	parley_user_uncharge(user, PARLEY_LIMIT_TASKS);
	KUNIT_EXPECT_EQ(test, parley_user_charge(user, PARLEY_LIMIT_TASKS), 0);
	KUNIT_EXPECT_EQ(test, parley_user_charge(user, PARLEY_LIMIT_TASKS),
			-EDQUOT);
	user_empty(user, PARLEY_LIMIT_TASKS, 0);
}

static void charge_keeps_the_user(struct kunit *test)
{
	struct parley_user *user = parley_user_get(THIRD_USER), *again;

	KUNIT_ASSERT_NOT_NULL(test, user);
	KUNIT_EXPECT_EQ(test, parley_user_charge(user, PARLEY_LIMIT_LINKS), 0);
	parley_user_put(user);
	again = parley_user_get(THIRD_USER);
	KUNIT_EXPECT_PTR_EQ(test, again, user);
	KUNIT_EXPECT_EQ(test, used(again, PARLEY_LIMIT_LINKS), 1);
	parley_user_uncharge(again, PARLEY_LIMIT_LINKS);
	parley_user_put(again);

	/* It has gone, and a new one begins at nothing. */
	again = parley_user_get(THIRD_USER);
	KUNIT_ASSERT_NOT_NULL(test, again);
	KUNIT_EXPECT_EQ(test, used(again, PARLEY_LIMIT_LINKS), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&again->refs), 1);
	parley_user_put(again);
}

static void message_is_charged_to_who_keeps_it(struct kunit *test)
{
	struct parley_message *message = message_new(test, 5, 0, false);
	struct parley_user *user = fixture_of(test)->user;
	struct parley_user *caller = fixture_of(test)->caller;

	KUNIT_EXPECT_EQ(test, used(caller, PARLEY_LIMIT_MESSAGES), 1);
	KUNIT_EXPECT_EQ(test, parley_message_recharge(message, user), 0);
	KUNIT_EXPECT_EQ(test, used(caller, PARLEY_LIMIT_MESSAGES), 0);
	KUNIT_EXPECT_EQ(test, used(user, PARLEY_LIMIT_MESSAGES), 1);
	user_fill(test, caller, PARLEY_LIMIT_MESSAGES);
	KUNIT_EXPECT_EQ(test, parley_message_recharge(message, caller), -EDQUOT);
	KUNIT_EXPECT_EQ(test, parley_message_recharge(message, user), 0);
	KUNIT_EXPECT_EQ(test, used(user, PARLEY_LIMIT_MESSAGES), 1);
	user_empty(caller, PARLEY_LIMIT_MESSAGES, 0);
	parley_message_free(message);
}

struct showing {
	const struct fixture *fixture;
	unsigned int user, caller;
	unsigned int room;
};

static int show(const struct parley_user *user, void *data)
{
	struct showing *showing = data;

	if (!showing->room)
		return -EMSGSIZE;
	showing->room--;
	showing->user += user == showing->fixture->user;
	showing->caller += user == showing->fixture->caller;
	return 0;
}

static void each_user_is_shown_once(struct kunit *test)
{
	struct showing showing = { .fixture = fixture_of(test) };
	long bucket = 0, skip = 0;
	int err;

	do {
		err = parley_user_each(&bucket, &skip, show, &showing);
		showing.room = 1;
	} while (err == -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, showing.user, 1);
	KUNIT_EXPECT_EQ(test, showing.caller, 1);
}

static struct kunit_case quota_cases[] = {
	KUNIT_CASE(every_limit_holds),
	KUNIT_CASE(limits_are_apart),
	KUNIT_CASE(users_are_apart),
	KUNIT_CASE(refusals_are_counted),
	KUNIT_CASE(uncharge_makes_room),
	KUNIT_CASE(charge_keeps_the_user),
	KUNIT_CASE(message_is_charged_to_who_keeps_it),
	KUNIT_CASE(each_user_is_shown_once),
	{}
};

static struct kunit_suite quota_suite = {
	.name = "parley_quota",
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = quota_cases,
};

kunit_test_suite(quota_suite);
