// SPDX-License-Identifier: GPL-2.0
/* parley stats: a line for each limit of each user. */
#include <linux/parley_netlink.h>
#include <netlink/genl/genl.h>

#include "cli.h"
#include "field.h"
#include "json.h"
#include "netlink.h"

static const struct field user_list[] = {
	{ PARLEY_A_USER_UID, KIND_USER, "uid", "USER" },
};

static const struct fields user_fields = FIELDS(user_list);

/* The table is sorted by the last column. */
static const struct field limit_list[] = {
	{ PARLEY_A_LIMIT_NAME, KIND_STRING, "name", "LIMIT" },
	{ PARLEY_A_LIMIT_USED, KIND_U32, "used", "USED" },
	{ PARLEY_A_LIMIT_MAX, KIND_U32, "max", "MAX" },
	{ PARLEY_A_LIMIT_HITS, KIND_U64, "hits", "HITS" },
};

static const struct fields limit_fields = FIELDS(limit_list);

static int user_read(const struct genlmsghdr *message, void *users)
{
	const struct nlattr *head = genlmsg_attrdata(message, 0);
	int len = genlmsg_attrlen(message, 0);
	struct json_object *user = json_add_object(users);
	int err = fields_read(&user_fields, head, len, user);

	if (!err)
		err = fields_read_nested(&limit_fields, PARLEY_A_USER_LIMIT, head, len,
					 json_add_list(user, "limits"));
	return err;
}

static void user_rows(struct json_object *user, struct table *table)
{
	struct json_object *limits = json_member(user, "limits");

	for (size_t i = 0; i < json_length(limits); i++) {
		fields_cells(&user_fields, user, table);
		fields_cells(&limit_fields, json_object_array_get_idx(limits, i), table);
	}
}

static void users_print(struct json_object *users)
{
	struct table *table = table_new();

	fields_columns(&user_fields, table);
	fields_columns(&limit_fields, table);
	for (size_t i = 0; i < json_length(users); i++)
		user_rows(json_object_array_get_idx(users, i), table);
	table_sort(table);
	table_print(table);
	table_free(table);
}

void stats_run(void)
{
	struct json_object *document = json_object_new_object();
	struct json_object *users = json_add_list(document, "users");

	netlink_dump(PARLEY_CMD_USERS, user_read, users);
	if (options.json)
		json_print_document(document);
	else
		users_print(users);
	json_object_put(document);
}
