/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_HEALTH_H
#define VKFD_HEALTH_H

struct vkfd_device;

void vkfd_health_start(struct vkfd_device *dev);
void vkfd_health_stop(struct vkfd_device *dev);

#endif
