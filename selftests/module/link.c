// SPDX-License-Identifier: GPL-2.0
/* Links: PARLEY_NOTIFY_ASYNC, and from whom it is. */
#include "events.h"

#define CROWD	100
#define THREADS	8
#define RAISES	500

FIXTURE(link)
{
	struct task sender, receiver;
	struct op send, recv;
};

FIXTURE_SETUP(link)
{
	self->sender = task_open();
	self->receiver = task_open();
	ASSERT_EQ(0, task_bond(self->sender, PARLEY_BOND_LINK, self->receiver.id));
}

FIXTURE_TEARDOWN(link)
{
}

static int raise_async(struct task me, __s32 peer)
{
	return task_notify(me, peer, PARLEY_NOTIFY_ASYNC);
}

static struct parley_global_notifications body_of(const struct op *op)
{
	struct parley_global_notifications body;

	memcpy(&body, op->in.payload, sizeof(body));
	return body;
}

/* Has @op received these bits, from as many peers as it says, and nothing else? */
static bool op_got_peers(const struct op *op, __u8 bits)
{
	struct parley_global_notifications body = body_of(op);
	__u32 len = op->arg.recv_len;
	bool fine = op_bits(op) == bits && !op->arg.token &&
		    !body.pad[0] && !body.pad[1] && !body.pad[2] &&
		    body.peers_len >= 1 && body.peers_len <= PARLEY_ASYNC_PEERS &&
		    len == KERNEL_HEAD + body.peers_len * sizeof(__s32);

	for (unsigned int i = len; fine && i < PARLEY_PAYLOAD_MAX; i++)
		fine = op->in.payload[i] == UNTOUCHED;
	if (!fine)
		fprintf(stderr, "# got type %d from %d, %u bytes, bits 0x%x, %u peers, not 0x%x\n",
			op->in.type, op->in.src, len, body.data, body.peers_len, bits);
	return fine;
}

/* How often @op names a peer. */
static int op_names(const struct op *op, __s32 peer)
{
	struct parley_global_notifications body = body_of(op);
	int count = 0;

	for (__u32 i = 0; i < body.peers_len && i < PARLEY_ASYNC_PEERS; i++)
		count += body.peers[i] == peer;
	return count;
}

/* Are these bits there to be received at once, with this peer and no other? */
static bool hears_peer(struct task me, __u8 bits, __s32 peer)
{
	struct op recv;

	return !op_run(op_poll(&recv, me, PARLEY_ANY)) && op_got_peers(&recv, bits) &&
	       body_of(&recv).peers_len == 1 && op_names(&recv, peer) == 1;
}

TEST_F(link, receiver_learns_who)
{
	ASSERT_EQ(0, raise_async(self->sender, self->receiver.id));
	EXPECT_TRUE(hears_peer(self->receiver, PARLEY_NOTIFY_ASYNC, self->sender.id));
	EXPECT_TRUE(hears_nothing(self->receiver));
	ASSERT_EQ(0, raise_async(self->sender, self->receiver.id));
	EXPECT_TRUE(hears_peer(self->receiver, PARLEY_NOTIFY_ASYNC, self->sender.id));
	EXPECT_TRUE(hears_nothing(self->receiver));
}

TEST_F(link, takes_a_link_of_that_direction)
{
	struct task other = task_open();

	EXPECT_EQ(-ENOENT, raise_async(other, self->receiver.id));
	EXPECT_EQ(-ENOENT, raise_async(self->receiver, self->sender.id));
	EXPECT_EQ(-ENOENT, raise_async(self->sender, other.id));
	EXPECT_EQ(-ENOENT, raise_async(self->sender, self->sender.id));
	EXPECT_TRUE(hears_nothing(self->receiver));
	EXPECT_TRUE(hears_nothing(self->sender));
	EXPECT_EQ(0, task_unbond(self->sender, PARLEY_BOND_LINK, self->receiver.id));
	EXPECT_EQ(-ENOENT, raise_async(self->sender, self->receiver.id));
	EXPECT_TRUE(hears_nothing(self->receiver));
}

