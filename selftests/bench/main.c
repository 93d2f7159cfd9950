// SPDX-License-Identifier: GPL-2.0
/* ipc: what a round trip costs over Parley and over its peers. */
#include <err.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

/* Repeats of a case may differ by timer ticks, and by no more. */
#define REPEATS_TOLERANCE	0.02

static const struct {
	const struct transport *transport;
	size_t bytes;
} cases[] = {
	{ &transport_yield,		64 },
	{ &transport_parley,		64 },
	{ &transport_parley,		248 },
	{ &transport_eventfd,		64 },
	{ &transport_mqueue,		64 },
	{ &transport_futex,		64 },
	{ &transport_pipe,		64 },
	{ &transport_pipe,		248 },
	{ &transport_unix_stream,	64 },
	{ &transport_unix_seqpacket,	64 },
};

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define CASES			ARRAY_SIZE(cases)

static struct row rows[CASES];

/* What a row is allowed to cost: --max-ratio. */
struct limit {
	char name[32];
	size_t bytes;
	double ratio;
};

static struct limit limits[CASES];
static size_t limit_count;
static const char *only;
static const char *json;

static const struct option options[] = {
	{ "case",	required_argument, NULL, 'c' },
	{ "json",	required_argument, NULL, 'j' },
	{ "max-ratio",	required_argument, NULL, 'm' },
	{ "help",	no_argument,	   NULL, 'h' },
	{ }
};

static void help(FILE *file)
{
	fprintf(file,
		"usage: ipc [--case NAME] [--json FILE] [--max-ratio NAME:BYTES:R]...\n"
		"  --case NAME               measure only NAME, and pipe to compare it with\n"
		"  --json FILE               write the table to FILE, too\n"
		"  --max-ratio NAME:BYTES:R  fail if that row costs more than R times a pipe\n"
		"Runs as root, in a machine whose clock counts instructions: see README.md.\n");
}

static bool known(const char *name)
{
	for (size_t i = 0; i < CASES; i++) {
		if (!strcmp(name, cases[i].transport->name))
			return true;
	}
	return false;
}

static void add_limit(const char *text)
{
	struct limit *limit = &limits[limit_count];
	char end;

	if (limit_count == CASES)
		errx(EXIT_FAILURE, "--max-ratio: more than %zu of them", CASES);
	if (sscanf(text, "%31[^:]:%zu:%lf%c", limit->name, &limit->bytes, &limit->ratio,
		   &end) != 3)
		errx(EXIT_FAILURE, "--max-ratio %s: not NAME:BYTES:R", text);
	limit_count++;
}

static void parse(int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'c') {
			only = optarg;
		} else if (option == 'j') {
			json = optarg;
		} else if (option == 'm') {
			add_limit(optarg);
		} else {
			help(option == 'h' ? stdout : stderr);
			exit(option == 'h' ? EXIT_SUCCESS : EXIT_FAILURE);
		}
	}
	if (optind < argc)
		errx(EXIT_FAILURE, "%s: no such option", argv[optind]);
	if (only && !known(only))
		errx(EXIT_FAILURE, "--case %s: no such case", only);
}

/* The least of the repeats: what is above it is a tick more, not the case. */
static int measure(size_t i)
{
	double least = 0, most = 0;

	for (int repeat = 0; repeat < BENCH_REPEATS; repeat++) {
		double now;

		if (pair_measure(cases[i].transport, cases[i].bytes, &now))
			return -1;
		if (!repeat || now < least)
			least = now;
		if (now > most)
			most = now;
	}
	rows[i].instructions = least;
	if (most <= least * (1 + REPEATS_TOLERANCE))
		return 0;
	warnx("%s, %zu bytes: repeats differ too much: %.0f to %.0f instructions", rows[i].name,
	      rows[i].bytes, least, most);
	return -1;
}

static int measure_all(void)
{
	for (size_t i = 0; i < CASES; i++) {
		const char *name = cases[i].transport->name;

		rows[i] = (struct row) { .name = name, .bytes = cases[i].bytes };
		if (only && strcmp(name, only) && strcmp(name, transport_pipe.name))
			continue;
		if (measure(i))
			return -1;
	}
	return 0;
}

static const struct row *find(const char *name, size_t bytes)
{
	for (size_t i = 0; i < CASES; i++) {
		if (!strcmp(rows[i].name, name) && rows[i].bytes == bytes &&
		    rows[i].instructions)
			return &rows[i];
	}
	errx(EXIT_FAILURE, "%s, %zu bytes: not measured", name, bytes);
}

static void compare(void)
{
	for (size_t i = 0; i < CASES; i++) {
		if (rows[i].instructions)
			rows[i].ratio = rows[i].instructions /
				find(transport_pipe.name, rows[i].bytes)->instructions;
	}
}

static int judge(void)
{
	int ret = EXIT_SUCCESS;

	for (size_t i = 0; i < limit_count; i++) {
		const struct row *row = find(limits[i].name, limits[i].bytes);

		if (row->ratio <= limits[i].ratio)
			continue;
		warnx("%s, %zu bytes: %.3f times a pipe, more than the %.3f allowed", row->name,
		      row->bytes, row->ratio, limits[i].ratio);
		ret = EXIT_FAILURE;
	}
	return ret;
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	if (geteuid())
		errx(EXIT_FAILURE, "must be root, to give the two sides a user each");
	if (clock_counts_instructions())
		errx(EXIT_FAILURE, "this clock doesn't count instructions: run with -icount");
	if (measure_all())
		return EXIT_FAILURE;
	compare();
	report_table(rows, CASES);
	if (json && report_json(json, rows, CASES))
		err(EXIT_FAILURE, "%s", json);
	return judge();
}
