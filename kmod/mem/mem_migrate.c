// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: An interval to VRAM
 *
 * Wraps the helpers' drm_pagemap_migrate_to_devmem(), which moves one piece
 * whole or says -EBUSY, into what the KFD ABI means by migration: as much as
 * can be moved. An interval is cut into naturally aligned pieces of at most
 * 2 MiB, VMA by VMA. Before each, a look at the page tables: a piece that is
 * there already costs nothing. After -EBUSY another look, because the helpers
 * say -EBUSY also when everything did move (a 2 MiB hole). Then, once, what is
 * swapped or in another GPU's VRAM is brought to RAM; then the piece is tried
 * in 64 KiB and 4 KiB parts, so that one pinned page keeps only itself back.
 *
 * Device-coherent pages are kept from the helpers, which would map them for DMA as
 * if they were RAM: a piece that has some is done in parts, and those of another
 * GPU come to RAM first.
 *
 * VMAs that never migrate (files, shared memory, VM_SPECIAL, userfaultfd, memory
 * that ksmd may merge: it would read merged pages in VRAM by the direct map) are
 * not tried; their pages are mapped in place.
 *
 * mmap_lock is held for read per piece and dropped between pieces, so that the
 * process gets to change its mappings. Called by svm/, which may hold its lock.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/userfaultfd_k.h>

#include "core/trace.h"
#include "mem/mem_int.h"
#include "mem/mem_piece.h"

#define ROOM_TRIES 8

struct to_vram {
	struct vkfd_device *dev;
	struct mm_struct *mm;
	struct vm_area_struct *vma;
	enum vkfd_migrate_trigger trigger;
	struct vkfd_migrate_result *result;
	struct vkfd_migrate_news news;
	unsigned long *pfns;
};

static bool vma_migrates(struct vm_area_struct *vma)
{
	return vma_is_anonymous(vma) && !(vma->vm_flags & (VM_SPECIAL | VM_MERGEABLE)) &&
	       !userfaultfd_armed(vma);
}

static int look(struct to_vram *job, u64 va, u64 bytes, struct vkfd_scan *scan)
{
	return vkfd_scan(job->dev, job->mm, va, va + bytes, job->pfns, scan);
}

/* -EBUSY with everything in place is success; what a CPU takes back later, too. */
static int populate(struct to_vram *job, u64 va, u64 bytes, struct vkfd_scan *scan)
{
	int err = vkfd_populate(job->dev, job->mm, va, va + bytes, 0);

	if (!err) {
		*scan = (struct vkfd_scan){ .own = bytes >> PAGE_SHIFT };
		return 0;
	}
	if (look(job, va, bytes, scan))
		return err;
	return err == -EBUSY && scan->own == bytes >> PAGE_SHIFT ? 0 : err;
}

/*
 * Swapped pages, and those of GPUs that the helpers cannot copy from, come to
 * RAM. A page that was only locked by a CPU's fault is free a moment later, and
 * trying again costs less than parts would.
 */
static int populate_again(struct to_vram *job, u64 va, u64 bytes, struct vkfd_scan *scan)
{
	if (scan->absent) {
		vkfd_ram_others(job->vma, va, va + bytes, job->dev, job->trigger);
		vkfd_bring_in(job->dev, job->mm, va, va + bytes, job->pfns);
	}
	cond_resched();
	return populate(job, va, bytes, scan);
}

static void account(struct to_vram *job, u64 before, u64 after, u64 pages)
{
	u64 moved = after > before ? after - before : 0;

	job->result->moved += moved;
	job->result->already += after - moved;
	job->result->stayed += pages - after;
	atomic64_add(moved, &job->dev->mem->page_in);
}

static bool worth_splitting(struct to_vram *job, int err)
{
	/* Room that is about to come is better than small pieces. */
	if (err == -ENOSPC && atomic_read(&job->dev->mem->rescues))
		return false;
	return err == -EBUSY || err == -ENOSPC || err == -ENOMEM;
}

/* All of it at once. @scan: what a look at it has just found, and then what is there. */
static int move_whole(struct to_vram *job, u64 va, u64 bytes, struct vkfd_scan *scan)
{
	int err;

	if (vkfd_device_is_coherent(job->dev)) {
		if (scan->own)
			return -EBUSY;
		if (scan->absent)
			vkfd_ram_others(job->vma, va, va + bytes, job->dev, job->trigger);
	}
	err = populate(job, va, bytes, scan);
	if (err == -EBUSY && vkfd_piece_smaller(bytes))
		err = populate_again(job, va, bytes, scan);
	return err;
}

