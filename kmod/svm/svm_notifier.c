// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: invalidation: the CPU side changes
 *
 * Two listeners. drm_gpusvm calls us for windows that have ranges: when this
 * returns, no GPU reaches the pages any more. The watch notifier covers the
 * whole address space and only takes notes: attributes whose memory was
 * unmapped (also where no range exists), forks, queue buffers pulled away, and
 * how far faults had been reported when a right was taken away.
 *
 * Order in an invalidation: stop the queues if a GPU that cannot fault would
 * lose a mapping; zap the PTEs of every range on every GPU; flush all TLBs,
 * issued together, awaited together; only then DMA-unmap, because a flush that
 * came later would leave accesses in flight to memory that is already free.
 *
 * Both run below fs_reclaim: no allocation that waits, no lock that is ever
 * held across one. The gpusvm notifier lock is held for writing by the caller.
 */
#include <linux/mmu_notifier.h>

#include "core/device.h"
#include "core/trace.h"
#include "svm.h"
#include "svm_fault.h"
#include "svm_gc.h"
#include "svm_notifier.h"
#include "svm_range.h"
#include "svm_restore.h"
#include "svm_turn.h"
#include "svm_types.h"
#include "svm_whole.h"

static bool covers(const struct mmu_notifier_range *mmu, const struct drm_gpusvm_range *base)
{
	return base->itree.start >= mmu->start && base->itree.last < mmu->end;
}

/* Would a GPU that cannot fault miss something that still exists afterwards? */
static bool must_restore(struct vkfd_svm_range *range, const struct mmu_notifier_range *mmu)
{
	if (!(range->mapped & range->required) || mmu->event == MMU_NOTIFY_RELEASE)
		return false;
	return mmu->event != MMU_NOTIFY_UNMAP || !covers(mmu, &range->base);
}

static void stop_required(struct vkfd_svm *svm, struct drm_gpusvm_notifier *notifier,
			  const struct mmu_notifier_range *mmu)
{
	struct drm_gpusvm_range *base = NULL;
	u64 start = U64_MAX, end = 0;

	drm_gpusvm_for_each_range(base, notifier, mmu->start, mmu->end) {
		if (!must_restore(to_svm_range(base), mmu))
			continue;
		start = min_t(u64, start, drm_gpusvm_range_start(base));
		end = max_t(u64, end, drm_gpusvm_range_end(base));
	}
	if (start < end)
		vkfd_svm_restore_mark(svm, start, end);
}

static void unmap_pages(struct vkfd_svm *svm, struct vkfd_svm_range *range)
{
	const struct drm_gpusvm_ctx ctx = { .in_notifier = true };
	unsigned int slot;

	for (slot = 0; slot < range->nr_pages; slot++)
		drm_gpusvm_unmap_pages(&svm->gpusvm, &range->pages[slot],
				       drm_gpusvm_range_size(&range->base) >> PAGE_SHIFT, &ctx);
}

/* One piece of news a GPU; at the end of the address space nobody is left to hear it. */
static void tell_unmapped(struct vkfd_svm *svm, const struct vkfd_svm_shootdown *down,
			  enum mmu_notifier_event event)
{
	enum KFD_SVM_UNMAP_TRIGGERS why = KFD_SVM_UNMAP_TRIGGER_MMU_NOTIFY;
	unsigned int slot;

	if (event == MMU_NOTIFY_RELEASE)
		return;
	if (event == MMU_NOTIFY_UNMAP)
		why = KFD_SVM_UNMAP_TRIGGER_UNMAP_FROM_CPU;
	else if (event == MMU_NOTIFY_MIGRATE)
		why = KFD_SVM_UNMAP_TRIGGER_MMU_NOTIFY_MIGRATE;
	for (slot = 0; slot < svm->nr_gpus; slot++)
		if (down->start[slot] < down->end[slot])
			svm->ops->unmapped(svm->owner, svm->gpus[slot].dev, down->start[slot],
					   down->end[slot], why);
}

