// SPDX-License-Identifier: GPL-2.0
/* Grants: a task lets in whom its mode keeps out, and takes it back. */
#include "rights.h"

#define RACE	(2000 * MS)

FIXTURE(grant)
{
	struct peer server, client;
};

FIXTURE_SETUP(grant)
{
	self->server = actor_start(&alice);
	self->client = actor_start(&bob);
}

FIXTURE_TEARDOWN(grant)
{
}

static __s32 grant_to(const struct peer *server, __s32 client)
{
	return actor_do(server, do_bond, client, PARLEY_BOND_GRANT);
}

static __s32 revoke_from(const struct peer *server, __s32 client)
{
	return actor_do(server, do_unbond, client, PARLEY_BOND_GRANT);
}

TEST_F(grant, lets_in_until_it_is_revoked)
{
	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(-EACCES, actor_do(&self->client, do_reach, self->server.id, 0));
		ASSERT_EQ(0, grant_to(&self->server, self->client.id));
		ASSERT_EQ(0, actor_do(&self->client, do_reach, self->server.id, 0));
		ASSERT_EQ(0, revoke_from(&self->server, self->client.id));
	}
	EXPECT_EQ(-EACCES, actor_do(&self->client, do_reach, self->server.id, 0));
}

DEED(do_reach_from_another, peer, arg)
{
	return reach(task_open(), peer);
}

/* It is the task's, not its user's or its process's; and it is one-way. */
TEST_F(grant, is_for_one_task)
{
	struct peer other = actor_start(&bob);

	ASSERT_EQ(0, grant_to(&self->server, self->client.id));
	EXPECT_EQ(-EACCES, actor_do(&other, do_reach, self->server.id, 0));
	EXPECT_EQ(-EACCES, actor_do(&self->client, do_reach_from_another, self->server.id, 0));
	EXPECT_EQ(-EACCES, actor_do(&self->server, do_reach, self->client.id, 0));
	EXPECT_EQ(0, actor_do(&self->client, do_reach, self->server.id, 0));
}

TEST_F(grant, outdoes_any_mode)
{
	ASSERT_EQ(0, actor_do(&self->server, do_mode, 0, 0666));
	ASSERT_EQ(0, grant_to(&self->server, self->client.id));
	ASSERT_EQ(0, actor_do(&self->server, do_mode, 0, 0));
	EXPECT_EQ(0, actor_do(&self->client, do_reach, self->server.id, 0));
	ASSERT_EQ(0, revoke_from(&self->server, self->client.id));
	EXPECT_EQ(-EACCES, actor_do(&self->client, do_reach, self->server.id, 0));
	ASSERT_EQ(0, actor_do(&self->server, do_mode, 0, 0666));
	EXPECT_EQ(0, actor_do(&self->client, do_reach, self->server.id, 0));
}

TEST_F(grant, of_several_are_apart)
{
	struct peer clients[4];

	for (int i = 0; i < 4; i++) {
		clients[i] = actor_start(&bob);
		ASSERT_EQ(0, grant_to(&self->server, clients[i].id));
	}
	ASSERT_EQ(0, revoke_from(&self->server, clients[1].id));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(i == 1 ? -EACCES : 0,
			  actor_do(&clients[i], do_reach, self->server.id, 0));
}

TEST_F(grant, errors)
{
	__s32 dead = dead_id();

	EXPECT_EQ(-ENOENT, revoke_from(&self->server, self->client.id));
	ASSERT_EQ(0, grant_to(&self->server, self->client.id));
	EXPECT_EQ(-EEXIST, grant_to(&self->server, self->client.id));
	EXPECT_EQ(0, actor_do(&self->client, do_reach, self->server.id, 0));
	ASSERT_EQ(0, revoke_from(&self->server, self->client.id));
	EXPECT_EQ(-ENOENT, revoke_from(&self->server, self->client.id));

	EXPECT_EQ(-ENOTCONN, grant_to(&self->server, dead));
	EXPECT_EQ(-ENOENT, revoke_from(&self->server, dead));
	EXPECT_EQ(-ENOTCONN, grant_to(&self->server, INT_MAX));
}

