// SPDX-License-Identifier: GPL-2.0
/* NOTIFY: bits that are OR-ed, come first, and only to those who hear them. */
#include "common.h"

FIXTURE(notify)
{
	struct task sender, receiver;
	struct op send, recv;
};

FIXTURE_SETUP(notify)
{
	self->sender = task_open();
	self->receiver = task_open();
}

FIXTURE_TEARDOWN(notify)
{
}

TEST_F(notify, each_bit_arrives)
{
	for (__u32 bit = 0x10; bit <= 0x80; bit <<= 1) {
		ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, bit));
		ASSERT_EQ(0, op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)));
		EXPECT_TRUE(op_got_bits(&self->recv, bit));
		EXPECT_EQ(-EAGAIN, op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)));
	}
}

TEST_F(notify, bits_are_merged)
{
	struct task other = task_open();

	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x10));
	ASSERT_EQ(0, task_notify(other, self->receiver.id, 0x90));
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x10));
	ASSERT_EQ(0, op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)));
	EXPECT_TRUE(op_got_bits(&self->recv, 0x90));
	EXPECT_EQ(-EAGAIN, op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)));
}

TEST_F(notify, message_does_not_write_beyond_its_byte)
{
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0xf0));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->receiver, PARLEY_ANY)));
	EXPECT_TRUE(op_got_bits(&self->recv, 0xf0));
	for (int i = 1; i < PARLEY_PAYLOAD_MAX; i++)
		ASSERT_EQ(UNTOUCHED, self->recv.in.payload[i]);
}

TEST_F(notify, comes_before_messages)
{
	op_park(op_send(&self->send, self->sender, self->receiver.id, 1, 8));
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x20));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->receiver, PARLEY_ANY)));
	EXPECT_TRUE(op_got_bits(&self->recv, 0x20));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->receiver, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->recv, self->sender.id, 1, 8));
	EXPECT_EQ(0, op_join(&self->send));
}

TEST_F(notify, kernel_only_receive_takes_nothing_else)
{
	op_park(op_send(&self->send, self->sender, self->receiver.id, 1, 8));
	EXPECT_EQ(-EAGAIN, op_run(op_poll(&self->recv, self->receiver, PARLEY_TASK_KERNEL)));
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x40));
	ASSERT_EQ(0, op_run(op_poll(&self->recv, self->receiver, PARLEY_TASK_KERNEL)));
	EXPECT_TRUE(op_got_bits(&self->recv, 0x40));
	op_await(&self->send);
}

TEST_F(notify, closed_receive_leaves_bits_alone)
{
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x40));
	EXPECT_EQ(-EAGAIN, op_run(op_poll(&self->recv, self->receiver, self->sender.id)));
	op_park(op_send(&self->send, self->sender, self->receiver.id, 1, 8));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->receiver, self->sender.id)));
	EXPECT_TRUE(op_got(&self->recv, self->sender.id, 1, 8));
	EXPECT_EQ(0, op_join(&self->send));
	ASSERT_EQ(0, op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)));
	EXPECT_TRUE(op_got_bits(&self->recv, 0x40));
}

TEST_F(notify, wakes_an_open_receive)
{
	op_park(op_recv(&self->recv, self->receiver, PARLEY_ANY));
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x80));
	ASSERT_EQ(0, op_join(&self->recv));
	EXPECT_TRUE(op_got_bits(&self->recv, 0x80));
}

TEST_F(notify, wakes_a_kernel_only_receive)
{
	op_park(op_recv(&self->recv, self->receiver, PARLEY_TASK_KERNEL));
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x80));
	ASSERT_EQ(0, op_join(&self->recv));
	EXPECT_TRUE(op_got_bits(&self->recv, 0x80));
}

TEST_F(notify, wakes_no_closed_receive)
{
	op_park(op_recv(&self->recv, self->receiver, self->sender.id));
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x80));
	op_await(&self->recv);
	ASSERT_EQ(0, op_run(op_send(&self->send, self->sender, self->receiver.id, 1, 8)));
	ASSERT_EQ(0, op_join(&self->recv));
	EXPECT_TRUE(op_got(&self->recv, self->sender.id, 1, 8));
}

/* A closed receiver that waits in front hides the bits from nobody behind. */
TEST_F(notify, passes_a_closed_receive_by)
{
	struct op closed;

	op_park(op_recv(&closed, self->receiver, self->sender.id));
	op_park(op_recv(&self->recv, self->receiver, PARLEY_ANY));
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x80));
	ASSERT_EQ(0, op_join(&self->recv));
	EXPECT_TRUE(op_got_bits(&self->recv, 0x80));
	op_await(&closed);
}

