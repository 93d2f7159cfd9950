// SPDX-License-Identifier: GPL-2.0
/* Random operations with random arguments, beside a call that must work. */
#include "common.h"

#include <sys/time.h>

#define PAGE	4096
#define TIME	(5000 * MS)

static const unsigned long cmds[] = {
	PARLEY_IOC_INFO, PARLEY_IOC_SEND, PARLEY_IOC_RECV, PARLEY_IOC_CALL,
	PARLEY_IOC_REPLY, PARLEY_IOC_REPLYRECV, PARLEY_IOC_NOTIFY, PARLEY_IOC_CANCEL,
};

/* What a fuzzer puts together its arguments from. */
struct fuzz {
	struct task me;
	__s32 peers[8];
	__u64 pointers[8];
	__u64 tokens[8];
	union {
		struct parley_info info;
		struct parley_ipc ipc;
		struct parley_notify notify;
		struct parley_cancel cancel;
		__u8 bytes[128];
	} arg;
	unsigned int seed;
};

static __u64 fuzz_number(struct fuzz *fuzz)
{
	static const __u64 edges[] = { 0, 1, 2, 8, 247, 248, 249, 255, 256, INT_MAX, 1U << 31,
				       UINT_MAX, 1ULL << 32, INT64_MAX, 1ULL << 63, UINT64_MAX };
	__u64 wild = (__u64)rand_r(&fuzz->seed) << 40 ^ (__u64)rand_r(&fuzz->seed) << 20 ^
		     rand_r(&fuzz->seed);

	return rand_r(&fuzz->seed) % 4 ? edges[wild % ARRAY_SIZE(edges)] : wild;
}

/* Mostly something sensible, so that not all ends at the first check. */
static __u64 fuzz_pick(struct fuzz *fuzz, const __u64 *from)
{
	return rand_r(&fuzz->seed) % 16 ? from[rand_r(&fuzz->seed) % 8] : fuzz_number(fuzz);
}

static void fuzz_fill(struct fuzz *fuzz, unsigned long cmd)
{
	struct parley_ipc *ipc = &fuzz->arg.ipc;
	bool sends = cmd != PARLEY_IOC_RECV;
	bool receives = cmd != PARLEY_IOC_SEND && cmd != PARLEY_IOC_REPLY;
	bool waits = cmd != PARLEY_IOC_REPLY;
	__u64 number;

	memset(&fuzz->arg, 0, sizeof(fuzz->arg));
	*ipc = (struct parley_ipc){
		.size = sizeof(*ipc),
		.flags = waits ? rand_r(&fuzz->seed) % 2 : 0,
		.peer = waits ? fuzz->peers[rand_r(&fuzz->seed) % 8] : 0,
		.send_len = sends ? rand_r(&fuzz->seed) % 256 : 0,
		.recv_len = receives ? rand_r(&fuzz->seed) % 256 : 0,
		.send = sends ? fuzz_pick(fuzz, fuzz->pointers) : 0,
		.recv = receives ? fuzz_pick(fuzz, fuzz->pointers) : 0,
		.token = fuzz_pick(fuzz, fuzz->tokens),
		.deadline = !waits ? 0 : rand_r(&fuzz->seed) % 2 ? PAST : fuzz_number(fuzz),
	};
	if (cmd == PARLEY_IOC_NOTIFY)
		fuzz->arg.notify = (struct parley_notify){ sizeof(fuzz->arg.notify), ipc->peer,
							   fuzz_number(fuzz), 0 };
	if (cmd == PARLEY_IOC_CANCEL)
		fuzz->arg.cancel = (struct parley_cancel){ sizeof(fuzz->arg.cancel), 0,
							   ipc->token };
	if (rand_r(&fuzz->seed) % 4)
		return;
	/* Whole fields: half a pointer could lead back into this program. */
	number = fuzz_number(fuzz);
	memcpy(&fuzz->arg.bytes[rand_r(&fuzz->seed) % 6 * 4], &number, 4);
	number = fuzz_number(fuzz);
	memcpy(&fuzz->arg.bytes[24 + rand_r(&fuzz->seed) % 13 * 8], &number, 8);
}

static void fuzz_once(struct fuzz *fuzz)
{
	unsigned long cmd = cmds[rand_r(&fuzz->seed) % ARRAY_SIZE(cmds)];

	fuzz_fill(fuzz, cmd);
	parley(fuzz->me.fd, cmd, &fuzz->arg);
	if (fuzz->arg.ipc.token)
		fuzz->tokens[rand_r(&fuzz->seed) % 8] = fuzz->arg.ipc.token;
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* Every wait ends by a signal, without SA_RESTART, if by nothing else. */
static void alarm_every(int usec)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval every = { { 0, usec }, { 0, usec } };

	CHECK_EQ(0, sigaction(SIGALRM, &action, NULL));
	CHECK_EQ(0, setitimer(ITIMER_REAL, &every, NULL));
}

static void fuzz_init(struct fuzz *fuzz, __s32 server)
{
	static struct parley_msg msg;
	__u8 *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct task me = task_open();
	const __s32 peers[8] = { me.id, me.id - 1, me.id + 1, PARLEY_ANY, server, server,
				 PARLEY_TASK_KERNEL, -2 };
	const __u64 pointers[8] = { PTR(&msg), PTR(&msg), PTR(&msg), PTR(&fuzz->arg), PTR(pages),
				    PTR(pages + PAGE - 100), PTR(pages + PAGE),
				    PTR(pages + 2 * PAGE - 4) };

	CHECK(pages != MAP_FAILED);
	CHECK_EQ(0, mprotect(pages + PAGE, PAGE, PROT_READ));
	CHECK_EQ(0, mprotect(pages + 2 * PAGE, PAGE, PROT_NONE));
	memcpy(fuzz->pointers, pointers, sizeof(pointers));
	memcpy(fuzz->peers, peers, sizeof(peers));
	fuzz->me = me;
	fuzz->seed = me.id;
}

static void fuzzer(int ctl, void *arg)
{
	static struct fuzz fuzz;
	__s32 *server = arg;
	__u64 end = now() + TIME;

	fuzz_init(&fuzz, *server);
	tell(ctl, fuzz.me.id);
	alarm_every(10000);
	while (now() < end)
		fuzz_once(&fuzz);
	alarm_every(0);
	CHECK(echo_answers(task_open(), *server));
}

/* The fuzzers' ids are neighbours, so that they meet each other as well. */
TEST(nothing_harms_a_bystander)
{
	struct task server = echo_start(), me = task_open();
	__u64 end = now() + TIME;
	struct peer peers[2];

	for (int i = 0; i < 2; i++)
		peers[i] = peer_start(fuzzer, &server.id);
	while (now() < end)
		ASSERT_TRUE(echo_answers(me, server.id));
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(0, peer_join(&peers[i]));
	EXPECT_TRUE(echo_answers(me, server.id));
}

TEST_HARNESS_MAIN
