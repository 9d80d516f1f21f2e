/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_PROCESS_QUEUE_H
#define VKFD_PROCESS_QUEUE_H

#include <linux/types.h>

struct file;
struct vkfd_process;
struct vkfd_queue_request;
struct vm_area_struct;

/** struct vkfd_queue_created - what CREATE_QUEUE hands out */
struct vkfd_queue_created {
	u32 queue_id;
	u32 doorbell;	/* byte offset in the GPU's doorbell frame */
};

int vkfd_queue_create(struct vkfd_process *p, const struct vkfd_queue_request *request,
		      struct vkfd_queue_created *out);
int vkfd_queue_destroy(struct vkfd_process *p, u32 queue_id);
int vkfd_queue_update(struct vkfd_process *p, u32 queue_id,
		      const struct vkfd_queue_request *request);
/* 0, or -EINVAL: no such queue. */
int vkfd_queue_check_id(struct vkfd_process *p, u32 queue_id);

/* doorbell.c: mmap of /dev/kfd */
int vkfd_doorbell_mmap(struct vkfd_process *p, u32 gpu_id, struct vm_area_struct *vma);
int vkfd_mmio_mmap(struct vkfd_process *p, u32 gpu_id, struct vm_area_struct *vma);

#endif
