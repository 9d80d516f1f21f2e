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
 * that look.
 *
 * Called by svm_map.c under &vkfd_svm.lock.
 */
#include <linux/hmm.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <drm/drm_gpusvm.h>
#include <drm/drm_pagemap.h>

#include "svm_dirty.h"
#include "svm_range.h"
#include "svm_types.h"

static bool any_in_ram(const struct drm_gpusvm_pages *pages, unsigned long nr)
{
	unsigned long at = 0;
	unsigned int i;

	for (i = 0; at < nr; i++) {
		if (pages->dma_addr[i].proto == DRM_INTERCONNECT_SYSTEM)
			return true;
		at += 1ul << pages->dma_addr[i].order;
	}
	return false;
}

/**
 * vkfd_svm_dirty_look() - Find the pages that a mapping lets a GPU write
 * @svm:   SVM state.
 * @range: Range that will be mapped writable.
 * @pages: What was collected for it, for one GPU.
 * @owner: Page owner that was passed to get_pages.
 * @pfns:  Out: for vkfd_svm_dirty_mark() and kvfree(); NULL if there is nothing to mark.
 *
 * Context: May sleep, takes mmap_lock. Caller holds &vkfd_svm.lock.
 * Return: 0; -ENOMEM; -EBUSY the CPU side does not settle; -ESRCH the address space is gone.
 */
int vkfd_svm_dirty_look(struct vkfd_svm *svm, struct vkfd_svm_range *range,
			struct drm_gpusvm_pages *pages, void *owner, unsigned long **pfns)
{
	unsigned long nr = drm_gpusvm_range_size(&range->base) >> PAGE_SHIFT, seq;
	bool found;
	int err;

	lockdep_assert_held(&svm->lock);
	*pfns = NULL;
	drm_gpusvm_notifier_lock(&svm->gpusvm);
	found = drm_gpusvm_pages_valid(&svm->gpusvm, pages) && any_in_ram(pages, nr);
	drm_gpusvm_notifier_unlock(&svm->gpusvm);
	if (!found)
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
		struct folio *folio;

		if (!(pfns[i] & HMM_PFN_VALID))
			continue;
		folio = page_folio(hmm_pfn_to_page(pfns[i]));
		if (folio_test_anon(folio) && !folio_is_device_private(folio) &&
		    !folio_test_dirty(folio))
			folio_mark_dirty(folio);
	}
}
