// SPDX-License-Identifier: GPL-2.0
/* Asking who sends: for which tokens, into which memory, with which errors. */
#include "identity.h"

FIXTURE(query)
{
	struct task me, client;
	struct op call, recv, reply;
	struct parley_creds_full full;
	struct identity id;
};

FIXTURE_SETUP(query)
{
	static const gid_t groups[3] = { 10, 11, 12 };

	ASSERT_EQ(0, setgroups(3, groups));
	self->me = task_open();
	self->client = task_open();
	op_park(op_call(&self->call, self->client, self->me.id, 6, 8));
	op_recv(&self->recv, self->me, PARLEY_ANY);
	self->full = (struct parley_creds_full){
		.size = sizeof(self->full), .groups_len = 3, .groups = PTR(self->id.groups),
	};
}

FIXTURE_TEARDOWN(query)
{
}

static int query(struct _test_data_query *self, __u64 token)
{
	self->full.token = token;
	return parley(self->me.fd, PARLEY_IOC_CREDS, &self->full);
}

static bool is_me(const struct parley_creds *creds)
{
	const struct parley_creds me = {
		getpid(), 0, 0, PARLEY_CREDS_USER_NS | PARLEY_CREDS_MNT_NS,
	};

	return creds_same(&me, creds);
}

static const struct parley_creds of_the_kernel = { 0, 0, 0, PARLEY_CREDS_KERNEL };

TEST_F(query, as_often_as_one_likes)
{
	ASSERT_EQ(0, op_run(&self->recv));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, query(self, self->recv.arg.token));
		EXPECT_TRUE(is_me(&self->full.creds));
		EXPECT_EQ(3U, self->full.groups_len);
		EXPECT_EQ(12U, self->id.groups[2]);
	}
}

TEST_F(query, token_is_of_a_request_in_hand)
{
	__u64 token;

	EXPECT_EQ(-ENOENT, query(self, 0));
	EXPECT_EQ(-ENOENT, query(self, 1));
	EXPECT_EQ(-ENOENT, query(self, ~0ULL));
	ASSERT_EQ(0, op_run(&self->recv));
	token = self->recv.arg.token;
	EXPECT_EQ(-ENOENT, query(self, 0));
	EXPECT_EQ(-ENOENT, query(self, token + 1));
	EXPECT_EQ(0, query(self, token));

	ASSERT_EQ(0, op_run(op_reply(&self->reply, self->me, token, 7, 8)));
	EXPECT_EQ(-ENOENT, query(self, token));
	ASSERT_EQ(0, op_join(&self->call));
	EXPECT_EQ(-ENOENT, query(self, token));
}

TEST_F(query, token_is_of_this_task)
{
	struct task me = self->me;

	ASSERT_EQ(0, op_run(&self->recv));
	self->me = task_open();
	EXPECT_EQ(-ENOENT, query(self, self->recv.arg.token));
	self->me = self->client;
	EXPECT_EQ(-ENOENT, query(self, self->recv.arg.token));
	self->me = me;
	EXPECT_EQ(0, query(self, self->recv.arg.token));
}

TEST_F(query, token_ends_with_the_caller)
{
	struct peer caller = actor_start(&root);

	ASSERT_EQ(0, op_run(&self->recv));
	actor_park(&caller, do_call, self->me.id, 6);
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->me, caller.id)));
	EXPECT_EQ(0, query(self, self->recv.arg.token));
	peer_kill(&caller);
	EXPECT_EQ(-ENOENT, query(self, self->recv.arg.token));
}

TEST_F(query, too_small_tells_how_many)
{
	ASSERT_EQ(0, op_run(&self->recv));
	for (__u32 len = 0; len < 3; len++) {
		self->full.groups_len = len;
		EXPECT_EQ(-EMSGSIZE, query(self, self->recv.arg.token));
		EXPECT_EQ(3U, self->full.groups_len);
	}
	self->full.groups = 0;
	self->full.groups_len = 0;
	EXPECT_EQ(-EMSGSIZE, query(self, self->recv.arg.token));
	EXPECT_EQ(3U, self->full.groups_len);

	self->full.groups = PTR(self->id.groups);
	self->full.groups_len = GROUPS_MAX;
	self->id.groups[3] = 0xabcdef;
	EXPECT_EQ(0, query(self, self->recv.arg.token));
	EXPECT_EQ(3U, self->full.groups_len);
	EXPECT_EQ(0xabcdefU, self->id.groups[3]);
}

TEST_F(query, arguments_are_checked)
{
	struct {
		struct parley_creds_full known;
		__u64 unknown;
	} larger;

	ASSERT_EQ(0, op_run(&self->recv));
	self->full.groups = 1;
	EXPECT_EQ(-EFAULT, query(self, self->recv.arg.token));
	self->full.groups = PTR(self->id.groups);
	self->full.groups_len = 3;
	self->full.size -= 8;
	EXPECT_EQ(-EINVAL, query(self, self->recv.arg.token));

	self->full.size = sizeof(larger);
	self->full.token = self->recv.arg.token;
	larger.known = self->full;
	larger.unknown = 1;
	EXPECT_EQ(-E2BIG, parley(self->me.fd, PARLEY_IOC_CREDS, &larger));
	larger.unknown = 0;
	EXPECT_EQ(0, parley(self->me.fd, PARLEY_IOC_CREDS, &larger));
	EXPECT_TRUE(is_me(&larger.known.creds));
}

