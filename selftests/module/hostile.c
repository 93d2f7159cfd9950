// SPDX-License-Identifier: GPL-2.0
/*
 * Callers that mean harm, or don't know what they do: they get an error, the
 * others go on. After each test a call between two bystanders must work.
 */
#include "common.h"

#define PAGE	4096

static const unsigned long cmds[] = {
	PARLEY_IOC_INFO, PARLEY_IOC_SEND, PARLEY_IOC_RECV, PARLEY_IOC_CALL,
	PARLEY_IOC_REPLY, PARLEY_IOC_REPLYRECV, PARLEY_IOC_NOTIFY, PARLEY_IOC_CANCEL,
};

FIXTURE(hostile)
{
	struct task me, server, bystander;
	struct op op, other;
	__u8 *pages;		/* writable, read-only, inaccessible */
};

FIXTURE_SETUP(hostile)
{
	self->server = echo_start();
	self->me = task_open();
	self->bystander = task_open();
	self->pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->pages);
	ASSERT_EQ(0, mprotect(self->pages + PAGE, PAGE, PROT_READ));
	ASSERT_EQ(0, mprotect(self->pages + 2 * PAGE, PAGE, PROT_NONE));
}

FIXTURE_TEARDOWN(hostile)
{
	EXPECT_TRUE(echo_answers(self->bystander, self->server.id));
}

/* Addresses that are nobody's to use. */
static const __u64 nowhere[] = {
	0, 1, PAGE - 1, 0x7ffffffff000ULL, 0x7fffffffffffULL, 0x800000000000ULL, 1ULL << 63,
	0xffff800000000000ULL, 0xffff888000000000ULL, 0xffffffff81000000ULL, 0xffffffffff600000ULL,
	UINT64_MAX - PAGE + 1, UINT64_MAX - 55, UINT64_MAX,
};

TEST_F(hostile, argument_is_nowhere)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(cmds); i++) {
		for (unsigned int j = 0; j < ARRAY_SIZE(nowhere); j++) {
			if (nowhere[j] > UINTPTR_MAX)
				continue;
			EXPECT_EQ(-EFAULT, parley(self->me.fd, cmds[i],
						  (void *)(uintptr_t)nowhere[j]))
				TH_LOG("operation %u, %#llx", i, (unsigned long long)nowhere[j]);
		}
		EXPECT_EQ(-EFAULT, parley(self->me.fd, cmds[i], self->pages + 2 * PAGE));
	}
}

/* Of an argument's bytes the first are there, the others are not. */
TEST_F(hostile, argument_is_cut_off)
{
	__u8 *end = self->pages + 2 * PAGE;
	__u32 size = sizeof(struct parley_ipc);

	ASSERT_EQ(0, mprotect(self->pages, 2 * PAGE, PROT_READ | PROT_WRITE));
	for (__u32 part = 4; part < size; part += 4) {
		memcpy(end - part, &size, sizeof(size));
		EXPECT_EQ(-EFAULT, parley(self->me.fd, PARLEY_IOC_RECV, end - part))
			TH_LOG("%u bytes", part);
	}
	memset(end - size, 0, size);
	size += 8;
	memcpy(end - size + 8, &size, sizeof(size));
	EXPECT_EQ(-EFAULT, parley(self->me.fd, PARLEY_IOC_RECV, end - size + 8));
}

TEST_F(hostile, sizes_are_forged)
{
	static const __u32 sizes[] = { 0, 1, 7, PAGE, PAGE + 1, INT_MAX, 1U << 31, UINT_MAX };
	__u32 *arg = (void *)self->pages;

	for (unsigned int i = 0; i < ARRAY_SIZE(cmds); i++) {
		for (unsigned int j = 0; j < ARRAY_SIZE(sizes); j++) {
			memset(arg, 0xff, PAGE);
			arg[0] = sizes[j];
			EXPECT_EQ(j < 3 ? -EINVAL : -E2BIG, parley(self->me.fd, cmds[i], arg))
				TH_LOG("operation %u, size %u", i, sizes[j]);
		}
	}
}

/* Where the argument can't be written, nobody learns the outcome. */
TEST_F(hostile, argument_is_read_only)
{
	struct parley_info info = { .size = sizeof(info) };

	ASSERT_EQ(0, mprotect(self->pages + PAGE, PAGE, PROT_READ | PROT_WRITE));
	memcpy(self->pages + PAGE, &info, sizeof(info));
	memcpy(self->pages + PAGE + 64,
	       &op_call(&self->op, self->me, self->server.id, 40, 8)->arg, sizeof(self->op.arg));
	ASSERT_EQ(0, mprotect(self->pages + PAGE, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, parley(self->me.fd, PARLEY_IOC_INFO, self->pages + PAGE));
	EXPECT_EQ(-EFAULT, parley(self->me.fd, PARLEY_IOC_CALL, self->pages + PAGE + 64));
}

TEST_F(hostile, messages_are_nowhere)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(nowhere); i++) {
		op_call(&self->op, self->me, self->server.id, 40, 8)->arg.send = nowhere[i];
		EXPECT_EQ(-EFAULT, op_run(&self->op));
		op_call(&self->op, self->me, self->server.id, 40, 8)->arg.recv = nowhere[i];
		EXPECT_EQ(-EFAULT, op_run(&self->op));
		op_send(&self->op, self->me, self->server.id, 40, 8)->arg.send = nowhere[i];
		EXPECT_EQ(-EFAULT, op_run(&self->op));
	}
	op_call(&self->op, self->me, self->server.id, 40, 8)->arg.recv = PTR(self->pages + PAGE);
	EXPECT_EQ(-EFAULT, op_run(&self->op));
}

/* Buffers that end at every byte of a message. */
TEST_F(hostile, messages_are_cut_off)
{
	__u8 *end = self->pages + 2 * PAGE;
	bool fits;

	ASSERT_EQ(0, mprotect(self->pages, 2 * PAGE, PROT_READ | PROT_WRITE));
	for (__u32 part = 0; part <= sizeof(struct parley_msg); part++) {
		memset(self->pages, 0, 2 * PAGE);
		fits = part == sizeof(struct parley_msg);
		op_call(&self->op, self->me, self->server.id, 40, 248);
		self->op.arg.send = PTR(end - part);
		EXPECT_EQ(fits ? 0 : -EFAULT, op_run(&self->op)) TH_LOG("sent from %u", part);
		op_call(&self->op, self->me, self->server.id, 40, 248);
		self->op.arg.recv = PTR(end - part);
		EXPECT_EQ(fits ? 0 : -EFAULT, op_run(&self->op)) TH_LOG("received in %u", part);
	}
}

TEST_F(hostile, cut_off_receive_loses_nothing)
{
	__u8 *end = self->pages + PAGE;

	op_park(op_call(&self->other, self->bystander, self->me.id, 1, 248));
	for (__u32 part = 0; part < sizeof(struct parley_msg); part++) {
		op_recv(&self->op, self->me, PARLEY_ANY)->arg.recv = PTR(end - part);
		ASSERT_EQ(-EFAULT, op_run(&self->op)) TH_LOG("received in %u", part);
	}
	ASSERT_EQ(0, op_run(op_recv(&self->op, self->me, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->op, self->bystander.id, 1, 248));
	ASSERT_EQ(0, op_run(op_reply(&self->op, self->me, self->op.arg.token, 2, 8)));
	EXPECT_EQ(0, op_join(&self->other));
}

TEST_HARNESS_MAIN
