/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/**
 * DOC: Parley, what can be seen over generic netlink
 *
 * Family "parley", version 1. It shows the bus of the socket's network
 * namespace, without changing anything:
 *
 *	TASKS   dump: one message per task, PARLEY_A_TASK_*
 *	USERS   dump: one message per user, PARLEY_A_USER_*
 *	group "events": OPENED and DIED, when a task is, PARLEY_A_TASK_*
 *
 * Everybody sees every task's id, owner, group, mode and state. What it does,
 * from PARLEY_A_TASK_PID on, is for its owner and for CAP_SYS_ADMIN over the
 * bus, as are the counts of other users; a user that has no name in the
 * reader's user namespace is left out. Payloads are not to be seen.
 *
 * Event messages can be lost (%ENOBUFS), as with any multicast; dump then.
 */
#ifndef _UAPI_LINUX_PARLEY_NETLINK_H
#define _UAPI_LINUX_PARLEY_NETLINK_H

#define PARLEY_GENL_NAME	"parley"
#define PARLEY_GENL_VERSION	1
#define PARLEY_GENL_EVENTS	"events"

/** PARLEY_WAITERS_MAX - most waiters that are shown of a task. */
#define PARLEY_WAITERS_MAX	64

/**
 * enum parley_genl_cmd - messages
 * @PARLEY_CMD_UNSPEC: never used
 * @PARLEY_CMD_TASKS: dump the tasks
 * @PARLEY_CMD_USERS: dump the users of all buses, with what they use
 * @PARLEY_CMD_OPENED: event: a task was opened; id, owner, group, mode
 * @PARLEY_CMD_DIED: event: a task died; likewise
 */
enum parley_genl_cmd {
	PARLEY_CMD_UNSPEC,
	PARLEY_CMD_TASKS,
	PARLEY_CMD_USERS,
	PARLEY_CMD_OPENED,
	PARLEY_CMD_DIED,
};

/**
 * enum parley_genl_state - PARLEY_A_TASK_STATE
 * @PARLEY_STATE_IDLE: none of the following
 * @PARLEY_STATE_RECEIVING: a thread waits for messages
 * @PARLEY_STATE_BUSY: nobody receives, nothing waits, it has requests in hand
 * @PARLEY_STATE_PENDING: nobody receives, messages or notifications wait
 */
enum parley_genl_state {
	PARLEY_STATE_IDLE,
	PARLEY_STATE_RECEIVING,
	PARLEY_STATE_BUSY,
	PARLEY_STATE_PENDING,
};

/**
 * enum parley_genl_task - attributes of a task
 * @PARLEY_A_TASK_UNSPEC: never used
 * @PARLEY_A_TASK_PAD: for the alignment of u64
 * @PARLEY_A_TASK_ID: s32, its id
 * @PARLEY_A_TASK_UID: u32, owner, in the reader's user namespace
 * @PARLEY_A_TASK_GID: u32, group
 * @PARLEY_A_TASK_MODE: u32, as PARLEY_IOC_MODE
 * @PARLEY_A_TASK_STATE: u32, enum parley_genl_state
 * @PARLEY_A_TASK_PID: u32, the process that opened it, in the reader's pid
 *	namespace
 * @PARLEY_A_TASK_RECEIVERS: u32, threads that wait for messages
 * @PARLEY_A_TASK_QUEUED: u32, messages that nobody has taken
 * @PARLEY_A_TASK_HELD: u32, messages taken and not answered
 * @PARLEY_A_TASK_NOTIFICATIONS: u32, bits set and not received
 * @PARLEY_A_TASK_POSTED: u64, messages it was sent so far, with those that were
 *	refused because nobody received
 * @PARLEY_A_TASK_GRANTS: u32, grants it made
 * @PARLEY_A_TASK_WATCHES: u32, tasks it watches
 * @PARLEY_A_TASK_LINKS: u32, tasks it is linked to
 * @PARLEY_A_TASK_WAITER: nested, PARLEY_A_WAITER_*; once for each message whose
 *	sender waits for this task, up to PARLEY_WAITERS_MAX
 */
enum parley_genl_task {
	PARLEY_A_TASK_UNSPEC,
	PARLEY_A_TASK_PAD,
	PARLEY_A_TASK_ID,
	PARLEY_A_TASK_UID,
	PARLEY_A_TASK_GID,
	PARLEY_A_TASK_MODE,
	PARLEY_A_TASK_STATE,
	PARLEY_A_TASK_PID,
	PARLEY_A_TASK_RECEIVERS,
	PARLEY_A_TASK_QUEUED,
	PARLEY_A_TASK_HELD,
	PARLEY_A_TASK_NOTIFICATIONS,
	PARLEY_A_TASK_POSTED,
	PARLEY_A_TASK_GRANTS,
	PARLEY_A_TASK_WATCHES,
	PARLEY_A_TASK_LINKS,
	PARLEY_A_TASK_WAITER,
};

/**
 * enum parley_genl_waiter - attributes of a task that waits for another
 * @PARLEY_A_WAITER_UNSPEC: never used
 * @PARLEY_A_WAITER_ID: s32, its id
 * @PARLEY_A_WAITER_TYPE: s32, type of its message
 * @PARLEY_A_WAITER_HELD: flag: the message was taken, its reply is waited for
 */
enum parley_genl_waiter {
	PARLEY_A_WAITER_UNSPEC,
	PARLEY_A_WAITER_ID,
	PARLEY_A_WAITER_TYPE,
	PARLEY_A_WAITER_HELD,
};

/**
 * enum parley_genl_user - attributes of a user
 * @PARLEY_A_USER_UNSPEC: never used
 * @PARLEY_A_USER_PAD: for the alignment of u64
 * @PARLEY_A_USER_UID: u32, in the reader's user namespace
 * @PARLEY_A_USER_LIMIT: nested, PARLEY_A_LIMIT_*; once for each limit
 */
enum parley_genl_user {
	PARLEY_A_USER_UNSPEC,
	PARLEY_A_USER_PAD,
	PARLEY_A_USER_UID,
	PARLEY_A_USER_LIMIT,
};

/**
 * enum parley_genl_limit - attributes of a limit
 * @PARLEY_A_LIMIT_UNSPEC: never used
 * @PARLEY_A_LIMIT_PAD: for the alignment of u64
 * @PARLEY_A_LIMIT_NAME: string: "tasks", "messages", "grants", "watches",
 *	"links"
 * @PARLEY_A_LIMIT_USED: u32, in use now
 * @PARLEY_A_LIMIT_MAX: u32, most that is allowed
 * @PARLEY_A_LIMIT_HITS: u64, how often the user was refused one more
 */
enum parley_genl_limit {
	PARLEY_A_LIMIT_UNSPEC,
	PARLEY_A_LIMIT_PAD,
	PARLEY_A_LIMIT_NAME,
	PARLEY_A_LIMIT_USED,
	PARLEY_A_LIMIT_MAX,
	PARLEY_A_LIMIT_HITS,
};

#endif /* _UAPI_LINUX_PARLEY_NETLINK_H */
