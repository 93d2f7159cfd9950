// SPDX-License-Identifier: GPL-2.0
/* SEND: waits for a receiver, carries any length, refuses what is malformed. */
#include "common.h"

FIXTURE(send)
{
	struct task sender, receiver;
	struct op send, recv;
};

FIXTURE_SETUP(send)
{
	self->sender = task_open();
	self->receiver = task_open();
}

FIXTURE_TEARDOWN(send)
{
}

/* Sends as @self->send says, which fails; then nothing may have arrived. */
static int refused(struct _test_data_send *self)
{
	int ret = op_run(&self->send);

	CHECK_EQ(-EAGAIN, op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)));
	return ret;
}

TEST_F(send, every_length_arrives_whole)
{
	for (__u32 len = 0; len <= PARLEY_PAYLOAD_MAX; len++) {
		op_start(op_send(&self->send, self->sender, self->receiver.id, len, len));
		ASSERT_EQ(0, op_run(op_recv(&self->recv, self->receiver, PARLEY_ANY)));
		ASSERT_TRUE(op_got(&self->recv, self->sender.id, len, len));
		ASSERT_EQ(0ULL, self->recv.arg.token);
		ASSERT_EQ(0, op_join(&self->send));
		ASSERT_EQ(0ULL, self->send.arg.token);
	}
}

TEST_F(send, waits_until_taken)
{
	op_park(op_send(&self->send, self->sender, self->receiver.id, 1, 8));
	ASSERT_FALSE(op_done(&self->send));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->receiver, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->recv, self->sender.id, 1, 8));
	EXPECT_EQ(0, op_join(&self->send));
}

TEST_F(send, waiting_receiver_gets_it)
{
	op_park(op_recv(&self->recv, self->receiver, PARLEY_ANY));
	ASSERT_EQ(0, op_run(op_send(&self->send, self->sender, self->receiver.id, 2, 100)));
	ASSERT_EQ(0, op_join(&self->recv));
	EXPECT_TRUE(op_got(&self->recv, self->sender.id, 2, 100));
	EXPECT_EQ(0ULL, self->recv.arg.token);
}

TEST_F(send, source_cannot_be_forged)
{
	op_send(&self->send, self->sender, self->receiver.id, 3, 1);
	self->send.out.src = self->receiver.id;
	op_park(&self->send);
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->receiver, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->recv, self->sender.id, 3, 1));
	EXPECT_EQ(0, op_join(&self->send));
}

TEST_F(send, to_oneself_takes_another_thread)
{
	op_send(&self->send, self->sender, self->sender.id, 4, 16)->arg.flags = PARLEY_NONBLOCK;
	ASSERT_EQ(-EAGAIN, op_run(&self->send));
	op_park(op_send(&self->send, self->sender, self->sender.id, 4, 16));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->sender, self->sender.id)));
	EXPECT_TRUE(op_got(&self->recv, self->sender.id, 4, 16));
	EXPECT_EQ(0, op_join(&self->send));
}

TEST_F(send, too_long_is_refused)
{
	static const __u32 lengths[] = { 249, 256, 4096, INT_MAX, 0x80000000, UINT_MAX };

	for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++) {
		op_send(&self->send, self->sender, self->receiver.id, 5, lengths[i]);
		EXPECT_EQ(-EMSGSIZE, refused(self)) TH_LOG("length %u", lengths[i]);
	}
}

TEST_F(send, refused_message_disturbs_no_waiting_receiver)
{
	op_park(op_recv(&self->recv, self->receiver, PARLEY_ANY));
	op_send(&self->send, self->sender, self->receiver.id, 5, 249);
	ASSERT_EQ(-EMSGSIZE, op_run(&self->send));
	op_send(&self->send, self->sender, self->receiver.id, -5, 8);
	ASSERT_EQ(-EINVAL, op_run(&self->send));
	op_send(&self->send, self->sender, self->receiver.id, 5, 8)->arg.send = 0;
	ASSERT_EQ(-EFAULT, op_run(&self->send));
	op_await(&self->recv);
	ASSERT_EQ(0, op_run(op_send(&self->send, self->sender, self->receiver.id, 6, 8)));
	ASSERT_EQ(0, op_join(&self->recv));
	EXPECT_TRUE(op_got(&self->recv, self->sender.id, 6, 8));
}

