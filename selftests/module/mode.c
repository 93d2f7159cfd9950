// SPDX-License-Identifier: GPL-2.0
/* Who may send to a task: what its mode says, as a file's would. */
#include "rights.h"

#define MODE_AT_FIRST	(-1)

FIXTURE(mode)
{
	struct peer owner, caller;
};

FIXTURE_VARIANT(mode)
{
	struct who caller;	/* the task is alice's */
	int mode, expected;
};

FIXTURE_VARIANT_ADD(mode, private_to_owner) {
	.caller = { .uid = ALICE, .gid = ALICE },
	.mode = MODE_AT_FIRST, .expected = 0,
};

FIXTURE_VARIANT_ADD(mode, private_to_owner_of_another_group) {
	.caller = { .uid = ALICE, .gid = BOB },
	.mode = MODE_AT_FIRST, .expected = 0,
};

FIXTURE_VARIANT_ADD(mode, private_to_stranger) {
	.caller = { .uid = BOB, .gid = BOB },
	.mode = MODE_AT_FIRST, .expected = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, private_to_group) {
	.caller = { .uid = BOB, .gid = ALICE },
	.mode = MODE_AT_FIRST, .expected = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, private_to_root) {
	.caller = { .caps = CAPS_ALL },
	.mode = MODE_AT_FIRST, .expected = 0,
};

FIXTURE_VARIANT_ADD(mode, private_to_root_without_capabilities) {
	.caller = { .caps = 0 },
	.mode = MODE_AT_FIRST, .expected = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, private_to_root_without_the_override) {
	.caller = { .caps = CAPS_ALL & ~CAP(IPC_OWNER) },
	.mode = MODE_AT_FIRST, .expected = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, private_to_stranger_with_override) {
	.caller = { .uid = BOB, .gid = BOB, .caps = CAP(IPC_OWNER) },
	.mode = MODE_AT_FIRST, .expected = 0,
};

FIXTURE_VARIANT_ADD(mode, private_to_stranger_with_other_capabilities) {
	.caller = { .uid = BOB, .gid = BOB, .caps = CAPS_ALL & ~CAP(IPC_OWNER) },
	.mode = MODE_AT_FIRST, .expected = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, private_to_effective_owner) {
	.caller = { .uid = ALICE, .real_uid = BOB, .gid = BOB },
	.mode = MODE_AT_FIRST, .expected = 0,
};

FIXTURE_VARIANT_ADD(mode, private_to_real_owner_only) {
	.caller = { .uid = BOB, .real_uid = ALICE, .gid = BOB },
	.mode = MODE_AT_FIRST, .expected = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, public_to_owner) {
	.caller = { .uid = ALICE, .gid = ALICE },
	.mode = 0666, .expected = 0,
};

FIXTURE_VARIANT_ADD(mode, public_to_group) {
	.caller = { .uid = BOB, .gid = ALICE },
	.mode = 0666, .expected = 0,
};

FIXTURE_VARIANT_ADD(mode, public_to_stranger) {
	.caller = { .uid = BOB, .gid = BOB },
	.mode = 0666, .expected = 0,
};

FIXTURE_VARIANT_ADD(mode, public_to_root_without_capabilities) {
	.caller = { .caps = 0 },
	.mode = 0666, .expected = 0,
};

FIXTURE_VARIANT_ADD(mode, group_by_effective_gid) {
	.caller = { .uid = BOB, .gid = ALICE, .real_gid = BOB },
	.mode = 0660, .expected = 0,
};

FIXTURE_VARIANT_ADD(mode, group_by_real_gid_only) {
	.caller = { .uid = BOB, .gid = BOB, .real_gid = ALICE },
	.mode = 0660, .expected = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, group_by_supplementary) {
	.caller = { .uid = BOB, .gid = BOB, .groups_len = 1, .groups = { ALICE } },
	.mode = 0660, .expected = 0,
};

FIXTURE_VARIANT_ADD(mode, group_by_last_of_several) {
	.caller = { .uid = BOB, .gid = BOB, .groups_len = 4, .groups = { 5, 6, 7, ALICE } },
	.mode = 0660, .expected = 0,
};

FIXTURE_VARIANT_ADD(mode, group_of_others) {
	.caller = { .uid = BOB, .gid = BOB, .groups_len = 2, .groups = { CLUB, BOB } },
	.mode = 0660, .expected = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, group_only) {
	.caller = { .uid = BOB, .gid = ALICE },
	.mode = 0020, .expected = 0,
};