TEST(bond_arguments_are_checked)
{
	struct task me = task_open(), peer = task_open();
	struct parley_bond_arg arg = { sizeof(arg), PARLEY_BOND_LINK + 1, peer.id, 0 };

	EXPECT_EQ(-EINVAL, parley(me.fd, PARLEY_IOC_BOND, &arg));
	EXPECT_EQ(-EINVAL, parley(me.fd, PARLEY_IOC_UNBOND, &arg));
	arg.kind = ~0U;
	EXPECT_EQ(-EINVAL, parley(me.fd, PARLEY_IOC_BOND, &arg));
	arg.kind = PARLEY_BOND_GRANT;
	arg.reserved = 1;
	EXPECT_EQ(-EINVAL, parley(me.fd, PARLEY_IOC_BOND, &arg));
	EXPECT_EQ(-EINVAL, parley(me.fd, PARLEY_IOC_UNBOND, &arg));
	EXPECT_EQ(-ENOENT, unbond(me, PARLEY_BOND_GRANT, peer.id));
}

/* The kinds are apart, too: a watch is no grant. */
TEST(kinds_are_apart)
{
	struct task me = task_open(), peer = task_open();

	for (__u32 kind = PARLEY_BOND_GRANT; kind <= PARLEY_BOND_LINK; kind++) {
		ASSERT_EQ(0, bond(me, kind, peer.id));
		for (__u32 other = PARLEY_BOND_GRANT; other <= PARLEY_BOND_LINK; other++)
			if (other != kind)
				EXPECT_EQ(-ENOENT, unbond(me, other, peer.id));
		EXPECT_EQ(-EEXIST, bond(me, kind, peer.id));
		ASSERT_EQ(0, unbond(me, kind, peer.id));
	}
}

TEST_F(grant, revoked_with_calls_in_flight)
{
	struct peer next = actor_start(&bob);

	ASSERT_EQ(0, grant_to(&self->server, self->client.id));
	ASSERT_EQ(0, grant_to(&self->server, next.id));
	actor_park(&self->client, do_call, self->server.id, 6);
	ASSERT_EQ(6, actor_do(&self->server, do_take, PARLEY_ANY, 0));
	actor_park(&next, do_call, self->server.id, 8);
	ASSERT_EQ(0, revoke_from(&self->server, self->client.id));
	ASSERT_EQ(0, revoke_from(&self->server, next.id));

	ASSERT_EQ(0, actor_do(&self->server, do_answer, 0, 0));
	EXPECT_EQ(0, hear(self->client.ctl));
	EXPECT_EQ(8, actor_do(&self->server, do_take, PARLEY_ANY, 0));
	EXPECT_EQ(0, actor_do(&self->server, do_answer, 0, 0));
	EXPECT_EQ(0, hear(next.ctl));
	EXPECT_EQ(-EACCES, actor_do(&self->client, do_call, self->server.id, 10));
	EXPECT_EQ(-EACCES, actor_do(&next, do_call, self->server.id, 10));
}

/* The request is where it was, the stop in between is no second request. */
TEST_F(grant, revoked_while_the_caller_is_stopped)
{
	int status;

	ASSERT_EQ(0, grant_to(&self->server, self->client.id));
	actor_park(&self->client, do_call, self->server.id, 6);
	ASSERT_EQ(0, kill(self->client.pid, SIGSTOP));
	ASSERT_EQ(self->client.pid, waitpid(self->client.pid, &status, WUNTRACED));
	ASSERT_EQ(0, revoke_from(&self->server, self->client.id));
	ASSERT_EQ(0, kill(self->client.pid, SIGCONT));
	EXPECT_EQ(6, actor_do(&self->server, do_take, PARLEY_ANY, 0));
	EXPECT_EQ(0, actor_do(&self->server, do_answer, 0, 0));
	EXPECT_EQ(0, hear(self->client.ctl));
}

/* What was made with the right stays; it is the sending that needs it. */
TEST_F(grant, revoked_with_a_watch_and_a_link)
{
	ASSERT_EQ(0, grant_to(&self->server, self->client.id));
	ASSERT_EQ(0, actor_do(&self->client, do_bond, self->server.id, PARLEY_BOND_WATCH));
	ASSERT_EQ(0, actor_do(&self->client, do_bond, self->server.id, PARLEY_BOND_LINK));
	ASSERT_EQ(0, revoke_from(&self->server, self->client.id));
	EXPECT_EQ(0, actor_do(&self->client, do_unbond, self->server.id, PARLEY_BOND_WATCH));
	EXPECT_EQ(0, actor_do(&self->client, do_unbond, self->server.id, PARLEY_BOND_LINK));
	EXPECT_EQ(-EACCES, actor_do(&self->client, do_reach, self->server.id, 0));
}

