/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_CORE_FAILPOINT_H
#define VKFD_CORE_FAILPOINT_H

struct vkfd_device;

/* Name of the file behind "fail_", error, what does not happen. */
#define VKFD_FAILPOINTS(POINT)                                                  \
	POINT(tables, -ENOMEM, "page tables for a mapping")                     \
	POINT(collect, -ENOMEM, "collecting the pages of a range")              \
	POINT(page, -EFAULT, "finding a page of a range, for good")             \
	POINT(populate, -ENOMEM, "moving a piece to VRAM, before it began")     \
	POINT(dma_map, -EIO, "DMA mapping of a page on its way to RAM")         \
	POINT(to_ram, -ENOMEM, "moving a window to RAM, before it began")       \
	POINT(garbage, -ENOMEM, "forgetting the attributes of unmapped memory") \
	POINT(save, -ENOMEM, "copying a buffer out of VRAM for suspend")        \
	POINT(suspend, -EBUSY, "going to sleep, after the GPU did")

enum vkfd_failpoint {
#define VKFD_FAILPOINT_ENUM(name, err, what) VKFD_FAIL_##name,
	VKFD_FAILPOINTS(VKFD_FAILPOINT_ENUM)
#undef VKFD_FAILPOINT_ENUM
	VKFD_NR_FAILPOINTS
};

int vkfd_failpoint(struct vkfd_device *dev, enum vkfd_failpoint point);
void vkfd_failpoint_debugfs(struct vkfd_device *dev);

#endif
