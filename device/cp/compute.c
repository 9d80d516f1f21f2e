// SPDX-License-Identifier: MIT
/*
 * DOC: compute queues
 *
 * One thread looks at queues whose doorbell rang: if the write pointer shows a
 * packet, the queue stops and says so. Any number of queues may be mapped;
 * looking takes no hardware slot. Suspended queues (percent 0) keep what rang
 * and are looked at when they run again.
 *
 * Lock order: compute->lock is dropped for accesses to guest memory; the ih
 * lock is inside it.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "cp/compute.h"

#define RING_MIN_BYTES	BIT_ULL(8)
#define RING_MAX_BYTES	BIT_ULL(32)
#define RETRY_NS	500000

struct compute_queue {
	u32 number, ctx, doorbell, type;
	u64 ring, rptr_va, wptr_va;
	bool active;
	bool rung;	/* look at it */
	bool running;	/* the thread is looking */
	bool halted;
	bool report_pending;
	u32 header;	/* of the packet that stopped it */
};

struct compute {
	struct compute_config config;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_cond_t stopped;
	/* Guarded by @lock, queues included. */
	bool quit;
	struct compute_queue *queues[VKFD_MAX_QUEUES];
	u32 next;
};

/* Does the write pointer show work? *@header: the first dword of the packet. */
static bool shows_work(struct compute *compute, const struct compute_queue *queue, u32 *header)
{
	struct mmu_access access = { .mmu = compute->config.mmu, .ctx = queue->ctx };
	u64 wptr, first;

	*header = 0;
	/* No packet was ever consumed, so any write pointer but 0 shows one. */
	if (mmu_load(&access, queue->wptr_va, &wptr, 8) && !wptr)
		return false;
	if (mmu_load(&access, queue->ring, &first, 4))
		*header = (u32)first;
	return true;
}

static bool report(struct compute *compute, const struct compute_queue *queue)
{
	struct ih_event event = {
		.client = VKFD_IH_CLIENT_CP,
		.source = VKFD_IH_SRC_BAD_OPCODE,
		.ctx = queue->ctx,
		.pasid = mmu_ctx_pasid(compute->config.mmu, queue->ctx),
		.data = { VKFD_BAD_OPCODE_DATA0(queue->doorbell, VKFD_EC_PACKET_UNSUPPORTED),
			  queue->header, queue->number, VKFD_QERR_NOT_EXECUTED },
	};

	return ih_post(compute->config.ih, &event);
}

static void halt(struct compute *compute, struct compute_queue *queue, u32 header)
{
	char line[128];

	queue->halted = true;
	queue->report_pending = true;
	queue->header = header;
	counter_add(compute->config.counters, VKFD_STAT_QUEUE_ERRORS, 1);
	snprintf(line, sizeof(line),
		 "cp: queue %u of context %u stopped: packets do not execute, header 0x%08x",
		 queue->number, queue->ctx, header);
	compute->config.log(compute->config.opaque, line);
}

/* Under the lock, which is dropped for the look. */
static void look(struct compute *compute, struct compute_queue *queue)
{
	u32 header;
	bool work;

	queue->rung = false;
	queue->running = true;
	pthread_mutex_unlock(&compute->lock);
	work = shows_work(compute, queue, &header);
	pthread_mutex_lock(&compute->lock);
	queue->running = false;
	if (work)
		halt(compute, queue, header);
	pthread_cond_broadcast(&compute->stopped);
}

static struct compute_queue *next_rung(struct compute *compute)
{
	for (u32 i = 0; i < VKFD_MAX_QUEUES; i++) {
		u32 n = (compute->next + i) % VKFD_MAX_QUEUES;
		struct compute_queue *queue = compute->queues[n];

		if (queue && queue->rung && queue->active && !queue->halted) {
			compute->next = n + 1;
			return queue;
		}
	}
	return NULL;
}

/* True: some report found no room yet. */
static bool post_reports(struct compute *compute)
{
	bool left = false;

	for (u32 n = 0; n < VKFD_MAX_QUEUES; n++) {
		struct compute_queue *queue = compute->queues[n];

		if (!queue || !queue->report_pending)
			continue;
		queue->report_pending = !report(compute, queue);
		left |= queue->report_pending;
	}
	return left;
}

static void *compute_main(void *opaque)
{
	struct compute *compute = opaque;

	pthread_mutex_lock(&compute->lock);
	while (!compute->quit) {
		struct compute_queue *queue = next_rung(compute);
		struct timespec pause = { 0, RETRY_NS };

		if (queue) {
			look(compute, queue);
		} else if (post_reports(compute)) {
			pthread_mutex_unlock(&compute->lock);
			nanosleep(&pause, NULL);
			pthread_mutex_lock(&compute->lock);
		} else {
			pthread_cond_wait(&compute->wake, &compute->lock);
		}
	}
	pthread_mutex_unlock(&compute->lock);
	return NULL;
}