TEST_F(link, there_is_one_of_a_pair)
{
	EXPECT_EQ(-EEXIST, task_bond(self->sender, PARLEY_BOND_LINK, self->receiver.id));
	EXPECT_EQ(0, task_bond(self->receiver, PARLEY_BOND_LINK, self->sender.id));
	EXPECT_EQ(0, task_bond(self->sender, PARLEY_BOND_WATCH, self->receiver.id));
	EXPECT_EQ(0, task_unbond(self->sender, PARLEY_BOND_LINK, self->receiver.id));
	EXPECT_EQ(-ENOENT, task_unbond(self->sender, PARLEY_BOND_LINK, self->receiver.id));
	EXPECT_EQ(0, task_bond(self->sender, PARLEY_BOND_LINK, self->receiver.id));
	ASSERT_EQ(0, raise_async(self->sender, self->receiver.id));
	EXPECT_TRUE(hears_peer(self->receiver, PARLEY_NOTIFY_ASYNC, self->sender.id));
}

TEST_F(link, nobody_there)
{
	const __s32 ids[] = { dead_id(), PARLEY_TASK_KERNEL, PARLEY_ANY, INT_MIN, INT_MAX };

	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		EXPECT_EQ(-ENOTCONN, task_bond(self->sender, PARLEY_BOND_LINK, ids[i]))
			TH_LOG("id %d", ids[i]);
		EXPECT_EQ(-ENOTCONN, raise_async(self->sender, ids[i]))
			TH_LOG("id %d", ids[i]);
	}
}

TEST_F(link, same_peer_comes_once)
{
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, raise_async(self->sender, self->receiver.id));
	EXPECT_TRUE(hears_peer(self->receiver, PARLEY_NOTIFY_ASYNC, self->sender.id));
	EXPECT_TRUE(hears_nothing(self->receiver));
}

TEST_F(link, user_bits_come_along)
{
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, PARLEY_NOTIFY_ASYNC | 0x10));
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x20));
	EXPECT_TRUE(hears_peer(self->receiver, PARLEY_NOTIFY_ASYNC | 0x30, self->sender.id));
	EXPECT_TRUE(hears_nothing(self->receiver));
}

TEST_F(link, refused_as_a_whole)
{
	struct task other = task_open();

	EXPECT_EQ(-ENOENT, task_notify(other, self->receiver.id, PARLEY_NOTIFY_ASYNC | 0x10));
	EXPECT_EQ(-EINVAL, task_notify(self->sender, self->receiver.id,
				       PARLEY_NOTIFY_ASYNC | PARLEY_NOTIFY_TIMER));
	EXPECT_TRUE(hears_nothing(self->receiver));
}

TEST_F(link, other_bits_need_but_a_byte)
{
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x40));
	op_poll(&self->recv, self->receiver, PARLEY_ANY)->arg.recv_len = 1;
	ASSERT_EQ(0, op_run(&self->recv));
	EXPECT_TRUE(op_got_bits(&self->recv, 0x40));
}

TEST_F(link, oneself)
{
	ASSERT_EQ(0, task_bond(self->sender, PARLEY_BOND_LINK, self->sender.id));
	ASSERT_EQ(0, raise_async(self->sender, self->sender.id));
	EXPECT_TRUE(hears_peer(self->sender, PARLEY_NOTIFY_ASYNC, self->sender.id));
	ASSERT_EQ(0, raise_async(self->sender, self->sender.id));
	EXPECT_EQ(0, close(self->sender.fd));
}

