// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: map: from CPU pages to GPU page table entries
 *
 * Writes the PTEs of SVM memory; nobody else does. Fault service maps one
 * window on one GPU, set and restore map whole attribute pieces on every GPU
 * that must not fault.
 *
 * The order for one range on one GPU: page tables exist (may allocate and
 * evict), sharing by fork is broken, pages are collected and DMA-mapped, a
 * read-only VMA is compared once more, a writable one's pages in RAM are looked up
 * to be marked dirty, and then, under the notifier lock, valid pages become PTEs. Invalidation takes that lock for writing: it either finds the
 * PTEs or makes the pages invalid first, in which case we return -EAGAIN.
 * A read-only VMA is compared once more after collecting: mprotect() sends no
 * notice for page tables that are still empty, and a GPU that meets a stale
 * read-only PTE does not ask again.
 *
 * Locks: &vkfd_svm.lock held throughout; mmap_lock and notifier lock taken
 * inside, never together. Refuses VMAs that cannot be read (nothing is
 * mapped, no error) and device memory.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <drm/drm_pagemap.h>

#include "core/device.h"
#include "core/failpoint.h"
#include "core/stall.h"
#include "core/trace.h"
#include "mem/mem_heat.h"
#include "mem/mem_migrate.h"
#include "mem/mem_pagemap.h"
#include "mmu/mmu_tlb.h"
#include "mmu/mmu_vm.h"
#include "svm_cow.h"
#include "svm_dirty.h"
#include "svm_gc.h"
#include "svm_map.h"
#include "svm_range.h"
#include "svm_restore.h"
#include "svm_turn.h"
#include "svm_types.h"

/* Attempts at one chunk before its mapping is left to somebody else. */
#define MAP_TRIES 16

/** struct map_job - one range on one GPU */
struct map_job {
	struct vkfd_svm *svm;
	struct vkfd_svm_range *range;
	unsigned int slot;
	u64 permissions;
	void *owner;		/* whose device pages may be mapped in place */
	u64 cow_gen;		/* see vkfd_svm_cow_break() */
	u32 protections;	/* of the range, before that look */
	unsigned long *pfns;	/* see svm_dirty.c; or NULL */
	u32 vram_pages;		/* that were mapped */
	bool vram;		/* device pages were collected, to be written */
	bool writable;		/* VMA */
	bool required;
};

/** struct pte_run - entries that one call can write */
struct pte_run {
	u64 va, pte;
	u64 pages;
};

/* Common owner of the device pages that all GPUs of a set reach, or NULL: RAM only. */
static void *common_owner(const struct vkfd_svm *svm, u32 slots)
{
	void *owner = NULL;
	unsigned int slot;

	for_each_slot(slot, slots) {
		if (owner && owner != svm->gpus[slot].owner)
			return NULL;
		owner = svm->gpus[slot].owner;
	}
	return owner;
}

static bool run_flush(struct vkfd_vm *vm, struct pte_run *run)
{
	bool replaced = run->pages && vkfd_vm_map(vm, run->va, run->pages, run->pte);

	run->pages = 0;
	return replaced;
}

/* PTEs of all pages in runs as long as memory is contiguous; true: flush needed. */
static bool write_ptes(struct map_job *job)
{
	const struct drm_gpusvm_pages *pages = &job->range->pages[job->slot];
	struct vkfd_vm *vm = job->svm->gpus[job->slot].vm;
	u64 va = drm_gpusvm_range_start(&job->range->base);
	u64 end = drm_gpusvm_range_end(&job->range->base);
	struct pte_run run = {};
	bool replaced = false;
	unsigned int i;

	for (i = 0; va < end; i++) {
		const struct drm_pagemap_addr *addr = &pages->dma_addr[i];
		u64 pte = vkfd_pagemap_pte(addr) | job->permissions;

		if (!run.pages || pte != run.pte + run.pages * PAGE_SIZE) {
			replaced |= run_flush(vm, &run);
			run.va = va;
			run.pte = pte;
		}
		run.pages += 1u << addr->order;
		va += PAGE_SIZE << addr->order;
		if (addr->proto == DRM_INTERCONNECT_DRIVER)
			job->vram_pages += 1u << addr->order;
	}
	return run_flush(vm, &run) || replaced;
}

/* Called with the notifier lock (read): are these very PTEs there? */
static bool is_committed(const struct map_job *job)
{
	struct vkfd_svm_range *range = job->range;

	return (range->mapped & BIT(job->slot)) &&
	       range->permissions[job->slot] == job->permissions &&
	       drm_gpusvm_pages_valid(&job->svm->gpusvm, &range->pages[job->slot]);
}