TEST_F(send, type_is_not_negative)
{
	static const __s32 types[] = { -1, -EINVAL, -4096, INT_MIN };

	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		op_send(&self->send, self->sender, self->receiver.id, types[i], 8);
		EXPECT_EQ(-EINVAL, refused(self)) TH_LOG("type %d", types[i]);
	}
}

TEST_F(send, type_may_be_anything_else)
{
	static const __s32 types[] = { 0, 1, 4096, INT_MAX };

	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		op_park(op_send(&self->send, self->sender, self->receiver.id, types[i], 8));
		ASSERT_EQ(0, op_run(op_recv(&self->recv, self->receiver, PARLEY_ANY)));
		EXPECT_TRUE(op_got(&self->recv, self->sender.id, types[i], 8));
		EXPECT_EQ(0, op_join(&self->send));
	}
}

TEST_F(send, nobody_there)
{
	const __s32 ids[] = { dead_id(), PARLEY_TASK_KERNEL, PARLEY_ANY, -2, INT_MIN, INT_MAX };

	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		op_send(&self->send, self->sender, ids[i], 7, 8);
		EXPECT_EQ(-ENOTCONN, op_run(&self->send)) TH_LOG("id %d", ids[i]);
		EXPECT_EQ(0ULL, self->send.arg.token);
	}
}

TEST_F(send, nonblocking_takes_a_waiting_receiver)
{
	op_send(&self->send, self->sender, self->receiver.id, 8, 8);
	self->send.arg.flags = PARLEY_NONBLOCK;
	ASSERT_EQ(-EAGAIN, refused(self));
	EXPECT_EQ(0ULL, self->send.arg.token);

	/* One that listens to somebody else is none. */
	op_park(op_recv(&self->recv, self->receiver, self->receiver.id));
	ASSERT_EQ(-EAGAIN, op_run(&self->send));
}

TEST_F(send, nonblocking_finds_a_waiting_receiver)
{
	op_park(op_recv(&self->recv, self->receiver, self->sender.id));
	op_send(&self->send, self->sender, self->receiver.id, 9, 248);
	self->send.arg.flags = PARLEY_NONBLOCK;
	ASSERT_EQ(0, op_run(&self->send));
	ASSERT_EQ(0, op_join(&self->recv));
	EXPECT_TRUE(op_got(&self->recv, self->sender.id, 9, 248));
}

/* The receiver that was there can't take it: it is in line, or was not sent. */
TEST_F(send, impatient_to_a_receiver_that_fails)
{
	static const struct {
		__u32 flags;
		__u64 deadline;
		int error;
	} impatient[] = { { PARLEY_NONBLOCK, 0, -EAGAIN }, { 0, PAST, -ETIMEDOUT } };

	for (unsigned int i = 0; i < ARRAY_SIZE(impatient); i++) {
		op_recv(&self->recv, self->receiver, PARLEY_ANY)->arg.recv_len = 7;
		op_park(&self->recv);
		op_send(&self->send, self->sender, self->receiver.id, 9, 8);
		self->send.arg.flags = impatient[i].flags;
		self->send.arg.deadline = impatient[i].deadline;
		op_run(&self->send);
		ASSERT_EQ(-EMSGSIZE, op_join(&self->recv));
		op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY));
		if (self->send.ret) {
			EXPECT_EQ(impatient[i].error, self->send.ret);
			EXPECT_EQ(-EAGAIN, self->recv.ret);
		} else {
			ASSERT_EQ(0, self->recv.ret);
			EXPECT_TRUE(op_got(&self->recv, self->sender.id, 9, 8));
		}
	}
}

