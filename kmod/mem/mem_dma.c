// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: DMA mappings of buffers
 *
 * Owns the bus addresses under which a device reaches system pages or another
 * BAR, as the DMA API gives them: scattered pages become as few pieces as
 * possible. Called by mem_obj.c when a buffer is mapped on a GPU, once per
 * (buffer, GPU); x86 needs no syncing. A device that is removed while buffers
 * are mapped on it has its mappings ended here, and the buffer's owner finds
 * nothing left to unmap. Locks: the caller's, and &vkfd_mem_mgr.map_lock.
 */
#include <linux/dma-mapping.h>

#include "mem/mem_dma.h"
#include "mem/mem_int.h"

/* Every process maps the same page of registers. No line of it is in a CPU's cache. */
#define BAR_ATTRS DMA_ATTR_DEBUGGING_IGNORE_CACHELINES

int vkfd_dma_map_pages(struct vkfd_dma_map *map, struct device *dev, struct page **pages,
		       unsigned long npages)
{
	unsigned int segment = ALIGN_DOWN(dma_get_max_seg_size(dev), PAGE_SIZE);
	int err;

	err = sg_alloc_table_from_pages_segment(&map->sgt, pages, npages, 0,
						(u64)npages << PAGE_SHIFT,
						max_t(unsigned int, segment, PAGE_SIZE),
						GFP_KERNEL);
	if (err)
		return err;
	err = dma_map_sgtable(dev, &map->sgt, DMA_BIDIRECTIONAL, 0);
	if (err) {
		sg_free_table(&map->sgt);
		return err;
	}
	map->dev = dev;
	map->bytes = (u64)npages << PAGE_SHIFT;
	return 0;
}

int vkfd_dma_map_bar(struct vkfd_dma_map *map, struct device *dev, phys_addr_t phys, u64 bytes)
{
	map->bar = dma_map_resource(dev, phys, bytes, DMA_BIDIRECTIONAL, BAR_ATTRS);
	if (dma_mapping_error(dev, map->bar))
		return -ENOMEM;
	map->dev = dev;
	map->bytes = bytes;
	return 0;
}

void vkfd_dma_unmap(struct vkfd_dma_map *map)
{
	if (!map->dev)
		return;
	if (map->sgt.sgl) {
		dma_unmap_sgtable(map->dev, &map->sgt, DMA_BIDIRECTIONAL, 0);
		sg_free_table(&map->sgt);
	} else {
		dma_unmap_resource(map->dev, map->bar, map->bytes, DMA_BIDIRECTIONAL, BAR_ATTRS);
	}
	map->dev = NULL;
}

int vkfd_dma_for_each(struct vkfd_dma_map *map, int (*fn)(u64 bus, u64 bytes, void *arg),
		      void *arg)
{
	struct scatterlist *sg;
	u64 start = 0, bytes = 0;
	int i, ret;

	if (!map->sgt.sgl)
		return fn(map->bar, map->bytes, arg);
	for_each_sgtable_dma_sg(&map->sgt, sg, i) {
		if (bytes && start + bytes == sg_dma_address(sg)) {
			bytes += sg_dma_len(sg);
			continue;
		}
		ret = bytes ? fn(start, bytes, arg) : 0;
		if (ret)
			return ret;
		start = sg_dma_address(sg);
		bytes = sg_dma_len(sg);
	}
	return bytes ? fn(start, bytes, arg) : 0;
}

void vkfd_mem_maps_revoke(struct vkfd_mem_mgr *mgr)
{
	struct vkfd_mem_map *map, *next;

	mutex_lock(&mgr->map_lock);
	list_for_each_entry_safe(map, next, &mgr->maps, dev_link) {
		vkfd_dma_unmap(&map->dma);
		list_del_init(&map->dev_link);
	}
	mutex_unlock(&mgr->map_lock);
}
