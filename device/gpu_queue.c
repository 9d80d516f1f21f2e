// SPDX-License-Identifier: MIT
/*
 * DOC: KIQ commands
 *
 * Checks what only the owner of all engines can know (which queue numbers,
 * contexts and doorbells are in use) and passes commands on. Runs on the KIQ's
 * thread; queue_lock excludes reset.
 */
#include <string.h>
#include "gpu_priv.h"

/* Parked accesses of the context run again. */
static void ctx_changed(struct gpu *gpu, u32 ctx)
{
	sdma_ctx_changed(gpu->sdma, ctx);
	compute_ctx_changed(gpu->compute, ctx);
}

static enum vkfd_kiq_status do_ctx_set(void *opaque, const struct vkfd_kiq_ctx *set)
{
	struct gpu *gpu = opaque;
	enum vkfd_kiq_status status = mmu_ctx_set(gpu->mmu, set);

	if (status == VKFD_KIQ_OK)
		ctx_changed(gpu, set->ctx);
	return status;
}

static enum vkfd_kiq_status do_ctx_clear(void *opaque, const struct vkfd_kiq_ctx *clear)
{
	struct gpu *gpu = opaque;
	enum vkfd_kiq_status status = VKFD_KIQ_BAD_CTX;

	if (!clear->ctx || clear->ctx >= VKFD_MAX_CONTEXTS)
		return status;
	pthread_mutex_lock(&gpu->queue_lock);
	status = gpu->ctx_queues[clear->ctx] ? VKFD_KIQ_BUSY : mmu_ctx_clear(gpu->mmu, clear->ctx);
	if (status == VKFD_KIQ_OK)
		compute_ctx_trap(gpu->compute, clear->ctx, 0, 0);
	pthread_mutex_unlock(&gpu->queue_lock);
	return status;
}

static enum vkfd_kiq_status do_ctx_trap(void *opaque, const struct vkfd_kiq_trap *trap)
{
	struct gpu *gpu = opaque;

	if (!trap->ctx || !mmu_ctx_defined(gpu->mmu, trap->ctx))
		return VKFD_KIQ_BAD_CTX;
	if (trap->pad)
		return VKFD_KIQ_BAD_RANGE;
	compute_ctx_trap(gpu->compute, trap->ctx, trap->tba, trap->tma);
	return VKFD_KIQ_OK;
}

static enum vkfd_kiq_status do_ctx_busy(void *opaque, const struct vkfd_kiq_ctx *ctx)
{
	struct gpu *gpu = opaque;

	if (!ctx->ctx || !mmu_ctx_defined(gpu->mmu, ctx->ctx))
		return VKFD_KIQ_BAD_CTX;
	return sdma_ctx_busy(gpu->sdma, ctx->ctx) || compute_ctx_busy(gpu->compute, ctx->ctx) ?
		       VKFD_KIQ_HAS_WORK : VKFD_KIQ_OK;
}

static enum vkfd_kiq_status do_tlb_flush(void *opaque, const struct vkfd_kiq_range *range)
{
	struct gpu *gpu = opaque;
	enum vkfd_kiq_status status = mmu_flush(gpu->mmu, range);

	if (status == VKFD_KIQ_OK)
		ctx_changed(gpu, range->ctx);
	return status;
}

static enum vkfd_kiq_status do_fault_ack(void *opaque, const struct vkfd_kiq_range *range)
{
	struct gpu *gpu = opaque;

	if (!range->ctx || !mmu_ctx_defined(gpu->mmu, range->ctx))
		return VKFD_KIQ_BAD_CTX;
	if (range->pad || (range->start | range->end) & 4095 || range->start >= range->end)
		return VKFD_KIQ_BAD_RANGE;
	sdma_fault_ack(gpu->sdma, range->ctx, range->start, range->end);
	compute_fault_ack(gpu->compute, range->ctx, range->start, range->end);
	return VKFD_KIQ_OK;
}

static bool is_compute(u32 type)
{
	return type == VKFD_QUEUE_PM4 || type == VKFD_QUEUE_AQL;
}

/* The part of QUEUE_MAP's checks that does not depend on the engine. */
static enum vkfd_kiq_status map_check(struct gpu *gpu, const struct vkfd_kiq_queue *map)
{
	if (map->queue >= VKFD_MAX_QUEUES || map->type > VKFD_QUEUE_SDMA_XGMI ||
	    map->flags & ~(u32)VKFD_QUEUE_RESUME)
		return VKFD_KIQ_BAD_QUEUE;
	if (!mmu_ctx_defined(gpu->mmu, map->ctx) || (!map->ctx && map->type != VKFD_QUEUE_SDMA))
		return VKFD_KIQ_BAD_CTX;
	if (map->doorbell >= VKFD_DOORBELL_SLOTS ||
	    (!map->ctx && map->doorbell == VKFD_KIQ_DOORBELL))
		return VKFD_KIQ_BAD_DOORBELL;
	return gpu->queues[map->queue].mapped ? VKFD_KIQ_BUSY : VKFD_KIQ_OK;
}

static enum vkfd_kiq_status map_locked(struct gpu *gpu, const struct vkfd_kiq_queue *map)
{
	enum vkfd_kiq_status status = map_check(gpu, map);
	bool compute = is_compute(map->type);

