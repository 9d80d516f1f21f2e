// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: what a GPU may write is dirty
 *
 * Core mm learns of the CPU's writes from the dirty bit of its PTE; of a GPU's
 * it learns nothing. hmm_range_fault() asks for a write fault, which sets that
 * bit, only where the CPU may not write yet, and drm_gpusvm does nothing
 * either. But a private page can be writable and clean: read back from swap
 * (the swap slot still holds it), or given to MADV_FREE. Reclaim drops such a
 * page, and with it what the GPU wrote.
 *
 * So private pages in RAM are marked dirty before a writable mapping of them
 * begins. That lasts: whoever cleans one takes it from the page tables first,
 * sends a notice for that, and the next mapping marks it again. Shared pages need
 * nothing: their writable PTEs are dirty ones, by the write fault that made them
 * writable. Pages that come from VRAM are marked in mem/ (mem_copy.c, mem_ram.c).
 *
 * The helpers keep no page pointers, so the CPU page table is looked at once
 * more, after they collected; as long as what they collected stays valid, so is
 * that look. It needs no lock where it can be done as get_user_pages_fast() does:
 * whoever takes mmap_lock between collecting and the commit loses against a CPU
 * side that changes its memory all the time (svm_turn.c).
 *
 * Called by svm_map.c under &vkfd_svm.lock.
 */
#include <linux/hmm.h>
#include <linux/kthread.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <drm/drm_gpusvm.h>
#include <drm/drm_pagemap.h>

#include "svm_dirty.h"
#include "svm_range.h"
#include "svm_types.h"

#define LOOK_PAGES	32u

/** struct present - what was collected, in any order */
struct present {
	bool ram, vram;
};

static struct present present_in(const struct drm_gpusvm_pages *pages, unsigned long nr)
{
	struct present present = {};
	unsigned long at = 0;
	unsigned int i;

	for (i = 0; at < nr; i++) {
		if (pages->dma_addr[i].proto != DRM_INTERCONNECT_DRIVER)
			present.ram = true;
		else
			present.vram = true;
		at += 1ul << pages->dma_addr[i].order;
	}
	return present;
}

static void mark_folio(struct folio *folio)
{
	if (folio_test_anon(folio) && !folio_is_device_private(folio) && !folio_test_dirty(folio))
		folio_mark_dirty(folio);
}

/* @nr pages from @addr of the task's own mm, present and writable; false: some are not. */
static bool mark_now(u64 addr, unsigned long nr)
{
	struct page *page[LOOK_PAGES];
	int i, got;

	while (nr) {
		got = get_user_pages_fast_only(addr, min_t(unsigned long, nr, LOOK_PAGES),
					       FOLL_WRITE, page);
		if (got <= 0)
			return false;
		for (i = 0; i < got; i++) {
			mark_folio(page_folio(page[i]));
			put_page(page[i]);
		}
		addr += (u64)got << PAGE_SHIFT;
		nr -= got;
	}
	return true;
}

/* What was collected in RAM; of a page that is mapped by a PMD, one is enough. */
static bool mark_collected(const struct drm_gpusvm_range *range,
			   const struct drm_gpusvm_pages *pages)
{
	u64 addr = range->itree.start, end = range->itree.last + 1;
	unsigned int i, order;

	for (i = 0; addr < end; i++) {
		order = pages->dma_addr[i].order;
		if (pages->dma_addr[i].proto != DRM_INTERCONNECT_DRIVER &&
		    !mark_now(addr, order == HPAGE_PMD_ORDER ? 1 : 1ul << order))
			return false;
		addr += PAGE_SIZE << order;
	}
	return true;
}

/* The walk is one of the current address space. */
static bool mark_without_lock(struct vkfd_svm *svm, const struct drm_gpusvm_range *range,
			      const struct drm_gpusvm_pages *pages)
{
	struct mm_struct *mm = svm->gpusvm.mm;
	bool done;

	if (current->mm == mm)
		return mark_collected(range, pages);
	if (!(current->flags & PF_KTHREAD) || current->mm || !mmget_not_zero(mm))
		return false;
	kthread_use_mm(mm);
	done = mark_collected(range, pages);
	kthread_unuse_mm(mm);
	mmput_async(mm);
	return done;
}

/**
 * vkfd_svm_dirty_look() - Find the pages that a mapping lets a GPU write
 * @svm:   SVM state.
 * @range: Range that will be mapped writable.
 * @pages: What was collected for it, for one GPU.
 * @owner: Page owner that was passed to get_pages.
 * @pfns:  Out: for vkfd_svm_dirty_mark() and kvfree(); NULL if there is nothing to
 *         mark any more.
 * @vram:  Out: some of it is in VRAM.
 *
 * Context: May sleep, takes mmap_lock. Caller holds &vkfd_svm.lock.
 * Return: 0; -ENOMEM; -EBUSY the CPU side does not settle; -ESRCH the address space is gone.
 */
int vkfd_svm_dirty_look(struct vkfd_svm *svm, struct vkfd_svm_range *range,
			struct drm_gpusvm_pages *pages, void *owner, unsigned long **pfns,
			bool *vram)
{
	unsigned long nr = drm_gpusvm_range_size(&range->base) >> PAGE_SHIFT, seq;
	struct present present = {};
	int err;

	lockdep_assert_held(&svm->lock);
	*pfns = NULL;
	drm_gpusvm_notifier_lock(&svm->gpusvm);
	if (drm_gpusvm_pages_valid(&svm->gpusvm, pages))
		present = present_in(pages, nr);
	drm_gpusvm_notifier_unlock(&svm->gpusvm);
	*vram = present.vram;
	if (!present.ram || mark_without_lock(svm, &range->base, pages))
		return 0;
	*pfns = kvcalloc(nr, sizeof(**pfns), GFP_KERNEL);
	if (!*pfns)
		return -ENOMEM;
	err = vkfd_svm_range_look(svm, range, owner, *pfns, &seq);
	if (err) {
		kvfree(*pfns);
		*pfns = NULL;
	}
	return err;
}

/**
 * vkfd_svm_dirty_mark() - Mark private pages in RAM dirty
 * @pfns: Of vkfd_svm_dirty_look(), so far valid.
 * @nr:   Pages.
 *
 * Context: Caller holds the notifier lock (read), under which the pages stay.
 */
void vkfd_svm_dirty_mark(const unsigned long *pfns, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		if (pfns[i] & HMM_PFN_VALID)
			mark_folio(page_folio(hmm_pfn_to_page(pfns[i])));
	}
}
