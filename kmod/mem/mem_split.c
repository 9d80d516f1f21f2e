// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: 2 MiB device pages into 4 KiB ones, where they are
 *
 * While a page migrates, what was mapped is a migration entry, without reference
 * and mapping count. 7.3.4 forgets that when it drops a 2 MiB one of a device
 * page (zap_huge_pmd_folio() of munmap, MADV_DONTNEED and exit asks what kind of
 * page it is, not what kind of entry): it takes both away once more. That takes
 * the migration's own reference. The page is freed under the migration's hands,
 * its VRAM goes to somebody else, and its contents go to a page of RAM that
 * nobody is charged for, on which the kernel spins for ever when it joins the
 * LRU.
 *
 * 4 KiB entries are dropped right. So eviction, which takes pages from programs
 * that know nothing of it, splits 2 MiB pages first. Split means: no
 * migration entry of 2 MiB at any time, since core mm splits entry and page at
 * once. It needs the address space and its lock, see evict() of mem_evict.c.
 *
 * The same before any way to RAM for pages that a fork shares: the other
 * address space drops them when it likes, by its exit if nothing else. And for
 * pages that only a forked child maps which does not use GPUs: nobody hears of
 * what it drops.
 *
 * Remain whole: pages that only one address space of a process with GPUs maps, on
 * their way by prefetch and CPU fault; there a program that drops memory in one
 * thread while it uses it in another has to wait (svm/svm_whole.c).
 */
#include <linux/delay.h>
#include <linux/hmm.h>
#include <linux/maple_tree.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <drm/drm_drv.h>

#include "mem/mem_int.h"
#include "mem/mem_pagemap.h"

/* Less than all of it cannot be collected whole, so core mm splits it. */
static void split_at(struct vkfd_device *dev, struct vm_area_struct *vma, u64 addr)
{
	unsigned long src = 0, dst = 0;
	struct migrate_vma split = {
		.vma = vma,
		.start = addr,
		.end = addr + PAGE_SIZE,
		.src = &src,
		.dst = &dst,
		.pgmap_owner = vkfd_pagemap_owner(dev),
		.flags = MIGRATE_VMA_SELECT_DEVICE_PRIVATE,
	};

	mmap_assert_locked(vma->vm_mm);
	if (vma_is_anonymous(vma) && !migrate_vma_setup(&split))
		migrate_vma_finalize(&split);
}

void vkfd_migrate_split(struct vkfd_device *dev, struct mm_struct *mm, u64 addr)
{
	struct vm_area_struct *vma;

	if (!mmget_not_zero(mm))
		return;
	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (vma)
		split_at(dev, vma, addr);
	mmap_read_unlock(mm);
	mmput_async(mm);
}

/* Busy are pages only for moments: together some 20 ms, of which few are needed. */
#define SPLIT_TRIES	200
#define SPLIT_PAUSE_US	100

bool vkfd_page_is_shared(const struct page *page)
{
	const struct folio *folio = page_folio(page);

	return folio_test_large(folio) && folio_mapcount(folio) > 1;
}

/* Is there nothing of 2 MiB at @addr any more? */
static bool is_small(struct vkfd_device *dev, struct mm_struct *mm, u64 addr)
{
	struct vkfd_scan scan;
	unsigned long pfn;
	bool small = true;

	if (!mmget_not_zero(mm))
		return true;
	mmap_read_lock(mm);
	if (!vkfd_scan(dev, mm, addr, addr + PAGE_SIZE, &pfn, &scan) && scan.own)
		small = !folio_test_large(page_folio(hmm_pfn_to_page(pfn)));
	mmap_read_unlock(mm);
	mmput_async(mm);
	return small;
}

/* Whoever faults there meanwhile has a reference for a moment, which keeps it whole. */
static bool split_patiently(struct vkfd_device *dev, struct mm_struct *mm, u64 addr)
{
	unsigned int tries = SPLIT_TRIES;
	bool small;

	for (;;) {
		vkfd_migrate_split(dev, mm, addr);
		small = is_small(dev, mm, addr);
		if (small || !--tries)
			return small;
		usleep_range(SPLIT_PAUSE_US, 2 * SPLIT_PAUSE_US);
	}
}

static void split_work(struct work_struct *work)
{
	struct vkfd_splitter *s = container_of(work, struct vkfd_splitter, work);
	struct vkfd_device *dev = container_of(s, struct vkfd_mem_mgr, splitter)->dev;
	struct mm_struct *mm = s->mm;
	bool small = false;
	int idx;

	/* After unplug the page goes home as it is. */
	if (drm_dev_enter(&dev->drm, &idx)) {
		small = split_patiently(dev, mm, s->addr);
		drm_dev_exit(idx);
	}
	spin_lock(&s->lock);
	s->busy = false;
	s->failed = !small;
	spin_unlock(&s->lock);
	mmdrop(mm);
}

