/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_PROCESS_CRIU_H
#define VKFD_PROCESS_CRIU_H

#include <linux/types.h>

struct file;
struct kfd_ioctl_criu_args;
struct vkfd_device;
struct vkfd_process;

/* The operations of CRIU_OP. @args: a kernel copy; the arrays it points to are the caller's. */

/* criu.c */
int vkfd_criu_info(struct vkfd_process *p, struct kfd_ioctl_criu_args *args);
void vkfd_criu_info_undo(struct vkfd_process *p);
int vkfd_criu_unpause(struct vkfd_process *p);

/* criu_dump.c */
int vkfd_criu_checkpoint(struct vkfd_process *p, const struct kfd_ioctl_criu_args *args);

/*
 * criu_restore.c; @claim makes a render node's file the process' own: 0 or -EINVAL.
 * It has no undo: a file claimed for a process stays that process'.
 */
typedef int (*vkfd_criu_claim_fn)(struct file *file, struct vkfd_device *dev, u32 pasid);
int vkfd_criu_restore(struct vkfd_process *p, const struct kfd_ioctl_criu_args *args,
		      vkfd_criu_claim_fn claim);

/* criu_resume.c: the process of @pid, in the caller's namespace */
int vkfd_criu_resume(u32 pid);

#endif
