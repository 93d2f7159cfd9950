/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: processes that wait for each other
 *
 * A member is a child process with one thread and a task, which does what it is
 * ordered to: one of its acts, with another task. It tells what came of it when
 * the act has ended; until then it waits (ring_waits()).
 *
 * A ring is made before the members, which share it with the test.
 */
#ifndef PARLEY_SELFTEST_RING_H
#define PARLEY_SELFTEST_RING_H

#include "common.h"

#include <poll.h>
#include <semaphore.h>
#include <sys/mman.h>

#define RING_MAX	16
#define REQUEST		100
#define ANSWER		101
#define LENGTH		24
#define SHORT_WHILE	(300 * MS)
#define STACK		65536

/**
 * struct ring - what the members share with the test
 * @members: how many there are
 * @peer: the members
 * @serve: posted to let a member's thread or sibling serve one request
 * @sibling: pid of the latest sibling
 * @handling: a member is in its signal handler
 * @handled: posted to let it leave the handler
 */
struct ring {
	int members;
	struct peer peer[RING_MAX];
	sem_t serve;
	atomic_int sibling;
	atomic_bool handling;
	sem_t handled;
};

static struct ring *ring;

/**
 * struct member - one of them, in its own process
 * @me: the task it acts as
 * @other: another one, once it has opened it
 * @token: of the request it has taken
 */
struct member {
	struct task me;
	struct task other;
	__u64 token;
};

static inline void *ring_share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(memory != MAP_FAILED);
	return memory;
}

/* 0, the operation's error, or -EBADMSG if it has got something else. */
static inline int act_done(const struct op *op, __s32 src, __s32 type)
{
	if (op->ret)
		return op->ret;
	return op_got(op, src, type, LENGTH) ? 0 : -EBADMSG;
}

static inline int act_call(struct member *member, __s32 peer)
{
	struct op op;

	op_run(op_call(&op, member->me, peer, REQUEST, LENGTH));
	CHECK_EQ(0, op.arg.token);
	return act_done(&op, peer, ANSWER);
}

static inline int act_call_briefly(struct member *member, __s32 peer)
{
	struct op op;

	op_call(&op, member->me, peer, REQUEST, LENGTH)->arg.deadline = now() + SHORT_WHILE;
	op_run(&op);
	return act_done(&op, peer, ANSWER);
}

static inline int act_call_now(struct member *member, __s32 peer)
{
	struct op op;

	op_call(&op, member->me, peer, REQUEST, LENGTH)->arg.flags = PARLEY_NONBLOCK;
	op_run(&op);
	return act_done(&op, peer, ANSWER);
}

static inline int act_send(struct member *member, __s32 peer)
{
	struct op op;

	return op_run(op_send(&op, member->me, peer, REQUEST, LENGTH));
}

static inline int act_send_briefly(struct member *member, __s32 peer)
{
	struct op op;

	op_send(&op, member->me, peer, REQUEST, LENGTH)->arg.deadline = now() + SHORT_WHILE;
	return op_run(&op);
}

static inline int act_send_now(struct member *member, __s32 peer)
{
	struct op op;

	op_send(&op, member->me, peer, REQUEST, LENGTH)->arg.flags = PARLEY_NONBLOCK;
	return op_run(&op);
}

/* Receive from @peer alone, and keep the right to reply. */
static inline int act_listen(struct member *member, __s32 peer)
{
	struct op op;

	op_run(op_recv(&op, member->me, peer));
	if (!op.ret)
		member->token = op.arg.token;
	return act_done(&op, peer, REQUEST);
}

static inline int act_listen_briefly(struct member *member, __s32 peer)
{
	struct op op;

	op_recv(&op, member->me, peer)->arg.deadline = now() + SHORT_WHILE;
	op_run(&op);
	return act_done(&op, peer, REQUEST);
}

static inline int act_listen_now(struct member *member, __s32 peer)
{
	struct op op;

	op_run(op_poll(&op, member->me, peer));
	return act_done(&op, peer, REQUEST);
}

/* Take the next request, which must be of @peer, and keep it. */
static inline int act_take(struct member *member, __s32 peer)
{
	struct op op;

	op_run(op_recv(&op, member->me, PARLEY_ANY));
	if (!op.ret)
		member->token = op.arg.token;
	return act_done(&op, peer, REQUEST);
}

static inline int act_answer(struct member *member, __s32 peer)
{
	struct op op;

	(void)peer;
	return op_run(op_reply(&op, member->me, member->token, ANSWER, LENGTH));
}

/* Take the next request of @peer, and answer it if it wants that. */
static inline int act_serve(struct member *member, __s32 peer)
{
	return act_take(member, peer) ?: (member->token ? act_answer(member, peer) : 0);
}

/* Is there nothing to receive? */
static inline int act_look(struct member *member, __s32 peer)
{
	struct op op;

	(void)peer;
	return op_run(op_poll(&op, member->me, PARLEY_ANY));
}

/* Returns the id of another task. */
static inline int act_open(struct member *member, __s32 peer)
{
	(void)peer;
	member->other = task_open();
	return member->other.id;
}

