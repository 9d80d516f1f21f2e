// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: TTM device
 *
 * Owns the TTM device of a GPU and the callbacks TTM needs: where an evicted
 * buffer goes, how it moves, how the CPU reaches VRAM. Called by TTM under the
 * buffer's dma_resv.
 *
 * Eviction: an SVM buffer is moved to EVICTED, a place without memory. Moving
 * there means that its pages are copied out to the RAM of the processes that
 * own them; TTM allocates no pages and no page directory for it.
 * eviction_system_allocs counts any such allocation and stays 0. An eviction
 * that fails, for whatever reason, is -ENOSPC, so that the walk goes on with
 * the next buffer. Other buffers are pinned and refuse to move.
 */
#include <linux/slab.h>
#include <drm/ttm/ttm_allocation.h>
#include <drm/ttm/ttm_tt.h>

#include "core/regio.h"
#include "mem/mem_int.h"

static bool bo_is_svm(struct ttm_buffer_object *ttm)
{
	return to_vkfd_bo(ttm)->kind == VKFD_BO_SVM;
}

/* An SVM buffer never needs one; if TTM asks all the same, it gets no page directory. */
static struct ttm_tt *tt_create(struct ttm_buffer_object *bo, u32 page_flags)
{
	struct vkfd_mem_mgr *mgr = to_vkfd_bo(bo)->dev->mem;
	struct ttm_tt *tt = kzalloc_obj(*tt);

	if (!tt)
		return NULL;
	if (bo_is_svm(bo)) {
		atomic64_inc(&mgr->eviction_system_allocs);
		tt->page_flags = page_flags | TTM_TT_FLAG_EXTERNAL;
		tt->caching = ttm_cached;
		return tt;
	}
	if (ttm_tt_init(tt, bo, page_flags, ttm_cached, 0)) {
		kfree(tt);
		return NULL;
	}
	return tt;
}

static void tt_destroy(struct ttm_device *ttm, struct ttm_tt *tt)
{
	ttm_tt_fini(tt);
	kfree(tt);
}

static void bo_evict_flags(struct ttm_buffer_object *bo, struct ttm_placement *placement)
{
	static const struct ttm_place evicted = { .mem_type = VKFD_PL_EVICTED };
	static const struct ttm_place system = { .mem_type = TTM_PL_SYSTEM };

	/* Never zero placements: that would free VRAM that pages still live in. */
	placement->num_placement = 1;
	placement->placement = bo_is_svm(bo) ? &evicted : &system;
}

static bool bo_eviction_valuable(struct ttm_buffer_object *bo, const struct ttm_place *place)
{
	bool spare = place && (place->flags & VKFD_PL_FLAG_SPARE);

	if (!bo_is_svm(bo) || vkfd_evict_waits(to_vkfd_bo(bo)->dev))
		return false;
	if (spare && vkfd_heat_is_hot(to_vkfd_svm_bo(to_vkfd_bo(bo))->heat))
		return false;
	return ttm_bo_eviction_valuable(bo, place);
}

static int bo_move(struct ttm_buffer_object *bo, bool evict, struct ttm_operation_ctx *ctx,
		   struct ttm_resource *new, struct ttm_place *hop)
{
	if (!bo->resource) {
		ttm_bo_move_null(bo, new);
		return 0;
	}
	if (!bo_is_svm(bo) || bo->resource->mem_type != VKFD_PL_VRAM ||
	    new->mem_type != VKFD_PL_EVICTED)
		return -ENOSPC;
	if (vkfd_svm_bo_evict(to_vkfd_svm_bo(to_vkfd_bo(bo))))
		return -ENOSPC;
	ttm_bo_move_null(bo, new);
	return 0;
}