FIXTURE_VARIANT_ADD(mode, group_only_to_stranger) {
	.caller = { .uid = BOB, .gid = BOB },
	.mode = 0020, .expected = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, group_only_to_root_without_capabilities) {
	.caller = { .caps = 0 },
	.mode = 0020, .expected = -EACCES,
};

/* The first class that fits decides. */
FIXTURE_VARIANT_ADD(mode, owner_is_kept_out) {
	.caller = { .uid = ALICE, .gid = ALICE },
	.mode = 0066, .expected = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, owner_of_another_group_is_kept_out) {
	.caller = { .uid = ALICE, .gid = BOB },
	.mode = 0006, .expected = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, group_is_kept_out) {
	.caller = { .uid = BOB, .gid = ALICE },
	.mode = 0606, .expected = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, supplementary_group_is_kept_out) {
	.caller = { .uid = BOB, .gid = BOB, .groups_len = 1, .groups = { ALICE } },
	.mode = 0606, .expected = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, others_only) {
	.caller = { .uid = BOB, .gid = BOB },
	.mode = 0002, .expected = 0,
};

FIXTURE_VARIANT_ADD(mode, nobody_owner) {
	.caller = { .uid = ALICE, .gid = ALICE },
	.mode = 0, .expected = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, nobody_owner_with_override) {
	.caller = { .uid = ALICE, .gid = ALICE, .caps = CAP(IPC_OWNER) },
	.mode = 0, .expected = 0,
};

FIXTURE_VARIANT_ADD(mode, nobody_stranger) {
	.caller = { .uid = BOB, .gid = BOB },
	.mode = 0, .expected = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, read_does_not_count) {
	.caller = { .uid = BOB, .gid = BOB },
	.mode = 0444, .expected = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, read_does_not_count_for_owner) {
	.caller = { .uid = ALICE, .gid = ALICE },
	.mode = 0444, .expected = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, execute_does_not_count) {
	.caller = { .uid = BOB, .gid = BOB },
	.mode = 0111, .expected = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, write_alone) {
	.caller = { .uid = BOB, .gid = BOB },
	.mode = 0222, .expected = 0,
};

FIXTURE_SETUP(mode)
{
	self->owner = actor_start(&alice);
	self->caller = actor_start(&variant->caller);
	if (variant->mode != MODE_AT_FIRST)
		ASSERT_EQ(0, actor_do(&self->owner, do_mode, 0, variant->mode));
}

FIXTURE_TEARDOWN(mode)
{
}

TEST_F(mode, decides)
{
	EXPECT_EQ(variant->expected, actor_do(&self->caller, do_reach, self->owner.id, 0));
}

/* Calls that wait tell no other tale than those that don't. */
TEST_F(mode, decides_about_a_call_that_is_served)
{
	actor_begin(&self->owner, do_echo, 0, 0);
	peer_await(&self->owner);
	EXPECT_EQ(variant->expected, actor_do(&self->caller, do_call, self->owner.id, 6));
}

DEED(do_open_other, peer, arg)
{
	return task_open().id;
}

TEST(owner_has_it_for_all_his_tasks)
{
	struct peer owner = actor_start(&alice), stranger = actor_start(&bob);
	__s32 other = actor_do(&owner, do_open_other, 0, 0);

	EXPECT_EQ(0, actor_do(&owner, do_reach, other, 0));
	EXPECT_EQ(-EACCES, actor_do(&stranger, do_reach, other, 0));
}

TEST(mode_has_nine_bits)
{
	static const __u32 wrong[] = { 01000, 01666, 04000, 0100666, 0x80000000, 0xffffffff };
	struct peer stranger = actor_start(&bob);
	struct task me = task_open();

	ASSERT_EQ(0, task_mode(me, 0777));
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT_EQ(-EINVAL, task_mode(me, wrong[i]));
	EXPECT_EQ(0, actor_do(&stranger, do_reach, me.id, 0));
	ASSERT_EQ(0, task_mode(me, 0));
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT_EQ(-EINVAL, task_mode(me, wrong[i]));
	EXPECT_EQ(-EACCES, actor_do(&stranger, do_reach, me.id, 0));
}

TEST(mode_can_be_changed_again_and_again)
{
	struct peer owner = actor_start(&alice), stranger = actor_start(&bob);

	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, actor_do(&owner, do_mode, 0, i % 2 ? 0600 : 0666));
		ASSERT_EQ(i % 2 ? -EACCES : 0, actor_do(&stranger, do_reach, owner.id, 0));
	}
}

