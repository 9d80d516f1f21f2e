/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_PROCESS_RESET_H
#define VKFD_PROCESS_RESET_H

/* What reset.c and suspend.c share. */

struct vkfd_device;

/* As hw_init() of vkfd_drv.c, with everything allocated. The reviver, on a GPU that was reset. */
int vkfd_engines_restart(struct vkfd_device *dev);

#endif
