// SPDX-License-Identifier: GPL-2.0
/* A bus goes on without the network namespace that it began with. */
#include "netlink.h"
#include "rights.h"

#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>

struct grave {
	int fd;		/* hears of the ends of namespaces */
	__s32 ids;
};

static struct grave grave_watch(void)
{
	struct grave grave = { .fd = nl_open(NETLINK_ROUTE) };

	nl_join(grave.fd, RTNLGRP_NSID);
	return grave;
}

/* Gives the process's network namespace a name here, which ends with it. */
static __s32 grave_mark(struct grave *grave, pid_t pid)
{
	struct rtgenmsg header = { AF_UNSPEC };
	int fd, socket = nl_open(NETLINK_ROUTE);
	__s32 id = getpid() * 16 + grave->ids++;
	struct nl_msg msg;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	nl_init(&msg, RTM_NEWNSID, 0, &header, sizeof(header));
	nl_put(&msg, NETNSA_NSID, &id, sizeof(id));
	nl_put(&msg, NETNSA_FD, &fd, sizeof(fd));
	CHECK_EQ(0, nl_exchange(socket, &msg, NULL, NULL));
	close(socket);
	close(fd);
	return id;
}

struct obituary {
	__s32 id;
	bool read;
};

static void obituary_read(const struct nlmsghdr *head, void *arg)
{
	struct obituary *self = arg;
	struct nl_attrs attrs = nl_attrs(head, NLMSG_ALIGN(sizeof(struct rtgenmsg)));

	if (head->nlmsg_type == RTM_DELNSID)
		self->read |= nl_u32(nl_find(attrs, NETNSA_NSID)) == (__u32)self->id;
}

static void grave_await(struct grave *grave, __s32 id)
{
	struct obituary obituary = { .id = id };
	int err;

	while (!obituary.read)
		nl_receive(grave->fd, obituary_read, &obituary, &err);
}

static void passing(int ctl, void *arg)
{
	(void)arg;
	CHECK_EQ(0, unshare(CLONE_NEWNET));
	tell(ctl, 0);
	hear(ctl);
}

/*
 * A name goes early in the course of its namespace's end. They end one after
 * the other, so after the news of a second one the first is all gone.
 */
static void grave_await_gone(struct grave *grave, __s32 id)
{
	struct peer next;

	grave_await(grave, id);
	next = peer_start(passing, NULL);
	id = grave_mark(grave, next.pid);
	tell(next.ctl, 0);
	CHECK_EQ(0, peer_join(&next));
	grave_await(grave, id);
}

static struct task inner;	/* in the namespace that is to end */
static int inner_bus;

DEED(do_enter, peer, arg)
{
	CHECK_EQ(0, unshare(CLONE_NEWNET));
	inner = task_open();
	return 0;
}

DEED(do_take_inside, peer, arg)
{
	return do_take(inner, peer, arg);
}

DEED(do_leave, peer, keep_task)
{
	inner_bus = bus_of(inner);
	if (!keep_task)
		close(inner.fd);
	return unshare(CLONE_NEWNET);
}

/* Does all that there is to do on a bus. */
DEED(do_live_on, peer, kept_task)
{
	static struct task two;
	struct task one;
	pthread_t thread;
	struct op op;

	one = kept_task ? inner : task_of(bus_open(inner_bus, 0));
	two = task_of(bus_open(inner_bus, 0));
	CHECK_EQ(0, reach(one, two.id));
	CHECK_EQ(0, bond(one, PARLEY_BOND_WATCH, two.id));
	CHECK_EQ(0, op_run(op_poll(&op, two, PARLEY_ANY)));
	CHECK(op_got_bits(&op, 0x10));
	CHECK_EQ(0, pthread_create(&thread, NULL, echo_thread, &two));
	CHECK(echo_answers(one, two.id));
	CHECK_EQ(-ENOTCONN, reach(task_open(), two.id));
	return close(bus_of(two));
}

FIXTURE(end)
{
	struct grave grave;
	struct peer survivor;
};

FIXTURE_VARIANT(end)
{
	bool keep_task;
};

FIXTURE_VARIANT_ADD(end, with_a_task) { .keep_task = true };
FIXTURE_VARIANT_ADD(end, with_a_descriptor) { .keep_task = false };

FIXTURE_SETUP(end)
{
	self->grave = grave_watch();
	self->survivor = actor_start(&root);
}

FIXTURE_TEARDOWN(end)
{
}

TEST_F(end, bus_outlives_its_namespace)
{
	__s32 id;

	ASSERT_EQ(0, actor_do(&self->survivor, do_enter, 0, 0));
	id = grave_mark(&self->grave, self->survivor.pid);
	ASSERT_EQ(0, actor_do(&self->survivor, do_leave, 0, variant->keep_task));
	grave_await_gone(&self->grave, id);
	EXPECT_EQ(0, actor_do(&self->survivor, do_live_on, 0, variant->keep_task));
}

/* All at once, as when a container is killed. */
TEST_F(end, tasks_end_with_their_namespace)
{
	__s32 id;

	for (int i = 0; i < 10; i++) {
		struct peer inhabitant = actor_start(&root);

		ASSERT_EQ(0, actor_do(&inhabitant, do_enter, 0, 0));
		if (variant->keep_task)
			actor_park(&inhabitant, do_take_inside, PARLEY_ANY, 0);
		id = grave_mark(&self->grave, inhabitant.pid);
		peer_kill(&inhabitant);
	}
	grave_await_gone(&self->grave, id);
}

TEST_HARNESS_MAIN
