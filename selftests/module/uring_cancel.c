// SPDX-License-Identifier: GPL-2.0
/* Cancelling what waits in a ring: nothing is lost, and who has it in hand is told. */
#include "uring.h"

#define ROUNDS	200
#define MANY	100
#define SKIPPED	255	/* to the harness, which goes on after a SKIP() in a fixture */

FIXTURE(cancel)
{
	struct task me, other;
	struct uring uring, another;
	struct op op, plain, reply;
};

FIXTURE_SETUP(cancel)
{
	self->me = task_open();
	self->other = task_open();
	uring_open(&self->uring, 256, 0);
	uring_open(&self->another, 64, 0);
	if (!waits_async(self->me))
		SKIP(_exit(SKIPPED), OLD);
}

FIXTURE_TEARDOWN(cancel)
{
	uring_close(&self->another);
	uring_close(&self->uring);
}

TEST_F(cancel, receive)
{
	uring_start(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY));
	EXPECT_TRUE(uring_cancels(&self->uring, &self->op));
	EXPECT_EQ(UNTOUCHED, self->op.in.payload[0]);
	EXPECT_EQ(0ULL, self->op.arg.token);
	op_park(op_send(&self->plain, self->other, self->me.id, 1, 8));
	EXPECT_TRUE(receives(self->me, self->other.id, 1));
	EXPECT_EQ(0, op_join(&self->plain));
}

TEST_F(cancel, one_receive_of_several)
{
	struct op next;

	uring_start(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY));
	uring_start(&self->uring, op_recv(&next, self->me, PARLEY_ANY));
	EXPECT_TRUE(uring_cancels(&self->uring, &self->op));
	op_start(op_send(&self->plain, self->other, self->me.id, 1, 8));
	ASSERT_EQ(0, uring_join(&self->uring, &next));
	EXPECT_TRUE(op_got(&next, self->other.id, 1, 8));
	EXPECT_EQ(0, op_join(&self->plain));
}

TEST_F(cancel, receive_from_one)
{
	uring_start(&self->uring, op_recv(&self->op, self->me, self->other.id));
	EXPECT_TRUE(uring_cancels(&self->uring, &self->op));
	op_park(op_send(&self->plain, self->other, self->me.id, 1, 8));
	EXPECT_TRUE(receives(self->me, self->other.id, 1));
	EXPECT_EQ(0, op_join(&self->plain));
}

TEST_F(cancel, replyrecv)
{
	op_park(op_call(&self->plain, self->other, self->me.id, 1, 8));
	ASSERT_EQ(0, receive(&self->op, self->me));
	op_replyrecv(&self->op, self->me, self->op.arg.token, 2, 8);
	uring_start(&self->uring, &self->op);
	EXPECT_EQ(0, op_join(&self->plain));
	EXPECT_TRUE(op_got(&self->plain, self->me.id, 2, 8));
	EXPECT_TRUE(uring_cancels(&self->uring, &self->op));
	EXPECT_EQ(0ULL, self->op.arg.token);
}

TEST_F(cancel, send)
{
	uring_start(&self->uring, op_send(&self->op, self->me, self->other.id, 1, 8));
	EXPECT_TRUE(uring_cancels(&self->uring, &self->op));
	EXPECT_EQ(0ULL, self->op.arg.token);
	EXPECT_TRUE(hears_nothing(self->other));
}

TEST_F(cancel, call_that_nobody_took)
{
	uring_start(&self->uring, op_call(&self->op, self->me, self->other.id, 1, 8));
	EXPECT_TRUE(uring_cancels(&self->uring, &self->op));
	EXPECT_EQ(0ULL, self->op.arg.token);
	EXPECT_TRUE(hears_nothing(self->other));
}

TEST_F(cancel, call_in_the_servers_hands)
{
	uring_start(&self->uring, op_call(&self->op, self->me, self->other.id, 1, 8));
	ASSERT_EQ(0, receive(&self->plain, self->other));
	EXPECT_TRUE(uring_cancels(&self->uring, &self->op));
	EXPECT_EQ(0ULL, self->op.arg.token);
	EXPECT_TRUE(hears_bits(self->other, PARLEY_NOTIFY_ABORTED));
	EXPECT_TRUE(hears_cancelled(self->other, self->plain.arg.token));
	op_reply(&self->reply, self->other, self->plain.arg.token, 2, 8);
	EXPECT_EQ(-ENOENT, op_run(&self->reply));
	EXPECT_TRUE(hears_nothing(self->other));
}

