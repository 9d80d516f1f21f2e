/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_MEM_DMA_H
#define VKFD_MEM_DMA_H

#include <linux/list.h>
#include <linux/scatterlist.h>
#include <linux/types.h>

struct device;
struct page;
struct vkfd_mem_mgr;
struct vkfd_vm;

/** struct vkfd_dma_map - system memory, or a piece of a BAR, as one device sees it */
struct vkfd_dma_map {
	struct device *dev;	/* NULL: not mapped */
	struct sg_table sgt;	/* of pages; empty for a BAR */
	dma_addr_t bar;
	u64 bytes;
};

int vkfd_dma_map_pages(struct vkfd_dma_map *map, struct device *dev, struct page **pages,
		       unsigned long npages);
int vkfd_dma_map_bar(struct vkfd_dma_map *map, struct device *dev, phys_addr_t phys, u64 bytes);
void vkfd_dma_unmap(struct vkfd_dma_map *map);
/* Calls @fn for each contiguous piece, in order, until it returns non-zero. */
int vkfd_dma_for_each(struct vkfd_dma_map *map, int (*fn)(u64 bus, u64 bytes, void *arg),
		      void *arg);

/** struct vkfd_mem_map - one buffer on one GPU */
struct vkfd_mem_map {
	/** @link: on &vkfd_mem.maps, owner's lock. */
	struct list_head link;
	/** @dev_link: on &vkfd_mem_mgr.maps of the GPU that maps it. */
	struct list_head dev_link;
	struct vkfd_vm *vm;
	/** @dma: guarded by &vkfd_mem_mgr.map_lock; VRAM has none. */
	struct vkfd_dma_map dma;
};

/* The GPU goes away: ends the DMA mappings that buffers still have on it. */
void vkfd_mem_maps_revoke(struct vkfd_mem_mgr *mgr);

#endif
