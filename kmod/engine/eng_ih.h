/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_ENG_IH_H
#define VKFD_ENG_IH_H

#include <linux/types.h>

struct vkfd_device;

int vkfd_ih_init(struct vkfd_device *dev);
/* Around a reset: no handler runs between the two. */
void vkfd_ih_stop(struct vkfd_device *dev);
void vkfd_ih_restart(struct vkfd_device *dev);
/* Has the thread look at the ring. */
void vkfd_ih_kick(struct vkfd_device *dev);
/* After it returns no handler runs. */
void vkfd_ih_fini(struct vkfd_device *dev);
/* Files errors, ih_forge and ih_wptr, when dev->debugfs exists. */
void vkfd_ih_debugfs(struct vkfd_device *dev);
/* Bytes the device has published so far; a fault with a smaller ih_ptr is older. */
u64 vkfd_ih_wptr(struct vkfd_device *dev);
/* Waits, bounded, until every entry published before the call was dispatched. May sleep. */
int vkfd_ih_drain(struct vkfd_device *dev);

#endif