static bool already_mapped(const struct map_job *job)
{
	struct vkfd_svm *svm = job->svm;
	bool done;

	drm_gpusvm_notifier_lock(&svm->gpusvm);
	done = is_committed(job);
	if (done && job->required)
		job->range->required |= BIT(job->slot);
	drm_gpusvm_notifier_unlock(&svm->gpusvm);
	return done;
}

/* Pages DMA-mapped with other rights than the VMA has now must not be kept. */
static void discard(const struct map_job *job)
{
	const struct drm_gpusvm_ctx ctx = {};

	if (!(READ_ONCE(job->range->mapped) & BIT(job->slot)))
		drm_gpusvm_unmap_pages(&job->svm->gpusvm, &job->range->pages[job->slot],
				       drm_gpusvm_range_size(&job->range->base) >> PAGE_SHIFT,
				       &ctx);
}

/* Called with the notifier lock (read): valid pages, collected with these rights. */
static bool rights_hold(const struct map_job *job)
{
	u64 dir = job->writable ? DMA_BIDIRECTIONAL : DMA_TO_DEVICE;

	/* A fork or so after svm_cow.c looked: get_pages takes device pages for writable. */
	if (job->vram && ((u64)atomic64_read(&job->svm->cow_gen) != job->cow_gen ||
			  job->range->protections != job->protections))
		return false;
	return job->range->pages[job->slot].dma_addr[0].dir == dir;
}

/*
 * Called with the notifier lock (read). hmm_range_fault() of 7.3.4 takes a 2 MiB
 * device page from its beginning, also for an interval that begins in its
 * middle. Return: the first address of such a page, or 0.
 */
static u64 misplaced_page(const struct map_job *job)
{
	const struct drm_gpusvm_pages *pages = &job->range->pages[job->slot];
	u64 va = drm_gpusvm_range_start(&job->range->base);
	u64 end = drm_gpusvm_range_end(&job->range->base);
	unsigned int i;

	if (end - va >= SZ_2M)
		return 0;
	for (i = 0; va < end; i++) {
		if (vkfd_pagemap_is_large(&pages->dma_addr[i]))
			return va;
		va += PAGE_SIZE << pages->dma_addr[i].order;
	}
	return 0;
}

/* The last step: PTEs, if the pages are still those that were collected. */
static int commit(struct map_job *job)
{
	struct vkfd_svm_range *range = job->range;
	struct vkfd_svm *svm = job->svm;
	u64 start = drm_gpusvm_range_start(&range->base);
	u64 end = drm_gpusvm_range_end(&range->base);
	u32 bit = BIT(job->slot);
	u64 misplaced;
	bool replaced;

	drm_gpusvm_notifier_lock(&svm->gpusvm);
	if (!drm_gpusvm_pages_valid(&svm->gpusvm, &range->pages[job->slot])) {
		drm_gpusvm_notifier_unlock(&svm->gpusvm);
		return -EAGAIN;
	}
	if (!rights_hold(job)) {
		drm_gpusvm_notifier_unlock(&svm->gpusvm);
		discard(job);
		return -EAGAIN;
	}
	misplaced = misplaced_page(job);
	if (misplaced) {
		drm_gpusvm_notifier_unlock(&svm->gpusvm);
		discard(job);
		vkfd_migrate_split(svm->gpus[job->slot].dev, svm->gpusvm.mm, misplaced);
		return -EAGAIN;
	}
	if (job->pfns)
		vkfd_svm_dirty_mark(job->pfns, (end - start) >> PAGE_SHIFT);
	replaced = write_ptes(job);
	range->permissions[job->slot] = job->permissions;
	range->mapped |= bit;
	if (job->writable)
		range->cow_checked = range->protections == job->protections ? job->cow_gen : 0;
	range->required = job->required ? range->required | bit : range->required & ~bit;
	drm_gpusvm_notifier_unlock(&svm->gpusvm);

	if (replaced)
		vkfd_tlb_flush(svm->gpus[job->slot].vm, start, end);
	trace_vkfd_map(svm->gpus[job->slot].dev->gpu_id, svm->pasid, start, end - start,
		       job->vram_pages, job->permissions & VKFD_PTE_WRITEABLE);
	return 0;
}

