// SPDX-License-Identifier: GPL-2.0

#include <linux/err.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>

#include "fixture.h"

/* Linux 6.1 runs a module's suites before its init function, later ones after. */
static bool before_init(void)
{
	return THIS_MODULE->state != MODULE_STATE_LIVE;
}

int fixture_suite_init(struct kunit_suite *suite)
{
	return before_init() ? parley_message_init() : 0;
}

void fixture_suite_exit(struct kunit_suite *suite)
{
	if (before_init())
		parley_message_exit();
}

static void fixture_release(struct parley_inbox *inbox)
{
	container_of(inbox, struct fixture, inbox)->released = true;
}

/* A user that no case has had: what one leaves behind is no other's. */
static struct parley_user *fixture_user(struct kunit *test)
{
	static uid_t last_uid = 4242;
	struct parley_user *user = parley_user_get(KUIDT_INIT(++last_uid));

	KUNIT_ASSERT_NOT_NULL(test, user);
	return user;
}

int fixture_init(struct kunit *test)
{
	struct fixture *fixture;

	fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fixture);
	fixture->user = fixture_user(test);
	fixture->caller = fixture_user(test);
	parley_inbox_init(&fixture->inbox, fixture->user, fixture_release);
	parley_outbox_init(&fixture->outbox, fixture->caller);
	test->priv = fixture;
	return 0;
}

/* The case's reference has to be the only one: each charge holds another. */
static void fixture_put_user(struct kunit *test, struct parley_user *user)
{
	KUNIT_EXPECT_EQ(test, refcount_read(&user->refs), 1);
	parley_user_put(user);
}

void fixture_exit(struct kunit *test)
{
	struct fixture *fixture = fixture_of(test);

	parley_outbox_free(&fixture->outbox);
	parley_inbox_close(&fixture->inbox);
	parley_inbox_put(&fixture->inbox);
	KUNIT_EXPECT_TRUE(test, fixture->released);
	fixture_put_user(test, fixture->user);
	fixture_put_user(test, fixture->caller);
}

/* Too large for a test's stack frame when there are several. */
struct parley_receiver *receivers_new(struct kunit *test, size_t n)
{
	struct parley_receiver *receivers;

	receivers = kunit_kcalloc(test, n, sizeof(*receivers), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, receivers);
	return receivers;
}

struct parley_message *message_new(struct kunit *test, s32 src, s32 type,
				   bool oneway)
{
	struct parley_message *message;

	message = parley_message_alloc(fixture_of(test)->caller,
				       PARLEY_LIMIT_MESSAGES);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, message);
	parley_message_reset(message, oneway);
	message->content.msg.src = src;
	message->content.msg.type = type;
	message->content.len = 0;
	return message;
}

/* A call from @src, posted. */
struct parley_message *call_post(struct kunit *test, s32 src, s32 type)
{
	struct parley_message *message = message_new(test, src, type, false);

	KUNIT_EXPECT_EQ(test, parley_inbox_post(inbox_of(test), message, false), 0);
	return message;
}

/* As its sender does; it carries nothing. */
enum parley_withdrawal withdraw(struct parley_message *message)
{
	struct parley_baggage none = {};

	return parley_inbox_withdraw(message, &none);
}

/* Give up @message, wherever it is. */
void message_drop(struct parley_message *message)
{
	enum parley_withdrawal result = withdraw(message);

	if (result == PARLEY_WITHDRAWN || result == PARLEY_WITHDRAWN_LATE)
		parley_message_free(message);
}

/* Begin to receive. @receiver is initialised. */
int enter(struct kunit *test, struct parley_receiver *receiver, bool nonblock)
{
	struct parley_inbox *inbox = inbox_of(test);
	int err;

	rcu_read_lock();
	spin_lock(&inbox->lock);
	err = parley_inbox_receive_locked(receiver, nonblock);
	spin_unlock(&inbox->lock);
	rcu_read_unlock();
	return err;
}

int receive(struct kunit *test, struct parley_receiver *receiver, s32 from,
	    bool nonblock)
{
	receiver->load.kinds = 0;
	parley_receiver_init(receiver, inbox_of(test), from, false);
	return enter(test, receiver, nonblock);
}

int answer(struct kunit *test, u64 token, s32 type)
{
	struct parley_content reply = { .msg.type = type };
	struct parley_load nothing = {};
	struct parley_inbox *inbox = inbox_of(test);
	struct parley_waker *caller;
	int err;

	spin_lock(&inbox->lock);
	err = parley_inbox_answer_locked(inbox, token, &reply, &nothing,
					 &caller);
	spin_unlock(&inbox->lock);
	return err;
}

/* Charge @user for all that it may have of @limit. */
void user_fill(struct kunit *test, struct parley_user *user,
	       enum parley_limit limit)
{
	while (atomic_read(&user->used[limit]) < parley_limits[limit].max)
		KUNIT_ASSERT_EQ(test, parley_user_charge(user, limit), 0);
}

void user_empty(struct parley_user *user, enum parley_limit limit,
		unsigned int down_to)
{
	while (atomic_read(&user->used[limit]) > down_to)
		parley_user_uncharge(user, limit);
}