static int bo_io_mem_reserve(struct ttm_device *ttm, struct ttm_resource *res)
{
	struct vkfd_mem_mgr *mgr = container_of(ttm, struct vkfd_mem_mgr, ttm);

	if (res->mem_type == VKFD_PL_GTT)
		return 0;
	if (res->mem_type != VKFD_PL_VRAM)
		return -EINVAL;
	/* Of the first block; bo_io_mem_pfn() knows the others. */
	res->bus.offset = mgr->dev->vram_bus + vkfd_vram_at(mgr, res, 0);
	res->bus.is_iomem = true;
	res->bus.caching = vkfd_device_is_coherent(mgr->dev) ? ttm_cached : ttm_write_combined;
	return 0;
}

static unsigned long bo_io_mem_pfn(struct ttm_buffer_object *bo, unsigned long page_offset)
{
	struct vkfd_device *dev = to_vkfd_bo(bo)->dev;

	return (dev->vram_bus + vkfd_vram_at(dev->mem, bo->resource,
					     (u64)page_offset << PAGE_SHIFT)) >> PAGE_SHIFT;
}

static void vram_copy(struct vkfd_device *dev, u64 at, void *buf, int bytes, bool write)
{
	if (write)
		memcpy_toio(dev->vram + at, buf, bytes);
	else
		memcpy_fromio(buf, dev->vram + at, bytes);
}

/* ptrace and /proc/PID/mem look at buffers too. */
static int bo_access_memory(struct ttm_buffer_object *bo, unsigned long offset, void *buf,
			    int len, int write)
{
	struct vkfd_device *dev = to_vkfd_bo(bo)->dev;
	int idx, bytes, done;

	if (bo->resource->mem_type != VKFD_PL_VRAM || !vkfd_bo_whole(to_vkfd_bo(bo)) ||
	    !vkfd_io_enter(dev, &idx))
		return -EIO;
	for (done = 0; done < len; done += bytes) {
		u64 at = vkfd_vram_at(dev->mem, bo->resource, offset + done);

		bytes = min_t(u64, len - done, PAGE_SIZE - (at & ~PAGE_MASK));
		vram_copy(dev, at, buf + done, bytes, write);
	}
	vkfd_io_exit(idx);
	return len;
}

static const struct ttm_device_funcs ttm_funcs = {
	.ttm_tt_create = tt_create,
	.ttm_tt_destroy = tt_destroy,
	.eviction_valuable = bo_eviction_valuable,
	.evict_flags = bo_evict_flags,
	.move = bo_move,
	.io_mem_reserve = bo_io_mem_reserve,
	.io_mem_pfn = bo_io_mem_pfn,
	.access_memory = bo_access_memory,
};

int vkfd_ttm_init(struct vkfd_mem_mgr *mgr, u64 vram_bytes)
{
	struct drm_device *drm = &mgr->dev->drm;
	int err;

	err = ttm_device_init(&mgr->ttm, &ttm_funcs, drm->dev, drm->anon_inode->i_mapping,
			      drm->vma_offset_manager, TTM_ALLOCATION_PROPAGATE_ENOSPC |
			      TTM_ALLOCATION_POOL_BENEFICIAL_ORDER(get_order(SZ_2M)));
	if (err)
		return err;
	err = vkfd_vram_mgr_init(mgr, vram_bytes);
	if (err) {
		ttm_device_fini(&mgr->ttm);
		return err;
	}
	vkfd_null_mgr_init(mgr, &mgr->gtt, VKFD_PL_GTT, true);
	vkfd_null_mgr_init(mgr, &mgr->evicted, VKFD_PL_EVICTED, false);
	return 0;
}

void vkfd_ttm_fini(struct vkfd_mem_mgr *mgr)
{
	/* Buffers that TTM frees later, on its queue, still sit in the managers. */
	drain_workqueue(mgr->ttm.wq);
	vkfd_null_mgr_fini(mgr, &mgr->evicted, VKFD_PL_EVICTED);
	vkfd_null_mgr_fini(mgr, &mgr->gtt, VKFD_PL_GTT);
	vkfd_vram_mgr_fini(mgr);
	ttm_device_fini(&mgr->ttm);
}
