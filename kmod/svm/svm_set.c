// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: ask: setting attributes
 *
 * One set is: validate everything, change the attribute tree as a whole, bring
 * the mappings in line with it, prefetch, map what must be mapped. If that
 * fails, the tree is put back and the mappings follow it again, so that a call
 * that failed has set nothing (in KFD it has). Only pages that a prefetch had
 * moved stay where they are. What a GPU needs and cannot have right now stops
 * the queues until the restore worker has mapped it.
 *
 * With XNACK off everything that a GPU may touch is mapped on return; with
 * XNACK on only memory marked ALWAYS_MAPPED, and what a prefetch brought to a
 * GPU that may use it.
 *
 * Called by the SVM ioctl. Holds &vkfd_svm.lock throughout, mmap_lock only
 * inside the layers below. Never returns -EAGAIN or -EINTR without a fatal
 * signal: the thunk would repeat the call for ever.
 */
#include <linux/kfd_ioctl.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "core/device.h"
#include "mem/mem_migrate.h"
#include "svm.h"
#include "svm_fault.h"
#include "svm_gc.h"
#include "svm_map.h"
#include "svm_range.h"
#include "svm_restore.h"
#include "svm_set.h"
#include "svm_types.h"

/** struct set_job - one set call, validated */
struct set_job {
	struct vkfd_svm *svm;
	u64 start, end;
	const struct vkfd_svm_change *changes;
	u32 nr_changes;
};

/* Are these the PTE bits for the attributes? Writable or not is the VMA's word. */
static bool permits(const struct vkfd_svm_values *values, u64 permissions)
{
	return permissions == vkfd_svm_permissions(values->flags, true) ||
	       permissions == vkfd_svm_permissions(values->flags, false);
}

/* Mappings of a range that its attributes do not cover any more. */
static void refresh_range(struct vkfd_svm *svm, struct vkfd_svm_range *range)
{
	u64 start = drm_gpusvm_range_start(&range->base);
	struct vkfd_svm_piece piece;
	u32 allowed, required, stale = 0;
	unsigned int slot;

	if (!vkfd_svm_attrs_lookup(&svm->attrs, start, &piece) ||
	    piece.end < drm_gpusvm_range_end(&range->base)) {
		vkfd_svm_range_drop(svm, range);
		return;
	}
	allowed = piece.values.access | piece.values.in_place;
	required = vkfd_svm_required(&piece.values, svm->xnack);

	drm_gpusvm_notifier_lock(&svm->gpusvm);
	range->required &= required;
	for_each_slot(slot, range->mapped & ~required)
		if (!(allowed & BIT(slot)) || !permits(&piece.values, range->permissions[slot]))
			stale |= BIT(slot);
	drm_gpusvm_notifier_unlock(&svm->gpusvm);
	if (!stale)
		return;
	vkfd_svm_range_unmap(svm, range, stale);
	for_each_slot(slot, stale)
		svm->ops->unmapped(svm->owner, svm->gpus[slot].dev, start,
				   drm_gpusvm_range_end(&range->base),
				   KFD_SVM_UNMAP_TRIGGER_UNMAP_FROM_CPU);
}

static void refresh_ranges(const struct set_job *job)
{
	struct drm_gpusvm_notifier *notifier, *next_notifier;
	struct drm_gpusvm_range *base, *next;
	struct vkfd_svm *svm = job->svm;

	drm_gpusvm_for_each_notifier_safe(notifier, next_notifier, &svm->gpusvm, job->start,
					  job->end) {
		drm_gpusvm_for_each_range_safe(base, next, notifier, job->start, job->end)
			refresh_range(svm, to_svm_range(base));
	}
}

/* Moves [start, end) of a piece. Only a dying caller or GPU is an error. */
static int prefetch_move(struct vkfd_svm *svm, const struct vkfd_svm_decision *decision, u64 start,
			 u64 end)
{
	struct vkfd_migrate_result result = {};
	struct vkfd_device *dev;
	int err;

	if (decision->place == VKFD_SVM_TO_RAM) {
		err = vkfd_migrate_to_ram(svm->gpusvm.mm, start, end, VKFD_MIGRATE_PREFETCH,
					  &result);
		return err == -EINTR ? err : 0;
	}
	dev = svm->gpus[decision->slot].dev;
	err = vkfd_migrate_to_vram(dev, svm->gpusvm.mm, start, end, VKFD_MIGRATE_PREFETCH,
				   &result);
	if (err == -ENODEV && vkfd_device_is_lost(dev))
		return err;
	return err == -EINTR ? err : 0;
}

