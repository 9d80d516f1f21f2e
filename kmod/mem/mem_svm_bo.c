// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: SVM buffers
 *
 * Owns the VRAM behind device-private pages: a light subtype of our TTM buffer
 * with the helpers' &drm_pagemap_devmem inside and its own dma_resv. One
 * buffer is one migrated piece, a power of two from 4 KiB to 2 MiB.
 *
 * Lifetime: the creator and the pages (through the helpers' zone device data)
 * hold GEM references. The last page may be freed in any context, under
 * page-table locks or inside the eviction of this very buffer, so release only
 * puts the buffer on a lock-free list; a worker drops the reference. The mm is
 * grabbed for as long as the buffer exists, because the helpers keep a bare
 * pointer to it and a forked child may hold the pages after the owner died.
 *
 * &vkfd_pagemap.bos finds the buffer of a page. The entry exists while the
 * buffer owns the VRAM, hence also while anybody holds one of its pages locked.
 */
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "mem/mem_int.h"

static struct vkfd_svm_bo *devmem_to_bo(struct drm_pagemap_devmem *devmem)
{
	return container_of(devmem, struct vkfd_svm_bo, devmem);
}

static void devmem_release(struct drm_pagemap_devmem *devmem)
{
	struct vkfd_svm_bo *bo = devmem_to_bo(devmem);
	struct vkfd_mem_mgr *mgr = bo->base.dev->mem;

	if (llist_add(&bo->released, &mgr->released))
		queue_work(mgr->wq, &mgr->release_work);
}

static void release_work(struct work_struct *work)
{
	struct vkfd_mem_mgr *mgr = container_of(work, struct vkfd_mem_mgr, release_work);
	struct vkfd_svm_bo *bo, *next;

	llist_for_each_entry_safe(bo, next, llist_del_all(&mgr->released), released)
		vkfd_bo_put(&bo->base);
}

struct pfn_cursor {
	unsigned long *pfn;
	unsigned long left;
	unsigned long base;
};

static int fill_pfns(u64 offset, u64 bytes, void *arg)
{
	struct pfn_cursor *cursor = arg;
	unsigned long first = cursor->base + (offset >> PAGE_SHIFT);
	unsigned long i, pages = min_t(u64, bytes >> PAGE_SHIFT, cursor->left);

	for (i = 0; i < pages; i++)
		*cursor->pfn++ = first + i;
	cursor->left -= pages;
	return 0;
}

static int populate_devmem_pfn(struct drm_pagemap_devmem *devmem, unsigned long npages,
			       unsigned long *pfn)
{
	struct vkfd_svm_bo *bo = devmem_to_bo(devmem);
	struct vkfd_pagemap *pagemap = to_vkfd_pagemap(devmem->dpagemap);
	struct pfn_cursor cursor = {
		.pfn = pfn,
		.left = npages,
		.base = PHYS_PFN(pagemap->pgmap.range.start),
	};

	vkfd_vram_for_each(bo->base.dev->mem, bo->base.ttm.resource, fill_pfns, &cursor);
	return WARN_ON(cursor.left) ? -EINVAL : 0;
}

static const struct drm_pagemap_devmem_ops devmem_ops = {
	.devmem_release = devmem_release,
	.populate_devmem_pfn = populate_devmem_pfn,
	.copy_to_devmem = vkfd_copy_to_devmem,
	.copy_to_ram = vkfd_copy_to_ram,
};

struct owner_store {
	struct vkfd_pagemap *pagemap;
	struct vkfd_svm_bo *bo;
};

/* Pieces of the buddy allocator are powers of two, or become several entries. */
static int owner_set(u64 offset, u64 bytes, void *arg)
{
	struct owner_store *store = arg;
	void *old;

	old = xa_store_range(&store->pagemap->bos, offset >> PAGE_SHIFT,
			     ((offset + bytes) >> PAGE_SHIFT) - 1, store->bo, GFP_KERNEL);
	return xa_err(old);
}

static int owner_clear(u64 offset, u64 bytes, void *arg)
{
	struct owner_store *store = arg;
	unsigned long index = offset >> PAGE_SHIFT;
	unsigned long last = ((offset + bytes) >> PAGE_SHIFT) - 1;
	void *bo;

	xa_for_each_range(&store->pagemap->bos, index, bo, offset >> PAGE_SHIFT, last)
		if (bo == store->bo)
			xa_erase(&store->pagemap->bos, index);
	return 0;
}

void vkfd_svm_bo_forget(struct vkfd_svm_bo *bo, struct ttm_resource *vram)
{
	struct owner_store store = { .pagemap = bo->pagemap, .bo = bo };

	vkfd_vram_for_each(bo->base.dev->mem, vram, owner_clear, &store);
}

void vkfd_svm_bo_gone(struct vkfd_svm_bo *bo)
{
	atomic64_dec(&bo->base.dev->mem->svm_bos);
	if (bo->devmem.pre_migrate_fence)
		dma_fence_put(bo->devmem.pre_migrate_fence);
	vkfd_heat_put(bo->heat);
	mmdrop(bo->devmem.mm);
}

bool vkfd_svm_bo_readable(const struct vkfd_svm_bo *bo)
{
	struct vkfd_device *dev = bo->base.dev;
	/* By the CPU, whatever the engines do, unless the GPU was pulled out. */
	bool gone = vkfd_device_is_coherent(dev) ? pci_channel_offline(dev->pdev) :
						   vkfd_device_is_lost(dev);

	return !gone && vkfd_bo_whole(&bo->base);
}

/* May it become readable? Waits a moment for the answer; locks of the caller are held. */
bool vkfd_svm_bo_may_return(const struct vkfd_svm_bo *bo)
{
	return vkfd_device_wait_recovered(bo->base.dev) && vkfd_bo_whole(&bo->base);
}

static int bo_place(struct vkfd_device *dev, struct vkfd_svm_bo *bo, u64 bytes,
		    struct ww_acquire_ctx *ticket)
{
	struct vkfd_bo_params params = {
		.bytes = bytes,
		.place = VKFD_PL_VRAM,
		/* One piece where device pages may be one folio. */
		.align_pages = bytes == SZ_2M ? VKFD_PIECE_PAGES : 1,
		.kind = VKFD_BO_SVM,
		.type = ttm_bo_type_kernel,
	};

	atomic64_inc(&dev->mem->svm_bos);
	return vkfd_bo_init_locked(dev, &bo->base, &params, ticket);
}

/**
 * vkfd_svm_bo_create() - VRAM for one piece
 * @dev:    GPU with a pagemap.
 * @mm:     owner of the pages; a mm_struct reference is taken.
 * @va:     where the piece is.
 * @bytes:  power of two up to 2 MiB.
 * @ticket: out, for vkfd_bo_unlock().
 *
 * Context: may sleep and evict; mmap_lock may be held, no dma_resv.
 * Return: the buffer, locked so that nobody evicts it while it is filled, with
 * one GEM reference; ERR_PTR(-ENOSPC) when VRAM is full, ERR_PTR(-ENOMEM).
 */
struct vkfd_svm_bo *vkfd_svm_bo_create(struct vkfd_device *dev, struct mm_struct *mm, u64 va,
				       u64 bytes, struct ww_acquire_ctx *ticket)
{
	struct vkfd_svm_bo *bo = kzalloc_obj(*bo);
	struct vkfd_pagemap *pagemap = dev->pagemap;
	struct owner_store store = { .pagemap = pagemap, .bo = bo };
	int err;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	mmgrab(mm);
	bo->va = va;
	bo->serial = atomic64_inc_return(&dev->mem->serial);
	bo->pagemap = pagemap;
	bo->heat = vkfd_heat_of(dev->mem, mm);
	INIT_WORK(&bo->rescue, vkfd_svm_bo_rescue);
	drm_pagemap_devmem_init(&bo->devmem, dev->drm.dev, mm, &devmem_ops,
				&pagemap->dpagemap, bytes, NULL);
	err = bo_place(dev, bo, bytes, ticket);
	if (err)
		return ERR_PTR(err);
	err = vkfd_vram_for_each(dev->mem, bo->base.ttm.resource, owner_set, &store);
	if (err) {
		vkfd_bo_unlock(&bo->base, ticket);
		vkfd_bo_put(&bo->base);
		return ERR_PTR(err);
	}
	return bo;
}

void vkfd_svm_release_init(struct vkfd_mem_mgr *mgr)
{
	init_llist_head(&mgr->released);
	INIT_WORK(&mgr->release_work, release_work);
}
