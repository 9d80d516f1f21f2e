// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: hot: RAM that a GPU uses a lot
 *
 * Memory that is mapped in place stays in RAM however often a GPU uses it. With
 * access_counters set, the device counts its requests to each 64 KiB of RAM and
 * reports a block that reaches the number. A worker then asks the policy, moves
 * the block's window to VRAM, as a fault would, and maps it. Of a block that is
 * made of several pieces of memory, those move which the GPU has mapped.
 *
 * Reports are hints: one that does not fit the queue, or a block that must stay,
 * is dropped. A block is reported once until its counter starts anew, which a
 * TLB flush does; a move flushes by itself. For the others all TLBs of the
 * process are flushed HOT_AGAIN_MS later, so a block that must stay costs one
 * interrupt in that time.
 *
 * Off, the device does not count and nothing here runs.
 *
 * Locks: &vkfd_svm_hot.lock, a leaf, guards the queue and is taken in the IH
 * thread. The worker takes &vkfd_svm.lock.
 */
#include <linux/kfd_ioctl.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>

#include "core/device.h"
#include "core/fault.h"
#include "core/regio.h"
#include "core/trace.h"
#include "mem/mem_migrate.h"
#include "mmu/mmu_tlb.h"
#include "svm.h"
#include "svm_gc.h"
#include "svm_hot.h"
#include "svm_map.h"
#include "svm_range.h"
#include "svm_set.h"
#include "svm_thrash.h"
#include "svm_types.h"

#define HOT_AGAIN_MS	1000

static unsigned int access_counters;

static int limit_apply(struct vkfd_device *dev, void *unused)
{
	if (dev->hw.features & VKFD_FEATURE_ACCESS_COUNTERS)
		vkfd_reg_write(dev, VKFD_REG_ACCESS_LIMIT, READ_ONCE(access_counters));
	return 0;
}

static int limit_set(const char *text, const struct kernel_param *param)
{
	int err = param_set_uint(text, param);

	return err ?: vkfd_device_for_each(limit_apply, NULL);
}

static const struct kernel_param_ops limit_ops = {
	.set = limit_set,
	.get = param_get_uint,
};
module_param_cb(access_counters, &limit_ops, &access_counters, 0644);
MODULE_PARM_DESC(access_counters,
		 "move RAM to VRAM after so many requests of 64 bytes by a GPU to a block of 64 KiB (default 0: never)");

/** vkfd_svm_hot_device() - Tell a new GPU what to count. Context: probe, after it was added. */
void vkfd_svm_hot_device(struct vkfd_device *dev)
{
	if (READ_ONCE(access_counters))
		limit_apply(dev, NULL);
}

/** struct heating - one report on its way */
struct heating {
	struct vkfd_svm *svm;
	struct vkfd_svm_report report;
	struct vkfd_svm_piece piece;
	struct vkfd_svm_vma vma;
	u64 start, end;		/* window */
	u64 moved;		/* pages */
	const char *how;
};

/**
 * vkfd_svm_hot() - A GPU uses a block of RAM a lot
 * @svm:    SVM state.
 * @dev:    The GPU.
 * @report: Copied.
 *
 * Context: Interrupt thread.
 */
void vkfd_svm_hot(struct vkfd_svm *svm, struct vkfd_device *dev,
		  const struct vkfd_access_report *report)
{
	int slot = vkfd_svm_slot_of(svm, dev->gpu_id);
	struct vkfd_svm_hot *hot = &svm->hot;

	if (slot < 0 || svm->gpus[slot].dev != dev || !READ_ONCE(access_counters))
		return;
	spin_lock(&hot->lock);
	hot->reports++;
	if (hot->nr < VKFD_SVM_HOT)
		hot->queue[hot->nr++] = (struct vkfd_svm_report){ report->va, slot,
								  report->requests };
	else
		hot->again |= BIT(slot);
	if (!hot->closed)
		queue_work(vkfd_svm_wq, &hot->work);
	spin_unlock(&hot->lock);
}

/* Which window holds @addr, in the VMA that was found? Return: false if it may not move. */
static bool resolve(struct heating *job, u64 addr)
{
	struct vkfd_svm *svm = job->svm;

	if (!vkfd_svm_attrs_lookup(&svm->attrs, addr, &job->piece))
		vkfd_svm_default_values(svm, &job->piece.values);
	vkfd_svm_vma_clip(&job->vma, &job->piece);
	vkfd_svm_window(addr, job->piece.values.granularity, job->vma.start, job->vma.end,
			&job->start, &job->end);
	return !job->vma.special && job->vma.readable &&
	       !svm->ops->overlaps_buffer(svm->owner, job->start, job->end);
}

static struct vkfd_svm_decision decide(const struct heating *job)
{
	struct vkfd_svm *svm = job->svm;
	struct vkfd_svm_gpu_facts gpus[VKFD_SVM_MAX_GPUS];
	const struct vkfd_svm_situation now = {
		.values = &job->piece.values,
		.gpus = gpus,
		.nr_gpus = svm->nr_gpus,
		.slot = job->report.slot,
		.bytes = job->end - job->start,
		.xnack = svm->xnack,
		.anonymous = job->vma.anonymous,
		.pinned = vkfd_svm_thrash_pinned(svm, job->start, job->end),
	};

	vkfd_svm_gpu_facts(svm, gpus);
	return vkfd_svm_decide_hot(&now);
}

