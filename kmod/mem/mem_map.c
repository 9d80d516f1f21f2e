// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: Mapping buffers on GPUs
 *
 * Owns the translation of a buffer into page-table entries of one GPU address
 * space: VRAM by hive address, everything else by bus address as the DMA API
 * gives it to that GPU. Entries are written in the largest contiguous pieces,
 * so that mmu/ can use 2 MiB leaves. Complete on return: tables written, TLB
 * flushed if something valid was there.
 *
 * Called by process/, which serialises the buffer and keeps @vm alive. VRAM of
 * another GPU is refused: no link is advertised yet.
 */
#include <linux/slab.h>

#include "mem/mem_dma.h"
#include "mem/mem_int.h"
#include "mem/mem_obj_int.h"
#include "mmu/mmu_tlb.h"
#include "mmu/mmu_vm.h"
#include "vkfd_hw/doorbell.h"

struct map_writer {
	struct vkfd_vm *vm;
	u64 va;		/* advances */
	u64 flags;
	u32 node;	/* of VRAM */
	bool flush;
};

static int write_system(u64 bus, u64 bytes, void *arg)
{
	struct map_writer *w = arg;

	w->flush |= vkfd_vm_map(w->vm, w->va, bytes >> PAGE_SHIFT,
				bus | w->flags | VKFD_PTE_SYSTEM | VKFD_PTE_SNOOPED);
	w->va += bytes;
	return 0;
}

static int write_vram(u64 offset, u64 bytes, void *arg)
{
	struct map_writer *w = arg;

	w->flush |= vkfd_vm_map(w->vm, w->va, bytes >> PAGE_SHIFT,
				VKFD_HIVE_ADDR(w->node, offset) | w->flags);
	w->va += bytes;
	return 0;
}

static u64 entry_flags(const struct vkfd_mem *mem)
{
	u64 flags = VKFD_PTE_VALID | VKFD_PTE_READABLE;

	if (mem->params.writable)
		flags |= VKFD_PTE_WRITEABLE;
	if (mem->params.executable)
		flags |= VKFD_PTE_EXECUTABLE;
	return flags;
}

static int dma_map(struct vkfd_mem *mem, struct vkfd_dma_map *dma, struct device *dev)
{
	struct vkfd_device *owner = mem->dev;

	switch (mem->params.kind) {
	case VKFD_MEM_VRAM:
		return 0;
	case VKFD_MEM_GTT:
	case VKFD_MEM_USERPTR:
		return vkfd_dma_map_pages(dma, dev, mem->pages, mem->params.bytes >> PAGE_SHIFT);
	case VKFD_MEM_DOORBELL:
		return vkfd_dma_map_bar(dma, dev, owner->doorbell_bus +
					(u64)mem->params.doorbell_frame *
					VKFD_DOORBELL_FRAME_BYTES, mem->params.bytes);
	case VKFD_MEM_MMIO:
		return vkfd_dma_map_bar(dma, dev, owner->regs_bus + VKFD_REGS_REMAP_OFFSET,
					mem->params.bytes);
	}
	return -EINVAL;
}

static struct vkfd_mem_map *map_find(const struct vkfd_mem *mem, const struct vkfd_vm *vm)
{
	struct vkfd_mem_map *map;

	list_for_each_entry(map, &mem->maps, link)
		if (map->vm == vm)
			return map;
	return NULL;
}

static struct vkfd_mem_map *map_create(struct vkfd_mem *mem, struct vkfd_vm *vm)
{
	struct vkfd_device *dev = vkfd_vm_device(vm);
	struct vkfd_mem_mgr *mgr = dev->mem;
	struct vkfd_mem_map *map = kzalloc_obj(*map);
	int err = -ENODEV;

	if (!map)
		return ERR_PTR(-ENOMEM);
	map->vm = vm;
	mutex_lock(&mgr->map_lock);
	if (!READ_ONCE(mgr->closing))
		err = dma_map(mem, &map->dma, dev->drm.dev);
	if (!err)
		list_add(&map->dev_link, &mgr->maps);
	mutex_unlock(&mgr->map_lock);
	if (err) {
		kfree(map);
		return ERR_PTR(err);
	}
	list_add(&map->link, &mem->maps);
	return map;
}

static void map_destroy(struct vkfd_mem_map *map)
{
	struct vkfd_mem_mgr *mgr = vkfd_vm_device(map->vm)->mem;

	mutex_lock(&mgr->map_lock);
	vkfd_dma_unmap(&map->dma);
	list_del(&map->dev_link);
	mutex_unlock(&mgr->map_lock);
	list_del(&map->link);
	kfree(map);
}

static int map_write(struct vkfd_mem *mem, struct vkfd_mem_map *map)
{
	struct map_writer w = {
		.vm = map->vm,
		.va = mem->params.va,
		.flags = entry_flags(mem),
		.node = mem->dev->hw.node,
	};

	if (mem->params.kind == VKFD_MEM_VRAM)
		vkfd_vram_for_each(mem->dev->mem, mem->bo->ttm.resource, write_vram, &w);
	else
		vkfd_dma_for_each(&map->dma, write_system, &w);
	if (!w.flush)
		return 0;
	return vkfd_tlb_flush(map->vm, mem->params.va, mem->params.va + mem->params.bytes);
}

int vkfd_mem_map(struct vkfd_mem *mem, struct vkfd_vm *vm)
{
	struct vkfd_device *dev = vkfd_vm_device(vm);
	struct vkfd_mem_map *map;
	int err;

	if (!mem->params.va)
		return -EINVAL;
	if (mem->params.kind == VKFD_MEM_VRAM && dev != mem->dev)
		return -EOPNOTSUPP;
	if (vkfd_device_is_lost(dev))
		return -ENODEV;
	if (map_find(mem, vm))
		return 0;
	err = vkfd_vm_prealloc(vm, mem->params.va, mem->params.va + mem->params.bytes);
	if (err)
		return err;
	map = map_create(mem, vm);
	if (IS_ERR(map))
		return PTR_ERR(map);
	err = map_write(mem, map);
	if (err)
		map_destroy(map);	/* no flush, no device: nothing can use the entries */
	return err;
}

int vkfd_mem_unmap(struct vkfd_mem *mem, struct vkfd_vm *vm)
{
	struct vkfd_mem_map *map = map_find(mem, vm);
	u64 start = mem->params.va, end = start + mem->params.bytes;

	if (!map)
		return 0;
	/* A flush that fails means a lost device, which reaches nothing any more. */
	if (vkfd_vm_zap(vm, start, end))
		vkfd_tlb_flush(vm, start, end);
	map_destroy(map);
	return 0;
}

bool vkfd_mem_is_mapped(const struct vkfd_mem *mem, const struct vkfd_vm *vm)
{
	return map_find(mem, vm);
}
