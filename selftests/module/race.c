// SPDX-License-Identifier: GPL-2.0
/*
 * Memory and descriptors that another thread changes in the middle of an
 * operation: the operation fails or it doesn't, and nothing else is harmed.
 */
#include "common.h"

#include <stddef.h>

#define PAGE	4096
#define TIME	(2000 * MS)	/* for each race */

/* A thread that changes what another one is using. */
struct vandal {
	pthread_t thread;
	atomic_bool stop;
	__u8 *page;
	struct parley_ipc *arg;
	int fd;
};

static void vandal_start(struct vandal *vandal, void *(*thread)(void *arg))
{
	CHECK_EQ(0, pthread_create(&vandal->thread, NULL, thread, vandal));
}

static void vandal_stop(struct vandal *vandal)
{
	atomic_store(&vandal->stop, true);
	CHECK_EQ(0, pthread_join(vandal->thread, NULL));
}

static void *page_new(void *where, int flags)
{
	void *page = mmap(where, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	CHECK(page != MAP_FAILED);
	return page;
}

/* Takes a page away and puts another one there. */
static void *page_mover(void *arg)
{
	struct vandal *me = arg;

	while (!atomic_load(&me->stop)) {
		CHECK_EQ(0, mprotect(me->page, PAGE, PROT_NONE));
		CHECK_EQ(0, mprotect(me->page, PAGE, PROT_READ));
		CHECK_EQ(0, mprotect(me->page, PAGE, PROT_READ | PROT_WRITE));
		CHECK_EQ(0, munmap(me->page, PAGE));
		page_new(me->page, MAP_FIXED_NOREPLACE);
	}
	return NULL;
}

/*
 * Scribbles over an argument's fields and mends them. Where the kernel is told
 * to write it isn't random: it would be this program's memory.
 */
static void *scribbler(void *arg)
{
	struct vandal *me = arg;
	const struct parley_ipc good = *me->arg;
	__u32 *words = (void *)me->arg;
	unsigned int seed = 1;

	while (!atomic_load(&me->stop)) {
		unsigned int i = rand_r(&seed) % (sizeof(good) / sizeof(*words));

		if (i / 2 == offsetof(struct parley_ipc, recv) / sizeof(__u64))
			__atomic_store_n(&me->arg->recv, 0, __ATOMIC_RELAXED);
		else
			__atomic_store_n(&words[i], rand_r(&seed) * 5U, __ATOMIC_RELAXED);
		for (int n = rand_r(&seed) % 64; n; n--)
			atomic_load(&me->stop);
		__atomic_store_n(&me->arg->recv, good.recv, __ATOMIC_RELAXED);
		__atomic_store_n(&words[i], ((const __u32 *)&good)[i], __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Gives one descriptor number to one task after another. */
static void *reopener(void *arg)
{
	struct vandal *me = arg;

	while (!atomic_load(&me->stop)) {
		struct task task = task_open();

		CHECK_EQ(me->fd, dup2(task.fd, me->fd));
		close(task.fd);
	}
	return NULL;
}

FIXTURE(race)
{
	struct task me, server, bystander;
	struct vandal vandal;
	struct op op, reply;
	__u64 end;
};

FIXTURE_SETUP(race)
{
	self->server = echo_start();
	self->me = task_open();
	self->bystander = task_open();
	self->vandal.page = page_new(NULL, 0);
	self->vandal.fd = self->me.fd;
	self->vandal.arg = &self->op.arg;
	self->end = now() + TIME;
}

FIXTURE_TEARDOWN(race)
{
	vandal_stop(&self->vandal);
	EXPECT_TRUE(echo_answers(self->bystander, self->server.id));
}

TEST_F(race, client_s_buffers_come_and_go)
{
	int worked = 0, failed = 0;

	vandal_start(&self->vandal, page_mover);
	while (now() < self->end) {
		op_call(&self->op, self->me, self->server.id, 40, 248);
		if ((worked + failed) & 1)
			self->op.arg.send = PTR(self->vandal.page);
		else
			self->op.arg.recv = PTR(self->vandal.page);
		if (op_run(&self->op)) {
			ASSERT_EQ(-EFAULT, self->op.ret);
			failed++;
		} else {
			worked++;
		}
		ASSERT_EQ(0ULL, self->op.arg.token);
	}
	EXPECT_LT(0, worked);
	EXPECT_LT(0, failed);
}

struct caller {
	pthread_t thread;
	struct task me;
	__s32 server;
	__u64 end;
	atomic_bool done;
};

/* Its calls must all work, whatever its server goes through. */
static void *caller_thread(void *arg)
{
	struct caller *me = arg;
	struct op call;

	while (now() < me->end) {
		CHECK_EQ(0, op_run(op_call(&call, me->me, me->server, 40, 248)));
		CHECK(op_got(&call, me->server, 41, 200));
	}
	atomic_store(&me->done, true);
	return NULL;
}

TEST_F(race, server_s_buffers_come_and_go)
{
	struct caller caller = { .me = self->bystander, .server = self->me.id, .end = self->end };
	int worked = 0, failed = 0;

	vandal_start(&self->vandal, page_mover);
	ASSERT_EQ(0, pthread_create(&caller.thread, NULL, caller_thread, &caller));
	while (!atomic_load(&caller.done)) {
		op_recv(&self->op, self->me, PARLEY_ANY)->arg.recv = PTR(self->vandal.page);
		self->op.arg.deadline = now() + 100 * MS;
		if (op_run(&self->op) == -ETIMEDOUT)
			continue;
		if (self->op.ret) {
			ASSERT_EQ(-EFAULT, self->op.ret);
			failed++;
			continue;
		}
		worked++;
		op_reply(&self->reply, self->me, self->op.arg.token, 41, 200)->arg.send = 0;
		ASSERT_EQ(-EFAULT, op_run(&self->reply));
		op_reply(&self->reply, self->me, self->op.arg.token, 41, 200);
		ASSERT_EQ(0, op_run(&self->reply));
	}
	EXPECT_LT(0, worked);
	EXPECT_LT(0, failed);
}

TEST_F(race, arguments_change)
{
	op_call(&self->op, self->me, self->server.id, 40, 248);
	vandal_start(&self->vandal, scribbler);
	while (now() < self->end)
		op_run(&self->op);
}

/* What was found to be in order is what arrives. */
TEST_F(race, messages_change)
{
	op_call(&self->op, self->me, self->server.id, 40, 248);
	self->op.arg.send = PTR(self->vandal.page);
	self->vandal.arg = (void *)self->vandal.page;
	vandal_start(&self->vandal, scribbler);
	while (now() < self->end) {
		ASSERT_TRUE(!op_run(&self->op) || self->op.ret == -EINVAL);
		ASSERT_TRUE(self->op.ret || self->op.in.type >= 0);
	}
}

/* A call goes on with the task that it began with. */
TEST_F(race, descriptors_change)
{
	vandal_start(&self->vandal, reopener);
	while (now() < self->end) {
		ASSERT_EQ(0, op_run(op_call(&self->op, self->me, self->server.id, 40, 8)));
		ASSERT_TRUE(op_got(&self->op, self->server.id, 41, 8));
	}
}

TEST_HARNESS_MAIN
