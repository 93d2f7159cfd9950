// SPDX-License-Identifier: GPL-2.0
/* Reads the command line and runs the command that it names. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct options options;

static void help_run(void);

static const struct command {
	const char *name;
	void (*run)(void);
	bool counts;	/* takes --count */
	const char *help;
} commands[] = {
	{ "tasks", tasks_run, false, "list the tasks, what they do and who waits for whom" },
	{ "stats", stats_run, false, "list what each user has of each limit, limits hit first" },
	{ "watch", watch_run, true, "print a line whenever a task is opened or dies" },
	{ "help", help_run, false, "print this" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "numeric", no_argument, NULL, 'N' },
	{ "count", required_argument, NULL, 'n' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ }
};

static void usage_print(FILE *file)
{
	fputs("usage: parley [-jN] [-n COUNT]", file);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(file, "%c%s", i ? '|' : ' ', commands[i].name);
	fputc('\n', file);
}

static void help_run(void)
{
	usage_print(stdout);
	puts("\nShows the tasks of this network namespace, and changes nothing.\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-16s%s\n", commands[i].name, commands[i].help);
	puts("\n  -j, --json      print JSON; \"watch\" prints one object per line\n"
	     "  -N, --numeric   print user and group ids instead of names\n"
	     "  -n, --count=N   end \"watch\" after N events\n"
	     "  -h, --help      print this\n"
	     "  -V, --version   print the version");
}

static void version_run(void)
{
	puts("parley " VERSION);
}

void die(enum status status, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("parley: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	if (status == STATUS_USAGE)
		usage_print(stderr);
	exit(status);
}

void flush(void)
{
	if (fflush(stdout) || ferror(stdout))
		die(STATUS_FAILED, "standard output: %s", strerror(errno));
}

static unsigned long count_parse(const char *text)
{
	char *end;
	unsigned long count;

	errno = 0;
	count = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || !count)
		die(STATUS_USAGE, "--count takes a number from 1, not \"%s\"", text);
	return count;
}

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	die(STATUS_USAGE, "unknown command \"%s\"; \"parley help\" lists all", name);
}

/* The function to run, which may have come as an option. */
static void (*command_line_parse(int argc, char **argv))(void)
{
	const struct command *command;
	int option;

	while ((option = getopt_long(argc, argv, "jNn:hV", long_options, NULL)) >= 0) {
		switch (option) {
		case 'j':
			options.json = true;
			break;
		case 'N':
			options.numeric = true;
			break;
		case 'n':
			options.count = count_parse(optarg);
			break;
		case 'h':
			return help_run;
		case 'V':
			return version_run;
		default:
			usage_print(stderr);
			exit(STATUS_USAGE);
		}
	}
	if (optind == argc)
		die(STATUS_USAGE, "a command is missing; \"parley help\" lists all");
	command = command_find(argv[optind]);
	if (optind + 1 < argc)
		die(STATUS_USAGE, "\"%s\" takes no argument \"%s\"", command->name,
		    argv[optind + 1]);
	if (options.count && !command->counts)
		die(STATUS_USAGE, "\"%s\" takes no --count", command->name);
	return command->run;
}

int main(int argc, char **argv)
{
	command_line_parse(argc, argv)();
	flush();
	return STATUS_OK;
}
