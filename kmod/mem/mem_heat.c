// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: who uses VRAM now
 *
 * Decides which SVM buffers an eviction spares. TTM takes the buffer at the head
 * of its list. The list is in the order in which memory came to VRAM or was
 * mapped by a GPU last (vkfd_heat_note()); of the accesses through a mapping the
 * driver learns nothing, so what a long kernel works on looks old. Therefore
 * eviction passes over the memory of processes whose queues on this GPU have work
 * and are not stopped, as long as other memory is there: the GPU says who has
 * (VKFD_KIQ_CTX_BUSY), an answer holds for HEAT_AGE_MS.
 *
 * TTM gets two places for a buffer that needs VRAM, see vkfd_bo_init_locked(). The
 * first one, with VKFD_PL_FLAG_SPARE, takes from the idle only. It is left out
 * when all memory is hot, or none: the walk would look at each buffer in vain.
 *
 * A &struct vkfd_heat is one (process, GPU). Its buffers hold it, because a forked
 * child may hold them longer than the process lives; then they are cold.
 *
 * Locks: &vkfd_mem_mgr.heat_lock guards the list and the answers; below the svm
 * lock, mmap_lock and the page-table mutex; the KIQ's lock inside. The verdict of
 * a buffer is read without it.
 */
#include <linux/jiffies.h>
#include <linux/kref.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "engine/eng_kiq.h"
#include "mem/mem_heat.h"
#include "mem/mem_int.h"

#define HEAT_AGE_MS	10

struct vkfd_heat {
	struct kref refs;
	struct vkfd_device *dev;
	/** @link: &vkfd_mem_mgr.heats. */
	struct list_head link;
	/** @mm: whose buffers; only compared. */
	struct mm_struct *mm;
	u32 ctx;
	pid_t tgid;
	/** @bytes: of its buffers in VRAM. */
	atomic64_t bytes;
	/** @hot: the last answer. */
	bool hot;
	/** @asked: jiffies. */
	unsigned long asked;
};

/**
 * vkfd_heat_open() - A process begins to use a GPU
 * @dev: GPU.
 * @mm:  Its address space.
 * @ctx: Context on the GPU.
 *
 * Context: May sleep.
 * Return: For vkfd_heat_close(); or NULL, no memory.
 */
struct vkfd_heat *vkfd_heat_open(struct vkfd_device *dev, struct mm_struct *mm, u32 ctx)
{
	struct vkfd_heat *heat = kzalloc_obj(*heat, GFP_KERNEL_ACCOUNT);

	if (!heat)
		return NULL;
	kref_init(&heat->refs);
	heat->dev = dev;
	heat->mm = mm;
	heat->ctx = ctx;
	heat->tgid = task_tgid_nr(current);
	heat->asked = jiffies - msecs_to_jiffies(HEAT_AGE_MS) - 1;
	mutex_lock(&dev->mem->heat_lock);
	list_add_tail(&heat->link, &dev->mem->heats);
	mutex_unlock(&dev->mem->heat_lock);
	return heat;
}

static void heat_free(struct kref *refs)
{
	kfree(container_of(refs, struct vkfd_heat, refs));
}

/**
 * vkfd_heat_close() - The process has no queue on the GPU any more
 * @heat: From vkfd_heat_open(); the GPU's memory manager still exists.
 *
 * Context: May sleep.
 */
void vkfd_heat_close(struct vkfd_heat *heat)
{
	struct vkfd_mem_mgr *mgr = heat->dev->mem;

	mutex_lock(&mgr->heat_lock);
	list_del(&heat->link);
	WRITE_ONCE(heat->hot, false);
	mutex_unlock(&mgr->heat_lock);
	kref_put(&heat->refs, heat_free);
}

/** vkfd_heat_bytes() - VRAM that SVM memory of the process takes on the GPU. Context: any. */
u64 vkfd_heat_bytes(const struct vkfd_heat *heat)
{
	return atomic64_read(&heat->bytes);
}

/* The heat that a new buffer of @mm belongs to, with a reference; or NULL. */
struct vkfd_heat *vkfd_heat_of(struct vkfd_mem_mgr *mgr, struct mm_struct *mm)
{
	struct vkfd_heat *heat, *found = NULL;

