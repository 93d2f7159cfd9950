// SPDX-License-Identifier: GPL-2.0
/*
 * A process whose control group has no memory left for its out-of-line payload:
 * it gets an error or is killed, and nobody else notices.
 */
#include "cargo.h"

#define ROOT	"/sys/fs/cgroup"
#define GROUP	ROOT "/ool-memcg"
#define SPARE	(256UL << 10)	/* less than a message's most */

static bool write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	bool good;

	if (!file)
		return false;
	good = fputs(text, file) >= 0;
	return !fclose(file) && good;
}

static unsigned long read_number(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned long number;

	CHECK(file);
	CHECK_EQ(1, fscanf(file, "%lu", &number));
	fclose(file);
	return number;
}

FIXTURE(memcg)
{
	bool there;
	struct task server;
	struct cart recv, reply, call;
	struct area area;
	struct peer peer;
	long long pinned;
};

FIXTURE_SETUP(memcg)
{
	self->server = task_open();
	self->area = area_filled(PARLEY_OOL_MAX, 0, 9);
	self->pinned = pages_pinned();
	write_text(ROOT "/cgroup.subtree_control", "+memory\n");
	mkdir(GROUP, 0755);
	self->there = !access(GROUP "/memory.max", W_OK);
	if (self->there)
		CHECK(write_text(GROUP "/memory.max", "max\n"));
}

FIXTURE_TEARDOWN(memcg)
{
	EXPECT_TRUE(pages_let_go(self->pinned));
	while (rmdir(GROUP) && errno == EBUSY)
		sched_yield();
}

/* From now on there is not much more than what this process has now. */
static void confine(void)
{
	static void *used;
	char text[32];

	CHECK(write_text(GROUP "/cgroup.procs", "0\n"));
	/* What it does from here on is charged here: have it do something. */
	used = malloc(1 << 16);
	memset(used, 1, 1 << 16);
	snprintf(text, sizeof(text), "%lu\n", read_number(GROUP "/memory.current") + SPARE);
	CHECK(write_text(GROUP "/memory.max", text));
	/* No swap to go to, if there were any. */
	write_text(GROUP "/memory.swap.max", "0\n");
}

static void *untouched(void)
{
	void *at = mmap(NULL, PARLEY_OOL_MAX, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(at != MAP_FAILED);
	CHECK_EQ(0, madvise(at, PARLEY_OOL_MAX, MADV_NOHUGEPAGE) && errno != EINVAL);
	return at;
}

/* Its own failures are told apart from being killed, and from an error of the call's. */
static void end(int err)
{
	_exit(err == -EFAULT || err == -ENOMEM ? KSFT_SKIP : KSFT_FAIL);
}

static bool ended_for_want_of_memory(struct peer *peer)
{
	int status = peer_join(peer);

	if (WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == KSFT_SKIP)
		return true;
	fprintf(stderr, "# ended with status 0x%x\n", status);
	return false;
}

static void caller(int ctl, void *arg)
{
	struct task me = task_open();
	const __s32 *server = arg;
	void *at = untouched();
	struct cart call;

	confine();
	tell(ctl, me.id);
	cart_call(&call, me, *server, 1);
	end(cart_run(cart_room(&call, at, PARLEY_OOL_MAX)));
}

TEST_F(memcg, a_result)
{
	if (!self->there)
		SKIP(return, "no memory controller");
	self->peer = peer_start(caller, &self->server.id);
	EXPECT_TRUE(ended_for_want_of_memory(&self->peer));
	EXPECT_EQ(-EAGAIN, op_run(op_poll(&self->recv.op, self->server, PARLEY_ANY)));
}

static void receiver(int ctl, void *arg)
{
	struct task me = task_open();
	void *at = untouched();
	struct cart recv;

	(void)arg;
	confine();
	tell(ctl, me.id);
	cart_recv(&recv, me, PARLEY_ANY);
	end(cart_run(cart_room(&recv, at, PARLEY_OOL_MAX)));
}

TEST_F(memcg, a_receiver_s_buffer)
{
	if (!self->there)
		SKIP(return, "no memory controller");
	self->peer = peer_start(receiver, NULL);
	cart_call(&self->call, self->server, self->peer.id, 1);
	cart_load(&self->call, self->area.at, PARLEY_OOL_MAX);
	EXPECT_EQ(-ENOTCONN, cart_run(&self->call));
	EXPECT_TRUE(ended_for_want_of_memory(&self->peer));
}

static void giver(int ctl, void *arg)
{
	struct parley_ool_recv give = { PTR(untouched()), PARLEY_OOL_MAX };
	struct task me = task_open();
	struct op op;

	(void)arg;
	confine();
	tell(ctl, me.id);
	op_call(&op, me, PARLEY_TASK_VM, PARLEY_OOL_RECV, sizeof(give));
	memcpy(op.out.payload, &give, sizeof(give));
	end(op_run(&op) ?: op.in.type);
}

TEST_F(memcg, a_buffer)
{
	if (!self->there)
		SKIP(return, "no memory controller");
	self->peer = peer_start(giver, NULL);
	EXPECT_TRUE(ended_for_want_of_memory(&self->peer));
}

/* What is nowhere yet is read as zeros, which take no memory. */
static void reader(int ctl, void *arg)
{
	struct task me = task_open();
	const __s32 *server = arg;
	void *at = untouched();
	struct cart call;

	confine();
	tell(ctl, me.id);
	cart_load(cart_call(&call, me, *server, 1), at, PARLEY_OOL_MAX);
	CHECK_EQ(0, cart_run(&call));
}

TEST_F(memcg, a_payload_of_nothing)
{
	int status;

	if (!self->there)
		SKIP(return, "no memory controller");
	self->peer = peer_start(reader, &self->server.id);
	cart_recv(&self->recv, self->server, PARLEY_ANY);
	ASSERT_EQ(0, cart_run(cart_room(&self->recv, self->area.at, PARLEY_OOL_MAX)));
	for (size_t i = 0; i < PARLEY_OOL_MAX; i++)
		ASSERT_EQ(0, self->area.at[i]);
	cart_reply(&self->reply, self->server, cart_token(&self->recv), 2);
	EXPECT_EQ(0, cart_run(&self->reply));
	status = peer_join(&self->peer);
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN
