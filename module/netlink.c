// SPDX-License-Identifier: GPL-2.0

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/uidgid.h>
#include <linux/xarray.h>
#include <net/genetlink.h>
#include <net/sock.h>
#include <uapi/linux/parley_netlink.h>

#include "netlink.h"
#include "quota.h"
#include "row.h"
#include "task.h"

/* The only multicast group. */
#define PARLEY_NETLINK_EVENTS	0

static struct genl_family parley_netlink_family;

/**
 * struct parley_netlink_dump - a dump that goes on, in cb->ctx
 * @user_ns: the reader's
 * @uid: whose tasks and counts it may see in full, or INVALID_UID
 * @admin: it may see everybody's
 * @id: the first task that wasn't shown yet
 * @bucket: likewise of the table of users
 * @skip: those of the bucket that were shown
 */
struct parley_netlink_dump {
	struct user_namespace *user_ns;
	kuid_t uid;
	bool admin;
	unsigned long id;
	long bucket;
	long skip;
};

static struct parley_netlink_dump *parley_netlink_dump(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct parley_netlink_dump) > sizeof(cb->ctx));

	return (struct parley_netlink_dump *)cb->ctx;
}

/* Runs in the process that asks; later portions may be made in another. */
static int parley_netlink_start(struct netlink_callback *cb)
{
	struct parley_netlink_dump *dump = parley_netlink_dump(cb);
	const struct netlink_skb_parms *request = &NETLINK_CB(cb->skb);
	struct parley_bus *bus = parley_bus_of(sock_net(request->sk));
	kuid_t opener = request->sk->sk_socket->file->f_cred->euid;

	dump->user_ns = sk_user_ns(request->sk);
	dump->admin = netlink_ns_capable(cb->skb, bus->user_ns, CAP_SYS_ADMIN);
	dump->uid = current_euid();
	/* As above: who gives no address may not know where it writes. */
	if (!(request->flags & NETLINK_SKB_DST) && !uid_eq(opener, dump->uid))
		dump->uid = INVALID_UID;
	return 0;
}

static bool parley_netlink_may_see(const struct parley_netlink_dump *dump,
				   kuid_t uid)
{
	return dump->admin || uid_eq(dump->uid, uid);
}

static void *parley_netlink_begin(struct sk_buff *skb,
				  struct netlink_callback *cb, u8 cmd)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &parley_netlink_family, NLM_F_MULTI, cmd);
}

/* What doesn't fit is for the next portion. */
static int parley_netlink_end(struct sk_buff *skb, void *head, int err)
{
	if (err)
		genlmsg_cancel(skb, head);
	else
		genlmsg_end(skb, head);
	return err;
}

/* What a dump returns: its end (0), that there is more, or an error. */
static int parley_netlink_portion(const struct sk_buff *skb, int err)
{
	return err && skb->len ? skb->len : err;
}

static int parley_netlink_show_task(struct sk_buff *skb,
				    struct netlink_callback *cb,
				    struct parley_task *task)
{
	const struct parley_netlink_dump *dump = parley_netlink_dump(cb);
	bool details = parley_netlink_may_see(dump, task->uid);
	void *head = parley_netlink_begin(skb, cb, PARLEY_CMD_TASKS);
	int err;

	if (!head)
		return -EMSGSIZE;
	err = parley_row_put_task(skb, task, dump->user_ns, details);
	return parley_netlink_end(skb, head, err);
}

static int parley_netlink_dump_tasks(struct sk_buff *skb,
				     struct netlink_callback *cb)
{
	struct parley_netlink_dump *dump = parley_netlink_dump(cb);
	struct parley_bus *bus = parley_bus_of(sock_net(skb->sk));
	struct parley_task *task;
	unsigned long id;
	int err = 0;

	rcu_read_lock();
	xa_for_each_start(&bus->tasks, id, task, dump->id) {
		err = parley_netlink_show_task(skb, cb, task);
		if (err)
			break;
	}
	rcu_read_unlock();
	dump->id = id;
	return parley_netlink_portion(skb, err);
}

/* A portion, for parley_netlink_show_user(). */
struct parley_netlink_users {
	struct sk_buff *skb;
	struct netlink_callback *cb;
};

