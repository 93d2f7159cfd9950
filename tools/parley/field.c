// SPDX-License-Identifier: GPL-2.0
/* How each kind of attribute is read, and written in a table. */
#include <grp.h>
#include <linux/parley_netlink.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "field.h"

/* Attributes from this number on are ignored. */
#define ATTRS_MAX	32

#define TEXT_MAX	256

static struct json_object *read_s32(const struct nlattr *attr)
{
	return json_object_new_int(nla_get_s32(attr));
}

static struct json_object *read_u32(const struct nlattr *attr)
{
	return json_object_new_int64(nla_get_u32(attr));
}

static struct json_object *read_u64(const struct nlattr *attr)
{
	return json_object_new_uint64(nla_get_u64(attr));
}

static struct json_object *read_string(const struct nlattr *attr)
{
	return json_object_new_string(nla_get_string(attr));
}

static struct json_object *read_flag(const struct nlattr *attr)
{
	(void)attr;
	return json_object_new_boolean(true);
}

static struct json_object *read_mode(const struct nlattr *attr)
{
	char text[16];

	snprintf(text, sizeof(text), "%04o", nla_get_u32(attr));
	return json_object_new_string(text);
}

static struct json_object *read_state(const struct nlattr *attr)
{
	static const char *const names[] = {
		[PARLEY_STATE_IDLE] = "idle",
		[PARLEY_STATE_RECEIVING] = "receiving",
		[PARLEY_STATE_BUSY] = "busy",
		[PARLEY_STATE_PENDING] = "pending",
	};
	__u32 state = nla_get_u32(attr);
	bool known = state < sizeof(names) / sizeof(names[0]);

	return json_object_new_string(known ? names[state] : "unknown");
}

static void text_user(struct json_object *value, char *text)
{
	const struct passwd *user = options.numeric ? NULL : getpwuid(json_object_get_int64(value));

	snprintf(text, TEXT_MAX, "%s", user ? user->pw_name : json_object_get_string(value));
}

static void text_group(struct json_object *value, char *text)
{
	const struct group *group = options.numeric ? NULL : getgrgid(json_object_get_int64(value));

	snprintf(text, TEXT_MAX, "%s", group ? group->gr_name : json_object_get_string(value));
}

static void text_bits(struct json_object *value, char *text)
{
	snprintf(text, TEXT_MAX, "0x%02llx", (long long)json_object_get_int64(value));
}

static void text_plain(struct json_object *value, char *text)
{
	snprintf(text, TEXT_MAX, "%s", json_object_get_string(value));
}

static const struct {
	int type;	/* netlink's */
	int width;	/* of the column, as for table_column() */
	struct json_object *(*read)(const struct nlattr *attr);
	void (*text)(struct json_object *value, char *text);
} kinds[] = {
	[KIND_S32] = { NLA_U32, -6, read_s32, text_plain },
	[KIND_U32] = { NLA_U32, -1, read_u32, text_plain },
	[KIND_U64] = { NLA_U64, -1, read_u64, text_plain },
	[KIND_STRING] = { NLA_STRING, 1, read_string, text_plain },
	[KIND_FLAG] = { NLA_FLAG, 1, read_flag, text_plain },
	[KIND_USER] = { NLA_U32, 8, read_u32, text_user },
	[KIND_GROUP] = { NLA_U32, 8, read_u32, text_group },
	[KIND_MODE] = { NLA_U32, 4, read_mode, text_plain },
	[KIND_STATE] = { NLA_U32, 9, read_state, text_plain },
	[KIND_BITS] = { NLA_U32, -4, read_u32, text_bits },
};

int fields_read(const struct fields *fields, const struct nlattr *head, int len,
		struct json_object *object)
{
	struct nla_policy policy[ATTRS_MAX] = { };
	struct nlattr *attrs[ATTRS_MAX];
	const struct field *field;
	int err;

	for (size_t i = 0; i < fields->count; i++)
		policy[fields->list[i].attr].type = kinds[fields->list[i].kind].type;
	err = nla_parse(attrs, ATTRS_MAX - 1, (struct nlattr *)head, len, policy);
	if (err)
		return err;
	for (size_t i = 0; i < fields->count; i++) {
		field = &fields->list[i];
		if (attrs[field->attr])
			json_object_object_add(object, field->key,
					       kinds[field->kind].read(attrs[field->attr]));
	}
	return 0;
}

int fields_read_nested(const struct fields *fields, int nest, const struct nlattr *head,
		       int len, struct json_object *list)
{
	const struct nlattr *attr;
	struct json_object *object;
	int rest, err;

	nla_for_each_attr(attr, head, len, rest) {
		if (nla_type(attr) != nest)
			continue;
		object = json_object_new_object();
		json_object_array_add(list, object);
		err = fields_read(fields, nla_data(attr), nla_len(attr), object);
		if (err)
			return err;
	}
	return 0;
}

void fields_columns(const struct fields *fields, struct table *table)
{
	for (size_t i = 0; i < fields->count; i++)
		table_column(table, fields->list[i].heading, kinds[fields->list[i].kind].width);
}

void fields_cells(const struct fields *fields, struct json_object *object,
		  struct table *table)
{
	const struct field *field;
	struct json_object *value;
	char text[TEXT_MAX];

	for (size_t i = 0; i < fields->count; i++) {
		field = &fields->list[i];
		strcpy(text, "-");
		if (json_object_object_get_ex(object, field->key, &value))
			kinds[field->kind].text(value, text);
		table_cell(table, text);
	}
}
