// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: one (process, GPU)
 *
 * Owns the list of per-GPU data of a process and what user space configures
 * there: the address space (ACQUIRE_VM), XNACK mode, memory policy, scratch and
 * trap handler addresses, apertures. Called by the ioctls and by teardown.
 *
 * A per-GPU object is made when the process first names the GPU and stays until
 * the process goes. Its address space exists from ACQUIRE_VM on and pins the
 * render node's file, because buffers are mmapped through it.
 *
 * Locks: &vkfd_process.lock, taken by the functions without "pdd" in front.
 * Refuses: GPUs that are unknown (-EINVAL) or being removed (-ENODEV), and work
 * on a GPU without address space (-ESRCH).
 */
#include <linux/file.h>
#include <linux/kfd_ioctl.h>
#include <linux/slab.h>

#include "mem/mem_mgr.h"
#include "mmu/mmu_vm.h"
#include "process/process.h"
#include "process/process_types.h"
#include "process/queue_types.h"
#include "process/smi_types.h"
#include "svm/svm.h"
#include "vkfd_hw/addr.h"
#include "vkfd_hw/regs.h"

/** vkfd_pdd_find() - Per-GPU data that exists already. Caller holds the lock. Return: or NULL. */
struct vkfd_pdd *vkfd_pdd_find(struct vkfd_process *p, u32 gpu_id)
{
	struct vkfd_pdd *pdd;

	lockdep_assert_held(&p->lock);
	list_for_each_entry(pdd, &p->pdds, link)
		if (pdd->dev->gpu_id == gpu_id)
			return pdd;
	return NULL;
}

/**
 * vkfd_pdd_get() - Per-GPU data of the process, made if needed
 * @p:      Process; caller holds its lock.
 * @gpu_id: From user space.
 *
 * Context: May sleep.
 * Return: The data or ERR_PTR(-EINVAL no such GPU, -ENODEV on its way out, -ENOMEM).
 */
struct vkfd_pdd *vkfd_pdd_get(struct vkfd_process *p, u32 gpu_id)
{
	struct vkfd_pdd *pdd = vkfd_pdd_find(p, gpu_id);
	struct vkfd_device *dev;

	if (pdd)
		return vkfd_queue_slots_closed(pdd->dev) ? ERR_PTR(-ENODEV) : pdd;
	dev = vkfd_device_get_by_gpu_id(gpu_id);
	if (!dev)
		return ERR_PTR(-EINVAL);
	pdd = kzalloc_obj(*pdd, GFP_KERNEL_ACCOUNT);
	if (!pdd) {
		vkfd_device_put(dev);
		return ERR_PTR(-ENOMEM);
	}
	pdd->p = p;
	pdd->dev = dev;
	/* Handles are gpu_id << 32 | id; ids start at 1. */
	xa_init_flags(&pdd->buffers, XA_FLAGS_ALLOC1);
	list_add_tail_rcu(&pdd->link, &p->pdds);
	/*
	 * Removal closes the GPU first and looks for its processes under our
	 * lock afterwards: either we see it closed or it sees us.
	 */
	if (vkfd_queue_slots_closed(dev))
		return ERR_PTR(-ENODEV);
	return pdd;
}

/* Per-GPU data with an address space. */
static struct vkfd_pdd *pdd_get_acquired(struct vkfd_process *p, u32 gpu_id)
{
	struct vkfd_pdd *pdd = vkfd_pdd_get(p, gpu_id);

	if (!IS_ERR(pdd) && !pdd->vm)
		return ERR_PTR(-ESRCH);
	return pdd;
}

/**
 * vkfd_pdd_vm_begin() - Make the address space, for the process' buffers alone
 * @pdd:  GPU without one; the process lock is held.
 * @file: Its render node's file, which is the process' own.
 *
 * Nobody else sees it before vkfd_pdd_vm_publish(); vkfd_pdd_vm_abort() undoes it.
 * Return: 0, -ENOSPC out of contexts, -ENOMEM, -ENODEV.
 */
