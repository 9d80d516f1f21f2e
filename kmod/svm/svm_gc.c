// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: garbage: what munmap() left behind
 *
 * An unmapping notifier may neither take &vkfd_svm.lock nor wait for memory,
 * so it only notes what went away: ranges on a list, intervals of attributes
 * as records. The notes are worked off here, at the start of every set, get
 * and fault, so that none of them sees a tree older than the munmap() that
 * came before it, and by a worker in between.
 *
 * A record that cannot be allocated is joined into one hull. Of a hull only
 * those pages lose their attributes that have no memory at the time of
 * collection: memory mapped again in that moment keeps too much, which is
 * harmless, and what lay between two unmaps is never lost.
 *
 * Locks: the note functions take &vkfd_svm.gc_lock and run in notifiers;
 * vkfd_svm_gc_run() wants &vkfd_svm.lock.
 */
#include <linux/slab.h>

#include "core/failpoint.h"
#include "svm_gc.h"
#include "svm_range.h"
#include "svm_types.h"

static void gc_work(struct work_struct *work)
{
	struct vkfd_svm *svm = container_of(work, struct vkfd_svm, gc_work);
	int err;

	mutex_lock(&svm->lock);
	err = vkfd_svm_gc_run(svm);
	mutex_unlock(&svm->lock);
	/* Out of memory: the notes are kept, the next ioctl or fault goes on. */
	if (err)
		pr_debug("vkfd: pasid %u: garbage collection: %d\n", svm->pasid, err);
}

/** vkfd_svm_gc_init() - Part of vkfd_svm_create() */
void vkfd_svm_gc_init(struct vkfd_svm *svm)
{
	spin_lock_init(&svm->gc_lock);
	INIT_LIST_HEAD(&svm->gc_ranges);
	INIT_LIST_HEAD(&svm->gc_unmaps);
	INIT_LIST_HEAD(&svm->buffers);
	INIT_WORK(&svm->gc_work, gc_work);
}

/**
 * vkfd_svm_gc_fini() - Wait for the worker and forget all notes
 * @svm: SVM state; the watch notifier and all ranges are gone.
 */
void vkfd_svm_gc_fini(struct vkfd_svm *svm)
{
	struct vkfd_svm_unmap *unmap, *next;

	cancel_work_sync(&svm->gc_work);
	list_for_each_entry_safe(unmap, next, &svm->gc_unmaps, link)
		kfree(unmap);
	INIT_LIST_HEAD(&svm->gc_unmaps);
}

/**
 * vkfd_svm_gc_range() - Note a range whose memory was unmapped
 * @svm:   SVM state.
 * @range: Has no PTEs and no DMA mappings any more.
 *
 * Context: In the notifier.
 */
void vkfd_svm_gc_range(struct vkfd_svm *svm, struct vkfd_svm_range *range)
{
	spin_lock(&svm->gc_lock);
	if (list_empty(&range->gc_link))
		list_add_tail(&range->gc_link, &svm->gc_ranges);
	spin_unlock(&svm->gc_lock);
	queue_work(vkfd_svm_wq, &svm->gc_work);
}

/* Called with gc_lock. */
static void hull_add(struct vkfd_svm_unmap *hull, u64 start, u64 end)
{
	if (hull->start >= hull->end) {
		hull->start = start;
		hull->end = end;
	} else {
		hull->start = min(hull->start, start);
		hull->end = max(hull->end, end);
	}
}

/**
 * vkfd_svm_gc_unmapped() - Note memory that was unmapped
 * @svm:   SVM state.
 * @start: First byte, page aligned.
 * @end:   End.
 *
 * Context: In the notifier, possibly one that may not sleep.
 */
void vkfd_svm_gc_unmapped(struct vkfd_svm *svm, u64 start, u64 end)
{
	struct vkfd_svm_unmap *unmap;

	spin_lock(&svm->gc_lock);
	start = max(start, svm->attr_low);
	end = min(end, svm->attr_high);
	if (start >= end) {
		spin_unlock(&svm->gc_lock);
		return;
	}
	unmap = kmalloc_obj(*unmap, GFP_NOWAIT);
	if (unmap) {
		unmap->start = start;
		unmap->end = end;
		list_add_tail(&unmap->link, &svm->gc_unmaps);
	} else {
		hull_add(&svm->gc_hull, start, end);
	}
	spin_unlock(&svm->gc_lock);
	queue_work(vkfd_svm_wq, &svm->gc_work);
}

