// SPDX-License-Identifier: GPL-2.0
/*
 * Clients and servers, with cargo of all kinds, die at any moment: what arrives is
 * what was sent, or an error made for that, and nothing of the dead stays behind.
 */
#include <kselftest_harness.h>
#include "census.h"
#include "../module/cargo.h"
#include "../module/usage.h"

#define SERVERS		2
#define CLIENTS		4
#define PROCESSES	(SERVERS + CLIENTS)
#define THREADS		2
#define SECONDS		20
#define SECONDS_LONG	300
#define TIMEOUT		900
#define PAUSE_US	100000
#define FILE_LEN	(64 * PAGE)
#define MOST		PARLEY_OOL_MAX

static struct shared {
	_Atomic int servers[SERVERS];
	atomic_ulong done, failed, kills;
	atomic_bool wrong;
} *shared;

#define WRONG(format, ...) do {			\
	atomic_store(&shared->wrong, true);	\
	give_up(format, ##__VA_ARGS__);		\
} while (0)

/* A thread, with memory of its own. */
struct hand {
	struct task me;
	__u64 seed;
	struct area out, in;
	int file, readable;
};

static unsigned int draw(struct hand *hand, unsigned int below)
{
	hand->seed = hand->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (hand->seed >> 33) % below;
}

static void hand_make(struct hand *hand, struct task me, unsigned int seed)
{
	char path[64];

	*hand = (struct hand){ .me = me, .seed = now() ^ seed };
	hand->out = area_make(MOST, 0);
	hand->in = area_make(MOST, 77);
	hand->file = memfd("storm", FILE_LEN, F_SEAL_SHRINK);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", hand->file);
	hand->readable = open(path, O_RDONLY | O_CLOEXEC);
	bytes_fill(hand->out.at, FILE_LEN, 5);
	CHECK_EQ(FILE_LEN, pwrite(hand->file, hand->out.at, FILE_LEN, 0));
}

/* Mostly few. */
static size_t draw_size(struct hand *hand)
{
	return draw(hand, 8) ? draw(hand, 3 * PAGE) : draw(hand, MOST);
}

/* Message types tell what bytes are to come. */
static void load(struct hand *hand, struct cart *cart)
{
	__u8 *at = hand->out.at + draw(hand, PAGE);
	size_t len = draw_size(hand);

	if (draw(hand, 2)) {
		if (len > MOST - PAGE)
			len = MOST - PAGE;
		bytes_fill(at, len, cart->op.out.type);
		cart_load(cart, at, len);
	}
	switch (draw(hand, 5)) {
	case 0:
		cart_carry(cart, PARLEY_CARGO_FD, draw(hand, 2) ? hand->file : hand->me.fd, 0, 0);
		break;
	case 1:
		cart_carry(cart, PARLEY_CARGO_MAP, hand->readable, PAGE, 5 * PAGE);
		break;
	case 2:
		cart_carry(cart, PARLEY_CARGO_MAP_WRITE, hand->file, PAGE, 5 * PAGE);
		break;
	}
}

static void load_reply(struct hand *hand, struct cart *cart)
{
	if (draw(hand, 4)) {
		load(hand, cart);
		return;
	}
	/* Tells the receiver that the bytes are the file's. */
	cart->op.out.type = 5;
	cart_range(cart, hand->readable, 0, draw(hand, FILE_LEN));
}

/* Most accept all, with room for it. */
static void accept_some(struct hand *hand, struct cart *cart)
{
	if (!draw(hand, 10))
		return;
	cart_room(cart, hand->in.at, draw(hand, 10) ? hand->in.len : draw(hand, MOST));
	cart_accept(cart, draw(hand, 10) ? KINDS : PARLEY_CARGO_FD);
}

static void unload(struct hand *hand, const struct cart *cart)
{
	const struct parley_cargo *cargo = &cart->cargo;
	const __u8 *map = (void *)(uintptr_t)cargo->map;

	if (cargo->received & PARLEY_CARGO_OOL &&
	    !bytes_are(hand->in.at, cargo->ool_len, cart->op.in.type, 0))
		WRONG("not the bytes that were sent");
	if (cargo->received & PARLEY_CARGO_FD && close(cargo->recv_fd))
		WRONG("no descriptor");
	if (!(cargo->received & (PARLEY_CARGO_MAP | PARLEY_CARGO_MAP_WRITE)))
		return;
	if (map[0] != area_byte(5, PAGE) || munmap((void *)map, cargo->map_len))
		WRONG("no mapping");
}

