// SPDX-License-Identifier: GPL-2.0
/* The well-known ids, 2 and 3: who may have them, and for how long. */
#include "rights.h"

#define RACERS	4
#define ROUNDS	200

FIXTURE(claim)
{
	struct peer client;
	int bus;
};

FIXTURE_VARIANT(claim)
{
	__s32 id;
};

FIXTURE_VARIANT_ADD(claim, discovery) { .id = PARLEY_TASK_DISCOVERY };
FIXTURE_VARIANT_ADD(claim, task) { .id = PARLEY_TASK_TASK };

FIXTURE_SETUP(claim)
{
	struct task me = task_open();

	self->bus = bus_of(me);
	ASSERT_LE(0, self->bus);
	close(me.fd);
	self->client = actor_start(&bob);
}

FIXTURE_TEARDOWN(claim)
{
	actors_end();
}

/* Deeds: the bus is their own namespace's, or one that they inherited. */

static struct task claimed;

static __s32 claim_on(int bus, __s32 id)
{
	int fd = bus_open(bus, id);

	if (fd < 0)
		return fd;
	claimed = task_of(fd);
	CHECK_EQ(id, claimed.id);
	return 0;
}

DEED(do_claim, peer, id)
{
	int bus = bus_of(me), err = claim_on(bus, id);

	close(bus);
	return err;
}

DEED(do_claim_inherited, bus, id)
{
	return claim_on(bus, id);
}

DEED(do_release, peer, arg)
{
	return close(claimed.fd);
}

DEED(do_serve_claimed, peer, type)
{
	CHECK_EQ(type, do_take(claimed, peer, 0));
	return do_answer(claimed, 0, 0);
}

DEED(do_mode_of_claimed, peer, mode)
{
	return task_mode(claimed, mode);
}

DEED(do_claim_on_own, peer, id)
{
	return do_claim(task_open(), peer, id);
}

TEST_F(claim, takes_a_capability)
{
	const struct who powerless = { .caps = CAPS_ALL & ~CAP(SYS_ADMIN) };
	const struct who powerful = { .uid = ALICE, .gid = ALICE, .caps = CAP(SYS_ADMIN) };
	struct peer peer;

	EXPECT_EQ(-EPERM, actor_do(&self->client, do_claim, 0, variant->id));
	peer = actor_start(&powerless);
	EXPECT_EQ(-EPERM, actor_do(&peer, do_claim, 0, variant->id));
	peer = actor_start(&powerful);
	EXPECT_EQ(0, actor_do(&peer, do_claim, 0, variant->id));
}

TEST_F(claim, takes_the_capability_when_claiming)
{
	struct peer peer = actor_start(&root);

	ASSERT_EQ(0, actor_do(&peer, do_become_alice, 0, 0));
	EXPECT_EQ(-EPERM, actor_do(&peer, do_claim_inherited, self->bus, variant->id));
}

/* Its capability may go, as a daemon's does. */
TEST_F(claim, is_reached_by_clients)
{
	struct peer daemon = actor_start(&root);

	EXPECT_EQ(-ENOTCONN, actor_do(&self->client, do_reach, variant->id, 0));
	ASSERT_EQ(0, actor_do(&daemon, do_claim, 0, variant->id));
	ASSERT_EQ(0, actor_do(&daemon, do_become_alice, 0, 0));
	EXPECT_EQ(-EACCES, actor_do(&self->client, do_reach, variant->id, 0));
	ASSERT_EQ(0, actor_do(&daemon, do_mode_of_claimed, 0, 0666));
	actor_park(&self->client, do_call, variant->id, 6);
	EXPECT_EQ(0, actor_do(&daemon, do_serve_claimed, self->client.id, 6));
	EXPECT_EQ(0, hear(self->client.ctl));
}

TEST_F(claim, is_free_again_when_closed)
{
	struct peer daemons[2] = { actor_start(&root), actor_start(&root) };

	for (int i = 0; i < 4; i++) {
		struct peer *holder = &daemons[i % 2], *next = &daemons[(i + 1) % 2];

		ASSERT_EQ(0, actor_do(holder, do_claim, 0, variant->id));
		EXPECT_EQ(-EBUSY, actor_do(next, do_claim, 0, variant->id));
		EXPECT_EQ(-EBUSY, actor_do(holder, do_claim_inherited, self->bus, variant->id));
		ASSERT_EQ(0, actor_do(holder, do_release, 0, 0));
		EXPECT_EQ(-ENOTCONN, actor_do(&self->client, do_reach, variant->id, 0));
	}
}

