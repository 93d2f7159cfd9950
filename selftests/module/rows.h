/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: tasks as netlink shows them
 *
 * A struct row is a task: the attributes that came, as bits, and their values.
 * rows_dump() fills @rows with all that there are. An attribute that comes
 * twice, or isn't known, or a task that does, ends the program.
 */
#ifndef PARLEY_SELFTEST_ROWS_H
#define PARLEY_SELFTEST_ROWS_H

#include "netlink.h"

#define ROWS_MAX	2048
#define WAITERS_MAX	4

#define TYPES		(PARLEY_A_TASK_WAITER + 1)
#define BIT(type)	(1U << PARLEY_A_TASK_##type)
#define BITS_EVENT	(BIT(ID) | BIT(UID) | BIT(GID) | BIT(MODE))
#define BITS_PUBLIC	(BITS_EVENT | BIT(STATE))
#define BITS_ALL	(BITS_PUBLIC | BIT(PID) | BIT(RECEIVERS) | BIT(QUEUED) | BIT(HELD) | \
			 BIT(NOTIFICATIONS) | BIT(POSTED) | BIT(GRANTS) | BIT(WATCHES) | BIT(LINKS))

struct waiter {
	__s32 id, type;
	bool held;
};

/* A task as it is shown; padding and waiters are not among the bits. */
struct row {
	__u8 cmd;
	__u32 bits;
	__u64 value[TYPES];
	int waiters_len;
	struct waiter waiters[WAITERS_MAX];
};

static struct rows {
	int len;
	struct row row[ROWS_MAX];
} rows;

static inline void row_read_waiter(struct row *row, const struct nlattr *attr)
{
	struct nl_attrs attrs = nl_nested(attr);

	CHECK(row->waiters_len < WAITERS_MAX);
	row->waiters[row->waiters_len++] = (struct waiter){
		nl_u32(nl_find(attrs, PARLEY_A_WAITER_ID)),
		nl_u32(nl_find(attrs, PARLEY_A_WAITER_TYPE)),
		nl_find(attrs, PARLEY_A_WAITER_HELD),
	};
}

static inline void row_read(struct row *row, const struct nlmsghdr *head)
{
	struct nl_attrs attrs = genl_attrs(head);
	const struct nlattr *attr;

	memset(row, 0, sizeof(*row));
	row->cmd = ((const struct genlmsghdr *)NLMSG_DATA(head))->cmd;
	while ((attr = nl_next(&attrs))) {
		__u16 type = nl_type(attr);

		if (type == PARLEY_A_TASK_PAD)
			continue;
		CHECK(type > PARLEY_A_TASK_PAD && type < TYPES);
		if (type == PARLEY_A_TASK_WAITER) {
			row_read_waiter(row, attr);
			continue;
		}
		CHECK(!(row->bits & 1U << type));
		row->bits |= 1U << type;
		row->value[type] = type == PARLEY_A_TASK_POSTED ? nl_u64(attr) : nl_u32(attr);
	}
}

static inline void rows_read(const struct nlmsghdr *head, void *arg)
{
	struct rows *all = arg;

	CHECK(all->len < ROWS_MAX);
	row_read(&all->row[all->len++], head);
}

static inline __s32 row_id(const struct row *row)
{
	return row->value[PARLEY_A_TASK_ID];
}

static inline int row_order(const void *a, const void *b)
{
	return row_id(a) < row_id(b) ? -1 : row_id(a) > row_id(b);
}

/* All tasks that there are, by id, each once. */
static inline void rows_dump(const struct genl *genl)
{
	rows.len = 0;
	CHECK_EQ(0, genl_dump(genl, PARLEY_CMD_TASKS, rows_read, &rows));
	qsort(rows.row, rows.len, sizeof(rows.row[0]), row_order);
	for (int i = 0; i < rows.len; i++) {
		CHECK(rows.row[i].bits & BIT(ID));
		CHECK(!i || row_id(&rows.row[i - 1]) != row_id(&rows.row[i]));
	}
}

static inline const struct row *row_find(__s32 id)
{
	for (int i = 0; i < rows.len; i++)
		if (row_id(&rows.row[i]) == id)
			return &rows.row[i];
	return NULL;
}

/* That task, as it is now; without any row if it isn't shown. */
static inline struct row row_of(__s32 id)
{
	struct genl genl = genl_open();
	const struct row *row;

	rows_dump(&genl);
	close(genl.fd);
	row = row_find(id);
	return row ? *row : (struct row){ .bits = 0 };
}

#define VALUE(row, type)	((row).value[PARLEY_A_TASK_##type])

#endif /* PARLEY_SELFTEST_ROWS_H */
