// SPDX-License-Identifier: GPL-2.0
/* parley stats: who has what of which limit, and who was refused more. */
#include "cli.h"

#define MAX_TASKS	"/sys/module/parley/parameters/max_tasks"
#define FEW		5
#define REFUSED		3

static unsigned int parameter(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned int value;

	CHECK(file && fscanf(file, "%u", &value) == 1);
	fclose(file);
	return value;
}

static void parameter_set(const char *path, unsigned int value)
{
	FILE *file = fopen(path, "w");

	CHECK(file && fprintf(file, "%u", value) > 0);
	CHECK_EQ(0, fclose(file));
}

struct usage {
	unsigned int used, max;
	unsigned long long hits;
};

/* The line of one user and limit, which may be missing. */
static bool usage_find(const char *out, const char *user, const char *limit, struct usage *usage)
{
	char name[2][32];
	struct usage seen;

	for (; out; out = strchr(out, '\n')) {
		out += *out == '\n';
		if (sscanf(out, "%31s %31s %u %u %llu", name[0], name[1], &seen.used,
			   &seen.max, &seen.hits) != 5 ||
		    strcmp(name[0], user) || strcmp(name[1], limit))
			continue;
		*usage = seen;
		return true;
	}
	return false;
}

static __s32 do_exhaust(struct task me, __s32 peer, __s32 refusals)
{
	__s32 opened = 0, fd;

	(void)me;
	(void)peer;
	while ((fd = open("/dev/parley", O_RDWR)) >= 0)
		opened++;
	CHECK_EQ(EDQUOT, errno);
	while (--refusals) {
		CHECK_EQ(-1, open("/dev/parley", O_RDWR));
		CHECK_EQ(EDQUOT, errno);
	}
	return opened;
}

/* Alice is refused more tasks than she may have; Bob has one. */
FIXTURE(limits)
{
	struct cli cli;
	struct peer alices, bobs;
	struct usage before;
	unsigned int max;
};

FIXTURE_SETUP(limits)
{
	alone();
	self->alices = actor_start(&alice);
	self->bobs = actor_start(&bob);
	self->max = parameter(MAX_TASKS);
	CLI(&self->cli, &root, "stats", "-N");
	ASSERT_TRUE(usage_find(self->cli.out, "1000", "tasks", &self->before));
	parameter_set(MAX_TASKS, FEW);
	EXPECT_EQ(FEW - 1, actor_do(&self->alices, do_exhaust, 0, REFUSED));
}

FIXTURE_TEARDOWN(limits)
{
	parameter_set(MAX_TASKS, self->max);
	peer_kill(&self->alices);
	peer_kill(&self->bobs);
}

TEST_F(limits, tell_who_hit_which)
{
	struct usage usage;

	CLI(&self->cli, &root, "stats", "-N");
	EXPECT_EQ(0, self->cli.status);
	EXPECT_STREQ("", self->cli.err);
	EXPECT_EQ(1U, self->before.used);
	ASSERT_TRUE(usage_find(self->cli.out, "1000", "tasks", &usage));
	EXPECT_EQ((unsigned int)FEW, usage.used);
	EXPECT_EQ((unsigned int)FEW, usage.max);
	EXPECT_EQ(self->before.hits + REFUSED, usage.hits);
	ASSERT_TRUE(usage_find(self->cli.out, "1001", "tasks", &usage));
	EXPECT_EQ(1U, usage.used);
	for (int i = 0; i < 6; i++) {
		static const char *const names[] = {
			"tasks", "messages", "grants", "watches", "links", "pins",
		};

		EXPECT_TRUE(usage_find(self->cli.out, "1000", names[i], &usage))
			TH_LOG("%s", names[i]);
	}
}

TEST_F(limits, hit_most_come_first)
{
	unsigned long long hits, last = ~0ULL;
	const char *line;
	int rows = 0;

	CLI(&self->cli, &root, "stats");
	cli_squeeze(self->cli.out);
	EXPECT_EQ(0, strncmp(self->cli.out, "USER LIMIT USED MAX HITS\n", 25));
	line = strchr(self->cli.out, '\n') + 1;
	for (; *line; line = strchr(line, '\n') + 1, rows++) {
		if (sscanf(line, "%*s %*s %*u %*u %llu", &hits) != 1)
			hits = ~0ULL;
		EXPECT_LE(hits, last);
		if (!rows)
			EXPECT_LE((unsigned long long)REFUSED, hits);
		last = hits;
	}
	EXPECT_LE(10, rows);
	EXPECT_NE(NULL, strstr(self->cli.out, "\nalice tasks "));
}

TEST_F(limits, json)
{
	char limit[128];

	CLI(&self->cli, &root, "stats", "-j");
	EXPECT_EQ(0, self->cli.status);
	cli_compact(self->cli.out);
	EXPECT_EQ(0, strncmp(self->cli.out, "{\"users\":[{\"uid\":", 17));
	EXPECT_STREQ("}]}]}", self->cli.out + strlen(self->cli.out) - 5);
	snprintf(limit, sizeof(limit), "\"tasks\",\"used\":%d,\"max\":%d,\"hits\":%llu}",
		 FEW, FEW, self->before.hits + REFUSED);
	EXPECT_NE(NULL, strstr(self->cli.out, limit))
		TH_LOG("there is no %s in %s", limit, self->cli.out);
}

TEST_F(limits, stranger_sees_his_own)
{
	struct usage usage;

	CLI(&self->cli, &bob, "stats", "-N");
	EXPECT_EQ(0, self->cli.status);
	EXPECT_STREQ("", self->cli.err);
	EXPECT_TRUE(usage_find(self->cli.out, "1001", "tasks", &usage));
	EXPECT_FALSE(usage_find(self->cli.out, "1000", "tasks", &usage));
	EXPECT_FALSE(usage_find(self->cli.out, "0", "tasks", &usage));
	EXPECT_EQ(7, cli_lines(self->cli.out));
}

TEST_HARNESS_MAIN
