// SPDX-License-Identifier: GPL-2.0
/* Who sent a message: what he had made of himself, at the moment of sending. */
#include "identity.h"

static struct identity expected, seen;

DEED(do_nothing, peer, arg)
{
	return 0;
}

DEED(do_setuid, peer, arg)
{
	CHECK_EQ(0, setuid(ALICE));
	return 0;
}

DEED(do_setresuid, peer, arg)
{
	CHECK_EQ(0, setresuid(ALICE, BOB, 0));
	return 0;
}

/* Root's all the same, with root's capabilities. */
DEED(do_setresuid_but_effective, peer, arg)
{
	CHECK_EQ(0, setresuid(ALICE, 0, BOB));
	return 0;
}

DEED(do_seteuid_and_back, peer, arg)
{
	CHECK_EQ(0, seteuid(ALICE));
	CHECK_EQ(0, seteuid(0));
	return 0;
}

DEED(do_setresgid, peer, arg)
{
	CHECK_EQ(0, setresgid(ALICE, BOB, CLUB));
	return 0;
}

static __s32 groups_set(int n)
{
	static gid_t groups[GROUPS_MAX];

	for (int i = 0; i < n; i++)
		groups[i] = 100000 + i;
	CHECK_EQ(0, setgroups(n, groups));
	return 0;
}

DEED(do_setgroups_none, peer, arg)
{
	return groups_set(0);
}

DEED(do_setgroups_one, peer, arg)
{
	return groups_set(1);
}

DEED(do_setgroups_some, peer, arg)
{
	return groups_set(32);
}

DEED(do_setgroups_most, peer, arg)
{
	return groups_set(GROUPS_MAX);
}

DEED(do_capset, peer, arg)
{
	caps_set(CAP(CHOWN) | CAP(CHECKPOINT_RESTORE));
	return 0;
}

DEED(do_capset_none, peer, arg)
{
	caps_set(0);
	return 0;
}

/* A user who keeps some. */
DEED(do_setuid_keeping, peer, arg)
{
	static const struct who who = { .uid = BOB, .gid = BOB, .caps = CAP(NET_ADMIN) };

	become(&who);
	return 0;
}

DEED(do_no_new_privs, peer, arg)
{
	CHECK_EQ(0, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	return 0;
}

DEED(do_unshare_user, peer, arg)
{
	CHECK_EQ(0, unshare(CLONE_NEWUSER));
	return 0;
}

DEED(do_unshare_user_as_alice, peer, arg)
{
	become(&alice);
	CHECK_EQ(0, unshare(CLONE_NEWUSER));
	return 0;
}

DEED(do_unshare_mounts, peer, arg)
{
	CHECK_EQ(0, unshare(CLONE_NEWNS));
	return 0;
}

DEED(do_unshare_all, peer, arg)
{
	CHECK_EQ(0, unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC));
	return do_no_new_privs(me, peer, arg);
}

/* None of what Parley tells. */
DEED(do_unshare_others, peer, arg)
{
	CHECK_EQ(0, unshare(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_FS | CLONE_FILES));
	return 0;
}

FIXTURE(creds)
{
	struct task me;		/* the receiver: root */
	struct peer sender;	/* root, too, at first */
	struct op recv, reply;
};

FIXTURE_VARIANT(creds)
{
	deed *change;
};