	if (status != VKFD_KIQ_OK)
		return status;
	if (!gpu_doorbell_claim(gpu, map->ctx, map->doorbell, map->queue, compute))
		return VKFD_KIQ_BUSY;
	status = compute ? compute_queue_map(gpu->compute, map) : sdma_queue_map(gpu->sdma, map);
	if (status != VKFD_KIQ_OK) {
		gpu_doorbell_release(gpu, map->ctx, map->doorbell);
		return status;
	}
	gpu->queues[map->queue] =
		(struct gpu_queue){ true, map->type, map->ctx, map->doorbell, !map->percent };
	gpu->ctx_queues[map->ctx]++;
	return VKFD_KIQ_OK;
}

static enum vkfd_kiq_status do_queue_map(void *opaque, const struct vkfd_kiq_queue *map)
{
	struct gpu *gpu = opaque;
	enum vkfd_kiq_status status;

	pthread_mutex_lock(&gpu->queue_lock);
	status = map_locked(gpu, map);
	pthread_mutex_unlock(&gpu->queue_lock);
	return status;
}

bool gpu_queue_seat(struct gpu *gpu, u32 number, const struct gpu_queue *seat)
{
	if (gpu->queues[number].mapped || !mmu_ctx_defined(gpu->mmu, seat->ctx) ||
	    !gpu_doorbell_claim(gpu, seat->ctx, seat->doorbell, number, is_compute(seat->type)))
		return false;
	gpu->queues[number] = *seat;
	gpu->ctx_queues[seat->ctx]++;
	return true;
}

enum vkfd_kiq_status gpu_queue_drop(struct gpu *gpu, u32 number)
{
	struct gpu_queue *queue = &gpu->queues[number];

	if (!queue->mapped)
		return VKFD_KIQ_BAD_QUEUE;
	gpu_doorbell_release(gpu, queue->ctx, queue->doorbell);
	gpu->ctx_queues[queue->ctx]--;
	queue->mapped = false;
	return is_compute(queue->type) ? compute_queue_unmap(gpu->compute, number) :
					 sdma_queue_unmap(gpu->sdma, number);
}

static enum vkfd_kiq_status do_queue_unmap(void *opaque, const struct vkfd_kiq_queue *unmap)
{
	struct gpu *gpu = opaque;
	enum vkfd_kiq_status status;

	if (unmap->queue >= VKFD_MAX_QUEUES)
		return VKFD_KIQ_BAD_QUEUE;
	pthread_mutex_lock(&gpu->queue_lock);
	status = gpu_queue_drop(gpu, unmap->queue);
	pthread_mutex_unlock(&gpu->queue_lock);
	return status;
}

/* A new ring is no resumption, a second stop no suspension. */
static void note_suspended(struct gpu *gpu, struct gpu_queue *queue, bool suspended)
{
	if (queue->suspended != suspended)
		counter_add(&gpu->counters,
			    suspended ? VKFD_STAT_QUEUE_SUSPENDS : VKFD_STAT_QUEUE_RESUMES, 1);
	queue->suspended = suspended;
}

static enum vkfd_kiq_status do_queue_update(void *opaque, const struct vkfd_kiq_queue *update)
{
	struct gpu *gpu = opaque;
	enum vkfd_kiq_status status = VKFD_KIQ_BAD_QUEUE;
	struct gpu_queue *queue;

	if (update->queue >= VKFD_MAX_QUEUES)
		return status;
	pthread_mutex_lock(&gpu->queue_lock);
	queue = &gpu->queues[update->queue];
	if (queue->mapped)
		status = is_compute(queue->type) ? compute_queue_update(gpu->compute, update) :
						   sdma_queue_update(gpu->sdma, update);
	if (status == VKFD_KIQ_OK)
		note_suspended(gpu, queue, !update->percent);
	pthread_mutex_unlock(&gpu->queue_lock);
	return status;
}

static void do_error(void *opaque, enum vkfd_hw_error error, u32 info, bool fatal)
{
	gpu_error(opaque, error, info, fatal);
}

const struct kiq_ops gpu_kiq_ops = {
	.ctx_set = do_ctx_set,
	.ctx_clear = do_ctx_clear,
	.ctx_trap = do_ctx_trap,
	.ctx_busy = do_ctx_busy,
	.tlb_flush = do_tlb_flush,
	.fault_ack = do_fault_ack,
	.queue_map = do_queue_map,
	.queue_unmap = do_queue_unmap,
	.queue_update = do_queue_update,
	.save = gpu_save,
	.load = gpu_load,
	.error = do_error,
};

void gpu_queues_reset(struct gpu *gpu)
{
	pthread_mutex_lock(&gpu->queue_lock);
	gpu_doorbells_reset(gpu);
	sdma_reset(gpu->sdma);
	compute_reset(gpu->compute);
	memset(gpu->queues, 0, VKFD_MAX_QUEUES * sizeof(*gpu->queues));
	memset(gpu->ctx_queues, 0, sizeof(gpu->ctx_queues));
	mmu_reset(gpu->mmu);
	pthread_mutex_unlock(&gpu->queue_lock);
}
