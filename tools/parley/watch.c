// SPDX-License-Identifier: GPL-2.0
/* parley watch: a line for each task that is opened or dies, as it happens. */
#include <linux/parley_netlink.h>
#include <netlink/genl/genl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "field.h"
#include "json.h"
#include "netlink.h"

static const struct field event_list[] = {
	{ PARLEY_A_TASK_ID, KIND_S32, "id", "ID" },
	{ PARLEY_A_TASK_UID, KIND_USER, "uid", "OWNER" },
	{ PARLEY_A_TASK_GID, KIND_GROUP, "gid", "GROUP" },
	{ PARLEY_A_TASK_MODE, KIND_MODE, "mode", "MODE" },
};

static const struct fields event_fields = FIELDS(event_list);

static const char *const event_names[] = {
	[PARLEY_CMD_OPENED] = "opened",
	[PARLEY_CMD_DIED] = "died",
};

#define EVENT_NAMES	(sizeof(event_names) / sizeof(event_names[0]))

struct watch {
	struct table *table;
	unsigned long seen;
};

/* "12:34:56.789"; in JSON with the date and the time zone. */
static void time_write(char *text, size_t size)
{
	char date[32], zone[8] = "";
	struct timespec now;
	struct tm local;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &local);
	strftime(date, sizeof(date), options.json ? "%FT%T" : "%T", &local);
	if (options.json)
		strftime(zone, sizeof(zone), "%z", &local);
	snprintf(text, size, "%s.%03ld%s", date, now.tv_nsec / 1000000, zone);
}

static int event_read(const struct genlmsghdr *message, struct json_object *event)
{
	char time[64];

	time_write(time, sizeof(time));
	json_object_object_add(event, "time", json_object_new_string(time));
	json_object_object_add(event, "event", json_object_new_string(event_names[message->cmd]));
	return fields_read(&event_fields, genlmsg_attrdata(message, 0),
			   genlmsg_attrlen(message, 0), event);
}

static void event_row(struct json_object *event, struct table *table)
{
	table_cell(table, json_object_get_string(json_member(event, "time")));
	table_cell(table, json_object_get_string(json_member(event, "event")));
	fields_cells(&event_fields, event, table);
	table_print(table);
}

static int event_show(const struct genlmsghdr *message, void *arg)
{
	struct watch *watch = arg;
	struct json_object *event;
	int err;

	if (message->cmd >= EVENT_NAMES || !event_names[message->cmd])
		return 0;
	event = json_object_new_object();
	err = event_read(message, event);
	if (!err && options.json)
		json_print_line(event);
	else if (!err)
		event_row(event, watch->table);
	json_object_put(event);
	flush();
	if (++watch->seen == options.count)
		exit(STATUS_OK);
	return err;
}

/* The headings also tell that nothing is missed from now on. */
static void watch_joined(void *arg)
{
	struct watch *watch = arg;

	if (!options.json)
		table_print(watch->table);
	flush();
}

void watch_run(void)
{
	struct watch watch = { .table = table_new() };

	table_column(watch.table, "TIME", strlen("00:00:00.000"));
	table_column(watch.table, "EVENT", strlen("opened"));
	fields_columns(&event_fields, watch.table);
	netlink_watch(watch_joined, event_show, &watch);
}
