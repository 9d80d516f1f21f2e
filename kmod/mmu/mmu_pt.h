/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_MMU_PT_H
#define VKFD_MMU_PT_H

#include <linux/spinlock_types.h>
#include <linux/types.h>
#include "vkfd_hw/pte.h"

struct vkfd_device;

/**
 * struct vkfd_pt - one 4 KiB table in VRAM and its shadow in RAM
 *
 * Lives until the whole tree is destroyed.
 */
struct vkfd_pt {
	u64 vram_offset;
	/** @valid: PTB only: valid entries. With @shadow guarded by the vm's entry lock. */
	unsigned int valid;
	u64 *shadow;
	/** @children: NULL in a PTB; each set once, under the table mutex, read without lock. */
	struct vkfd_pt **children;
};

struct vkfd_pt *vkfd_pt_create(struct vkfd_device *dev, unsigned int level);
void vkfd_pt_destroy(struct vkfd_device *dev, struct vkfd_pt *pt);
u64 vkfd_pt_hive(struct vkfd_device *dev, const struct vkfd_pt *pt);
void vkfd_pt_store(struct vkfd_device *dev, struct vkfd_pt *pt, unsigned int index, u64 entry);
void vkfd_pt_write(struct vkfd_device *dev, struct vkfd_pt *pt, spinlock_t *entries);
struct vkfd_pt *vkfd_pt_child(const struct vkfd_pt *pt, unsigned int index);
int vkfd_pt_grow(struct vkfd_device *dev, struct vkfd_pt *pt, unsigned int index,
		 unsigned int level);

#endif
