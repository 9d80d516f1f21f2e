/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_PROCESS_TYPES_H
#define VKFD_PROCESS_TYPES_H

#include <linux/interval_tree.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "core/device.h"
#include "vkfd_hw/doorbell.h"
#include "vkfd_hw/kiq.h"

/* Shared by the files of process/ only. */

struct vkfd_criu_pending;
struct vkfd_mem;
struct vkfd_fault;
struct vkfd_irq_ops;
struct vkfd_migrate_ops;
struct vkfd_proc_dir;
struct vkfd_svm;
struct vkfd_vm;

/** struct vkfd_pdd_counters - what one process did to one GPU; any context */
struct vkfd_pdd_counters {
	atomic64_t vram_bytes;	/* buffers, not SVM memory */
	atomic64_t faults;	/* VM faults reported */
	atomic64_t page_in;	/* pages migrated to this GPU */
	atomic64_t page_out;	/* pages migrated away from it */
};

/**
 * struct vkfd_pdd - one (process, GPU)
 *
 * Made when the process first names the GPU, freed with the process. Fields
 * without another note are guarded by &vkfd_process.lock.
 */
struct vkfd_pdd {
	struct vkfd_process *p;
	/** @dev: counted. */
	struct vkfd_device *dev;
	/** @link: on &vkfd_process.pdds; added under the lock, read under RCU, never removed. */
	struct list_head link;
	/** @file: render node file of ACQUIRE_VM, counted; NULL before. */
	struct file *file;
	/** @vm: address space, with @file; its context is the doorbell frame. */
	struct vkfd_vm *vm;
	/** @doorbell_frame: context of @vm, 0 before; read without a lock by mmap. */
	u32 doorbell_frame;
	/** @buffers: &struct vkfd_buffer by the number in its handle. */
	struct xarray buffers;
	DECLARE_BITMAP(doorbells, VKFD_DOORBELL_SLOTS);
	/** @stopped: an access violation stopped this GPU's queues until a reset; &vkfd_process.queue_lock. */
	bool stopped;
	/** @suspended: the GPU's suspend holds one stop of the queues; set and cleared by the PM core's thread. */
	bool suspended;
	/** @reset_at: violations reported before it were those of queues that a reset took; same lock. */
	u64 reset_at;
	u64 scratch_va, tba, tma;
	u32 policy, alternate_policy;
	/** @task: thread that acquired the VM, in the initial namespace; set once. */
	pid_t task;
	char comm[TASK_COMM_LEN];
	struct vkfd_pdd_counters counters;
	struct rcu_head rcu;
};

/** struct vkfd_events - events of one process */
struct vkfd_events {
	/** @lock: guards everything here and every event; taken from interrupt threads. */
	spinlock_t lock;
	/** @ids: &struct vkfd_event by id; the process lock to add and remove. */
	struct xarray ids;
	unsigned int nr_other;
	/** @page: mailbox slots, one 64-bit word an event; NULL until user space gave it. */
	u64 *page;
	u64 page_handle;
	/** @page_event: event whose creation brought it, 0 when that is gone. */
	u32 page_event;
	struct vkfd_mem *page_mem;
	/** @closed: teardown; nothing can be waited for any more. */
	bool closed;
};

/** enum vkfd_process_flags - bits of &vkfd_process.flags */
enum vkfd_process_flags {
	VKFD_PROCESS_DEAD,	/* exit began; set once, never cleared */
};

/**
 * struct vkfd_process - one address space that opened /dev/kfd
 *
 * Lock order: gate, lock, (svm and mm locks), queue_lock, buffer_lock and
 * event lock. queue_lock is taken inside MMU notifiers: nothing is allocated
 * under it.
 */