TEST_F(grant, ends_with_the_grantee)
{
	ASSERT_EQ(0, grant_to(&self->server, self->client.id));
	peer_kill(&self->client);
	EXPECT_EQ(-ENOENT, revoke_from(&self->server, self->client.id));
	EXPECT_EQ(-ENOTCONN, grant_to(&self->server, self->client.id));
}

TEST_F(grant, ends_with_the_granter)
{
	ASSERT_EQ(0, grant_to(&self->server, self->client.id));
	peer_kill(&self->server);
	EXPECT_EQ(-ENOTCONN, actor_do(&self->client, do_reach, self->server.id, 0));
}

/* Threads of the server's that grant and revoke; what they did adds up. */
struct granter {
	struct task me;
	__s32 client;
	atomic_int balance;
	atomic_bool stop;
};

static void *granter_thread(void *arg)
{
	struct granter *self = arg;
	int err;

	while (!atomic_load(&self->stop)) {
		err = bond(self->me, PARLEY_BOND_GRANT, self->client);
		CHECK(!err || err == -EEXIST);
		if (!err)
			atomic_fetch_add(&self->balance, 1);
		err = unbond(self->me, PARLEY_BOND_GRANT, self->client);
		CHECK(!err || err == -ENOENT);
		if (!err)
			atomic_fetch_sub(&self->balance, 1);
	}
	return NULL;
}

/* Is the client in when it is over? */
DEED(do_grants, client, arg)
{
	static struct granter self;
	pthread_t threads[2], echo;
	__u64 end = now() + RACE;

	self.me = me;
	self.client = client;
	CHECK_EQ(0, pthread_create(&echo, NULL, echo_thread, &self.me));
	for (int i = 0; i < 2; i++)
		CHECK_EQ(0, pthread_create(&threads[i], NULL, granter_thread, &self));
	while (now() < end)
		sched_yield();
	atomic_store(&self.stop, true);
	for (int i = 0; i < 2; i++)
		CHECK_EQ(0, pthread_join(threads[i], NULL));
	return atomic_load(&self.balance);
}

struct sender {
	struct task me;
	__s32 server;
	unsigned int in, out;	/* how often it was let in, and refused */
	pthread_t thread;
};

static int send_somehow(struct sender *self, unsigned int n)
{
	struct op op;

	switch (n % 4) {
	case 0:
		return task_notify(self->me, self->server, 0x10);
	case 1:
		return op_run(op_call(&op, self->me, self->server, 6, 8));
	case 2:
		return op_run(op_send(&op, self->me, self->server, 6, 8));
	default:
		return reach_message(self->me, PARLEY_IOC_SEND, self->server);
	}
}

static void *sender_thread(void *arg)
{
	struct sender *self = arg;
	__u64 end = now() + RACE;

	for (unsigned int n = 0; now() < end; n++) {
		int err = send_somehow(self, n);

		CHECK(!err || err == -EACCES);
		*(err ? &self->out : &self->in) += 1;
	}
	return NULL;
}

/* Was it both let in and kept out? */
DEED(do_sends, server, arg)
{
	struct sender senders[3];
	unsigned int in = 0, out = 0;

	for (int i = 0; i < 3; i++) {
		senders[i] = (struct sender){ .me = me, .server = server };
		CHECK_EQ(0, pthread_create(&senders[i].thread, NULL, sender_thread, &senders[i]));
	}
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(0, pthread_join(senders[i].thread, NULL));
		in += senders[i].in;
		out += senders[i].out;
	}
	fprintf(stderr, "# let in %u times, kept out %u times\n", in, out);
	return in && out;
}

TEST_F_TIMEOUT(grant, raced_by_senders, 60)
{
	int granted;

	actor_begin(&self->server, do_grants, self->client.id, 0);
	EXPECT_EQ(true, actor_do(&self->client, do_sends, self->server.id, 0));
	granted = hear(self->server.ctl);
	EXPECT_EQ(0, granted);
	EXPECT_EQ(-EACCES, actor_do(&self->client, do_call, self->server.id, 6));
}

TEST_HARNESS_MAIN
