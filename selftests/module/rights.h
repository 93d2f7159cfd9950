/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: what the tests of rights share
 *
 * A struct who is whom a process is to be; become() makes it so, for good.
 *
 * An actor is a struct peer: a process of some user with a task of its own, and
 * mode 0600 at first. It does deeds, which are functions that its parent names;
 * a deed's result is the parent's, at once (actor_do()) or when it has come about
 * (actor_begin() and hear()). What deeds leave in static variables is the
 * actor's own. Actors end with their parent, or before it in actors_end().
 */
#ifndef PARLEY_SELFTEST_RIGHTS_H
#define PARLEY_SELFTEST_RIGHTS_H

#include "common.h"

#include <grp.h>
#include <linux/capability.h>

#define ALICE		1000
#define BOB		1001
#define CLUB		2000	/* a group of neither */

#define CAP(name)	(1ULL << CAP_##name)
#define CAPS_ALL	(~0ULL)
#define WHO_GROUPS	4

struct who {
	uid_t uid, real_uid;	/* effective; and real, if it is another */
	gid_t gid, real_gid;
	int groups_len;
	gid_t groups[WHO_GROUPS];
	__u64 caps;		/* permitted and effective */
};

static const struct who root = { .caps = CAPS_ALL };
static const struct who alice = { .uid = ALICE, .gid = ALICE };
static const struct who bob = { .uid = BOB, .gid = BOB };

static inline void caps_set(__u64 caps)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ caps, caps, 0 }, { caps >> 32, caps >> 32, 0 },
	};

	CHECK_EQ(0, syscall(SYS_capset, &head, data));
}

/* A change of user undoes what a process has asked for: once more, then. */
static inline void keep_visible(void)
{
	CHECK_EQ(0, prctl(PR_SET_DUMPABLE, 1));
	CHECK_EQ(0, prctl(PR_SET_PDEATHSIG, SIGKILL));
}

static inline void become(const struct who *who)
{
	gid_t gid = who->real_gid ?: who->gid;
	uid_t uid = who->real_uid ?: who->uid;

	CHECK_EQ(0, prctl(PR_SET_KEEPCAPS, 1));
	CHECK_EQ(0, setgroups(who->groups_len, who->groups));
	CHECK_EQ(0, setresgid(gid, who->gid, who->gid));
	CHECK_EQ(0, setresuid(uid, who->uid, who->uid));
	caps_set(who->caps);
	keep_visible();
}

static inline int task_mode(struct task me, __u32 mode)
{
	struct parley_mode arg = { sizeof(arg), mode };

	return parley(me.fd, PARLEY_IOC_MODE, &arg);
}

static inline int bond(struct task me, __u32 kind, __s32 peer)
{
	struct parley_bond_arg arg = { sizeof(arg), kind, peer, 0 };

	return parley(me.fd, PARLEY_IOC_BOND, &arg);
}

static inline int unbond(struct task me, __u32 kind, __s32 peer)
{
	struct parley_bond_arg arg = { sizeof(arg), kind, peer, 0 };

	return parley(me.fd, PARLEY_IOC_UNBOND, &arg);
}

/* A bus descriptor and a task opened on it, or a negative errno. */
static inline int bus_of(struct task me)
{
	struct parley_bus_arg arg = { .size = sizeof(arg) };
	int fd = ioctl(me.fd, PARLEY_IOC_BUS, &arg);

	return fd < 0 ? -errno : fd;
}

static inline int bus_open(int bus, __s32 id)
{
	struct parley_open arg = { sizeof(arg), id };
	int fd = ioctl(bus, PARLEY_IOC_OPEN, &arg);

	return fd < 0 ? -errno : fd;
}

/* Can it be sent to, by one that doesn't receive? 0 or why not. */
static inline int reach_message(struct task me, unsigned long cmd, __s32 peer)
{
	struct op op;
	int err;

	op_call(&op, me, peer, 1, 8)->arg.flags = PARLEY_NONBLOCK;
	if (cmd == PARLEY_IOC_SEND)
		op_send(&op, me, peer, 1, 8)->arg.flags = PARLEY_NONBLOCK;
	err = op_run(&op);
	return err == -EAGAIN ? 0 : err;
}

static inline int reach_bond(struct task me, __u32 kind, __s32 peer)
{
	int err = bond(me, kind, peer);

	if (!err)
		CHECK_EQ(0, unbond(me, kind, peer));
	return err;
}