FIXTURE_VARIANT_ADD(creds, root) { .change = do_nothing };
FIXTURE_VARIANT_ADD(creds, setuid) { .change = do_setuid };
FIXTURE_VARIANT_ADD(creds, setresuid) { .change = do_setresuid };
FIXTURE_VARIANT_ADD(creds, setresuid_but_effective) { .change = do_setresuid_but_effective };
FIXTURE_VARIANT_ADD(creds, seteuid_and_back) { .change = do_seteuid_and_back };
FIXTURE_VARIANT_ADD(creds, setresgid) { .change = do_setresgid };
FIXTURE_VARIANT_ADD(creds, setgroups_none) { .change = do_setgroups_none };
FIXTURE_VARIANT_ADD(creds, setgroups_one) { .change = do_setgroups_one };
FIXTURE_VARIANT_ADD(creds, setgroups_some) { .change = do_setgroups_some };
FIXTURE_VARIANT_ADD(creds, setgroups_most) { .change = do_setgroups_most };
FIXTURE_VARIANT_ADD(creds, capset) { .change = do_capset };
FIXTURE_VARIANT_ADD(creds, capset_none) { .change = do_capset_none };
FIXTURE_VARIANT_ADD(creds, setuid_keeping) { .change = do_setuid_keeping };
FIXTURE_VARIANT_ADD(creds, no_new_privs) { .change = do_no_new_privs };
FIXTURE_VARIANT_ADD(creds, unshare_user) { .change = do_unshare_user };
FIXTURE_VARIANT_ADD(creds, unshare_user_as_alice) { .change = do_unshare_user_as_alice };
FIXTURE_VARIANT_ADD(creds, unshare_mounts) { .change = do_unshare_mounts };
FIXTURE_VARIANT_ADD(creds, unshare_all) { .change = do_unshare_all };
FIXTURE_VARIANT_ADD(creds, unshare_others) { .change = do_unshare_others };

FIXTURE_SETUP(creds)
{
	self->me = task_open();
	ASSERT_EQ(0, task_mode(self->me, 0666));
	self->sender = actor_start(&root);
}

FIXTURE_TEARDOWN(creds)
{
}

/* Takes a request that is @expected's, and leaves its token in self->recv. */
static bool take_expected(struct _test_data_creds *self)
{
	op_recv(&self->recv, self->me, PARLEY_ANY);
	CHECK_EQ(0, identity_take(&seen, &self->recv));
	return creds_same(&expected.creds, &seen.creds);
}

static bool query_expected(struct _test_data_creds *self)
{
	CHECK_EQ(0, identity_query(&seen, self->me, self->recv.arg.token));
	return identity_same(&expected, &seen);
}

static int answer(struct _test_data_creds *self)
{
	op_reply(&self->reply, self->me, self->recv.arg.token, self->recv.in.type ^ 1, 8);
	return op_run(&self->reply);
}

/* What was so before the change, of the same task, has left no trace. */
TEST_F(creds, are_those_of_the_caller)
{
	deed *const changes[] = { do_nothing, variant->change };

	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, actor_do(&self->sender, changes[i], 0, 0));
		identity_read(&expected, self->sender.pid);
		actor_park(&self->sender, do_call, self->me.id, 6);
		ASSERT_TRUE(take_expected(self));
		ASSERT_TRUE(query_expected(self));
		ASSERT_EQ(0, answer(self));
		ASSERT_EQ(0, hear(self->sender.ctl));
	}
}

DEED(do_send, peer, flags)
{
	struct op op;

	op_send(&op, me, peer, 6, 8)->arg.flags = flags;
	return op_run(&op);
}

DEED(do_call_at_once, peer, type)
{
	struct op op;

	op_call(&op, me, peer, type, 8)->arg.flags = PARLEY_NONBLOCK;
	return op_run(&op);
}

TEST_F(creds, come_with_a_message)
{
	ASSERT_EQ(0, actor_do(&self->sender, variant->change, 0, 0));
	identity_read(&expected, self->sender.pid);
	actor_park(&self->sender, do_send, self->me.id, 0);
	EXPECT_TRUE(take_expected(self));
	EXPECT_EQ(0ULL, self->recv.arg.token);
	EXPECT_EQ(0, hear(self->sender.ctl));
}

TEST_F(creds, come_to_a_receiver_that_waits)
{
	struct parley_creds come[2];
	struct op recv[2];

	ASSERT_EQ(0, actor_do(&self->sender, variant->change, 0, 0));
	identity_read(&expected, self->sender.pid);
	for (int i = 0; i < 2; i++) {
		op_recv(&recv[i], self->me, PARLEY_ANY)->arg.creds = PTR(&come[i]);
		op_park(&recv[i]);
	}
	ASSERT_EQ(0, actor_do(&self->sender, do_send, self->me.id, PARLEY_NONBLOCK));
	actor_park(&self->sender, do_call_at_once, self->me.id, 6);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, op_join(&recv[i]));
		EXPECT_TRUE(creds_same(&expected.creds, &come[i]));
		if (!recv[i].arg.token)
			continue;
		self->recv = recv[i];
		EXPECT_TRUE(query_expected(self));
		EXPECT_EQ(0, answer(self));
	}
	EXPECT_EQ(0, hear(self->sender.ctl));
}

