// SPDX-License-Identifier: MIT
/*
 * DOC: whose turn it is
 *
 * The packet processor and the shader threads each give turns to queues. A turn
 * goes to the runnable queue with the highest priority, queues of one priority
 * in a circle. But every CP_FAIR_TURN-th turn goes round all runnable queues,
 * whatever their priority, with a place of its own in that circle: so a queue
 * of the lowest priority is slow beside an endless one of the highest, and
 * never stands still.
 */
#include "cp/compute_priv.h"

struct compute_queue *cp_turn_pick(struct compute *compute, struct cp_turns *turns, u32 skip,
				   cp_runnable_fn runnable, u64 now)
{
	bool fair = turns->given % CP_FAIR_TURN == CP_FAIR_TURN - 1;
	u32 *next = fair ? &turns->next_fair : &turns->next;
	struct compute_queue *best = NULL;
	u32 first = *next + skip, after = 0;

	for (u32 i = 0; i < compute->nr_queues; i++) {
		u32 at = (first + i) % compute->nr_queues;
		struct compute_queue *queue = compute->list[at];

		/* The cheap test first: with one priority the search ends at the first. */
		if (best && (fair || queue->priority <= best->priority))
			continue;
		if (!runnable(compute, queue, now))
			continue;
		best = queue;
		after = at + 1;
	}
	if (!best)
		return NULL;
	*next = after;
	turns->given++;
	return best;
}
