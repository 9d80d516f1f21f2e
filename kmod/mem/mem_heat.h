/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_MEM_HEAT_H
#define VKFD_MEM_HEAT_H

#include <linux/types.h>

struct drm_pagemap_addr;
struct mm_struct;
struct vkfd_device;
struct vkfd_heat;

struct vkfd_heat *vkfd_heat_open(struct vkfd_device *dev, struct mm_struct *mm, u32 ctx);
void vkfd_heat_close(struct vkfd_heat *heat);
u64 vkfd_heat_bytes(const struct vkfd_heat *heat);
void vkfd_heat_note(struct vkfd_device *dev, const struct drm_pagemap_addr *addrs, u64 start,
		    u64 end);

#endif