TEST_F(creds, come_with_replyrecv)
{
	ASSERT_EQ(0, actor_do(&self->sender, variant->change, 0, 0));
	identity_read(&expected, self->sender.pid);
	actor_park(&self->sender, do_call, self->me.id, 6);
	op_replyrecv(&self->recv, self->me, 0, 0, 0);
	ASSERT_EQ(0, identity_take(&seen, &self->recv));
	EXPECT_TRUE(creds_same(&expected.creds, &seen.creds));
	EXPECT_TRUE(query_expected(self));
	EXPECT_EQ(0, answer(self));
	EXPECT_EQ(0, hear(self->sender.ctl));
}

/* A handler changes its thread in mid-call. */

static deed *handler_change;
static volatile sig_atomic_t *handlers_run;

static void change_handler(int sig)
{
	(void)sig;
	handler_change((struct task){ -1, -1 }, 0, 0);
	++*handlers_run;
}

DEED(do_handle, peer, arg)
{
	struct sigaction action = { .sa_handler = change_handler, .sa_flags = SA_RESTART };

	CHECK_EQ(0, sigaction(SIGUSR1, &action, NULL));
	return 0;
}

/* To be set up before the sender is started, which inherits it. */
static void handler_prepare(deed *change)
{
	handler_change = change;
	handlers_run = mmap(NULL, sizeof(*handlers_run), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(handlers_run != MAP_FAILED);
}

static void handler_run(const struct peer *peer)
{
	CHECK_EQ(0, kill(peer->pid, SIGUSR1));
	while (!*handlers_run)
		sched_yield();
	peer_await(peer);
}

TEST_F(creds, are_those_before_a_change_in_line)
{
	handler_prepare(variant->change);
	self->sender = actor_start(&root);
	ASSERT_EQ(0, actor_do(&self->sender, do_handle, 0, 0));
	identity_read(&expected, self->sender.pid);
	actor_park(&self->sender, do_call, self->me.id, 6);
	handler_run(&self->sender);
	EXPECT_TRUE(take_expected(self));
	EXPECT_TRUE(query_expected(self));
	EXPECT_EQ(0, answer(self));
	EXPECT_EQ(0, hear(self->sender.ctl));
}

TEST_F(creds, are_those_before_a_change_in_hand)
{
	handler_prepare(variant->change);
	self->sender = actor_start(&root);
	ASSERT_EQ(0, actor_do(&self->sender, do_handle, 0, 0));
	identity_read(&expected, self->sender.pid);
	actor_park(&self->sender, do_call, self->me.id, 6);
	EXPECT_TRUE(take_expected(self));
	handler_run(&self->sender);
	EXPECT_TRUE(query_expected(self));
	EXPECT_EQ(0, answer(self));
	EXPECT_EQ(0, hear(self->sender.ctl));
}

/* The C library's setuid() reaches into every thread, by a signal. */

static struct op thread_call;

DEED(do_call_in_thread, peer, type)
{
	op_park(op_call(&thread_call, me, peer, type, 8));
	return 0;
}

DEED(do_setuid_under_a_call, peer, arg)
{
	CHECK_EQ(0, setuid(ALICE));
	keep_visible();
	op_await(&thread_call);
	return 0;
}

DEED(do_join, peer, arg)
{
	return op_join(&thread_call);
}

TEST(creds_are_those_before_another_threads_setuid)
{
	struct _test_data_creds self = { .me = task_open(), .sender = actor_start(&root) };

	ASSERT_EQ(0, actor_do(&self.sender, do_call_in_thread, self.me.id, 6));
	identity_read(&expected, self.sender.pid);
	ASSERT_EQ(0, actor_do(&self.sender, do_setuid_under_a_call, 0, 0));
	EXPECT_TRUE(take_expected(&self));
	EXPECT_TRUE(query_expected(&self));
	EXPECT_EQ(0, answer(&self));
	EXPECT_EQ(0, actor_do(&self.sender, do_join, 0, 0));
}

TEST_HARNESS_MAIN
