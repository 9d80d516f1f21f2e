// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: Our own way to RAM
 *
 * Moves device pages of one GPU to RAM, at most 2 MiB at a time, found
 * by address in a VMA, by SVM buffer, or by page number. Used where the
 * helpers' ways are too coarse: an interval of which only some pages are in
 * VRAM, a buffer whose process is dead, everything at removal.
 *
 * Steps, as for any migration: collect and lock the pages (core mm), allocate
 * destinations, copy, switch, finalize. Pages that core mm did not give, or
 * that find no destination, stay; that is not an error. A 2 MiB page without a
 * 2 MiB destination is split when a VMA is known, and stays otherwise.
 *
 * Like the helpers, a page that has moved is marked in its folio, so that one
 * with lingering references is not copied twice. Pages whose VRAM cannot be
 * read any more (lost device or content) stay, unless the caller says that
 * they must go: then they become zeroes.
 *
 * Locks: mmap_lock (read) for the VMA form; may be below dma_resv.
 */
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "core/failpoint.h"
#include "core/stall.h"
#include "engine/eng_sdma.h"
#include "mem/mem_int.h"
#include "mem/mem_pagemap.h"
#include "mem/mem_runs.h"

struct vkfd_ram_move {
	struct vkfd_device *dev;
	struct vm_area_struct *vma;	/* NULL: by page number */
	u64 start;			/* address of entry 0, with @vma */
	unsigned long npages;
	bool starved;			/* some page found no memory */
	bool force;			/* unreadable pages move too, as zeroes */
	struct mm_struct *told;		/* whose loss was told last; a number, not a reference */
	bool readable;			/* the answer for the page asked about last, */
	unsigned long asked;		/* and for all with this zone_device_data */
	unsigned long src[VKFD_PIECE_PAGES];
	unsigned long dst[VKFD_PIECE_PAGES];
	dma_addr_t dma[VKFD_PIECE_PAGES];
	struct vkfd_copy_run run[VKFD_PIECE_PAGES];
};

struct vkfd_ram_move *vkfd_ram_begin(struct vkfd_device *dev, bool force)
{
	struct vkfd_ram_move *move = kvzalloc_obj(*move);

	if (!move)
		return NULL;
	move->dev = dev;
	move->force = force;
	return move;
}

void vkfd_ram_end(struct vkfd_ram_move *move)
{
	kvfree(move);
}

static bool page_retired(struct page *page)
{
	return (unsigned long)folio_zone_device_data(page_folio(page)) &
	       DRM_PAGEMAP_ZDD_FLAG_MIGRATED;
}

/* Before each round of page_readable(). */
static void forget_answer(struct vkfd_ram_move *move)
{
	move->asked = ~0ul;
}

/* Pages that came to VRAM together are in one buffer, so one answer is for all in a row. */
static bool page_readable(struct vkfd_ram_move *move, const struct page *page)
{
	unsigned long together = (unsigned long)folio_zone_device_data(page_folio(page)) &
				 ~(unsigned long)DRM_PAGEMAP_ZDD_FLAG_MIGRATED;
	struct vkfd_svm_bo *bo;

	if (together != move->asked) {
		bo = vkfd_pagemap_bo(page);
		move->asked = together;
		move->readable = bo && vkfd_svm_bo_readable(bo);
	}
	return move->readable;
}

static void page_retire(struct page *page)
{
	struct folio *folio = page_folio(page);
	unsigned long data = (unsigned long)folio_zone_device_data(folio);

	folio_set_zone_device_data(folio, (void *)(data | DRM_PAGEMAP_ZDD_FLAG_MIGRATED));
}

/* Page of entry @i if it takes part. */
static struct page *source(const struct vkfd_ram_move *move, unsigned long i)
{
	if (!(move->src[i] & MIGRATE_PFN_MIGRATE))
		return NULL;
	return migrate_pfn_to_page(move->src[i]);
}

/* Device page behind entry @i; in a folio that is being split only the head has an entry. */
static struct page *source_page(const struct vkfd_ram_move *move, unsigned long i)
{
	unsigned long head = i;

	while (!migrate_pfn_to_page(move->src[head]))
		head--;
	return migrate_pfn_to_page(move->src[head]) + (i - head);
}

static unsigned long dst_pages(const struct vkfd_ram_move *move, unsigned long i)
{
	return folio_nr_pages(page_folio(migrate_pfn_to_page(move->dst[i])));
}

static bool dst_alloc_one(struct vkfd_ram_move *move, unsigned long i, unsigned int order)
{
	gfp_t gfp = order ? GFP_TRANSHUGE | __GFP_NOWARN :
			    GFP_HIGHUSER_MOVABLE | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
	struct folio *folio;

	if (move->vma)
		folio = vma_alloc_folio(gfp, order, move->vma, move->start + (i << PAGE_SHIFT));
	else
		folio = folio_alloc(gfp, order);
	if (!folio)
		return false;
	folio_lock(folio);
	/* No CPU wrote what a GPU wrote in VRAM; reclaim must not take it for clean. */
	folio_mark_dirty(folio);
	move->dst[i] = migrate_pfn(folio_pfn(folio)) | (order ? MIGRATE_PFN_COMPOUND : 0);
	return true;
}

