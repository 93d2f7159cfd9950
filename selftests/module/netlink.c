// SPDX-License-Identifier: GPL-2.0
/* What can be seen over netlink: all of it, by those who may, and no more. */
#include "usage.h"
#include "rights.h"
#include "rows.h"

#define MANY	500

FIXTURE(view) {};
FIXTURE_SETUP(view) {}

FIXTURE_TEARDOWN(view)
{
	actors_end();
}

TEST_F(view, dump_is_complete)
{
	static struct task tasks[MANY];
	struct genl genl = genl_open();

	max_set("tasks", 2 * MANY);
	rows_dump(&genl);
	ASSERT_EQ(0, rows.len);
	for (int i = 0; i < MANY; i++)
		tasks[i] = task_open();
	rows_dump(&genl);
	ASSERT_EQ(MANY, rows.len);
	for (int i = 0; i < MANY; i++)
		ASSERT_NE(NULL, row_find(tasks[i].id));
	for (int i = 0; i < MANY; i += 2)
		close(tasks[i].fd);
	rows_dump(&genl);
	ASSERT_EQ(MANY / 2, rows.len);
	for (int i = 0; i < MANY; i++)
		ASSERT_EQ(i % 2, !!row_find(tasks[i].id));
}

TEST_F(view, task_at_rest)
{
	struct task me = task_open();
	struct row row;

	row = row_of(me.id);
	EXPECT_EQ(BITS_ALL, row.bits);
	EXPECT_EQ(PARLEY_CMD_TASKS, row.cmd);
	EXPECT_EQ(0U, VALUE(row, UID));
	EXPECT_EQ(0U, VALUE(row, GID));
	EXPECT_EQ(0600U, VALUE(row, MODE));
	EXPECT_EQ((__u64)PARLEY_STATE_IDLE, VALUE(row, STATE));
	EXPECT_EQ((__u64)getpid(), VALUE(row, PID));
	for (int type = PARLEY_A_TASK_RECEIVERS; type <= PARLEY_A_TASK_LINKS; type++)
		EXPECT_EQ(0U, row.value[type]);
	EXPECT_EQ(0, row.waiters_len);
}

TEST_F(view, owner_group_and_mode)
{
	const struct who who = { .uid = ALICE, .gid = CLUB };
	struct peer peer = actor_start(&who);
	struct row row;

	ASSERT_EQ(0, actor_do(&peer, do_mode, 0, 0765));
	row = row_of(peer.id);
	EXPECT_EQ((__u64)ALICE, VALUE(row, UID));
	EXPECT_EQ((__u64)CLUB, VALUE(row, GID));
	EXPECT_EQ(0765U, VALUE(row, MODE));
	EXPECT_EQ((__u64)peer.pid, VALUE(row, PID));
}

/* Through all its states: receiving, pending, busy, idle. */
TEST_F(view, task_at_work)
{
	struct task me = task_open(), client = task_open();
	struct op recv[2], calls[2], reply;
	struct row row;

	for (int i = 0; i < 2; i++)
		op_park(op_recv(&recv[i], me, PARLEY_ANY));
	row = row_of(me.id);
	EXPECT_EQ((__u64)PARLEY_STATE_RECEIVING, VALUE(row, STATE));
	EXPECT_EQ(2U, VALUE(row, RECEIVERS));

	for (int i = 0; i < 2; i++)
		op_park(op_call(&calls[i], client, me.id, 60 + i, 8));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, op_join(&recv[i]));
	row = row_of(me.id);
	EXPECT_EQ((__u64)PARLEY_STATE_BUSY, VALUE(row, STATE));
	EXPECT_EQ(0U, VALUE(row, RECEIVERS));
	EXPECT_EQ(0U, VALUE(row, QUEUED));
	EXPECT_EQ(2U, VALUE(row, HELD));
	EXPECT_EQ(2U, VALUE(row, POSTED));
	ASSERT_EQ(2, row.waiters_len);
	EXPECT_EQ(client.id, row.waiters[1].id);
	EXPECT_EQ(60 + 61, row.waiters[0].type + row.waiters[1].type);
	EXPECT_TRUE(row.waiters[0].held && row.waiters[1].held);

	for (int i = 0; i < 2; i++) {
		op_reply(&reply, me, recv[i].arg.token, recv[i].in.type, 8);
		ASSERT_EQ(0, op_run(&reply));
	}
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, op_join(&calls[i]));
	row = row_of(me.id);
	EXPECT_EQ((__u64)PARLEY_STATE_IDLE, VALUE(row, STATE));
	EXPECT_EQ(0U, VALUE(row, HELD));
	EXPECT_EQ(2U, VALUE(row, POSTED));

	op_park(op_send(&calls[0], client, me.id, 62, 8));
	row = row_of(me.id);
	EXPECT_EQ((__u64)PARLEY_STATE_PENDING, VALUE(row, STATE));
	EXPECT_EQ(1U, VALUE(row, QUEUED));
	EXPECT_EQ(3U, VALUE(row, POSTED));
	ASSERT_EQ(1, row.waiters_len);
	EXPECT_EQ(client.id, row.waiters[0].id);
	EXPECT_EQ(62, row.waiters[0].type);
	EXPECT_FALSE(row.waiters[0].held);
	EXPECT_EQ(0, row_of(client.id).waiters_len);
}