	mutex_lock(&mgr->heat_lock);
	list_for_each_entry(heat, &mgr->heats, link) {
		if (heat->mm != mm)
			continue;
		kref_get(&heat->refs);
		found = heat;
		break;
	}
	mutex_unlock(&mgr->heat_lock);
	return found;
}

void vkfd_heat_put(struct vkfd_heat *heat)
{
	if (heat)
		kref_put(&heat->refs, heat_free);
}

void vkfd_heat_account(struct vkfd_heat *heat, s64 bytes)
{
	if (heat)
		atomic64_add(bytes, &heat->bytes);
}

bool vkfd_heat_is_hot(const struct vkfd_heat *heat)
{
	return heat && READ_ONCE(heat->hot);
}

pid_t vkfd_heat_tgid(const struct vkfd_heat *heat)
{
	return heat ? heat->tgid : 0;
}

/* A device that does not answer runs no queue. */
static void ask(struct vkfd_heat *heat)
{
	struct vkfd_kiq_cmd cmd = { .op = VKFD_KIQ_CTX_BUSY, .ctx.ctx = heat->ctx };

	lockdep_assert_held(&heat->dev->mem->heat_lock);
	if (time_before(jiffies, heat->asked + msecs_to_jiffies(HEAT_AGE_MS)))
		return;
	WRITE_ONCE(heat->hot, vkfd_kiq_run(heat->dev, &cmd) == -EINPROGRESS);
	heat->asked = jiffies;
}

/*
 * Is some memory hot and other memory not? Then eviction has a choice. With one
 * process in VRAM it has none, and the GPU is not asked.
 */
bool vkfd_heat_mixed(struct vkfd_mem_mgr *mgr)
{
	s64 bytes, hot = 0, all = atomic64_read(&mgr->svm_bytes);
	struct vkfd_heat *heat;

	mutex_lock(&mgr->heat_lock);
	list_for_each_entry(heat, &mgr->heats, link) {
		bytes = atomic64_read(&heat->bytes);
		if (!bytes || bytes >= all)
			continue;
		ask(heat);
		if (heat->hot)
			hot += bytes;
	}
	mutex_unlock(&mgr->heat_lock);
	return hot && hot < all;
}

/* To the end of TTM's list. One that is locked is being made, or evicted. */
static void move_to_tail(struct vkfd_svm_bo *bo)
{
	struct ttm_buffer_object *ttm = &bo->base.ttm;

	if (!dma_resv_trylock(ttm->base.resv))
		return;
	spin_lock(&ttm->bdev->lru_lock);
	ttm_bo_move_to_lru_tail(ttm);
	spin_unlock(&ttm->bdev->lru_lock);
	dma_resv_unlock(ttm->base.resv);
}

/* Return: the address behind what was born with the page at @va; or 0. */
static u64 note(struct vkfd_pagemap *pagemap, unsigned long index, u64 va)
{
	struct vkfd_svm_bo *bo = vkfd_svm_bo_get(pagemap, index);
	u64 end;

	if (!bo)
		return 0;
	move_to_tail(bo);
	end = va >= bo->va ? bo->va + bo->devmem.size : 0;
	vkfd_bo_put(&bo->base);
	return end;
}

/**
 * vkfd_heat_note() - Pages were mapped by a GPU: they are used
 * @dev:   GPU whose VRAM is looked at; others' pages are skipped.
 * @addrs: As drm_gpusvm_get_pages() gave them, for [@start, @end). May be out of
 *         date: a wrong buffer moves in the list at worst.
 * @start: Page aligned.
 * @end:   Page aligned, half-open.
 *
 * Context: May sleep; no dma_resv, no notifier lock.
 */
void vkfd_heat_note(struct vkfd_device *dev, const struct drm_pagemap_addr *addrs, u64 start,
		    u64 end)
{
	struct vkfd_pagemap *pagemap = READ_ONCE(dev->pagemap);
	u64 va = start, noted = 0, hive;
	unsigned long i;

	for (i = 0; pagemap && va < end; i++) {
		hive = vkfd_pagemap_hive(&addrs[i]);
		if (va >= noted && addrs[i].proto == DRM_INTERCONNECT_DRIVER &&
		    VKFD_HIVE_NODE(hive) == dev->hw.node)
			noted = note(pagemap, VKFD_HIVE_OFFSET(hive) >> PAGE_SHIFT, va);
		va += PAGE_SIZE << addrs[i].order;
	}
}
