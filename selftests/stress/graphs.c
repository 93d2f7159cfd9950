// SPDX-License-Identifier: GPL-2.0
/*
 * Random graphs of processes that wait for each other: every deadlock is told
 * to one of those that are in it, nobody else is told of any, and nobody waits
 * for ever. The graph itself says which is which (graph.h).
 */
#include <kselftest.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include "common.h"
#include "graph.h"

#define GRAPHS		50000UL
#define GRAPHS_LONG	200000UL
#define DEBUG_MS	60000
#define DEBUG_MS_LONG	300000
#define RELEASE		(REQUEST + 1)
#define PENDING		1 /* no outcome yet */

static const int sizes[] = { 6, 8, 11, 16 };

/**
 * struct shared - what the processes work on
 * @graph: the present one; drawn by the last process that comes to the meeting
 * @round: number of the graph; a futex
 * @arrived: processes that have come to the meeting
 * @last: number of the last graph
 * @end: when to stop earlier
 * @over: no more graphs
 * @wrong: something was not as it should be
 * @deadlocks: how many were told
 * @loops: how many there were, of which some had a deadline
 */
static struct shared {
	struct graph graph;
	atomic_uint round;
	atomic_int arrived;
	atomic_int ids[NODES_MAX];
	unsigned long last;
	__u64 end;
	bool over;
	atomic_bool wrong;
	__u64 seed;
	unsigned long deadlocks;
	unsigned long loops;
} *shared;

static pid_t pids[NODES_MAX];
static int self, fd;
static __u64 held;

#define wrong(format, ...) do {						\
	shared->wrong = true;						\
	give_up("graph %u: %d: " format, shared->round, self, ##__VA_ARGS__);	\
} while (0)

