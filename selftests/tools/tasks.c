// SPDX-License-Identifier: GPL-2.0
/* parley tasks: what is listed, and for whom. */
#include "cli.h"

#define HEADINGS \
	"ID OWNER GROUP MODE STATE PID RECV QUEUE HELD BITS POSTED GRANT WATCH LINK WAITERS"

/*
 * A server holds a request and has another in its queue; a second one holds
 * its only one; a third receives. One task has all else that is counted, and
 * the last belongs to a user.
 */
FIXTURE(scene)
{
	struct cli cli;
	struct task clients[3], busy, pending, receiving, counted;
	struct op calls[3], taken[2], recv;
	struct peer alices;
	char line[1024];
};

FIXTURE_SETUP(scene)
{
	alone();
	for (int i = 0; i < 3; i++)
		self->clients[i] = task_open();
	self->busy = task_open();
	self->pending = task_open();
	self->receiving = task_open();
	self->counted = task_open();
	self->alices = actor_start(&alice);

	op_park(op_call(&self->calls[0], self->clients[0], self->pending.id, 7, 8));
	ASSERT_EQ(0, op_run(op_recv(&self->taken[0], self->pending, PARLEY_ANY)));
	op_park(op_send(&self->calls[1], self->clients[1], self->pending.id, 9, 8));
	op_park(op_call(&self->calls[2], self->clients[2], self->busy.id, 11, 8));
	ASSERT_EQ(0, op_run(op_recv(&self->taken[1], self->busy, PARLEY_ANY)));
	op_park(op_recv(&self->recv, self->receiving, PARLEY_ANY));

	ASSERT_EQ(0, task_mode(self->counted, 0666));
	ASSERT_EQ(0, bond(self->counted, PARLEY_BOND_GRANT, self->alices.id));
	ASSERT_EQ(0, bond(self->counted, PARLEY_BOND_WATCH, self->busy.id));
	ASSERT_EQ(0, bond(self->counted, PARLEY_BOND_WATCH, self->pending.id));
	ASSERT_EQ(0, bond(self->counted, PARLEY_BOND_LINK, self->receiving.id));
	ASSERT_EQ(0, task_notify(self->counted, self->counted.id, 0x30));
}

FIXTURE_TEARDOWN(scene)
{
}

#define EXPECT_LINE(...)						\
do {									\
	snprintf(self->line, sizeof(self->line), __VA_ARGS__);		\
	EXPECT_TRUE(cli_has(self->cli.out, self->line));		\
} while (0)

TEST_F(scene, table)
{
	CLI(&self->cli, &root, "tasks", "-N");
	EXPECT_EQ(0, self->cli.status);
	EXPECT_STREQ("", self->cli.err);
	cli_squeeze(self->cli.out);
	EXPECT_EQ(9, cli_lines(self->cli.out));
	EXPECT_LINE(HEADINGS);
	for (int i = 0; i < 3; i++)
		EXPECT_LINE("%d 0 0 0600 idle %d 0 0 0 0x00 0 0 0 0",
			    self->clients[i].id, getpid());
	EXPECT_LINE("%d 0 0 0600 busy %d 0 0 1 0x00 1 0 0 0 %d(held)", self->busy.id, getpid(),
		    self->clients[2].id);
	EXPECT_LINE("%d 0 0 0600 receiving %d 1 0 0 0x00 0 0 0 0",
		    self->receiving.id, getpid());
	EXPECT_LINE("%d 1000 1000 0600 idle %d 0 0 0 0x00 0 0 0 0",
		    self->alices.id, self->alices.pid);
}

TEST_F(scene, waiters)
{
	char either[2][64];

	CLI(&self->cli, &root, "tasks", "-N");
	cli_squeeze(self->cli.out);
	snprintf(either[0], sizeof(either[0]), "%d(held) %d(queued)", self->clients[0].id,
		 self->clients[1].id);
	snprintf(either[1], sizeof(either[1]), "%d(queued) %d(held)", self->clients[1].id,
		 self->clients[0].id);
	EXPECT_LINE("%d 0 0 0600 pending %d 0 1 1 0x00 2 0 0 0 %s", self->pending.id, getpid(),
		    either[!strstr(self->cli.out, either[0])]);
}

TEST_F(scene, bonds_and_notifications)
{
	CLI(&self->cli, &root, "tasks", "-N");
	cli_squeeze(self->cli.out);
	EXPECT_LINE("%d 0 0 0666 pending %d 0 0 0 0x30 0 1 2 1", self->counted.id, getpid());
}