/*
 * May it do all that takes the right to send to @peer, which must not be
 * receiving? 0 or the error, which all have in common.
 */
static inline int reach(struct task me, __s32 peer)
{
	int err = task_notify(me, peer, 0x10);

	CHECK_EQ(err, reach_message(me, PARLEY_IOC_SEND, peer));
	CHECK_EQ(err, reach_message(me, PARLEY_IOC_CALL, peer));
	CHECK_EQ(err, reach_bond(me, PARLEY_BOND_WATCH, peer));
	CHECK_EQ(err, reach_bond(me, PARLEY_BOND_LINK, peer));
	return err;
}

typedef __s32 deed(struct task me, __s32 peer, __s32 arg);

/* The head of one, which need not use all that it gets. */
#define DEED(name, peer, arg)							\
	static inline __s32 name(struct task me __attribute__((unused)),	\
				 __s32 peer __attribute__((unused)),		\
				 __s32 arg __attribute__((unused)))

struct order {
	deed *deed;
	__s32 peer, arg;
};

static int actor_ctl;	/* an actor's own, for deeds that say more */

static inline void actor(int ctl, void *arg)
{
	struct order order;
	struct task me;

	actor_ctl = ctl;
	become(arg);
	me = task_open();
	tell(ctl, me.id);
	while (recv(ctl, &order, sizeof(order), 0) == sizeof(order))
		tell(ctl, order.deed(me, order.peer, order.arg));
}

#define ACTORS_MAX	64

static pid_t actors[ACTORS_MAX];
static int actors_len;

static inline struct peer actor_start(const struct who *who)
{
	struct peer peer = peer_start(actor, (void *)who);

	CHECK(actors_len < ACTORS_MAX);
	actors[actors_len++] = peer.pid;
	return peer;
}

/* For tests after which nothing may be left. */
static inline void actors_end(void)
{
	int status;

	for (int i = 0; i < actors_len; i++) {
		if (waitpid(actors[i], &status, WNOHANG))
			continue;
		CHECK_EQ(0, kill(actors[i], SIGKILL));
		CHECK_EQ(actors[i], waitpid(actors[i], &status, 0));
	}
}

static inline void actor_begin(const struct peer *peer, deed *deed, __s32 whom, __s32 arg)
{
	struct order order = { deed, whom, arg };

	CHECK_EQ(sizeof(order), send(peer->ctl, &order, sizeof(order), MSG_NOSIGNAL));
}

static inline __s32 actor_do(const struct peer *peer, deed *deed, __s32 whom, __s32 arg)
{
	actor_begin(peer, deed, whom, arg);
	return hear(peer->ctl);
}

/* Begins what will have to wait. */
static inline void actor_park(const struct peer *peer, deed *deed, __s32 whom, __s32 arg)
{
	actor_begin(peer, deed, whom, arg);
	peer_await(peer);
}

/* Deeds that several tests know. */

DEED(do_reach, peer, arg)
{
	return reach(me, peer);
}

DEED(do_mode, peer, mode)
{
	return task_mode(me, mode);
}

DEED(do_bond, peer, kind)
{
	return bond(me, kind, peer);
}

DEED(do_unbond, peer, kind)
{
	return unbond(me, kind, peer);
}

DEED(do_unshare, peer, flags)
{
	return unshare(flags) ? -errno : 0;
}

DEED(do_become_alice, peer, arg)
{
	become(&alice);
	return 0;
}

/* A call of type @type, which do_answer() answers. */
DEED(do_call, peer, type)
{
	struct op op;
	int err = op_run(op_call(&op, me, peer, type, 8));

	if (!err)
		CHECK(op_got(&op, peer, type ^ 1, 8));
	return err;
}

static struct op actor_taken;

/* The type of the request that it took from @peer. */
DEED(do_take, peer, arg)
{
	int err = op_run(op_recv(&actor_taken, me, peer));

	return err ?: actor_taken.in.type;
}

DEED(do_answer, peer, arg)
{
	struct op op;

	return op_run(op_reply(&op, me, actor_taken.arg.token, actor_taken.in.type ^ 1, 8));
}

/* From now on it answers all, and hears its parent no more. */
DEED(do_echo, peer, arg)
{
	echo_thread(&me);
	return 0;
}

#endif /* PARLEY_SELFTEST_RIGHTS_H */