static void *serve(void *arg)
{
	struct hand *hand = arg;
	struct cart cart;
	__u64 token = 0;

	for (;;) {
		int err;

		if (token && draw(hand, 8)) {
			cart_replyrecv(&cart, hand->me, token, draw(hand, 100));
			load_reply(hand, &cart);
		} else {
			/* Some are not answered, until the server's death. */
			cart_recv(&cart, hand->me, PARLEY_ANY);
		}
		accept_some(hand, &cart);
		err = cart_run(&cart);
		token = 0;
		switch (err) {
		case 0:
			token = cart_token(&cart);
			if (cart.op.in.src != PARLEY_TASK_KERNEL)
				unload(hand, &cart);
			break;
		case -EOPNOTSUPP:
			/* Answer it with less, next time. */
			cart_reply(&cart, hand->me, cart_token(&cart), 1);
			err = cart_run(&cart);
			if (err && err != -ENOENT)
				WRONG("plain reply: %d", err);
			break;
		case -EMSGSIZE:
			break;
		default:
			WRONG("server: %d", err);
		}
	}
}

static bool expected(int err)
{
	switch (err) {
	case 0: case -ENOTCONN: case -ECONNRESET: case -ETIMEDOUT: case -EMSGSIZE:
	case -EOPNOTSUPP: case -EAGAIN: case -EINVAL:
		return true;
	}
	return false;
}

static void *call(void *arg)
{
	struct hand *hand = arg;
	struct cart cart;

	for (;;) {
		__s32 peer = shared->servers[draw(hand, SERVERS)];
		bool one_way = !draw(hand, 4), malformed;
		int err;

		if (one_way)
			cart_send(&cart, hand->me, peer, draw(hand, 100));
		else
			accept_some(hand, cart_call(&cart, hand->me, peer, draw(hand, 100)));
		load(hand, &cart);
		cart_within(&cart, draw(hand, 50) * MS);
		if (!draw(hand, 8))
			cart.op.arg.flags |= PARLEY_NONBLOCK;
		err = cart_run(&cart);
		/* A SEND with payload out of line waits, or is malformed. */
		malformed = one_way && cart.op.arg.flags == (PARLEY_NONBLOCK | PARLEY_OOL);
		if (!expected(err) || (err == -EINVAL && !malformed))
			WRONG("client: %d", err);
		atomic_fetch_add(err ? &shared->failed : &shared->done, 1);
		if (!err && !one_way)
			unload(hand, &cart);
	}
}

static void live(int number)
{
	static struct hand hands[THREADS];
	struct task me = task_open();
	pthread_t thread;

	for (int i = 0; i < THREADS; i++)
		hand_make(&hands[i], me, number * THREADS + i);
	if (number < SERVERS)
		shared->servers[number] = me.id;
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(0, pthread_create(&thread, NULL, number < SERVERS ? serve : call,
					   &hands[i]));
	pause();
	_exit(KSFT_FAIL);
}

static pid_t start(int number)
{
	pid_t pid = spawn();

	if (!pid)
		live(number);
	return pid;
}

FIXTURE(storm) {
	struct census before;
	long long pinned;
};

FIXTURE_SETUP(storm)
{
	shared = share(sizeof(*shared));
	ASSERT_NE(NULL, shared);
	ASSERT_TRUE(census_take(&self->before));
	self->pinned = pages_pinned();
}

FIXTURE_TEARDOWN(storm)
{
	EXPECT_TRUE(pages_let_go(self->pinned));
	EXPECT_EQ(0U, usage_of(0, "pins").used);
	EXPECT_TRUE(census_returns(&self->before));
}

TEST_F_TIMEOUT(storm, killed_at_any_moment, TIMEOUT)
{
	__u64 end = now() + (long_run() ? SECONDS_LONG : SECONDS) * 1000 * MS;
	pid_t pids[PROCESSES];

	for (int i = 0; i < PROCESSES; i++)
		pids[i] = start(i);
	while (now() < end && !shared->wrong) {
		int i = rand() % PROCESSES;

		usleep(rand() % PAUSE_US);
		kill_and_reap(pids[i]);
		pids[i] = start(i);
		shared->kills++;
	}
	for (int i = 0; i < PROCESSES; i++)
		kill_and_reap(pids[i]);
	TH_LOG("%lu done, %lu failed, %lu kills", shared->done, shared->failed, shared->kills);
	EXPECT_FALSE(shared->wrong);
	EXPECT_GT(shared->done, 0);
	EXPECT_GT(shared->kills, 0);
}

TEST_HARNESS_MAIN