/* @before: what a look at it has just found. */
static int move_part(struct to_vram *job, u64 va, u64 bytes, const struct vkfd_scan *before)
{
	u64 smaller = vkfd_piece_smaller(bytes), pages = bytes >> PAGE_SHIFT, at;
	struct vkfd_scan after = *before, part;
	int err = 0;

	if (before->own < pages)
		err = move_whole(job, va, bytes, &after);
	if (!worth_splitting(job, err) || !smaller) {
		account(job, before->own, after.own, pages);
		return err == -EBUSY ? 0 : err;
	}
	for (at = va, err = 0; at < va + bytes && !err; at += smaller) {
		err = look(job, at, smaller, &part);
		if (!err)
			err = move_part(job, at, smaller, &part);
		else if (err == -EBUSY)
			err = 0;
	}
	return err;
}

/* From here to the end of the VMA is one migration, if it is not told yet. */
static void tell(struct to_vram *job, u64 va, u64 end)
{
	if (!job->news.told)
		job->news = (struct vkfd_migrate_news){
			.mm = job->mm,
			.start = va,
			.end = min_t(u64, end, job->vma->vm_end),
			.to = job->dev->gpu_id,
			.trigger = job->trigger,
		};
	vkfd_news_begin(&job->news);
}

/* One aligned piece of one VMA, on the way to @end. */
static int move_piece(struct to_vram *job, u64 va, u64 bytes, u64 end)
{
	u64 moved = job->result->moved;
	struct vkfd_scan scan;
	int err;

	err = look(job, va, bytes, &scan);
	if (!err && scan.own == bytes >> PAGE_SHIFT) {
		job->result->already += scan.own;
		return 0;
	}
	tell(job, va, end);
	trace_vkfd_migrate_begin(va, bytes, 0, job->dev->gpu_id, job->trigger);
	if (!err)
		err = move_part(job, va, bytes, &scan);
	else if (err == -EBUSY)
		err = 0;
	if (vkfd_device_is_lost(job->dev))
		err = -ENODEV;
	vkfd_migrate_done(job->mm, va, va + bytes, 0, job->dev->gpu_id, job->trigger,
			  job->result->moved - moved, err);
	return err;
}

/* One piece, or one stretch that does not migrate; advances @pos when done with it. */
static int step(struct to_vram *job, u64 *pos, u64 end)
{
	struct vm_area_struct *vma;
	u64 next;
	int err = 0;

	if (mmap_read_lock_killable(job->mm))
		return -EINTR;
	vma = find_vma_intersection(job->mm, *pos, end);
	if (!vma || vma->vm_start > *pos) {
		next = vma ? vma->vm_start : end;
		job->result->stayed += (next - *pos) >> PAGE_SHIFT;
	} else if (!vma_migrates(vma)) {
		next = min_t(u64, vma->vm_end, end);
		job->result->stayed += (next - *pos) >> PAGE_SHIFT;
	} else {
		next = *pos + vkfd_pagemap_piece(job->dev, *pos, min_t(u64, vma->vm_end, end));
		job->vma = vma;
		err = move_piece(job, *pos, next - *pos, end);
	}
	mmap_read_unlock(job->mm);
	cond_resched();
	if (err)
		return err;
	*pos = next;
	if (next >= job->news.end)
		vkfd_news_end(&job->news, 0);
	return 0;
}

/* VRAM that eviction could not free at once may be free after its rescue work. */
static int step_patiently(struct to_vram *job, u64 *pos, u64 end)
{
	struct vkfd_migrate_result before = *job->result;
	unsigned int tries = ROOM_TRIES;
	s64 failures;
	int err;

	do {
		*job->result = before;
		failures = atomic64_read(&job->dev->mem->eviction_failures);
		err = step(job, pos, end);
		if (err != -ENOSPC ||
		    failures == atomic64_read(&job->dev->mem->eviction_failures))
			return err;
		flush_workqueue(job->dev->mem->wq);
	} while (--tries);
	return err;
}

int vkfd_migrate_to_vram(struct vkfd_device *dev, struct mm_struct *mm, u64 start, u64 end,
			 enum vkfd_migrate_trigger trigger, struct vkfd_migrate_result *result)
{
	struct to_vram job = { .dev = dev, .mm = mm, .trigger = trigger, .result = result };
	int err = 0;

	*result = (struct vkfd_migrate_result){};
	if (!PAGE_ALIGNED(start | end) || start >= end)
		return -EINVAL;
	if (vkfd_device_is_lost(dev))
		return -ENODEV;
	if (!READ_ONCE(dev->pagemap)) {
		result->stayed = (end - start) >> PAGE_SHIFT;
		return 0;
	}
	if (!mmget_not_zero(mm))
		return -ESRCH;
	job.pfns = vkfd_scan_pfns(start, end);
	if (!job.pfns)
		err = -ENOMEM;
	while (start < end && !err) {
		err = fatal_signal_pending(current) ? -EINTR : 0;
		if (!err)
			err = step_patiently(&job, &start, end);
	}
	vkfd_news_end(&job.news, err);
	kvfree(job.pfns);
	mmput_async(mm);
	return err;
}
