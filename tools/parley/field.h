/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: fields, from attributes to JSON to text
 *
 * A list of fields says which attributes of a message are of interest, what
 * kind each is and how it is called. They are read into an object of JSON,
 * which is printed as it is or becomes a row of a table.
 *
 * An attribute that isn't there is absent in JSON and "-" in a table; others
 * than those listed are ignored; one that is shorter than its kind spoils the
 * message.
 */
#ifndef PARLEY_FIELD_H
#define PARLEY_FIELD_H

#include <json-c/json.h>
#include <netlink/attr.h>
#include <stddef.h>

#include "table.h"

/**
 * enum kind - what is in an attribute
 * @KIND_S32: a number, as are the next two
 * @KIND_U32: likewise
 * @KIND_U64: likewise
 * @KIND_STRING: text
 * @KIND_FLAG: nothing; it is there or not
 * @KIND_USER: u32, a user's id
 * @KIND_GROUP: u32, a group's id
 * @KIND_MODE: u32, permissions
 * @KIND_STATE: u32, enum parley_genl_state
 * @KIND_BITS: u32, a set of bits
 */
enum kind {
	KIND_S32,
	KIND_U32,
	KIND_U64,
	KIND_STRING,
	KIND_FLAG,
	KIND_USER,
	KIND_GROUP,
	KIND_MODE,
	KIND_STATE,
	KIND_BITS,
};

/**
 * struct field - an attribute of interest
 * @attr: its number
 * @kind: its kind
 * @key: its name in JSON
 * @heading: its name in a table
 */
struct field {
	int attr;
	enum kind kind;
	const char *key;
	const char *heading;
};

/**
 * struct fields - a list of them
 * @list: the fields
 * @count: how many there are
 */
struct fields {
	const struct field *list;
	size_t count;
};

#define FIELDS(list)	{ list, sizeof(list) / sizeof((list)[0]) }

/* Reads @len bytes of attributes into @object. Returns 0 or a libnl error. */
int fields_read(const struct fields *fields, const struct nlattr *head, int len,
		struct json_object *object);

/*
 * Reads each attribute @nest, which has attributes inside, into an object of
 * its own, and these into the list @list.
 */
int fields_read_nested(const struct fields *fields, int nest, const struct nlattr *head,
		       int len, struct json_object *list);

/* Adds a column for each field; and then, in the same order, a cell. */
void fields_columns(const struct fields *fields, struct table *table);
void fields_cells(const struct fields *fields, struct json_object *object,
		  struct table *table);

#endif /* PARLEY_FIELD_H */
