// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: shared virtual memory of a process
 *
 * Creates and destroys the SVM state: one drm_gpusvm for all GPUs of a
 * process, with a slot for each GPU, an attribute tree beside it, and the
 * workers. process/ owns it and calls in; docs/path-of-a-page.md says which
 * file of this directory does what.
 *
 * Locks, outermost first: &vkfd_svm.lock (the gpusvm driver lock), mmap_lock,
 * then below fs_reclaim the gpusvm notifier lock, then the spinlocks gc_lock,
 * &vkfd_svm_restore.lock, &vkfd_svm_faults.lock, &vkfd_svm_thrash.lock,
 * &vkfd_svm_hot.lock, &vkfd_svm_turn.lock and &vkfd_svm_whole.lock, which never
 * nest.
 *
 * Teardown: restore is cancelled, collection flushed, faults are refused and
 * the one in service awaited, then the ranges are unmapped, unlinked and freed,
 * the notifiers removed. Device pages may outlive it (a forked child's).
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "core/debugfs.h"
#include "core/device.h"
#include "mem/mem_heat.h"
#include "mem/mem_pagemap.h"
#include "mmu/mmu_vm.h"
#include "svm.h"
#include "svm_fault.h"
#include "svm_gc.h"
#include "svm_hot.h"
#include "svm_map.h"
#include "svm_notifier.h"
#include "svm_policy_table.h"
#include "svm_range.h"
#include "svm_restore.h"
#include "svm_thrash.h"
#include "svm_turn.h"
#include "svm_whole.h"
#include "svm_types.h"

#define NOTIFIER_BYTES SZ_512M

static unsigned int svm_default_granularity = 9;
module_param(svm_default_granularity, uint, 0644);
MODULE_PARM_DESC(svm_default_granularity,
		 "log2 of the pages that a fault moves, for new processes (default 9: 2 MiB)");

struct workqueue_struct *vkfd_svm_wq;

static int svm_listen(struct vkfd_svm *svm, struct mm_struct *mm)
{
	int err = drm_gpusvm_init(&svm->gpusvm, "vkfd", mm, 0, VKFD_SVM_LIMIT, NOTIFIER_BYTES,
				  &vkfd_svm_gpusvm_ops, vkfd_svm_chunks, vkfd_svm_nr_chunks);

	if (err)
		return err;
	drm_gpusvm_driver_set_lock(&svm->gpusvm, &svm->lock);
	err = mmu_interval_notifier_insert(&svm->watch, mm, 0, VKFD_GPUVM_LIMIT + 1,
					   &vkfd_svm_watch_ops);
	if (err)
		drm_gpusvm_fini(&svm->gpusvm);
	return err;
}

/**
 * vkfd_svm_create() - SVM state of one process
 * @mm:    Address space; grabbed, its users are not.
 * @pasid: For messages and traces.
 * @ops:   Calls to the process.
 * @owner: Their first argument; outlives vkfd_svm_destroy().
 *
 * Context: Process context of a task with that mm; takes mmap_lock.
 * Return: the state, or ERR_PTR(-ENOMEM).
 */
struct vkfd_svm *vkfd_svm_create(struct mm_struct *mm, u32 pasid, const struct vkfd_svm_ops *ops,
				 void *owner)
{
	struct vkfd_svm *svm = kzalloc_obj(*svm, GFP_KERNEL_ACCOUNT);
	int err;

	if (!svm)
		return ERR_PTR(-ENOMEM);
	mutex_init(&svm->lock);
	svm->pasid = pasid;
	svm->ops = ops;
	svm->owner = owner;
	svm->granularity = min(READ_ONCE(svm_default_granularity), VKFD_SVM_GRANULARITY_MAX);
	/* Not 0: new ranges count as not looked at. */
	atomic64_set(&svm->cow_gen, 1);
	vkfd_svm_attrs_init(&svm->attrs);
	vkfd_svm_gc_init(svm);
	vkfd_svm_restore_init(svm);
	vkfd_svm_turn_init(svm);
	vkfd_svm_whole_init(svm);
	vkfd_svm_thrash_init(svm);
	vkfd_svm_hot_init(svm);
	err = vkfd_svm_faults_init(svm);
	if (err)
		goto err_free;
	err = svm_listen(svm, mm);
	if (err)
		goto err_faults;
	return svm;

err_faults:
	vkfd_svm_faults_fini(svm);
err_free:
	mutex_destroy(&svm->lock);
	kfree(svm);
	return ERR_PTR(err);
}

static void buffers_free(struct vkfd_svm *svm)
{
	struct vkfd_svm_buffer *buffer, *next;

	list_for_each_entry_safe(buffer, next, &svm->buffers, link)
		kfree(buffer);
}

/**
 * vkfd_svm_destroy() - End of the SVM state
 * @svm: The process' queues are gone, nobody calls in any more.
 *
 * Context: May sleep; takes &vkfd_svm.lock. No lock of the process may be held
 * that one of its callbacks takes.
 */
void vkfd_svm_destroy(struct vkfd_svm *svm)
{
	unsigned int slot;

	vkfd_svm_restore_fini(svm);
	flush_work(&svm->gc_work);
	vkfd_svm_faults_fini(svm);
	vkfd_svm_hot_fini(svm);
	vkfd_svm_thrash_fini(svm);

	mutex_lock(&svm->lock);
	vkfd_svm_ranges_drop(svm, 0, VKFD_SVM_LIMIT);
	drm_gpusvm_fini(&svm->gpusvm);
	mutex_unlock(&svm->lock);

	for (slot = 0; slot < svm->nr_gpus; slot++)
		vkfd_heat_close(svm->gpus[slot].heat);
	mmu_interval_notifier_remove(&svm->watch);
	vkfd_svm_gc_fini(svm);
	vkfd_svm_attrs_fini(&svm->attrs);
	buffers_free(svm);
	mutex_destroy(&svm->lock);
	kfree(svm);
}

/**
 * vkfd_svm_add_gpu() - A GPU joins the process
 * @svm: SVM state.
 * @vm:  Its address space there; outlives @svm.
 *
 * All ranges are dropped, because their size follows the number of GPUs; what
 * must be mapped is restored.
 *
 * Context: May sleep; takes &vkfd_svm.lock and the notifier lock.
 * Return: 0, -ENOSPC no slot is left, -ENOMEM.
 */
int vkfd_svm_add_gpu(struct vkfd_svm *svm, struct vkfd_vm *vm)
{
	struct vkfd_device *dev = vkfd_vm_device(vm);
	struct vkfd_svm_gpu *gpu;
	struct vkfd_heat *heat;
	int err = 0;

	mutex_lock(&svm->lock);
	if (svm->nr_gpus == VKFD_SVM_MAX_GPUS) {
		err = -ENOSPC;
		goto out_unlock;
	}
	heat = vkfd_heat_open(dev, svm->gpusvm.mm, vkfd_vm_ctx(vm));
	if (!heat) {
		err = -ENOMEM;
		goto out_unlock;
	}
	vkfd_svm_ranges_drop(svm, 0, VKFD_SVM_LIMIT);

	down_write(&svm->gpusvm.notifier_lock);
	gpu = &svm->gpus[svm->nr_gpus];
	gpu->vm = vm;
	gpu->dev = dev;
	gpu->heat = heat;
	gpu->owner = vkfd_pagemap_owner(dev);
	atomic64_set(&gpu->checkpoint, 0);
	svm->nr_gpus++;
	up_write(&svm->gpusvm.notifier_lock);
out_unlock:
	mutex_unlock(&svm->lock);
	return err;
}

/**
 * vkfd_svm_vram_bytes() - How much of a GPU's VRAM this process' SVM memory takes
 * @svm: SVM state.
 * @dev: GPU that the process has.
 *
 * Context: Any; slots stay as long as @svm.
 * Return: Bytes, pages of forked children that were made here included.
 */
u64 vkfd_svm_vram_bytes(struct vkfd_svm *svm, struct vkfd_device *dev)
{
	unsigned int slot, nr = READ_ONCE(svm->nr_gpus);

	for (slot = 0; slot < nr; slot++)
		if (svm->gpus[slot].dev == dev)
			return vkfd_heat_bytes(svm->gpus[slot].heat);
	return 0;
}

/**
 * vkfd_svm_set_xnack() - Switch the XNACK mode
 * @svm: SVM state.
 * @on:  Retry faults are served; nothing is mapped before.
 *
 * Context: May sleep; takes &vkfd_svm.lock. No queue exists.
 * Return: 0; or the error of mapping everything for XNACK off (-ENOMEM,
 * -EFAULT, -ENODEV), with the old mode kept.
 */
int vkfd_svm_set_xnack(struct vkfd_svm *svm, bool on)
{
	bool before;
	int err;

	mutex_lock(&svm->lock);
	err = vkfd_svm_gc_run(svm);
	before = svm->xnack;
	if (err || before == on)
		goto out_unlock;

	svm->xnack = on;
	vkfd_svm_ranges_drop(svm, 0, VKFD_SVM_LIMIT);
	err = vkfd_svm_map_required(svm, 0, VKFD_SVM_LIMIT, false);
	if (err == -EAGAIN || err == -EBUSY) {
		/* The CPU side does not settle; queues wait for the worker. */
		vkfd_svm_restore_mark(svm, 0, VKFD_SVM_LIMIT);
		err = 0;
	}
	if (err)
		svm->xnack = before;
out_unlock:
	mutex_unlock(&svm->lock);
	return err;
}

/**
 * vkfd_svm_locations() - What the attributes say of the place of a page
 * @svm:       SVM state.
 * @va:        Address.
 * @prefetch:  Out: last prefetch location, gpu_id, 0 for RAM, or UNDEFINED.
 * @preferred: Out: preferred location.
 *
 * Context: May sleep; with or without &vkfd_svm.lock, mmap_lock, dma_resv.
 */
void vkfd_svm_locations(struct vkfd_svm *svm, u64 va, u32 *prefetch, u32 *preferred)
{
	vkfd_svm_attrs_locations(&svm->attrs, va, prefetch, preferred);
}

/**
 * vkfd_svm_policy_show() - What the policy remembers of a process
 * @svm: SVM state.
 * @m:   Output.
 *
 * Context: May sleep.
 */
void vkfd_svm_policy_show(struct vkfd_svm *svm, struct seq_file *m)
{
	vkfd_svm_thrash_show(svm, m);
	vkfd_svm_hot_show(svm, m);
}

static void policy_line(void *m, const char *text)
{
	seq_printf(m, "%s\n", text);
}

static int policy_show(struct seq_file *m, void *unused)
{
	seq_puts(m, "GPU fault\n");
	vkfd_svm_policy_print(VKFD_SVM_TABLE_FAULT, policy_line, m);
	seq_puts(m, "\nprefetch\n");
	vkfd_svm_policy_print(VKFD_SVM_TABLE_PREFETCH, policy_line, m);
	seq_puts(m, "\naccess counter\n");
	vkfd_svm_policy_print(VKFD_SVM_TABLE_HOT, policy_line, m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(policy);

/** vkfd_svm_module_init() - What all processes share. Return: 0 or -ENOMEM. */
int vkfd_svm_module_init(void)
{
	vkfd_svm_wq = alloc_workqueue("vkfd-svm", WQ_UNBOUND | WQ_FREEZABLE, 0);
	if (!vkfd_svm_wq)
		return -ENOMEM;
	debugfs_create_file("policy", 0444, vkfd_debugfs_folder(), NULL, &policy_fops);
	return 0;
}

/** vkfd_svm_module_exit() - Undo vkfd_svm_module_init(); no process is left */
void vkfd_svm_module_exit(void)
{
	destroy_workqueue(vkfd_svm_wq);
}