int vkfd_pdd_vm_begin(struct vkfd_pdd *pdd, struct file *file)
{
	struct vkfd_process *p = pdd->p;
	struct vkfd_vm *vm = vkfd_vm_create(pdd->dev, p->pasid, p->xnack);

	lockdep_assert_held(&p->lock);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	pdd->vm = vm;
	pdd->file = get_file(file);
	return 0;
}

/** vkfd_pdd_vm_abort() - Undo vkfd_pdd_vm_begin(); nothing is mapped. Process lock held. */
void vkfd_pdd_vm_abort(struct vkfd_pdd *pdd)
{
	lockdep_assert_held(&pdd->p->lock);
	vkfd_vm_destroy(pdd->vm);
	pdd->vm = NULL;
	fput(pdd->file);
	pdd->file = NULL;
}

/**
 * vkfd_pdd_vm_publish() - The process has this GPU from now on
 * @pdd: After vkfd_pdd_vm_begin(); the process lock is held.
 *
 * Context: May sleep; takes the svm lock.
 * Return: 0, or -ENOSPC that is a GPU too many for SVM.
 */
int vkfd_pdd_vm_publish(struct vkfd_pdd *pdd)
{
	int err = vkfd_svm_add_gpu(pdd->p->svm, pdd->vm);

	lockdep_assert_held(&pdd->p->lock);
	if (err)
		return err;
	pdd->task = task_pid_nr(current);
	get_task_comm(pdd->comm, current);
	/* Pairs with find_acquired() of doorbell.c: whoever sees the frame sees the rest. */
	smp_store_release(&pdd->doorbell_frame, vkfd_vm_ctx(pdd->vm));
	vkfd_process_sysfs_add_gpu(pdd);
	vkfd_smi_process_begin(pdd);
	return 0;
}

static int pdd_create_vm(struct vkfd_pdd *pdd, struct file *file)
{
	int err = vkfd_pdd_vm_begin(pdd, file);

	if (err)
		return err;
	err = vkfd_pdd_vm_publish(pdd);
	if (err)
		vkfd_pdd_vm_abort(pdd);
	return err;
}

/**
 * vkfd_process_acquire_vm() - Give the process an address space on a GPU
 * @p:    Process.
 * @dev:  GPU.
 * @file: Open file of that GPU's render node (the caller checked).
 *
 * Context: May sleep. Takes the process lock.
 * Return: 0, also for the same file again; -EBUSY with another file; -ENODEV;
 * -ENOSPC out of contexts; -ENOMEM.
 */
int vkfd_process_acquire_vm(struct vkfd_process *p, struct vkfd_device *dev, struct file *file)
{
	struct vkfd_pdd *pdd;
	int err = 0;

	mutex_lock(&p->lock);
	pdd = vkfd_pdd_get(p, dev->gpu_id);
	if (IS_ERR(pdd))
		err = PTR_ERR(pdd);
	else if (pdd->dev != dev || vkfd_device_is_lost(dev))
		err = -ENODEV;
	else if (pdd->vm)
		err = pdd->file == file ? 0 : -EBUSY;
	else
		err = pdd_create_vm(pdd, file);
	mutex_unlock(&p->lock);
	return err;
}

static int lacks_xnack(struct vkfd_device *dev, void *unused)
{
	return !(dev->hw.features & VKFD_FEATURE_XNACK);
}

static int set_retry_locked(struct vkfd_process *p, bool on)
{
	struct vkfd_pdd *pdd;
	int err = 0;

	lockdep_assert_held(&p->lock);
	list_for_each_entry(pdd, &p->pdds, link)
		if (pdd->vm && !err)
			err = vkfd_vm_set_retry(pdd->vm, on);
	return err;
}

/** vkfd_process_set_xnack_locked() - vkfd_process_set_xnack() with the process lock held */
int vkfd_process_set_xnack_locked(struct vkfd_process *p, bool on)
{
	int err;

	lockdep_assert_held(&p->lock);
	if (!list_empty(&p->queues))
		return -EBUSY;
	if (p->xnack == on)
		return 0;
	if (on && vkfd_device_for_each(lacks_xnack, NULL))
		return -EPERM;
	err = set_retry_locked(p, on);
	if (!err)
		err = vkfd_svm_set_xnack(p->svm, on);
	if (err) {
		set_retry_locked(p, p->xnack);
		return err;
	}
	p->xnack = on;
	return 0;
}