static void dst_drop(struct vkfd_ram_move *move, unsigned long first, unsigned long end)
{
	unsigned long i;

	for (i = first; i < end; i++) {
		struct page *page = migrate_pfn_to_page(move->dst[i]);

		if (!page)
			continue;
		folio_unlock(page_folio(page));
		folio_put(page_folio(page));
		move->dst[i] = 0;
	}
}

/* One source folio at entry @i: as a whole, else in 4 KiB pages, else not at all. */
static void dst_alloc(struct vkfd_ram_move *move, unsigned long i, unsigned int order)
{
	unsigned long j, nr = 1ul << order;

	if (dst_alloc_one(move, i, order))
		return;
	move->starved = true;
	if (!order || !move->vma)
		return;
	for (j = 0; j < nr; j++) {
		if (!dst_alloc_one(move, i + j, 0)) {
			dst_drop(move, i, i + j);
			return;
		}
	}
	move->starved = false;
}

static void alloc_destinations(struct vkfd_ram_move *move)
{
	unsigned long i, nr;

	memset(move->dst, 0, sizeof(move->dst));
	forget_answer(move);
	for (i = 0; i < move->npages; i += nr) {
		struct page *page = source(move, i);

		nr = 1;
		if (!page)
			continue;
		nr = folio_nr_pages(page_folio(page));
		if (page_retired(page) || (!move->force && !page_readable(move, page))) {
			move->src[i] &= ~MIGRATE_PFN_MIGRATE;
			continue;
		}
		dst_alloc(move, i, folio_order(page_folio(page)));
	}
}

/*
 * What becomes zeroes was something else to those who had it there, so they must
 * not go on as if nothing had been. The process whose pages they were gets SIGBUS;
 * for children that it forked see mem_loss.c.
 */
static void tell_of_loss(struct vkfd_ram_move *move, const struct page *page)
{
	struct vkfd_svm_bo *bo = vkfd_pagemap_bo(page);
	struct mm_struct *mm = move->vma ? move->vma->vm_mm : bo ? bo->devmem.mm : NULL;
	struct task_struct *owner;
	struct pid *pid = NULL;

	if (!mm || mm == move->told)
		return;
	move->told = mm;
	rcu_read_lock();
	owner = rcu_dereference(mm->owner);
	if (owner)
		pid = get_pid(task_tgid(owner));
	rcu_read_unlock();
	if (pid)
		kill_pid(pid, SIGBUS, 1);
	put_pid(pid);
}

static void zero_destination(struct vkfd_ram_move *move, unsigned long i)
{
	tell_of_loss(move, source_page(move, i));
	folio_zero_range(page_folio(migrate_pfn_to_page(move->dst[i])), 0,
			 dst_pages(move, i) << PAGE_SHIFT);
}

static void zero_destinations(struct vkfd_ram_move *move)
{
	unsigned long i;

	for (i = 0; i < move->npages; i++)
		if (move->dst[i])
			zero_destination(move, i);
}

static void dma_unmap_all(struct vkfd_ram_move *move)
{
	unsigned long i;

	for (i = 0; i < move->npages; i++) {
		if (!move->dma[i])
			continue;
		dma_unmap_page(move->dev->drm.dev, move->dma[i],
			       dst_pages(move, i) << PAGE_SHIFT, DMA_FROM_DEVICE);
		move->dma[i] = 0;
	}
}

static int dma_map_all(struct vkfd_ram_move *move, struct vkfd_runs *runs)
{
	struct device *dma_dev = move->dev->drm.dev;
	unsigned long i, nr;

	memset(move->dma, 0, sizeof(move->dma));
	forget_answer(move);
	for (i = 0; i < move->npages; i += nr) {
		nr = 1;
		if (!move->dst[i])
			continue;
		nr = dst_pages(move, i);
		if (!page_readable(move, source_page(move, i))) {
			zero_destination(move, i);
			continue;
		}
		move->dma[i] = dma_map_page(dma_dev, migrate_pfn_to_page(move->dst[i]), 0,
					    nr << PAGE_SHIFT, DMA_FROM_DEVICE);
		if (dma_mapping_error(dma_dev, move->dma[i])) {
			move->dma[i] = 0;
			return -EIO;
		}
		/* As if it failed after the one before: with something to undo. */
		if (vkfd_failpoint(move->dev, VKFD_FAIL_dma_map))
			return -EIO;
		vkfd_runs_add(runs, vkfd_page_hive(source_page(move, i)), move->dma[i], nr);
	}
	return 0;
}