/* Only those who receive are told. */
TEST_F(query, only_receives_take_a_place_for_them)
{
	struct parley_creds creds;
	struct op op;

	op_call(&op, self->client, self->me.id, 6, 8)->arg.creds = PTR(&creds);
	EXPECT_EQ(-EINVAL, op_run(&op));
	op_send(&op, self->client, self->me.id, 6, 8)->arg.creds = PTR(&creds);
	EXPECT_EQ(-EINVAL, op_run(&op));
	ASSERT_EQ(0, op_run(&self->recv));
	op_reply(&op, self->me, self->recv.arg.token, 6, 8)->arg.creds = PTR(&creds);
	EXPECT_EQ(-EINVAL, op_run(&op));
	EXPECT_EQ(0, query(self, self->recv.arg.token));
}

/* A place that can't be written; the message is kept. */
static __u64 bad_place(void)
{
	void *place = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(place != MAP_FAILED);
	return PTR(place);
}

TEST_F(query, bad_place_keeps_the_request)
{
	struct op next;

	self->recv.arg.creds = bad_place();
	ASSERT_EQ(-EFAULT, op_run(&self->recv));
	op_await(&self->call);
	op_park(op_call(&next, self->client, self->me.id, 8, 8));

	op_recv(&self->recv, self->me, PARLEY_ANY)->arg.creds = PTR(&self->id.creds);
	ASSERT_EQ(0, op_run(&self->recv));
	EXPECT_TRUE(op_got(&self->recv, self->client.id, 6, 8));
	EXPECT_TRUE(is_me(&self->id.creds));
	EXPECT_EQ(0, query(self, self->recv.arg.token));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->me, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->recv, self->client.id, 8, 8));
}

TEST_F(query, bad_place_of_one_that_waits)
{
	struct op recv, send;

	ASSERT_EQ(0, op_run(&self->recv));
	op_recv(&recv, self->me, PARLEY_ANY)->arg.creds = bad_place();
	op_park(&recv);
	op_send(&send, self->client, self->me.id, 8, 8);
	op_start(&send);
	EXPECT_EQ(-EFAULT, op_join(&recv));
	ASSERT_EQ(0, op_run(op_recv(&recv, self->me, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&recv, self->client.id, 8, 8));
	EXPECT_EQ(0, op_join(&send));
}

TEST_F(query, bad_place_keeps_notifications)
{
	ASSERT_EQ(0, op_run(&self->recv));
	ASSERT_EQ(0, task_notify(self->client, self->me.id, 0x30));
	op_poll(&self->recv, self->me, PARLEY_ANY)->arg.creds = bad_place();
	ASSERT_EQ(-EFAULT, op_run(&self->recv));
	op_poll(&self->recv, self->me, PARLEY_ANY)->arg.creds = PTR(&self->id.creds);
	ASSERT_EQ(0, op_run(&self->recv));
	EXPECT_TRUE(op_got_bits(&self->recv, 0x30));
	EXPECT_TRUE(creds_same(&of_the_kernel, &self->id.creds));
	EXPECT_EQ(-EAGAIN, op_run(op_poll(&self->recv, self->me, PARLEY_ANY)));
}

/* The reply was made: it isn't made again when the receive is. */
TEST_F(query, bad_place_after_a_reply)
{
	struct op next;

	ASSERT_EQ(0, op_run(&self->recv));
	op_park(op_call(&next, self->client, self->me.id, 8, 8));
	op_replyrecv(&self->reply, self->me, self->recv.arg.token, 7, 8);
	self->reply.arg.creds = bad_place();
	EXPECT_EQ(-EFAULT, op_run(&self->reply));
	EXPECT_EQ(0ULL, self->reply.arg.token);
	EXPECT_EQ(0, op_join(&self->call));
	ASSERT_EQ(0, op_run(op_recv(&self->recv, self->me, PARLEY_ANY)));
	EXPECT_TRUE(op_got(&self->recv, self->client.id, 8, 8));
}

/* A notification and the news of a death: the kernel's own. */
TEST(kernel_is_told_by_its_flag)
{
	struct task me = task_open(), other = task_open();
	struct parley_creds creds;
	struct op recv;

	ASSERT_EQ(0, bond(me, PARLEY_BOND_WATCH, other.id));
	ASSERT_EQ(0, close(other.fd));
	ASSERT_EQ(0, task_notify(me, me.id, 0x10));
	for (int i = 0; i < 2; i++) {
		memset(&creds, UNTOUCHED, sizeof(creds));
		op_recv(&recv, me, PARLEY_ANY)->arg.creds = PTR(&creds);
		ASSERT_EQ(0, op_run(&recv));
		EXPECT_EQ(PARLEY_TASK_KERNEL, recv.in.src);
		EXPECT_TRUE(creds_same(&of_the_kernel, &creds));
	}
}

TEST_HARNESS_MAIN