/* Did mprotect() or munmap() pass by while pages were collected? */
static int vma_recheck(const struct map_job *job)
{
	u64 start = drm_gpusvm_range_start(&job->range->base);
	u64 end = drm_gpusvm_range_end(&job->range->base);
	struct vkfd_svm_vma vma;
	int err = vkfd_svm_vma_find(job->svm, start, end, &vma);

	if (err)
		return err == -ENOENT ? -EAGAIN : err;
	if (vma.start > start || vma.end < end || !vma.readable || vma.writable != job->writable)
		return -EAGAIN;
	return 0;
}

static bool is_unmapped(struct vkfd_svm_range *range)
{
	const struct drm_gpusvm_range_flags flags = {
		.__flags = READ_ONCE(range->base.flags.__flags),
	};

	return flags.unmapped;
}

/* Errors of get_pages in our terms. */
static int collect_error(const struct map_job *job, int err)
{
	struct vkfd_migrate_result result = {};

	switch (err) {
	case -EOPNOTSUPP:
		/* Device pages of two GPUs: bring them to one place. */
		err = vkfd_migrate_to_ram(job->svm->gpusvm.mm,
					  drm_gpusvm_range_start(&job->range->base),
					  drm_gpusvm_range_end(&job->range->base),
					  VKFD_MIGRATE_GPU_FAULT, &result);
		return err ?: -EAGAIN;
	case -EFAULT: /* unmapped meanwhile, or a file page that is not there */
		if (is_unmapped(job->range))
			return -EAGAIN;
		return vma_recheck(job) ?: err;
	case -EPERM: /* mprotect(): it may have taken the right back by now, and is no reason to give up */
		return -EAGAIN;
	default:
		return err;
	}
}

static int get_pages(struct map_job *job, const struct drm_gpusvm_ctx *ctx)
{
	struct vkfd_svm_range *range = job->range;

	vkfd_svm_turn_begin(job->svm, range);
	return drm_gpusvm_get_pages(&job->svm->gpusvm, &range->pages[job->slot],
				    job->svm->gpusvm.mm, &range->base.notifier->notifier,
				    drm_gpusvm_range_start(&range->base),
				    drm_gpusvm_range_end(&range->base), ctx);
}

static int collect(struct map_job *job)
{
	const struct drm_gpusvm_ctx ctx = {
		.device_private_page_owner = job->owner,
		.read_only = !job->writable,
		.allow_mixed = true,
	};
	struct vkfd_svm_range *range = job->range;
	struct vkfd_svm *svm = job->svm;
	int err = vkfd_failpoint(svm->gpus[job->slot].dev, VKFD_FAIL_page);

	err = err ?: vkfd_failpoint(svm->gpus[job->slot].dev, VKFD_FAIL_collect);
	if (err)
		return err;
	if (job->writable) {
		job->protections = READ_ONCE(range->protections);
		err = vkfd_svm_cow_break(svm, range, job->owner, &job->cow_gen);
		if (err)
			return err;
	}
	vkfd_stall(svm->gpus[job->slot].dev, VKFD_STALL_COLLECT);
	err = get_pages(job, &ctx);
	/* The next mprotect() may have passed while we waited for the lock: see svm_turn.c. */
	if (err == -EPERM && svm->turn.wanted_us)
		err = get_pages(job, &ctx);
	return err ? collect_error(job, err) : 0;
}

static int prealloc(const struct map_job *job)
{
	const struct vkfd_svm_gpu *gpu = &job->svm->gpus[job->slot];
	int err = vkfd_failpoint(gpu->dev, VKFD_FAIL_tables);

	if (!err)
		err = vkfd_vm_prealloc(gpu->vm, drm_gpusvm_range_start(&job->range->base),
				       drm_gpusvm_range_end(&job->range->base));
	return err == -ENOSPC ? -ENOMEM : err;
}

/*
 * What must be known beside the collected pages. Collecting for writing looked at
 * the VMA itself, so that is not asked again.
 */
static int look_again(struct map_job *job)
{
	int err;

	if (job->writable)
		err = vkfd_svm_dirty_look(job->svm, job->range, &job->range->pages[job->slot],
					  job->owner, &job->pfns, &job->vram);
	else
		err = vma_recheck(job);
	if (err)
		discard(job);
	return err;
}

/* VRAM that a GPU has just been given is evicted last. */
static void note_use(const struct map_job *job)
{
	struct drm_gpusvm_range *range = &job->range->base;
	const struct vkfd_svm *svm = job->svm;
	unsigned int slot;

	for (slot = 0; slot < svm->nr_gpus && job->vram_pages; slot++)
		vkfd_heat_note(svm->gpus[slot].dev, job->range->pages[job->slot].dma_addr,
			       drm_gpusvm_range_start(range), drm_gpusvm_range_end(range));
}

