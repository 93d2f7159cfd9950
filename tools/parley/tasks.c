// SPDX-License-Identifier: GPL-2.0
/* parley tasks: a line for each task. */
#define _GNU_SOURCE
#include <linux/parley_netlink.h>
#include <netlink/genl/genl.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "field.h"
#include "json.h"
#include "netlink.h"

static const struct field task_list[] = {
	{ PARLEY_A_TASK_ID, KIND_S32, "id", "ID" },
	{ PARLEY_A_TASK_UID, KIND_USER, "uid", "OWNER" },
	{ PARLEY_A_TASK_GID, KIND_GROUP, "gid", "GROUP" },
	{ PARLEY_A_TASK_MODE, KIND_MODE, "mode", "MODE" },
	{ PARLEY_A_TASK_STATE, KIND_STATE, "state", "STATE" },
	{ PARLEY_A_TASK_PID, KIND_U32, "pid", "PID" },
	{ PARLEY_A_TASK_RECEIVERS, KIND_U32, "receivers", "RECV" },
	{ PARLEY_A_TASK_QUEUED, KIND_U32, "queued", "QUEUE" },
	{ PARLEY_A_TASK_HELD, KIND_U32, "held", "HELD" },
	{ PARLEY_A_TASK_NOTIFICATIONS, KIND_BITS, "notifications", "BITS" },
	{ PARLEY_A_TASK_POSTED, KIND_U64, "posted", "POSTED" },
	{ PARLEY_A_TASK_GRANTS, KIND_U32, "grants", "GRANT" },
	{ PARLEY_A_TASK_WATCHES, KIND_U32, "watches", "WATCH" },
	{ PARLEY_A_TASK_LINKS, KIND_U32, "links", "LINK" },
};

static const struct fields task_fields = FIELDS(task_list);

static const struct field waiter_list[] = {
	{ PARLEY_A_WAITER_ID, KIND_S32, "id", NULL },
	{ PARLEY_A_WAITER_TYPE, KIND_S32, "type", NULL },
	{ PARLEY_A_WAITER_HELD, KIND_FLAG, "held", NULL },
};

static const struct fields waiter_fields = FIELDS(waiter_list);

/* Whose queue may not be seen, his waiters are unknown: that is no empty list. */
static int task_read(const struct genlmsghdr *message, void *tasks)
{
	const struct nlattr *head = genlmsg_attrdata(message, 0);
	int len = genlmsg_attrlen(message, 0);
	struct json_object *task = json_add_object(tasks);
	int err = fields_read(&task_fields, head, len, task);

	if (!err && json_member(task, "queued"))
		err = fields_read_nested(&waiter_fields, PARLEY_A_TASK_WAITER, head, len,
					 json_add_list(task, "waiters"));
	return err;
}

/* "5(held) 7(queued)" */
static void waiters_cell(struct json_object *waiters, struct table *table)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		die(STATUS_FAILED, "out of memory");
	for (size_t i = 0; i < json_length(waiters); i++) {
		struct json_object *waiter = json_object_array_get_idx(waiters, i);

		fprintf(stream, "%s%d(%s)", i ? " " : "",
			json_object_get_int(json_member(waiter, "id")),
			json_member(waiter, "held") ? "held" : "queued");
	}
	if (!waiters)
		fputc('-', stream);
	fclose(stream);
	table_cell(table, text);
	free(text);
}

static void tasks_print(struct json_object *tasks)
{
	struct table *table = table_new();

	fields_columns(&task_fields, table);
	table_column(table, "WAITERS", 0);
	for (size_t i = 0; i < json_length(tasks); i++) {
		struct json_object *task = json_object_array_get_idx(tasks, i);

		fields_cells(&task_fields, task, table);
		waiters_cell(json_member(task, "waiters"), table);
	}
	table_print(table);
	table_free(table);
}

void tasks_run(void)
{
	struct json_object *document = json_object_new_object();
	struct json_object *tasks = json_add_list(document, "tasks");

	netlink_dump(PARLEY_CMD_TASKS, task_read, tasks);
	if (options.json)
		json_print_document(document);
	else
		tasks_print(tasks);
	json_object_put(document);
}
