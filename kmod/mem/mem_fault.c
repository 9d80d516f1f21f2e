// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: CPU touches a page in VRAM
 *
 * Stands between core mm and the helpers' fault handler, to say what happened:
 * begin and end events with trigger "CPU fault", the page_out counter, and the
 * news for the process. Core mm calls it with the page locked and a reference,
 * under mmap_lock; the helpers move the whole buffer the page lies in and call
 * back mem_copy.c in this task, which counts.
 *
 * A 2 MiB page that a fork shares, or left to a child that does not use GPUs,
 * must be split before it moves (mem_split.c), which our reference and lock
 * forbid: a worker does it, and the CPU faults again.
 *
 * Refuses, with SIGBUS: a page whose VRAM cannot be read any more. It stays
 * where it is until the process or the device goes. While a GPU is being brought
 * back nobody knows yet: the CPU faults again and again until it is decided.
 */
#include <linux/memremap.h>
#include <linux/migrate.h>
#include <linux/mm.h>

#include "core/trace.h"
#include "mem/mem_int.h"

struct fault_window {
	u64 start, end;
};

static struct fault_window window_of(struct vm_fault *vmf, u64 bytes)
{
	u64 start = ALIGN_DOWN((u64)vmf->address, bytes);

	return (struct fault_window){
		.start = max_t(u64, start, vmf->vma->vm_start),
		.end = min_t(u64, start + bytes, vmf->vma->vm_end),
	};
}

/*
 * A 2 MiB folio that is mapped page by page (part of it was unmapped) is split
 * while pages are collected. 7.3.4 then still takes the folio's head for the
 * faulting page, which it has locked, and migrates the head unlocked. Splitting
 * before, with a window of the faulting page alone, keeps the head out of it:
 * nothing is collected, because we hold the lock of that page.
 */
static void split_before(struct vm_fault *vmf)
{
	struct folio *folio = page_folio(vmf->page);
	unsigned long addr = vmf->address & PAGE_MASK, src = 0, dst = 0;
	struct migrate_vma split = {
		.vma = vmf->vma,
		.start = addr,
		.end = addr + PAGE_SIZE,
		.src = &src,
		.dst = &dst,
		.pgmap_owner = page_pgmap(vmf->page)->owner,
		.flags = MIGRATE_VMA_SELECT_DEVICE_PRIVATE,
		.fault_page = vmf->page,
	};

	/* Mapped whole: no PTE, and the head is the faulting page. */
	if (!folio_test_large(folio) || !vmf->pte || vmf->page == folio_page(folio, 0))
		return;
	if (!migrate_vma_setup(&split))
		migrate_vma_finalize(&split);
}

static vm_fault_t migrate(struct vm_fault *vmf)
{
	const struct dev_pagemap_ops *helpers = drm_pagemap_pagemap_ops_get();
	struct vkfd_whole_move whole;
	vm_fault_t ret;

	if (vmf->pte || !folio_test_large(page_folio(vmf->page)))
		return helpers->migrate_to_ram(vmf);
	vkfd_whole_begin(&whole, vmf->vma->vm_mm, ALIGN_DOWN((u64)vmf->address, SZ_2M));
	ret = helpers->migrate_to_ram(vmf);
	vkfd_whole_end(&whole);
	return ret;
}

/* Could somebody drop a page of 2 MiB while it moves as one? */
static bool must_split(struct vm_fault *vmf)
{
	return !vmf->pte && folio_test_large(page_folio(vmf->page)) &&
	       (vkfd_page_is_shared(vmf->page) || !vkfd_whole_is_guarded(vmf->vma->vm_mm));
}

vm_fault_t vkfd_cpu_fault(struct vm_fault *vmf)
{
	struct vkfd_device *dev = vkfd_page_pagemap(vmf->page)->dev;
	struct vkfd_svm_bo *bo = vkfd_pagemap_bo(vmf->page);
	struct mm_struct *mm = vmf->vma->vm_mm;
	struct vkfd_migrate_news news;
	u32 resets = READ_ONCE(dev->resets);
	struct vkfd_copy_note note;
	struct fault_window w;
	vm_fault_t ret;
	int err;

	if (WARN_ON_ONCE(!bo))
		return VM_FAULT_SIGBUS;
	if (!vkfd_svm_bo_readable(bo))
		return vkfd_svm_bo_may_return(bo) ? 0 : VM_FAULT_SIGBUS;
	if (must_split(vmf) && vkfd_split_soon(dev, mm, vmf->address & PAGE_MASK))
		return 0;
	w = window_of(vmf, bo->devmem.size);
	news = (struct vkfd_migrate_news){
		.mm = mm,
		.start = w.start,
		.end = w.end,
		.from = dev->gpu_id,
		.trigger = VKFD_MIGRATE_CPU_FAULT,
	};
	vkfd_news_begin(&news);
	trace_vkfd_migrate_begin(w.start, w.end - w.start, dev->gpu_id, 0,
				 VKFD_MIGRATE_CPU_FAULT);
	vkfd_copy_note_begin(&note);
	split_before(vmf);
	/* @bo may be gone from here on: its last page may have left. */
	ret = migrate(vmf);
	vkfd_copy_note_end(&note);

	err = ret & VM_FAULT_ERROR ? -EFAULT : 0;
	if (!err)
		atomic64_add(note.pages, &dev->mem->page_out);
	vkfd_migrate_done(mm, w.start, w.end, dev->gpu_id, 0, VKFD_MIGRATE_CPU_FAULT,
			  err ? 0 : note.pages, err);
	vkfd_news_end(&news, err);
	/* A reset fell into the copy: the page is where it was, and is looked at again. */
	if (err && READ_ONCE(dev->resets) != resets && vkfd_device_wait_recovered(dev))
		return 0;
	return ret;
}
