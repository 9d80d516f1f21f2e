/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_H
#define VKFD_SVM_H

#include <linux/types.h>

struct kfd_ioctl_svm_attribute;
struct mm_struct;
struct seq_file;
struct vkfd_device;
struct vkfd_fault;
struct vkfd_svm;
struct vkfd_vm;

/** struct vkfd_svm_ops - what the SVM state asks of its process */
struct vkfd_svm_ops {
	/* A GPU access cannot be served: memory exception event, queues of @dev stopped. IH or worker context. */
	void (*violation)(void *owner, struct vkfd_device *dev, const struct vkfd_fault *fault);
	/* XNACK off: stop all user queues of the process now (legal in a notifier: no allocation, takes no
	 * lock that is held across an allocation), and start them again. Calls nest by count. */
	void (*quiesce)(void *owner);
	void (*resume)(void *owner);
	/* Does a buffer of the process live in [start, end)? Caller holds no svm lock. */
	bool (*overlaps_buffer)(void *owner, u64 start, u64 end);
};

/**
 * vkfd_svm_create() - SVM state of one process, shared by all its GPUs
 *
 * Grabs @mm (not its users). @owner must outlive vkfd_svm_destroy().
 */
struct vkfd_svm *vkfd_svm_create(struct mm_struct *mm, u32 pasid, const struct vkfd_svm_ops *ops, void *owner);
/* Teardown in the seeds' order (P6): cancel restore, flush deferred work, raise the drain
 * flag and wait for faults in service, unlink and free ranges. Queues are gone before. */
void vkfd_svm_destroy(struct vkfd_svm *svm);

/* A GPU joins (ACQUIRE_VM). Slot numbers are small and stable. */
int vkfd_svm_add_gpu(struct vkfd_svm *svm, struct vkfd_vm *vm);
/* Switch XNACK mode; no queue exists. Remaps what XNACK off needs mapped. */
int vkfd_svm_set_xnack(struct vkfd_svm *svm, bool on);

/* KFD's exact rules; @size in bytes; attributes are kernel copies. */
int vkfd_svm_set_attrs(struct vkfd_svm *svm, u64 start, u64 size, u32 nattr,
		       const struct kfd_ioctl_svm_attribute *attrs);
int vkfd_svm_get_attrs(struct vkfd_svm *svm, u64 start, u64 size, u32 nattr,
		       struct kfd_ioctl_svm_attribute *attrs);

/* Applies pending unmaps, then: does registered SVM memory overlap [start, end)? */
bool vkfd_svm_overlaps(struct vkfd_svm *svm, u64 start, u64 end);

/* Queue buffers (context-save area): [va, va+bytes) is SVM memory, GPU_ALWAYS_MAPPED, and mapped
 * on @vm. Counted: a munmap of such memory quiesces. 0 or -EINVAL. */
int vkfd_svm_buffer_get(struct vkfd_svm *svm, struct vkfd_vm *vm, u64 va, u64 bytes);
void vkfd_svm_buffer_put(struct vkfd_svm *svm, u64 va, u64 bytes);

/* From vkfd_irq_ops.vm_fault: queues the fault, never blocks long. Copies @fault. */
void vkfd_svm_fault(struct vkfd_svm *svm, struct vkfd_device *dev, const struct vkfd_fault *fault);

/* debugfs kfd/proc/<pid>/svm_ranges */
void vkfd_svm_show(struct vkfd_svm *svm, struct seq_file *m);

/* Module init and exit: caches, workqueue. */
int vkfd_svm_module_init(void);
void vkfd_svm_module_exit(void);

#endif