static int map_one(struct map_job *job)
{
	int err;

	if (already_mapped(job))
		return 0;
	err = prealloc(job);
	if (err)
		return err;
	err = collect(job);
	if (err)
		return err;
	err = look_again(job);
	if (err)
		return err;
	vkfd_stall(job->svm->gpus[job->slot].dev, VKFD_STALL_COMMIT);
	err = commit(job);
	kvfree(job->pfns);
	job->pfns = NULL;
	if (!err)
		note_use(job);
	return err;
}

/**
 * vkfd_svm_map_range() - Map one range on some GPUs
 * @svm:    SVM state.
 * @range:  Range of vkfd_svm_range_get() in this critical section.
 * @piece:  Attributes.
 * @bounds: VMA that the range was made for.
 * @slots:  GPUs. They are mapped one after the other; the first error ends it.
 *
 * A GPU that has the same mapping already is left alone.
 *
 * Context: May sleep, takes mmap_lock and notifier lock. Caller holds
 * &vkfd_svm.lock.
 * Return: 0; -EAGAIN something moved, get the range again; -EBUSY the CPU side
 * does not settle; -ENOMEM; -EFAULT a page cannot be had; -ENODEV; -ESRCH the
 * address space is gone; -EINTR fatal signal.
 */
int vkfd_svm_map_range(struct vkfd_svm *svm, struct vkfd_svm_range *range,
		       const struct vkfd_svm_piece *piece, const struct vkfd_svm_vma *bounds,
		       u32 slots)
{
	u32 required = vkfd_svm_required(&piece->values, svm->xnack);
	struct map_job job = {
		.svm = svm,
		.range = range,
		.permissions = vkfd_svm_permissions(piece->values.flags, bounds->writable),
		.owner = common_owner(svm, slots | required),
		.writable = bounds->writable,
	};
	unsigned int slot;
	int err;

	lockdep_assert_held(&svm->lock);
	for_each_slot(slot, slots) {
		if (vkfd_device_is_lost(svm->gpus[slot].dev))
			return -ENODEV;
		job.slot = slot;
		job.required = required & BIT(slot);
		err = map_one(&job);
		if (err)
			return err;
	}
	return 0;
}

/**
 * vkfd_svm_vma_clip() - Cut a VMA copy to an attribute piece or hole
 * @vma:   Copy of a VMA.
 * @piece: Bounds.
 */
void vkfd_svm_vma_clip(struct vkfd_svm_vma *vma, const struct vkfd_svm_piece *piece)
{
	vma->start = max(vma->start, piece->start);
	vma->end = min(vma->end, piece->end);
}

/* Memory that cannot be read is left out, but if a GPU needs it, not forgotten. */
static int skip_unreadable(struct vkfd_svm *svm, const struct vkfd_svm_piece *piece, u64 start,
			   u64 end)
{
	struct vkfd_svm_vma vma;
	int err;

	if (!vkfd_svm_required(&piece->values, svm->xnack))
		return 0;
	vkfd_svm_restore_hidden(svm, start, end);
	err = vkfd_svm_vma_find(svm, start, end, &vma);
	if (err)
		return err == -ENOENT ? -EAGAIN : err;
	return vma.readable || vma.end < end ? -EAGAIN : 0;
}

/* Maps the chunk at *addr, or skips what cannot be mapped; advances *addr. */
static int map_step(struct vkfd_svm *svm, const struct vkfd_svm_piece *piece, u64 *addr, u64 end,
		    u32 slots)
{
	struct vkfd_svm_range *range;
	struct vkfd_svm_vma vma;
	int err = vkfd_svm_vma_find(svm, *addr, end, &vma);

	if (err == -ENOENT) {
		*addr = end;
		return 0;
	}
	if (err)
		return err;
	vkfd_svm_vma_clip(&vma, piece);
	if (vma.special || !vma.readable) {
		err = vma.special ? 0 : skip_unreadable(svm, piece, vma.start, vma.end);
		if (!err)
			*addr = vma.end;
		return err;
	}
	*addr = max(*addr, vma.start);
	range = vkfd_svm_range_get(svm, *addr, piece->start, piece->end, &vma);
	if (IS_ERR(range))
		return PTR_ERR(range);
	err = vkfd_svm_map_range(svm, range, piece, &vma, slots);
	if (!err)
		*addr = drm_gpusvm_range_end(&range->base);
	return err;
}

