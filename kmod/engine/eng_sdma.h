/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_ENG_SDMA_H
#define VKFD_ENG_SDMA_H

#include <linux/dma-direction.h>
#include <linux/types.h>

struct dma_fence;
struct vkfd_device;

int vkfd_sdma_init(struct vkfd_device *dev);
/* After a reset. */
int vkfd_sdma_restart(struct vkfd_device *dev);
/* Completes outstanding fences with -ENODEV. */
void vkfd_sdma_fini(struct vkfd_device *dev);

/* Files fail_copies and sdma_*, when dev->debugfs exists. */
void vkfd_sdma_debugfs(struct vkfd_device *dev);
/* From the interrupt ring: completion, and an error or fault of the kernel's own queue. */
void vkfd_sdma_trap(struct vkfd_device *dev);
void vkfd_sdma_give_up(struct vkfd_device *dev, const char *why);

/** struct vkfd_copy_run - contiguous both in VRAM and on the bus */
struct vkfd_copy_run {
	u64 hive;		/* VRAM side, hive address */
	dma_addr_t bus;		/* system side */
	u32 pages;		/* 4 KiB pages, > 0 */
};

enum vkfd_copy_dir { VKFD_COPY_TO_VRAM, VKFD_COPY_TO_RAM };

/**
 * vkfd_sdma_copy_pages() - copy between system pages and VRAM through GART
 * @runs: pieces, any number; cut into GART windows inside.
 *
 * The engine itself writes the GART entries (packets in the ring), two windows
 * alternate so that one fills while the other copies. The returned fence
 * signals after the last byte; a hung or lost engine ends it with an error.
 *
 * Context: process context; takes the copy-window mutex, under which nothing
 * is allocated; legal under mmap_lock, folio locks and dma_resv, not in a
 * notifier. Allocates the fence before.
 * Return: counted fence or ERR_PTR(-ENODEV, -ENOMEM, -EIO).
 */
struct dma_fence *vkfd_sdma_copy_pages(struct vkfd_device *dev, enum vkfd_copy_dir dir,
				       const struct vkfd_copy_run *runs, unsigned int nr_runs);
/** vkfd_sdma_copy_vram() - VRAM to VRAM (own or peer), hive addresses */
struct dma_fence *vkfd_sdma_copy_vram(struct vkfd_device *dev, u64 dst_hive, u64 src_hive,
				      u64 bytes);
/** vkfd_sdma_fill() - fill VRAM with a 32-bit value; @bytes multiple of 4 */
struct dma_fence *vkfd_sdma_fill(struct vkfd_device *dev, u64 hive, u64 bytes, u32 value);
/**
 * vkfd_sdma_wait() - wait for a fence of this engine and drop it
 *
 * Bounded: a fence that does not signal in time stops the engine, marks the
 * device lost and ends every fence with an error.
 * Return: 0 or the fence's error. ERR_PTR fences are passed through.
 */
int vkfd_sdma_wait(struct vkfd_device *dev, struct dma_fence *fence);

#endif