struct vkfd_process {
	struct kref kref;
	/** @hash: by mm; vkfd_processes_lock, RCU. */
	struct hlist_node hash;
	/** @mm: grabbed as long as the struct lives. */
	struct mm_struct *mm;
	/** @tgid: thread group that opened first: the only one that may use the file. */
	struct pid *tgid;
	struct mmu_notifier notifier;
	u32 pasid;
	unsigned long flags;
	/** @gate: read: an ioctl is running; write: teardown. */
	struct rw_semaphore gate;
	/** @map_lock: read: a device page is being mapped; inside mmap_lock. */
	struct rw_semaphore map_lock;

	/** @lock: guards pdds, buffers, queues' existence, modes. */
	struct mutex lock;
	struct list_head pdds;
	bool xnack;
	bool runtime_enabled;
	u64 r_debug;
	struct vkfd_svm *svm;
	/** @criu_infos: PROCESS_INFO calls since the last UNPAUSE; if any, queues are stopped. */
	unsigned int criu_infos;
	/** @criu_pending: restored, but not resumed: what waits for the memory; or NULL. */
	struct vkfd_criu_pending *criu_pending;

	/** @buffer_lock: leaf; guards @buffer_tree (by VA, and by CPU address of user memory). */
	spinlock_t buffer_lock;
	struct rb_root_cached buffer_tree;

	struct xarray queue_ids;
	/** @queue_lock: guards @queues, @evicted*, the run state of each queue. */
	struct mutex queue_lock;
	struct list_head queues;
	/** @evicted: nested quiesce calls; queues run only at 0. */
	unsigned int evicted;
	/** @evicted_since: boot time in ns of the present stop; @evicted_ns: all earlier ones. */
	u64 evicted_since, evicted_ns;
	/** @error_work: tells user space of queue errors, in its own mm. */
	struct work_struct error_work;

	struct vkfd_events events;

	struct work_struct teardown_work;
	/** @pid: of the leader at creation, for names. */
	pid_t pid;
	/** @own_pid: the same in its own namespace, what getpid() says. */
	pid_t own_pid;
	/** @shown: @pid stands for this process in sysfs and debugfs. */
	bool shown;
	struct vkfd_proc_dir *sysfs;
	struct dentry *debugfs;
	struct rcu_head rcu;
};

static inline bool vkfd_process_is_dead(const struct vkfd_process *p)
{
	return test_bit(VKFD_PROCESS_DEAD, &p->flags);
}

/* process.c */
struct vkfd_process *vkfd_process_by_pasid(u32 pasid);
int vkfd_process_srcu_lock(void);
void vkfd_process_srcu_unlock(int idx);
void vkfd_process_queue_work(struct work_struct *work);
struct vkfd_process *vkfd_process_by_mm_rcu(struct mm_struct *mm);
struct vkfd_process *vkfd_process_get_by_mm(struct mm_struct *mm);

/* pdd.c */
struct vkfd_pdd *vkfd_pdd_get(struct vkfd_process *p, u32 gpu_id);
struct vkfd_pdd *vkfd_pdd_find(struct vkfd_process *p, u32 gpu_id);
int vkfd_pdd_vm_begin(struct vkfd_pdd *pdd, struct file *file);
void vkfd_pdd_vm_abort(struct vkfd_pdd *pdd);
int vkfd_pdd_vm_publish(struct vkfd_pdd *pdd);
int vkfd_pdd_set_trap(struct vkfd_pdd *pdd, u64 tba, u64 tma);
int vkfd_process_set_xnack_locked(struct vkfd_process *p, bool on);
void vkfd_pdds_release(struct vkfd_process *p);
void vkfd_pdds_free(struct vkfd_process *p);

/* process_sysfs.c */
bool vkfd_process_is_shown(pid_t pid);
void vkfd_process_sysfs_add(struct vkfd_process *p);
void vkfd_process_sysfs_add_gpu(struct vkfd_pdd *pdd);
void vkfd_process_sysfs_remove(struct vkfd_process *p);

/* irq.c */
extern const struct vkfd_irq_ops vkfd_process_irq_ops;
extern const struct vkfd_migrate_ops vkfd_process_migrate_ops;
void vkfd_process_violation(void *owner, struct vkfd_device *dev, const struct vkfd_fault *fault);

#endif
