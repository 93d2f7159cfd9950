/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: creds, who sent a message
 *
 * A struct parley_sender is taken when a message is made, and is what its
 * receiver is told, whatever becomes of the sender in the meantime. It is told
 * in the words of a struct parley_reader: in the receiver's namespaces.
 *
 * Lifetime: a sender holds references, which it keeps until the message is
 * freed: the next message of the same thread, in the same memory, needs no
 * others. The namespaces of a reader are the receiving thread's, which doesn't
 * change them while it receives; or those of who submitted what is parked, held there.
 *
 * The mount namespace is remembered as an address alone (modules can't hold
 * one) and only compared: when a receiver gets the message. A wrong yes would
 * take a receiver that, after the message was sent, entered a namespace made
 * since, in the place of one that the sender was the last to leave.
 */
#ifndef _PARLEY_CREDS_H
#define _PARLEY_CREDS_H

#include <linux/cred.h>
#include <linux/nsproxy.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/types.h>
#include <uapi/linux/parley.h>

/**
 * struct parley_sender - who sends, as of the moment of sending
 * @cred: credentials, NULL before the first message
 * @pid: process, likewise
 * @mnt_ns: mount namespace, not held
 * @no_new_privs: as of prctl(2)
 */
struct parley_sender {
	const struct cred *cred;
	struct pid *pid;
	const struct mnt_namespace *mnt_ns;
	bool no_new_privs;
};

/**
 * struct parley_reader - a thread that is told who sent something
 * @user_ns: its namespaces
 * @pid_ns: likewise
 */
struct parley_reader {
	struct user_namespace *user_ns;
	struct pid_namespace *pid_ns;
};

static inline void parley_reader_init(struct parley_reader *reader)
{
	reader->user_ns = current_user_ns();
	reader->pid_ns = ns_of_pid(task_pid(current));
}

/* Make the calling thread the sender. */
static inline void parley_sender_set(struct parley_sender *sender)
{
	const struct cred *cred = current_cred();
	struct pid *pid = task_tgid(current);

	if (unlikely(sender->cred != cred)) {
		put_cred(sender->cred);
		/* Everybody who gets credentials clears their non_rcu. */
		sender->cred = data_race(get_cred(cred));
	}
	if (unlikely(sender->pid != pid)) {
		put_pid(sender->pid);
		sender->pid = get_pid(pid);
	}
	sender->mnt_ns = current->nsproxy->mnt_ns;
	sender->no_new_privs = task_no_new_privs(current);
}

void parley_sender_copy(struct parley_sender *to,
			const struct parley_sender *from);
void parley_sender_drop(struct parley_sender *sender);
void parley_sender_tell(const struct parley_sender *sender, bool same_mnt_ns,
			const struct parley_reader *reader,
			struct parley_creds *creds);
u32 parley_sender_groups_len(const struct parley_sender *sender);
int parley_sender_groups(const struct parley_sender *sender,
			 u32 __user *groups);
u64 parley_sender_capabilities(const struct parley_sender *sender);

#endif /* _PARLEY_CREDS_H */
