// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: processes
 *
 * Owns the table of processes: one object per mm, made at the first open of
 * /dev/kfd and found again by later opens, by PASID (interrupts) and by mm
 * (migration news). Files hold counted references; the mm itself holds one
 * from creation to the end of teardown, so that close and reopen keep state.
 *
 * Life ends when the mm does (MMU notifier), when a GPU the process uses is
 * removed, or at module exit, whichever is first; file release only drops a
 * reference, so fd and mm may go in either order. Exit has two halves. The
 * notifier half must not wait for workers, because the last mmput() may run in
 * one: it unpublishes the process and takes its queues off the GPUs. The
 * teardown work does the rest in the order queues, interrupts, SVM, buffers,
 * address spaces. The struct stays until the last file is closed.
 *
 * Locks: processes_mutex serialises creation; processes_lock guards the hash;
 * readers of hash and PASID table hold process_srcu, which teardown waits for.
 * Refuses: a kernel thread, and anything once the process is dead (-ENODEV).
 */
#include <linux/hashtable.h>
#include <linux/kfd_ioctl.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/xarray.h>

#include "core/fault.h"
#include "mem/mem_migrate.h"
#include "process/buffer.h"
#include "process/criu_types.h"
#include "process/event.h"
#include "process/process.h"
#include "process/process_types.h"
#include "process/queue.h"
#include "process/queue_types.h"
#include "process/smi_types.h"
#include "svm/svm.h"

static DEFINE_MUTEX(processes_mutex);
static DEFINE_SPINLOCK(processes_lock);
static DEFINE_HASHTABLE(processes, 6);
/* PASIDs travel in 16 bits of an interrupt; 0 is the kernel. */
static DEFINE_XARRAY_ALLOC(pasids);
static u32 pasid_next;
DEFINE_STATIC_SRCU(process_srcu);
static struct workqueue_struct *process_wq;

static const struct vkfd_svm_ops process_svm_ops = {
	.violation = vkfd_process_violation,
	.quiesce = vkfd_queues_quiesce,
	.resume = vkfd_queues_resume,
	.late = vkfd_smi_restore_late,
	.fault_begin = vkfd_smi_fault_begin,
	.fault_end = vkfd_smi_fault_end,
	.unmapped = vkfd_smi_unmapped,
	.overlaps_buffer = vkfd_buffer_overlaps,
};

/** vkfd_process_srcu_lock() - Keep processes found by PASID or mm alive. Return: for unlock. */
int vkfd_process_srcu_lock(void)
{
	return srcu_read_lock(&process_srcu);
}

/** vkfd_process_srcu_unlock() - Undo vkfd_process_srcu_lock() */
void vkfd_process_srcu_unlock(int idx)
{
	srcu_read_unlock(&process_srcu, idx);
}

/** vkfd_process_queue_work() - Run @work where teardown runs. Context: any. */
void vkfd_process_queue_work(struct work_struct *work)
{
	queue_work(process_wq, work);
}

/**
 * vkfd_process_by_pasid() - Whose interrupt is this?
 * @pasid: From the device, not trusted.
 *
 * Context: Inside vkfd_process_srcu_lock(), which keeps the result usable.
 * Return: The process or NULL.
 */
struct vkfd_process *vkfd_process_by_pasid(u32 pasid)
{
	return xa_load(&pasids, pasid);
}

/**
 * vkfd_process_by_mm_rcu() - Find a live process by its address space
 * @mm: Any mm.
 *
 * Context: Inside vkfd_process_srcu_lock().
 * Return: The process or NULL.
 */
struct vkfd_process *vkfd_process_by_mm_rcu(struct mm_struct *mm)
{
	struct vkfd_process *p;

	hash_for_each_possible_rcu(processes, p, hash, (unsigned long)mm,
				   srcu_read_lock_held(&process_srcu))
		if (p->mm == mm)
			return p;
	return NULL;
}

static void process_free(struct kref *kref)
{
	struct vkfd_process *p = container_of(kref, struct vkfd_process, kref);

	vkfd_pdds_free(p);
	vkfd_criu_pending_free(p->criu_pending);
	mmdrop(p->mm);
	mutex_destroy(&p->lock);
	mutex_destroy(&p->queue_lock);
	kfree_rcu(p, rcu);
}

