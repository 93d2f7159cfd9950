// SPDX-License-Identifier: GPL-2.0
/*
 * Clients and servers die at any moment, by SIGKILL: the others get the errors
 * made for that and nothing else, and nothing of the dead stays behind.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <kselftest.h>
#include "census.h"
#include "common.h"
#include "letter.h"

#define SERVERS		3
#define CLIENTS		6
#define PROCESSES	(SERVERS + CLIENTS)
#define THREADS		2
#define SECONDS		30
#define SECONDS_LONG	600
#define NOTE		0x407e

/* What may come of a call or a send to someone who may be dead. */
static const struct outcome {
	const char *name;
	int err;
} outcomes[] = {
	{ "done", 0 },
	{ "ENOTCONN", -ENOTCONN },
	{ "ECONNRESET", -ECONNRESET },
	{ "EINTR", -EINTR },
};

static struct shared {
	_Atomic int servers[SERVERS];
	_Atomic unsigned long counts[ARRAY_SIZE(outcomes)];
	_Atomic unsigned long refused;
	_Atomic bool wrong;
} *shared;

static struct process {
	int number;
	int fd;
	pid_t pid;
} processes[PROCESSES];

#define wrong(format, ...) do {				\
	shared->wrong = true;				\
	give_up(format, ##__VA_ARGS__);			\
} while (0)

static void check_request(const struct parley_ipc *ipc, struct parley_msg *request)
{
	bool note = request->type == NOTE;

	if (request->src == PARLEY_TASK_KERNEL)
		return;
	if (!letter_intact(letter_of(request), ipc->recv_len))
		wrong("server: broken letter from task %d", request->src);
	if (note != !ipc->token)
		wrong("server: type %x with token %llu", request->type, ipc->token);
}

static void *serve(void *arg)
{
	struct process *self = arg;
	struct parley_msg request, answer = { .type = ANSWER };
	__u64 token = 0;
	int err;

	for (;;) {
		struct parley_ipc ipc = to_replyrecv(token, &answer, 0, &request);

		if (token)
			ipc.send_len = letter_size(letter_of(&answer));
		err = op(self->fd, PARLEY_IOC_REPLYRECV, &ipc);
		if (err || (ipc.reply_error && ipc.reply_error != -ENOENT))
			wrong("server: %d, reply %d", err, ipc.reply_error);
		if (ipc.reply_error)
			atomic_fetch_add(&shared->refused, 1);
		check_request(&ipc, &request);
		token = ipc.token;
		if (token)
			letter_answer(letter_of(&answer), letter_of(&request));
	}
	return NULL;
}

static void count(const char *what, int err)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(outcomes); i++) {
		if (outcomes[i].err == err) {
			atomic_fetch_add(&shared->counts[i], 1);
			return;
		}
	}
	wrong("client: %s: %s", what, strerror(-err));
}

static void call(int fd, int server, struct parley_msg *request)
{
	struct parley_msg answer;
	struct parley_ipc ipc = to_call(server, request, letter_size(letter_of(request)), &answer);
	int err = op(fd, PARLEY_IOC_CALL, &ipc);

	count("call", err);
	if (!err && (answer.src != server || answer.type != ANSWER ||
		     !letter_answers(letter_of(&answer), ipc.recv_len, letter_of(request))))
		wrong("client: another's answer from task %d", answer.src);
}

static void send_note(int fd, int server, struct parley_msg *note)
{
	struct parley_ipc ipc = to_send(server, note, letter_size(letter_of(note)));

	note->type = NOTE;
	count("send", op(fd, PARLEY_IOC_SEND, &ipc));
}

static void *be_client(void *arg)
{
	struct process *self = arg;
	__u64 seed = now_ns() * 2 + 1, seq;

	for (seq = 0;; seq++) {
		struct parley_msg msg = { .type = REQUEST };
		int server = shared->servers[random_next(&seed) % SERVERS];

		letter_write(letter_of(&msg), self->number, seq, &seed);
		if (seq % 8 == 6)
			send_note(self->fd, server, &msg);
		else if (seq % 8 == 7)
			count("notify", notify(self->fd, server, PARLEY_NOTIFY_USER));
		else
			call(self->fd, server, &msg);
	}
	return NULL;
}

static void run(struct process *self)
{
	bool server = self->number < SERVERS;
	pthread_t thread;
	int i;

	self->fd = open_task();
	if (self->fd < 0)
		wrong("open: %s", strerror(errno));
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, server ? serve : be_client, self))
			wrong("no thread");
	if (server)
		shared->servers[self->number] = task_id(self->fd);
	for (;;)
		pause();
}

static void start(struct process *process)
{
	process->pid = spawn();
	if (!process->pid)
		run(process);
}

static __u64 progress(void)
{
	__u64 sum = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(outcomes); i++)
		sum += shared->counts[i];
	return sum;
}

/* Kill someone whenever a random number of operations has been done. */
static __u64 kill_at_random(__u64 end)
{
	__u64 seed = now_ns() * 2 + 1, kills = 0, next;

	while (now_ns() < end && !shared->wrong) {
		struct process *victim = &processes[random_next(&seed) % PROCESSES];

		next = progress() + random_next(&seed) % 100;
		if (!until(progress() >= next || shared->wrong))
			break;
		kill_and_reap(victim->pid);
		start(victim);
		kills++;
	}
	return now_ns() >= end ? kills : 0;
}

static void start_all(void)
{
	int i;

	for (i = 0; i < PROCESSES; i++) {
		processes[i].number = i;
		start(&processes[i]);
		if (i < SERVERS && !until(shared->servers[i] || shared->wrong))
			ksft_exit_fail_msg("server %d doesn't start\n", i);
	}
}

int main(void)
{
	struct census before;
	__u64 kills;
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	ksft_print_header();
	ksft_set_plan(3);
	shared = share(sizeof(*shared));
	if (!shared || !census_take(&before))
		ksft_exit_fail_msg("no census\n");
	start_all();
	kills = kill_at_random(in_ms(1000 * (long_run() ? SECONDS_LONG : SECONDS)));
	for (i = 0; i < PROCESSES; i++)
		kill_and_reap(processes[i].pid);

	ksft_print_msg("%llu kills, %lu replies refused\n", kills, shared->refused);
	for (i = 0; i < ARRAY_SIZE(outcomes); i++)
		ksft_print_msg("%s: %lu\n", outcomes[i].name, shared->counts[i]);
	ksft_test_result(kills > 0, "the living went on to the end\n");
	ksft_test_result(!shared->wrong, "only the errors of death, only right answers\n");
	ksft_test_result(census_returns(&before), "nothing of the dead stays behind\n");
	ksft_finished();
}
