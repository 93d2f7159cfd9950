/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: tables, text in columns
 *
 * Columns are added first, then cells, row by row. A column is as wide as its
 * widest cell so far. Printing drops the rows, so that a table can be printed
 * while it grows.
 */
#ifndef PARLEY_TABLE_H
#define PARLEY_TABLE_H

struct table;

struct table *table_new(void);
void table_free(struct table *table);

/* A column of at least this width; if negative, its cells stand to the right. */
void table_column(struct table *table, const char *heading, int width);

void table_cell(struct table *table, const char *text);

/* Puts the rows with the largest numbers in the last column first. */
void table_sort(struct table *table);

/* Prints the rows, and the headings if this is the first time. */
void table_print(struct table *table);

#endif /* PARLEY_TABLE_H */
