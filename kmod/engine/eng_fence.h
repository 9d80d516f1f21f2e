/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_ENG_FENCE_H
#define VKFD_ENG_FENCE_H

#include <linux/dma-fence.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/**
 * struct vkfd_timeline - completions of one ring, in order
 *
 * The engine stores the low 32 bits of each sequence number to @hw when all
 * work before it is done.
 */
struct vkfd_timeline {
	const u32 *hw;
	u64 context;
	/** @lock: guards what follows; taken in any context. */
	spinlock_t lock;
	u64 emitted;
	u64 done;
	struct list_head pending;	/* of struct vkfd_fence, ascending */
	/** @error: 0, or what every fence that is still pending or comes later ends with. */
	int error;
	u64 forged;	/* values of @hw that were never emitted */
};

void vkfd_timeline_init(struct vkfd_timeline *timeline, const u32 *hw);
/* Allocates; without a sequence number yet. NULL without memory. */
struct dma_fence *vkfd_fence_alloc(struct vkfd_timeline *timeline);
/* A fence that was never emitted. */
void vkfd_fence_discard(struct dma_fence *fence);
/* Next number, for a fence packet nobody waits for by a dma_fence. */
u64 vkfd_timeline_next(struct vkfd_timeline *timeline);
/* Numbers @fence and puts it on the timeline, which takes its own reference. */
u64 vkfd_fence_emit(struct vkfd_timeline *timeline, struct dma_fence *fence);
/* Looks at @hw and signals; any context. Returns the last number that is done. */
u64 vkfd_timeline_process(struct vkfd_timeline *timeline);
/* Ends everything pending, now and later, with @error. */
void vkfd_timeline_fail(struct vkfd_timeline *timeline, int error);
/* After the engine stopped: ends what is pending with @error, and begins again. */
void vkfd_timeline_restart(struct vkfd_timeline *timeline, u32 *hw, int error);
bool vkfd_timeline_idle(struct vkfd_timeline *timeline);

#endif