/**
 * vkfd_svm_gc_expect() - Attributes will be set here: notice its unmapping
 * @svm:   SVM state.
 * @start: First byte.
 * @end:   End.
 *
 * Context: Caller holds &vkfd_svm.lock and looks at VMAs only afterwards, so
 * that no munmap() falls between.
 */
void vkfd_svm_gc_expect(struct vkfd_svm *svm, u64 start, u64 end)
{
	lockdep_assert_held(&svm->lock);
	spin_lock(&svm->gc_lock);
	if (svm->attr_low >= svm->attr_high) {
		svm->attr_low = start;
		svm->attr_high = end;
	} else {
		svm->attr_low = min(svm->attr_low, start);
		svm->attr_high = max(svm->attr_high, end);
	}
	spin_unlock(&svm->gc_lock);
}

static void collect_ranges(struct vkfd_svm *svm)
{
	struct vkfd_svm_range *range;

	for (;;) {
		spin_lock(&svm->gc_lock);
		range = list_first_entry_or_null(&svm->gc_ranges, struct vkfd_svm_range, gc_link);
		spin_unlock(&svm->gc_lock);
		if (!range)
			return;
		vkfd_svm_range_drop(svm, range);
	}
}

static struct vkfd_svm_unmap *unmap_pop(struct vkfd_svm *svm)
{
	struct vkfd_svm_unmap *unmap;

	spin_lock(&svm->gc_lock);
	unmap = list_first_entry_or_null(&svm->gc_unmaps, struct vkfd_svm_unmap, link);
	if (unmap)
		list_del(&unmap->link);
	spin_unlock(&svm->gc_lock);
	return unmap;
}

/* The attributes are of no GPU: its first one stands for the process. */
static int fail_asked(const struct vkfd_svm *svm)
{
	return svm->nr_gpus ? vkfd_failpoint(svm->gpus[0].dev, VKFD_FAIL_garbage) : 0;
}

static int collect_unmaps(struct vkfd_svm *svm)
{
	struct vkfd_svm_unmap *unmap;
	int err;

	while ((unmap = unmap_pop(svm))) {
		err = fail_asked(svm) ?: vkfd_svm_attrs_clear(&svm->attrs, unmap->start,
							      unmap->end);
		if (err) {
			spin_lock(&svm->gc_lock);
			list_add(&unmap->link, &svm->gc_unmaps);
			spin_unlock(&svm->gc_lock);
			return err;
		}
		kfree(unmap);
	}
	return 0;
}

/* Clears the pages of [start, end) that no VMA covers. */
static int clear_holes(struct vkfd_svm *svm, u64 start, u64 end)
{
	struct vkfd_svm_vma vma;
	int err = 0;

	while (!err && start < end) {
		err = vkfd_svm_vma_find(svm, start, end, &vma);
		if (err == -ENOENT || err == -ESRCH)
			return vkfd_svm_attrs_clear(&svm->attrs, start, end);
		if (!err && vma.start > start)
			err = vkfd_svm_attrs_clear(&svm->attrs, start, vma.start);
		start = vma.end;
	}
	return err;
}

static int collect_hull(struct vkfd_svm *svm)
{
	struct vkfd_svm_unmap hull;
	int err;

	spin_lock(&svm->gc_lock);
	hull = svm->gc_hull;
	svm->gc_hull.start = 0;
	svm->gc_hull.end = 0;
	spin_unlock(&svm->gc_lock);
	if (hull.start >= hull.end)
		return 0;
	err = clear_holes(svm, hull.start, hull.end);
	if (err) {
		spin_lock(&svm->gc_lock);
		hull_add(&svm->gc_hull, hull.start, hull.end);
		spin_unlock(&svm->gc_lock);
	}
	return err;
}

/**
 * vkfd_svm_gc_run() - Work off all notes
 * @svm: SVM state.
 *
 * Context: May sleep. Caller holds &vkfd_svm.lock.
 * Return: 0, or -ENOMEM with the rest still noted.
 */
int vkfd_svm_gc_run(struct vkfd_svm *svm)
{
	int err;

	lockdep_assert_held(&svm->lock);
	collect_ranges(svm);
	err = collect_unmaps(svm) ?: collect_hull(svm);
	if (!err && !svm->attrs.nr_pieces) {
		spin_lock(&svm->gc_lock);
		if (list_empty(&svm->gc_unmaps)) {
			svm->attr_low = 0;
			svm->attr_high = 0;
		}
		spin_unlock(&svm->gc_lock);
	}
	return err;
}