TEST_F(link, wakes_a_receive)
{
	static const __s32 from[] = { PARLEY_ANY, PARLEY_TASK_KERNEL };

	for (int i = 0; i < 2; i++) {
		op_park(op_recv(&self->recv, self->receiver, from[i]));
		ASSERT_EQ(0, raise_async(self->sender, self->receiver.id));
		ASSERT_EQ(0, op_join(&self->recv));
		EXPECT_TRUE(op_got_peers(&self->recv, PARLEY_NOTIFY_ASYNC));
		EXPECT_EQ(1, op_names(&self->recv, self->sender.id));
	}
}

TEST_F(link, wakes_no_receive_from_one_task)
{
	op_park(op_recv(&self->recv, self->receiver, self->sender.id));
	ASSERT_EQ(0, raise_async(self->sender, self->receiver.id));
	op_await(&self->recv);
	ASSERT_EQ(0, op_run(op_send(&self->send, self->sender, self->receiver.id, 1, 8)));
	ASSERT_EQ(0, op_join(&self->recv));
	EXPECT_TRUE(op_got(&self->recv, self->sender.id, 1, 8));
	EXPECT_TRUE(hears_peer(self->receiver, PARLEY_NOTIFY_ASYNC, self->sender.id));
}

TEST_F(link, wakes_poll)
{
	struct poller poller;

	poller_park(&poller, self->receiver);
	ASSERT_EQ(0, raise_async(self->sender, self->receiver.id));
	EXPECT_EQ(POLLIN, poller_join(&poller));
	EXPECT_TRUE(hears_peer(self->receiver, PARLEY_NOTIFY_ASYNC, self->sender.id));
	poller_park(&poller, self->receiver);
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x10));
	EXPECT_EQ(POLLIN, poller_join(&poller));
	EXPECT_TRUE(hears_bits(self->receiver, 0x10));
}

/* Linked senders, all raised. */
static void crowd_raise(struct task *crowd, __s32 receiver)
{
	for (int i = 0; i < CROWD; i++) {
		crowd[i] = task_open();
		CHECK_EQ(0, task_bond(crowd[i], PARLEY_BOND_LINK, receiver));
		CHECK_EQ(0, raise_async(crowd[i], receiver));
	}
}

TEST_F(link, a_crowd_comes_in_two_messages)
{
	struct task crowd[CROWD];
	struct op more;

	crowd_raise(crowd, self->receiver.id);
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, 0x10));
	ASSERT_EQ(0, op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)));
	ASSERT_TRUE(op_got_peers(&self->recv, PARLEY_NOTIFY_ASYNC | 0x10));
	EXPECT_EQ(PARLEY_ASYNC_PEERS, (int)body_of(&self->recv).peers_len);
	ASSERT_EQ(0, op_run(op_poll(&more, self->receiver, PARLEY_ANY)));
	ASSERT_TRUE(op_got_peers(&more, PARLEY_NOTIFY_ASYNC));
	EXPECT_EQ(CROWD - PARLEY_ASYNC_PEERS, (int)body_of(&more).peers_len);
	for (int i = 0; i < CROWD; i++)
		EXPECT_EQ(1, op_names(&self->recv, crowd[i].id) + op_names(&more, crowd[i].id));
	EXPECT_TRUE(hears_nothing(self->receiver));
}

/* Who is named in the first message and raises again is named in the second. */
TEST_F(link, again_between_two_messages)
{
	struct task crowd[CROWD];
	struct op more;
	int again = 0;

	crowd_raise(crowd, self->receiver.id);
	ASSERT_EQ(0, op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)));
	while (!op_names(&self->recv, crowd[again].id))
		again++;
	ASSERT_EQ(0, raise_async(crowd[again], self->receiver.id));
	ASSERT_EQ(0, op_run(op_poll(&more, self->receiver, PARLEY_ANY)));
	ASSERT_TRUE(op_got_peers(&more, PARLEY_NOTIFY_ASYNC));
	for (int i = 0; i < CROWD; i++)
		EXPECT_EQ(i == again ? 2 : 1, op_names(&self->recv, crowd[i].id) +
					      op_names(&more, crowd[i].id));
	EXPECT_TRUE(hears_nothing(self->receiver));
}

