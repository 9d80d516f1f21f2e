// SPDX-License-Identifier: MIT
/*
 * DOC: compute queues
 *
 * Maps, changes and unmaps queues, takes doorbells and fault acknowledgements.
 * One lock guards the scheduling state; it is held for short steps only, never
 * while a packet or a wave runs. It nests inside mmu context locks (a GPU store
 * to a doorbell) and around the ih lock.
 */
#include <stdlib.h>
#include <string.h>
#include "cp/shader.h"

#define RING_MIN_BYTES	BIT_ULL(8)
#define RING_MAX_BYTES	BIT_ULL(32)
#define MAX_PRIORITY	15u

static bool ring_acceptable(const struct vkfd_kiq_queue *map)
{
	u64 bytes = map->ring_bytes;

	return bytes >= RING_MIN_BYTES && bytes <= RING_MAX_BYTES && !(bytes & (bytes - 1)) &&
	       !(map->ring & 255);
}

static void queue_free(struct compute_queue *queue)
{
	free(queue->aql);
	free(queue);
}

static struct compute_queue *queue_create(const struct vkfd_kiq_queue *map)
{
	struct compute_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	if (map->type == VKFD_QUEUE_AQL) {
		queue->aql = aql_state_create();
		if (!queue->aql) {
			free(queue);
			return NULL;
		}
	}
	queue->number = map->queue;
	queue->ctx = map->ctx;
	queue->type = map->type;
	queue->doorbell = map->doorbell;
	queue->priority = map->priority;
	queue->active = map->percent != 0;
	queue->packets_ready = true;
	queue->resume = map->flags & VKFD_QUEUE_RESUME;
	queue->rptr_va = map->rptr_va;
	queue->wptr_va = map->wptr_va;
	queue->ring.base = map->ring;
	queue->ring.mask = map->ring_bytes - 1;
	atomic_init(&queue->rung, true);
	return queue;
}

enum vkfd_kiq_status compute_queue_map(struct compute *compute, const struct vkfd_kiq_queue *map)
{
	/* An AQL read index is 64 bits; PM4 reports 32. */
	u64 unaligned = map->wptr_va & 7;
	struct compute_queue *queue;

	unaligned |= map->rptr_va & (map->type == VKFD_QUEUE_AQL ? 7 : 3);
	if (map->queue >= VKFD_MAX_QUEUES)
		return VKFD_KIQ_BAD_QUEUE;
	if (map->engine)
		return VKFD_KIQ_BAD_ENGINE;
	if ((map->percent && !ring_acceptable(map)) || unaligned || map->priority > MAX_PRIORITY)
		return VKFD_KIQ_BAD_RANGE;
	queue = queue_create(map);
	if (!queue)
		return VKFD_KIQ_BUSY;
	pthread_mutex_lock(&compute->lock);
	if (compute->queues[map->queue]) {
		pthread_mutex_unlock(&compute->lock);
		queue_free(queue);
		return VKFD_KIQ_BUSY;
	}
	compute->queues[map->queue] = queue;
	compute->list[compute->nr_queues++] = queue;
	pthread_cond_signal(&compute->wake);
	pthread_mutex_unlock(&compute->lock);
	return VKFD_KIQ_OK;
}

/* Under the lock. Ends the queue's turns; bounded by one piece and one instruction. */
static void queue_stop(struct compute *compute, struct compute_queue *queue)
{
	atomic_store(&queue->stop, true);
	while (queue->running || queue->runners)
		pthread_cond_wait(&compute->stopped, &compute->lock);
}

/* Under the lock. */
static void queue_remove(struct compute *compute, struct compute_queue *queue)
{
	u32 i = 0;

	queue_stop(compute, queue);
	cp_reports_drop(compute, queue);
	cp_groups_drop(compute, queue);
	while (compute->list[i] != queue)
		i++;
	compute->nr_queues--;
	memmove(&compute->list[i], &compute->list[i + 1],
		(compute->nr_queues - i) * sizeof(compute->list[0]));
	compute->queues[queue->number] = NULL;
	queue_free(queue);
}

enum vkfd_kiq_status compute_queue_unmap(struct compute *compute, u32 number)
{
	enum vkfd_kiq_status status = VKFD_KIQ_BAD_QUEUE;

	pthread_mutex_lock(&compute->lock);
	if (number < VKFD_MAX_QUEUES && compute->queues[number]) {
		queue_remove(compute, compute->queues[number]);
		status = VKFD_KIQ_OK;
	}
	pthread_mutex_unlock(&compute->lock);
	return status;
}

void compute_reset(struct compute *compute)
{
	pthread_mutex_lock(&compute->lock);
	while (compute->nr_queues)
		queue_remove(compute, compute->list[0]);
	memset(compute->traps, 0, sizeof(compute->traps));
	pthread_mutex_unlock(&compute->lock);
}

/* Under the lock, queue stopped. */
static void queue_change(struct compute_queue *queue, const struct vkfd_kiq_queue *update)
{
	if (update->percent) {
		queue->ring.base = update->ring;
		queue->ring.mask = update->ring_bytes - 1;
		queue->fetch.len = 0;
	}
	queue->priority = update->priority;
	queue->active = update->percent != 0;
	queue->packets_ready = true;
	atomic_store(&queue->rung, true);
	if (!queue->halted)
		atomic_store(&queue->stop, false);
}

