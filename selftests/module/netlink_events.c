// SPDX-License-Identifier: GPL-2.0
/* Netlink: tasks as they come and go, in storms, and to askers of nonsense. */
#include "rights.h"
#include "rows.h"

#define MANY		100
#define STORM		(3000 * MS)
#define STORM_THREADS	3

FIXTURE(events)
{
	struct genl genl;
};

FIXTURE_SETUP(events)
{
	self->genl = genl_open();
}

FIXTURE_TEARDOWN(events)
{
	actors_end();
}

/* The next one, about whatever task. */
static struct row event_next(const struct genl *genl)
{
	struct rows *events = calloc(1, sizeof(*events));
	struct row row;
	int err;

	CHECK(events);
	CHECK(!nl_receive(genl->fd, rows_read, events, &err));
	CHECK_EQ(1, events->len);
	row = events->row[0];
	free(events);
	CHECK_EQ(BITS_EVENT, row.bits);
	return row;
}

static bool event_is(const struct row *row, __u8 cmd, __s32 id)
{
	if (row->cmd == cmd && row_id(row) == id)
		return true;
	fprintf(stderr, "# event %u of task %d, not %u of %d\n", row->cmd, row_id(row), cmd, id);
	return false;
}

TEST_F(events, tell_of_every_task_in_order)
{
	static struct task tasks[MANY];
	struct row row;

	nl_join(self->genl.fd, self->genl.events);
	for (int i = 0; i < MANY; i++)
		tasks[i] = task_open();
	for (int i = 0; i < MANY; i++)
		ASSERT_EQ(0, close(tasks[i].fd));
	for (int i = 0; i < 2 * MANY; i++) {
		row = event_next(&self->genl);
		ASSERT_TRUE(event_is(&row, i < MANY ? PARLEY_CMD_OPENED : PARLEY_CMD_DIED,
				     tasks[i % MANY].id));
	}
}

TEST_F(events, tell_whose_it_is)
{
	const struct who who = { .uid = ALICE, .gid = CLUB };
	struct peer peer;
	struct row row;

	nl_join(self->genl.fd, self->genl.events);
	peer = actor_start(&who);
	row = event_next(&self->genl);
	EXPECT_TRUE(event_is(&row, PARLEY_CMD_OPENED, peer.id));
	EXPECT_EQ((__u64)ALICE, VALUE(row, UID));
	EXPECT_EQ((__u64)CLUB, VALUE(row, GID));
	EXPECT_EQ(0600U, VALUE(row, MODE));
	ASSERT_EQ(0, actor_do(&peer, do_mode, 0, 0666));
	peer_kill(&peer);
	row = event_next(&self->genl);
	EXPECT_TRUE(event_is(&row, PARLEY_CMD_DIED, peer.id));
	EXPECT_EQ((__u64)ALICE, VALUE(row, UID));
	EXPECT_EQ((__u64)CLUB, VALUE(row, GID));
	EXPECT_EQ(0666U, VALUE(row, MODE));
}

/* An actor that listens; the next event's task, and how it came to tell. */

static struct genl listening;

DEED(do_listen, peer, flags)
{
	CHECK_EQ(0, unshare(flags));
	listening = genl_open();
	nl_join(listening.fd, listening.events);
	return 0;
}

DEED(do_hear_event, peer, cmd)
{
	struct row row = event_next(&listening);

	CHECK_EQ(cmd, row.cmd);
	return row_id(&row);
}

DEED(do_open, peer, arg)
{
	return task_open().id;
}

TEST_F(events, are_for_everybody)
{
	struct peer listener = actor_start(&bob);
	struct task task;

	ASSERT_EQ(0, actor_do(&listener, do_listen, 0, 0));
	task = task_open();
	close(task.fd);
	EXPECT_EQ(task.id, actor_do(&listener, do_hear_event, 0, PARLEY_CMD_OPENED));
	EXPECT_EQ(task.id, actor_do(&listener, do_hear_event, 0, PARLEY_CMD_DIED));
}

