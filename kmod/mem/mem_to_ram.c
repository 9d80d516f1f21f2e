// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: An interval to RAM
 *
 * Walks an interval of a process in windows of 2 MiB and moves what GPUs hold
 * of it to RAM, GPU by GPU. Only windows in which a look at the page tables
 * shows pages of that GPU are collected, so holes stay holes and the notifier
 * runs once per window that has something to move. Pages that cannot move now
 * stay valid in VRAM.
 *
 * Called with no lock of mm/ held (vkfd_migrate_to_ram()), or with mmap_lock
 * for one VMA (vkfd_ram_others(), before pages go on to another GPU).
 */
#include <linux/hmm.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <drm/drm_drv.h>

#include "core/trace.h"
#include "mem/mem_int.h"
#include "mem/mem_pagemap.h"

struct to_ram {
	struct vm_area_struct *vma;
	u64 start, end;
	u64 told_end;			/* of what is told as one migration */
	enum vkfd_migrate_trigger trigger;
	struct vkfd_device *keep;
	struct vkfd_migrate_result *result;
	struct vkfd_migrate_news news[VKFD_MAX_GPUS];	/* by hive node */
	unsigned long *pfns;
};

/* From here to the end of what was asked for, in this VMA, is one migration of the GPU. */
static void tell(struct to_ram *job, struct vkfd_device *dev, u64 start)
{
	struct vkfd_migrate_news *news = &job->news[dev->hw.node];

	if (!news->told)
		*news = (struct vkfd_migrate_news){
			.mm = job->vma->vm_mm,
			.start = start,
			.end = job->told_end,
			.from = dev->gpu_id,
			.trigger = job->trigger,
		};
	vkfd_news_begin(news);
}

static void tell_end(struct to_ram *job, int err)
{
	unsigned int node;

	for (node = 0; node < VKFD_MAX_GPUS; node++)
		vkfd_news_end(&job->news[node], err);
}

/* No fork of this address space since the look: its lock is held. */
static bool is_shared(const struct to_ram *job)
{
	return (job->pfns[0] & HMM_PFN_VALID) &&
	       vkfd_page_is_shared(hmm_pfn_to_page(job->pfns[0]));
}

/* @move: made when the first page is found; most looks find none. */
static int window_move(struct to_ram *job, struct vkfd_device *dev, struct vkfd_ram_move **move,
		       bool force, u64 start, u64 end)
{
	struct mm_struct *mm = job->vma->vm_mm;
	struct vkfd_scan scan;
	long moved;
	int err;

	err = vkfd_scan(dev, mm, start, end, job->pfns, &scan);
	if (err || !scan.own)
		return 0;
	if (!*move)
		*move = vkfd_ram_begin(dev, force);
	if (!*move)
		return -ENOMEM;
	tell(job, dev, start);
	trace_vkfd_migrate_begin(start, end - start, dev->gpu_id, 0, job->trigger);
	moved = vkfd_ram_vma(*move, job->vma, start, end, !is_shared(job));
	err = moved < 0 ? moved : 0;
	moved = max(moved, 0L);
	vkfd_migrate_done(mm, start, end, dev->gpu_id, 0, job->trigger, moved, err);
	job->result->moved += moved;
	job->result->stayed += scan.own - min_t(u64, moved, scan.own);
	return err;
}

static int windows_move(struct to_ram *job, struct vkfd_device *dev, bool force)
{
	struct vkfd_ram_move *move = NULL;
	u64 start, end;
	int err = 0;

	for (start = job->start; start < job->end && !err; start = end) {
		end = min(job->end, round_down(start + SZ_2M, SZ_2M));
		err = window_move(job, dev, &move, force, start, end);
	}
	if (move)
		vkfd_ram_end(move);
	return err;
}

static int gpu_move(struct vkfd_device *dev, void *arg)
{
	struct to_ram *job = arg;
	int idx, err;

	if (dev == job->keep || !dev->pagemap || !atomic64_read(&dev->mem->svm_bos))
		return 0;
	/* After unplug only removal itself moves pages. */
	if (!drm_dev_enter(&dev->drm, &idx))
		return 0;
	err = windows_move(job, dev, false);
	drm_dev_exit(idx);
	return err;
}

