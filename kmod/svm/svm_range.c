// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: ranges: the cache of mappings
 *
 * Owns the life of struct vkfd_svm_range: an aligned chunk of 4 KiB to 2 MiB
 * inside one VMA and one attribute piece, with the DMA state of every GPU.
 * Mapping (svm_map.c) asks for the range of an address; set, the garbage
 * collector and teardown drop them.
 *
 * drm_gpusvm returns an existing range as it is, even when VMA or attributes
 * changed around it, so vkfd_svm_range_get() compares and makes a new one
 * where it no longer fits. Nothing is lost with a range: its pages stay where
 * the CPU page table has them.
 *
 * Removal order is fixed: PTEs zapped, TLBs flushed, pages DMA-unmapped, range
 * removed. A range out of the tree hears of no munmap any more, so none of its
 * pages may be reachable by then.
 *
 * Locks: &vkfd_svm.lock over everything here except shootdown, which also
 * runs inside the notifier. mmap_lock is only taken inside vkfd_svm_vma_find().
 */
#include <linux/hmm.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "core/device.h"
#include "mmu/mmu_tlb.h"
#include "mmu/mmu_vm.h"
#include "svm_range.h"
#include "svm_restore.h"
#include "svm_types.h"

const unsigned long vkfd_svm_chunks[] = {
	SZ_2M, SZ_1M, SZ_512K, SZ_256K, SZ_128K, SZ_64K, SZ_32K, SZ_16K, SZ_8K, SZ_4K,
};

const int vkfd_svm_nr_chunks = ARRAY_SIZE(vkfd_svm_chunks);

/* drm_gpusvm_ops.range_alloc; called under mmap_lock. */
struct drm_gpusvm_range *vkfd_svm_range_alloc(struct drm_gpusvm *gpusvm)
{
	struct vkfd_svm *svm = gpusvm_to_svm(gpusvm);
	struct vkfd_svm_range *range;
	unsigned int slot;

	lockdep_assert_held(&svm->lock);
	range = kzalloc_flex(*range, pages, svm->nr_gpus, GFP_KERNEL_ACCOUNT);
	if (!range)
		return NULL;
	INIT_LIST_HEAD(&range->gc_link);
	range->nr_pages = svm->nr_gpus;
	for (slot = 0; slot < svm->nr_gpus; slot++)
		drm_gpusvm_init_pages(&range->pages[slot], &svm->gpus[slot].dev->drm);
	return &range->base;
}

static unsigned long range_pages(struct vkfd_svm_range *range)
{
	return drm_gpusvm_range_size(&range->base) >> PAGE_SHIFT;
}

/* drm_gpusvm_ops.range_free; the last reference is gone, so nothing is mapped. */
void vkfd_svm_range_free(struct drm_gpusvm_range *base)
{
	struct vkfd_svm_range *range = to_svm_range(base);
	unsigned int slot;

	for (slot = 0; slot < range->nr_pages; slot++)
		drm_gpusvm_free_pages(base->gpusvm, &range->pages[slot], range_pages(range));
	kfree(range);
}

static void vma_copy(struct vkfd_svm_vma *to, struct vm_area_struct *from)
{
	const vm_flags_t special = VM_IO | VM_PFNMAP | VM_MIXEDMAP;

	to->start = from->vm_start;
	to->end = min_t(u64, from->vm_end, VKFD_SVM_LIMIT);
	to->readable = from->vm_flags & VM_READ;
	to->writable = from->vm_flags & VM_WRITE;
	to->special = from->vm_flags & special;
	to->anonymous = vma_is_anonymous(from);
	to->cpu_home = vma_is_initial_heap(from) || vma_is_initial_stack(from);
}

/**
 * vkfd_svm_vma_find() - First VMA that touches [addr, end)
 * @svm:  SVM state.
 * @addr: Address.
 * @end:  End of the search.
 * @vma:  Out; a copy, true at the moment of the call.
 *
 * Context: May sleep, takes mmap_lock.
 * Return: 0, -ENOENT if there is none, -ESRCH if the address space is gone.
 */
int vkfd_svm_vma_find(struct vkfd_svm *svm, u64 addr, u64 end, struct vkfd_svm_vma *vma)
{
	struct mm_struct *mm = svm->gpusvm.mm;
	struct vm_area_struct *found;

	end = min_t(u64, end, VKFD_SVM_LIMIT);
	if (addr >= end)
		return -ENOENT;
	if (!mmget_not_zero(mm))
		return -ESRCH;
	mmap_read_lock(mm);
	found = find_vma_intersection(mm, addr, end);
	if (found)
		vma_copy(vma, found);
	mmap_read_unlock(mm);
	mmput_async(mm);
	return found ? 0 : -ENOENT;
}

/**
 * vkfd_svm_range_find() - The range that holds an address
 * @svm:  SVM state.
 * @addr: Address.
 *
 * Context: Caller holds &vkfd_svm.lock, which keeps the result alive.
 * Return: the range or NULL.
 */
