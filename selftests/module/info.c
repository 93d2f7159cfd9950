// SPDX-License-Identifier: GPL-2.0
/* What a task is told about itself, and how arguments of other sizes fare. */
#include "common.h"

#include <sys/utsname.h>

#define TAIL	64

/* Every operation's argument begins with its size. */
static const struct {
	const char *name;
	unsigned long cmd;
	__u32 size;
} ops[] = {
	{ "INFO", PARLEY_IOC_INFO, sizeof(struct parley_info) },
	{ "SEND", PARLEY_IOC_SEND, sizeof(struct parley_ipc) },
	{ "RECV", PARLEY_IOC_RECV, sizeof(struct parley_ipc) },
	{ "CALL", PARLEY_IOC_CALL, sizeof(struct parley_ipc) },
	{ "REPLY", PARLEY_IOC_REPLY, sizeof(struct parley_ipc) },
	{ "REPLYRECV", PARLEY_IOC_REPLYRECV, sizeof(struct parley_ipc) },
	{ "NOTIFY", PARLEY_IOC_NOTIFY, sizeof(struct parley_notify) },
	{ "CANCEL", PARLEY_IOC_CANCEL, sizeof(struct parley_cancel) },
};

struct large_info {
	struct parley_info info;
	__u8 tail[TAIL];
};

/* Since Linux 6.7 a driver's requests can wait in a ring. */
static __u64 feature_async(void)
{
	struct utsname name;
	long major, minor;
	char *rest;

	CHECK_EQ(0, uname(&name));
	major = strtol(name.release, &rest, 10);
	CHECK_EQ('.', *rest);
	minor = strtol(rest + 1, NULL, 10);
	return major > 6 || (major == 6 && minor >= 7) ? PARLEY_FEATURE_URING_ASYNC : 0;
}

TEST(tells_id_features_and_limit)
{
	struct task task = task_open();
	struct parley_info info = { .size = sizeof(info) };

	ASSERT_EQ(0, parley(task.fd, PARLEY_IOC_INFO, &info));
	EXPECT_LT(0, info.task);
	EXPECT_EQ(PARLEY_FEATURE_MESSAGES | PARLEY_FEATURE_RIGHTS | PARLEY_FEATURE_EVENTS |
		  PARLEY_FEATURE_CARGO | PARLEY_FEATURE_URING | feature_async(), info.features);
	EXPECT_EQ((__u32)PARLEY_PAYLOAD_MAX, info.payload_max);
	EXPECT_EQ(0U, info.reserved);
}

TEST(layouts_are_what_was_published)
{
	EXPECT_EQ(24U, sizeof(struct parley_info));
	EXPECT_EQ(72U, sizeof(struct parley_ipc));
	EXPECT_EQ(72U, sizeof(struct parley_cargo));
	EXPECT_EQ(16U, sizeof(struct parley_ool));
	EXPECT_EQ(16U, sizeof(struct parley_notify));
	EXPECT_EQ(16U, sizeof(struct parley_cancel));
	EXPECT_EQ(256U, sizeof(struct parley_msg));
	EXPECT_EQ(16U, sizeof(struct parley_creds));
	EXPECT_EQ(48U, sizeof(struct parley_creds_full));
	EXPECT_EQ(8U, sizeof(struct parley_mode));
	EXPECT_EQ(16U, sizeof(struct parley_bond_arg));
	EXPECT_EQ(16U, sizeof(struct parley_timer_arg));
	EXPECT_EQ(8U, sizeof(struct parley_eventfd));
	EXPECT_EQ(8U, sizeof(struct parley_bus_arg));
	EXPECT_EQ(8U, sizeof(struct parley_open));
}

TEST(id_is_one_descriptor_s_own)
{
	struct task first = task_open(), second = task_open();

	EXPECT_NE(first.id, second.id);
	EXPECT_EQ(first.id, task_of(first.fd).id);
	EXPECT_EQ(first.id, task_of(dup(first.fd)).id);
}

TEST(smaller_argument_is_refused)
{
	struct task task = task_open();
	__u32 arg[32], size;

	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++) {
		for (size = 0; size < ops[i].size; size++) {
			memset(arg, 0, sizeof(arg));
			arg[0] = size;
			EXPECT_EQ(-EINVAL, parley(task.fd, ops[i].cmd, arg))
				TH_LOG("%s with %u bytes", ops[i].name, size);
		}
	}
}

