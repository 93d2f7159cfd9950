// SPDX-License-Identifier: GPL-2.0
/* RECV: from any or one, in order, and what it does when it cannot deliver. */
#include "common.h"

FIXTURE(recv)
{
	struct task receiver, first, second;
	struct op send[3], recv[2];
};

FIXTURE_SETUP(recv)
{
	self->receiver = task_open();
	self->first = task_open();
	self->second = task_open();
}

FIXTURE_TEARDOWN(recv)
{
}

TEST_F(recv, order_is_that_of_sending)
{
	op_park(op_send(&self->send[0], self->first, self->receiver.id, 1, 10));
	op_park(op_send(&self->send[1], self->second, self->receiver.id, 2, 20));
	op_park(op_send(&self->send[2], self->first, self->receiver.id, 3, 30));

	ASSERT_EQ(0, op_run(op_recv(&self->recv[0], self->receiver, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->recv[0], self->first.id, 1, 10));
	ASSERT_EQ(0, op_run(op_recv(&self->recv[0], self->receiver, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->recv[0], self->second.id, 2, 20));
	ASSERT_EQ(0, op_run(op_recv(&self->recv[0], self->receiver, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->recv[0], self->first.id, 3, 30));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, op_join(&self->send[i]));
}

TEST_F(recv, one_leaves_the_others_in_line)
{
	op_park(op_send(&self->send[0], self->first, self->receiver.id, 1, 10));
	op_park(op_send(&self->send[1], self->second, self->receiver.id, 2, 20));
	op_park(op_send(&self->send[2], self->second, self->receiver.id, 3, 30));

	ASSERT_EQ(0, op_run(op_recv(&self->recv[0], self->receiver, self->second.id)));
	EXPECT_TRUE(op_got(&self->recv[0], self->second.id, 2, 20));
	ASSERT_EQ(0, op_run(op_recv(&self->recv[0], self->receiver, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->recv[0], self->first.id, 1, 10));
	ASSERT_EQ(-EAGAIN, op_run(op_poll(&self->recv[0], self->receiver, self->first.id)));
	ASSERT_EQ(0, op_run(op_recv(&self->recv[0], self->receiver, self->second.id)));
	EXPECT_TRUE(op_got(&self->recv[0], self->second.id, 3, 30));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, op_join(&self->send[i]));
}

TEST_F(recv, one_waits_for_that_one)
{
	op_park(op_recv(&self->recv[0], self->receiver, self->first.id));
	op_park(op_send(&self->send[1], self->second, self->receiver.id, 2, 20));
	op_await(&self->recv[0]);
	ASSERT_EQ(0, op_run(op_send(&self->send[0], self->first, self->receiver.id, 1, 10)));
	ASSERT_EQ(0, op_join(&self->recv[0]));
	EXPECT_TRUE(op_got(&self->recv[0], self->first.id, 1, 10));
	ASSERT_EQ(0, op_run(op_recv(&self->recv[0], self->receiver, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->recv[0], self->second.id, 2, 20));
	EXPECT_EQ(0, op_join(&self->send[1]));
}

TEST_F(recv, each_waiting_receiver_gets_one)
{
	bool swapped;

	op_park(op_recv(&self->recv[0], self->receiver, PARLEY_ANY));
	op_park(op_recv(&self->recv[1], self->receiver, PARLEY_ANY));
	ASSERT_EQ(0, op_run(op_send(&self->send[0], self->first, self->receiver.id, 1, 10)));
	ASSERT_EQ(0, op_run(op_send(&self->send[1], self->first, self->receiver.id, 2, 20)));
	ASSERT_EQ(0, op_join(&self->recv[0]));
	ASSERT_EQ(0, op_join(&self->recv[1]));
	swapped = self->recv[0].in.type == 2;
	EXPECT_TRUE(op_got(&self->recv[swapped], self->first.id, 1, 10));
	EXPECT_TRUE(op_got(&self->recv[!swapped], self->first.id, 2, 20));
}

TEST_F(recv, open_and_closed_receivers_side_by_side)
{
	op_park(op_recv(&self->recv[0], self->receiver, self->second.id));
	op_park(op_recv(&self->recv[1], self->receiver, PARLEY_ANY));
	ASSERT_EQ(0, op_run(op_send(&self->send[0], self->first, self->receiver.id, 1, 10)));
	ASSERT_EQ(0, op_join(&self->recv[1]));
	EXPECT_TRUE(op_got(&self->recv[1], self->first.id, 1, 10));
	ASSERT_EQ(0, op_run(op_send(&self->send[1], self->second, self->receiver.id, 2, 20)));
	ASSERT_EQ(0, op_join(&self->recv[0]));
	EXPECT_TRUE(op_got(&self->recv[0], self->second.id, 2, 20));
}

TEST_F(recv, nonblocking)
{
	const __s32 peers[] = { PARLEY_ANY, self->first.id, self->receiver.id, PARLEY_TASK_KERNEL };

	for (unsigned int i = 0; i < ARRAY_SIZE(peers); i++) {
		EXPECT_EQ(-EAGAIN, op_run(op_poll(&self->recv[0], self->receiver, peers[i])))
			TH_LOG("by flag, from %d", peers[i]);
	}
	ASSERT_EQ(0, fcntl(self->receiver.fd, F_SETFL, O_NONBLOCK));
	for (unsigned int i = 0; i < ARRAY_SIZE(peers); i++) {
		EXPECT_EQ(-EAGAIN, op_run(op_recv(&self->recv[0], self->receiver, peers[i])))
			TH_LOG("by descriptor, from %d", peers[i]);
	}
	op_park(op_send(&self->send[0], self->first, self->receiver.id, 1, 10));
	ASSERT_EQ(0, op_run(op_recv(&self->recv[0], self->receiver, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->recv[0], self->first.id, 1, 10));
	EXPECT_EQ(0, op_join(&self->send[0]));
}

TEST_F(recv, too_little_room_keeps_the_message)
{
	op_park(op_send(&self->send[0], self->first, self->receiver.id, 1, 100));
	op_park(op_send(&self->send[1], self->second, self->receiver.id, 2, 0));
	for (__u32 room = 0; room < 100; room += 33) {
		op_recv(&self->recv[0], self->receiver, PARLEY_ANY)->arg.recv_len = room;
		ASSERT_EQ(-EMSGSIZE, op_run(&self->recv[0]));
		ASSERT_EQ(100U, self->recv[0].arg.recv_len);
	}
	op_await(&self->send[0]);
	ASSERT_EQ(0, op_run(&self->recv[0]));
	EXPECT_TRUE(op_got(&self->recv[0], self->first.id, 1, 100));
	EXPECT_EQ(0, op_join(&self->send[0]));
	op_recv(&self->recv[0], self->receiver, PARLEY_ANY)->arg.recv_len = 0;
	ASSERT_EQ(0, op_run(&self->recv[0]));
	EXPECT_TRUE(op_got(&self->recv[0], self->second.id, 2, 0));
	EXPECT_EQ(0, op_join(&self->send[1]));
}

TEST_F(recv, too_little_room_while_waiting_keeps_the_message)
{
	op_recv(&self->recv[0], self->receiver, PARLEY_ANY)->arg.recv_len = 7;
	op_park(&self->recv[0]);
	op_start(op_send(&self->send[0], self->first, self->receiver.id, 1, 8));
	ASSERT_EQ(-EMSGSIZE, op_join(&self->recv[0]));
	EXPECT_EQ(8U, self->recv[0].arg.recv_len);
	op_await(&self->send[0]);
	ASSERT_EQ(0, op_run(&self->recv[0]));
	EXPECT_TRUE(op_got(&self->recv[0], self->first.id, 1, 8));
	EXPECT_EQ(0, op_join(&self->send[0]));
}

/*
 * What one receiver could not take is for another that waits already; whoever
 * of the two it was first given to.
 */
TEST_F(recv, kept_message_goes_to_another_waiting_receiver)
{
	for (int little = 0; little < 2; little++) {
		for (int i = 0; i < 2; i++) {
			op_recv(&self->recv[i], self->receiver, PARLEY_ANY);
			self->recv[i].arg.recv_len = i == little ? 7 : 8;
			op_park(&self->recv[i]);
		}
		op_start(op_send(&self->send[0], self->first, self->receiver.id, 1, 8));
		ASSERT_EQ(0, op_join(&self->recv[!little]));
		EXPECT_TRUE(op_got(&self->recv[!little], self->first.id, 1, 8));
		EXPECT_EQ(0, op_join(&self->send[0]));

		/* The other may wait still; it ends by what it can take. */
		op_send(&self->send[0], self->first, self->receiver.id, 2, 7);
		self->send[0].arg.flags = PARLEY_NONBLOCK;
		EXPECT_EQ(op_run(&self->send[0]) ? -EMSGSIZE : 0, op_join(&self->recv[little]));
	}
}

TEST_F(recv, request_survives_too_little_room)
{
	struct op reply;

	op_park(op_call(&self->send[0], self->first, self->receiver.id, 1, 8));
	op_recv(&self->recv[0], self->receiver, PARLEY_ANY)->arg.recv_len = 7;
	ASSERT_EQ(-EMSGSIZE, op_run(&self->recv[0]));
	ASSERT_EQ(0, op_run(&self->recv[0]));
	EXPECT_TRUE(op_got(&self->recv[0], self->first.id, 1, 8));
	ASSERT_EQ(0, op_run(op_reply(&reply, self->receiver, self->recv[0].arg.token, 2, 8)));
	ASSERT_EQ(0, op_join(&self->send[0]));
	EXPECT_TRUE(op_got(&self->send[0], self->receiver.id, 2, 8));
}

TEST_F(recv, unwritable_buffer_keeps_the_message)
{
	void *sealed = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const __u64 bad[] = { 0, PTR(sealed), 0xffffffff81000000ULL, 1ULL << 63, UINT64_MAX };

	ASSERT_NE(MAP_FAILED, sealed);
	op_park(op_send(&self->send[0], self->first, self->receiver.id, 1, 8));
	op_park(op_send(&self->send[1], self->second, self->receiver.id, 2, 8));
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		op_recv(&self->recv[0], self->receiver, PARLEY_ANY)->arg.recv = bad[i];
		EXPECT_EQ(-EFAULT, op_run(&self->recv[0]))
			TH_LOG("%#llx", (unsigned long long)bad[i]);
	}
	op_await(&self->send[0]);
	ASSERT_EQ(0, op_run(op_recv(&self->recv[0], self->receiver, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->recv[0], self->first.id, 1, 8));
	EXPECT_EQ(0, op_join(&self->send[0]));
}

TEST_F(recv, unwritable_buffer_while_waiting_keeps_the_message)
{
	op_recv(&self->recv[0], self->receiver, PARLEY_ANY)->arg.recv = 0;
	op_park(&self->recv[0]);
	op_start(op_call(&self->send[0], self->first, self->receiver.id, 1, 8));
	ASSERT_EQ(-EFAULT, op_join(&self->recv[0]));
	ASSERT_EQ(0, op_run(op_recv(&self->recv[0], self->receiver, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->recv[0], self->first.id, 1, 8));
	EXPECT_NE(0ULL, self->recv[0].arg.token);
}

/* The argument can be read but not written: the message can't be told of. */
TEST_F(recv, unwritable_argument_keeps_the_message)
{
	struct parley_ipc *arg = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, (void *)arg);
	*arg = op_recv(&self->recv[0], self->receiver, PARLEY_ANY)->arg;
	ASSERT_EQ(0, mprotect(arg, 4096, PROT_READ));
	op_park(op_call(&self->send[0], self->first, self->receiver.id, 1, 8));
	ASSERT_EQ(-EFAULT, parley(self->receiver.fd, PARLEY_IOC_RECV, arg));
	ASSERT_EQ(0, op_run(&self->recv[0]));
	EXPECT_TRUE(op_got(&self->recv[0], self->first.id, 1, 8));
}

TEST_F(recv, room_may_be_larger_than_any_message)
{
	op_park(op_send(&self->send[0], self->first, self->receiver.id, 1, 248));
	op_recv(&self->recv[0], self->receiver, PARLEY_ANY)->arg.recv_len = UINT_MAX;
	ASSERT_EQ(0, op_run(&self->recv[0]));
	EXPECT_TRUE(op_got(&self->recv[0], self->first.id, 1, 248));
	EXPECT_EQ(0, op_join(&self->send[0]));
}

TEST_F(recv, from_nobody)
{
	const __s32 ids[] = { dead_id(), INT_MAX };

	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		EXPECT_EQ(-ENOTCONN, op_run(op_recv(&self->recv[0], self->receiver, ids[i])))
			TH_LOG("id %d", ids[i]);
	}
}

TEST_F(recv, from_what_is_no_task)
{
	static const __s32 ids[] = { -2, -4096, INT_MIN };

	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		EXPECT_EQ(-EINVAL, op_run(op_recv(&self->recv[0], self->receiver, ids[i])))
			TH_LOG("id %d", ids[i]);
	}
}

TEST_F(recv, unused_fields_are_zero)
{
	struct parley_ipc good = op_poll(&self->recv[0], self->receiver, PARLEY_ANY)->arg;

	op_park(op_send(&self->send[0], self->first, self->receiver.id, 1, 8));
	self->recv[0].arg.send = PTR(&self->recv[0].out);
	EXPECT_EQ(-EINVAL, op_run(&self->recv[0]));
	self->recv[0].arg = good;
	self->recv[0].arg.send_len = 1;
	EXPECT_EQ(-EINVAL, op_run(&self->recv[0]));
	self->recv[0].arg = good;
	self->recv[0].arg.reply_error = 1;
	EXPECT_EQ(-EINVAL, op_run(&self->recv[0]));
	self->recv[0].arg = good;
	EXPECT_EQ(0, op_run(&self->recv[0]));
}

TEST_F(recv, unknown_flags_are_refused)
{
	op_park(op_send(&self->send[0], self->first, self->receiver.id, 1, 8));
	for (unsigned int bit = 1; bit < 32; bit++) {
		op_poll(&self->recv[0], self->receiver, PARLEY_ANY)->arg.flags |= 1U << bit;
		EXPECT_EQ(-EINVAL, op_run(&self->recv[0])) TH_LOG("bit %u", bit);
	}
	EXPECT_EQ(0, op_run(op_poll(&self->recv[0], self->receiver, PARLEY_ANY)));
}

TEST_HARNESS_MAIN
