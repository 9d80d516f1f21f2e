/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_SDMA_SDMA_H
#define VKFD_DEVICE_SDMA_SDMA_H

#include "irq/ih.h"
#include "mmu/mmu.h"
#include "util/parcel.h"

/* The SDMA engines of one GPU, their queues and their threads. */
struct sdma;

struct sdma_ops {
	/* SRBM_WRITE; called on an engine thread that is inside no access. */
	void (*reg_write)(void *opaque, u32 offset, u32 value);
	void (*log)(void *opaque, const char *line);
};

struct sdma_config {
	struct mmu *mmu;
	struct ih *ih;
	struct counters *counters;
	struct gpu_clock *clock;
	u64 seed;
	const struct sdma_ops *ops;
	void *opaque;
};

/* NULL without memory or threads. */
struct sdma *sdma_create(const struct sdma_config *config);
void sdma_destroy(struct sdma *sdma);

/* The queue's context exists. Number and doorbell are free: the caller's table says so. */
enum vkfd_kiq_status sdma_queue_map(struct sdma *sdma, const struct vkfd_kiq_queue *map);
/* When it returns, the queue touches memory no more. */
enum vkfd_kiq_status sdma_queue_unmap(struct sdma *sdma, u32 number);
enum vkfd_kiq_status sdma_queue_update(struct sdma *sdma, const struct vkfd_kiq_queue *update);
/* Appends a queue with its packet in progress. False: it is not stopped (percent 0). */
bool sdma_queue_save(struct sdma *sdma, u32 number, struct parcel *parcel);
/* As compute_queue_load(). */
bool sdma_queue_load(struct sdma *sdma, struct parcel *parcel);
/* All queues, at once. */
void sdma_reset(struct sdma *sdma);

/* A doorbell of the queue was stored to. Any thread, also inside an engine's access. */
void sdma_ring(struct sdma *sdma, u32 number);

/* The driver served faults in [start, end): reports are settled, parked accesses run again. */
void sdma_fault_ack(struct sdma *sdma, u32 ctx, u64 start, u64 end);
/* The context's tables or TLB changed: parked accesses run again, reports stay open. */
void sdma_ctx_changed(struct sdma *sdma, u32 ctx);
/* Some queue of the context has packets that are not done, and is not suspended. */
bool sdma_ctx_busy(struct sdma *sdma, u32 ctx);

#endif