/* What was sent before is received and answered, wherever it was. */
TEST(mode_does_not_touch_what_is_in_flight)
{
	struct peer owner = actor_start(&alice);
	struct peer first = actor_start(&bob), next = actor_start(&bob);

	ASSERT_EQ(0, actor_do(&owner, do_mode, 0, 0666));
	actor_park(&first, do_call, owner.id, 6);
	ASSERT_EQ(6, actor_do(&owner, do_take, first.id, 0));
	actor_park(&next, do_call, owner.id, 8);
	ASSERT_EQ(0, actor_do(&owner, do_mode, 0, 0600));

	ASSERT_EQ(0, actor_do(&owner, do_answer, 0, 0));
	EXPECT_EQ(0, hear(first.ctl));
	EXPECT_EQ(8, actor_do(&owner, do_take, PARLEY_ANY, 0));
	EXPECT_EQ(0, actor_do(&owner, do_answer, 0, 0));
	EXPECT_EQ(0, hear(next.ctl));
	EXPECT_EQ(-EACCES, actor_do(&first, do_call, owner.id, 10));
}

/* A server can't send to its client, and answers him all the same. */
TEST(reply_needs_no_right)
{
	struct peer server = actor_start(&alice), client = actor_start(&bob);

	ASSERT_EQ(0, actor_do(&server, do_mode, 0, 0666));
	ASSERT_EQ(0, actor_do(&client, do_mode, 0, 0));
	actor_park(&client, do_call, server.id, 6);
	ASSERT_EQ(-EACCES, actor_do(&server, do_reach, client.id, 0));
	ASSERT_EQ(6, actor_do(&server, do_take, PARLEY_ANY, 0));
	ASSERT_EQ(0, actor_do(&server, do_answer, 0, 0));
	EXPECT_EQ(0, hear(client.ctl));
}

/* Listening to one takes no right either. */
TEST(receive_needs_no_right)
{
	struct peer server = actor_start(&alice), client = actor_start(&bob);

	ASSERT_EQ(0, actor_do(&server, do_mode, 0, 0666));
	actor_begin(&server, do_take, client.id, 0);
	peer_await(&server);
	actor_park(&client, do_call, server.id, 6);
	EXPECT_EQ(6, hear(server.ctl));
}

/* It stays that of whom it was when it was opened. */
TEST(task_belongs_to_its_opener)
{
	struct peer owner = actor_start(&root), before = actor_start(&alice);

	ASSERT_EQ(0, actor_do(&owner, do_become_alice, 0, 0));
	EXPECT_EQ(-EACCES, actor_do(&before, do_reach, owner.id, 0));
	ASSERT_EQ(0, actor_do(&owner, do_mode, 0, 0606));
	EXPECT_EQ(0, actor_do(&before, do_reach, owner.id, 0));
}

/* The caller, though, is who he is when he calls. */
TEST(caller_has_no_right_that_he_gave_up)
{
	struct peer owner = actor_start(&bob), caller = actor_start(&root);

	ASSERT_EQ(0, actor_do(&caller, do_reach, owner.id, 0));
	ASSERT_EQ(0, actor_do(&caller, do_become_alice, 0, 0));
	EXPECT_EQ(-EACCES, actor_do(&caller, do_reach, owner.id, 0));
}

DEED(do_reach_locked, peer, arg)
{
	struct task locked = task_open(), caller = task_open();

	CHECK_EQ(0, task_mode(locked, 0));
	CHECK_EQ(0, reach(caller, locked.id));
	caps_set(0);
	CHECK_EQ(-EACCES, reach(caller, locked.id));
	return arg;
}

/* The override is over a bus: that of a namespace of one's own, not all. */
TEST(override_in_a_user_namespace)
{
	struct peer owner = actor_start(&alice), caller = actor_start(&bob);

	ASSERT_EQ(0, actor_do(&caller, do_unshare, 0, CLONE_NEWUSER));
	EXPECT_EQ(-EACCES, actor_do(&caller, do_reach, owner.id, 0));
	ASSERT_EQ(0, actor_do(&caller, do_unshare, 0, CLONE_NEWNET));
	EXPECT_EQ(-EACCES, actor_do(&caller, do_reach, owner.id, 0));
	EXPECT_EQ(0, actor_do(&caller, do_reach_locked, 0, 0));
}

TEST_HARNESS_MAIN