TEST_F(scene, names_of_users_and_groups)
{
	CLI(&self->cli, &root, "tasks");
	cli_squeeze(self->cli.out);
	EXPECT_LINE("%d %s %s 0600 idle %d 0 0 0 0x00 0 0 0 0",
		    self->alices.id, "alice", "alice", self->alices.pid);
	EXPECT_LINE("%d %s %s 0600 receiving %d 1 0 0 0x00 0 0 0 0",
		    self->receiving.id, "root", "root", getpid());
}

#define JSON_PUBLIC	"\"id\":%d,\"uid\":%d,\"gid\":%d,\"mode\":\"0600\",\"state\":\"%s\""
#define JSON_WORK	"\"pid\":%d,\"receivers\":0,\"queued\":0,\"held\":%d,\"notifications\":0"
#define JSON_COUNTS	"\"posted\":%d,\"grants\":0,\"watches\":0,\"links\":0"
#define JSON_TASK	"{" JSON_PUBLIC "," JSON_WORK "," JSON_COUNTS ",\"waiters\":"

#define EXPECT_JSON(...)						\
do {									\
	snprintf(self->line, sizeof(self->line), __VA_ARGS__);		\
	EXPECT_NE(NULL, strstr(self->cli.out, self->line))		\
		TH_LOG("there is no %s in %s", self->line, self->cli.out); \
} while (0)

TEST_F(scene, json)
{
	CLI(&self->cli, &root, "tasks", "--json");
	EXPECT_EQ(0, self->cli.status);
	cli_compact(self->cli.out);
	EXPECT_EQ(0, strncmp(self->cli.out, "{\"tasks\":[{\"id\":", 16));
	EXPECT_STREQ("}]}", self->cli.out + strlen(self->cli.out) - 3);
	EXPECT_JSON(JSON_TASK "[{\"id\":%d,\"type\":11,\"held\":true}]}", self->busy.id, 0, 0,
		    "busy", getpid(), 1, 1, self->clients[2].id);
	EXPECT_JSON(JSON_TASK "[]}", self->alices.id, ALICE, ALICE, "idle", self->alices.pid,
		    0, 0);
	EXPECT_JSON("{\"id\":%d,\"type\":9}", self->clients[1].id);
}

/* All that there is, and of none what it does. */
TEST_F(scene, stranger_sees_what_is_public)
{
	CLI(&self->cli, &bob, "tasks", "-N");
	EXPECT_EQ(0, self->cli.status);
	EXPECT_STREQ("", self->cli.err);
	cli_squeeze(self->cli.out);
	EXPECT_EQ(9, cli_lines(self->cli.out));
	EXPECT_LINE("%d 0 0 0600 busy - - - - - - - - - -", self->busy.id);
	EXPECT_LINE("%d 0 0 0600 pending - - - - - - - - - -", self->pending.id);
	EXPECT_LINE("%d 0 0 0600 receiving - - - - - - - - - -", self->receiving.id);
	EXPECT_LINE("%d 0 0 0666 pending - - - - - - - - - -", self->counted.id);
	EXPECT_LINE("%d 1000 1000 0600 idle - - - - - - - - - -", self->alices.id);

	CLI(&self->cli, &bob, "tasks", "-j");
	cli_compact(self->cli.out);
	EXPECT_JSON("{" JSON_PUBLIC "}", self->busy.id, 0, 0, "busy");
}

TEST_F(scene, user_sees_what_his_own_does)
{
	CLI(&self->cli, &alice, "tasks", "-N");
	cli_squeeze(self->cli.out);
	EXPECT_LINE("%d 1000 1000 0600 idle %d 0 0 0 0x00 0 0 0 0",
		    self->alices.id, self->alices.pid);
	EXPECT_LINE("%d 0 0 0600 busy - - - - - - - - - -", self->busy.id);
}

TEST_F(scene, other_namespace_sees_nothing)
{
	alone();
	CLI(&self->cli, &root, "tasks");
	EXPECT_EQ(0, self->cli.status);
	cli_squeeze(self->cli.out);
	EXPECT_STREQ(HEADINGS "\n", self->cli.out);
	CLI(&self->cli, &root, "tasks", "-j");
	cli_compact(self->cli.out);
	EXPECT_STREQ("{\"tasks\":[]}", self->cli.out);
}

TEST_HARNESS_MAIN
