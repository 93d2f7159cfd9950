/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: what the tests of operations over a ring share
 *
 * A fixture with a ring, one operation with all that it needs, and a peer.
 */
#ifndef SELFTESTS_LIBIPC_RING_H
#define SELFTESTS_LIBIPC_RING_H

#include <kselftest_harness.h>

#include <liburing.h>

#include <libipc-uring.h>

#include "cargo.h"

#define ENTRIES	64

FIXTURE(uring) {
	struct io_uring ring;
	struct peer peer;
	struct ipc_uring op;
	struct ipc_msg msg;
	size_t len;
	ipc_token_t token;
	struct ipc_cargo cargo;
};

FIXTURE_SETUP(uring)
{
	ASSERT_TRUE(have_feature(LIBIPC_FEATURE_URING)) {
		TH_LOG("the module has no LIBIPC_FEATURE_URING");
	}
	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, io_uring_queue_init(ENTRIES, &self->ring, 0));
	memset(&self->op, 0xa5, sizeof(self->op));
	self->peer.to = ipc_self();
	self->peer.msg.type = 40;
	self->peer.len = HEAD;
	self->cargo.accept = LIBIPC_CARGO_OOL | LIBIPC_CARGO_FD;
	self->cargo.recv_data = buffer(LIBIPC_OOL_MAX);
	self->cargo.recv_room = LIBIPC_OOL_MAX;
}

FIXTURE_TEARDOWN(uring)
{
	io_uring_queue_exit(&self->ring);
}

/* An entry that tells @op when it completes. */
static inline struct io_uring_sqe *entry(FIXTURE_DATA(uring) * self, struct ipc_uring *op)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&self->ring);

	memset(sqe, 0xa5, sizeof(*sqe));
	io_uring_sqe_set_data(sqe, op);
	return sqe;
}

/* Submits what was prepared, and waits: the operation that has completed, and *@res. */
static inline struct ipc_uring *completed(FIXTURE_DATA(uring) * self, int *res)
{
	struct io_uring_cqe *cqe;
	struct ipc_uring *op;

	if (io_uring_submit(&self->ring) < 0 || io_uring_wait_cqe(&self->ring, &cqe) < 0) {
		fputs("the ring is broken\n", stderr);
		abort();
	}
	op = io_uring_cqe_get_data(cqe);
	*res = cqe->res;
	io_uring_cqe_seen(&self->ring, cqe);
	return op;
}

/* The only operation there is. */
static inline int result(FIXTURE_DATA(uring) * self)
{
	int res;

	if (completed(self, &res) != &self->op)
		return -EBADMSG;
	return ipc_uring_result(&self->op, res);
}

static inline void prep_recv(FIXTURE_DATA(uring) * self, uint64_t deadline)
{
	ipc_uring_prep_recv(entry(self, &self->op), ipc_fd(), &self->op, LIBIPC_TASK_ANY,
			    &self->msg, &self->len, &self->token, &self->cargo, deadline);
}

static inline int recv_over(FIXTURE_DATA(uring) * self)
{
	prep_recv(self, LIBIPC_FOREVER);
	return result(self);
}

static inline void prep_call(FIXTURE_DATA(uring) * self, ipc_task_t dst, uint64_t deadline)
{
	ipc_uring_prep_call(entry(self, &self->op), ipc_fd(), &self->op, dst, &self->msg,
			    &self->len, &self->cargo, deadline);
}

#endif /* SELFTESTS_LIBIPC_RING_H */