/* The first that it hears of is its own, later one. */
TEST_F(events, stay_in_their_namespace)
{
	struct peer listener = actor_start(&root);
	__s32 id;

	ASSERT_EQ(0, actor_do(&listener, do_listen, 0, CLONE_NEWNET));
	nl_join(self->genl.fd, self->genl.events);
	for (int i = 0; i < 10; i++)
		close(task_open().fd);
	id = actor_do(&listener, do_open, 0, 0);
	EXPECT_EQ(id, actor_do(&listener, do_hear_event, 0, PARLEY_CMD_OPENED));
	for (int i = 0; i < 20; i++)
		EXPECT_EQ(i % 2 ? PARLEY_CMD_DIED : PARLEY_CMD_OPENED,
			  event_next(&self->genl).cmd);
	task_open();
	EXPECT_EQ(PARLEY_CMD_OPENED, event_next(&self->genl).cmd);
}

/* Nonsense. */

TEST_F(events, unknown_commands_are_refused)
{
	static const __u8 cmds[] = {
		PARLEY_CMD_UNSPEC, PARLEY_CMD_OPENED, PARLEY_CMD_DIED, PARLEY_CMD_DIED + 1, 255,
	};
	struct nl_msg msg;

	for (unsigned int i = 0; i < ARRAY_SIZE(cmds); i++) {
		EXPECT_EQ(-EOPNOTSUPP, genl_dump(&self->genl, cmds[i], NULL, NULL));
		genl_init(&self->genl, &msg, cmds[i], 0);
		EXPECT_EQ(-EOPNOTSUPP, nl_exchange(self->genl.fd, &msg, NULL, NULL));
	}
}

TEST_F(events, what_is_dumped_cannot_be_had_singly)
{
	static const __u8 cmds[] = { PARLEY_CMD_TASKS, PARLEY_CMD_USERS };
	struct nl_msg msg;

	for (unsigned int i = 0; i < ARRAY_SIZE(cmds); i++) {
		genl_init(&self->genl, &msg, cmds[i], 0);
		EXPECT_EQ(-EOPNOTSUPP, nl_exchange(self->genl.fd, &msg, NULL, NULL));
	}
}

TEST_F(events, truncated_requests_are_refused)
{
	static const __u8 cmds[] = { PARLEY_CMD_TASKS, PARLEY_CMD_USERS };
	__u32 value = 1;
	struct nl_msg msg;

	for (unsigned int i = 0; i < ARRAY_SIZE(cmds); i++) {
		genl_init(&self->genl, &msg, cmds[i], NLM_F_DUMP);
		msg.head.nlmsg_len -= 2;
		EXPECT_EQ(-EINVAL, nl_exchange(self->genl.fd, &msg, NULL, NULL));

		/* An attribute that says that it is longer than the message. */
		genl_init(&self->genl, &msg, cmds[i], NLM_F_DUMP);
		nl_put(&msg, PARLEY_A_TASK_ID, &value, sizeof(value));
		((struct nlattr *)(msg.body + GENL_HDRLEN))->nla_len = 100;
		EXPECT_EQ(-EINVAL, nl_exchange(self->genl.fd, &msg, NULL, NULL));
	}
	rows_dump(&self->genl);
}

/* Dumps in a storm: who stays is in each of them, nobody is there twice. */

static atomic_bool storm_over;

static void *storm_thread(void *arg)
{
	(void)arg;
	while (!atomic_load(&storm_over)) {
		struct task tasks[8];

		for (int i = 0; i < 8; i++)
			tasks[i] = task_open();
		for (int i = 0; i < 8; i++)
			close(tasks[i].fd);
	}
	return NULL;
}

DEED(do_storm, peer, arg)
{
	storm_thread(NULL);
	return 0;
}

TEST_F_TIMEOUT(events, dumps_in_a_storm, 60)
{
	static struct task tasks[MANY];
	pthread_t threads[STORM_THREADS];
	struct peer outside = actor_start(&bob);
	__u64 end = now() + STORM;
	unsigned int dumps = 0;

	for (int i = 0; i < MANY; i++)
		tasks[i] = task_open();
	actor_begin(&outside, do_storm, 0, 0);
	for (int i = 0; i < STORM_THREADS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, storm_thread, NULL));
	while (now() < end) {
		rows_dump(&self->genl);
		for (int i = 0; i < MANY; i++)
			ASSERT_NE(NULL, row_find(tasks[i].id));
		dumps++;
	}
	atomic_store(&storm_over, true);
	for (int i = 0; i < STORM_THREADS; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	fprintf(stderr, "# %u dumps\n", dumps);
	EXPECT_LT(0U, dumps);
}

TEST_HARNESS_MAIN