TEST_F(notify, wakes_one_of_two)
{
	struct op other;

	op_park(op_recv(&self->recv, self->receiver, PARLEY_ANY));
	op_park(op_recv(&other, self->receiver, PARLEY_ANY));
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x10));
	while (!op_done(&self->recv) && !op_done(&other))
		sched_yield();
	op_await(op_done(&self->recv) ? &other : &self->recv);
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x20));
	ASSERT_EQ(0, op_join(&self->recv));
	ASSERT_EQ(0, op_join(&other));
	EXPECT_EQ(0x30, self->recv.in.payload[0] | other.in.payload[0]);
}

TEST_F(notify, too_little_room_keeps_the_bits)
{
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x10));
	op_recv(&self->recv, self->receiver, PARLEY_ANY)->arg.recv_len = 0;
	ASSERT_EQ(-EMSGSIZE, op_run(&self->recv));
	EXPECT_EQ(1U, self->recv.arg.recv_len);
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x20));
	ASSERT_EQ(0, op_run(&self->recv));
	EXPECT_TRUE(op_got_bits(&self->recv, 0x30));
}

TEST_F(notify, unwritable_buffer_keeps_the_bits)
{
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x10));
	op_recv(&self->recv, self->receiver, PARLEY_ANY)->arg.recv = 0;
	ASSERT_EQ(-EFAULT, op_run(&self->recv));
	ASSERT_EQ(0, op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)));
	EXPECT_TRUE(op_got_bits(&self->recv, 0x10));
}

TEST_F(notify, oneself)
{
	ASSERT_EQ(0, task_notify(self->sender, self->sender.id, 0x10));
	ASSERT_EQ(0, op_run(op_poll(&self->recv, self->sender, PARLEY_ANY)));
	EXPECT_TRUE(op_got_bits(&self->recv, 0x10));
}

TEST_F(notify, replyrecv_hears_it)
{
	struct op call;

	op_park(op_call(&call, self->sender, self->receiver.id, 1, 8));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->receiver, PARLEY_ANY)));
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x10));
	op_replyrecv(&self->recv, self->receiver, self->recv.arg.token, 2, 8);
	ASSERT_EQ(0, op_run(&self->recv));
	EXPECT_TRUE(op_got_bits(&self->recv, 0x10));
	EXPECT_EQ(0, op_join(&call));
}

TEST_F(notify, interrupts_no_call)
{
	struct op call;

	op_park(op_call(&call, self->sender, self->receiver.id, 1, 8));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->receiver, PARLEY_ANY)));
	ASSERT_EQ(0, task_notify(self->receiver, self->sender.id, 0x10));
	op_await(&call);
	op_reply(&self->send, self->receiver, self->recv.arg.token, 2, 8);
	ASSERT_EQ(0, op_run(&self->send));
	ASSERT_EQ(0, op_join(&call));
	EXPECT_TRUE(op_got(&call, self->receiver.id, 2, 8));
	ASSERT_EQ(0, op_run(op_poll(&self->recv, self->sender, PARLEY_ANY)));
	EXPECT_TRUE(op_got_bits(&self->recv, 0x10));
}

TEST_F(notify, forbidden_bits_are_refused)
{
	for (unsigned int bit = 0; bit < 32; bit++) {
		if ((PARLEY_NOTIFY_USER | PARLEY_NOTIFY_ASYNC) & 1U << bit)
			continue;
		EXPECT_EQ(-EINVAL, task_notify(self->sender, self->receiver.id, 1U << bit))
			TH_LOG("bit %u", bit);
		EXPECT_EQ(-EINVAL, task_notify(self->sender, self->receiver.id, 1U << bit | 0x10))
			TH_LOG("bit %u with a good one", bit);
	}
	EXPECT_EQ(-EINVAL, task_notify(self->sender, self->receiver.id, 0));
	EXPECT_EQ(-EAGAIN, op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)));
}

TEST_F(notify, reserved_field_is_zero)
{
	struct parley_notify arg = { sizeof(arg), self->receiver.id, 0x10, 1 };

	EXPECT_EQ(-EINVAL, parley(self->sender.fd, PARLEY_IOC_NOTIFY, &arg));
	EXPECT_EQ(-EAGAIN, op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)));
}

TEST_F(notify, nobody_there)
{
	const __s32 ids[] = { dead_id(), PARLEY_TASK_KERNEL, PARLEY_ANY, -2, INT_MIN, INT_MAX };

	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		EXPECT_EQ(-ENOTCONN, task_notify(self->sender, ids[i], 0x10))
			TH_LOG("id %d", ids[i]);
	}
}

TEST_HARNESS_MAIN