struct vkfd_svm_range *vkfd_svm_range_find(struct vkfd_svm *svm, u64 addr)
{
	struct drm_gpusvm_notifier *notifier;
	struct drm_gpusvm_range *base;

	lockdep_assert_held(&svm->lock);
	notifier = drm_gpusvm_notifier_find(&svm->gpusvm, addr, addr + 1);
	if (!notifier)
		return NULL;
	base = drm_gpusvm_range_find(notifier, addr, addr + 1);
	return base ? to_svm_range(base) : NULL;
}

/* Does a range still lie inside its bounds, for all GPUs of today? */
static bool range_fits(struct vkfd_svm *svm, struct vkfd_svm_range *range,
		       const struct vkfd_svm_vma *bounds)
{
	const struct drm_gpusvm_range_flags flags = {
		.__flags = READ_ONCE(range->base.flags.__flags),
	};

	return !flags.unmapped && range->nr_pages == svm->nr_gpus &&
	       drm_gpusvm_range_start(&range->base) >= bounds->start &&
	       drm_gpusvm_range_end(&range->base) <= bounds->end;
}

/**
 * vkfd_svm_range_get() - The range to map an address with, made if needed
 * @svm:    SVM state.
 * @addr:   Page-aligned address.
 * @low:    A new range shall not reach below (fault window).
 * @high:   Nor beyond.
 * @bounds: VMA of @addr, clipped to its attribute piece: no range may cross.
 *
 * Context: May sleep, takes mmap_lock. Caller holds &vkfd_svm.lock, which
 * keeps the result alive.
 * Return: the range, or ERR_PTR: -EAGAIN the VMA changed, -ENOMEM, -ESRCH the
 * address space is gone, -EIO not memory that can be shared.
 */
struct vkfd_svm_range *vkfd_svm_range_get(struct vkfd_svm *svm, u64 addr, u64 low, u64 high,
					  const struct vkfd_svm_vma *bounds)
{
	const struct drm_gpusvm_ctx ctx = {
		.read_only = !bounds->writable,
		.devmem_possible = bounds->anonymous,
	};
	struct vkfd_svm_range *range = vkfd_svm_range_find(svm, addr);
	struct drm_gpusvm_range *base;

	if (range) {
		if (range_fits(svm, range, bounds))
			return range;
		vkfd_svm_range_drop(svm, range);
	}

	base = drm_gpusvm_range_find_or_insert(&svm->gpusvm, addr, max(low, bounds->start),
					       min(high, bounds->end), &ctx);
	if (!IS_ERR(base))
		return to_svm_range(base);
	switch (PTR_ERR(base)) {
	case -EFAULT:
		return ERR_PTR(-ESRCH);
	case -ENOENT:
	case -EPERM:
	case -EINVAL:
		return ERR_PTR(-EAGAIN);
	default:
		return ERR_CAST(base);
	}
}

/**
 * vkfd_svm_range_look() - The CPU page table of a range as it is, without faulting
 * @svm:   SVM state.
 * @range: Range.
 * @owner: Whose device pages are shown.
 * @pfns:  Room for each page, zeroed; out: HMM_PFN_* flags and page numbers.
 * @seq:   Out: for mmu_interval_read_retry() of the range's notifier. The pages
 *         behind @pfns may be touched only under the notifier lock, while that, or
 *         what was collected before, still holds.
 *
 * Context: May sleep, takes mmap_lock. Caller holds &vkfd_svm.lock.
 * Return: 0; -EBUSY the CPU side does not settle; -ESRCH the address space is gone.
 */
int vkfd_svm_range_look(struct vkfd_svm *svm, struct vkfd_svm_range *range, void *owner,
			unsigned long *pfns, unsigned long *seq)
{
	struct hmm_range hmm = {
		.notifier = &range->base.notifier->notifier,
		.start = drm_gpusvm_range_start(&range->base),
		.end = drm_gpusvm_range_end(&range->base),
		.hmm_pfns = pfns,
		.dev_private_owner = owner,
	};
	int err;

	lockdep_assert_held(&svm->lock);
	if (!mmget_not_zero(svm->gpusvm.mm))
		return -ESRCH;
	err = hmm_range_fault_unlocked_timeout(&hmm, msecs_to_jiffies(HMM_RANGE_DEFAULT_TIMEOUT));
	mmput_async(svm->gpusvm.mm);
	*seq = hmm.notifier_seq;
	return err;
}

/**
 * vkfd_svm_shootdown_add() - Zap the PTEs of a range; the flush comes later
 * @svm:   SVM state.
 * @down:  Zeroed before the first call.
 * @range: Its PTEs go.
 * @slots: On these GPUs.
 *
 * Context: Notifier lock held, on the read side together with &vkfd_svm.lock.
 * No sleep, no allocation.
 */
