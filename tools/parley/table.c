// SPDX-License-Identifier: GPL-2.0
/* Tables are kept as text until they are printed. */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "table.h"

#define COLUMNS_MAX	24

struct column {
	const char *heading;
	int width;
	bool right;
};

struct row {
	size_t index;
	char *cells[COLUMNS_MAX];
};

struct table {
	struct column columns[COLUMNS_MAX];
	int width;		/* how many columns there are */
	struct row *rows;
	size_t height;		/* how many rows there are */
	int filled;		/* cells of the last one */
	bool headed;
};

static void *need(void *memory)
{
	if (!memory)
		die(STATUS_FAILED, "out of memory");
	return memory;
}

struct table *table_new(void)
{
	return need(calloc(1, sizeof(struct table)));
}

static void table_empty(struct table *table)
{
	for (size_t i = 0; i < table->height; i++)
		for (int j = 0; j < table->width; j++)
			free(table->rows[i].cells[j]);
	free(table->rows);
	table->rows = NULL;
	table->height = 0;
	table->filled = 0;
}

void table_free(struct table *table)
{
	table_empty(table);
	free(table);
}

static void column_fit(struct column *column, const char *text)
{
	int width = strlen(text);

	if (width > column->width)
		column->width = width;
}

void table_column(struct table *table, const char *heading, int width)
{
	struct column *column = &table->columns[table->width++];

	column->heading = heading;
	column->width = abs(width);
	column->right = width < 0;
	column_fit(column, heading);
}

/* Room is made for 1, 2, 4, 8 ... rows. */
static struct row *row_add(struct table *table)
{
	size_t height = table->height;

	if (!(height & (height - 1)))
		table->rows = need(reallocarray(table->rows, height ? 2 * height : 1,
						sizeof(*table->rows)));
	memset(&table->rows[height], 0, sizeof(*table->rows));
	table->rows[height].index = height;
	table->height++;
	return &table->rows[height];
}

void table_cell(struct table *table, const char *text)
{
	struct row *row = table->filled ? &table->rows[table->height - 1] : row_add(table);

	row->cells[table->filled] = need(strdup(text));
	column_fit(&table->columns[table->filled], text);
	table->filled = (table->filled + 1) % table->width;
}

static int row_compare(const void *left, const void *right, void *column)
{
	const struct row *rows[] = { left, right };
	unsigned long long numbers[2];

	for (int i = 0; i < 2; i++)
		numbers[i] = strtoull(rows[i]->cells[*(int *)column], NULL, 10);
	if (numbers[0] != numbers[1])
		return numbers[0] > numbers[1] ? -1 : 1;
	return rows[0]->index < rows[1]->index ? -1 : 1;
}

void table_sort(struct table *table)
{
	int last = table->width - 1;

	if (table->height)
		qsort_r(table->rows, table->height, sizeof(*table->rows), row_compare, &last);
}

/* Nothing is printed to the right of a line's last text. */
static void line_print(const struct table *table, char *const *cells)
{
	int gap = 0;

	for (int i = 0; i < table->width; i++) {
		const struct column *column = &table->columns[i];
		const char *text = cells ? cells[i] : column->heading;
		int pad = column->width - (int)strlen(text);

		if (*text)
			printf("%*s%s", gap + (column->right ? pad : 0), "", text);
		gap = *text ? 2 + (column->right ? 0 : pad) : gap + pad + 2;
	}
	putchar('\n');
}

void table_print(struct table *table)
{
	if (!table->headed)
		line_print(table, NULL);
	table->headed = true;
	for (size_t i = 0; i < table->height; i++)
		line_print(table, table->rows[i].cells);
	table_empty(table);
}
