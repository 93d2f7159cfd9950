// SPDX-License-Identifier: GPL-2.0
/* Who sent a message is told in the terms of who receives it. */
#include "identity.h"

/* A receiver's deeds: what it learns comes back by shared memory. */

static struct identity *seen;

DEED(do_learn, peer, arg)
{
	struct parley_creds creds;
	struct op recv, reply;

	CHECK_EQ(0, identity_take(seen, op_recv(&recv, me, peer)));
	if (!recv.arg.token)
		return recv.in.type;
	creds = seen->creds;
	CHECK_EQ(0, identity_query(seen, me, recv.arg.token));
	CHECK(creds_same(&creds, &seen->creds));
	op_reply(&reply, me, recv.arg.token, recv.in.type ^ 1, 8);
	CHECK_EQ(0, op_run(&reply));
	return recv.in.type;
}

DEED(do_become_bob, peer, arg)
{
	become(&bob);
	return 0;
}

DEED(do_getpid, peer, arg)
{
	return getpid();
}

FIXTURE(creds)
{
	struct peer sender;
};

FIXTURE_SETUP(creds)
{
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, seen);
	self->sender = actor_start(&root);
}

FIXTURE_TEARDOWN(creds)
{
}

/* What @receiver learns, in @seen, when @sender calls it. */
static void learn(const struct peer *receiver, const struct peer *sender)
{
	CHECK_EQ(0, actor_do(receiver, do_mode, 0, 0666));
	actor_park(sender, do_call, receiver->id, 6);
	CHECK_EQ(6, actor_do(receiver, do_learn, sender->id, 0));
	CHECK_EQ(0, hear(sender->ctl));
}

/* Our children are the first in another pid namespace, and we stay outside. */
TEST_F(creds, pid_in_another_pid_namespace)
{
	struct peer outside, inside[2];
	__s32 pid;

	outside = actor_start(&root);
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	for (int i = 0; i < 2; i++)
		inside[i] = actor_start(&root);
	ASSERT_EQ(1, actor_do(&inside[0], do_getpid, 0, 0));
	pid = actor_do(&inside[1], do_getpid, 0, 0);
	ASSERT_NE(inside[1].pid, pid);

	learn(&outside, &inside[0]);
	EXPECT_EQ(inside[0].pid, seen->creds.pid);
	learn(&outside, &inside[1]);
	EXPECT_EQ(inside[1].pid, seen->creds.pid);
	learn(&inside[0], &inside[1]);
	EXPECT_EQ(pid, seen->creds.pid);
	learn(&inside[1], &inside[0]);
	EXPECT_EQ(1, seen->creds.pid);
	learn(&inside[0], &outside);
	EXPECT_EQ(0, seen->creds.pid);
	EXPECT_EQ(PARLEY_CREDS_USER_NS | PARLEY_CREDS_MNT_NS, seen->creds.flags);
}

static void write_map(pid_t pid, const char *file, const char *map)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_EQ(strlen(map), write(fd, map, strlen(map)));
	close(fd);
}

/* A receiver in a user namespace where alice is root, and the club group 1. */
static struct peer mapped_receiver(void)
{
	struct peer receiver = actor_start(&alice);

	CHECK_EQ(0, actor_do(&receiver, do_unshare, 0, CLONE_NEWUSER));
	write_map(receiver.pid, "uid_map", "0 1000 1\n");
	write_map(receiver.pid, "gid_map", "0 1000 1\n1 2000 1\n");
	return receiver;
}

TEST_F(creds, ids_in_another_user_namespace)
{
	const struct who who = {
		.uid = ALICE, .gid = ALICE, .groups_len = 3, .groups = { ALICE, CLUB, 3000 },
		.caps = CAP(CHOWN),
	};
	struct peer receiver = mapped_receiver(), sender = actor_start(&who);

	learn(&receiver, &sender);
	EXPECT_EQ(0U, seen->creds.uid);
	EXPECT_EQ(0U, seen->creds.gid);
	EXPECT_EQ((__u32)PARLEY_CREDS_MNT_NS, seen->creds.flags);
	EXPECT_EQ(sender.pid, seen->creds.pid);
	EXPECT_EQ(CAP(CHOWN), seen->capabilities);
	ASSERT_EQ(3U, seen->groups_len);
	EXPECT_EQ(0U, seen->groups[0]);
	EXPECT_EQ(1U, seen->groups[1]);
	EXPECT_EQ(65534U, seen->groups[2]);
}

