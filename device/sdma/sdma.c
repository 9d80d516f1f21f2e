// SPDX-License-Identifier: MIT
/*
 * DOC: SDMA queues
 *
 * Maps, changes and unmaps queues, takes doorbells and fault acknowledgements.
 * One lock guards the scheduling state of all engines; it is held for short
 * steps only, never while a packet runs. It nests inside mmu context locks (a
 * GPU store to a doorbell) and around the ih lock.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "sdma/sdma_priv.h"

#define RING_MIN_BYTES	BIT_ULL(12)
#define RING_MAX_BYTES	BIT_ULL(30)

static bool ring_acceptable(u64 ring, u64 bytes)
{
	return bytes >= RING_MIN_BYTES && bytes <= RING_MAX_BYTES && !(bytes & (bytes - 1)) &&
	       !(ring & 255);
}

static bool engine_serves(u32 engine, u32 type, u32 ctx)
{
	if (type == VKFD_QUEUE_SDMA)
		return engine < VKFD_SDMA_ENGINES;
	return ctx && engine >= VKFD_SDMA_ENGINES && engine < SDMA_ENGINES;
}

bool sdma_slot_free(const struct sdma_engine *engine, u32 ctx)
{
	u32 user = 0, kernel = 0;

	for (u32 i = 0; i < engine->nr_queues; i++) {
		if (engine->queues[i]->ctx)
			user++;
		else
			kernel++;
	}
	return ctx ? user < VKFD_SDMA_QUEUES_PER_ENGINE : !kernel;
}

static struct sdma_queue *queue_create(const struct vkfd_kiq_queue *map)
{
	struct sdma_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	queue->number = map->queue;
	queue->ctx = map->ctx;
	queue->engine = map->engine;
	queue->doorbell = map->doorbell;
	queue->active = map->percent != 0;
	queue->ready = true;
	queue->resume = map->flags & VKFD_QUEUE_RESUME;
	queue->rptr_va = map->rptr_va;
	queue->wptr_va = map->wptr_va;
	queue->ring.base = map->ring;
	queue->ring.mask = map->ring_bytes - 1;
	atomic_init(&queue->rung, true);
	return queue;
}

enum vkfd_kiq_status sdma_queue_map(struct sdma *sdma, const struct vkfd_kiq_queue *map)
{
	struct sdma_engine *engine;
	struct sdma_queue *queue;

	if (map->queue >= VKFD_MAX_QUEUES)
		return VKFD_KIQ_BAD_QUEUE;
	if (!engine_serves(map->engine, map->type, map->ctx))
		return VKFD_KIQ_BAD_ENGINE;
	if ((map->percent && !ring_acceptable(map->ring, map->ring_bytes)) ||
	    (map->rptr_va | map->wptr_va) & 7)
		return VKFD_KIQ_BAD_RANGE;
	engine = &sdma->engine[map->engine];
	queue = queue_create(map);
	if (!queue)
		return VKFD_KIQ_BUSY;
	pthread_mutex_lock(&sdma->lock);
	if (sdma->queues[map->queue] || !sdma_slot_free(engine, map->ctx)) {
		pthread_mutex_unlock(&sdma->lock);
		free(queue);
		return VKFD_KIQ_BUSY;
	}
	sdma->queues[map->queue] = queue;
	engine->queues[engine->nr_queues++] = queue;
	pthread_cond_signal(&engine->wake);
	pthread_mutex_unlock(&sdma->lock);
	return VKFD_KIQ_OK;
}

/* Under the lock. Ends the queue's turn; bounded by one piece. */
static void queue_stop(struct sdma *sdma, struct sdma_queue *queue)
{
	atomic_store(&queue->stop, true);
	while (queue->running)
		pthread_cond_wait(&sdma->stopped, &sdma->lock);
}

static void queue_remove(struct sdma *sdma, struct sdma_queue *queue)
{
	struct sdma_engine *engine = &sdma->engine[queue->engine];
	u32 i = 0;

	queue_stop(sdma, queue);
	while (engine->queues[i] != queue)
		i++;
	engine->nr_queues--;
	for (; i < engine->nr_queues; i++)
		engine->queues[i] = engine->queues[i + 1];
	sdma->queues[queue->number] = NULL;
	free(queue);
}

enum vkfd_kiq_status sdma_queue_unmap(struct sdma *sdma, u32 number)
{
	enum vkfd_kiq_status status = VKFD_KIQ_BAD_QUEUE;

	pthread_mutex_lock(&sdma->lock);
	if (number < VKFD_MAX_QUEUES && sdma->queues[number]) {
		queue_remove(sdma, sdma->queues[number]);
		status = VKFD_KIQ_OK;
	}
	pthread_mutex_unlock(&sdma->lock);
	return status;
}

void sdma_reset(struct sdma *sdma)
{
	pthread_mutex_lock(&sdma->lock);
	for (u32 n = 0; n < SDMA_ENGINES; n++) {
		while (sdma->engine[n].nr_queues)
			queue_remove(sdma, sdma->engine[n].queues[0]);
	}
	pthread_mutex_unlock(&sdma->lock);
}

enum vkfd_kiq_status sdma_queue_update(struct sdma *sdma, const struct vkfd_kiq_queue *update)
{
	struct sdma_queue *queue;

