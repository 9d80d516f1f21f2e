// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: VRAM manager
 *
 * Owns which bytes of VRAM belong to which buffer: TTM's resource manager for
 * VRAM on the kernel's buddy allocator, 4 KiB granular. Called by TTM under
 * the buffer's dma_resv. Its mutex guards the buddy trees and is the innermost
 * lock of mem/ but reclaim.
 *
 * SVM buffers grow from the bottom, everything else from the top, so that the
 * evictable part stays in one piece. A buffer of 2 MiB pages asks for pieces
 * of 2 MiB: then each is contiguous and aligned, which order-9 device pages
 * need and nobody above checks. A full VRAM is -ENOSPC, so that TTM evicts; a
 * request that never fits is -E2BIG, so that it does not evict in vain.
 */
#include <linux/slab.h>
#include <drm/drm_print.h>

#include "mem/mem_int.h"

static struct vkfd_vram_mgr *to_vram_mgr(struct ttm_resource_manager *man)
{
	return container_of(man, struct vkfd_vram_mgr, man);
}

static unsigned long buddy_flags(struct ttm_buffer_object *bo, const struct ttm_place *place)
{
	unsigned long flags = 0;

	if (to_vkfd_bo(bo)->kind != VKFD_BO_SVM)
		flags |= GPU_BUDDY_TOPDOWN_ALLOCATION;
	if (place->flags & TTM_PL_FLAG_CONTIGUOUS)
		flags |= GPU_BUDDY_CONTIGUOUS_ALLOCATION;
	return flags;
}

static void svm_account(struct vkfd_bo *bo, s64 bytes)
{
	atomic64_add(bytes, &bo->dev->mem->svm_bytes);
	vkfd_heat_account(to_vkfd_svm_bo(bo)->heat, bytes);
}

static int vram_alloc(struct ttm_resource_manager *man, struct ttm_buffer_object *bo,
		      const struct ttm_place *place, struct ttm_resource **out)
{
	struct vkfd_vram_mgr *vram = to_vram_mgr(man);
	u64 align = (u64)max(bo->page_alignment, 1u) << PAGE_SHIFT;
	struct vkfd_vram_res *res;
	int err;

	if (bo->base.size > man->size)
		return -E2BIG;
	res = kzalloc_obj(*res);
	if (!res)
		return -ENOMEM;
	INIT_LIST_HEAD(&res->blocks);
	ttm_resource_init(bo, place, &res->base);

	mutex_lock(&vram->lock);
	err = gpu_buddy_alloc_blocks(&vram->buddy, 0, man->size, bo->base.size, align,
				     &res->blocks, buddy_flags(bo, place));
	mutex_unlock(&vram->lock);
	if (err) {
		ttm_resource_fini(man, &res->base);
		kfree(res);
		return err == -ENOMEM ? -ENOMEM : -ENOSPC;
	}
	if (to_vkfd_bo(bo)->kind == VKFD_BO_SVM)
		svm_account(to_vkfd_bo(bo), bo->base.size);
	*out = &res->base;
	return 0;
}

static void vram_free(struct ttm_resource_manager *man, struct ttm_resource *base)
{
	struct vkfd_vram_mgr *vram = to_vram_mgr(man);
	struct vkfd_vram_res *res = to_vkfd_vram_res(base);
	struct vkfd_bo *bo = to_vkfd_bo(base->bo);

	if (bo->kind == VKFD_BO_SVM) {
		vkfd_svm_bo_forget(to_vkfd_svm_bo(bo), base);
		svm_account(bo, -(s64)bo->ttm.base.size);
	}
	mutex_lock(&vram->lock);
	gpu_buddy_free_list(&vram->buddy, &res->blocks, 0);
	mutex_unlock(&vram->lock);
	ttm_resource_fini(man, base);
	kfree(res);
}

static void vram_debug(struct ttm_resource_manager *man, struct drm_printer *printer)
{
	struct vkfd_vram_mgr *vram = to_vram_mgr(man);

	mutex_lock(&vram->lock);
	drm_printf(printer, "  available: %llu\n", vram->buddy.avail);
	mutex_unlock(&vram->lock);
}

static const struct ttm_resource_manager_func vram_func = {
	.alloc = vram_alloc,
	.free = vram_free,
	.debug = vram_debug,
};

int vkfd_vram_for_each(struct vkfd_mem_mgr *mgr, struct ttm_resource *base,
		       int (*fn)(u64 offset, u64 bytes, void *arg), void *arg)
{
	struct vkfd_vram_res *res = to_vkfd_vram_res(base);
	struct gpu_buddy_block *block;
	u64 start = 0, bytes = 0;
	int ret;

	list_for_each_entry(block, &res->blocks, link) {
		u64 offset = gpu_buddy_block_offset(block);

		if (bytes && start + bytes == offset) {
			bytes += gpu_buddy_block_size(&mgr->vram.buddy, block);
			continue;
		}
		ret = bytes ? fn(start, bytes, arg) : 0;
		if (ret)
			return ret;
		start = offset;
		bytes = gpu_buddy_block_size(&mgr->vram.buddy, block);
	}
	return bytes ? fn(start, bytes, arg) : 0;
}

u64 vkfd_vram_at(struct vkfd_mem_mgr *mgr, struct ttm_resource *base, u64 at)
{
	struct vkfd_vram_res *res = to_vkfd_vram_res(base);
	struct gpu_buddy_block *block;

	list_for_each_entry(block, &res->blocks, link) {
		u64 bytes = gpu_buddy_block_size(&mgr->vram.buddy, block);

		if (at < bytes)
			return gpu_buddy_block_offset(block) + at;
		at -= bytes;
	}
	WARN_ONCE(1, "vkfd: offset beyond a buffer in VRAM\n");
	return 0;
}

int vkfd_vram_mgr_init(struct vkfd_mem_mgr *mgr, u64 bytes)
{
	struct vkfd_vram_mgr *vram = &mgr->vram;
	int err;

	mutex_init(&vram->lock);
	vram->man.func = &vram_func;
	ttm_resource_manager_init(&vram->man, &mgr->ttm, bytes);
	err = gpu_buddy_init(&vram->buddy, bytes, PAGE_SIZE);
	if (err) {
		mutex_destroy(&vram->lock);
		return err;
	}
	gpu_buddy_driver_set_lock(&vram->buddy, &vram->lock);
	ttm_set_driver_manager(&mgr->ttm, VKFD_PL_VRAM, &vram->man);
	ttm_resource_manager_set_used(&vram->man, true);
	return 0;
}

void vkfd_vram_mgr_fini(struct vkfd_mem_mgr *mgr)
{
	struct vkfd_vram_mgr *vram = &mgr->vram;

	ttm_resource_manager_set_used(&vram->man, false);
	ttm_resource_manager_cleanup(&vram->man);
	ttm_set_driver_manager(&mgr->ttm, VKFD_PL_VRAM, NULL);
	mutex_lock(&vram->lock);
	gpu_buddy_fini(&vram->buddy);
	mutex_unlock(&vram->lock);
	mutex_destroy(&vram->lock);
}
