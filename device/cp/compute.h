/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_CP_COMPUTE_H
#define VKFD_DEVICE_CP_COMPUTE_H

#include "irq/ih.h"
#include "mmu/mmu.h"
#include "util/parcel.h"

/*
 * PM4 and AQL queues of one GPU: a packet processor thread, and shader threads
 * that run the workgroups that packets launch. Any number of queues may be
 * mapped.
 */
struct compute;

struct compute_config {
	struct mmu *mmu;
	struct ih *ih;
	struct counters *counters;
	struct gpu_clock *clock;
	u64 seed;
	u32 cus, ses;
	u32 threads;	/* shader threads; 0: one a host core */
	void (*log)(void *opaque, const char *line);
	void *opaque;
};

/* NULL without memory or threads. */
struct compute *compute_create(const struct compute_config *config);
void compute_destroy(struct compute *compute);
/* The queue's context exists; number and doorbell are free. */
enum vkfd_kiq_status compute_queue_map(struct compute *compute, const struct vkfd_kiq_queue *map);
/* When it returns, the queue and its waves touch memory no more. */
enum vkfd_kiq_status compute_queue_unmap(struct compute *compute, u32 number);
/* Percent 0: packets and waves have stopped when it returns, and keep their state. */
enum vkfd_kiq_status compute_queue_update(struct compute *compute,
					  const struct vkfd_kiq_queue *update);
/* Appends a queue, with its packets and waves in progress. False: it is not stopped (percent 0). */
bool compute_queue_save(struct compute *compute, u32 number, struct parcel *parcel);
/*
 * The queue that is next in @parcel comes back, stopped; what waited for a page tries again.
 * The caller knows that compute_queue_save() wrote it. False: no memory; nothing is left of it.
 */
bool compute_queue_load(struct compute *compute, struct parcel *parcel);
/* All queues, at once. */
void compute_reset(struct compute *compute);
/* A doorbell of the queue was stored to. Any thread, also inside an engine's access. */
void compute_ring(struct compute *compute, u32 number, u64 value);

/* Where waves of the context go at traps and exceptions; @tba 0: nowhere. @ctx is below VKFD_MAX_CONTEXTS. */
void compute_ctx_trap(struct compute *compute, u32 ctx, u64 tba, u64 tma);

/* The driver served faults in [start, end): reports are settled, parked accesses run again. */
void compute_fault_ack(struct compute *compute, u32 ctx, u64 start, u64 end);
/* The context's tables or TLB changed: parked accesses run again, reports stay open. */
void compute_ctx_changed(struct compute *compute, u32 ctx);
/* Some queue of the context has packets or waves that are not done, and is not suspended. */
bool compute_ctx_busy(struct compute *compute, u32 ctx);

#endif
