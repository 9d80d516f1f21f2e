// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: fork and GPU writes
 *
 * After fork() parent and child share the parent's device pages, both entries
 * read-only. hmm_range_fault() reports such an entry as fit for writing when
 * the page belongs to the asking owner, so drm_gpusvm_get_pages() would let
 * the GPU of the parent write into the child's memory. This file closes that
 * hole before a range is mapped writable: it looks at the CPU page table
 * without faulting, and moves device pages that are not writable there to RAM,
 * where the write fault of get_pages breaks the sharing as for any CPU write.
 *
 * The watch notifier (svm_notifier.c) counts forks in &vkfd_svm.cow_gen; a
 * range is looked at until it is mapped, and once more after each fork (its
 * pages may also come from before: inherited by a child that opens /dev/kfd).
 * A fork between the look and the commit shows in the count, which the commit
 * compares under the notifier lock; a later one finds the PTEs and takes them.
 * The same goes for a user who write-protects pages by userfaultfd: that is
 * counted per range, in &vkfd_svm_range.protections.
 *
 * What was read-only in RAM is read-only in VRAM too: shared since a fork, or
 * marked by NUMA balancing. Such pages come back at once when they are mapped,
 * and are writable then; who had moved them sees &vkfd_svm.unshared change and
 * moves them once more (svm_set.c, svm_serve.c).
 *
 * Called by svm_map.c under &vkfd_svm.lock; refuses to run in a notifier.
 */
#include <linux/hmm.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "mem/mem_migrate.h"
#include "svm_cow.h"
#include "svm_range.h"
#include "svm_types.h"

/*
 * Core mm would break the sharing of a page that the CPU uses in place as well, by a
 * copy in RAM; the way home is taken all the same, so that it is known what to move
 * once more. One that nobody else maps becomes writable where it is.
 */
static bool is_shared_device_page(unsigned long pfn)
{
	struct page *page;

	if (!(pfn & HMM_PFN_VALID) || (pfn & HMM_PFN_WRITE))
		return false;
	page = hmm_pfn_to_page(pfn);
	return is_device_private_page(page) ||
	       (is_device_coherent_page(page) && folio_mapcount(page_folio(page)) > 1);
}

/* Hull of the shared device pages, as page numbers in the range; false if none. */
static bool shared_hull(const unsigned long *pfns, unsigned long nr, unsigned long *first,
			unsigned long *end)
{
	unsigned long i;

	*end = 0;
	for (i = 0; i < nr; i++) {
		if (!is_shared_device_page(pfns[i]))
			continue;
		if (!*end)
			*first = i;
		*end = i + 1;
	}
	return *end;
}

/*
 * Looks at the CPU page table of the range as it is, device pages of @owner
 * only. Return: 1 if there are shared ones, 0 if not, -EAGAIN it changed.
 */
static int look(struct vkfd_svm *svm, struct vkfd_svm_range *range, void *owner,
		unsigned long *pfns, unsigned long *first, unsigned long *end)
{
	unsigned long seq;
	int err = vkfd_svm_range_look(svm, range, owner, pfns, &seq);

	if (err)
		return err;

	/* Pages may only be looked at while they cannot go away. */
	drm_gpusvm_notifier_lock(&svm->gpusvm);
	if (mmu_interval_read_retry(&range->base.notifier->notifier, seq))
		err = -EAGAIN;
	else
		err = shared_hull(pfns, drm_gpusvm_range_size(&range->base) >> PAGE_SHIFT, first,
				  end);
	drm_gpusvm_notifier_unlock(&svm->gpusvm);
	return err;
}

/* -EAGAIN after a move: look again before believing. */
static int unshare(struct vkfd_svm *svm, struct vkfd_svm_range *range, void *owner,
		   unsigned long *pfns)
{
	u64 base = drm_gpusvm_range_start(&range->base);
	struct vkfd_migrate_result result = {};
	unsigned long first, end;
	int err = look(svm, range, owner, pfns, &first, &end);

	if (err <= 0)
		return err;
	svm->unshared++;
	err = vkfd_migrate_to_ram(svm->gpusvm.mm, base + first * PAGE_SIZE, base + end * PAGE_SIZE,
				  VKFD_MIGRATE_GPU_FAULT, &result);
	return err ?: -EAGAIN;
}

/**
 * vkfd_svm_cow_break() - Make sure that no device page of a range is shared
 * @svm:   SVM state.
 * @range: Range that will be mapped writable.
 * @owner: Page owner that will be passed to get_pages.
 * @gen:   Out: for &vkfd_svm_range.cow_checked once the range is mapped, when
 *         get_pages has broken the sharing of the pages in RAM too.
 *
 * Context: May sleep, takes mmap_lock. Caller holds &vkfd_svm.lock.
 * Return: 0; -EAGAIN or -EBUSY if pages would not move, try later; -ENOMEM;
 * -ESRCH the address space is gone.
 */
int vkfd_svm_cow_break(struct vkfd_svm *svm, struct vkfd_svm_range *range, void *owner, u64 *gen)
{
	unsigned long *pfns;
	int err, tries = 3;

	lockdep_assert_held(&svm->lock);
	*gen = atomic64_read(&svm->cow_gen);
	if (range->cow_checked == *gen)
		return 0;

	pfns = kvcalloc(drm_gpusvm_range_size(&range->base) >> PAGE_SHIFT, sizeof(*pfns),
			GFP_KERNEL);
	if (!pfns)
		return -ENOMEM;
	do {
		err = unshare(svm, range, owner, pfns);
	} while (err == -EAGAIN && --tries);
	kvfree(pfns);
	return err;
}