static int copy_pages(struct vkfd_ram_move *move)
{
	struct vkfd_runs runs = { .run = move->run, .room = VKFD_PIECE_PAGES };
	int err;

	err = dma_map_all(move, &runs);
	if (!err && runs.nr)
		err = vkfd_sdma_wait(move->dev,
				     vkfd_sdma_copy_pages(move->dev, VKFD_COPY_TO_RAM,
							  move->run, runs.nr));
	dma_unmap_all(move);
	return err;
}

/* Where the CPU reaches VRAM, no engine is needed: it may be the reason for the move. */
static void copy_by_cpu(struct vkfd_ram_move *move)
{
	unsigned long i, j;

	forget_answer(move);
	for (i = 0; i < move->npages; i++) {
		struct page *src = move->dst[i] ? source_page(move, i) : NULL;

		if (!src || !page_readable(move, src))
			continue;
		for (j = 0; j < dst_pages(move, i); j++)
			copy_highpage(migrate_pfn_to_page(move->dst[i]) + j, src + j);
	}
}

static int fill_destinations(struct vkfd_ram_move *move)
{
	int err = copy_pages(move);

	if (err && vkfd_device_is_coherent(move->dev)) {
		copy_by_cpu(move);
		return 0;
	}
	if (!err || !move->force || !vkfd_device_is_lost(move->dev))
		return err;
	zero_destinations(move);
	return 0;
}

/* After the switch: counts and marks the pages that moved. */
static u64 retire_moved(struct vkfd_ram_move *move)
{
	unsigned long i, nr;
	u64 moved = 0;

	for (i = 0; i < move->npages; i += nr) {
		struct page *page = source(move, i);

		nr = 1;
		if (!page)
			continue;
		nr = folio_nr_pages(page_folio(page));
		if (!move->dst[i] || !is_zone_device_page(page))
			continue;
		page_retire(page);
		moved += nr;
	}
	return moved;
}

/* Everything between collecting and finalizing; @pages is the switch. */
static int ram_fill(struct vkfd_ram_move *move)
{
	int err;

	move->starved = false;
	alloc_destinations(move);
	vkfd_stall(move->dev, VKFD_STALL_COPY);
	err = fill_destinations(move);
	if (err)
		dst_drop(move, 0, move->npages);
	return err;
}

static long ram_result(struct vkfd_ram_move *move, u64 moved, int err)
{
	atomic64_add(moved, &move->dev->mem->page_out);
	if (moved)
		return moved;
	if (err)
		return err;
	return move->starved ? -ENOMEM : 0;
}

/* @args is collected, filled and switched. */
static long ram_migrate(struct vkfd_ram_move *move, struct migrate_vma *args)
{
	u64 moved;
	int err = migrate_vma_setup(args);

	if (err || !args->cpages)
		return err;
	move->vma = args->vma;
	move->start = args->start;
	move->npages = args->npages;
	err = ram_fill(move);
	migrate_vma_pages(args);
	moved = retire_moved(move);
	migrate_vma_finalize(args);
	return ram_result(move, moved, err);
}

long vkfd_ram_vma(struct vkfd_ram_move *move, struct vm_area_struct *vma, u64 start, u64 end,
		  bool whole)
{
	struct migrate_vma args = {
		.vma = vma,
		.src = move->src,
		.dst = move->dst,
		.start = start,
		.end = end,
		.pgmap_owner = vkfd_pagemap_owner(move->dev),
		.flags = vkfd_pagemap_select(move->dev),
	};
	struct vkfd_whole_move guard;
	long ret;

	/* Else core mm splits a 2 MiB page while it collects: see mem_split.c. */
	whole = whole && !move->force;
	if (whole)
		args.flags |= MIGRATE_VMA_SELECT_COMPOUND;

	mmap_assert_locked(vma->vm_mm);
	memset(move->dst, 0, sizeof(move->dst));
	ret = vkfd_failpoint(move->dev, VKFD_FAIL_to_ram);
	if (ret)
		return ret;
	if (!whole || end - start < SZ_2M)
		return ram_migrate(move, &args);
	vkfd_whole_begin(&guard, vma->vm_mm, start);
	ret = ram_migrate(move, &args);
	vkfd_whole_end(&guard);
	return ret;
}

static long ram_by_number(struct vkfd_ram_move *move, unsigned long npages)
{
	u64 moved;
	int err;

	move->vma = NULL;
	move->npages = npages;
	err = ram_fill(move);
	migrate_device_pages(move->src, move->dst, npages);
	moved = retire_moved(move);
	migrate_device_finalize(move->src, move->dst, npages);
	return ram_result(move, moved, err);
}

long vkfd_ram_pfns(struct vkfd_ram_move *move, struct vkfd_svm_bo *bo)
{
	unsigned long npages = bo->devmem.size >> PAGE_SHIFT;
	int err;

	err = bo->devmem.ops->populate_devmem_pfn(&bo->devmem, npages, move->src);
	if (err)
		return err;
	err = migrate_device_pfns(move->src, npages);
	if (err)
		return err;
	return ram_by_number(move, npages);
}
