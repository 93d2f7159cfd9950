// SPDX-License-Identifier: GPL-2.0
/*
 * Many clients, one server with a pool of workers: every reply answers the
 * request it was sent for. A million calls; on a debug kernel, a minute.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <kselftest.h>
#include "common.h"
#include "letter.h"

#define CLIENTS			8
#define WORKERS			4
#define CALLS			1000000ULL
#define CALLS_LONG		8000000ULL
#define CLOCK_CALLS		64 /* a look at the clock costs an emulator more than a call */
#define DEBUG_SECONDS		60
#define DEBUG_CALLS_LEAST	100000ULL

static struct shared {
	_Atomic int server;
	_Atomic bool go;
	atomic_ulong served;
	__u64 calls[CLIENTS];
} *shared;

static void *work(void *arg)
{
	struct parley_msg request, answer = { .type = ANSWER };
	int fd = *(int *)arg, err;
	__u64 token = 0;

	for (;;) {
		struct parley_ipc ipc = to_replyrecv(token, &answer, 0, &request);

		if (token)
			ipc.send_len = letter_size(letter_of(&answer));
		err = op(fd, PARLEY_IOC_REPLYRECV, &ipc);
		if (err || ipc.reply_error)
			give_up("server: %d, reply %d", err, ipc.reply_error);
		if (!letter_intact(letter_of(&request), ipc.recv_len))
			give_up("server: broken request from task %d", request.src);
		if (!ipc.token || request.type != REQUEST)
			give_up("server: token %llu, type %d", ipc.token, request.type);
		token = ipc.token;
		letter_answer(letter_of(&answer), letter_of(&request));
		atomic_fetch_add(&shared->served, 1);
	}
	return NULL;
}

static void serve(void)
{
	pthread_t workers[WORKERS];
	int fd = open_task(), i;

	for (i = 0; i < WORKERS; i++)
		if (pthread_create(&workers[i], NULL, work, &fd))
			give_up("server: no thread");
	shared->server = task_id(fd);
	for (;;)
		pause();
}

static void call_once(int fd, __u32 client, __u64 seq, __u64 *seed)
{
	struct parley_msg request = { .type = REQUEST }, answer;
	struct parley_ipc ipc;
	int err;

	letter_write(letter_of(&request), client, seq, seed);
	ipc = to_call(shared->server, &request, letter_size(letter_of(&request)), &answer);
	err = op(fd, PARLEY_IOC_CALL, &ipc);
	if (err)
		give_up("client %u: call %llu: %d", client, seq, err);
	if (answer.src != shared->server || answer.type != ANSWER ||
	    !letter_answers(letter_of(&answer), ipc.recv_len, letter_of(&request)))
		give_up("client %u: call %llu got another's answer", client, seq);
}

static void be_client(__u32 client, __u64 calls, __u64 nanoseconds)
{
	__u64 seed = 0x9e3779b97f4a7c15ULL * (client + 1), seq = 0, end;
	int fd = open_task();

	if (!until(shared->go))
		give_up("client %u: no start", client);
	end = now_ns() + nanoseconds;
	while (seq < calls && (!nanoseconds || seq % CLOCK_CALLS || now_ns() < end))
		call_once(fd, client, seq++, &seed);
	shared->calls[client] = seq;
	_exit(0);
}

static bool run_clients(__u64 calls, __u64 nanoseconds)
{
	pid_t clients[CLIENTS];
	bool fine = true;
	__u32 i;

	for (i = 0; i < CLIENTS; i++) {
		clients[i] = spawn();
		if (!clients[i])
			be_client(i, calls, nanoseconds);
	}
	shared->go = true;
	for (i = 0; i < CLIENTS; i++)
		fine &= reap(clients[i]) == 0;
	return fine;
}

static pid_t start_server(void)
{
	pid_t pid;

	shared = share(sizeof(*shared));
	if (!shared)
		ksft_exit_fail_msg("no memory\n");
	pid = spawn();
	if (!pid)
		serve();
	if (!until(shared->server))
		ksft_exit_fail_msg("the server doesn't start\n");
	return pid;
}

int main(void)
{
	__u64 calls = long_run() ? CALLS_LONG : CALLS, done = 0, start;
	__u64 nanoseconds = debug_kernel() ? DEBUG_SECONDS * 1000000000ULL : 0;
	__u64 least = nanoseconds ? DEBUG_CALLS_LEAST : calls;
	pid_t server;
	bool fine;
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	ksft_print_header();
	ksft_set_plan(2);
	server = start_server();
	start = now_ns();
	fine = run_clients(nanoseconds ? ~0ULL : calls / CLIENTS, nanoseconds);
	for (i = 0; i < CLIENTS; i++)
		done += shared->calls[i];
	ksft_print_msg("%llu calls, %llu calls/s\n", done,
		       done * 1000000000ULL / (now_ns() - start));
	ksft_test_result(fine, "every reply answers its request\n");
	ksft_test_result(done == shared->served && done >= least,
			 "as many requests served as calls made: %lu\n", shared->served);
	kill_and_reap(server);
	ksft_finished();
}