static long futex(atomic_uint *word, int operation, __u32 value)
{
	return syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

/* A message says which graph it is of, and whose it is. */
static __u32 put(struct parley_msg *msg, int type)
{
	__u32 words[2] = { shared->round, self };

	msg->type = type;
	memcpy(msg->payload, words, sizeof(words));
	return sizeof(words);
}

static int get(const struct parley_msg *msg, __u32 len)
{
	__u32 words[2] = { 0 };

	if (len == sizeof(words))
		memcpy(words, msg->payload, sizeof(words));
	if (len != sizeof(words) || words[0] != shared->round || words[1] >= NODES_MAX ||
	    msg->src != shared->ids[words[1]])
		wrong("message of task %d, graph %u, node %u", msg->src, words[0], words[1]);
	return words[1];
}

static void answer(__u64 token)
{
	struct parley_msg msg;
	struct parley_ipc ipc = to_reply(token, &msg, put(&msg, ANSWER));
	int err = op(fd, PARLEY_IOC_REPLY, &ipc);

	if (err && err != -ENOENT)
		wrong("reply: %d", err);
}

/* Receive something from @peer, which may be a notification. */
static int receive(struct node *node, int peer, __u64 deadline)
{
	struct parley_msg msg;
	struct parley_ipc ipc = to_recv(&msg);
	int from, err;

	ipc.peer = peer;
	ipc.deadline = deadline;
	err = op(fd, PARLEY_IOC_RECV, &ipc);
	if (err || msg.src == PARLEY_TASK_KERNEL)
		return err;
	from = get(&msg, ipc.recv_len);
	if (msg.type == RELEASE) {
		if (node->released || from != node->target)
			wrong("released by %d", from);
		node->released = true;
	} else {
		if (~node->callers & 1U << from || node->received & 1U << from)
			wrong("not called by %d, or twice", from);
		node->received |= 1U << from;
		held = ipc.token;
	}
	return 0;
}

static bool all_have_come(const struct node *node)
{
	return !(node->callers & ~(node->received | node->gave_up));
}

static void serve_first(struct node *node)
{
	while (!node->received && !all_have_come(node)) {
		int err = receive(node, PARLEY_ANY, 0);

		if (err)
			wrong("receive first: %d", err);
	}
}

static void serve(struct node *node)
{
	for (;;) {
		int err;

		if (held)
			answer(held);
		held = 0;
		if (node->released && all_have_come(node))
			break;
		err = receive(node, PARLEY_ANY, 0);
		if (err)
			wrong("receive: %d", err);
	}
}

static int exchange(struct node *node, __u64 deadline)
{
	struct parley_msg msg, reply = { 0 };
	int peer = shared->ids[node->target], err;
	struct parley_ipc ipc = to_call(peer, &msg, put(&msg, REQUEST), &reply);

	ipc.deadline = deadline;
	if (node->act == SEND) {
		ipc.recv = 0;
		ipc.recv_len = 0;
		err = op(fd, PARLEY_IOC_SEND, &ipc);
	} else {
		err = op(fd, PARLEY_IOC_CALL, &ipc);
	}
	if (!err && node->act == CALL &&
	    (reply.type != ANSWER || get(&reply, ipc.recv_len) != node->target))
		wrong("not the reply of %d", node->target);
	return err;
}

/* The target is told that it need not expect us. */
static void excuse(struct node *node)
{
	int err;

	shared->graph.nodes[node->target].gave_up |= 1U << self;
	err = notify(fd, shared->ids[node->target], PARLEY_NOTIFY_USER);
	if (err)
		wrong("notify: %d", err);
}

static void act(struct node *node)
{
	__u64 deadline = node->timed ? now_ns() + BRIEFLY : 0;
	__u64 token = held;

	if (node->act == LISTEN) {
		node->outcome = receive(node, shared->ids[node->target], deadline);
		if (held && held != token)
			answer(held);
		held = token;
	} else if (node->act != REST) {
		node->outcome = exchange(node, deadline);
		if (node->outcome)
			excuse(node);
	}
}

static void release_listeners(const struct node *node)
{
	for (int i = 0; i < shared->graph.size; i++) {
		struct parley_msg msg;
		struct parley_ipc ipc;
		int err;

		if (!(node->listeners & 1U << i))
			continue;
		ipc = to_send(shared->ids[i], &msg, put(&msg, RELEASE));
		err = op(fd, PARLEY_IOC_SEND, &ipc);
		if (err)
			wrong("release of %d: %d", i, err);
	}
}

static void judge_cycle(const struct graph *graph, const struct cycle *cycle)
{
	int told = 0;

	for (int i = 0; i < graph->size; i++)
		told += cycle->nodes & 1U << i && graph->nodes[i].outcome == -EDEADLK;
	if (told < cycle->least || told > cycle->most)
		wrong("cycle %x: told %d times", cycle->nodes, told);
	shared->deadlocks += told;
	shared->loops++;
}

/* Did the operation do what it says? */
static bool fits(const struct graph *graph, int i, bool in_cycle)
{
	const struct node *node = &graph->nodes[i];
	bool received = graph->nodes[node->target].received & 1U << i;

	switch (node->outcome) {
	case 0:
		return received || node->act == LISTEN || node->act == REST;
	case -EDEADLK:
		return in_cycle && !received;
	case -ETIMEDOUT:
		return node->timed && !(received && node->act == SEND);
	}
	return false;
}

static void judge(const struct graph *graph)
{
	struct cycle cycle;

	for (int i = 0; i < graph->size; i++) {
		bool in_cycle = graph_cycle(graph, i, &cycle);

		if (!fits(graph, i, in_cycle))
			wrong("%d has got %d", i, graph->nodes[i].outcome);
		if (in_cycle && i == __builtin_ctz(cycle.nodes))
			judge_cycle(graph, &cycle);
	}
}

static void draw(int size)
{
	graph_draw(&shared->graph, size, &shared->seed);
	for (int i = 0; i < size; i++)
		if (shared->graph.nodes[i].act != REST)
			shared->graph.nodes[i].outcome = PENDING;
}

/* Wait until all have come; who comes last prepares the next graph. */
static void meet(int size)
{
	__u32 round = shared->round;

	if (++shared->arrived < size) {
		while (shared->round == round)
			futex(&shared->round, FUTEX_WAIT, round);
		return;
	}
	shared->arrived = 0;
	if (shared->graph.size)
		judge(&shared->graph);
	shared->over = round >= shared->last || now_ns() > shared->end;
	if (!shared->over) {
		draw(size);
		round++;
	}
	shared->round = shared->over ? round + 1 : round;
	futex(&shared->round, FUTEX_WAKE, INT_MAX);
}

static void work(int size)
{
	__u64 seed = shared->seed * (2 * self + 3);

	fd = open_task();
	shared->ids[self] = task_id(fd);
	for (meet(size); !shared->over; meet(size)) {
		struct node *node = &shared->graph.nodes[self];

		if (random_next(&seed) >> 20 & 1)
			sched_yield();
		if (node->first)
			serve_first(node);
		act(node);
		release_listeners(node);
		serve(node);
	}
	_exit(0);
}

static void show_file(pid_t pid, const char *name)
{
	char path[40], text[800];
	ssize_t n;
	int file;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	file = open(path, O_RDONLY);
	n = file < 0 ? -1 : read(file, text, sizeof(text) - 1);
	close(file);
	printf("# %s: %.*s\n", path, n < 0 ? 0 : (int)n, text);
}

static void dump(int size)
{
	printf("# graph %u, %d of %d have come\n", shared->round, shared->arrived, size);
	graph_print(&shared->graph);
	for (int i = 0; i < size; i++) {
		printf("# %d: task %d\n", i, shared->ids[i]);
		show_file(pids[i], "syscall");
		show_file(pids[i], "wchan");
		show_file(pids[i], "stack");
	}
}

/* Has a process ended that was not to end yet, or all? */
static int ended(int *left)
{
	int failed = 0, status;

	while (*left && waitpid(-1, &status, WNOHANG) > 0) {
		failed |= status;
		--*left;
	}
	return failed;
}

/* True when all have done all graphs. */
static bool watch(int size)
{
	const struct timespec second = { .tv_sec = 1 };
	__u64 last_change = now_ns();
	__u32 round = 0;
	int left = size;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (left) {
		sigtimedwait(&child, NULL, &second);
		if (shared->round != round)
			last_change = now_ns();
		round = shared->round;
		if (ended(&left) || shared->wrong)
			break;
		if (now_ns() > last_change + PATIENCE_MS * 1000000ULL)
			break;
	}
	if (left)
		dump(size);
	return !left && !shared->wrong;
}

static bool run(int size, unsigned long graphs, __u64 end)
{
	__u32 first = shared->round;
	unsigned long deadlocks = shared->deadlocks, loops = shared->loops;
	bool fine;

	shared->graph.size = 0;
	shared->over = false;
	shared->last = first + graphs;
	shared->end = end;
	shared->arrived = 0;
	for (self = 0; self < size; self++) {
		pids[self] = spawn();
		if (!pids[self])
			work(size);
	}
	fine = watch(size);
	for (int i = 0; i < size && !fine; i++)
		kill(pids[i], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	ksft_test_result(fine && shared->deadlocks > deadlocks,
			 "%d processes: %u graphs, %lu cycles, %lu deadlocks\n", size,
			 shared->round - first - 1, shared->loops - loops,
			 shared->deadlocks - deadlocks);
	return fine;
}

static __u64 choose_seed(void)
{
	const char *set = getenv("PARLEY_SEED");

	return (set ? strtoull(set, NULL, 0) : now_ns()) | 1;
}

/* A debug kernel counts by time. */
static __u64 choose_end(void)
{
	unsigned int ms = long_run() ? DEBUG_MS_LONG : DEBUG_MS;

	return debug_kernel() ? in_ms(ms / ARRAY_SIZE(sizes)) : ~0ULL;
}

int main(void)
{
	unsigned long graphs = (long_run() ? GRAPHS_LONG : GRAPHS) / ARRAY_SIZE(sizes);
	bool fine = true;
	sigset_t child;
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(sizes));
	shared = share(sizeof(*shared));
	if (!shared)
		ksft_exit_fail_msg("no memory\n");
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	shared->seed = choose_seed();
	ksft_print_msg("PARLEY_SEED=%llu\n", shared->seed);
	for (i = 0; i < ARRAY_SIZE(sizes) && fine; i++)
		fine = run(sizes[i], graphs, choose_end());
	ksft_finished();
}