/* The refused reply tells as much. */
TEST_F(cancel, call_that_is_answered_too_late)
{
	uring_start(&self->uring, op_call(&self->op, self->me, self->other.id, 1, 8));
	ASSERT_EQ(0, receive(&self->plain, self->other));
	EXPECT_TRUE(uring_cancels(&self->uring, &self->op));
	op_reply(&self->reply, self->other, self->plain.arg.token, 2, 8);
	EXPECT_EQ(-ENOENT, op_run(&self->reply));
	EXPECT_TRUE(hears_nothing(self->other));
}

TEST_F(cancel, calls_out_of_many)
{
	static struct op calls[MANY];
	static __u64 tokens[MANY];

	for (int i = 0; i < MANY; i++)
		uring_prep(&self->uring, op_call(&calls[i], self->me, self->other.id, i, 8));
	uring_submit(&self->uring);
	for (int i = 0; i < MANY / 2; i++) {
		ASSERT_EQ(0, receive(&self->plain, self->other));
		tokens[i] = self->plain.arg.token;
	}
	for (int i = 0; i < MANY; i += 2)
		ASSERT_TRUE(uring_cancels(&self->uring, &calls[i]));
	EXPECT_TRUE(hears_bits(self->other, PARLEY_NOTIFY_ABORTED));
	for (int i = 0; i < MANY / 2; i++) {
		op_reply(&self->reply, self->other, tokens[i], i, 8);
		ASSERT_EQ(i & 1 ? 0 : -ENOENT, op_run(&self->reply));
	}
	for (int i = MANY / 2 + 1; i < MANY; i += 2) {
		ASSERT_EQ(0, receive(&self->plain, self->other));
		ASSERT_TRUE(op_got(&self->plain, self->me.id, i, 8));
		op_reply(&self->reply, self->other, self->plain.arg.token, i, 8);
		ASSERT_EQ(0, op_run(&self->reply));
	}
	for (int i = 1; i < MANY; i += 2)
		ASSERT_EQ(0, uring_join(&self->uring, &calls[i]));
	EXPECT_TRUE(hears_nothing(self->other));
}

TEST_F(cancel, what_is_not_there)
{
	op_recv(&self->op, self->me, PARLEY_ANY);
	EXPECT_EQ(-ENOENT, uring_cancel(&self->uring, &self->op));
	EXPECT_EQ(-EAGAIN, uring_run(&self->uring, op_poll(&self->op, self->me, PARLEY_ANY)));
	EXPECT_EQ(-ENOENT, uring_cancel(&self->uring, &self->op));
	/* Neither by another argument, nor what waits without a ring. */
	op_recv(&self->reply, self->me, PARLEY_ANY);
	uring_start(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY));
	EXPECT_EQ(-ENOENT, uring_cancel(&self->uring, &self->reply));
	EXPECT_TRUE(uring_cancels(&self->uring, &self->op));
	op_park(op_recv(&self->plain, self->me, PARLEY_ANY));
	EXPECT_EQ(-ENOENT, uring_cancel(&self->uring, &self->plain));
	op_await(&self->plain);
}

TEST_F(cancel, twice)
{
	struct op first, second;

	uring_start(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY));
	uring_prep(&self->uring, op_cancel(&first, &self->op));
	uring_prep(&self->uring, op_cancel(&second, &self->op));
	uring_submit(&self->uring);
	EXPECT_EQ(0, uring_join(&self->uring, &first));
	EXPECT_EQ(-ENOENT, uring_join(&self->uring, &second));
	EXPECT_EQ(-ECANCELED, uring_join(&self->uring, &self->op));
}