void vkfd_svm_shootdown_add(struct vkfd_svm *svm, struct vkfd_svm_shootdown *down,
			    struct vkfd_svm_range *range, u32 slots)
{
	u64 start = drm_gpusvm_range_start(&range->base);
	u64 end = drm_gpusvm_range_end(&range->base);
	unsigned int slot;

	lockdep_assert_held(&svm->gpusvm.notifier_lock);
	for_each_slot(slot, slots & range->mapped) {
		if (!vkfd_vm_zap(svm->gpus[slot].vm, start, end))
			continue;
		if (down->start[slot] >= down->end[slot]) {
			down->start[slot] = start;
			down->end[slot] = end;
		} else {
			down->start[slot] = min(down->start[slot], start);
			down->end[slot] = max(down->end[slot], end);
		}
	}
	range->mapped &= ~slots;
}

/**
 * vkfd_svm_shootdown_finish() - Flush all GPUs at once and wait for all
 * @svm:  SVM state.
 * @down: What was zapped.
 *
 * On return no engine uses the old translations. A lost device needs no
 * flush: its errors are ignored.
 *
 * Context: May sleep; no allocation, legal in a notifier.
 */
void vkfd_svm_shootdown_finish(struct vkfd_svm *svm, const struct vkfd_svm_shootdown *down)
{
	u64 seq[VKFD_SVM_MAX_GPUS];
	u32 issued = 0;
	unsigned int slot;

	for (slot = 0; slot < svm->nr_gpus; slot++)
		if (down->start[slot] < down->end[slot] &&
		    !vkfd_tlb_flush_issue(svm->gpus[slot].vm, down->start[slot], down->end[slot],
					  &seq[slot]))
			issued |= BIT(slot);
	for_each_slot(slot, issued)
		vkfd_tlb_flush_wait(svm->gpus[slot].vm, seq[slot]);
}

/**
 * vkfd_svm_range_unmap() - Take a range away from some GPUs
 * @svm:   SVM state.
 * @range: The range; stays.
 * @slots: GPUs.
 *
 * Context: May sleep. Caller holds &vkfd_svm.lock.
 */
void vkfd_svm_range_unmap(struct vkfd_svm *svm, struct vkfd_svm_range *range, u32 slots)
{
	struct vkfd_svm_shootdown down = {};
	const struct drm_gpusvm_ctx ctx = {};
	unsigned int slot;

	lockdep_assert_held(&svm->lock);
	drm_gpusvm_notifier_lock(&svm->gpusvm);
	vkfd_svm_shootdown_add(svm, &down, range, slots);
	range->required &= ~slots;
	/*
	 * Still locked: an invalidation that finds nothing mapped any more
	 * flushes nothing, and its pages are free when it returns.
	 */
	vkfd_svm_shootdown_finish(svm, &down);
	drm_gpusvm_notifier_unlock(&svm->gpusvm);

	for (slot = 0; slot < range->nr_pages; slot++)
		if (slots & BIT(slot))
			drm_gpusvm_unmap_pages(&svm->gpusvm, &range->pages[slot],
					       range_pages(range), &ctx);
}

/**
 * vkfd_svm_range_drop() - Unmap a range everywhere and forget it
 * @svm:   SVM state.
 * @range: Gone on return.
 *
 * A GPU that cannot do without is stopped first and started again by the
 * restore worker.
 *
 * Context: May sleep. Caller holds &vkfd_svm.lock and nothing that a notifier
 * callback takes.
 */
void vkfd_svm_range_drop(struct vkfd_svm *svm, struct vkfd_svm_range *range)
{
	lockdep_assert_held(&svm->lock);
	if (READ_ONCE(range->mapped) & range->required)
		vkfd_svm_restore_mark(svm, drm_gpusvm_range_start(&range->base),
				      drm_gpusvm_range_end(&range->base));
	vkfd_svm_range_unmap(svm, range, ~0u);
	/* Until it is out of the tree a notifier may still note it as garbage. */
	drm_gpusvm_range_get(&range->base);
	drm_gpusvm_range_remove(&svm->gpusvm, &range->base);
	spin_lock(&svm->gc_lock);
	list_del_init(&range->gc_link);
	spin_unlock(&svm->gc_lock);
	drm_gpusvm_range_put(&range->base);
}

/**
 * vkfd_svm_ranges_drop() - Drop every range that touches an interval
 * @svm:   SVM state.
 * @start: First byte.
 * @end:   End.
 *
 * Context: As vkfd_svm_range_drop().
 */
void vkfd_svm_ranges_drop(struct vkfd_svm *svm, u64 start, u64 end)
{
	struct drm_gpusvm_notifier *notifier, *next_notifier;
	struct drm_gpusvm_range *base, *next;

	lockdep_assert_held(&svm->lock);
	drm_gpusvm_for_each_notifier_safe(notifier, next_notifier, &svm->gpusvm, start, end) {
		drm_gpusvm_for_each_range_safe(base, next, notifier, start, end)
			vkfd_svm_range_drop(svm, to_svm_range(base));
	}
}