enum vkfd_kiq_status compute_queue_update(struct compute *compute,
					  const struct vkfd_kiq_queue *update)
{
	struct compute_queue *queue;

	if ((update->percent && !ring_acceptable(update)) || update->priority > MAX_PRIORITY)
		return VKFD_KIQ_BAD_RANGE;
	pthread_mutex_lock(&compute->lock);
	queue = update->queue < VKFD_MAX_QUEUES ? compute->queues[update->queue] : NULL;
	if (!queue) {
		pthread_mutex_unlock(&compute->lock);
		return VKFD_KIQ_BAD_QUEUE;
	}
	queue_stop(compute, queue);
	queue_change(queue, update);
	pthread_cond_signal(&compute->wake);
	pthread_cond_broadcast(&compute->work);
	pthread_mutex_unlock(&compute->lock);
	return VKFD_KIQ_OK;
}

void compute_ring(struct compute *compute, u32 number, u64 value)
{
	struct compute_queue *queue;

	if (number >= VKFD_MAX_QUEUES)
		return;
	pthread_mutex_lock(&compute->lock);
	queue = compute->queues[number];
	if (queue) {
		if (value + 1 > queue->bell)
			queue->bell = value + 1;
		atomic_store(&queue->rung, true);
		queue->packets_ready = true;
		pthread_cond_signal(&compute->wake);
	}
	pthread_mutex_unlock(&compute->lock);
}

static void unpark(struct compute *compute, struct compute_queue *queue)
{
	queue->parked = false;
	queue->unreported = false;
	queue->packets_ready = true;
	counter_add(compute->config.counters, VKFD_STAT_FAULT_REPLAYS, 1);
	pthread_cond_signal(&compute->wake);
}

/* Under the lock. @acknowledged: the driver served the range, whatever came of it. */
static void queue_poke(struct compute *compute, struct compute_queue *queue, u64 start, u64 end,
		       bool acknowledged)
{
	bool all = !acknowledged;

	queue->epoch++;
	cp_reports_settle(compute, queue, start, end, acknowledged);
	cp_groups_resume(compute, queue, start, end, all);
	if (queue->parked && (all || queue->unreported ||
			      (queue->parked_va >= start && queue->parked_va < end)))
		unpark(compute, queue);
}

static void ctx_poke(struct compute *compute, const struct vkfd_kiq_range *range,
		     bool acknowledged)
{
	pthread_mutex_lock(&compute->lock);
	for (u32 i = 0; i < compute->nr_queues; i++) {
		if (compute->list[i]->ctx == range->ctx)
			queue_poke(compute, compute->list[i], range->start, range->end,
				   acknowledged);
	}
	pthread_mutex_unlock(&compute->lock);
}

void compute_fault_ack(struct compute *compute, u32 ctx, u64 start, u64 end)
{
	struct vkfd_kiq_range range = { .ctx = ctx, .start = start, .end = end };

	ctx_poke(compute, &range, true);
}

void compute_ctx_changed(struct compute *compute, u32 ctx)
{
	struct vkfd_kiq_range range = { .ctx = ctx, .end = ~0ULL };

	ctx_poke(compute, &range, false);
}

/* Packets or waves that are not done, whatever they wait for. */
static bool queue_has_work(const struct compute_queue *queue)
{
	if (!queue->active || queue->halted)
		return false;
	return queue->running || queue->packets_ready || queue->parked || queue->poll.at_ns ||
	       queue->nr_dispatches || queue->packet.type || queue->depth;
}

bool compute_ctx_busy(struct compute *compute, u32 ctx)
{
	bool busy = false;

	pthread_mutex_lock(&compute->lock);
	for (u32 i = 0; i < compute->nr_queues; i++)
		busy |= compute->list[i]->ctx == ctx && queue_has_work(compute->list[i]);
	pthread_mutex_unlock(&compute->lock);
	return busy;
}

static void conds_init(struct compute *compute)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&compute->wake, &attr);
	pthread_cond_init(&compute->work, &attr);
	pthread_condattr_destroy(&attr);
	pthread_cond_init(&compute->stopped, NULL);
}

/* Ends the threads that were started. */
static void threads_stop(struct compute *compute)
{
	pthread_mutex_lock(&compute->lock);
	compute->quit = true;
	pthread_cond_broadcast(&compute->wake);
	pthread_cond_broadcast(&compute->work);
	pthread_mutex_unlock(&compute->lock);
	cp_shaders_stop(compute);
	if (compute->started)
		pthread_join(compute->thread, NULL);
}

static void compute_free(struct compute *compute)
{
	pthread_cond_destroy(&compute->stopped);
	pthread_cond_destroy(&compute->work);
	pthread_cond_destroy(&compute->wake);
	pthread_mutex_destroy(&compute->lock);
	free(compute);
}

struct compute *compute_create(const struct compute_config *config)
{
	struct compute *compute = calloc(1, sizeof(*compute));

	if (!compute)
		return NULL;
	compute->config = *config;
	rng_init(&compute->rng, config->seed, 0x63);
	pthread_mutex_init(&compute->lock, NULL);
	conds_init(compute);
	compute->started = !pthread_create(&compute->thread, NULL, cp_front_main, compute);
	if (compute->started && cp_shaders_start(compute))
		return compute;
	threads_stop(compute);
	compute_free(compute);
	return NULL;
}

void compute_destroy(struct compute *compute)
{
	compute_reset(compute);
	threads_stop(compute);
	compute_free(compute);
}
