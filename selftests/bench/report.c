// SPDX-License-Identifier: GPL-2.0
/* The table, for people and for programs. */
#include <stdio.h>
#include <sys/utsname.h>

#include "bench.h"

void report_table(const struct row *rows, size_t count)
{
	printf("%-16s %7s %14s %9s\n", "round trip", "bytes", "instructions", "x pipe");
	for (size_t i = 0; i < count; i++) {
		if (rows[i].instructions)
			printf("%-16s %7zu %14.0f %9.3f\n", rows[i].name, rows[i].bytes,
			       rows[i].instructions, rows[i].ratio);
	}
}

static void write_json(FILE *file, const char *kernel, const struct row *rows, size_t count)
{
	const char *separator = "";

	fprintf(file, "{\"kernel\": \"%s\", \"rows\": [", kernel);
	for (size_t i = 0; i < count; i++) {
		if (!rows[i].instructions)
			continue;
		fprintf(file,
			"%s\n\t{\"name\": \"%s\", \"bytes\": %zu, \"instructions\": %.0f, \"ratio_to_pipe\": %.4f}",
			separator, rows[i].name, rows[i].bytes, rows[i].instructions,
			rows[i].ratio);
		separator = ",";
	}
	fprintf(file, "\n]}\n");
}

int report_json(const char *path, const struct row *rows, size_t count)
{
	struct utsname name;
	FILE *file;
	int failed;

	if (uname(&name))
		return -1;
	file = fopen(path, "w");
	if (!file)
		return -1;
	write_json(file, name.release, rows, count);
	failed = ferror(file);
	return fclose(file) || failed ? -1 : 0;
}
