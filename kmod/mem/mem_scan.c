// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: Where pages are
 *
 * Looks at the CPU page tables of at most 2 MiB and says how many pages are
 * in a GPU's VRAM, in RAM, or not to be seen (never touched, swapped, in
 * another owner's VRAM). A snapshot, used to decide whether a migration is
 * needed and what it achieved; nobody depends on it being true a moment later.
 *
 * Called by the migration code with mmap_lock held for read. hmm_range_fault()
 * wants a notifier to notice changes by; a hint does not mind them, so it gets
 * one that is never registered and never changes.
 */
#include <linux/hmm.h>
#include <linux/mmu_notifier.h>

#include "mem/mem_int.h"
#include "mem/mem_pagemap.h"

static int scan_walk(struct vkfd_device *dev, u64 start, u64 end, unsigned long *pfns,
		     struct mm_struct *mm, unsigned long flags)
{
	struct mmu_interval_notifier notifier = { .mm = mm };
	struct hmm_range range = {
		.notifier = &notifier,
		.start = start,
		.end = end,
		.hmm_pfns = pfns,
		.default_flags = flags,
		.dev_private_owner = vkfd_pagemap_owner(dev),
	};

	mmap_assert_locked(mm);
	memset(pfns, 0, ((end - start) >> PAGE_SHIFT) * sizeof(*pfns));
	return hmm_range_fault(&range);
}

static bool owns_pfn(struct vkfd_device *dev, unsigned long pfn)
{
	const struct range *range = &dev->pagemap->pgmap.range;

	return pfn >= PHYS_PFN(range->start) && pfn <= PHYS_PFN(range->end);
}

/* The page is not held, so only its number and its zone may be looked at. */
static void scan_page(struct vkfd_device *dev, unsigned long entry, struct vkfd_scan *scan)
{
	struct page *page;

	if (!(entry & HMM_PFN_VALID)) {
		scan->absent++;
		return;
	}
	page = hmm_pfn_to_page(entry);
	if (!is_zone_device_page(page))
		scan->system++;
	else if (owns_pfn(dev, page_to_pfn(page)))
		scan->own++;
	else
		scan->absent++;
}

int vkfd_scan(struct vkfd_device *dev, struct mm_struct *mm, u64 start, u64 end,
	      unsigned long *pfns, struct vkfd_scan *scan)
{
	unsigned long i, npages = (end - start) >> PAGE_SHIFT;
	int err;

	*scan = (struct vkfd_scan){};
	err = scan_walk(dev, start, end, pfns, mm, 0);
	if (err)
		return err;
	for (i = 0; i < npages; i++)
		scan_page(dev, pfns[i], scan);
	return 0;
}

unsigned long *vkfd_scan_pfns(u64 start, u64 end)
{
	u64 pages = min_t(u64, (end - start) >> PAGE_SHIFT, VKFD_PIECE_PAGES);

	return kvmalloc_array(pages, sizeof(unsigned long), GFP_KERNEL);
}

int vkfd_bring_in(struct vkfd_device *dev, struct mm_struct *mm, u64 start, u64 end,
		  unsigned long *pfns)
{
	return scan_walk(dev, start, end, pfns, mm, HMM_PFN_REQ_FAULT);
}
