/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_PROCESS_H
#define VKFD_PROCESS_H

#include <linux/types.h>

/*
 * struct vkfd_process (amdkfd's kfd_process): one per mm, made at the first
 * open of /dev/kfd. Details belong to process/.
 */
struct dentry;
struct file;
struct kfd_ioctl_runtime_enable_args;
struct kfd_process_device_apertures;
struct kobject;
struct vkfd_device;
struct vkfd_process;
struct vkfd_svm;

/* Sets the interrupt and migration callbacks, so before the first probe. */
int vkfd_process_module_init(void);
/* No process is left. */
void vkfd_process_module_exit(void);
/* Before the roots go: tears down processes whose fd is closed; none can be opened any more. */
void vkfd_process_end_all(void);

/* Directories in which processes appear as <pid>; NULL before they are removed. */
void vkfd_process_set_roots(struct kobject *sysfs_proc, struct dentry *debugfs_proc);

/* A GPU arrives (before user space can name it) and leaves (its processes lose everything). */
int vkfd_process_device_add(struct vkfd_device *dev);
/* reset.c: lost GPUs are brought back; file gpu_recover when dev->debugfs exists */
void vkfd_reset_module_init(void);
void vkfd_reset_debugfs(struct vkfd_device *dev);
/* Around a PCI reset. */
void vkfd_reset_prepare(struct vkfd_device *dev);
void vkfd_reset_done(struct vkfd_device *dev);
/* suspend.c: steps of the PM core. */
int vkfd_suspend_prepare(struct vkfd_device *dev);
int vkfd_suspend(struct vkfd_device *dev);
void vkfd_resume(struct vkfd_device *dev);
void vkfd_suspend_complete(struct vkfd_device *dev);
/* Queues of processes that use a GPU, for suspend.c. */
void vkfd_process_suspend(struct vkfd_device *dev);
void vkfd_process_resume(struct vkfd_device *dev);
/* Steps of a reset, for reset.c. */
void vkfd_process_reset_queues(struct vkfd_device *dev);
void vkfd_process_reset_tell(struct vkfd_device *dev, bool lost_vram);
void vkfd_process_reset_back(struct vkfd_device *dev);
void vkfd_process_device_remove(struct vkfd_device *dev);

/* process.c */
struct vkfd_process *vkfd_process_open(void);
void vkfd_process_put(struct vkfd_process *p);
int vkfd_process_enter(struct vkfd_process *p);
void vkfd_process_leave(struct vkfd_process *p);
bool vkfd_process_is_current(const struct vkfd_process *p);
struct vkfd_svm *vkfd_process_svm(struct vkfd_process *p);
u32 vkfd_process_pasid(const struct vkfd_process *p);

/* pdd.c */
int vkfd_process_acquire_vm(struct vkfd_process *p, struct vkfd_device *dev, struct file *file);
int vkfd_process_set_xnack(struct vkfd_process *p, bool on);
bool vkfd_process_xnack(struct vkfd_process *p);
int vkfd_process_apertures(struct vkfd_process *p, struct kfd_process_device_apertures *out,
			   unsigned int room, unsigned int *count);
int vkfd_process_set_memory_policy(struct vkfd_process *p, u32 gpu_id, u32 policy, u32 alternate);
int vkfd_process_set_scratch(struct vkfd_process *p, u32 gpu_id, u64 va);
int vkfd_process_set_trap_handler(struct vkfd_process *p, u32 gpu_id, u64 tba, u64 tma);
int vkfd_process_available(struct vkfd_process *p, u32 gpu_id, u64 *bytes);
int vkfd_process_runtime(struct vkfd_process *p, struct kfd_ioctl_runtime_enable_args *args);

#endif
