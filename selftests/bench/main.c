// SPDX-License-Identifier: GPL-2.0
/* ipc: what a round trip costs over Parley and over its peers. */
#include <err.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bench.h"

/* Repeats of a case may differ by timer ticks, and by no more. */
#define REPEATS_TOLERANCE	0.02

static const struct {
	const struct transport *transport;
	size_t bytes;
	enum shape shape;
} cases[] = {
	{ &transport_yield,		64,	EVEN },
	{ &transport_parley,		64,	EVEN },
	{ &transport_parley,		248,	EVEN },
	{ &transport_eventfd,		64,	EVEN },
	{ &transport_mqueue,		64,	EVEN },
	{ &transport_futex,		64,	EVEN },
	{ &transport_pipe,		64,	EVEN },
	{ &transport_pipe,		248,	EVEN },
	{ &transport_unix_stream,	64,	EVEN },
	{ &transport_unix_seqpacket,	64,	EVEN },

	{ &transport_parley_ool,	4096,	BULK_REQUEST },
	{ &transport_pipe,		4096,	BULK_REQUEST },
	{ &transport_unix_stream,	4096,	BULK_REQUEST },
	{ &transport_unix_seqpacket,	4096,	BULK_REQUEST },
	{ &transport_process_vm,	4096,	BULK_REQUEST },
	{ &transport_memcpy,		4096,	BULK_REQUEST },

	{ &transport_parley_ool,	65536,	BULK_REQUEST },
	{ &transport_pipe,		65536,	BULK_REQUEST },
	{ &transport_unix_stream,	65536,	BULK_REQUEST },
	{ &transport_unix_seqpacket,	65536,	BULK_REQUEST },
	{ &transport_process_vm,	65536,	BULK_REQUEST },
	{ &transport_memcpy,		65536,	BULK_REQUEST },
	{ &transport_parley_filerange,	65536,	BULK_REPLY },
	{ &transport_pread,		65536,	BULK_REPLY },

	{ &transport_parley_ool,	1048576, BULK_REQUEST },
	{ &transport_pipe,		1048576, BULK_REQUEST },
	{ &transport_unix_stream,	1048576, BULK_REQUEST },
	{ &transport_process_vm,	1048576, BULK_REQUEST },
	{ &transport_memcpy,		1048576, BULK_REQUEST },
};

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define CASES			ARRAY_SIZE(cases)

static struct row rows[CASES];

/* What a row is allowed to cost, relative to another: --max-ratio. */
struct limit {
	char name[32];
	size_t bytes;
	double ratio;
	char base[32];
};

static struct limit limits[CASES];
static size_t limit_count;
static const char *only[CASES];
static size_t only_count;
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
		"usage: ipc [--case NAME]... [--json FILE] [--max-ratio NAME:BYTES:R[:BASE]]...\n"
		"  --case NAME    measure only NAME, and pipe to compare it with\n"
		"  --json FILE    write the table to FILE, too\n"
		"  --max-ratio NAME:BYTES:R[:BASE]\n"
		"                 fail if that row costs more than R times the row BASE (pipe)\n"
		"                 with the same payload\n"
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

static void add_case(const char *name)
{
	if (!known(name))
		errx(EXIT_FAILURE, "--case %s: no such case", name);
	if (only_count == CASES)
		errx(EXIT_FAILURE, "--case: more than %zu of them", CASES);
	only[only_count++] = name;
}

static void add_limit(const char *text)
{
	struct limit *limit = &limits[limit_count];
	int fields, end = 0;

	if (limit_count == CASES)
		errx(EXIT_FAILURE, "--max-ratio: more than %zu of them", CASES);
	strcpy(limit->base, transport_pipe.name);
	fields = sscanf(text, "%31[^:]:%zu:%lf%n:%31[^:]%n", limit->name, &limit->bytes,
			&limit->ratio, &end, limit->base, &end);
	if (fields < 3 || text[end])
		errx(EXIT_FAILURE, "--max-ratio %s: not NAME:BYTES:R[:BASE]", text);
	limit_count++;
}

static void parse(int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'c') {
			add_case(optarg);
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
}

static bool asked_for(size_t i)
{
	for (size_t j = 0; j < only_count; j++) {
		if (!strcmp(only[j], cases[i].transport->name))
			return true;
	}
	return !only_count;
}

/* A pipe is what others are compared with. */
static bool needed(size_t i)
{
	if (cases[i].transport != &transport_pipe)
		return asked_for(i);
	for (size_t j = 0; j < CASES; j++) {
		if (cases[j].bytes == cases[i].bytes && asked_for(j))
			return true;
	}
	return false;
}

/* The least of the repeats: what is above it is a tick more, not the case. */
static int measure(size_t i)
{
	double least = 0, most = 0;

	for (int repeat = 0; repeat < BENCH_REPEATS; repeat++) {
		double now;

		if (pair_measure(cases[i].transport, cases[i].bytes, cases[i].shape, &now))
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
		rows[i] = (struct row) {
			.name = cases[i].transport->name,
			.bytes = cases[i].bytes,
		};
		if (needed(i) && measure(i))
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
		const struct limit *limit = &limits[i];
		double ratio = find(limit->name, limit->bytes)->instructions /
			       find(limit->base, limit->bytes)->instructions;

		if (ratio <= limit->ratio)
			continue;
		warnx("%s, %zu bytes: %.3f times %s, more than the %.3f allowed", limit->name,
		      limit->bytes, ratio, limit->base, limit->ratio);
		ret = EXIT_FAILURE;
	}
	return ret;
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	if (geteuid())
		errx(EXIT_FAILURE, "must be root, to give the two sides a user each");
	/* Or it would be up to chance whose bulk lies in one. */
	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
		err(EXIT_FAILURE, "can't do without huge pages");
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
