/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_PROCESS_SMI_TYPES_H
#define VKFD_PROCESS_SMI_TYPES_H

#include <linux/compiler_attributes.h>
#include <linux/kfd_ioctl.h>
#include <linux/types.h>

/* Event files and what is written to them, for the files of process/ only. */

struct vkfd_device;
struct vkfd_migrate_news;
struct vkfd_pdd;
struct vkfd_process;

/* smi.c */
int vkfd_smi_init(struct vkfd_device *dev);
bool vkfd_smi_wanted(const struct vkfd_device *dev, enum kfd_smi_event event);
__printf(4, 5)
void vkfd_smi_post(struct vkfd_device *dev, pid_t tgid, enum kfd_smi_event event,
		   const char *format, ...);

/* smi_events.c: one function an event; @owner is the process, so that SVM can call them */
void vkfd_smi_migrate_begin(struct vkfd_process *p, struct vkfd_device *dev,
			    const struct vkfd_migrate_news *news);
void vkfd_smi_migrate_end(struct vkfd_process *p, struct vkfd_device *dev,
			  const struct vkfd_migrate_news *news, int err);
void vkfd_smi_fault_begin(void *owner, struct vkfd_device *dev, u64 va, bool write, u64 ns);
void vkfd_smi_fault_end(void *owner, struct vkfd_device *dev, u64 va, bool migrated);
void vkfd_smi_unmapped(void *owner, struct vkfd_device *dev, u64 start, u64 end,
		       enum KFD_SVM_UNMAP_TRIGGERS why);
void vkfd_smi_queues_evicted(struct vkfd_process *p, enum KFD_QUEUE_EVICTION_TRIGGERS why);
void vkfd_smi_queues_restored(struct vkfd_process *p);
void vkfd_smi_restore_late(void *owner);
void vkfd_smi_vm_fault(struct vkfd_process *p, struct vkfd_device *dev);
void vkfd_smi_process_begin(struct vkfd_pdd *pdd);
void vkfd_smi_process_end(struct vkfd_pdd *pdd);
void vkfd_smi_gpu_reset(struct vkfd_device *dev, const char *why);
void vkfd_smi_gpu_was_reset(struct vkfd_device *dev);

#endif
