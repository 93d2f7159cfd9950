// SPDX-License-Identifier: GPL-2.0
/* Wrong arguments: a clear error, nothing changed, errno neither. */
#include <kselftest_harness.h>

#include "common.h"

#define NOBODY	INT32_MAX

FIXTURE(arguments) {
	struct ipc_msg msg;
	struct ipc_msg before;
	size_t len;
	ipc_token_t token;
};

FIXTURE_SETUP(arguments)
{
	ASSERT_LT(0, ipc_self());
	memset(&self->msg, 0x5a, sizeof(self->msg));
	self->msg.type = 7;
	self->before = self->msg;
	self->len = 16;
	self->token = 0;
	errno = ELNRNG;
}

FIXTURE_TEARDOWN(arguments)
{
	EXPECT_EQ(ELNRNG, errno);
	EXPECT_EQ(0, memcmp(&self->before, &self->msg, sizeof(self->msg)));
}

TEST_F(arguments, null)
{
	EXPECT_EQ(-EFAULT, ipc_send(ipc_self(), NULL, 0, LIBIPC_NOWAIT));
	EXPECT_EQ(-EFAULT, ipc_recv(LIBIPC_TASK_ANY, NULL, &self->len, &self->token,
				    LIBIPC_NOWAIT));
	EXPECT_EQ(-EFAULT, ipc_recv(LIBIPC_TASK_ANY, &self->msg, &self->len, NULL,
				    LIBIPC_NOWAIT));
	EXPECT_EQ(-EFAULT, ipc_call(ipc_self(), NULL, &self->len, LIBIPC_NOWAIT));
	EXPECT_EQ(-EFAULT, ipc_call(ipc_self(), &self->msg, NULL, LIBIPC_NOWAIT));
	EXPECT_EQ(-EFAULT, ipc_reply(1, NULL, 0));
	EXPECT_EQ(-EFAULT, ipc_replyrecv(LIBIPC_TASK_ANY, NULL, &self->len, &self->token,
					 LIBIPC_NOWAIT));
	EXPECT_EQ(-EFAULT, ipc_replyrecv(LIBIPC_TASK_ANY, &self->msg, NULL, &self->token,
					 LIBIPC_NOWAIT));
	EXPECT_EQ(-EFAULT, ipc_replyrecv(LIBIPC_TASK_ANY, &self->msg, &self->len, NULL,
					 LIBIPC_NOWAIT));
}

TEST_F(arguments, too_long)
{
	static const size_t lengths[] = {
		LIBIPC_PAYLOAD_MAX + 1, UINT32_MAX, SIZE_MAX - 3, SIZE_MAX
	};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		size_t len = lengths[i];
		ipc_token_t token = 1;

		EXPECT_EQ(-EMSGSIZE, ipc_send(NOBODY, &self->msg, len, LIBIPC_NOWAIT));
		EXPECT_EQ(-EMSGSIZE, ipc_call(NOBODY, &self->msg, &len, LIBIPC_NOWAIT));
		EXPECT_EQ(-EMSGSIZE, ipc_reply(token, &self->msg, len));
		EXPECT_EQ(-EMSGSIZE, ipc_replyrecv(LIBIPC_TASK_ANY, &self->msg, &len, &token,
						   LIBIPC_NOWAIT));
		EXPECT_EQ(lengths[i], len);
		EXPECT_EQ((ipc_token_t)1, token);
	}
}

#if SIZE_MAX > UINT32_MAX
TEST_F(arguments, length_that_is_short_in_32_bits)
{
	size_t len = SIZE_MAX - UINT32_MAX;

	EXPECT_EQ(-EMSGSIZE, ipc_send(NOBODY, &self->msg, len, LIBIPC_NOWAIT));
	EXPECT_EQ(-EMSGSIZE, ipc_call(NOBODY, &self->msg, &len, LIBIPC_NOWAIT));
	EXPECT_EQ(-EMSGSIZE, ipc_reply(1, &self->msg, len));
}
#endif

TEST_F(arguments, unreadable_message)
{
	struct ipc_msg *nowhere = (struct ipc_msg *)(uintptr_t)sizeof(struct ipc_msg);

	EXPECT_EQ(-EFAULT, ipc_send(ipc_self(), nowhere, 1, LIBIPC_NOWAIT));
	EXPECT_EQ(-EFAULT, ipc_call(ipc_self(), nowhere, &self->len, LIBIPC_NOWAIT));
}

TEST_F(arguments, no_such_task)
{
	EXPECT_EQ(-ENOTCONN, ipc_send(NOBODY, &self->msg, self->len, LIBIPC_FOREVER));
	EXPECT_EQ(-ENOTCONN, ipc_call(NOBODY, &self->msg, &self->len, LIBIPC_FOREVER));
	EXPECT_EQ(-ENOTCONN, ipc_recv(NOBODY, &self->msg, &self->len, &self->token,
				      LIBIPC_FOREVER));
	EXPECT_EQ(-ENOTCONN, ipc_notify(NOBODY, 0x10));
	EXPECT_EQ((size_t)16, self->len);
}

TEST_F(arguments, no_such_token)
{
	EXPECT_EQ(-ENOENT, ipc_reply(0, &self->msg, self->len));
	EXPECT_EQ(-ENOENT, ipc_reply(UINT64_MAX, &self->msg, self->len));
}

TEST_F(arguments, bits_not_for_users)
{
	EXPECT_EQ(-EINVAL, ipc_notify(ipc_self(), 0));
	for (unsigned int bit = 1; bit; bit <<= 1)
		if (!(bit & LIBIPC_NOTIFY_USER))
			EXPECT_EQ(-EINVAL, ipc_notify(ipc_self(), bit | 0x10));
	EXPECT_EQ(-EAGAIN, ipc_recv(LIBIPC_TASK_KERNEL, &self->msg, &self->len, &self->token,
				    LIBIPC_NOWAIT));
}

TEST_HARNESS_MAIN
