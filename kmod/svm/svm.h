/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_H
#define VKFD_SVM_H

#include <linux/kfd_ioctl.h>
#include <linux/types.h>

struct mm_struct;
struct seq_file;
struct vkfd_access_report;
struct vkfd_device;
struct vkfd_fault;
struct vkfd_svm;
struct vkfd_vm;
struct vkfd_whole_move;

/** struct vkfd_svm_ops - what the SVM state asks of its process */
struct vkfd_svm_ops {
	/**
	 * @violation: A GPU access cannot be served: memory exception event,
	 * queues of @dev stopped. Called from IH thread or worker, no svm lock.
	 */
	void (*violation)(void *owner, struct vkfd_device *dev, const struct vkfd_fault *fault);
	/**
	 * @quiesce: Stop all user queues of the process now. Legal in a
	 * notifier: no allocation, takes no lock that is held across one.
	 * Calls nest by count.
	 */
	void (*quiesce)(void *owner);
	/** @resume: Undo one @quiesce. */
	void (*resume)(void *owner);
	/** @late: What @quiesce waits for has to be tried again. Worker, no lock. */
	void (*late)(void *owner);
	/** @fault_begin: A GPU fault is being served; it came at @ns (boot time). Svm lock. */
	void (*fault_begin)(void *owner, struct vkfd_device *dev, u64 va, bool write, u64 ns);
	/** @fault_end: And has been, or that attempt failed. Follows each @fault_begin. */
	void (*fault_end)(void *owner, struct vkfd_device *dev, u64 va, bool migrated);
	/**
	 * @unmapped: @dev lost its mappings in [start, end), which may have had
	 * holes. Also in a notifier: as @quiesce.
	 */
	void (*unmapped)(void *owner, struct vkfd_device *dev, u64 start, u64 end,
			 enum KFD_SVM_UNMAP_TRIGGERS why);
	/**
	 * @overlaps_buffer: Does a buffer of the process live in [start, end)?
	 * Called with the svm lock; takes a leaf spinlock only.
	 */
	bool (*overlaps_buffer)(void *owner, u64 start, u64 end);
};

/* svm.c */
struct vkfd_svm *vkfd_svm_create(struct mm_struct *mm, u32 pasid, const struct vkfd_svm_ops *ops,
				 void *owner);
void vkfd_svm_destroy(struct vkfd_svm *svm);
int vkfd_svm_add_gpu(struct vkfd_svm *svm, struct vkfd_vm *vm);
int vkfd_svm_set_xnack(struct vkfd_svm *svm, bool on);
u64 vkfd_svm_vram_bytes(struct vkfd_svm *svm, struct vkfd_device *dev);
void vkfd_svm_gpu_back(struct vkfd_svm *svm);
void vkfd_svm_locations(struct vkfd_svm *svm, u64 va, u32 *prefetch, u32 *preferred);
int vkfd_svm_module_init(void);
void vkfd_svm_module_exit(void);

/* svm_set.c, svm_get.c: KFD's exact rules; @attrs are kernel copies */
int vkfd_svm_set_attrs(struct vkfd_svm *svm, u64 start, u64 size, u32 nattr,
		       const struct kfd_ioctl_svm_attribute *attrs);
int vkfd_svm_get_attrs(struct vkfd_svm *svm, u64 start, u64 size, u32 nattr,
		       struct kfd_ioctl_svm_attribute *attrs);

/* svm_buffer.c */
bool vkfd_svm_overlaps(struct vkfd_svm *svm, u64 start, u64 end);
int vkfd_svm_buffer_get(struct vkfd_svm *svm, struct vkfd_vm *vm, u64 va, u64 bytes);
void vkfd_svm_buffer_put(struct vkfd_svm *svm, u64 va, u64 bytes);

/* svm_fault.c: from vkfd_irq_ops.vm_fault */
void vkfd_svm_fault(struct vkfd_svm *svm, struct vkfd_device *dev, const struct vkfd_fault *fault);

/* svm_hot.c: from vkfd_irq_ops.access_count, and at probe */
void vkfd_svm_hot(struct vkfd_svm *svm, struct vkfd_device *dev,
		  const struct vkfd_access_report *report);
void vkfd_svm_hot_device(struct vkfd_device *dev);

/* svm_thrash.c: from vkfd_migrate_ops.done */
void vkfd_svm_thrash_returned(struct vkfd_svm *svm, u64 start, u64 end);

/* svm_show.c: debugfs kfd/proc/<pid>/svm_ranges */
void vkfd_svm_show(struct vkfd_svm *svm, struct seq_file *m);
/* svm_fault.c: debugfs kfd/proc/<pid>/faults */
void vkfd_svm_faults_show(struct vkfd_svm *svm, struct seq_file *m);
/* svm.c: debugfs kfd/proc/<pid>/svm_policy */
void vkfd_svm_policy_show(struct vkfd_svm *svm, struct seq_file *m);

/* svm_whole.c */
void vkfd_svm_whole_begin(struct vkfd_svm *svm, struct vkfd_whole_move *move);
void vkfd_svm_whole_end(struct vkfd_svm *svm, struct vkfd_whole_move *move);

#endif