static int parley_netlink_show_user(const struct parley_user *user, void *data)
{
	struct parley_netlink_users *users = data;
	const struct parley_netlink_dump *dump = parley_netlink_dump(users->cb);
	void *head;
	int err;

	if (!kuid_has_mapping(dump->user_ns, user->uid) ||
	    !parley_netlink_may_see(dump, user->uid))
		return 0;
	head = parley_netlink_begin(users->skb, users->cb, PARLEY_CMD_USERS);
	if (!head)
		return -EMSGSIZE;
	err = parley_row_put_user(users->skb, user,
				  from_kuid(dump->user_ns, user->uid));
	return parley_netlink_end(users->skb, head, err);
}

static int parley_netlink_dump_users(struct sk_buff *skb,
				     struct netlink_callback *cb)
{
	struct parley_netlink_dump *dump = parley_netlink_dump(cb);
	struct parley_netlink_users users = { skb, cb };
	int err = parley_user_each(&dump->bucket, &dump->skip,
				   parley_netlink_show_user, &users);

	return parley_netlink_portion(skb, err);
}

static const struct genl_ops parley_netlink_ops[] = {
	{
		.cmd = PARLEY_CMD_TASKS,
		.start = parley_netlink_start,
		.dumpit = parley_netlink_dump_tasks,
	},
	{
		.cmd = PARLEY_CMD_USERS,
		.start = parley_netlink_start,
		.dumpit = parley_netlink_dump_users,
	},
};

static const struct genl_multicast_group parley_netlink_groups[] = {
	[PARLEY_NETLINK_EVENTS] = { .name = PARLEY_GENL_EVENTS },
};

/* No request has attributes: without a policy they are refused. */
static struct genl_family parley_netlink_family __ro_after_init = {
	.name = PARLEY_GENL_NAME,
	.version = PARLEY_GENL_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.parallel_ops = true,
	.ops = parley_netlink_ops,
	.n_ops = ARRAY_SIZE(parley_netlink_ops),
	.mcgrps = parley_netlink_groups,
	.n_mcgrps = ARRAY_SIZE(parley_netlink_groups),
};

/* The message that tells of an event, or NULL. */
static struct sk_buff *parley_netlink_event(const struct parley_task *task,
					    struct user_namespace *user_ns, u8 cmd)
{
	struct sk_buff *skb = genlmsg_new(PARLEY_ROW_IDENTITY_SIZE, GFP_ATOMIC);
	void *head;

	if (!skb)
		return NULL;
	head = genlmsg_put(skb, 0, 0, &parley_netlink_family, 0, cmd);
	if (!head || parley_row_put_identity(skb, task, user_ns)) {
		nlmsg_free(skb);
		return NULL;
	}
	genlmsg_end(skb, head);
	return skb;
}

static void parley_netlink_multicast(struct net *net,
				     const struct parley_task *task, u8 cmd)
{
	struct sk_buff *skb;

	if (!genl_has_listeners(&parley_netlink_family, net,
				PARLEY_NETLINK_EVENTS))
		return;
	skb = parley_netlink_event(task, net->user_ns, cmd);
	if (skb)
		genlmsg_multicast_netns(&parley_netlink_family, net, skb, 0,
					PARLEY_NETLINK_EVENTS, GFP_ATOMIC);
	else
		genl_set_err(&parley_netlink_family, net, 0,
			     PARLEY_NETLINK_EVENTS, -ENOBUFS);
}

static int parley_netlink_tell(struct notifier_block *block,
			       unsigned long event, void *data)
{
	static const u8 cmds[] = {
		[PARLEY_TASK_OPENED]	= PARLEY_CMD_OPENED,
		[PARLEY_TASK_DIED]	= PARLEY_CMD_DIED,
	};
	const struct parley_task *task = data;
	struct net *net;

	rcu_read_lock();
	net = rcu_dereference(task->bus->net);
	if (net)
		parley_netlink_multicast(net, task, cmds[event]);
	rcu_read_unlock();
	return NOTIFY_OK;
}

static struct notifier_block parley_netlink_notifier = {
	.notifier_call = parley_netlink_tell,
};

int parley_netlink_init(void)
{
	int err = genl_register_family(&parley_netlink_family);

	if (err)
		return err;
	return atomic_notifier_chain_register(&parley_task_notifiers,
					      &parley_netlink_notifier);
}

void parley_netlink_exit(void)
{
	atomic_notifier_chain_unregister(&parley_task_notifiers,
					 &parley_netlink_notifier);
	genl_unregister_family(&parley_netlink_family);
}