static int prefetch_piece(struct vkfd_svm *svm, const struct vkfd_svm_piece *piece, u64 start,
			  u64 end)
{
	struct vkfd_svm_gpu_facts gpus[VKFD_SVM_MAX_GPUS];
	const struct vkfd_svm_situation now = {
		.values = &piece->values,
		.gpus = gpus,
		.nr_gpus = svm->nr_gpus,
		.xnack = svm->xnack,
	};
	int target = vkfd_svm_slot_of(svm, piece->values.prefetch);
	struct vkfd_svm_decision decision;
	u32 slots;
	int err;

	vkfd_svm_gpu_facts(svm, gpus);
	decision = vkfd_svm_decide_prefetch(&now);
	if (decision.place == VKFD_SVM_STAY)
		return 0;
	err = prefetch_move(svm, &decision, start, end);
	if (err || !svm->xnack || target < 0 ||
	    (decision.place != VKFD_SVM_TO_VRAM && !gpus[target].system))
		return err;
	/* A GPU that may use it finds it mapped; if not, it faults. */
	slots = piece->values.in_place | (piece->values.access & BIT(target));
	if (!slots)
		return 0;
	err = vkfd_svm_map_piece(svm, piece, &start, end, slots);
	return err == -EINTR ? err : 0;
}

static bool has_change(const struct set_job *job, u32 type)
{
	u32 i;

	for (i = 0; i < job->nr_changes; i++)
		if (job->changes[i].type == type)
			return true;
	return false;
}

static int prefetch_all(const struct set_job *job)
{
	struct vkfd_svm *svm = job->svm;
	const struct vkfd_svm_attr *attr;
	u64 start = job->start;
	int err = 0;

	if (!has_change(job, KFD_IOCTL_SVM_ATTR_PREFETCH_LOC))
		return 0;
	while (!err && start < job->end && (attr = vkfd_svm_attrs_first(&svm->attrs, start))) {
		struct vkfd_svm_piece piece = attr->piece;

		if (piece.start >= job->end)
			break;
		err = prefetch_piece(svm, &piece, max(start, piece.start),
				     min(job->end, piece.end));
		start = piece.end;
	}
	return err;
}

static int place_and_map(const struct set_job *job)
{
	int err = prefetch_all(job);

	return err ?: vkfd_svm_map_required(job->svm, job->start, job->end, false);
}

/* Everything after the tree: mappings follow attributes. */
static int follow(const struct set_job *job)
{
	struct vkfd_svm *svm = job->svm;
	u64 unshared = svm->unshared;
	int err;

	refresh_ranges(job);
	err = place_and_map(job);
	/* What mapping took back to RAM is writable now, and may go where it was asked to. */
	if (!err && svm->unshared != unshared && has_change(job, KFD_IOCTL_SVM_ATTR_PREFETCH_LOC))
		err = place_and_map(job);
	if (err == -EAGAIN || err == -EBUSY) {
		/* The CPU side does not settle; the GPUs wait for it. */
		vkfd_svm_restore_mark(svm, job->start, job->end);
		err = 0;
	}
	return err;
}

/* The tree as before, and mappings that follow it: those that must be there come back. */
static void give_up(const struct set_job *job, struct vkfd_svm_saved *saved)
{
	struct vkfd_svm *svm = job->svm;

	if (!vkfd_svm_attrs_put_back(&svm->attrs, saved))
		return;
	refresh_ranges(job);
	if (vkfd_svm_map_required(svm, job->start, job->end, false))
		vkfd_svm_restore_mark(svm, job->start, job->end);
}