/**
 * vkfd_split_soon() - a CPU fault met a 2 MiB page that must not move as one
 * @dev:  GPU that has the page.
 * @mm:   the faulting address space.
 * @addr: the faulting address.
 *
 * One page at a time; who comes meanwhile faults until it is its turn.
 *
 * Context: CPU fault, which has the page locked, so that it can't be split here.
 * Return: true to fault again; false if splitting was tried in vain.
 */
bool vkfd_split_soon(struct vkfd_device *dev, struct mm_struct *mm, u64 addr)
{
	struct vkfd_splitter *s = &dev->mem->splitter;
	bool again = true;

	spin_lock(&s->lock);
	if (!s->busy && s->failed && s->mm == mm && s->addr == addr) {
		s->failed = false;
		again = false;
	} else if (!s->busy) {
		mmgrab(mm);
		s->mm = mm;
		s->addr = addr;
		s->busy = true;
		queue_work(dev->mem->wq, &s->work);
	}
	spin_unlock(&s->lock);
	return again;
}

/** vkfd_splitter_init() - part of making &struct vkfd_mem_mgr */
void vkfd_splitter_init(struct vkfd_mem_mgr *mgr)
{
	spin_lock_init(&mgr->splitter.lock);
	INIT_WORK(&mgr->splitter.work, split_work);
}

static struct page *first_page(const struct vkfd_svm_bo *bo)
{
	u64 at = vkfd_vram_at(bo->base.dev->mem, bo->base.ttm.resource, 0);

	return pfn_to_page(PHYS_PFN(bo->pagemap->pgmap.range.start + at));
}

/* Is @page what @addr shows? */
static bool shows(struct vkfd_device *dev, struct mm_struct *mm, u64 addr, struct page *page)
{
	unsigned long pfn;
	struct vkfd_scan scan;

	return !vkfd_scan(dev, mm, addr, addr + PAGE_SIZE, &pfn, &scan) && scan.own &&
	       hmm_pfn_to_page(pfn) == page;
}

/*
 * Wherever mremap() moved it, an anonymous page keeps its index. A VMA that has
 * only a part of the page maps it by 4 KiB entries.
 */
static void split_in_vma(struct vkfd_svm_bo *bo, struct vm_area_struct *vma, struct page *page)
{
	unsigned long index = READ_ONCE(page_folio(page)->index) - vma->vm_pgoff;
	u64 addr = vma->vm_start + ((u64)index << PAGE_SHIFT);

	if (!vma_is_anonymous(vma) || index > vma_pages(vma) ||
	    vma_pages(vma) - index < VKFD_PIECE_PAGES)
		return;
	if (shows(bo->base.dev, vma->vm_mm, addr, page))
		split_at(bo->base.dev, vma, addr);
}

static void split_in_mm(struct vkfd_svm_bo *bo, struct mm_struct *mm, struct page *page)
{
	VMA_ITERATOR(vmi, mm, 0);
	struct vm_area_struct *vma;

	for_each_vma(vmi, vma) {
		split_in_vma(bo, vma, page);
		if (!folio_test_large(page_folio(page)))
			break;
	}
}

/**
 * vkfd_svm_bo_split() - before pages of a buffer are taken by number
 * @bo: buffer with VRAM, whose owner lives.
 *
 * Context: may sleep; dma_resv of @bo and, for read, the owner's mmap_lock held.
 * Return: 0, or -EBUSY if there is a 2 MiB page that has to be split and could
 * not be now.
 */
int vkfd_svm_bo_split(struct vkfd_svm_bo *bo)
{
	struct page *page;

	mmap_assert_locked(bo->devmem.mm);
	if (bo->devmem.size < SZ_2M)
		return 0;
	page = first_page(bo);
	if (!folio_test_large(page_folio(page)))
		return 0;
	split_in_mm(bo, bo->devmem.mm, page);
	if (!folio_test_large(page_folio(page)))
		return 0;
	/* Nowhere in its owner, and nobody moves it: a forked child has it. */
	return folio_test_locked(page_folio(page)) ? -EBUSY : 0;
}

/**
 * vkfd_svm_bo_orphaned() - has the dead owner of a buffer let go of its pages?
 * @bo: buffer with VRAM.
 *
 * Return: false while exit still takes down its mappings, and frees the anon_vmas
 * that finalizing a migration needs.
 */
bool vkfd_svm_bo_orphaned(struct vkfd_svm_bo *bo)
{
	return mtree_empty(&bo->devmem.mm->mm_mt);
}
