// SPDX-License-Identifier: GPL-2.0
/* Arguments of a ring's operations that are wrong, or become so; and chains of them. */
#include "uring.h"

#include <sys/mman.h>

#define PAGE	4096

FIXTURE(args)
{
	struct task me, other;
	struct uring uring;
	struct op op, plain, reply;
	struct op *page;	/* one that memory can be taken away from */
};

FIXTURE_SETUP(args)
{
	self->me = task_open();
	self->other = task_open();
	uring_open(&self->uring, 64, 0);
	self->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->page);
}

FIXTURE_TEARDOWN(args)
{
	uring_close(&self->uring);
}

/* With another command than the operation's own. */
static int run_with(struct uring *uring, struct op *op, __u32 cmd_op, struct parley_uring cmd)
{
	struct io_uring_sqe *sqe = uring_prep(uring, op);

	sqe->cmd_op = cmd_op;
	memcpy(sqe->cmd, &cmd, sizeof(cmd));
	uring_submit(uring);
	return uring_join(uring, op);
}

TEST_F(args, bad_pointers)
{
	static const __u64 bad[] = { 0, 8, 1ULL << 46, 1ULL << 63, ~0ULL, ~7ULL };

	op_recv(&self->op, self->me, PARLEY_ANY);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		struct parley_uring cmd = { .ipc = bad[i] };

		EXPECT_EQ(-EFAULT, run_with(&self->uring, &self->op, PARLEY_IOC_RECV, cmd));
		EXPECT_EQ(-EFAULT, run_with(&self->uring, &self->op, PARLEY_IOC_CALL, cmd));
		EXPECT_EQ(-EFAULT, run_with(&self->uring, &self->op, PARLEY_IOC_REPLY, cmd));
	}
}

TEST_F(args, reserved)
{
	struct parley_uring cmd = { .ipc = PTR(&self->op.arg), .reserved = 1 };

	op_poll(&self->op, self->me, PARLEY_ANY);
	EXPECT_EQ(-EINVAL, run_with(&self->uring, &self->op, PARLEY_IOC_RECV, cmd));
	cmd.reserved = 1ULL << 63;
	EXPECT_EQ(-EINVAL, run_with(&self->uring, &self->op, PARLEY_IOC_RECV, cmd));
	if (waits_async(self->me))
		EXPECT_EQ(-EINVAL, run_with(&self->uring, &self->op, PARLEY_IOC_CANCEL, cmd));
}

TEST_F(args, commands)
{
	static const __u32 others[] = {
		0, ~0U, PARLEY_IOC_INFO, PARLEY_IOC_NOTIFY, PARLEY_IOC_MODE, PARLEY_IOC_OPEN,
		PARLEY_IOC_BUS, PARLEY_IOC_RECV ^ 1U << 8, _IOC_NR(PARLEY_IOC_RECV),
	};
	struct parley_uring cmd = { .ipc = PTR(&self->op.arg) };

	op_poll(&self->op, self->me, PARLEY_ANY);
	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++)
		EXPECT_EQ(-ENOTTY, run_with(&self->uring, &self->op, others[i], cmd));
}

TEST_F(args, sizes_and_fields)
{
	op_recv(&self->op, self->me, PARLEY_ANY)->arg.size = 0;
	EXPECT_EQ(-EINVAL, uring_run(&self->uring, &self->op));
	op_recv(&self->op, self->me, PARLEY_ANY)->arg.size = 8;
	EXPECT_EQ(-EINVAL, uring_run(&self->uring, &self->op));
	op_recv(&self->op, self->me, PARLEY_ANY)->arg.size = ~0U;
	EXPECT_EQ(-E2BIG, uring_run(&self->uring, &self->op));
	op_recv(&self->op, self->me, PARLEY_ANY)->arg.flags = 1U << 31;
	EXPECT_EQ(-EINVAL, uring_run(&self->uring, &self->op));
	op_recv(&self->op, self->me, PARLEY_ANY)->arg.send = PTR(&self->op.out);
	EXPECT_EQ(-EINVAL, uring_run(&self->uring, &self->op));
	op_call(&self->op, self->me, self->other.id, -1, 8);
	EXPECT_EQ(-EINVAL, uring_run(&self->uring, &self->op));
	op_call(&self->op, self->me, self->other.id, 1, PARLEY_PAYLOAD_MAX + 1);
	EXPECT_EQ(-EMSGSIZE, uring_run(&self->uring, &self->op));
	op_call(&self->op, self->me, self->other.id, 1, 8)->arg.send = 8;
	EXPECT_EQ(-EFAULT, uring_run(&self->uring, &self->op));
	EXPECT_TRUE(hears_nothing(self->other));
	EXPECT_TRUE(hears_nothing(self->me));
}