/** vkfd_process_put() - Drop a reference. Context: any process context. */
void vkfd_process_put(struct vkfd_process *p)
{
	kref_put(&p->kref, process_free);
}

/* First half of exit; see DOC. May run in any worker that dropped the mm. */
static void process_begin_exit(struct vkfd_process *p)
{
	if (test_and_set_bit(VKFD_PROCESS_DEAD, &p->flags))
		return;
	spin_lock(&processes_lock);
	hash_del_rcu(&p->hash);
	spin_unlock(&processes_lock);
	vkfd_queues_unmap_all(p);
	queue_work(process_wq, &p->teardown_work);
}

static void process_mm_release(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	process_begin_exit(container_of(notifier, struct vkfd_process, notifier));
}

static const struct mmu_notifier_ops process_notifier_ops = {
	.release = process_mm_release,
};

/* Second half of exit: nobody finds the process any more, ioctls have ended. */
static void process_teardown(struct work_struct *work)
{
	struct vkfd_process *p = container_of(work, struct vkfd_process, teardown_work);

	vkfd_events_close(&p->events);
	/* Every ioctl and page insertion that did not see us dead has ended. */
	down_write(&p->gate);
	up_write(&p->gate);
	down_write(&p->map_lock);
	up_write(&p->map_lock);
	vkfd_process_sysfs_remove(p);

	mutex_lock(&p->lock);
	vkfd_queues_release(p);
	mutex_unlock(&p->lock);
	/* Reserved, not free: contexts on the GPUs still carry the number. */
	xa_store(&pasids, p->pasid, XA_ZERO_ENTRY, GFP_KERNEL);
	synchronize_srcu(&process_srcu);
	cancel_work_sync(&p->error_work);

	vkfd_svm_destroy(p->svm);
	mutex_lock(&p->lock);
	vkfd_events_fini(&p->events);
	vkfd_buffers_release(p);
	vkfd_pdds_release(p);
	mutex_unlock(&p->lock);
	xa_erase(&pasids, p->pasid);
	xa_destroy(&p->queue_ids);

	mmu_notifier_unregister(&p->notifier, p->mm);
	vkfd_process_put(p);
}

static struct vkfd_process *process_alloc(struct mm_struct *mm)
{
	struct vkfd_process *p = kzalloc_obj(*p, GFP_KERNEL_ACCOUNT);

	if (!p)
		return NULL;
	kref_init(&p->kref);
	init_rwsem(&p->gate);
	init_rwsem(&p->map_lock);
	mutex_init(&p->lock);
	mutex_init(&p->queue_lock);
	spin_lock_init(&p->buffer_lock);
	p->buffer_tree = RB_ROOT_CACHED;
	INIT_LIST_HEAD(&p->pdds);
	INIT_LIST_HEAD(&p->queues);
	xa_init_flags(&p->queue_ids, XA_FLAGS_ALLOC1);
	vkfd_events_init(&p->events);
	INIT_WORK(&p->teardown_work, process_teardown);
	INIT_WORK(&p->error_work, vkfd_queue_error_work);
	p->notifier.ops = &process_notifier_ops;
	mmgrab(mm);
	p->mm = mm;
	p->pid = task_tgid_nr(current);
	p->own_pid = task_tgid_vnr(current);
	return p;
}

static struct vkfd_process *process_create(struct mm_struct *mm)
{
	struct vkfd_process *p = process_alloc(mm);
	int err;

	if (!p)
		return ERR_PTR(-ENOMEM);
	/* Cyclic, so that a late interrupt does not find the next process. */
	err = xa_alloc_cyclic(&pasids, &p->pasid, NULL, XA_LIMIT(1, U16_MAX), &pasid_next,
			      GFP_KERNEL);
	if (err < 0)
		goto err_free;
	p->svm = vkfd_svm_create(mm, p->pasid, &process_svm_ops, p);
	if (IS_ERR(p->svm)) {
		err = PTR_ERR(p->svm);
		goto err_pasid;
	}
	err = mmu_notifier_register(&p->notifier, mm);
	if (err)
		goto err_svm;
	/* The entry exists already: this cannot need memory. */
	xa_store(&pasids, p->pasid, p, GFP_KERNEL);
	vkfd_process_sysfs_add(p);
	spin_lock(&processes_lock);
	hash_add_rcu(processes, &p->hash, (unsigned long)mm);
	spin_unlock(&processes_lock);
	return p;

err_svm:
	vkfd_svm_destroy(p->svm);
err_pasid:
	xa_erase(&pasids, p->pasid);
err_free:
	vkfd_process_put(p);
	return ERR_PTR(err);
}