/* Tree and mappings together, or neither. */
static int change(const struct set_job *job)
{
	struct vkfd_svm *svm = job->svm;
	struct vkfd_svm_values fresh;
	struct vkfd_svm_saved saved;
	int err;

	err = vkfd_svm_attrs_save(&svm->attrs, job->start, job->end, &saved);
	if (err)
		return err;
	if (has_change(job, KFD_IOCTL_SVM_ATTR_NO_ACCESS))
		vkfd_svm_faults_checkpoint(svm);
	vkfd_svm_default_values(svm, &fresh);
	err = vkfd_svm_attrs_set(&svm->attrs, job->start, job->end, job->changes, job->nr_changes,
				 &fresh);
	if (!err) {
		err = follow(job);
		if (err) {
			give_up(job, &saved);
			return err;
		}
	}
	vkfd_svm_attrs_forget(&saved);
	return err;
}

/**
 * vkfd_svm_set_changes() - One validated set of memory that may be shared
 * @svm:     SVM state.
 * @start:   First byte, page aligned.
 * @end:     End.
 * @changes: Attributes, GPUs as slots.
 * @nr:      How many.
 *
 * Context: As vkfd_svm_set_attrs(), but the caller holds &vkfd_svm.lock, has called
 * vkfd_svm_gc_expect() and then looked at the memory.
 * Return: 0, -ENOMEM, -EFAULT, -ENODEV, -EINTR; on error nothing is set.
 */
int vkfd_svm_set_changes(struct vkfd_svm *svm, u64 start, u64 end,
			 const struct vkfd_svm_change *changes, u32 nr)
{
	const struct set_job job = {
		.svm = svm,
		.start = start,
		.end = end,
		.changes = changes,
		.nr_changes = nr,
	};

	lockdep_assert_held(&svm->lock);
	return change(&job);
}

/**
 * vkfd_svm_set_undo() - Take back several of them
 * @svm:   SVM state.
 * @start: First byte of all.
 * @end:   End of all.
 * @saved: The tree's picture of that interval, from before; used up.
 *
 * Context: Caller holds &vkfd_svm.lock.
 */
void vkfd_svm_set_undo(struct vkfd_svm *svm, u64 start, u64 end, struct vkfd_svm_saved *saved)
{
	const struct set_job job = { .svm = svm, .start = start, .end = end };

	lockdep_assert_held(&svm->lock);
	give_up(&job, saved);
}

static int set_locked(struct set_job *job, struct vkfd_svm_change *changes,
		      const struct kfd_ioctl_svm_attribute *attrs)
{
	struct vkfd_svm *svm = job->svm;
	int err;

	lockdep_assert_held(&svm->lock);
	err = vkfd_svm_gc_run(svm);
	if (err)
		return err;
	err = vkfd_svm_check_changes(svm, job->nr_changes, attrs, changes);
	if (err)
		return err;
	vkfd_svm_gc_expect(svm, job->start, job->end);
	err = vkfd_svm_check_memory(svm, job->start, job->end);
	return err ?: change(job);
}

/**
 * vkfd_svm_set_attrs() - Set attributes of an interval
 * @svm:   SVM state.
 * @start: First byte.
 * @size:  Bytes.
 * @nattr: How many attributes; 0 only registers the memory.
 * @attrs: Attributes, applied in this order.
 *
 * A prefetch has ended on return, its pages are where they could be brought.
 *
 * Context: Process context of the owner, may sleep; takes &vkfd_svm.lock and
 * mmap_lock.
 * Return: 0; -EINVAL unaligned, empty, unknown attribute or GPU; -EOVERFLOW;
 * -EFAULT memory missing or not to be shared, or it cannot be mapped;
 * -EADDRINUSE a buffer lives there; -ENOMEM; -ENODEV prefetch to a lost GPU;
 * -EINTR fatal signal.
 */
int vkfd_svm_set_attrs(struct vkfd_svm *svm, u64 start, u64 size, u32 nattr,
		       const struct kfd_ioctl_svm_attribute *attrs)
{
	struct vkfd_svm_change *changes;
	struct set_job job = { .svm = svm, .start = start, .nr_changes = nattr };
	int err = vkfd_svm_check_bounds(start, size);

	if (err)
		return err;
	job.end = start + size;
	changes = kvmalloc_objs(*changes, nattr + 1, GFP_KERNEL_ACCOUNT);
	if (!changes)
		return -ENOMEM;
	job.changes = changes;

	mutex_lock(&svm->lock);
	err = set_locked(&job, changes, attrs);
	mutex_unlock(&svm->lock);
	kvfree(changes);
	return err;
}