TEST_F(claim, is_free_again_when_its_process_ends)
{
	struct peer daemon;

	for (int i = 0; i < 4; i++) {
		daemon = actor_start(&root);
		ASSERT_EQ(0, actor_do(&daemon, do_claim, 0, variant->id));
		peer_kill(&daemon);
	}
}

/* Neither keeps the other from it. */
TEST_F(claim, is_one_of_two)
{
	__s32 other = variant->id ^ PARLEY_TASK_DISCOVERY ^ PARLEY_TASK_TASK;

	ASSERT_EQ(0, claim_on(self->bus, variant->id));
	EXPECT_EQ(0, claim_on(self->bus, other));
	EXPECT_EQ(-EBUSY, claim_on(self->bus, variant->id));
	EXPECT_EQ(-EBUSY, claim_on(self->bus, other));
}

TEST_F(claim, is_of_one_bus)
{
	struct peer there = actor_start(&root);

	ASSERT_EQ(0, claim_on(self->bus, variant->id));
	ASSERT_EQ(0, actor_do(&there, do_unshare, 0, CLONE_NEWNET));
	EXPECT_EQ(0, actor_do(&there, do_claim_on_own, 0, variant->id));
	EXPECT_EQ(-EBUSY, actor_do(&there, do_claim_inherited, self->bus, variant->id));
}

/* Root of a user namespace has its network namespace's bus, and no other. */
TEST_F(claim, is_for_the_owner_of_the_namespace)
{
	struct peer there = actor_start(&alice);

	ASSERT_EQ(0, actor_do(&there, do_unshare, 0, CLONE_NEWUSER));
	EXPECT_EQ(-EPERM, actor_do(&there, do_claim, 0, variant->id));
	EXPECT_EQ(-EPERM, actor_do(&there, do_claim_on_own, 0, variant->id));
	ASSERT_EQ(0, actor_do(&there, do_unshare, 0, CLONE_NEWNET));
	EXPECT_EQ(0, actor_do(&there, do_claim_on_own, 0, variant->id));
	EXPECT_EQ(-EPERM, actor_do(&there, do_claim_inherited, self->bus, variant->id));
	EXPECT_EQ(0, claim_on(self->bus, variant->id));
}

/* The other way about: a namespace that the user namespace doesn't own. */
TEST_F(claim, is_not_for_a_guest_of_the_namespace)
{
	struct peer there = actor_start(&root);

	ASSERT_EQ(0, actor_do(&there, do_unshare, 0, CLONE_NEWNET));
	ASSERT_EQ(0, actor_do(&there, do_unshare, 0, CLONE_NEWUSER));
	EXPECT_EQ(-EPERM, actor_do(&there, do_claim_on_own, 0, variant->id));
}

TEST(other_ids_cannot_be_claimed)
{
	static const __s32 wrong[] = {
		INT_MIN, -2, -1, PARLEY_TASK_VM, PARLEY_TASK_RESERVED + 1, 1000000, INT_MAX,
	};
	struct task me = task_open();
	int bus = bus_of(me);

	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT_EQ(-EINVAL, bus_open(bus, wrong[i]));
	EXPECT_LT(PARLEY_TASK_RESERVED, task_of(bus_open(bus, 0)).id);
}

/* Of those that claim it at once, one gets it. */

struct race {
	int bus;
	pthread_barrier_t together;
	atomic_int won, refused;
};

static void *racer_thread(void *arg)
{
	struct race *race = arg;
	int fd;

	for (int i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&race->together);
		fd = bus_open(race->bus, PARLEY_TASK_DISCOVERY);
		CHECK(fd >= 0 || fd == -EBUSY);
		atomic_fetch_add(fd < 0 ? &race->refused : &race->won, 1);
		pthread_barrier_wait(&race->together);
		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

TEST(one_claim_wins)
{
	struct race race = { .bus = bus_of(task_open()) };
	pthread_t threads[RACERS];

	ASSERT_EQ(0, pthread_barrier_init(&race.together, NULL, RACERS));
	for (int i = 0; i < RACERS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, racer_thread, &race));
	for (int i = 0; i < RACERS; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	EXPECT_EQ(ROUNDS, race.won);
	EXPECT_EQ(ROUNDS * (RACERS - 1), race.refused);
}

TEST_HARNESS_MAIN