static bool ring_acceptable(const struct vkfd_kiq_queue *map)
{
	u64 bytes = map->ring_bytes;

	return bytes >= RING_MIN_BYTES && bytes <= RING_MAX_BYTES && !(bytes & (bytes - 1)) &&
	       !(map->ring & 255);
}

enum vkfd_kiq_status compute_queue_map(struct compute *compute, const struct vkfd_kiq_queue *map)
{
	struct compute_queue *queue;

	if (map->queue >= VKFD_MAX_QUEUES)
		return VKFD_KIQ_BAD_QUEUE;
	if (map->engine)
		return VKFD_KIQ_BAD_ENGINE;
	/* PM4 reports a 32-bit read pointer. */
	if ((map->percent && !ring_acceptable(map)) || map->rptr_va & 3 || map->wptr_va & 7)
		return VKFD_KIQ_BAD_RANGE;
	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return VKFD_KIQ_BUSY;
	queue->number = map->queue;
	queue->ctx = map->ctx;
	queue->type = map->type;
	queue->doorbell = map->doorbell;
	queue->ring = map->ring;
	queue->rptr_va = map->rptr_va;
	queue->wptr_va = map->wptr_va;
	queue->active = map->percent != 0;
	pthread_mutex_lock(&compute->lock);
	if (compute->queues[map->queue]) {
		pthread_mutex_unlock(&compute->lock);
		free(queue);
		return VKFD_KIQ_BUSY;
	}
	compute->queues[map->queue] = queue;
	pthread_mutex_unlock(&compute->lock);
	return VKFD_KIQ_OK;
}

/* Under the lock. */
static void queue_remove(struct compute *compute, u32 number)
{
	struct compute_queue *queue = compute->queues[number];

	while (queue->running)
		pthread_cond_wait(&compute->stopped, &compute->lock);
	compute->queues[number] = NULL;
	free(queue);
}

enum vkfd_kiq_status compute_queue_unmap(struct compute *compute, u32 number)
{
	enum vkfd_kiq_status status = VKFD_KIQ_BAD_QUEUE;

	pthread_mutex_lock(&compute->lock);
	if (number < VKFD_MAX_QUEUES && compute->queues[number]) {
		queue_remove(compute, number);
		status = VKFD_KIQ_OK;
	}
	pthread_mutex_unlock(&compute->lock);
	return status;
}

enum vkfd_kiq_status compute_queue_update(struct compute *compute,
					  const struct vkfd_kiq_queue *update)
{
	struct compute_queue *queue;

	if (update->percent && !ring_acceptable(update))
		return VKFD_KIQ_BAD_RANGE;
	pthread_mutex_lock(&compute->lock);
	queue = update->queue < VKFD_MAX_QUEUES ? compute->queues[update->queue] : NULL;
	if (!queue) {
		pthread_mutex_unlock(&compute->lock);
		return VKFD_KIQ_BAD_QUEUE;
	}
	while (queue->running)
		pthread_cond_wait(&compute->stopped, &compute->lock);
	if (update->percent)
		queue->ring = update->ring;
	queue->active = update->percent != 0;
	pthread_cond_signal(&compute->wake);
	pthread_mutex_unlock(&compute->lock);
	return VKFD_KIQ_OK;
}

void compute_reset(struct compute *compute)
{
	pthread_mutex_lock(&compute->lock);
	for (u32 n = 0; n < VKFD_MAX_QUEUES; n++) {
		if (compute->queues[n])
			queue_remove(compute, n);
	}
	pthread_mutex_unlock(&compute->lock);
}

void compute_ring(struct compute *compute, u32 number)
{
	pthread_mutex_lock(&compute->lock);
	if (number < VKFD_MAX_QUEUES && compute->queues[number]) {
		compute->queues[number]->rung = true;
		pthread_cond_signal(&compute->wake);
	}
	pthread_mutex_unlock(&compute->lock);
}

struct compute *compute_create(const struct compute_config *config)
{
	struct compute *compute = calloc(1, sizeof(*compute));

	if (!compute)
		return NULL;
	compute->config = *config;
	pthread_mutex_init(&compute->lock, NULL);
	pthread_cond_init(&compute->wake, NULL);
	pthread_cond_init(&compute->stopped, NULL);
	if (!pthread_create(&compute->thread, NULL, compute_main, compute))
		return compute;
	pthread_cond_destroy(&compute->stopped);
	pthread_cond_destroy(&compute->wake);
	pthread_mutex_destroy(&compute->lock);
	free(compute);
	return NULL;
}

void compute_destroy(struct compute *compute)
{
	compute_reset(compute);
	pthread_mutex_lock(&compute->lock);
	compute->quit = true;
	pthread_cond_signal(&compute->wake);
	pthread_mutex_unlock(&compute->lock);
	pthread_join(compute->thread, NULL);
	pthread_cond_destroy(&compute->stopped);
	pthread_cond_destroy(&compute->wake);
	pthread_mutex_destroy(&compute->lock);
	free(compute);
}
