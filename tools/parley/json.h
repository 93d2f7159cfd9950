/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: what json-c lacks
 */
#ifndef PARLEY_JSON_H
#define PARLEY_JSON_H

#include <json-c/json.h>

/* Adds an empty list to an object, or an empty object to a list. */
struct json_object *json_add_list(struct json_object *object, const char *key);
struct json_object *json_add_object(struct json_object *list);

/* NULL if there is none of that name. */
struct json_object *json_member(struct json_object *object, const char *key);

/* How long a list is that may be NULL. */
size_t json_length(struct json_object *list);

/* Prints on several lines, or on one. */
void json_print_document(struct json_object *object);
void json_print_line(struct json_object *object);

#endif /* PARLEY_JSON_H */
