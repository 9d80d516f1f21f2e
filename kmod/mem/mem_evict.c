// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: Making room in VRAM
 *
 * Empties SVM buffers: one, when TTM wants its VRAM (vkfd_svm_bo_evict(), from
 * the move callback under the buffer's dma_resv), all that are there now
 * (vkfd_mem_evict_all()), or all, when the GPU goes away (vkfd_sweep()). Each
 * copies pages to the RAM of whoever maps them; nothing else is allocated.
 *
 * The helpers' eviction needs a living mm and, for a 2 MiB page, a free 2 MiB
 * page of RAM, which they notice after having copied. What they cannot do is
 * done here by page number (dead owner, forked child holds the pages;
 * unreadable VRAM) or, later and outside dma_resv, by address, where 2 MiB
 * pages can be split (the rescue work). At most RESCUES_MAX buffers are rescued
 * at a time, and meanwhile nothing else is evicted: otherwise one request in
 * fragmented RAM would empty all of VRAM. The caller that failed waits for the
 * rescue, if it may, and tries again.
 *
 * 2 MiB pages are split before they are taken, for the reason in mem_split.c, and
 * the owner's mmap_lock is held for the one at evict().
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "core/trace.h"
#include "mem/mem_int.h"
#include "mem/mem_mgr.h"

#define RESCUES_MAX	2
#define SWEEP_TRIES	200
#define SWEEP_PAUSE_MS	50
/* For pages that a first walk could not move. */
#define EVICT_ALL_AGAIN_MS	10000
#define EVICT_ALL_PAUSE_MS	25

static int evict_by_number(struct vkfd_svm_bo *bo, u64 *pages)
{
	struct vkfd_ram_move *move = vkfd_ram_begin(bo->base.dev, true);
	long moved;

	if (!move)
		return -ENOMEM;
	moved = vkfd_ram_pfns(move, bo);
	vkfd_ram_end(move);
	*pages += max(moved, 0L);
	if (completion_done(&bo->devmem.detached))
		return 0;
	return moved < 0 ? moved : -EBUSY;
}

static int evict_by_helpers(struct vkfd_svm_bo *bo, u64 *pages)
{
	struct vkfd_copy_note note;
	int err;

	vkfd_copy_note_begin(&note);
	err = drm_pagemap_evict_to_ram(&bo->devmem);
	vkfd_copy_note_end(&note);
	if (err)
		return err;
	atomic64_add(note.pages, &bo->base.dev->mem->page_out);
	*pages += note.pages;
	return 0;
}

/* A 2 MiB page of RAM can be had now. */
static bool ram_has_huge_page(void)
{
	struct folio *folio = folio_alloc(GFP_TRANSHUGE | __GFP_NOWARN, get_order(SZ_2M));

	if (!folio)
		return false;
	folio_put(folio);
	return true;
}

static bool helpers_can(const struct vkfd_svm_bo *bo)
{
	return vkfd_svm_bo_readable(bo) && atomic_read(&bo->devmem.mm->mm_users) &&
	       (bo->devmem.size < SZ_2M || ram_has_huge_page());
}

static int evict_of_living(struct vkfd_svm_bo *bo, u64 *pages)
{
	int err = vkfd_svm_bo_split(bo);

	if (err)
		return err;
	if (helpers_can(bo) && !evict_by_helpers(bo, pages))
		return 0;
	return evict_by_number(bo, pages);
}

/*
 * Nothing of a page under migration keeps the anon_vma that its migration entries
 * are found by: 7.3.4 relies on the mmap_lock that migrate_vma_setup() has, and
 * migration by number has not. A munmap() in between frees it, and finalizing
 * reads freed memory. So the owner's lock is held; when it cannot be had, the
 * eviction fails and is tried again. Only tried, since dma_resv is held. What a
 * forked child maps after its parent is gone has no such lock.
 *
 * Not closed: a munmap() that is past its first half. It has made readers of the
 * lock welcome again (mmap_write_downgrade()) while it clears page tables and frees
 * the anon_vma of memory that no VMA shows any more. KASAN saw that once, see
 * docs/decisions/0012-eviction-and-munmap.md.
 *
 * @pages grows by those that were copied: some may have left before.
 */
static int evict(struct vkfd_svm_bo *bo, u64 *pages)
{
	struct mm_struct *mm = bo->devmem.mm;
	int err = -EBUSY;

	if (completion_done(&bo->devmem.detached))
		return 0;
	if (!mmget_not_zero(mm))
		return vkfd_svm_bo_orphaned(bo) ? evict_by_number(bo, pages) : -EBUSY;
	if (mmap_read_trylock(mm)) {
		err = evict_of_living(bo, pages);
		mmap_read_unlock(mm);
	}
	mmput_async(mm);
	return err;
}

bool vkfd_evict_waits(struct vkfd_device *dev)
{
	return atomic_read(&dev->mem->rescues) >= RESCUES_MAX;
}

static void rescue_queue(struct vkfd_svm_bo *bo)
{
	struct drm_gem_object *gem = &bo->base.ttm.base;

	/* Zero when the pages are gone after all and release is under way. */
	if (!kref_get_unless_zero(&gem->refcount))
		return;
	atomic_inc(&bo->base.dev->mem->rescues);
	if (queue_work(bo->base.dev->mem->wq, &bo->rescue))
		return;
	atomic_dec(&bo->base.dev->mem->rescues);
	drm_gem_object_put(gem);
}

/**
 * vkfd_svm_bo_evict() - move every page of a buffer to RAM
 * @bo: buffer in VRAM.
 *
 * Context: dma_resv of @bo held; takes folio locks and the copy engine's.
 * Return: 0 when no page is left, else -errno, and a work item tries harder.
 */
int vkfd_svm_bo_evict(struct vkfd_svm_bo *bo)
{
	struct vkfd_device *dev = bo->base.dev;
	u64 bytes = bo->devmem.size, pages = 0;
	struct vkfd_migrate_news news = {
		.mm = bo->devmem.mm,
		.start = bo->va,
		.end = bo->va + bytes,
		.from = dev->gpu_id,
		.trigger = VKFD_MIGRATE_EVICTION,
	};
	int err;

	dma_resv_assert_held(bo->base.ttm.base.resv);
	vkfd_news_begin(&news);
	trace_vkfd_migrate_begin(bo->va, bytes, dev->gpu_id, 0, VKFD_MIGRATE_EVICTION);
	err = evict(bo, &pages);
	trace_vkfd_evict(dev->gpu_id, bytes, err);
	vkfd_migrate_done(bo->devmem.mm, bo->va, bo->va + bytes, dev->gpu_id, 0,
			  VKFD_MIGRATE_EVICTION, pages, err);
	vkfd_news_end(&news, err);
	if (err) {
		atomic64_inc(&dev->mem->eviction_failures);
		rescue_queue(bo);
		return err;
	}
	atomic64_inc(&dev->mem->evictions);
	return 0;
}

/* By address, with the mm's lock: the way on which a 2 MiB page can be split. */
void vkfd_svm_bo_rescue(struct work_struct *work)
{
	struct vkfd_svm_bo *bo = container_of(work, struct vkfd_svm_bo, rescue);

	if (!completion_done(&bo->devmem.detached))
		vkfd_ram_force(bo->base.dev, bo->devmem.mm, bo->va, bo->va + bo->devmem.size);
	atomic_dec(&bo->base.dev->mem->rescues);
	vkfd_bo_put(&bo->base);
}

/*
 * The buffer of a page of VRAM, if it is no younger than @last. One that nobody
 * holds any more is on its way out: @left, as it still has its VRAM.
 */
static struct vkfd_svm_bo *older_bo(struct vkfd_pagemap *pagemap, unsigned long index, u64 last,
				    bool *left)
{
	struct vkfd_svm_bo *bo;

	xa_lock(&pagemap->bos);
	bo = xa_load(&pagemap->bos, index);
	if (bo && bo->serial > last)
		bo = NULL;
	if (bo && !kref_get_unless_zero(&bo->base.ttm.base.refcount)) {
		*left = true;
		bo = NULL;
	}
	xa_unlock(&pagemap->bos);
	return bo;
}

static int evict_to_ram(struct vkfd_svm_bo *bo)
{
	static const struct ttm_place evicted = { .mem_type = VKFD_PL_EVICTED };
	struct ttm_placement placement = { .num_placement = 1, .placement = &evicted };
	struct ttm_buffer_object *ttm = &bo->base.ttm;
	struct ttm_operation_ctx ctx = {};
	int err;

	dma_resv_lock(ttm->base.resv, NULL);
	err = ttm_bo_validate(ttm, &placement, &ctx);
	dma_resv_unlock(ttm->base.resv);
	return err;
}

/*
 * By place, not by TTM's list: a list to whose end others add is never walked to
 * its end. Return: a buffer no younger than @last may still be in VRAM.
 */
static bool evict_older(struct vkfd_device *dev, u64 last)
{
	struct vkfd_pagemap *pagemap = READ_ONCE(dev->pagemap);
	struct vkfd_svm_bo *bo;
	unsigned long index;
	bool left = false;
	void *entry;

	if (!pagemap)
		return false;
	xa_for_each(&pagemap->bos, index, entry) {
		if (fatal_signal_pending(current))
			return true;
		bo = older_bo(pagemap, index, last, &left);
		if (bo) {
			left |= evict_to_ram(bo) != 0;
			vkfd_bo_put(&bo->base);
		}
		cond_resched();
	}
	return left;
}

/**
 * vkfd_mem_evict_all() - move the SVM pages that a GPU has now to RAM
 * @dev: GPU, still working.
 *
 * Pages that come to VRAM meanwhile stay, so that the work is bounded whatever
 * others do. Pages on the move (a fork, an exit, a fault) may be ready a little
 * later: the rescue work is waited for, and they are tried again for some seconds.
 *
 * Context: process context, no locks; may sleep for long.
 * Return: 0; -EBUSY when pages stayed; -EINTR after a fatal signal.
 */
int vkfd_mem_evict_all(struct vkfd_device *dev)
{
	u64 last = atomic64_read(&dev->mem->serial);
	unsigned long end = 0;

	while (evict_older(dev, last)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		end = end ?: jiffies + msecs_to_jiffies(EVICT_ALL_AGAIN_MS);
		if (vkfd_device_is_lost(dev) || time_after(jiffies, end))
			return -EBUSY;
		flush_workqueue(dev->mem->wq);
		flush_workqueue(dev->mem->ttm.wq);
		msleep(EVICT_ALL_PAUSE_MS);
	}
	return 0;
}

static void sweep_by_number(struct vkfd_svm_bo *bo, struct vkfd_ram_move *move)
{
	dma_resv_lock(bo->base.ttm.base.resv, NULL);
	if (!completion_done(&bo->devmem.detached))
		vkfd_ram_pfns(move, bo);
	dma_resv_unlock(bo->base.ttm.base.resv);
}

/* As evict(), with time to wait for the lock. Pages of who is on his way out go with him. */
static void sweep_bo(struct vkfd_svm_bo *bo, struct vkfd_ram_move *move)
{
	struct mm_struct *mm = bo->devmem.mm;

	if (mmget_not_zero(mm)) {
		mmap_read_lock(mm);
		sweep_by_number(bo, move);
		mmap_read_unlock(mm);
		mmput_async(mm);
	} else if (vkfd_svm_bo_orphaned(bo)) {
		sweep_by_number(bo, move);
	}
}

/* One pass over all buffers. */
static void sweep_once(struct vkfd_device *dev, struct vkfd_ram_move *move)
{
	struct vkfd_pagemap *pagemap = dev->pagemap;
	struct vkfd_svm_bo *bo;
	unsigned long index;
	bool left;
	void *entry;

	xa_for_each(&pagemap->bos, index, entry) {
		bo = older_bo(pagemap, index, U64_MAX, &left);
		if (!bo)
			continue;
		sweep_bo(bo, move);
		vkfd_bo_put(&bo->base);
		cond_resched();
	}
}

/* What stayed may be 2 MiB pages that only their owner's address can split. */
static void sweep_rescue(struct vkfd_device *dev)
{
	struct vkfd_svm_bo *bo;
	unsigned long index;

	xa_lock(&dev->pagemap->bos);
	xa_for_each(&dev->pagemap->bos, index, bo)
		rescue_queue(bo);
	xa_unlock(&dev->pagemap->bos);
	flush_workqueue(dev->mem->wq);
}

/**
 * vkfd_sweep() - move every page of a GPU to RAM, whoever maps it
 * @dev: GPU that takes no new pages.
 *
 * Context: process context, no locks; bounded to some ten seconds.
 * Return: true if none is left.
 */
bool vkfd_sweep(struct vkfd_device *dev)
{
	struct vkfd_ram_move *move = vkfd_ram_begin(dev, true);
	unsigned int tries = SWEEP_TRIES;

	if (!move)
		return xa_empty(&dev->pagemap->bos);
	while (tries--) {
		sweep_once(dev, move);
		/* Buffers whose pages have all gone leave the table here. */
		flush_workqueue(dev->mem->wq);
		drain_workqueue(dev->mem->ttm.wq);
		if (xa_empty(&dev->pagemap->bos))
			break;
		sweep_rescue(dev);
		msleep(SWEEP_PAUSE_MS);
	}
	vkfd_ram_end(move);
	return xa_empty(&dev->pagemap->bos);
}
