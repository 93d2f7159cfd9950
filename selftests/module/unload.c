// SPDX-License-Identifier: GPL-2.0
/* The module stays for as long as anybody has it open, and no longer. */
#include "common.h"

#define REFCNT	"/sys/module/parley/refcnt"
#define HOLDER	"PARLEY_TEST_EXECUTED"

static int refcnt(void)
{
	FILE *file = fopen(REFCNT, "r");
	int count = -1;

	if (!file || fscanf(file, "%d", &count) != 1) {
		fprintf(stderr, "# %s: not readable\n", REFCNT);
		_exit(KSFT_FAIL);
	}
	fclose(file);
	return count;
}

static bool unload_is_refused(void)
{
	return syscall(SYS_delete_module, "parley", O_NONBLOCK) && errno == EWOULDBLOCK;
}

/* The last reference may be dropped by a thread that is still on its way out. */
static void settle(int count)
{
	while (refcnt() != count)
		sched_yield();
}

TEST(open_task_holds_it)
{
	int before = refcnt(), copy;
	struct task task = task_open();

	EXPECT_LT(before, refcnt());
	EXPECT_TRUE(unload_is_refused());
	copy = dup(task.fd);
	ASSERT_EQ(0, close(task.fd));
	EXPECT_TRUE(unload_is_refused());
	ASSERT_EQ(0, close(copy));
	settle(before);
}

TEST(call_in_flight_holds_it)
{
	struct task client = task_open(), server = task_open();
	struct op call, recv;

	op_park(op_call(&call, client, server.id, 1, 8));
	EXPECT_TRUE(unload_is_refused());
	ASSERT_EQ(0, op_run(op_recv(&recv, server, PARLEY_ANY)));
	EXPECT_TRUE(unload_is_refused());
	ASSERT_EQ(0, close(server.fd));
	EXPECT_EQ(-ECONNRESET, op_join(&call));
	EXPECT_TRUE(unload_is_refused());
}

static void holder(int ctl, void *arg)
{
	(void)arg;
	tell(ctl, task_open().id);
	hear(ctl);
}

TEST(task_of_another_process_holds_it)
{
	int before = refcnt();
	struct peer peer = peer_start(holder, NULL);

	EXPECT_LT(before, refcnt());
	EXPECT_TRUE(unload_is_refused());
	peer_kill(&peer);
	settle(before);
}

static void __attribute__((constructor)) executed(void)
{
	while (getenv(HOLDER))
		pause();
}

static void executing_holder(int ctl, void *arg)
{
	struct task me = task_open();

	(void)arg;
	CHECK_EQ(0, fcntl(me.fd, F_SETFD, 0));
	CHECK_EQ(0, setenv(HOLDER, "1", 1));
	tell(ctl, me.id);
	execl("/proc/self/exe", "executed", NULL);
	CHECK_EQ(0, errno);
}

/* The task is dead after exec, its descriptor isn't closed. */
TEST(descriptor_of_a_dead_task_holds_it)
{
	int before = refcnt();
	struct task me = task_open();
	struct peer peer = peer_start(executing_holder, NULL);
	struct op listen;

	EXPECT_EQ(-ENOTCONN, op_run(op_recv(&listen, me, peer.id)));
	ASSERT_EQ(0, close(me.fd));
	EXPECT_LT(before, refcnt());
	EXPECT_TRUE(unload_is_refused());
	peer_kill(&peer);
	settle(before);
}

TEST_HARNESS_MAIN