/**
 * vkfd_process_set_xnack() - Choose what a missing page does to a GPU access
 * @p: Process.
 * @on: XNACK.
 *
 * Context: May sleep. Takes the process lock.
 * Return: 0, -EBUSY while a queue exists, -EPERM if a GPU cannot retry, or the
 * error of remapping; then the old mode stays.
 */
int vkfd_process_set_xnack(struct vkfd_process *p, bool on)
{
	int err;

	mutex_lock(&p->lock);
	err = vkfd_process_set_xnack_locked(p, on);
	mutex_unlock(&p->lock);
	return err;
}

/** vkfd_process_xnack() - Present mode. Context: may sleep. */
bool vkfd_process_xnack(struct vkfd_process *p)
{
	bool on;

	mutex_lock(&p->lock);
	on = p->xnack;
	mutex_unlock(&p->lock);
	return on;
}

struct aperture_walk {
	struct kfd_process_device_apertures *out;
	unsigned int room, count;
};

static int aperture_fill(struct vkfd_device *dev, void *arg)
{
	struct aperture_walk *walk = arg;

	if (walk->count < walk->room)
		walk->out[walk->count] = (struct kfd_process_device_apertures) {
			.lds_base = VKFD_LDS_BASE,
			.lds_limit = VKFD_LDS_BASE + VKFD_APERTURE_BYTES - 1,
			.scratch_base = VKFD_SCRATCH_BASE,
			.scratch_limit = VKFD_SCRATCH_BASE + VKFD_APERTURE_BYTES - 1,
			.gpuvm_base = VKFD_GPUVM_BASE,
			.gpuvm_limit = VKFD_GPUVM_LIMIT,
			.gpu_id = dev->gpu_id,
		};
	walk->count++;
	return 0;
}

/**
 * vkfd_process_apertures() - Address windows of every GPU
 * @p:     Process; all have the same windows.
 * @out:   Array, may be NULL with @room 0.
 * @room:  Entries that fit.
 * @count: GPUs there are; min(@room, @count) entries were written.
 *
 * Return: 0.
 */
int vkfd_process_apertures(struct vkfd_process *p, struct kfd_process_device_apertures *out,
			   unsigned int room, unsigned int *count)
{
	struct aperture_walk walk = { .out = out, .room = room };

	vkfd_device_for_each(aperture_fill, &walk);
	*count = walk.count;
	return 0;
}

/**
 * vkfd_process_set_memory_policy() - Record the default cache policy
 * @p: Process.
 * @gpu_id: GPU, as user space names it.
 * @policy: Default policy.
 * @alternate: Policy of the alternate aperture.
 *
 * gfx9 takes the memory type from each buffer, so nothing depends on it.
 * Return: 0, -EINVAL unknown GPU, -ESRCH without address space.
 */
int vkfd_process_set_memory_policy(struct vkfd_process *p, u32 gpu_id, u32 policy, u32 alternate)
{
	struct vkfd_pdd *pdd;
	int err = 0;

	mutex_lock(&p->lock);
	pdd = pdd_get_acquired(p, gpu_id);
	if (IS_ERR(pdd)) {
		err = PTR_ERR(pdd);
	} else {
		pdd->policy = policy;
		pdd->alternate_policy = alternate;
	}
	mutex_unlock(&p->lock);
	return err;
}

/** vkfd_process_set_scratch() - Record where scratch lives. Return: as for the policy. */
int vkfd_process_set_scratch(struct vkfd_process *p, u32 gpu_id, u64 va)
{
	struct vkfd_pdd *pdd;
	int err = 0;

	mutex_lock(&p->lock);
	pdd = pdd_get_acquired(p, gpu_id);
	if (IS_ERR(pdd))
		err = PTR_ERR(pdd);
	else
		pdd->scratch_va = va;
	mutex_unlock(&p->lock);
	return err;
}