/* Receives that fail, in both ways, and keep everything. */
static void fail_to_receive(struct task me, __u32 room, __u32 needed)
{
	struct op recv;

	op_poll(&recv, me, PARLEY_ANY)->arg.recv_len = room;
	CHECK_EQ(-EMSGSIZE, op_run(&recv));
	CHECK_EQ(needed, recv.arg.recv_len);
	op_poll(&recv, me, PARLEY_TASK_KERNEL)->arg.recv = 0;
	CHECK_EQ(-EFAULT, op_run(&recv));
}

TEST_F(link, unfit_buffers_keep_the_peers)
{
	struct task other = task_open();

	ASSERT_EQ(0, task_bond(other, PARLEY_BOND_LINK, self->receiver.id));
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, PARLEY_NOTIFY_ASYNC | 0x10));
	fail_to_receive(self->receiver, 1, KERNEL_HEAD + 4);
	fail_to_receive(self->receiver, KERNEL_HEAD + 3, KERNEL_HEAD + 4);
	ASSERT_EQ(0, task_notify(other, self->receiver.id, PARLEY_NOTIFY_ASYNC | 0x20));
	fail_to_receive(self->receiver, KERNEL_HEAD + 4, KERNEL_HEAD + 8);
	op_poll(&self->recv, self->receiver, PARLEY_ANY)->arg.recv_len = KERNEL_HEAD + 8;
	ASSERT_EQ(0, op_run(&self->recv));
	ASSERT_TRUE(op_got_peers(&self->recv, PARLEY_NOTIFY_ASYNC | 0x30));
	EXPECT_EQ(1, op_names(&self->recv, self->sender.id));
	EXPECT_EQ(1, op_names(&self->recv, other.id));
	EXPECT_TRUE(hears_nothing(self->receiver));
}

TEST_F(link, unfit_buffers_keep_a_crowd)
{
	struct task crowd[CROWD];
	struct op more;

	crowd_raise(crowd, self->receiver.id);
	fail_to_receive(self->receiver, PARLEY_PAYLOAD_MAX - 1, PARLEY_PAYLOAD_MAX);
	ASSERT_EQ(0, op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)));
	ASSERT_TRUE(op_got_peers(&self->recv, PARLEY_NOTIFY_ASYNC));
	fail_to_receive(self->receiver, KERNEL_HEAD + 4,
			KERNEL_HEAD + 4 * (CROWD - PARLEY_ASYNC_PEERS));
	ASSERT_EQ(0, op_run(op_poll(&more, self->receiver, PARLEY_ANY)));
	ASSERT_TRUE(op_got_peers(&more, PARLEY_NOTIFY_ASYNC));
	for (int i = 0; i < CROWD; i++)
		EXPECT_EQ(1, op_names(&self->recv, crowd[i].id) + op_names(&more, crowd[i].id));
	EXPECT_TRUE(hears_nothing(self->receiver));
}

/* What ends a link ends what came of it, and the bit if that was all. */
FIXTURE(raised)
{
	struct task sender, other, receiver;
};

FIXTURE_VARIANT(raised)
{
	bool by_death;
};

FIXTURE_VARIANT_ADD(raised, and_unbound) { .by_death = false };
FIXTURE_VARIANT_ADD(raised, and_sender_dead) { .by_death = true };

FIXTURE_SETUP(raised)
{
	self->sender = task_open();
	self->other = task_open();
	self->receiver = task_open();
	ASSERT_EQ(0, task_bond(self->sender, PARLEY_BOND_LINK, self->receiver.id));
	ASSERT_EQ(0, task_bond(self->other, PARLEY_BOND_LINK, self->receiver.id));
}

FIXTURE_TEARDOWN(raised)
{
}

