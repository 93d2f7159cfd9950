/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: graphs of who waits for whom
 *
 * A graph has a node for each process. A node does at most one operation that
 * waits for another node (or for itself), then sends a message to each node
 * that listens to it, and serves those that call it; one that is to serve
 * *first* takes one request before its operation and answers it afterwards. So
 * whatever waits for a node, but for a few cases named in cycle_judge(), waits
 * for the end of that node's operation; and a cycle of operations without
 * deadlines is a deadlock.
 */
#ifndef STRESS_GRAPH_H
#define STRESS_GRAPH_H

#include <stdatomic.h>
#include "common.h"
#include "letter.h"

#define NODES_MAX	16
#define BRIEFLY		300000ULL /* ns; what every deadline is */

enum act { REST, CALL, SEND, LISTEN };

/**
 * struct node - what a process is to do, and what came of it
 * @act: its operation
 * @target: whom it waits for
 * @timed: with a deadline
 * @first: it takes one request before
 * @callers: nodes that call or send to this one, bit by bit
 * @listeners: nodes that listen to this one, but for itself
 * @outcome: of its operation
 * @received: callers whose message has come
 * @gave_up: callers whose operation has failed
 * @released: the message from the node it listens to has come
 */
struct node {
	enum act act;
	int target;
	bool timed;
	bool first;
	__u32 callers;
	__u32 listeners;
	int outcome;
	atomic_uint received;
	atomic_uint gave_up;
	bool released;
};

struct graph {
	int size;
	struct node nodes[NODES_MAX];
};

/* Out of 16. */
static const enum act graph_acts[16] = {
	REST, REST, CALL, CALL, CALL, CALL, CALL, CALL, CALL, CALL,
	SEND, SEND, SEND, LISTEN, LISTEN, LISTEN,
};

static inline bool graph_listens(const struct graph *graph, int i)
{
	return graph->nodes[i].act == LISTEN;
}

/* Those that are to serve first and are sure to get something to serve. */
static inline __u32 graph_starters(const struct graph *graph)
{
	__u32 sure = 0, before;

	do {
		before = sure;
		for (int i = 0; i < graph->size; i++) {
			const struct node *node = &graph->nodes[i];

			for (int c = 0; c < graph->size; c++)
				if (node->callers & sure & 1U << c && !graph->nodes[c].timed)
					sure |= 1U << i;
			if (!node->first || !node->callers)
				sure |= 1U << i;
		}
	} while (sure != before);
	return sure;
}

static inline void graph_draw(struct graph *graph, int size, __u64 *seed)
{
	bool timed = random_next(seed) % 4 == 0;
	__u32 starters;

	memset(graph, 0, sizeof(*graph));
	graph->size = size;
	for (int i = 0; i < size; i++) {
		struct node *node = &graph->nodes[i], *target;

		node->act = graph_acts[random_next(seed) >> 20 & 15];
		node->target = (random_next(seed) >> 20) % size;
		node->timed = timed && (random_next(seed) >> 20) % 8 == 0;
		node->first = node->act != LISTEN && (random_next(seed) >> 20) % 8 < 3;
		node->released = node->act != LISTEN || node->target == i;
		target = &graph->nodes[node->target];
		if (node->act == CALL || node->act == SEND)
			target->callers |= 1U << i;
		else if (!node->released)
			target->listeners |= 1U << i;
	}
	/* Who give up listening to each other would all send, and nobody listen. */
	for (int i = 0; i < size; i++)
		if (graph_listens(graph, i) && graph_listens(graph, graph->nodes[i].target))
			graph->nodes[i].timed = false;
	while ((starters = graph_starters(graph)) != (1U << size) - 1)
		graph->nodes[__builtin_ctz(~starters)].first = false;
}

/**
 * struct cycle - nodes each of which waits for the next
 * @nodes: they, bit by bit
 * @length: how many
 * @least: so many of them get EDEADLK at least,
 * @most: and at most
 */
struct cycle {
	__u32 nodes;
	int length;
	int least;
	int most;
};

static inline bool graph_waits(const struct graph *graph, int i)
{
	return graph->nodes[i].act != REST;
}

/* Is @node's message taken before its target's operation, or may it be? */
static inline bool taken_first(const struct graph *graph, int i, bool surely)
{
	const struct node *node = &graph->nodes[i], *target = &graph->nodes[node->target];

	return node->act == SEND && target->first && node != target &&
	       (!surely || target->callers == 1U << i);
}

/* Two of which one listens to the other, who sends, come together. */
static inline bool come_together(const struct graph *graph, const struct cycle *cycle, int i)
{
	return cycle->length == 2 &&
	       graph_listens(graph, i) != graph_listens(graph, graph->nodes[i].target);
}

static inline void cycle_judge(const struct graph *graph, struct cycle *cycle)
{
	cycle->least = 1;
	cycle->most = 1;
	for (int i = 0; i < graph->size; i++) {
		if (!(cycle->nodes & 1U << i))
			continue;
		if (taken_first(graph, i, false))
			cycle->least = 0;
		if (graph->nodes[i].timed || taken_first(graph, i, true) ||
		    come_together(graph, cycle, i)) {
			cycle->least = 0;
			cycle->most = 0;
			return;
		}
	}
}

/* Is @start in a cycle? */
static inline bool graph_cycle(const struct graph *graph, int start, struct cycle *cycle)
{
	int i = start;

	memset(cycle, 0, sizeof(*cycle));
	do {
		if (!graph_waits(graph, i) || cycle->nodes & 1U << i)
			return false;
		cycle->nodes |= 1U << i;
		cycle->length++;
		i = graph->nodes[i].target;
	} while (i != start);
	cycle_judge(graph, cycle);
	return true;
}

static inline const char *act_name(enum act act)
{
	static const char *const names[] = { "rests", "calls", "sends to", "listens to" };

	return names[act];
}

static inline void graph_print(const struct graph *graph)
{
	for (int i = 0; i < graph->size; i++) {
		const struct node *node = &graph->nodes[i];

		printf("# %2d%s %s %d%s: %d; received %x, gave up %x of %x; listeners %x%s\n", i,
		       node->first ? " serves, then" : "", act_name(node->act), node->target,
		       node->timed ? " for a while" : "", node->outcome, node->received,
		       node->gave_up, node->callers, node->listeners,
		       node->released ? "" : "; not released");
	}
}

#endif /* STRESS_GRAPH_H */
