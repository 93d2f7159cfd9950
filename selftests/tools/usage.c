// SPDX-License-Identifier: GPL-2.0
/* What parley says when it can't do what it is asked for. */
#include "cli.h"

#define USAGE	"usage: parley [-jN] [-n COUNT] tasks|stats|watch|help\n"
#define UNLOADED \
	"parley: the kernel module isn't loaded (no generic netlink family \"parley\")\n"
#define MODULE	"/vm/parley.ko"

TEST(wrong_command_lines)
{
	static const struct {
		char *const args[CLI_ARGS];
		const char *err;
	} cases[] = {
		{ { "parley" }, "parley: a command is missing; \"parley help\" lists all\n" },
		{ { "parley", "-j" }, "parley: a command is missing; \"parley help\" lists all\n" },
		{ { "parley", "task" },
		  "parley: unknown command \"task\"; \"parley help\" lists all\n" },
		{ { "parley", "tasks", "5" }, "parley: \"tasks\" takes no argument \"5\"\n" },
		{ { "parley", "tasks", "-n", "5" }, "parley: \"tasks\" takes no --count\n" },
		{ { "parley", "watch", "-n", "0" },
		  "parley: --count takes a number from 1, not \"0\"\n" },
		{ { "parley", "watch", "--count=-1" },
		  "parley: --count takes a number from 1, not \"-1\"\n" },
		{ { "parley", "watch", "-n5x" },
		  "parley: --count takes a number from 1, not \"5x\"\n" },
		{ { "parley", "watch", "-n99999999999999999999" },
		  "parley: --count takes a number from 1, not \"99999999999999999999\"\n" },
		{ { "parley", "-z" }, "parley: invalid option -- 'z'\n" },
		{ { "parley", "watch", "-n" }, "parley: option requires an argument -- 'n'\n" },
	};
	char expected[1024];
	struct cli cli;

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		cli_run(&cli, &root, cases[i].args);
		snprintf(expected, sizeof(expected), "%s" USAGE, cases[i].err);
		EXPECT_EQ(1, cli.status) TH_LOG("%s", cases[i].err);
		EXPECT_STREQ("", cli.out);
		EXPECT_STREQ(expected, cli.err);
	}
}

TEST(help_and_version)
{
	static char *const args[] = { "help", "--help", "-h" };
	struct cli cli;

	for (unsigned int i = 0; i < ARRAY_SIZE(args); i++) {
		CLI(&cli, &root, args[i]);
		EXPECT_EQ(0, cli.status);
		EXPECT_STREQ("", cli.err);
		EXPECT_EQ(0, strncmp(cli.out, USAGE, strlen(USAGE)));
		EXPECT_NE(NULL, strstr(cli.out, "--numeric"));
	}
	CLI(&cli, &root, "--version");
	EXPECT_EQ(0, cli.status);
	EXPECT_EQ(0, strncmp(cli.out, "parley ", 7));
}

TEST(output_that_is_lost_is_told)
{
	struct cli cli;

	cli_run(&cli, &root, (char *const[]){ "sh", "-c", "exec parley help >/dev/full", NULL });
	EXPECT_EQ(3, cli.status);
	EXPECT_STREQ("parley: standard output: No space left on device\n", cli.err);
}

/* Takes the module out of the kernel for a while. */
FIXTURE(unloaded)
{
	struct watcher watcher;
};

static int module_load(void)
{
	int fd = open(MODULE, O_RDONLY | O_CLOEXEC);
	int err = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;

	close(fd);
	return err;
}

FIXTURE_SETUP(unloaded)
{
	if (access(MODULE, R_OK))
		SKIP(return, "there is no " MODULE " to load again");
	WATCH(&self->watcher);
	while (syscall(SYS_delete_module, "parley", O_NONBLOCK)) {
		ASSERT_EQ(EWOULDBLOCK, errno);
		sched_yield();
	}
}

FIXTURE_TEARDOWN(unloaded)
{
	EXPECT_EQ(0, module_load());
}

TEST_F(unloaded, is_told)
{
	static char *const commands[] = { "tasks", "stats", "watch" };
	struct cli cli;

	for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++) {
		CLI(&cli, &root, commands[i]);
		EXPECT_EQ(2, cli.status);
		EXPECT_STREQ("", cli.out);
		EXPECT_STREQ(UNLOADED, cli.err);
	}
}

TEST_F(unloaded, ends_a_watch)
{
	EXPECT_STREQ("parley: the kernel module was unloaded",
		     watcher_line(self->watcher.err));
	EXPECT_EQ(2, watcher_join(&self->watcher));
}

TEST_HARNESS_MAIN