TEST_F(view, notifications_and_bonds)
{
	struct task me = task_open(), peers[3] = { task_open(), task_open(), task_open() };
	struct row row;

	ASSERT_EQ(0, task_notify(me, me.id, 0x90));
	ASSERT_EQ(0, bond(me, PARLEY_BOND_GRANT, peers[0].id));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, bond(me, PARLEY_BOND_WATCH, peers[i].id));
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, bond(me, PARLEY_BOND_LINK, peers[i].id));
	row = row_of(me.id);
	EXPECT_EQ(0x90U, VALUE(row, NOTIFICATIONS));
	EXPECT_EQ(1U, VALUE(row, GRANTS));
	EXPECT_EQ(2U, VALUE(row, WATCHES));
	EXPECT_EQ(3U, VALUE(row, LINKS));
	EXPECT_EQ(0U, VALUE(row_of(peers[0].id), GRANTS));

	ASSERT_EQ(0, unbond(me, PARLEY_BOND_WATCH, peers[1].id));
	close(peers[0].fd);
	row = row_of(me.id);
	EXPECT_EQ(0U, VALUE(row, GRANTS));
	EXPECT_EQ(0U, VALUE(row, WATCHES));
	EXPECT_EQ(2U, VALUE(row, LINKS));
}

/* Who sees what of whom. */

DEED(do_look, id, arg)
{
	return row_of(id).bits;
}

TEST_F(view, stranger_sees_what_is_public)
{
	const struct who admin = { .uid = BOB, .gid = BOB, .caps = CAP(SYS_ADMIN) };
	const struct who powerless = { .caps = CAPS_ALL & ~CAP(SYS_ADMIN) };
	struct peer owner = actor_start(&alice), again = actor_start(&alice);
	struct peer stranger = actor_start(&bob), other;

	ASSERT_EQ(0, actor_do(&owner, do_mode, 0, 0666));
	EXPECT_EQ((__s32)BITS_PUBLIC, actor_do(&stranger, do_look, owner.id, 0));
	EXPECT_EQ((__s32)BITS_ALL, actor_do(&stranger, do_look, stranger.id, 0));
	EXPECT_EQ((__s32)BITS_ALL, actor_do(&owner, do_look, owner.id, 0));
	EXPECT_EQ((__s32)BITS_ALL, actor_do(&again, do_look, owner.id, 0));
	EXPECT_EQ((__s32)BITS_PUBLIC, actor_do(&again, do_look, stranger.id, 0));
	other = actor_start(&admin);
	EXPECT_EQ((__s32)BITS_ALL, actor_do(&other, do_look, owner.id, 0));
	other = actor_start(&powerless);
	EXPECT_EQ((__s32)BITS_PUBLIC, actor_do(&other, do_look, owner.id, 0));
	EXPECT_EQ((__s32)BITS_ALL, actor_do(&other, do_look, other.id, 0));
}

/* Not who waits for it, either. */
DEED(do_count_waiters, id, arg)
{
	return row_of(id).waiters_len;
}

TEST_F(view, stranger_sees_no_waiters)
{
	struct peer owner = actor_start(&alice), stranger = actor_start(&bob);
	struct task me = task_open();
	static struct op call;	/* ends with the owner, in the teardown */

	op_park(op_call(&call, me, owner.id, 6, 8));
	EXPECT_EQ(0, actor_do(&stranger, do_count_waiters, owner.id, 0));
	EXPECT_EQ(1, actor_do(&owner, do_count_waiters, owner.id, 0));
}

