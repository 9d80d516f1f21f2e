// SPDX-License-Identifier: MIT
/*
 * DOC: SDMA queues in a parcel
 *
 * A queue that is suspended is its struct: where it is in ring and packet. What
 * it told the driver about a page is forgotten, for the access tries again.
 */
#include <stdlib.h>
#include "sdma/sdma_priv.h"

/* Without addresses of this process, which are nobody's business. */
struct saved_queue {
	struct sdma_queue queue;
	bool packet;	/* one is in progress */
};

bool sdma_queue_save(struct sdma *sdma, u32 number, struct parcel *parcel)
{
	const struct sdma_queue *queue;
	bool stopped;

	pthread_mutex_lock(&sdma->lock);
	queue = sdma->queues[number];
	stopped = queue && !queue->active && !queue->running;
	if (stopped) {
		struct saved_queue saved = { .queue = *queue, .packet = queue->packet.type };

		saved.queue.packet.type = NULL;
		parcel_put(parcel, &saved, sizeof(saved));
	}
	pthread_mutex_unlock(&sdma->lock);
	return stopped;
}

/* Pointers of another time, and what time has passed over. */
static void queue_renew(struct sdma_queue *queue, bool packet)
{
	bool error = queue->halted && queue->report_pending;

	if (packet)
		queue->packet.type = sdma_packet_find(queue->packet.dw[0]);
	queue->fetch.len = 0;
	queue->poll = (struct poll_timer){ 0 };
	queue->parked = queue->reported = false;
	queue->report_pending = error;
	queue->ready = true;
	atomic_store(&queue->rung, true);
}

bool sdma_queue_load(struct sdma *sdma, struct parcel *parcel)
{
	struct sdma_queue *queue = calloc(1, sizeof(*queue));
	struct sdma_engine *engine;
	struct saved_queue saved;
	bool room;

	if (!queue)
		return false;
	parcel_get(parcel, &saved, sizeof(saved));
	*queue = saved.queue;
	queue_renew(queue, saved.packet);
	engine = &sdma->engine[queue->engine];
	pthread_mutex_lock(&sdma->lock);
	room = sdma_slot_free(engine, queue->ctx);
	if (room) {
		sdma->queues[queue->number] = queue;
		engine->queues[engine->nr_queues++] = queue;
		pthread_cond_signal(&engine->wake);
	}
	pthread_mutex_unlock(&sdma->lock);
	if (!room)
		free(queue);
	return room;
}