static void end_link(struct _test_data_raised *self, bool by_death)
{
	if (by_death)
		CHECK_EQ(0, close(self->sender.fd));
	else
		CHECK_EQ(0, task_unbond(self->sender, PARLEY_BOND_LINK, self->receiver.id));
}

TEST_F(raised, alone)
{
	ASSERT_EQ(0, raise_async(self->sender, self->receiver.id));
	end_link(self, variant->by_death);
	EXPECT_TRUE(hears_nothing(self->receiver));
	ASSERT_EQ(0, raise_async(self->other, self->receiver.id));
	EXPECT_TRUE(hears_peer(self->receiver, PARLEY_NOTIFY_ASYNC, self->other.id));
}

TEST_F(raised, with_another)
{
	ASSERT_EQ(0, raise_async(self->sender, self->receiver.id));
	ASSERT_EQ(0, raise_async(self->other, self->receiver.id));
	end_link(self, variant->by_death);
	EXPECT_TRUE(hears_peer(self->receiver, PARLEY_NOTIFY_ASYNC, self->other.id));
	EXPECT_TRUE(hears_nothing(self->receiver));
}

TEST_F(raised, with_user_bits)
{
	ASSERT_EQ(0, task_notify(self->sender, self->receiver.id, PARLEY_NOTIFY_ASYNC | 0x10));
	end_link(self, variant->by_death);
	EXPECT_TRUE(hears_bits(self->receiver, 0x10));
	EXPECT_TRUE(hears_nothing(self->receiver));
}

TEST_F(raised, and_kept_by_a_failed_receive)
{
	ASSERT_EQ(0, raise_async(self->sender, self->receiver.id));
	fail_to_receive(self->receiver, 1, KERNEL_HEAD + 4);
	end_link(self, variant->by_death);
	EXPECT_TRUE(hears_nothing(self->receiver));
}

TEST_F(link, receiver_s_death_ends_it)
{
	ASSERT_EQ(0, raise_async(self->sender, self->receiver.id));
	ASSERT_EQ(0, close(self->receiver.fd));
	EXPECT_EQ(-ENOTCONN, raise_async(self->sender, self->receiver.id));
	EXPECT_EQ(-ENOENT, task_unbond(self->sender, PARLEY_BOND_LINK, self->receiver.id));
	EXPECT_EQ(-ENOTCONN, task_bond(self->sender, PARLEY_BOND_LINK, self->receiver.id));
}

/* Told by its parent what to try, it answers what came of it. */
static void stranger(int ctl, void *arg)
{
	struct task *receiver = arg, me;
	__s32 op;

	become(STRANGER);
	me = task_open();
	tell(ctl, me.id);
	while ((op = hear(ctl)) >= 0)
		tell(ctl, op ? task_bond(me, PARLEY_BOND_LINK, receiver->id) :
			       raise_async(me, receiver->id));
}

TEST_F(link, takes_the_right_to_send)
{
	struct peer peer = peer_start(stranger, &self->receiver);

	tell(peer.ctl, 1);
	EXPECT_EQ(-EACCES, hear(peer.ctl));
	ASSERT_EQ(0, task_mode(self->receiver, 0666));
	tell(peer.ctl, 1);
	EXPECT_EQ(0, hear(peer.ctl));
	tell(peer.ctl, 0);
	EXPECT_EQ(0, hear(peer.ctl));

	/* What was sent before is received; what is sent now is not. */
	ASSERT_EQ(0, task_mode(self->receiver, 0600));
	tell(peer.ctl, 0);
	EXPECT_EQ(-EACCES, hear(peer.ctl));
	EXPECT_TRUE(hears_peer(self->receiver, PARLEY_NOTIFY_ASYNC, peer.id));
	tell(peer.ctl, 0);
	EXPECT_EQ(-EACCES, hear(peer.ctl));
	EXPECT_TRUE(hears_nothing(self->receiver));

	/* The link is still there. */
	ASSERT_EQ(0, task_bond(self->receiver, PARLEY_BOND_GRANT, peer.id));
	tell(peer.ctl, 0);
	EXPECT_EQ(0, hear(peer.ctl));
	EXPECT_TRUE(hears_peer(self->receiver, PARLEY_NOTIFY_ASYNC, peer.id));
	tell(peer.ctl, -1);
	EXPECT_EQ(0, peer_join(&peer));
}

