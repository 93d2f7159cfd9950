/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: what the tests of the message semantics share
 *
 * A struct task is a descriptor of /dev/parley and its id. A struct op is one
 * operation with its messages; it runs in the calling thread (op_run()), in a
 * thread of its own (op_start()), or in one that is to wait (op_park(), which
 * returns when it does). A struct peer is a process with a task.
 *
 * A message's payload follows from its type, so that what arrives can be told
 * from what was sent to, or by, somebody else.
 *
 * Helpers end the program when something fails that is not under test. No test
 * frees what it made: each runs in a process of its own.
 */
#ifndef PARLEY_SELFTEST_COMMON_H
#define PARLEY_SELFTEST_COMMON_H

#include <kselftest_harness.h>

#include <fcntl.h>
#include <limits.h>
#include <linux/parley.h>
#include <linux/parley_proto.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#define PTR(p)		((__u64)(uintptr_t)(p))
#define MS		1000000ULL	/* in nanoseconds, as deadlines are */
#define PAST		1ULL		/* a deadline that has passed */
#define ROOM		PARLEY_PAYLOAD_MAX
#define UNTOUCHED	0xa5		/* a receive buffer's bytes beforehand */

/* For helpers, threads and children, which the harness's ASSERT_*() is not. */
#define CHECK_EQ(expected, seen) \
	check(expected, seen, #expected " == " #seen, __FILE__, __LINE__)

static inline void check(long long expected, long long seen, const char *what,
			 const char *file, int line)
{
	if (expected == seen)
		return;
	fprintf(stderr, "# %s:%d: not so: %s: expected %lld, saw %lld\n",
		file, line, what, expected, seen);
	_exit(KSFT_FAIL);
}

#define CHECK(condition) CHECK_EQ(true, !!(condition))

static inline __u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* 0 or a negative errno, as the operations are documented. */
static inline int parley(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

struct task {
	int fd;
	__s32 id;
};

static inline struct task task_of(int fd)
{
	struct parley_info info = { .size = sizeof(info) };

	CHECK_EQ(0, parley(fd, PARLEY_IOC_INFO, &info));
	return (struct task){ fd, info.task };
}

static inline struct task task_open(void)
{
	int fd = open("/dev/parley", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		fprintf(stderr, "# /dev/parley: %s\n", strerror(errno));
		_exit(KSFT_FAIL);
	}
	return task_of(fd);
}

static inline int task_notify(struct task me, __s32 peer, __u32 bits)
{
	struct parley_notify arg = { sizeof(arg), peer, bits, 0 };

	return parley(me.fd, PARLEY_IOC_NOTIFY, &arg);
}

/* An id that was a task's and is nobody's now. */
static inline __s32 dead_id(void)
{
	struct task task = task_open();

	close(task.fd);
	return task.id;
}

struct op {
	int fd;
	unsigned long cmd;
	struct parley_ipc arg;
	struct parley_msg out, in;
	int ret;
	pthread_t thread;
	atomic_int tid, done;
};

static inline __u8 pattern(__s32 type, unsigned int i)
{
	return (__u32)type * 31 + i * 7 + 1;
}

/* Makes @op carry a message. */
static inline void op_put(struct op *op, __s32 type, __u32 len)
{
	op->out.type = type;
	for (unsigned int i = 0; i < len && i < PARLEY_PAYLOAD_MAX; i++)
		op->out.payload[i] = pattern(type, i);
	op->arg.send = PTR(&op->out);
	op->arg.send_len = len;
}

/* Gives @op a place to receive in. */
static inline void op_room(struct op *op, __u32 room)
{
	memset(&op->in, UNTOUCHED, sizeof(op->in));
	op->arg.recv = PTR(&op->in);
	op->arg.recv_len = room;
}

static inline void op_init(struct op *op, struct task me, unsigned long cmd)
{
	memset(op, 0, sizeof(*op));
	op->fd = me.fd;
	op->cmd = cmd;
	op->arg.size = sizeof(op->arg);
}

static inline struct op *op_send(struct op *op, struct task me, __s32 peer,
				 __s32 type, __u32 len)
{
	op_init(op, me, PARLEY_IOC_SEND);
	op->arg.peer = peer;
	op_put(op, type, len);
	return op;
}

static inline struct op *op_call(struct op *op, struct task me, __s32 peer,
				 __s32 type, __u32 len)
{
	op_init(op, me, PARLEY_IOC_CALL);
	op->arg.peer = peer;
	op_put(op, type, len);
	op_room(op, ROOM);
	return op;
}

static inline struct op *op_recv(struct op *op, struct task me, __s32 peer)
{
	op_init(op, me, PARLEY_IOC_RECV);
	op->arg.peer = peer;
	op_room(op, ROOM);
	return op;
}

/* A receive that finds something at once or fails. */
static inline struct op *op_poll(struct op *op, struct task me, __s32 peer)
{
	op_recv(op, me, peer)->arg.flags = PARLEY_NONBLOCK;
	return op;
}

static inline struct op *op_reply(struct op *op, struct task me, __u64 token,
				  __s32 type, __u32 len)
{
	op_init(op, me, PARLEY_IOC_REPLY);
	op->arg.token = token;
	op_put(op, type, len);
	return op;
}

static inline struct op *op_replyrecv(struct op *op, struct task me,
				      __u64 token, __s32 type, __u32 len)
{
	op_reply(op, me, token, type, len)->cmd = PARLEY_IOC_REPLYRECV;
	op->arg.peer = PARLEY_ANY;
	op_room(op, ROOM);
	return op;
}

static inline int op_run(struct op *op)
{
	op->ret = parley(op->fd, op->cmd, &op->arg);
	return op->ret;
}

/* Has @op received this, all of it, and not a byte more? */
static inline bool op_got(const struct op *op, __s32 src, __s32 type, __u32 len)
{
	unsigned int i;

	if (op->in.src != src || op->in.type != type || op->arg.recv_len != len) {
		fprintf(stderr, "# got type %d from %d, %u bytes, not type %d from %d, %u bytes\n",
			op->in.type, op->in.src, op->arg.recv_len, type, src, len);
		return false;
	}
	for (i = 0; i < PARLEY_PAYLOAD_MAX; i++) {
		if (op->in.payload[i] == (i < len ? pattern(type, i) : UNTOUCHED))
			continue;
		fprintf(stderr, "# type %d: byte %u of %u is 0x%02x\n", type, i, len,
			op->in.payload[i]);
		return false;
	}
	return true;
}

/* Has @op received these notification bits, and nothing but them? */
static inline bool op_got_bits(const struct op *op, __u8 bits)
{
	__u8 seen = op->in.payload[0];

	if (op->in.src == PARLEY_TASK_KERNEL && !op->arg.token && seen == bits &&
	    op->in.type == PARLEY_GLOBAL_NOTIFICATIONS && op->arg.recv_len == sizeof(seen))
		return true;
	fprintf(stderr, "# got type %d from %d, %u bytes, bits 0x%x, not bits 0x%x\n",
		op->in.type, op->in.src, op->arg.recv_len, seen, bits);
	return false;
}

static inline void *op_thread(void *arg)
{
	struct op *op = arg;

	atomic_store(&op->tid, syscall(SYS_gettid));
	op_run(op);
	atomic_store(&op->done, true);
	return NULL;
}

static inline void op_start(struct op *op)
{
	atomic_store(&op->tid, 0);
	atomic_store(&op->done, false);
	CHECK_EQ(0, pthread_create(&op->thread, NULL, op_thread, op));
}

static inline int op_join(struct op *op)
{
	CHECK_EQ(0, pthread_join(op->thread, NULL));
	return op->ret;
}

static inline bool op_done(struct op *op)
{
	return atomic_load(&op->done);
}

/* First line of a thread's file in /proc; empty if the thread has gone. */
static inline void thread_read(pid_t pid, pid_t tid, const char *file, char *line, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, line, size - 1);
	line[n < 0 ? 0 : n] = 0;
	if (fd >= 0)
		close(fd);
}

/* Is the thread asleep in the system call @nr, and interruptible? */
static inline bool thread_waits(pid_t pid, pid_t tid, long nr)
{
	char line[256], *state;

	thread_read(pid, tid, "syscall", line, sizeof(line));
	if (line[0] < '0' || line[0] > '9' || atol(line) != nr)
		return false;
	thread_read(pid, tid, "stat", line, sizeof(line));
	state = strrchr(line, ')');
	return state && state[2] == 'S';
}

static inline void op_await(struct op *op)
{
	pid_t tid;

	while (!(tid = atomic_load(&op->tid)) || !thread_waits(getpid(), tid, SYS_ioctl)) {
		if (op_done(op)) {
			fprintf(stderr, "# returned %d instead of waiting\n", op->ret);
			_exit(KSFT_FAIL);
		}
		sched_yield();
	}
}

static inline void op_park(struct op *op)
{
	op_start(op);
	op_await(op);
}

/* A server thread that answers a request by one of its length, type ^ 1. */
static inline void *echo_thread(void *arg)
{
	struct task *task = arg;
	struct op op;

	op_recv(&op, *task, PARLEY_ANY);
	while (!op_run(&op)) {
		if (op.arg.token)
			op_replyrecv(&op, *task, op.arg.token, op.in.type ^ 1, op.arg.recv_len);
		else
			op_recv(&op, *task, PARLEY_ANY);
	}
	return NULL;
}

static inline struct task echo_start(void)
{
	struct task *task = malloc(sizeof(*task));
	pthread_t thread;

	CHECK(task);
	*task = task_open();
	CHECK_EQ(0, pthread_create(&thread, NULL, echo_thread, task));
	return *task;
}

/* Does a call to an echo server work? */
static inline bool echo_answers(struct task client, __s32 server)
{
	struct op call;

	return !op_run(op_call(&call, client, server, 40, 24)) &&
	       op_got(&call, server, 41, 24);
}

struct peer {
	pid_t pid;
	__s32 id;
	int ctl;
};

/* One side waits in hear() for the other's tell(). */
static inline void tell(int ctl, __s32 word)
{
	CHECK_EQ(sizeof(word), send(ctl, &word, sizeof(word), MSG_NOSIGNAL));
}

static inline __s32 hear(int ctl)
{
	__s32 word;

	CHECK_EQ(sizeof(word), recv(ctl, &word, sizeof(word), 0));
	return word;
}

/* A child process: @body gets the socket to its parent, and must succeed. */
static inline struct peer child_start(void (*body)(int ctl, void *arg), void *arg)
{
	struct peer peer = { .id = -1 };
	int ctl[2];

	CHECK_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ctl));
	fflush(NULL);
	peer.pid = fork();
	CHECK(peer.pid >= 0);
	if (!peer.pid) {
		CHECK_EQ(0, prctl(PR_SET_PDEATHSIG, SIGKILL));
		close(ctl[0]);
		body(ctl[1], arg);
		_exit(KSFT_PASS);
	}
	close(ctl[1]);
	peer.ctl = ctl[0];
	return peer;
}

/* As child_start(), and the child's first word is its task's id. */
static inline struct peer peer_start(void (*body)(int ctl, void *arg), void *arg)
{
	struct peer peer = child_start(body, arg);

	peer.id = hear(peer.ctl);
	return peer;
}

/* Exit status as of waitpid(). */
static inline int peer_join(struct peer *peer)
{
	int status;

	CHECK_EQ(peer->pid, waitpid(peer->pid, &status, 0));
	return status;
}

static inline void peer_kill(struct peer *peer)
{
	CHECK_EQ(0, kill(peer->pid, SIGKILL));
	CHECK_EQ(SIGKILL, peer_join(peer));
}

/* Waits until the peer's main thread is asleep in an operation. */
static inline void peer_await(const struct peer *peer)
{
	while (!thread_waits(peer->pid, peer->pid, SYS_ioctl))
		sched_yield();
}

#endif /* PARLEY_SELFTEST_COMMON_H */
