/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_UAPI_CHARDEV_H
#define VKFD_UAPI_CHARDEV_H

#include <linux/types.h>

struct file;
struct vkfd_device;
struct vkfd_process;

/* Takes every device page mapped through /dev/kfd out of all address spaces. */
void vkfd_chardev_zap(void);

/* ioctl_table.c: @p is the caller's own process. */
long vkfd_ioctl_run(struct vkfd_process *p, unsigned int cmd, unsigned long arg);

/*
 * render.c: the GPU's render node file becomes the process' own. 0, -EINVAL no
 * render node of @dev or another process has it.
 */
int vkfd_render_claim(struct file *file, struct vkfd_device *dev, u32 pasid);

#endif
