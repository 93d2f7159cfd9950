// SPDX-License-Identifier: GPL-2.0
/* Buses: worlds of their own, joined by a descriptor. */
#include "rights.h"

#include <sys/resource.h>

#define LAST_ID		"/sys/module/parley/parameters/last_id"
#define FAR		7000000		/* ids from here on are the other bus's */

static void last_id_set(__s32 id)
{
	FILE *file = fopen(LAST_ID, "w");

	CHECK(file);
	CHECK(fprintf(file, "%d\n", id) > 0);
	CHECK_EQ(0, fclose(file));
}

static void pass(int ctl, int fd)
{
	char space[CMSG_SPACE(sizeof(fd))] = "";
	struct msghdr msg = {
		.msg_iov = &(struct iovec){ "", 1 }, .msg_iovlen = 1,
		.msg_control = space, .msg_controllen = sizeof(space),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	*head = (struct cmsghdr){ CMSG_LEN(sizeof(fd)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	CHECK_EQ(1, sendmsg(ctl, &msg, MSG_NOSIGNAL));
}

static int take_passed(int ctl)
{
	char space[CMSG_SPACE(sizeof(int))], byte;
	struct msghdr msg = {
		.msg_iov = &(struct iovec){ &byte, 1 }, .msg_iovlen = 1,
		.msg_control = space, .msg_controllen = sizeof(space),
	};
	int fd;

	CHECK_EQ(1, recvmsg(ctl, &msg, MSG_CMSG_CLOEXEC));
	CHECK(CMSG_FIRSTHDR(&msg));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/* Deeds: an actor has, besides its own task, one on another bus. */

static struct task other;

DEED(do_enter, peer, last_id)
{
	CHECK_EQ(0, unshare(CLONE_NEWNET));
	if (last_id)
		last_id_set(last_id);
	other = task_open();
	return other.id;
}

DEED(do_pass_bus, peer, arg)
{
	int bus = bus_of(other);

	CHECK(bus >= 0);
	pass(actor_ctl, bus);
	return close(bus);
}

DEED(do_join_bus, peer, arg)
{
	int bus = take_passed(actor_ctl);
	int fd = bus_open(bus, 0);

	CHECK(fd >= 0);
	close(bus);
	other = task_of(fd);
	return other.id;
}

DEED(do_as_other, peer, arg)
{
	return do_reach(other, peer, arg);
}

DEED(do_call_as_other, peer, type)
{
	return do_call(other, peer, type);
}

DEED(do_take_as_other, peer, arg)
{
	return do_take(other, peer, arg);
}

DEED(do_answer_as_other, peer, arg)
{
	return do_answer(other, peer, arg);
}

DEED(do_mode_of_other, peer, mode)
{
	return do_mode(other, peer, mode);
}

DEED(do_listen, peer, arg)
{
	struct op op;

	return op_run(op_poll(&op, me, peer));
}

DEED(do_listen_as_other, peer, arg)
{
	return do_listen(other, peer, arg);
}

FIXTURE(bus)
{
	struct peer here, there;
	__s32 far;		/* there's other task, in its own namespace */
};

FIXTURE_SETUP(bus)
{
	self->here = actor_start(&root);
	self->there = actor_start(&root);
	self->far = actor_do(&self->there, do_enter, 0, FAR);
}

FIXTURE_TEARDOWN(bus)
{
}

static __s32 join(const struct peer *who, const struct peer *whom)
{
	int bus;

	actor_begin(whom, do_pass_bus, 0, 0);
	bus = take_passed(whom->ctl);
	CHECK_EQ(0, hear(whom->ctl));
	actor_begin(who, do_join_bus, 0, 0);
	pass(who->ctl, bus);
	close(bus);
	return hear(who->ctl);
}

TEST_F(bus, cannot_see_another)
{
	ASSERT_LT(FAR, self->far);
	EXPECT_EQ(-ENOTCONN, actor_do(&self->here, do_reach, self->far, 0));
	EXPECT_EQ(-ENOTCONN, actor_do(&self->here, do_listen, self->far, 0));
	EXPECT_EQ(-ENOTCONN, actor_do(&self->here, do_bond, self->far, PARLEY_BOND_GRANT));
	EXPECT_EQ(-ENOENT, actor_do(&self->here, do_unbond, self->far, PARLEY_BOND_GRANT));
	EXPECT_EQ(-ENOTCONN, actor_do(&self->there, do_as_other, self->here.id, 0));
	EXPECT_EQ(-ENOTCONN, actor_do(&self->there, do_as_other, self->there.id, 0));
	/* What was opened before stays where it was. */
	EXPECT_EQ(0, actor_do(&self->there, do_reach, self->here.id, 0));
	EXPECT_EQ(0, actor_do(&self->here, do_reach, self->there.id, 0));
	EXPECT_EQ(-ENOTCONN, actor_do(&self->there, do_reach, self->far, 0));
}

DEED(do_open_near, peer, last_id)
{
	struct task task;

	if (last_id)
		last_id_set(last_id);
	task = task_open();
	close(task.fd);
	return task.id;
}

TEST_F(bus, counts_its_own_ids)
{
	ASSERT_EQ(3 * FAR + 1, actor_do(&self->here, do_open_near, 0, 3 * FAR));
	ASSERT_EQ(FAR + 2, actor_do(&self->there, do_open_near, 0, 0));
	ASSERT_EQ(2 * FAR + 1, actor_do(&self->there, do_open_near, 0, 2 * FAR));
	EXPECT_EQ(3 * FAR + 2, actor_do(&self->here, do_open_near, 0, 0));
	EXPECT_EQ(2 * FAR + 2, actor_do(&self->there, do_open_near, 0, 0));
}

/* The same id on both is two tasks. */
TEST_F(bus, may_give_an_id_that_is_anothers)
{
	struct peer third = actor_start(&root);

	ASSERT_EQ(self->far, actor_do(&third, do_enter, 0, FAR));
	EXPECT_EQ(0, actor_do(&third, do_as_other, self->far, 0));
	EXPECT_EQ(-EAGAIN, actor_do(&self->there, do_listen_as_other, PARLEY_ANY, 0));
	EXPECT_EQ(0, actor_do(&third, do_listen_as_other, PARLEY_ANY, 0));
}

TEST_F(bus, is_joined_by_its_descriptor)
{
	__s32 joined = join(&self->here, &self->there);

	ASSERT_EQ(self->far + 1, joined);
	EXPECT_EQ(0, actor_do(&self->here, do_as_other, self->far, 0));
	EXPECT_EQ(0, actor_do(&self->there, do_as_other, joined, 0));
	EXPECT_EQ(-ENOTCONN, actor_do(&self->here, do_as_other, self->here.id, 0));
	EXPECT_EQ(-ENOTCONN, actor_do(&self->here, do_reach, joined, 0));

	actor_park(&self->here, do_call_as_other, self->far, 6);
	ASSERT_EQ(6, actor_do(&self->there, do_take_as_other, joined, 0));
	ASSERT_EQ(0, actor_do(&self->there, do_answer_as_other, 0, 0));
	EXPECT_EQ(0, hear(self->here.ctl));

	actor_park(&self->there, do_call_as_other, joined, 8);
	ASSERT_EQ(8, actor_do(&self->here, do_take_as_other, self->far, 0));
	ASSERT_EQ(0, actor_do(&self->here, do_answer_as_other, 0, 0));
	EXPECT_EQ(0, hear(self->there.ctl));
}

/* Who joins has the rights that he has: the descriptor gives no more. */
TEST_F(bus, joined_by_a_stranger)
{
	struct peer stranger = actor_start(&bob);

	EXPECT_LT(self->far, join(&stranger, &self->there));
	EXPECT_EQ(-EACCES, actor_do(&stranger, do_as_other, self->far, 0));
	ASSERT_EQ(0, actor_do(&self->there, do_mode_of_other, 0, 0666));
	EXPECT_EQ(0, actor_do(&stranger, do_as_other, self->far, 0));
}

TEST(operations_are_of_their_descriptors)
{
	static const unsigned long of_tasks[] = {
		PARLEY_IOC_INFO, PARLEY_IOC_SEND, PARLEY_IOC_RECV, PARLEY_IOC_CALL,
		PARLEY_IOC_REPLY, PARLEY_IOC_REPLYRECV, PARLEY_IOC_NOTIFY,
		PARLEY_IOC_CANCEL, PARLEY_IOC_MODE, PARLEY_IOC_BOND, PARLEY_IOC_UNBOND,
		PARLEY_IOC_CREDS, PARLEY_IOC_TIMER, PARLEY_IOC_EVENTFD, PARLEY_IOC_BUS,
		_IOWR(PARLEY_IOC_MAGIC, 99, struct parley_open),
	};
	struct task me = task_open();
	struct parley_ipc arg = { .size = sizeof(arg) };
	int bus = bus_of(me);

	ASSERT_LE(0, bus);
	for (unsigned int i = 0; i < ARRAY_SIZE(of_tasks); i++)
		EXPECT_EQ(-ENOTTY, parley(bus, of_tasks[i], &arg));
	EXPECT_EQ(-ENOTTY, bus_open(me.fd, 0));
}

TEST(bus_arguments_are_checked)
{
	struct task me = task_open();
	struct parley_bus_arg bus_arg = { sizeof(bus_arg), 1 };
	struct parley_open open_arg = { sizeof(open_arg) - 4, 0 };
	int bus = bus_of(me);

	EXPECT_EQ(-EINVAL, parley(me.fd, PARLEY_IOC_BUS, &bus_arg));
	bus_arg = (struct parley_bus_arg){ 4, 0 };
	EXPECT_EQ(-EINVAL, parley(me.fd, PARLEY_IOC_BUS, &bus_arg));
	EXPECT_EQ(-EINVAL, parley(bus, PARLEY_IOC_OPEN, &open_arg));
	EXPECT_EQ(-EFAULT, parley(bus, PARLEY_IOC_OPEN, (void *)8));
}

TEST(descriptors_are_closed_on_exec)
{
	struct task me = task_open();
	int bus = bus_of(me), fd = bus_open(bus, 0);

	ASSERT_LE(0, bus);
	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(bus, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
}

TEST(descriptors_run_out)
{
	struct task me = task_open();
	int bus = bus_of(me);
	struct rlimit limit = { bus + 1, bus + 1 };

	ASSERT_LE(0, bus);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, bus_of(me));
	EXPECT_EQ(-EMFILE, bus_open(bus, 0));
	EXPECT_EQ(-EMFILE, bus_open(bus, PARLEY_TASK_TASK));
	ASSERT_EQ(0, close(bus));
	bus = bus_of(me);
	EXPECT_LE(0, bus);
	ASSERT_EQ(0, dup2(bus, 0));
	ASSERT_EQ(0, close(bus));
	/* Nothing was taken by what failed. */
	EXPECT_LE(0, bus_open(0, PARLEY_TASK_TASK));
}

/* A child with what it inherits: the bus serves it, its parent's task doesn't. */
static void inheriting_child(int ctl, void *arg)
{
	const int *fds = arg;
	struct task parent = { fds[0], 0 }, me = task_of(bus_open(fds[1], 0));

	CHECK_EQ(-ESTALE, bus_of(parent));
	tell(ctl, me.id);
	pass(ctl, me.fd);
	CHECK_EQ(6, do_take(me, PARLEY_ANY, 0));
	CHECK_EQ(0, do_answer(me, 0, 0));
}

TEST(task_is_of_who_opens_it)
{
	struct task me = task_open(), foreign;
	int fds[2] = { me.fd, bus_of(me) };
	struct peer child = peer_start(inheriting_child, fds);
	struct op op;

	foreign = (struct task){ take_passed(child.ctl), child.id };
	EXPECT_EQ(-ESTALE, task_notify(foreign, me.id, 0x10));
	EXPECT_EQ(-ESTALE, op_run(op_poll(&op, foreign, PARLEY_ANY)));
	EXPECT_EQ(0, do_call(me, child.id, 6));
	EXPECT_EQ(0, peer_join(&child));
	EXPECT_EQ(-ENOTCONN, reach(me, child.id));
}

TEST(bus_descriptor_outlives_its_task)
{
	struct task me = task_open(), one, two;
	int bus = bus_of(me);

	ASSERT_LE(0, bus);
	ASSERT_EQ(0, close(me.fd));
	one = task_of(bus_open(bus, 0));
	two = task_of(bus_open(bus, 0));
	ASSERT_EQ(0, close(bus));
	EXPECT_EQ(0, reach(one, two.id));
	EXPECT_EQ(0, reach(two, task_open().id));
}

TEST_HARNESS_MAIN
