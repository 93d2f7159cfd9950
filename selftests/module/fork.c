// SPDX-License-Identifier: GPL-2.0
/* A task is its address space's: others that hold the descriptor get ESTALE. */
#include "common.h"

#include <poll.h>

#define INHERITED	"PARLEY_TEST_FD"

/* No operation works on a descriptor that is another address space's. */
static void use_in_vain(struct task task)
{
	struct parley_info info = { .size = sizeof(info) };
	struct parley_cancel cancel = { .size = sizeof(cancel), .token = 1 };
	struct pollfd poll_fd = { .fd = task.fd, .events = POLLIN };
	struct op op;

	CHECK_EQ(-ESTALE, parley(task.fd, PARLEY_IOC_INFO, &info));
	CHECK_EQ(-ESTALE, op_run(op_send(&op, task, task.id, 1, 8)));
	CHECK_EQ(-ESTALE, op_run(op_call(&op, task, task.id, 1, 8)));
	CHECK_EQ(-ESTALE, op_run(op_poll(&op, task, PARLEY_ANY)));
	CHECK_EQ(-ESTALE, op_run(op_reply(&op, task, 1, 1, 8)));
	CHECK_EQ(-ESTALE, op_run(op_replyrecv(&op, task, 1, 1, 8)));
	CHECK_EQ(-ESTALE, task_notify(task, task.id, 0x10));
	CHECK_EQ(-ESTALE, parley(task.fd, PARLEY_IOC_CANCEL, &cancel));
	CHECK_EQ(1, poll(&poll_fd, 1, 0));
	CHECK_EQ(POLLERR, poll_fd.revents & (POLLERR | POLLIN));
}

/* After exec, by the environment; never returns there. */
static void __attribute__((constructor)) executed(void)
{
	const char *fd = getenv(INHERITED);
	struct task task;

	if (!fd)
		return;
	task = (struct task){ atoi(fd), 1 };
	if (fcntl(task.fd, F_GETFD) < 0)
		CHECK_EQ(EBADF, errno);
	else
		use_in_vain(task);
	task_open();
	_exit(KSFT_PASS);
}

static void execute(int fd)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", fd);
	CHECK_EQ(0, setenv(INHERITED, text, 1));
	execl("/proc/self/exe", "executed", NULL);
	CHECK_EQ(0, errno);
}

static void inheriting_child(int ctl, void *arg)
{
	struct task *parents = arg, own;
	struct op call;

	use_in_vain(*parents);
	own = task_open();
	CHECK(own.id != parents->id);
	CHECK_EQ(0, op_run(op_call(&call, own, parents->id, 1, 8)));
	CHECK(op_got(&call, parents->id, 2, 8));
	use_in_vain(*parents);
	tell(ctl, 0);
}

TEST(child_cannot_use_it_but_opens_its_own)
{
	struct task me = task_open();
	struct peer child = child_start(inheriting_child, &me);
	struct op recv, reply;

	ASSERT_EQ(0, op_run(op_recv(&recv, me, PARLEY_ANY)));
	ASSERT_NE(me.id, recv.in.src);
	ASSERT_EQ(0, op_run(op_reply(&reply, me, recv.arg.token, 2, 8)));
	hear(child.ctl);
	EXPECT_EQ(0, peer_join(&child));
	ASSERT_EQ(0, task_notify(me, me.id, 0x10));
	ASSERT_EQ(0, op_run(op_poll(&recv, me, PARLEY_ANY)));
	EXPECT_TRUE(op_got_bits(&recv, 0x10));
}

/* Opens a task, leaves a child behind that holds its descriptor, and exits. */
static void exiting_parent(int ctl, void *arg)
{
	struct task me = task_open();
	struct op recv;

	(void)arg;
	tell(ctl, me.id);
	CHECK_EQ(0, op_run(op_recv(&recv, me, PARLEY_ANY)));
	if (fork())
		return;
	hear(ctl);
	use_in_vain(me);
	tell(ctl, 0);
}

TEST(descriptor_in_a_child_does_not_keep_it_alive)
{
	struct task me = task_open();
	struct peer parent = peer_start(exiting_parent, NULL);
	struct op call;

	EXPECT_EQ(-ECONNRESET, op_run(op_call(&call, me, parent.id, 1, 8)));
	EXPECT_EQ(-ENOTCONN, op_run(op_call(&call, me, parent.id, 1, 8)));
	EXPECT_EQ(0, peer_join(&parent));
	tell(parent.ctl, 0);
	hear(parent.ctl);
}

static int run_shared(void *arg)
{
	struct task *task = arg;

	return task_of(task->fd).id != task->id || task_notify(*task, task->id, 0x20);
}

/* Top of a stack for clone(). */
static char *stack_new(void)
{
	char *stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(stack != MAP_FAILED);
	return stack + 65536;
}

/* Runs @fn in a process that shares this address space, and waits for it. */
static int run_vm_child(int (*fn)(void *arg), void *arg, int flags)
{
	int status;
	pid_t pid;

	pid = clone(fn, stack_new(), CLONE_VM | flags | SIGCHLD, arg);
	CHECK(pid > 0);
	CHECK_EQ(pid, waitpid(pid, &status, 0));
	return status;
}