/* Is the message kept that a receive into bad memory could not take? */
static bool faults(struct _test_data_args *self, struct op *op)
{
	int err;

	op_start(op_send(&self->plain, self->other, self->me.id, 1, 8));
	err = uring_join(&self->uring, op);
	if (err != -EFAULT) {
		fprintf(stderr, "# returned %d instead of a fault\n", err);
		return false;
	}
	return receives(self->me, self->other.id, 1) && !op_join(&self->plain);
}

TEST_F(args, nowhere_to_receive)
{
	op_recv(&self->op, self->me, PARLEY_ANY)->arg.recv = 8;
	uring_start(&self->uring, &self->op);
	EXPECT_TRUE(faults(self, &self->op));
}

TEST_F(args, read_only_argument)
{
	struct parley_uring cmd = { .ipc = PTR(&self->page->arg) };
	struct io_uring_sqe *sqe;

	op_recv(self->page, self->me, PARLEY_ANY)->arg.recv = PTR(&self->op.in);
	memset(&self->op, 0, sizeof(self->op));
	self->op.fd = self->me.fd;
	self->op.cmd = PARLEY_IOC_RECV;
	ASSERT_EQ(0, mprotect(self->page, PAGE, PROT_READ));
	sqe = uring_prep(&self->uring, &self->op);
	memcpy(sqe->cmd, &cmd, sizeof(cmd));
	uring_submit(&self->uring);
	EXPECT_TRUE(faults(self, &self->op));
}

/* Of the receive that waits, the argument and the place for the message. */
TEST_F(args, memory_that_goes_away)
{
	struct parley_uring cmd = { .ipc = PTR(&self->page->arg) };
	struct io_uring_sqe *sqe;

	for (int round = 0; round < 2; round++) {
		memset(&self->op, 0, sizeof(self->op));
		op_recv(&self->op, self->me, PARLEY_ANY);
		op_recv(self->page, self->me, PARLEY_ANY);
		if (round)
			self->op.arg.recv = PTR(&self->page->in);
		sqe = uring_prep(&self->uring, &self->op);
		if (!round)
			memcpy(sqe->cmd, &cmd, sizeof(cmd));
		uring_submit(&self->uring);
		/* Without threads it has read its argument; else it soon has. */
		EXPECT_TRUE(uring_waits(&self->uring, &self->op));
		usleep(SHORT / 1000);
		/* Unmapped it might be the next thread's stack. */
		ASSERT_EQ(0, mprotect(self->page, PAGE, PROT_NONE));
		EXPECT_TRUE(faults(self, &self->op));
		ASSERT_EQ(0, mprotect(self->page, PAGE, PROT_READ | PROT_WRITE));
	}
}

/* The reply is made when the receive has completed, and not before. */
TEST_F(args, chain)
{
	struct op call;

	op_start(op_call(&call, self->other, self->me.id, 1, 8));
	ASSERT_EQ(0, receive(&self->plain, self->me));
	op_reply(&self->reply, self->me, self->plain.arg.token, 2, 8);
	uring_prep(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY))->flags |= IOSQE_IO_LINK;
	uring_prep(&self->uring, &self->reply);
	uring_submit(&self->uring);
	EXPECT_TRUE(uring_waits(&self->uring, &self->reply));
	EXPECT_FALSE(op_done(&call));
	op_start(op_send(&self->plain, self->other, self->me.id, 3, 8));
	EXPECT_EQ(0, uring_join(&self->uring, &self->reply));
	EXPECT_EQ(0, uring_join(&self->uring, &self->op));
	EXPECT_EQ(0, op_join(&call));
	EXPECT_EQ(0, op_join(&self->plain));
}

TEST_F(args, chain_that_breaks)
{
	struct op call;

	op_start(op_call(&call, self->other, self->me.id, 1, 8));
	ASSERT_EQ(0, receive(&self->plain, self->me));
	op_reply(&self->reply, self->me, self->plain.arg.token, 2, 8);
	op_recv(&self->op, self->me, PARLEY_ANY)->arg.deadline = now() + SHORT;
	uring_prep(&self->uring, &self->op)->flags |= IOSQE_IO_LINK;
	uring_prep(&self->uring, &self->reply);
	uring_submit(&self->uring);
	EXPECT_EQ(-ECANCELED, uring_join(&self->uring, &self->reply));
	EXPECT_EQ(-ETIMEDOUT, uring_join(&self->uring, &self->op));
	EXPECT_FALSE(op_done(&call));
	EXPECT_EQ(0, uring_run(&self->uring, &self->reply));
	EXPECT_EQ(0, op_join(&call));
}

TEST_HARNESS_MAIN