DEED(do_count, peer, arg)
{
	struct genl genl = genl_open();

	rows_dump(&genl);
	close(genl.fd);
	return rows.len;
}

DEED(do_open, peer, arg)
{
	return task_open().id;
}

TEST_F(view, namespaces_do_not_see_each_other)
{
	struct peer there = actor_start(&root);
	__s32 id;

	ASSERT_EQ(1, actor_do(&there, do_count, 0, 0));
	ASSERT_EQ(0, actor_do(&there, do_unshare, 0, CLONE_NEWNET));
	EXPECT_EQ(0, actor_do(&there, do_count, 0, 0));
	id = actor_do(&there, do_open, 0, 0);
	EXPECT_EQ(1, actor_do(&there, do_count, 0, 0));
	EXPECT_EQ((__s32)BITS_ALL, actor_do(&there, do_look, id, 0));
	task_open();
	EXPECT_EQ(1, actor_do(&there, do_count, 0, 0));
	EXPECT_EQ(2, do_count((struct task){ -1, -1 }, 0, 0));
}

/* Users: which of them has a row, and is it a whole one? */
struct users {
	int rows;
	bool has_own, has_root;
};

static void users_read(const struct nlmsghdr *head, void *arg)
{
	struct nl_attrs attrs = genl_attrs(head);
	__u32 uid = nl_u32(nl_find(attrs, PARLEY_A_USER_UID));
	struct users *users = arg;
	const struct nlattr *attr;
	int limits = 0;

	users->rows++;
	users->has_own |= uid == geteuid();
	users->has_root |= !uid;
	while ((attr = nl_next(&attrs)))
		limits += nl_type(attr) == PARLEY_A_USER_LIMIT;
	CHECK_EQ(ARRAY_SIZE(max_names), limits);
}

static struct users users_dump(void)
{
	struct genl genl = genl_open();
	struct users users = {};

	CHECK_EQ(0, genl_dump(&genl, PARLEY_CMD_USERS, users_read, &users));
	close(genl.fd);
	return users;
}

/* How many users it sees: itself, it must be, if there is but one. */
DEED(do_count_users, peer, arg)
{
	struct users users = users_dump();

	CHECK(users.rows != 1 || users.has_own);
	return users.rows;
}

TEST_F(view, stranger_sees_his_own_use)
{
	struct peer one = actor_start(&alice), two = actor_start(&bob);

	task_open();
	EXPECT_EQ(3, users_dump().rows);
	EXPECT_TRUE(users_dump().has_root);
	EXPECT_EQ(1, actor_do(&one, do_count_users, 0, 0));
	EXPECT_EQ(1, actor_do(&two, do_count_users, 0, 0));
	/* He has no name in a namespace where none is given. */
	ASSERT_EQ(0, actor_do(&two, do_unshare, 0, CLONE_NEWUSER));
	EXPECT_EQ(0, actor_do(&two, do_count_users, 0, 0));
}

TEST_F(view, use_is_counted)
{
	struct task me = task_open(), peer = task_open(), server = task_open();
	struct op call;

	ASSERT_EQ(0, bond(me, PARLEY_BOND_GRANT, peer.id));
	ASSERT_EQ(0, bond(me, PARLEY_BOND_GRANT, server.id));
	ASSERT_EQ(0, bond(me, PARLEY_BOND_WATCH, peer.id));
	op_park(op_call(&call, me, server.id, 6, 8));
	EXPECT_EQ(3U, usage_of(0, "tasks").used);
	EXPECT_EQ(1U, usage_of(0, "messages").used);
	EXPECT_EQ(2U, usage_of(0, "grants").used);
	EXPECT_EQ(1U, usage_of(0, "watches").used);
	EXPECT_EQ(0U, usage_of(0, "links").used);
	for (unsigned int i = 0; i < ARRAY_SIZE(max_names); i++) {
		EXPECT_EQ(max_get(max_names[i]), usage_of(0, max_names[i]).max);
		EXPECT_EQ(0U, usage_of(0, max_names[i]).hits);
	}
}

TEST_HARNESS_MAIN