/* By the same submission as what it cancels. */
TEST_F(cancel, at_once)
{
	struct op cancel;

	uring_prep(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY));
	uring_prep(&self->uring, op_cancel(&cancel, &self->op));
	uring_submit(&self->uring);
	EXPECT_EQ(0, uring_join(&self->uring, &cancel));
	EXPECT_EQ(-ECANCELED, uring_join(&self->uring, &self->op));
}

TEST_F(cancel, the_same_argument_again)
{
	for (int i = 0; i < MANY; i++) {
		uring_start(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY));
		ASSERT_TRUE(uring_cancels(&self->uring, &self->op));
	}
}

TEST_F(cancel, by_another_ring)
{
	uring_start(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY));
	EXPECT_EQ(0, uring_cancel(&self->another, &self->op));
	EXPECT_EQ(-ECANCELED, uring_join(&self->uring, &self->op));
}

/* In another thread, with a ring of its own, as often as told. */
struct canceller {
	struct op *op;
	struct op cancel;
	pthread_t thread;
};

static void *canceller_thread(void *arg)
{
	struct canceller *canceller = arg;
	struct uring uring;

	uring_open(&uring, 4, 0);
	for (int spin = rand() % 20000; spin; spin--)
		__asm__ volatile("");
	uring_run(&uring, op_cancel(&canceller->cancel, canceller->op));
	uring_close(&uring);
	return NULL;
}

static void canceller_start(struct canceller *canceller, struct op *op)
{
	canceller->op = op;
	CHECK_EQ(0, pthread_create(&canceller->thread, NULL, canceller_thread, canceller));
}

static int canceller_join(struct canceller *canceller)
{
	CHECK_EQ(0, pthread_join(canceller->thread, NULL));
	return canceller->cancel.ret;
}

TEST_F(cancel, by_another_thread)
{
	struct canceller canceller;

	uring_start(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY));
	canceller_start(&canceller, &self->op);
	EXPECT_EQ(-ECANCELED, uring_join(&self->uring, &self->op));
	EXPECT_EQ(0, canceller_join(&canceller));
}

/* What has come meanwhile completes it, even if it is told to end. */
static bool agree(const struct op *op, int canceling)
{
	if (op->ret ? op->ret == -ECANCELED && !canceling : !canceling || canceling == -ENOENT)
		return true;
	fprintf(stderr, "# completed with %d, cancelling with %d\n", op->ret, canceling);
	return false;
}

/* Either it is received, or cancelled and still there for the next. */
TEST_F(cancel, receive_and_message_at_once)
{
	struct canceller canceller;
	int received = 0;

	for (int i = 0; i < ROUNDS; i++) {
		uring_start(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY));
		op_start(op_send(&self->plain, self->other, self->me.id, i, 8));
		canceller_start(&canceller, &self->op);
		uring_join(&self->uring, &self->op);
		ASSERT_TRUE(agree(&self->op, canceller_join(&canceller)));
		if (self->op.ret) {
			ASSERT_TRUE(receives(self->me, self->other.id, i));
		} else {
			ASSERT_TRUE(op_got(&self->op, self->other.id, i, 8));
			received++;
		}
		ASSERT_EQ(0, op_join(&self->plain));
		ASSERT_TRUE(hears_nothing(self->me));
	}
	TH_LOG("%d of %d received", received, ROUNDS);
}

/* Either it is answered, or the server knows that it is not. */
TEST_F(cancel, call_and_reply_at_once)
{
	struct canceller canceller;
	int answered = 0;

	for (int i = 0; i < ROUNDS; i++) {
		uring_start(&self->uring, op_call(&self->op, self->me, self->other.id, i, 8));
		ASSERT_EQ(0, receive(&self->plain, self->other));
		canceller_start(&canceller, &self->op);
		for (int spin = rand() % 200000; spin; spin--)
			__asm__ volatile("");
		op_reply(&self->reply, self->other, self->plain.arg.token, i, 8);
		op_run(&self->reply);
		uring_join(&self->uring, &self->op);
		ASSERT_TRUE(agree(&self->op, canceller_join(&canceller)));
		ASSERT_EQ(self->op.ret ? -ENOENT : 0, self->reply.ret);
		ASSERT_TRUE(hears_nothing(self->other));
		answered += !self->op.ret;
	}
	TH_LOG("%d of %d answered", answered, ROUNDS);
}