	if (update->percent && !ring_acceptable(update->ring, update->ring_bytes))
		return VKFD_KIQ_BAD_RANGE;
	pthread_mutex_lock(&sdma->lock);
	queue = update->queue < VKFD_MAX_QUEUES ? sdma->queues[update->queue] : NULL;
	if (!queue) {
		pthread_mutex_unlock(&sdma->lock);
		return VKFD_KIQ_BAD_QUEUE;
	}
	queue_stop(sdma, queue);
	if (update->percent) {
		queue->ring.base = update->ring;
		queue->ring.mask = update->ring_bytes - 1;
		queue->fetch.len = 0;
	}
	queue->active = update->percent != 0;
	queue->ready = true;
	atomic_store(&queue->rung, true);
	atomic_store(&queue->stop, false);
	pthread_cond_signal(&sdma->engine[queue->engine].wake);
	pthread_mutex_unlock(&sdma->lock);
	return VKFD_KIQ_OK;
}

void sdma_ring(struct sdma *sdma, u32 number)
{
	struct sdma_queue *queue;

	if (number >= VKFD_MAX_QUEUES)
		return;
	pthread_mutex_lock(&sdma->lock);
	queue = sdma->queues[number];
	if (queue) {
		atomic_store(&queue->rung, true);
		queue->ready = true;
		pthread_cond_signal(&sdma->engine[queue->engine].wake);
	}
	pthread_mutex_unlock(&sdma->lock);
}

static void unpark(struct sdma *sdma, struct sdma_queue *queue)
{
	queue->parked = false;
	queue->ready = true;
	if (queue->report_pending) {
		/* Served before it was told: the replay decides anew. */
		queue->report_pending = false;
		queue->reported = false;
	}
	counter_add(sdma->config.counters, VKFD_STAT_FAULT_REPLAYS, 1);
	pthread_cond_signal(&sdma->engine[queue->engine].wake);
}

void sdma_fault_ack(struct sdma *sdma, u32 ctx, u64 start, u64 end)
{
	pthread_mutex_lock(&sdma->lock);
	for (u32 n = 0; n < VKFD_MAX_QUEUES; n++) {
		struct sdma_queue *queue = sdma->queues[n];

		if (!queue || queue->ctx != ctx)
			continue;
		queue->poke = true;
		if (queue->reported && !queue->report_pending && queue->reported_page >= start &&
		    queue->reported_page < end)
			queue->reported = false;
		if (queue->parked && queue->parked_va >= start && queue->parked_va < end)
			unpark(sdma, queue);
	}
	pthread_mutex_unlock(&sdma->lock);
}

void sdma_ctx_changed(struct sdma *sdma, u32 ctx)
{
	pthread_mutex_lock(&sdma->lock);
	for (u32 n = 0; n < VKFD_MAX_QUEUES; n++) {
		struct sdma_queue *queue = sdma->queues[n];

		if (!queue || queue->ctx != ctx)
			continue;
		queue->poke = true;
		if (queue->parked)
			unpark(sdma, queue);
	}
	pthread_mutex_unlock(&sdma->lock);
}

/* Read, fetched or waiting: a packet that is not done. The other half is its turn's. */
static bool queue_has_work(const struct sdma_queue *queue)
{
	if (!queue->active || queue->halted)
		return false;
	return queue->running || queue->ready || queue->parked || queue->packet.type ||
	       queue->in_ib || queue->ring.pos != queue->ring.end;
}

bool sdma_ctx_busy(struct sdma *sdma, u32 ctx)
{
	bool busy = false;

	pthread_mutex_lock(&sdma->lock);
	for (u32 n = 0; n < SDMA_ENGINES; n++) {
		for (u32 i = 0; i < sdma->engine[n].nr_queues; i++) {
			const struct sdma_queue *queue = sdma->engine[n].queues[i];

			busy |= queue->ctx == ctx && queue_has_work(queue);
		}
	}
	pthread_mutex_unlock(&sdma->lock);
	return busy;
}

static bool engine_start(struct sdma *sdma, u32 n)
{
	struct sdma_engine *engine = &sdma->engine[n];
	pthread_condattr_t attr;

	engine->sdma = sdma;
	engine->number = n;
	rng_init(&engine->rng, sdma->config.seed, n);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&engine->wake, &attr);
	pthread_condattr_destroy(&attr);
	engine->started = !pthread_create(&engine->thread, NULL, sdma_engine_main, engine);
	return engine->started;
}

struct sdma *sdma_create(const struct sdma_config *config)
{
	struct sdma *sdma = calloc(1, sizeof(*sdma));
	bool ok = true;

	if (!sdma)
		return NULL;
	sdma->config = *config;
	pthread_mutex_init(&sdma->lock, NULL);
	pthread_cond_init(&sdma->stopped, NULL);
	for (u32 n = 0; n < SDMA_ENGINES; n++)
		ok = engine_start(sdma, n) && ok;
	if (ok)
		return sdma;
	sdma_destroy(sdma);
	return NULL;
}

void sdma_destroy(struct sdma *sdma)
{
	sdma_reset(sdma);
	pthread_mutex_lock(&sdma->lock);
	sdma->quit = true;
	for (u32 n = 0; n < SDMA_ENGINES; n++)
		pthread_cond_signal(&sdma->engine[n].wake);
	pthread_mutex_unlock(&sdma->lock);
	for (u32 n = 0; n < SDMA_ENGINES; n++) {
		if (sdma->engine[n].started)
			pthread_join(sdma->engine[n].thread, NULL);
		pthread_cond_destroy(&sdma->engine[n].wake);
	}
	pthread_cond_destroy(&sdma->stopped);
	pthread_mutex_destroy(&sdma->lock);
	free(sdma);
}
