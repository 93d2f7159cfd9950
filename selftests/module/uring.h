/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: what the tests of operations through io_uring share
 *
 * A struct uring is a ring. What is submitted to it is a struct op, which must stay:
 * uring_start() does so, uring_join() waits for its result, uring_run() does both. An
 * operation that completes twice ends the program, and so does one that doesn't within
 * LATE. op_cancel() makes an op that cancels another.
 *
 * The field @done of an op counts its completions.
 */
#ifndef PARLEY_SELFTEST_URING_H
#define PARLEY_SELFTEST_URING_H

#include "events.h"

#include <dirent.h>
#include <liburing.h>

#define OLD		"Linux before 6.7"
#define URING_FILES	2

struct uring {
	struct io_uring ring;
	unsigned int flags;	/* of its entries: IOSQE_* */
	int files[URING_FILES];	/* those that are registered, with IOSQE_FIXED_FILE */
};

/* Do operations of @task wait without threads? */
static inline bool waits_async(struct task task)
{
	struct parley_info info = { .size = sizeof(info) };

	CHECK_EQ(0, parley(task.fd, PARLEY_IOC_INFO, &info));
	CHECK(info.features & PARLEY_FEATURE_URING);
	return info.features & PARLEY_FEATURE_URING_ASYNC;
}

/* Threads of this process, those of its rings included. */
static inline int threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	int count = 0;

	CHECK(dir);
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

static inline void uring_open(struct uring *uring, unsigned int entries, unsigned int flags)
{
	memset(uring, 0, sizeof(*uring));
	CHECK_EQ(0, io_uring_queue_init(entries, &uring->ring, flags));
}

static inline void uring_close(struct uring *uring)
{
	io_uring_queue_exit(&uring->ring);
}

/* From now on, what is submitted is about one of these. */
static inline void uring_register(struct uring *uring, struct task one, struct task other)
{
	uring->files[0] = one.fd;
	uring->files[1] = other.fd;
	CHECK_EQ(0, io_uring_register_files(&uring->ring, uring->files, URING_FILES));
	uring->flags |= IOSQE_FIXED_FILE;
}

static inline int uring_file(const struct uring *uring, int fd)
{
	if (!(uring->flags & IOSQE_FIXED_FILE))
		return fd;
	return fd == uring->files[0] ? 0 : 1;
}

/* Cancels another one, by its argument. */
static inline struct op *op_cancel(struct op *op, const struct op *other)
{
	memset(op, 0, sizeof(*op));
	op->fd = other->fd;
	op->cmd = PARLEY_IOC_CANCEL;
	op->arg.token = PTR(&other->arg);
	return op;
}

static inline struct io_uring_sqe *uring_prep(struct uring *uring, struct op *op)
{
	struct parley_uring cmd = { .ipc = PTR(&op->arg) };
	struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);

	CHECK(sqe);
	if (op->cmd == PARLEY_IOC_CANCEL)
		cmd.ipc = op->arg.token;
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->flags = uring->flags;
	sqe->fd = uring_file(uring, op->fd);
	sqe->cmd_op = op->cmd;
	memcpy(sqe->cmd, &cmd, sizeof(cmd));
	io_uring_sqe_set_data(sqe, op);
	op->done = 0;
	return sqe;
}

/* Returns when the kernel has begun with all of it. */
static inline void uring_submit(struct uring *uring)
{
	CHECK(io_uring_submit(&uring->ring) >= 0);
	while (uring->ring.flags & IORING_SETUP_SQPOLL && io_uring_sq_ready(&uring->ring))
		sched_yield();
	CHECK_EQ(0, io_uring_sq_ready(&uring->ring));
}

static inline void uring_start(struct uring *uring, struct op *op)
{
	uring_prep(uring, op);
	uring_submit(uring);
}

static inline struct op *uring_take(struct uring *uring, struct io_uring_cqe *cqe)
{
	struct op *op = io_uring_cqe_get_data(cqe);

	CHECK(op);
	op->ret = cqe->res;
	CHECK_EQ(1, ++op->done);
	io_uring_cqe_seen(&uring->ring, cqe);
	return op;
}

/* Waits for an operation to complete, whichever; NULL if none does for so long. */
static inline struct op *uring_reap_within(struct uring *uring, __u64 ns)
{
	struct __kernel_timespec patience = {
		.tv_sec = ns / (1000 * MS), .tv_nsec = ns % (1000 * MS),
	};
	struct io_uring_cqe *cqe;
	int err;

	do
		err = io_uring_wait_cqe_timeout(&uring->ring, &cqe, &patience);
	while (err == -EINTR);
	if (err == -ETIME)
		return NULL;
	CHECK_EQ(0, err);
	return uring_take(uring, cqe);
}

static inline struct op *uring_reap(struct uring *uring)
{
	struct op *op = uring_reap_within(uring, LATE);

	CHECK(op);
	return op;
}

/* Its result; others may complete before. */
static inline int uring_join(struct uring *uring, struct op *op)
{
	while (!op->done)
		uring_reap(uring);
	return op->ret;
}

static inline int uring_run(struct uring *uring, struct op *op)
{
	uring_start(uring, op);
	return uring_join(uring, op);
}

/* Takes what has completed, having let it. */
static inline void uring_poll(struct uring *uring)
{
	struct io_uring_cqe *cqe;

	CHECK(io_uring_get_events(&uring->ring) >= 0);
	while (!io_uring_peek_cqe(&uring->ring, &cqe))
		uring_take(uring, cqe);
}

/* Has it not completed, nor is about to? */
static inline bool uring_waits(struct uring *uring, const struct op *op)
{
	uring_poll(uring);
	if (!op->done)
		return true;
	fprintf(stderr, "# completed with %d instead of waiting\n", op->ret);
	return false;
}

/* Cancels @other, and returns what comes of that. */
static inline int uring_cancel(struct uring *uring, const struct op *other)
{
	struct op cancel;

	return uring_run(uring, op_cancel(&cancel, other));
}

/* Is @op cancelled, as such? */
static inline bool uring_cancels(struct uring *uring, struct op *op)
{
	int canceling = uring_cancel(uring, op), canceled;

	if (canceling) {
		fprintf(stderr, "# cancelling: %d, completed %d times with %d\n", canceling,
			op->done, op->ret);
		return false;
	}
	canceled = uring_join(uring, op);
	if (canceled == -ECANCELED)
		return true;
	fprintf(stderr, "# not cancelled: %d\n", canceled);
	return false;
}

/* Receives what somebody else has sent, at once or soon. */
static inline int receive(struct op *op, struct task me)
{
	op_recv(op, me, PARLEY_ANY)->arg.deadline = now() + LATE;
	return op_run(op);
}

/* Is a message of this type received by a plain receive, and nothing else? */
static inline bool receives(struct task me, __s32 src, __s32 type)
{
	struct op op;
	int err = receive(&op, me);

	if (!err)
		return op_got(&op, src, type, 8);
	fprintf(stderr, "# type %d: received nothing: %d\n", type, err);
	return false;
}

#endif /* PARLEY_SELFTEST_URING_H */
