/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_ENG_SDMA_PRIV_H
#define VKFD_ENG_SDMA_PRIV_H

#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "engine/eng_fence.h"
#include "engine/eng_gart.h"
#include "engine/eng_ring.h"

/** struct vkfd_sdma - kernel copy engine; only eng_sdma.c and eng_copy.c look inside */
struct vkfd_sdma {
	struct vkfd_device *dev;
	/** @submit: the copy-window mutex; nothing is allocated under it. Guards ring and windows. */
	struct mutex submit;
	struct vkfd_ring ring;
	/** @running: false before init and after fini; written under @submit. */
	bool running;
	/** @window_seq: number of the last fence that used each window. */
	u64 window_seq[VKFD_GART_WINDOWS];
	unsigned int next_window;

	struct vkfd_timeline timeline;
	u32 queue;

	struct workqueue_struct *wq;
	/** @watchdog: runs while fences are pending; ends them when nothing moves. */
	struct delayed_work watchdog;
	u64 watchdog_seen;
	unsigned long watchdog_since;

	/** @fail_copies: debugfs: that many copies are refused with -EIO. */
	atomic_t fail_copies;
	/** @hang_copies: debugfs: so many copies come behind a packet that never completes. */
	atomic_t hang_copies;
};

/* Room for one FENCE and one TRAP packet. */
#define VKFD_SDMA_FENCE_TRAP_DWORDS (VKFD_SDMA_FENCE_DWORDS + VKFD_SDMA_TRAP_DWORDS)

/* Locks for submission and reserves; on 0 the caller emits and calls vkfd_sdma_unlock(). */
int vkfd_sdma_lock(struct vkfd_device *dev);
void vkfd_sdma_unlock(struct vkfd_device *dev);
/* Caller holds the mutex. Room for @dwords; stops the engine when there never is any. */
int vkfd_sdma_reserve(struct vkfd_device *dev, u32 dwords);
/* Caller holds the mutex. Waits until number @seq is done. */
int vkfd_sdma_wait_seq(struct vkfd_device *dev, u64 seq);
/* Caller holds the mutex and has room. Fence packet for a number, without interrupt. */
u64 vkfd_sdma_emit_seq(struct vkfd_device *dev);
/* Caller holds the mutex and has room. Emits @fence with an interrupt and commits. */
void vkfd_sdma_finish(struct vkfd_device *dev, struct dma_fence *fence);

#endif