TEST(larger_argument_with_zero_tail_is_accepted)
{
	struct task task = task_open();
	struct large_info large;

	memset(&large, 0, sizeof(large));
	large.info.size = sizeof(large);
	ASSERT_EQ(0, parley(task.fd, PARLEY_IOC_INFO, &large));
	EXPECT_EQ(task.id, large.info.task);
	for (unsigned int i = 0; i < TAIL; i++)
		ASSERT_EQ(0, large.tail[i]);
}

/* A newer header's ioctl number carries the newer structure's size. */
TEST(larger_argument_by_a_newer_number_is_accepted)
{
	struct task task = task_open();
	struct large_info large;

	memset(&large, 0, sizeof(large));
	large.info.size = sizeof(large);
	ASSERT_EQ(0, parley(task.fd, _IOWR(PARLEY_IOC_MAGIC, 0, struct large_info), &large));
	EXPECT_EQ(task.id, large.info.task);
}

TEST(larger_argument_with_other_tail_is_refused)
{
	struct task task = task_open();
	__u8 arg[sizeof(struct parley_ipc) + TAIL];
	__u32 size;

	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++) {
		size = ops[i].size + TAIL;
		for (unsigned int at = ops[i].size; at < size; at += 21) {
			memset(arg, 0, sizeof(arg));
			memcpy(arg, &size, sizeof(size));
			arg[at] = 1;
			EXPECT_EQ(-E2BIG, parley(task.fd, ops[i].cmd, arg))
				TH_LOG("%s, byte %u", ops[i].name, at);
		}
	}
}

TEST(larger_receive_works)
{
	struct {
		struct parley_ipc arg;
		__u8 tail[TAIL];
	} large;
	struct task sender = task_open(), receiver = task_open();
	struct op send, recv;

	op_park(op_send(&send, sender, receiver.id, 7, 9));
	memset(&large, 0, sizeof(large));
	large.arg = op_recv(&recv, receiver, PARLEY_ANY)->arg;
	large.arg.size = sizeof(large);
	ASSERT_EQ(0, parley(receiver.fd, PARLEY_IOC_RECV, &large));
	EXPECT_EQ(9U, large.arg.recv_len);
	EXPECT_EQ(0, op_join(&send));
}

TEST(unknown_operation_is_told)
{
	struct task task = task_open();
	struct parley_info info = { .size = sizeof(info) };

	for (unsigned int nr = _IOC_NR(PARLEY_IOC_OPEN); nr < 256; nr++) {
		EXPECT_EQ(-ENOTTY, parley(task.fd, _IOWR(PARLEY_IOC_MAGIC, nr, struct parley_info),
					  &info));
	}
	EXPECT_EQ(-ENOTTY, parley(task.fd, _IOWR(PARLEY_IOC_MAGIC - 1, 0, struct parley_info),
				  &info));
	EXPECT_EQ(-ENOTTY, parley(task.fd, _IOWR('d', 0, struct parley_info), &info));
}

/* Whatever the size, which is free; nor is what no descriptor of the kind has. */
TEST(no_number_is_an_operation_by_chance)
{
	struct task task = task_open();
	struct parley_bus_arg arg = { .size = sizeof(arg) };
	struct parley_open claim = { .size = sizeof(claim) };
	__u64 zero[512] = {};
	int bus = ioctl(task.fd, PARLEY_IOC_BUS, &arg);

	ASSERT_LE(0, bus);
	for (unsigned int nr = 0; nr < 256; nr++) {
		for (unsigned int size = 1; size < 64; size++) {
			EXPECT_EQ(-ENOTTY, parley(task.fd, _IOC(_IOC_NONE, 0, nr, size), zero));
			EXPECT_EQ(-ENOTTY, parley(bus, _IOC(_IOC_NONE, 0, nr, size), zero));
		}
		if (nr != _IOC_NR(PARLEY_IOC_OPEN))
			EXPECT_EQ(-ENOTTY, parley(bus, _IOWR(PARLEY_IOC_MAGIC, nr, __u64), zero));
	}
	EXPECT_EQ(-ENOTTY, parley(task.fd, PARLEY_IOC_OPEN, &claim));
	close(bus);
}

TEST(read_and_write_are_not_operations)
{
	struct task task = task_open();
	char byte = 0;

	EXPECT_EQ(-1, read(task.fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(task.fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
}

TEST_HARNESS_MAIN
