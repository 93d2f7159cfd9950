// SPDX-License-Identifier: GPL-2.0
/* Ids: positive, handed out in turn, and round again after INT_MAX. */
#include "common.h"

#define LAST_ID	"/sys/module/parley/parameters/last_id"

/* As ns_last_pid: the next task gets the first free id after this one. */
static void set_last_id(__s32 id)
{
	FILE *file = fopen(LAST_ID, "w");

	if (!file || fprintf(file, "%d\n", id) < 0 || fclose(file)) {
		fprintf(stderr, "# %s: %s\n", LAST_ID, strerror(errno));
		_exit(KSFT_FAIL);
	}
}

TEST(ids_are_handed_out_in_turn)
{
	set_last_id(1000000);
	for (__s32 id = 1000001; id < 1000020; id++)
		ASSERT_EQ(id, task_open().id);
}

TEST(ids_stay_positive_across_the_wrap)
{
	struct task tasks[16];
	bool wrapped = false;

	set_last_id(INT_MAX - 5);
	for (int i = 0; i < 16; i++) {
		tasks[i] = task_open();
		ASSERT_LT(0, tasks[i].id);
		if (i < 5)
			ASSERT_EQ(INT_MAX - 4 + i, tasks[i].id);
		wrapped |= tasks[i].id < INT_MAX - 5;
		for (int j = 0; j < i; j++)
			ASSERT_NE(tasks[j].id, tasks[i].id);
	}
	EXPECT_TRUE(wrapped);
}

TEST(living_ids_are_skipped)
{
	struct task old[3], next;

	set_last_id(2000000);
	for (int i = 0; i < 3; i++)
		old[i] = task_open();
	set_last_id(2000000);
	next = task_open();
	EXPECT_EQ(2000004, next.id);

	ASSERT_EQ(0, close(old[1].fd));
	set_last_id(2000000);
	EXPECT_EQ(2000002, task_open().id);
	EXPECT_EQ(2000005, task_open().id);
}

TEST(living_ids_are_skipped_at_the_wrap)
{
	struct task high, low, second;

	set_last_id(INT_MAX - 1);
	high = task_open();
	ASSERT_EQ(INT_MAX, high.id);
	low = task_open();
	ASSERT_GT(1000000, low.id);
	set_last_id(INT_MAX - 1);
	second = task_open();
	EXPECT_LT(low.id, second.id);
	EXPECT_GT(1000000, second.id);
}

TEST(calls_work_at_the_ends)
{
	struct task client, server;

	set_last_id(INT_MAX - 1);
	server = echo_start();
	client = task_open();
	ASSERT_EQ(INT_MAX, server.id);
	EXPECT_TRUE(echo_answers(client, server.id));

	set_last_id(INT_MAX - 1);
	client = server;
	server = echo_start();
	EXPECT_GT(client.id, server.id);
	EXPECT_TRUE(echo_answers(client, server.id));
}

/* 0 is the kernel, 1 to 3 are to be the module's and the first daemons'. */
TEST(reserved_ids_are_never_handed_out)
{
	set_last_id(INT_MAX);
	for (int i = 0; i < 16; i++)
		ASSERT_LT(3, task_open().id);
}

TEST(only_root_sets_the_last_id)
{
	ASSERT_EQ(0, setgid(1000));
	ASSERT_EQ(0, setuid(1000));
	ASSERT_EQ(-1, open(LAST_ID, O_WRONLY));
	EXPECT_EQ(EACCES, errno);
}

TEST_HARNESS_MAIN
