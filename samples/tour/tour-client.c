// SPDX-License-Identifier: GPL-2.0
/*
 * A client on libipc: plays one step of the tour against the server with the
 * given task id, prints what happened, and exits with 0 if it was right.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libipc.h>

#include "tour.h"

#define CALLS		10000
#define PAYLOAD		64
#define NOTIFY_BITS	0x30
#define DEADLINE_MS	100
#define LATE_MS		1000	/* more than this is late, even for an emulator */

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

/* Byte @i of the payload of call @n. */
static uint8_t pattern(int n, int i)
{
	return n * 31 + i * 7 + (n >> 8);
}

static int flip_once(ipc_task_t server, int n)
{
	struct ipc_msg msg = { .type = TOUR_FLIP };
	size_t len = PAYLOAD;
	int err;

	for (int i = 0; i < PAYLOAD; i++)
		msg.data[i] = pattern(n, i);
	err = ipc_call(server, &msg, &len, LIBIPC_FOREVER);
	if (err)
		return err;
	if (msg.type != TOUR_FLIP || msg.src != server || len != PAYLOAD)
		return -EPROTO;
	for (int i = 0; i < PAYLOAD; i++)
		if ((msg.data[i] ^ pattern(n, i)) != 0xff)
			return -EPROTO;
	return 0;
}

static int play_info(ipc_task_t server)
{
	uint64_t features;
	int err = ipc_features(&features);

	if (err)
		return err;
	printf("task %d talks to server %d, features %#llx\n", ipc_self(), server,
	       (unsigned long long)features);
	return features & LIBIPC_FEATURE_MESSAGES ? 0 : -EOPNOTSUPP;
}

static int play_calls(ipc_task_t server)
{
	double start = now_us();

	for (int n = 0; n < CALLS; n++) {
		int err = flip_once(server, n);

		if (err) {
			printf("call %d of %d: ", n + 1, CALLS);
			return err;
		}
	}
	printf("%d calls, every reply verified (%.1f µs each)\n", CALLS,
	       (now_us() - start) / CALLS);
	return 0;
}

static int play_notify(ipc_task_t server)
{
	struct ipc_msg msg = { .type = TOUR_NOTIFY, .data = { NOTIFY_BITS } };
	size_t len = 1;
	ipc_token_t token;
	int err = ipc_call(server, &msg, &len, LIBIPC_FOREVER);

	if (err || msg.type < 0)
		return err ? err : msg.type;
	err = ipc_recv(LIBIPC_TASK_KERNEL, &msg, &len, &token, LIBIPC_NOWAIT);
	if (err)
		return err;
	printf("notified by the server, bits %#x\n", msg.data[0]);
	return msg.type == LIBIPC_NOTIFICATIONS && msg.data[0] == NOTIFY_BITS ? 0 : -EPROTO;
}

static int play_deadline(ipc_task_t server)
{
	struct ipc_msg msg = { .type = TOUR_HANG };
	double start = now_us(), ms;
	size_t len = 0;
	int err = ipc_call(server, &msg, &len, ipc_deadline(DEADLINE_MS * UINT64_C(1000000)));

	ms = (now_us() - start) / 1e3;
	printf("no reply within %d ms: %s after %.1f ms\n", DEADLINE_MS, strerror(-err), ms);
	return err == -ETIMEDOUT && ms >= DEADLINE_MS && ms < LATE_MS ? 0 : -EPROTO;
}

static int play_killed(ipc_task_t server)
{
	struct ipc_msg msg = { .type = TOUR_HANG };
	size_t len = 0;
	int err = ipc_call(server, &msg, &len, LIBIPC_FOREVER);

	printf("server killed in mid-call: %s\n", strerror(-err));
	return err == -ECONNRESET ? 0 : -EPROTO;
}

static int play_gone(ipc_task_t server)
{
	struct ipc_msg msg = { .type = TOUR_FLIP };
	size_t len = 0;
	int err = ipc_call(server, &msg, &len, LIBIPC_FOREVER);

	printf("calling the dead server: %s\n", strerror(-err));
	return err == -ENOTCONN ? 0 : -EPROTO;
}

static const struct {
	const char *name;
	int (*play)(ipc_task_t server);
} steps[] = {
	{ "info", play_info },
	{ "calls", play_calls },
	{ "notify", play_notify },
	{ "deadline", play_deadline },
	{ "killed", play_killed },
	{ "gone", play_gone },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 3 && i < sizeof(steps) / sizeof(steps[0]); i++) {
		int err;

		if (strcmp(argv[1], steps[i].name))
			continue;
		err = steps[i].play(atoi(argv[2]));
		if (err)
			printf("%s: %s\n", steps[i].name, strerror(-err));
		return err ? 1 : 0;
	}
	fputs("usage: tour-client STEP SERVER\nsteps:", stderr);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		fprintf(stderr, " %s", steps[i].name);
	fputc('\n', stderr);
	return 2;
}