/* Moves, and with XNACK maps: without, the restore worker does. Advisory. */
static void move(struct heating *job, unsigned int slot)
{
	struct vkfd_svm *svm = job->svm;
	struct vkfd_migrate_result result = {};
	u64 pos = job->start;

	vkfd_migrate_to_vram(svm->gpus[slot].dev, svm->gpusvm.mm, job->start, job->end,
			     VKFD_MIGRATE_PREFETCH, &result);
	if (result.moved)
		vkfd_svm_thrash_moved(svm, job->start, job->end);
	job->moved += result.moved;
	job->how = job->moved ? "moved" : "stayed";
	if (result.moved && svm->xnack)
		vkfd_svm_map_piece(svm, &job->piece, &pos, job->end, BIT(job->report.slot));
}

/* The GPU counted what it has mapped: no neighbour of that is meant. */
static bool is_mapped(const struct heating *job, u64 addr, u64 end)
{
	for (; addr < end; addr += PAGE_SIZE)
		if (vkfd_svm_is_mapped(job->svm, job->report.slot, addr, addr + PAGE_SIZE))
			return true;
	return false;
}

/* A block may hold parts of several mappings and pieces of attributes: each by its own. */
static void heat_locked(struct heating *job)
{
	struct vkfd_svm *svm = job->svm;
	u64 addr = job->report.va, end = addr + SZ_64K;

	lockdep_assert_held(&svm->lock);
	if (vkfd_svm_gc_run(svm))
		return;
	while (!vkfd_svm_vma_find(svm, addr, end, &job->vma)) {
		struct vkfd_svm_decision decision;

		addr = max(addr, job->vma.start);
		if (resolve(job, addr) && is_mapped(job, addr, min(end, job->end))) {
			decision = decide(job);
			if (decision.place == VKFD_SVM_TO_VRAM)
				move(job, decision.slot);
		}
		addr = job->end;
	}
}

static void serve(struct vkfd_svm *svm, const struct vkfd_svm_report *report)
{
	struct heating job = { .svm = svm, .report = *report, .how = "declined" };
	struct vkfd_svm_hot *hot = &svm->hot;

	mutex_lock(&svm->lock);
	heat_locked(&job);
	mutex_unlock(&svm->lock);
	trace_vkfd_hot(svm->gpus[report->slot].dev->gpu_id, svm->pasid, report->va,
		       report->requests, job.moved, job.how);
	spin_lock(&hot->lock);
	if (job.moved)
		hot->moves++;
	else
		hot->again |= BIT(report->slot);
	spin_unlock(&hot->lock);
}

static bool report_pop(struct vkfd_svm_hot *hot, struct vkfd_svm_report *report)
{
	bool found;

	spin_lock(&hot->lock);
	found = hot->nr && !hot->closed;
	if (found)
		*report = hot->queue[--hot->nr];
	else if (hot->again && !hot->closed)
		queue_delayed_work(vkfd_svm_wq, &hot->again_work, msecs_to_jiffies(HOT_AGAIN_MS));
	spin_unlock(&hot->lock);
	return found;
}

static void hot_work(struct work_struct *work)
{
	struct vkfd_svm *svm = container_of(work, struct vkfd_svm, hot.work);
	struct vkfd_svm_report report;

	/* Not of a dead address space. */
	if (!mmget_not_zero(svm->gpusvm.mm))
		return;
	while (report_pop(&svm->hot, &report))
		serve(svm, &report);
	mmput_async(svm->gpusvm.mm);
}

/* All counters of GPUs whose reports came to nothing start anew. */
static void again_work(struct work_struct *work)
{
	struct vkfd_svm *svm = container_of(to_delayed_work(work), struct vkfd_svm,
					    hot.again_work);
	unsigned int slot;
	u32 again;

	spin_lock(&svm->hot.lock);
	again = svm->hot.again;
	svm->hot.again = 0;
	spin_unlock(&svm->hot.lock);
	for_each_slot(slot, again)
		vkfd_tlb_flush(svm->gpus[slot].vm, 0, VKFD_SVM_LIMIT);
}

/**
 * vkfd_svm_hot_show() - Lines of debugfs kfd/proc/<pid>/svm_policy
 * @svm: SVM state.
 * @m:   Output.
 *
 * Context: Any.
 */
void vkfd_svm_hot_show(struct vkfd_svm *svm, struct seq_file *m)
{
	struct vkfd_svm_hot *hot = &svm->hot;

	spin_lock(&hot->lock);
	seq_printf(m, "hot_reports %llu\nhot_moves %llu\n", hot->reports, hot->moves);
	spin_unlock(&hot->lock);
}

/** vkfd_svm_hot_init() - Part of vkfd_svm_create() */
void vkfd_svm_hot_init(struct vkfd_svm *svm)
{
	spin_lock_init(&svm->hot.lock);
	INIT_WORK(&svm->hot.work, hot_work);
	INIT_DELAYED_WORK(&svm->hot.again_work, again_work);
}

/**
 * vkfd_svm_hot_fini() - Take no reports any more
 * @svm: SVM state.
 *
 * Context: May sleep, waits for the workers.
 */
void vkfd_svm_hot_fini(struct vkfd_svm *svm)
{
	spin_lock(&svm->hot.lock);
	svm->hot.closed = true;
	spin_unlock(&svm->hot.lock);
	cancel_work_sync(&svm->hot.work);
	cancel_delayed_work_sync(&svm->hot.again_work);
}