TEST_F(cancel, call_and_its_delivery_at_once)
{
	struct canceller canceller;
	int delivered = 0;

	for (int i = 0; i < ROUNDS; i++) {
		uring_start(&self->uring, op_call(&self->op, self->me, self->other.id, i, 8));
		canceller_start(&canceller, &self->op);
		for (int spin = rand() % 200000; spin; spin--)
			__asm__ volatile("");
		op_run(op_poll(&self->plain, self->other, self->me.id));
		ASSERT_EQ(0, canceller_join(&canceller));
		ASSERT_EQ(-ECANCELED, uring_join(&self->uring, &self->op));
		if (self->plain.ret) {
			ASSERT_EQ(-EAGAIN, self->plain.ret);
		} else {
			ASSERT_TRUE(hears_bits(self->other, PARLEY_NOTIFY_ABORTED));
			ASSERT_TRUE(hears_cancelled(self->other, self->plain.arg.token));
			delivered++;
		}
		ASSERT_TRUE(hears_nothing(self->other));
	}
	TH_LOG("%d of %d delivered", delivered, ROUNDS);
}

/* io_uring's own cancelling finds nothing, nor does a timeout. */
TEST_F(cancel, by_other_means)
{
	struct __kernel_timespec soon = { .tv_nsec = SHORT };
	struct op cancel = { .fd = -1 }, timeout = { .fd = -1 };
	struct io_uring_sqe *sqe;

	uring_prep(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY))->flags |= IOSQE_IO_LINK;
	sqe = uring_prep(&self->uring, &timeout);
	io_uring_prep_link_timeout(sqe, &soon, 0);
	io_uring_sqe_set_data(sqe, &timeout);
	uring_submit(&self->uring);
	uring_join(&self->uring, &timeout);
	EXPECT_TRUE(uring_waits(&self->uring, &self->op));
	sqe = uring_prep(&self->uring, &cancel);
	io_uring_prep_cancel(sqe, &self->op, 0);
	io_uring_sqe_set_data(sqe, &cancel);
	uring_submit(&self->uring);
	EXPECT_EQ(-ENOENT, uring_join(&self->uring, &cancel));
	EXPECT_TRUE(uring_waits(&self->uring, &self->op));
	op_start(op_send(&self->plain, self->other, self->me.id, 1, 8));
	EXPECT_EQ(0, uring_join(&self->uring, &self->op));
	EXPECT_EQ(0, op_join(&self->plain));
}

/* What a thread does is cancelled by io_uring, and by that alone. */
TEST_F(cancel, what_takes_a_thread)
{
	struct op cancel = { .fd = -1 };
	struct io_uring_sqe *sqe;

	uring_prep(&self->uring, op_recv(&self->op, self->me, PARLEY_ANY))->flags |= IOSQE_ASYNC;
	uring_submit(&self->uring);
	EXPECT_EQ(-ENOENT, uring_cancel(&self->uring, &self->op));
	sqe = uring_prep(&self->uring, &cancel);
	io_uring_prep_cancel(sqe, &self->op, 0);
	io_uring_sqe_set_data(sqe, &cancel);
	uring_submit(&self->uring);
	uring_join(&self->uring, &cancel);
	uring_join(&self->uring, &self->op);
	EXPECT_TRUE(self->op.ret == -EINTR || self->op.ret == -ECANCELED);
}

FIXTURE(without)
{
	struct task me;
	struct uring uring;
	struct op op;
};

FIXTURE_SETUP(without)
{
	self->me = task_open();
	uring_open(&self->uring, 8, 0);
	if (waits_async(self->me))
		SKIP(_exit(SKIPPED), "not on Linux 6.7 or later");
}

FIXTURE_TEARDOWN(without)
{
	uring_close(&self->uring);
}

TEST_F(without, threads_there_is_no_cancelling)
{
	op_recv(&self->op, self->me, PARLEY_ANY);
	EXPECT_EQ(-EOPNOTSUPP, uring_cancel(&self->uring, &self->op));
}

TEST_HARNESS_MAIN