/**
 * vkfd_process_get_by_mm() - The live process of an address space
 * @mm: Any mm.
 *
 * Context: May sleep.
 * Return: Counted process, or NULL.
 */
struct vkfd_process *vkfd_process_get_by_mm(struct mm_struct *mm)
{
	int idx = vkfd_process_srcu_lock();
	struct vkfd_process *p = vkfd_process_by_mm_rcu(mm);

	if (p)
		kref_get(&p->kref);
	vkfd_process_srcu_unlock(idx);
	return p;
}

/**
 * vkfd_process_open() - The process object of the caller's address space
 *
 * Context: Process context of a user task, takes mmap_lock.
 * Return: Counted process, or ERR_PTR: -EINVAL without an mm, -ENOMEM, -EBUSY
 * out of PASIDs.
 */
struct vkfd_process *vkfd_process_open(void)
{
	struct mm_struct *mm = current->mm;
	struct vkfd_process *p;

	if (!mm)
		return ERR_PTR(-EINVAL);
	mutex_lock(&processes_mutex);
	p = vkfd_process_get_by_mm(mm);
	if (!p) {
		/* After exec the old image may still be going, under the same pid. */
		if (vkfd_process_is_shown(task_tgid_nr(current)))
			flush_workqueue(process_wq);
		p = process_create(mm);
		if (!IS_ERR(p))
			kref_get(&p->kref);
	}
	mutex_unlock(&processes_mutex);
	return p;
}

/**
 * vkfd_process_is_current() - Is this the caller's own process?
 * @p: Process.
 *
 * Also after it died: the mm is held, so its address cannot mean another one.
 * Return: true if the caller runs in its address space.
 */
bool vkfd_process_is_current(const struct vkfd_process *p)
{
	return p->mm == current->mm;
}

/**
 * vkfd_process_enter() - Hold off teardown for one call
 * @p: Process.
 *
 * Context: Process context; pair with vkfd_process_leave(). Must not be held
 * while waiting for user space.
 * Return: 0 or -ENODEV when the process lost its GPUs.
 */
int vkfd_process_enter(struct vkfd_process *p)
{
	down_read(&p->gate);
	if (!vkfd_process_is_dead(p))
		return 0;
	up_read(&p->gate);
	return -ENODEV;
}

/** vkfd_process_leave() - Undo vkfd_process_enter() */
void vkfd_process_leave(struct vkfd_process *p)
{
	up_read(&p->gate);
}

/** vkfd_process_svm() - SVM state; valid between enter and leave */
struct vkfd_svm *vkfd_process_svm(struct vkfd_process *p)
{
	return p->svm;
}

/** vkfd_process_pasid() - Number by which the GPUs know the process */
u32 vkfd_process_pasid(const struct vkfd_process *p)
{
	return p->pasid;
}

static bool process_uses(struct vkfd_process *p, struct vkfd_device *dev)
{
	struct vkfd_pdd *pdd;
	bool uses = !dev;

	mutex_lock(&p->lock);
	list_for_each_entry(pdd, &p->pdds, link)
		uses |= pdd->dev == dev;
	mutex_unlock(&p->lock);
	return uses;
}

/* A counted process that uses @dev (any, if NULL), or NULL. */
static struct vkfd_process *process_find_user(struct vkfd_device *dev)
{
	struct vkfd_process *p, *found = NULL;
	int bkt, idx = vkfd_process_srcu_lock();

	hash_for_each_rcu(processes, bkt, p, hash) {
		if (!found && process_uses(p, dev)) {
			kref_get(&p->kref);
			found = p;
		}
	}
	vkfd_process_srcu_unlock(idx);
	return found;
}

static void processes_tear_down(struct vkfd_device *dev)
{
	struct vkfd_process *p;

	while ((p = process_find_user(dev))) {
		process_begin_exit(p);
		vkfd_process_put(p);
	}
	flush_workqueue(process_wq);
}

/* Each process that has the GPU; it cannot go while @fn runs, which may sleep. */
static void call_users(struct vkfd_device *dev, void (*fn)(struct vkfd_process *p, void *arg),
		       void *arg)
{
	int bkt, idx = vkfd_process_srcu_lock();
	struct vkfd_process *p;

	hash_for_each_rcu(processes, bkt, p, hash)
		if (process_uses(p, dev))
			fn(p, arg);
	vkfd_process_srcu_unlock(idx);
}