/**
 * vkfd_svm_map_piece() - Map a part of one attribute piece
 * @svm:   SVM state.
 * @piece: Copy of the piece.
 * @pos:   First byte to map, inside the piece; on return, where it ended.
 * @end:   End.
 * @slots: GPUs.
 *
 * Holes between VMAs and memory that cannot be read are skipped.
 *
 * Context: As vkfd_svm_map_range().
 * Return: as vkfd_svm_map_range().
 */
int vkfd_svm_map_piece(struct vkfd_svm *svm, const struct vkfd_svm_piece *piece, u64 *pos,
		       u64 end, u32 slots)
{
	int err = 0;

	while (!err && *pos < end) {
		err = map_step(svm, piece, pos, end, slots);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return err;
}

static u32 lost_slots(const struct vkfd_svm *svm)
{
	unsigned int slot;
	u32 lost = 0;

	for (slot = 0; slot < svm->nr_gpus; slot++)
		if (vkfd_device_is_lost(svm->gpus[slot].dev))
			lost |= BIT(slot);
	return lost;
}

/* The required GPUs of the piece at or after *pos; advances *pos as far as it got. */
static int map_next_required(struct vkfd_svm *svm, u64 *pos, u64 end)
{
	const struct vkfd_svm_attr *attr = vkfd_svm_attrs_first(&svm->attrs, *pos);
	struct vkfd_svm_piece piece;
	u32 slots;
	int err = 0;

	if (!attr || attr->piece.start >= end) {
		*pos = end;
		return 0;
	}
	piece = attr->piece;
	*pos = max(*pos, piece.start);
	slots = vkfd_svm_required(&piece.values, svm->xnack) & ~lost_slots(svm);
	if (slots)
		err = vkfd_svm_map_piece(svm, &piece, pos, min(piece.end, end), slots);
	/* What cannot be mapped must not keep the rest from it. */
	if (err != -EAGAIN && err != -EINTR && err != -ESRCH)
		*pos = piece.end;
	return err;
}

/**
 * vkfd_svm_is_final() - Is it the error of pages that can never be mapped?
 * @err: What mapping gave.
 *
 * Context: Any.
 * Return: true if trying again is in vain; the GPU may fault on such pages.
 */
bool vkfd_svm_is_final(int err)
{
	return err == -EFAULT || err == -EPERM || err == -EIO || err == -EINVAL;
}

/* @counts: the error that counts so far. */
static int next_error(int counts, int err, bool again)
{
	if (!counts || (again && err && vkfd_svm_is_final(counts)))
		return err;
	return counts;
}

/**
 * vkfd_svm_map_required() - Map what GPUs must find mapped in an interval
 * @svm:   SVM state.
 * @start: First byte.
 * @end:   End.
 * @again: The caller tries again until no piece has a temporary error.
 *
 * Lost GPUs are left out.
 *
 * Context: As vkfd_svm_map_range(). Collects garbage: attributes may go.
 * Return: as vkfd_svm_map_range(); after trying all pieces, the first error, with
 * @again the first one that is not final, if there is one; -EAGAIN after some
 * attempts at one address.
 */
int vkfd_svm_map_required(struct vkfd_svm *svm, u64 start, u64 end, bool again)
{
	int counts = 0, tries = MAP_TRIES, err;
	u64 before;

	lockdep_assert_held(&svm->lock);
	while (start < end) {
		before = start;
		err = map_next_required(svm, &start, end);
		if (start != before)
			tries = MAP_TRIES;
		if (err == -EAGAIN && --tries)
			/* Ranges that were unmapped meanwhile stand in the way. */
			err = vkfd_svm_gc_run(svm);
		else if (err == -EAGAIN || err == -EINTR || err == -ESRCH)
			return err;
		counts = next_error(counts, err, again);
		if (err == -ENOMEM)
			break;
	}
	return counts;
}

/**
 * vkfd_svm_is_mapped() - Does a GPU have PTEs for a whole interval?
 * @svm:   SVM state.
 * @slot:  GPU.
 * @start: First byte, page aligned.
 * @end:   End.
 *
 * Context: Caller holds &vkfd_svm.lock; an answer for this moment.
 * Return: true if each page is covered by a mapped range.
 */
bool vkfd_svm_is_mapped(struct vkfd_svm *svm, unsigned int slot, u64 start, u64 end)
{
	lockdep_assert_held(&svm->lock);
	while (start < end) {
		struct vkfd_svm_range *range = vkfd_svm_range_find(svm, start);

		if (!range || !(READ_ONCE(range->mapped) & BIT(slot)))
			return false;
		start = drm_gpusvm_range_end(&range->base);
	}
	return true;
}