static void svm_invalidate(struct drm_gpusvm *gpusvm, struct drm_gpusvm_notifier *notifier,
			   const struct mmu_notifier_range *mmu)
{
	struct vkfd_svm *svm = gpusvm_to_svm(gpusvm);
	struct vkfd_svm_shootdown down = {};
	struct drm_gpusvm_range *base = NULL;

	if (!drm_gpusvm_range_find(notifier, mmu->start, mmu->end))
		return;

	stop_required(svm, notifier, mmu);
	drm_gpusvm_for_each_range(base, notifier, mmu->start, mmu->end)
		vkfd_svm_shootdown_add(svm, &down, to_svm_range(base), ~0u);
	vkfd_svm_shootdown_finish(svm, &down);
	tell_unmapped(svm, &down, mmu->event);

	base = NULL;
	drm_gpusvm_for_each_range(base, notifier, mmu->start, mmu->end) {
		struct vkfd_svm_range *range = to_svm_range(base);

		unmap_pages(svm, range);
		if (mmu->event == MMU_NOTIFY_PROTECTION_VMA) {
			range->protections++;
			range->cow_checked = 0;
		}
		if (mmu->event != MMU_NOTIFY_UNMAP)
			continue;
		drm_gpusvm_range_set_unmapped(base, range->pages, range->nr_pages, mmu);
		vkfd_svm_gc_range(svm, range);
	}
	trace_vkfd_invalidate(svm->pasid, mmu->start, mmu->end - mmu->start, mmu->event);
}

const struct drm_gpusvm_ops vkfd_svm_gpusvm_ops = {
	.range_alloc = vkfd_svm_range_alloc,
	.range_free = vkfd_svm_range_free,
	.invalidate = svm_invalidate,
};

/* Any queue buffer in [start, end) that is not pulled away yet; @pull: pull it now. */
static bool buffer_there(struct vkfd_svm *svm, u64 start, u64 end, bool pull)
{
	struct vkfd_svm_buffer *buffer;
	bool found = false;

	spin_lock(&svm->gc_lock);
	list_for_each_entry(buffer, &svm->buffers, link) {
		if (buffer->gone || buffer->start >= end || buffer->end <= start)
			continue;
		buffer->gone = pull;
		found = true;
		break;
	}
	spin_unlock(&svm->gc_lock);
	return found;
}

/*
 * Each buffer that this munmap() pulls away stops the queues until it is put.
 * The stop comes before the mark: whoever puts a marked buffer, teardown on
 * another CPU for one, takes that stop back at once.
 */
static void buffers_pull(struct vkfd_svm *svm, u64 start, u64 end)
{
	unsigned int pulled = 0;

	while (buffer_there(svm, start, end, false)) {
		svm->ops->quiesce(svm->owner);
		if (buffer_there(svm, start, end, true))
			pulled++;
		else
			svm->ops->resume(svm->owner);
	}
	if (pulled)
		pr_warn_ratelimited("vkfd: pasid %u unmapped a queue's buffer, its queues stop\n",
				    svm->pasid);
}

static void watch_unmap(struct vkfd_svm *svm, u64 start, u64 end)
{
	vkfd_svm_faults_checkpoint(svm);
	buffers_pull(svm, start, end);
	vkfd_svm_gc_unmapped(svm, start, end);
}

static bool watch_invalidate(struct mmu_interval_notifier *watch,
			     const struct mmu_notifier_range *mmu, unsigned long seq)
{
	struct vkfd_svm *svm = container_of(watch, struct vkfd_svm, watch);

	/* Stopping queues waits for them. */
	if (mmu->event == MMU_NOTIFY_UNMAP && !mmu_notifier_range_blockable(mmu) &&
	    !list_empty_careful(&svm->buffers))
		return false;

	vkfd_svm_turn_yield(svm, mmu);
	/* Nobody collects pages with this notifier: the debugfs listing and svm_whole.c use it. */
	mmu_interval_set_seq(watch, seq);
	if (!vkfd_svm_whole_wait(svm, mmu))
		return false;
	switch (mmu->event) {
	case MMU_NOTIFY_UNMAP:
		watch_unmap(svm, mmu->start, mmu->end);
		break;
	case MMU_NOTIFY_PROTECTION_PAGE:
		atomic64_inc(&svm->cow_gen);
		break;
	case MMU_NOTIFY_PROTECTION_VMA:
		vkfd_svm_faults_checkpoint(svm);
		vkfd_svm_restore_protected(svm, mmu->start, mmu->end);
		break;
	default:
		break;
	}
	return true;
}

const struct mmu_interval_notifier_ops vkfd_svm_watch_ops = {
	.invalidate = watch_invalidate,
};