TEST_F(creds, ids_that_have_no_name_there)
{
	struct peer receiver = mapped_receiver();

	learn(&receiver, &self->sender);
	EXPECT_EQ(65534U, seen->creds.uid);
	EXPECT_EQ(65534U, seen->creds.gid);
	ASSERT_EQ(0, actor_do(&self->sender, do_become_bob, 0, 0));
	learn(&receiver, &self->sender);
	EXPECT_EQ(65534U, seen->creds.uid);
	EXPECT_EQ(65534U, seen->creds.gid);
	EXPECT_EQ(0U, seen->groups_len);
}

/* Namespaces are compared, not told to be the first ones. */
TEST_F(creds, namespaces_are_the_receivers_own)
{
	struct peer receiver = actor_start(&root);

	ASSERT_EQ(0, actor_do(&receiver, do_unshare, 0, CLONE_NEWNS));
	learn(&receiver, &self->sender);
	EXPECT_EQ((__u32)PARLEY_CREDS_USER_NS, seen->creds.flags);
	ASSERT_EQ(0, actor_do(&receiver, do_unshare, 0, CLONE_NEWUSER));
	learn(&receiver, &self->sender);
	EXPECT_EQ(0U, seen->creds.flags);
}

DEED(do_fork_a_caller, peer, type)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	keep_visible();
	_exit(do_call(task_open(), peer, type) ? KSFT_FAIL : KSFT_PASS);
}

/* Both are in the same namespaces, which aren't ours. */
TEST_F(creds, namespaces_shared_by_both)
{
	struct peer receiver = actor_start(&root);
	__s32 pid;

	ASSERT_EQ(0, actor_do(&receiver, do_unshare, 0, CLONE_NEWUSER | CLONE_NEWNS));
	write_map(receiver.pid, "uid_map", "7 0 1\n");
	write_map(receiver.pid, "gid_map", "8 0 1\n");
	ASSERT_EQ(0, actor_do(&receiver, do_mode, 0, 0666));
	pid = actor_do(&receiver, do_fork_a_caller, receiver.id, 6);
	ASSERT_EQ(6, actor_do(&receiver, do_learn, PARLEY_ANY, 0));
	EXPECT_EQ(pid, seen->creds.pid);
	EXPECT_EQ(7U, seen->creds.uid);
	EXPECT_EQ(8U, seen->creds.gid);
	EXPECT_EQ(PARLEY_CREDS_USER_NS | PARLEY_CREDS_MNT_NS, seen->creds.flags);
}

/* Threads may be different users, and are told apart. */
struct caller {
	struct op call;
	uid_t uid;
};

static void *caller_thread(void *arg)
{
	struct caller *self = arg;

#ifdef SYS_setresuid32
	CHECK_EQ(0, syscall(SYS_setresuid32, -1, self->uid, -1));
#else
	CHECK_EQ(0, syscall(SYS_setresuid, -1, self->uid, -1));
#endif
	op_run(&self->call);
	return NULL;
}

TEST_F(creds, of_each_thread)
{
	struct task me = task_open(), client = task_open();
	struct caller callers[4] = {};
	struct op recv, reply;

	ASSERT_EQ(0, task_mode(me, 0666));
	for (int i = 0; i < 4; i++) {
		callers[i].uid = ALICE + i;
		op_call(&callers[i].call, client, me.id, 6 + 2 * i, 8);
		ASSERT_EQ(0, pthread_create(&callers[i].call.thread, NULL, caller_thread,
					    &callers[i]));
	}
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(0, identity_take(seen, op_recv(&recv, me, PARLEY_ANY)));
		EXPECT_EQ(ALICE + (recv.in.type - 6) / 2, seen->creds.uid);
		EXPECT_EQ(getpid(), seen->creds.pid);
		op_reply(&reply, me, recv.arg.token, recv.in.type ^ 1, 8);
		ASSERT_EQ(0, op_run(&reply));
	}
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, op_join(&callers[i].call));
}

TEST_HARNESS_MAIN