/* All GPUs, of [start, end) of one VMA. */
static int vma_move(struct to_ram *job)
{
	u64 before = job->result->moved + job->result->stayed;
	u64 pages = (job->end - job->start) >> PAGE_SHIFT;
	int err;

	mmap_assert_locked(job->vma->vm_mm);
	err = vkfd_device_for_each(gpu_move, job);
	before = job->result->moved + job->result->stayed - before;
	job->result->already += pages - min(before, pages);
	/* Memory that ran out is told; a page that was busy is not an error. */
	return err == -ENOMEM || err == -ENODEV || err == -EIO ? err : 0;
}

int vkfd_ram_others(struct vm_area_struct *vma, u64 start, u64 end, struct vkfd_device *keep,
		    enum vkfd_migrate_trigger trigger)
{
	struct vkfd_migrate_result result = {};
	struct to_ram job = {
		.vma = vma,
		.start = start,
		.end = end,
		.told_end = end,
		.trigger = trigger,
		.keep = keep,
		.result = &result,
	};
	int err;

	job.pfns = vkfd_scan_pfns(start, end);
	if (!job.pfns)
		return -ENOMEM;
	err = vma_move(&job);
	tell_end(&job, err);
	kvfree(job.pfns);
	return err;
}

/**
 * vkfd_ram_force() - move one GPU's pages of a piece by address, whatever it takes
 * @dev:   GPU, may be on its way out.
 * @mm:    where the pages may be mapped.
 * @start: of the piece, which is at most 2 MiB; a hint, there may be anything.
 * @end:   of the piece.
 *
 * Context: process context; takes mmap_lock.
 */
void vkfd_ram_force(struct vkfd_device *dev, struct mm_struct *mm, u64 start, u64 end)
{
	struct vkfd_migrate_result result = {};
	struct to_ram job = { .trigger = VKFD_MIGRATE_EVICTION, .result = &result };
	struct vm_area_struct *vma;

	if (!mmget_not_zero(mm))
		return;
	job.pfns = vkfd_scan_pfns(start, end);
	if (!job.pfns)
		goto out;
	mmap_read_lock(mm);
	vma = find_vma_intersection(mm, start, end);
	if (vma && vma_is_anonymous(vma)) {
		job.vma = vma;
		job.start = max_t(u64, start, vma->vm_start);
		job.end = min_t(u64, end, vma->vm_end);
		job.told_end = job.end;
		tell_end(&job, windows_move(&job, dev, true));
	}
	mmap_read_unlock(mm);
	kvfree(job.pfns);
out:
	mmput_async(mm);
}

/* One window of one VMA, or one gap; advances @pos. */
static int range_step(struct to_ram *job, struct mm_struct *mm, u64 *pos, u64 end)
{
	struct vm_area_struct *vma;
	u64 next;
	int err = 0;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	vma = find_vma_intersection(mm, *pos, end);
	if (!vma || vma->vm_start > *pos) {
		next = vma ? vma->vm_start : end;
		job->result->stayed += (next - *pos) >> PAGE_SHIFT;
	} else {
		next = min3(end, (u64)vma->vm_end, round_down(*pos + SZ_2M, SZ_2M));
		job->vma = vma;
		job->start = *pos;
		job->end = next;
		job->told_end = min_t(u64, end, vma->vm_end);
		err = vma_is_anonymous(vma) ? vma_move(job) : 0;
		if (!vma_is_anonymous(vma))
			job->result->already += (next - *pos) >> PAGE_SHIFT;
	}
	mmap_read_unlock(mm);
	*pos = next;
	if (err || next >= job->told_end)
		tell_end(job, err);
	cond_resched();
	return err;
}

int vkfd_migrate_to_ram(struct mm_struct *mm, u64 start, u64 end,
			enum vkfd_migrate_trigger trigger, struct vkfd_migrate_result *result)
{
	struct to_ram job = { .trigger = trigger, .result = result };
	int err = 0;

	*result = (struct vkfd_migrate_result){};
	if (!PAGE_ALIGNED(start | end) || start >= end)
		return -EINVAL;
	if (!mmget_not_zero(mm))
		return -ESRCH;
	job.pfns = vkfd_scan_pfns(start, end);
	if (!job.pfns)
		err = -ENOMEM;
	while (start < end && !err) {
		err = fatal_signal_pending(current) ? -EINTR : 0;
		if (!err)
			err = range_step(&job, mm, &start, end);
	}
	tell_end(&job, err);
	kvfree(job.pfns);
	mmput_async(mm);
	return err;
}