/* A sender counts what it has, and then raises; the last count is never missed. */
struct raiser {
	struct task me;
	__s32 receiver;
	pthread_t thread;
	atomic_int has;
	int seen;
};

static void *raiser_thread(void *arg)
{
	struct raiser *raiser = arg;

	for (int i = 0; i < RAISES; i++) {
		atomic_fetch_add(&raiser->has, 1);
		CHECK_EQ(0, raise_async(raiser->me, raiser->receiver));
	}
	return NULL;
}

static bool all_seen(const struct raiser *raisers)
{
	int seen = 0;

	for (int i = 0; i < THREADS; i++)
		seen += raisers[i].seen;
	return seen == THREADS * RAISES;
}

TEST_F(link, storm_loses_nothing)
{
	static struct raiser raisers[THREADS];
	int messages;

	for (int i = 0; i < THREADS; i++) {
		raisers[i].me = task_open();
		raisers[i].receiver = self->receiver.id;
		ASSERT_EQ(0, task_bond(raisers[i].me, PARLEY_BOND_LINK, self->receiver.id));
		ASSERT_EQ(0, pthread_create(&raisers[i].thread, NULL, raiser_thread, &raisers[i]));
	}
	for (messages = 0; !all_seen(raisers); messages++) {
		op_recv(&self->recv, self->receiver, PARLEY_ANY)->arg.deadline = now() + LATE;
		ASSERT_EQ(0, op_run(&self->recv));
		ASSERT_TRUE(op_got_peers(&self->recv, PARLEY_NOTIFY_ASYNC));
		for (int i = 0; i < THREADS; i++)
			if (op_names(&self->recv, raisers[i].me.id))
				raisers[i].seen = atomic_load(&raisers[i].has);
	}
	for (int i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_join(raisers[i].thread, NULL));
	TH_LOG("%d messages for %d times", messages, THREADS * RAISES);
}

/* Links come and go under it: who is named has, or had, a link. */
static void *linker_thread(void *arg)
{
	struct raiser *raiser = arg;

	for (int i = 0; i < RAISES; i++) {
		CHECK_EQ(0, task_bond(raiser->me, PARLEY_BOND_LINK, raiser->receiver));
		CHECK_EQ(0, raise_async(raiser->me, raiser->receiver));
		CHECK_EQ(0, task_unbond(raiser->me, PARLEY_BOND_LINK, raiser->receiver));
	}
	atomic_store(&raiser->has, 1);
	return NULL;
}

TEST_F(link, unbound_and_received_at_once)
{
	static struct raiser raisers[THREADS];
	int going, messages = 0;

	for (int i = 0; i < THREADS; i++) {
		raisers[i].me = task_open();
		raisers[i].receiver = self->receiver.id;
		ASSERT_EQ(0, pthread_create(&raisers[i].thread, NULL, linker_thread, &raisers[i]));
	}
	do {
		going = 0;
		for (int i = 0; i < THREADS; i++)
			going += !atomic_load(&raisers[i].has);
		if (op_run(op_poll(&self->recv, self->receiver, PARLEY_ANY)) == -EAGAIN)
			continue;
		ASSERT_EQ(0, self->recv.ret);
		ASSERT_TRUE(op_got_peers(&self->recv, PARLEY_NOTIFY_ASYNC));
		messages++;
	} while (going);
	EXPECT_TRUE(hears_nothing(self->receiver));
	TH_LOG("%d messages", messages);
}

TEST_HARNESS_MAIN