/**
 * vkfd_pdd_set_trap() - Where waves of the process go at traps and exceptions
 * @pdd: GPU with an address space; the process lock is held.
 * @tba: Address of the handler, 0 for none.
 * @tma: What it finds in its registers.
 *
 * Context: May sleep.
 * Return: 0; -ENODEV the GPU is lost; nothing has changed then.
 */
int vkfd_pdd_set_trap(struct vkfd_pdd *pdd, u64 tba, u64 tma)
{
	int err = vkfd_vm_set_trap(pdd->vm, tba, tma);

	lockdep_assert_held(&pdd->p->lock);
	if (err)
		return err == -ETIMEDOUT ? -ENODEV : err;
	pdd->tba = tba;
	pdd->tma = tma;
	return 0;
}

/** vkfd_process_set_trap_handler() - For its waves on a GPU. Return: as for the policy, -ENODEV. */
int vkfd_process_set_trap_handler(struct vkfd_process *p, u32 gpu_id, u64 tba, u64 tma)
{
	struct vkfd_pdd *pdd;
	int err;

	mutex_lock(&p->lock);
	pdd = pdd_get_acquired(p, gpu_id);
	err = IS_ERR(pdd) ? PTR_ERR(pdd) : vkfd_pdd_set_trap(pdd, tba, tma);
	mutex_unlock(&p->lock);
	return err;
}

/** vkfd_process_available() - VRAM that an allocation may hope for. Return: 0 or -EINVAL. */
int vkfd_process_available(struct vkfd_process *p, u32 gpu_id, u64 *bytes)
{
	struct vkfd_pdd *pdd;
	int err = 0;

	mutex_lock(&p->lock);
	pdd = vkfd_pdd_get(p, gpu_id);
	if (IS_ERR(pdd))
		err = PTR_ERR(pdd);
	else
		*bytes = vkfd_mem_available(pdd->dev);
	mutex_unlock(&p->lock);
	return err;
}

/**
 * vkfd_process_runtime() - The runtime says it is there (or leaves)
 * @p: Process.
 * @args: In and out.
 *
 * Only debuggers would use what is recorded.
 * Return: 0, -EBUSY enabled twice, -EEXIST queues exist already.
 */
int vkfd_process_runtime(struct vkfd_process *p, struct kfd_ioctl_runtime_enable_args *args)
{
	bool enable = args->mode_mask & KFD_RUNTIME_ENABLE_MODE_ENABLE_MASK;
	int err = 0;

	mutex_lock(&p->lock);
	if (enable && p->runtime_enabled)
		err = -EBUSY;
	else if (enable && !list_empty(&p->queues))
		err = -EEXIST;
	if (!err) {
		p->runtime_enabled = enable;
		p->r_debug = enable ? args->r_debug : 0;
		args->capabilities_mask = 0;
	}
	mutex_unlock(&p->lock);
	return err;
}

/**
 * vkfd_pdds_release() - Give back address spaces, files and GPUs
 * @p: Process.
 *
 * Queues, SVM state and buffers are gone. The objects stay for readers of
 * counters until vkfd_pdds_free().
 * Context: Teardown; caller holds the lock.
 */
void vkfd_pdds_release(struct vkfd_process *p)
{
	struct vkfd_pdd *pdd;

	lockdep_assert_held(&p->lock);
	list_for_each_entry(pdd, &p->pdds, link) {
		if (pdd->vm) {
			vkfd_vm_destroy(pdd->vm);
			vkfd_smi_process_end(pdd);
		}
		pdd->vm = NULL;
		if (pdd->file)
			fput(pdd->file);
		pdd->file = NULL;
		xa_destroy(&pdd->buffers);
	}
}

/** vkfd_pdds_free() - Free the objects; the last reference of the process is gone */
void vkfd_pdds_free(struct vkfd_process *p)
{
	struct vkfd_pdd *pdd, *next;

	list_for_each_entry_safe(pdd, next, &p->pdds, link) {
		list_del_rcu(&pdd->link);
		vkfd_device_put(pdd->dev);
		kfree_rcu(pdd, rcu);
	}
}