TEST_F(send, nonblocking_by_descriptor)
{
	ASSERT_EQ(0, fcntl(self->sender.fd, F_SETFL, O_NONBLOCK));
	op_send(&self->send, self->sender, self->receiver.id, 10, 8);
	ASSERT_EQ(-EAGAIN, refused(self));
	ASSERT_EQ(0, fcntl(self->sender.fd, F_SETFL, 0));
	op_park(&self->send);
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->receiver, PARLEY_ANY)));
	EXPECT_EQ(0, op_join(&self->send));
}

TEST_F(send, unused_fields_are_zero)
{
	struct parley_ipc good;

	op_send(&self->send, self->sender, self->receiver.id, 11, 8)->arg.deadline = PAST;
	good = self->send.arg;
	self->send.arg.recv = PTR(&self->send.in);
	EXPECT_EQ(-EINVAL, refused(self));
	self->send.arg = good;
	self->send.arg.recv_len = 1;
	EXPECT_EQ(-EINVAL, refused(self));
	self->send.arg = good;
	self->send.arg.reply_error = -1;
	EXPECT_EQ(-EINVAL, refused(self));
}

TEST_F(send, unknown_flags_are_refused)
{
	for (unsigned int bit = 1; bit < 32; bit++) {
		op_send(&self->send, self->sender, self->receiver.id, 12, 8);
		self->send.arg.flags = 1U << bit;
		EXPECT_EQ(-EINVAL, refused(self)) TH_LOG("bit %u", bit);
	}
}

TEST_F(send, unreadable_message)
{
	static const __u64 bad[] = { 0, 1, 0xffff888000000000ULL, 0xffffffff81000000ULL,
				     1ULL << 63, UINT64_MAX };

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		op_send(&self->send, self->sender, self->receiver.id, 13, 8);
		self->send.arg.send = bad[i];
		EXPECT_EQ(-EFAULT, refused(self)) TH_LOG("%#llx", (unsigned long long)bad[i]);
	}
}

TEST_F(send, only_the_payload_s_bytes_are_read)
{
	__u8 *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct parley_msg *msg = (void *)(page + 4096 - 16);

	ASSERT_NE(MAP_FAILED, (void *)page);
	ASSERT_EQ(0, munmap(page + 4096, 4096));
	op_send(&self->send, self->sender, self->receiver.id, 14, 8);
	memcpy(msg, &self->send.out, 16);
	self->send.arg.send = PTR(msg);
	op_park(&self->send);
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->receiver, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->recv, self->sender.id, 14, 8));
	EXPECT_EQ(0, op_join(&self->send));

	self->send.arg.send_len = 9;
	EXPECT_EQ(-EFAULT, refused(self));
}

TEST_F(send, nothing_to_resume)
{
	static const __u64 tokens[] = { 1, 2, 1ULL << 32, INT64_MAX, UINT64_MAX };

	for (unsigned int i = 0; i < ARRAY_SIZE(tokens); i++) {
		op_send(&self->send, self->sender, self->receiver.id, 15, 8);
		self->send.arg.token = tokens[i];
		EXPECT_EQ(-ENOENT, refused(self)) TH_LOG("%llu", (unsigned long long)tokens[i]);
	}
}

TEST_F(send, nothing_to_cancel)
{
	struct parley_cancel cancel = { .size = sizeof(cancel) };

	EXPECT_EQ(-ENOENT, parley(self->sender.fd, PARLEY_IOC_CANCEL, &cancel));
	cancel.token = 1;
	EXPECT_EQ(-ENOENT, parley(self->sender.fd, PARLEY_IOC_CANCEL, &cancel));
	cancel.reserved = 1;
	EXPECT_EQ(-EINVAL, parley(self->sender.fd, PARLEY_IOC_CANCEL, &cancel));
}

TEST_HARNESS_MAIN