/* Goes on as the other task. */
static inline int act_swap(struct member *member, __s32 peer)
{
	struct task other = member->me;

	(void)peer;
	member->me = member->other;
	member->other = other;
	return 0;
}

static inline int ring_serve_later(void *arg)
{
	struct member copy = *(struct member *)arg;
	struct op op;

	CHECK_EQ(0, prctl(PR_SET_PDEATHSIG, SIGKILL));
	while (sem_wait(&ring->serve))
		CHECK_EQ(EINTR, errno);
	CHECK_EQ(0, op_run(op_recv(&op, copy.me, PARLEY_ANY)));
	return op_run(op_reply(&op, copy.me, op.arg.token, ANSWER, LENGTH));
}

static inline void *ring_thread(void *arg)
{
	CHECK_EQ(0, ring_serve_later(arg));
	return NULL;
}

/* From now on a second thread is there, which will serve one request. */
static inline int act_have_thread(struct member *member, __s32 peer)
{
	pthread_t thread;

	(void)peer;
	return -pthread_create(&thread, NULL, ring_thread, member);
}

static inline void *ring_nothing(void *arg)
{
	return arg;
}

static inline int act_have_had_thread(struct member *member, __s32 peer)
{
	pthread_t thread;

	(void)peer;
	return -pthread_create(&thread, NULL, ring_nothing, member) ?:
	       -pthread_join(thread, NULL);
}

/* Likewise, another process with the same memory. */
static inline int act_have_sibling(struct member *member, __s32 peer)
{
	static char stack[STACK] __attribute__((aligned(16)));

	(void)peer;
	ring->sibling = clone(ring_serve_later, stack + STACK, CLONE_VM | SIGCHLD, member);
	return ring->sibling > 0 ? 0 : -errno;
}

static __s32 ring_callee;

static inline int ring_call_as_sibling(void *arg)
{
	CHECK_EQ(0, prctl(PR_SET_PDEATHSIG, SIGKILL));
	ring->sibling = syscall(SYS_getpid);
	return -act_call(arg, ring_callee);
}

/* Call, but as vfork() does: from another process, while this one sleeps. */
static inline int act_vfork_and_call(struct member *member, __s32 peer)
{
	static char stack[STACK] __attribute__((aligned(16)));
	int status;
	pid_t pid;

	ring_callee = peer;
	pid = clone(ring_call_as_sibling, stack + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, member);
	CHECK_EQ(pid, waitpid(pid, &status, 0));
	return status;
}

static inline void ring_handle(int sig)
{
	(void)sig;
	ring->handling = true;
	while (sem_wait(&ring->handled))
		;
	ring->handling = false;
}

static inline int act_handle(struct member *member, __s32 peer)
{
	struct sigaction action = { .sa_handler = ring_handle, .sa_flags = SA_RESTART };

	(void)member;
	(void)peer;
	return sigaction(SIGUSR1, &action, NULL);
}

typedef int (*act_t)(struct member *member, __s32 peer);

struct order {
	act_t act;
	__s32 peer;
};

static inline void ring_member(int ctl, void *arg)
{
	struct member member = { .me = task_open() };
	struct order order;

	(void)arg;
	tell(ctl, member.me.id);
	while (recv(ctl, &order, sizeof(order), 0) == sizeof(order))
		tell(ctl, order.act(&member, order.peer));
}

static inline void ring_start(int members)
{
	ring = ring_share(sizeof(*ring));
	CHECK_EQ(0, sem_init(&ring->serve, true, 0));
	CHECK_EQ(0, sem_init(&ring->handled, true, 0));
	ring->members = members;
	for (int i = 0; i < members; i++)
		ring->peer[i] = peer_start(ring_member, NULL);
}

static inline __s32 ring_id(int i)
{
	return ring->peer[i % ring->members].id;
}

static inline void ring_order(int i, act_t act, __s32 peer)
{
	struct order order = { act, peer };

	CHECK_EQ(sizeof(order), send(ring->peer[i].ctl, &order, sizeof(order), MSG_NOSIGNAL));
}

static inline int ring_result(int i)
{
	return hear(ring->peer[i].ctl);
}

static inline int ring_run(int i, act_t act, __s32 peer)
{
	ring_order(i, act, peer);
	return ring_result(i);
}

/* Has the member's act ended? */
static inline bool ring_ended(int i)
{
	struct pollfd ctl = { .fd = ring->peer[i].ctl, .events = POLLIN };

	return poll(&ctl, 1, 0) == 1;
}

/* Unlike thread_waits() this borrows nothing of the process, not even its memory. */
static inline bool ring_asleep(pid_t pid)
{
	char line[256];

	thread_read(pid, pid, "syscall", line, sizeof(line));
	return line[0] >= '0' && line[0] <= '9' && atol(line) == SYS_ioctl;
}

/* Waits until the member is asleep in its act; false if that ends. */
static inline bool ring_waits(int i)
{
	while (!ring_asleep(ring->peer[i].pid)) {
		if (ring_ended(i))
			return false;
		sched_yield();
	}
	return true;
}

#endif /* PARLEY_SELFTEST_RING_H */
