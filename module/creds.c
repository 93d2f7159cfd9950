// SPDX-License-Identifier: GPL-2.0

#include <linux/capability.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/uidgid.h>

#include "creds.h"

/**
 * parley_sender_copy() - hold a sender on one's own account
 * @to: receives it
 * @from: kept by the caller meanwhile
 */
void parley_sender_copy(struct parley_sender *to,
			const struct parley_sender *from)
{
	*to = *from;
	/* As in parley_sender_set(). */
	data_race(get_cred(to->cred));
	get_pid(to->pid);
}

void parley_sender_drop(struct parley_sender *sender)
{
	put_cred(sender->cred);
	put_pid(sender->pid);
}

/* In the first namespaces ids are what they are: don't look them up. */
static pid_t parley_pid_in(struct pid_namespace *ns, struct pid *pid)
{
	return ns == &init_pid_ns ? pid_nr(pid) : pid_nr_ns(pid, ns);
}

static u32 parley_uid_in(struct user_namespace *ns, kuid_t uid)
{
	return ns == &init_user_ns ? __kuid_val(uid) : from_kuid_munged(ns, uid);
}

static u32 parley_gid_in(struct user_namespace *ns, kgid_t gid)
{
	return ns == &init_user_ns ? __kgid_val(gid) : from_kgid_munged(ns, gid);
}

/**
 * parley_sender_tell() - describe a sender to a receiver
 * @sender: who
 * @same_mnt_ns: both were in the same mount namespace
 * @reader: the receiver
 * @creds: receives the description
 */
void parley_sender_tell(const struct parley_sender *sender, bool same_mnt_ns,
			const struct parley_reader *reader,
			struct parley_creds *creds)
{
	creds->pid = parley_pid_in(reader->pid_ns, sender->pid);
	creds->uid = parley_uid_in(reader->user_ns, sender->cred->euid);
	creds->gid = parley_gid_in(reader->user_ns, sender->cred->egid);
	creds->flags = 0;
	if (sender->no_new_privs)
		creds->flags |= PARLEY_CREDS_NO_NEW_PRIVS;
	if (sender->cred->user_ns == reader->user_ns)
		creds->flags |= PARLEY_CREDS_USER_NS;
	if (same_mnt_ns)
		creds->flags |= PARLEY_CREDS_MNT_NS;
}

u32 parley_sender_groups_len(const struct parley_sender *sender)
{
	return sender->cred->group_info->ngroups;
}

/**
 * parley_sender_groups() - tell a sender's supplementary groups
 * @sender: who
 * @groups: receives parley_sender_groups_len() ids, in the calling thread's
 *	user namespace
 *
 * Return: 0 or -EFAULT.
 */
int parley_sender_groups(const struct parley_sender *sender,
			 u32 __user *groups)
{
	const struct group_info *info = sender->cred->group_info;
	int i;

	for (i = 0; i < info->ngroups; i++)
		if (put_user(parley_gid_in(current_user_ns(), info->gid[i]),
			     groups + i))
			return -EFAULT;
	return 0;
}

/* The effective ones, bit by bit: the type differs between kernels. */
u64 parley_sender_capabilities(const struct parley_sender *sender)
{
	u64 capabilities = 0;
	int cap;

	for (cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (cap_raised(sender->cred->cap_effective, cap))
			capabilities |= BIT_ULL(cap);
	return capabilities;
}