TEST(process_that_shares_the_address_space_shares_the_task)
{
	static const int flags[] = { 0, CLONE_VFORK, CLONE_FILES };
	struct task me = task_open();
	struct op recv;

	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++) {
		ASSERT_EQ(0, run_vm_child(run_shared, &me, flags[i]));
		ASSERT_EQ(0, op_run(op_poll(&recv, me, PARLEY_ANY)));
		EXPECT_TRUE(op_got_bits(&recv, 0x20));
	}
}

static int answer_one(void *arg)
{
	struct task *me = arg;
	struct op recv, reply;

	op_recv(&recv, *me, PARLEY_ANY)->arg.deadline = now() + 30000 * MS;
	CHECK_EQ(0, op_run(&recv));
	CHECK_EQ(0, op_run(op_reply(&reply, *me, recv.arg.token, 2, 8)));
	syscall(SYS_exit, 0);
	return 0;
}

/* Opens a task and exits; a process with the same address space goes on. */
static void succeeded_parent(int ctl, void *arg)
{
	static struct task me;
	char *stack = stack_new();

	(void)arg;
	me = task_open();
	CHECK(clone(answer_one, stack, CLONE_VM | SIGCHLD, &me) > 0);
	tell(ctl, me.id);
	syscall(SYS_exit, 0);
}

TEST(task_lives_as_long_as_its_address_space)
{
	struct task me = task_open();
	struct peer parent = peer_start(succeeded_parent, NULL);
	struct op call;

	ASSERT_EQ(0, peer_join(&parent));
	ASSERT_EQ(0, op_run(op_call(&call, me, parent.id, 1, 8)));
	EXPECT_TRUE(op_got(&call, parent.id, 2, 8));
}

/* What vfork() is for: the child's exec takes nothing from the parent. */
TEST(vforked_child_s_exec_leaves_it_alone)
{
	struct task me = task_open();
	struct op recv;
	char text[16];
	int status;
	pid_t pid;

	ASSERT_EQ(0, fcntl(me.fd, F_SETFD, 0));
	snprintf(text, sizeof(text), "%d", me.fd);
	ASSERT_EQ(0, setenv(INHERITED, text, 1));
	pid = vfork();
	if (!pid) {
		execl("/proc/self/exe", "executed", NULL);
		_exit(KSFT_FAIL);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, task_notify(me, me.id, 0x10));
	ASSERT_EQ(0, op_run(op_poll(&recv, me, PARLEY_ANY)));
}

static void exec_with(int ctl, void *arg)
{
	struct task me = task_open();
	int *flags = arg;

	tell(ctl, me.id);
	CHECK_EQ(0, fcntl(me.fd, F_SETFD, *flags));
	hear(ctl);
	execute(me.fd);
}

TEST(exec_ends_it)
{
	static const int flags[] = { 0, FD_CLOEXEC };
	struct task me = task_open();
	struct op call;

	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++) {
		struct peer peer = peer_start(exec_with, (void *)&flags[i]);

		op_park(op_call(&call, me, peer.id, 1, 8));
		tell(peer.ctl, 0);
		EXPECT_EQ(-ENOTCONN, op_join(&call));
		EXPECT_EQ(0, peer_join(&peer));
	}
}

TEST(failed_exec_leaves_it_alone)
{
	struct task me = task_open();
	struct op recv;

	ASSERT_EQ(-1, execl("/nonexistent", "nonexistent", NULL));
	ASSERT_EQ(0, task_notify(me, me.id, 0x10));
	ASSERT_EQ(0, op_run(op_poll(&recv, me, PARLEY_ANY)));
	EXPECT_TRUE(op_got_bits(&recv, 0x10));
}

static void fd_pass(int ctl, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = "" };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *part = CMSG_FIRSTHDR(&msg);

	part->cmsg_level = SOL_SOCKET;
	part->cmsg_type = SCM_RIGHTS;
	part->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(part), &fd, sizeof(fd));
	CHECK_EQ(1, sendmsg(ctl, &msg, 0));
}

static int fd_take(int ctl)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	int fd;

	CHECK_EQ(1, recvmsg(ctl, &msg, 0));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static void passed_to(int ctl, void *arg)
{
	struct task passed = { .id = *(__s32 *)arg };

	passed.fd = fd_take(ctl);
	use_in_vain(passed);
	tell(ctl, 0);
	hear(ctl);
}

TEST(passed_descriptor_is_of_no_use)
{
	struct task me, other = task_open();
	struct peer child;
	struct op call;
	__s32 id = 1;

	child = child_start(passed_to, &id);	/* before it could inherit */
	me = task_open();
	fd_pass(child.ctl, me.fd);
	hear(child.ctl);
	ASSERT_EQ(0, task_notify(other, me.id, 0x10));

	/* But it holds the task, until the address space ends. */
	ASSERT_EQ(0, close(me.fd));
	op_park(op_call(&call, other, me.id, 1, 8));
	tell(child.ctl, 0);
	EXPECT_EQ(-ENOTCONN, op_join(&call));
	EXPECT_EQ(0, peer_join(&child));
}

TEST(descriptor_passed_to_oneself_works)
{
	struct task me = task_open();
	int ctl[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ctl));
	fd_pass(ctl[0], me.fd);
	ASSERT_EQ(0, close(me.fd));
	EXPECT_EQ(me.id, task_of(fd_take(ctl[1])).id);
}

TEST(every_user_may_open_one)
{
	ASSERT_EQ(0, setgid(1000));
	ASSERT_EQ(0, setuid(1000));
	EXPECT_LT(0, task_open().id);
}

TEST_HARNESS_MAIN
