// SPDX-License-Identifier: GPL-2.0
/* parley watch: what happens while it looks. */
#include "cli.h"

#define TASKS		20
#define FLOOD		1500	/* tasks; more than a socket's buffer has room for */
#define HEADINGS	"TIME EVENT ID OWNER GROUP MODE"

/* Without the time, that a line begins with. */
static const char *event(struct watcher *watcher)
{
	const char *line = watcher_line(watcher->out);
	unsigned int part[4];
	int len = 0;

	if (sscanf(line, "%2u:%2u:%2u.%3u %n", &part[0], &part[1], &part[2], &part[3], &len) != 4)
		CHECK(!*line);
	return line + len;
}

#define EXPECT_EVENT(what, id)						\
do {									\
	char expected_[64];						\
									\
	snprintf(expected_, sizeof(expected_), what " %d 0 0 0600", id);	\
	EXPECT_STREQ(expected_, event(&watcher));			\
} while (0)

TEST(prints_opens_and_deaths)
{
	struct watcher watcher;
	struct task tasks[TASKS];
	char count[16];

	alone();
	tasks[0] = task_open();
	snprintf(count, sizeof(count), "%d", 2 * TASKS - 1);
	WATCH(&watcher, "-n", count);
	for (int i = 1; i < TASKS; i++)
		tasks[i] = task_open();
	for (int i = 0; i < TASKS; i++)
		close(tasks[i].fd);
	EXPECT_STREQ(HEADINGS, watcher_line(watcher.out));
	for (int i = 1; i < TASKS; i++)
		EXPECT_EVENT("opened", tasks[i].id);
	for (int i = 0; i < TASKS; i++)
		EXPECT_EVENT("died", tasks[i].id);
	EXPECT_EQ(0, watcher_join(&watcher));
	EXPECT_STREQ("", event(&watcher));
	EXPECT_STREQ("", watcher_line(watcher.err));
}

/* Its process is killed; and its owner and mode are told. */
TEST(prints_deaths_of_all_causes)
{
	struct watcher watcher;
	struct peer peer;
	char line[64];

	alone();
	peer = actor_start(&alice);
	ASSERT_EQ(0, actor_do(&peer, do_mode, 0, 0644));
	WATCH(&watcher, "-n1");
	peer_kill(&peer);
	EXPECT_STREQ(HEADINGS, watcher_line(watcher.out));
	snprintf(line, sizeof(line), "died %d 1000 1000 0644", peer.id);
	EXPECT_STREQ(line, event(&watcher));
	EXPECT_EQ(0, watcher_join(&watcher));
}

TEST(prints_lines_as_they_come)
{
	struct watcher watcher;
	struct task task;

	alone();
	WATCH(&watcher);
	EXPECT_STREQ(HEADINGS, watcher_line(watcher.out));
	for (int i = 0; i < 3; i++) {
		task = task_open();
		EXPECT_EVENT("opened", task.id);
		close(task.fd);
		EXPECT_EVENT("died", task.id);
	}
	EXPECT_EQ(0, kill(watcher.pid, 0));
}

TEST(json_has_a_line_for_each)
{
	struct watcher watcher;
	struct task task;
	const char *line;
	char end[128];

	alone();
	WATCH(&watcher, "-j", "--count=1");
	task = task_open();
	line = watcher_line(watcher.out);
	snprintf(end, sizeof(end), "\"event\":\"opened\",\"id\":%d,\"uid\":0,\"gid\":0,%s",
		 task.id, "\"mode\":\"0600\"}");
	EXPECT_EQ(0, strncmp(line, "{\"time\":\"20", 11)) TH_LOG("%s", line);
	EXPECT_NE(NULL, strstr(line, end)) TH_LOG("%s", line);
	EXPECT_EQ(0, watcher_join(&watcher));
	EXPECT_STREQ("", watcher_line(watcher.out));
}

TEST(other_namespaces_are_not_seen)
{
	struct watcher watcher;
	struct task task;
	int own;

	alone();
	own = open("/proc/self/ns/net", O_RDONLY);
	WATCH(&watcher, "-n1");
	alone();
	close(task_open().fd);
	ASSERT_EQ(0, setns(own, CLONE_NEWNET));
	task = task_open();
	EXPECT_STREQ(HEADINGS, watcher_line(watcher.out));
	EXPECT_EVENT("opened", task.id);
	EXPECT_EQ(0, watcher_join(&watcher));
}

/* What was lost is told, and what comes afterwards is printed. */
TEST(loss_is_told)
{
	struct watcher watcher;
	struct task last;
	char line[64];
	const char *seen;

	alone();
	WATCH(&watcher);
	ASSERT_EQ(0, kill(watcher.pid, SIGSTOP));
	ASSERT_EQ(watcher.pid, waitpid(watcher.pid, NULL, WUNTRACED));
	for (int i = 0; i < FLOOD; i++)
		close(task_open().fd);
	ASSERT_EQ(0, kill(watcher.pid, SIGCONT));
	EXPECT_STREQ("parley: events were lost: they came faster than they were read",
		     watcher_line(watcher.err));
	watcher_await(&watcher);
	last = task_open();
	snprintf(line, sizeof(line), "opened %d 0 0 0600", last.id);
	EXPECT_STREQ(HEADINGS, watcher_line(watcher.out));
	do {
		seen = event(&watcher);
	} while (*seen && strcmp(seen, line));
	EXPECT_STREQ(line, seen);
}

TEST_HARNESS_MAIN
