/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A census of what the module holds: objects in its slab caches, references to
 * it, tasks that answer. Taken before and after a storm, and equal.
 */
#ifndef STRESS_CENSUS_H
#define STRESS_CENSUS_H

#include <limits.h>
#include <linux/membarrier.h>
#include "common.h"

/* Grace periods without a change after which a count is final. */
#define CENSUS_STABLE	3

/**
 * struct census - a count
 * @tasks: objects in cache parley_task
 * @messages: objects in cache parley_message
 * @references: module reference count
 * @last_id: id of the task that the census itself opened
 */
struct census {
	long tasks;
	long messages;
	long references;
	int last_id;
};

static inline long read_number(const char *path)
{
	long number = -1;
	FILE *file = fopen(path, "r");

	if (!file)
		return -1;
	if (fscanf(file, "%ld", &number) != 1)
		number = -1;
	fclose(file);
	return number;
}

static inline bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool done;

	if (fd < 0)
		return false;
	done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return done;
}

/*
 * Objects alive in a cache; -1 if it can't be told. Shrinking empties the
 * per-CPU slabs, whose free objects count as alive, and KASAN's quarantine. A
 * cache merged with others is no measure of ours.
 */
static inline long slab_objects(const char *cache)
{
	char path[80];

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/aliases", cache);
	if (read_number(path) != 0)
		return -1;
	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", cache);
	if (!write_text(path, "1"))
		return -1;
	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/objects", cache);
	return read_number(path);
}

/* Count the objects once nothing is left that only waits to be freed by RCU. */
static inline void census_count(struct census *census)
{
	long tasks, messages;
	int same = 0;

	census->tasks = -1;
	census->messages = -1;
	do {
		tasks = census->tasks;
		messages = census->messages;
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
		census->tasks = slab_objects("parley_task");
		census->messages = slab_objects("parley_message");
		same = tasks == census->tasks && messages == census->messages ? same + 1 : 0;
	} while (same < CENSUS_STABLE);
}

/* False, and a comment, if something is unreadable. */
static inline bool census_take(struct census *census)
{
	int fd = open_task();

	census->last_id = task_id(fd);
	close(fd);
	census_count(census);
	census->references = read_number("/sys/module/parley/refcnt");
	if (census->last_id > 0 && census->tasks >= 0 && census->messages >= 0 &&
	    census->references >= 0)
		return true;
	printf("# census: not readable, or slabs are merged (boot with slab_nomerge):\n");
	printf("# census: id %d, tasks %ld, messages %ld, references %ld\n",
	       census->last_id, census->tasks, census->messages, census->references);
	return false;
}

/* Tasks with ids after @first up to @last that can still be notified. */
static inline long tasks_alive(int first, int last)
{
	int fd = open_task(), id = first;
	long alive = 0;

	while (fd >= 0 && id != last) {
		id = id == INT_MAX ? 1 : id + 1;
		if (notify(fd, id, PARLEY_NOTIFY_USER) != -ENOTCONN)
			alive++;
	}
	close(fd);
	return fd >= 0 ? alive : -1;
}

static inline bool census_same(const struct census *before, struct census *after)
{
	return census_take(after) && after->tasks == before->tasks &&
	       after->messages == before->messages && after->references == before->references;
}

/* Is all as it was? What RCU has yet to free may take its time. */
static inline bool census_returns(const struct census *before)
{
	struct census after;
	bool same = until(census_same(before, &after));
	long alive = tasks_alive(before->last_id, after.last_id);

	if (same && !alive)
		return true;
	printf("# census: tasks %ld/%ld, messages %ld/%ld, references %ld/%ld, %ld still answer\n",
	       before->tasks, after.tasks, before->messages, after.messages,
	       before->references, after.references, alive);
	return false;
}

#endif /* STRESS_CENSUS_H */