static void take_queues(struct vkfd_process *p, void *dev)
{
	vkfd_queues_gpu_reset(p, dev);
}

static void tell_reset(struct vkfd_process *p, void *data)
{
	vkfd_event_hw_exception(&p->events, data);
}

static void gpu_back(struct vkfd_process *p, void *unused)
{
	vkfd_svm_gpu_back(p->svm);
}

static void suspend_queues(struct vkfd_process *p, void *dev)
{
	vkfd_queues_suspend(p, dev);
}

static void wake_queues(struct vkfd_process *p, void *dev)
{
	vkfd_queues_wake(p, dev);
}

/** vkfd_process_suspend() - Stop the queues of all processes that use @dev. May sleep. */
void vkfd_process_suspend(struct vkfd_device *dev)
{
	call_users(dev, suspend_queues, dev);
}

/** vkfd_process_resume() - Undo vkfd_process_suspend(). May sleep. */
void vkfd_process_resume(struct vkfd_device *dev)
{
	call_users(dev, wake_queues, dev);
}

/** vkfd_process_reset_queues() - @dev was reset: no process has a queue on it. May sleep. */
void vkfd_process_reset_queues(struct vkfd_device *dev)
{
	call_users(dev, take_queues, dev);
}

/**
 * vkfd_process_reset_tell() - What a reset means to the processes of a GPU
 * @dev:       GPU that was reset, or is lost for good.
 * @lost_vram: What was in VRAM is gone.
 *
 * Who waits for it would wait for ever: all get the hardware exception. If VRAM
 * is gone they lose the GPU as at removal.
 *
 * Context: The lost handler; sleeps until teardowns ended.
 */
void vkfd_process_reset_tell(struct vkfd_device *dev, bool lost_vram)
{
	struct kfd_hsa_hw_exception_data data = {
		.reset_type = KFD_HW_EXCEPTION_WHOLE_GPU_RESET,
		.reset_cause = KFD_HW_EXCEPTION_GPU_HANG,
		.memory_lost = lost_vram,
		.gpu_id = dev->gpu_id,
	};

	call_users(dev, tell_reset, &data);
	if (lost_vram && READ_ONCE(dev->recovering))
		processes_tear_down(dev);
}

/** vkfd_process_reset_back() - @dev works again: what it missed is mapped. Takes svm locks. */
void vkfd_process_reset_back(struct vkfd_device *dev)
{
	call_users(dev, gpu_back, NULL);
}

/**
 * vkfd_process_device_add() - Prepare a GPU for processes
 * @dev: Probed GPU that user space cannot name yet.
 *
 * Return: 0 or -ENOMEM.
 */
int vkfd_process_device_add(struct vkfd_device *dev)
{
	return vkfd_smi_init(dev) ?: vkfd_queue_slots_init(dev);
}

/**
 * vkfd_process_device_remove() - Take a GPU away from its processes
 * @dev: GPU about to go; its engines may be dead already.
 *
 * Processes that use it lose all their GPU state and get -ENODEV from then on.
 *
 * Context: Process context, sleeps until their teardown ended. No process or
 * memory lock held.
 */
void vkfd_process_device_remove(struct vkfd_device *dev)
{
	vkfd_queue_slots_close(dev);
	processes_tear_down(dev);
}

/** vkfd_process_module_init() - Work queue and callbacks. Return: 0 or -ENOMEM. */
int vkfd_process_module_init(void)
{
	process_wq = alloc_workqueue("vkfd_process", WQ_UNBOUND, 0);
	if (!process_wq)
		return -ENOMEM;
	vkfd_irq_set_ops(&vkfd_process_irq_ops);
	vkfd_reset_module_init();
	vkfd_migrate_set_ops(&vkfd_process_migrate_ops);
	return 0;
}

/** vkfd_process_end_all() - End what lives on with its fd closed. Context: may sleep. */
void vkfd_process_end_all(void)
{
	processes_tear_down(NULL);
}

/** vkfd_process_module_exit() - Undo vkfd_process_module_init(); no process is left */
void vkfd_process_module_exit(void)
{
	destroy_workqueue(process_wq);
	rcu_barrier();
}
