// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: VRAM over a time without power
 *
 * Buffers in VRAM are pinned, for queues and page tables know their address. So
 * their content is copied to system memory and back to where it was. SVM pages
 * have left before (vkfd_mem_evict_all()); page tables have their copy in mmu/, the
 * GART is written anew. The copies are made by the CPU through the BAR: on the way
 * back no engine works yet.
 *
 * A buffer that its owner frees meanwhile keeps its place until the copy is dropped.
 *
 * Locks: &vkfd_mem_mgr.vram_bos_lock, a leaf. One save of a GPU at a time.
 */
#include <linux/io.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "core/failpoint.h"
#include "core/regio.h"
#include "mem/mem_int.h"
#include "mem/mem_mgr.h"

struct vram_copy {
	struct vkfd_device *dev;
	void *at;
	bool load;
};

static int copy_piece(u64 offset, u64 bytes, void *arg)
{
	struct vram_copy *copy = arg;
	u64 step;

	for (; bytes; bytes -= step) {
		step = min_t(u64, bytes, SZ_1M);
		if (copy->load)
			memcpy_toio(copy->dev->vram + offset, copy->at, step);
		else
			memcpy_fromio(copy->at, copy->dev->vram + offset, step);
		offset += step;
		copy->at += step;
		cond_resched();
	}
	return 0;
}

static void bo_copy(struct vkfd_bo *bo, bool load)
{
	struct vram_copy copy = { .dev = bo->dev, .at = bo->saved, .load = load };

	vkfd_vram_for_each(bo->dev->mem, bo->ttm.resource, copy_piece, &copy);
}

/* With a reference, or NULL. */
static struct vkfd_bo *next_bo(struct vkfd_mem_mgr *mgr, bool saved)
{
	struct vkfd_bo *bo, *found = NULL;

	spin_lock(&mgr->vram_bos_lock);
	list_for_each_entry(bo, &mgr->vram_bos, link) {
		if (!bo->saved == !saved && kref_get_unless_zero(&bo->ttm.base.refcount)) {
			found = bo;
			break;
		}
	}
	spin_unlock(&mgr->vram_bos_lock);
	return found;
}

/* No swapping is done for it, and nobody is killed: the tasks are frozen. */
static int bo_save(struct vkfd_bo *bo)
{
	u64 bytes = bo->ttm.base.size;
	int err = vkfd_failpoint(bo->dev, VKFD_FAIL_save);

	if (err)
		return err;
	bo->saved = __vmalloc(bytes, GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
	if (!bo->saved)
		return -ENOMEM;
	bo_copy(bo, false);
	return 0;
}

/**
 * vkfd_mem_save() - Copy what is in VRAM to system memory
 * @dev: GPU whose engines do nothing; its SVM pages have left.
 *
 * Context: Suspend, tasks are frozen.
 * Return: 0 or -ENOMEM; in both cases vkfd_mem_save_end() follows some time.
 */
int vkfd_mem_save(struct vkfd_device *dev)
{
	struct vkfd_mem_mgr *mgr = dev->mem;
	struct vkfd_bo *bo;
	int err = 0;

	unmap_mapping_range(dev->drm.anon_inode->i_mapping, 0, 0, 1);
	/* The reference goes with the copy. */
	while (!err && (bo = next_bo(mgr, false))) {
		err = bo_save(bo);
		if (err)
			vkfd_bo_put(bo);
	}
	return err;
}

/**
 * vkfd_mem_load() - Copy it back
 * @dev: GPU, after vkfd_mem_save(). Nothing of it works yet.
 *
 * Context: The reviver.
 */
void vkfd_mem_load(struct vkfd_device *dev)
{
	struct vkfd_mem_mgr *mgr = dev->mem;
	struct vkfd_bo *bo;

	/* Those with a copy have a reference: none leaves the list. */
	list_for_each_entry(bo, &mgr->vram_bos, link)
		if (bo->saved)
			bo_copy(bo, true);
	wmb(); /* write-combined content before the device may look */
}

/**
 * vkfd_mem_save_end() - Drop the copies and the area
 * @dev: GPU, with or without any.
 *
 * Context: May sleep.
 */
void vkfd_mem_save_end(struct vkfd_device *dev)
{
	struct vkfd_mem_mgr *mgr = dev->mem;
	struct vkfd_bo *bo;

	while ((bo = next_bo(mgr, true))) {
		vfree(bo->saved);
		bo->saved = NULL;
		vkfd_bo_put(bo);
		vkfd_bo_put(bo);
	}
	if (mgr->save_area)
		vkfd_bo_put(mgr->save_area);
	mgr->save_area = NULL;
}

/**
 * vkfd_mem_save_area_get() - A piece of VRAM where the device puts its state
 * @dev:   GPU.
 * @bytes: How much; an area that was there before goes.
 *
 * It is saved like any buffer, and goes with vkfd_mem_save_end().
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM: no room in VRAM, or none in one piece.
 */
int vkfd_mem_save_area_get(struct vkfd_device *dev, u64 bytes)
{
	struct vkfd_bo_params params = {
		.bytes = PAGE_ALIGN(bytes),
		.place = VKFD_PL_VRAM,
		.flags = TTM_PL_FLAG_CONTIGUOUS,
		.kind = VKFD_BO_KERNEL,
		.type = ttm_bo_type_kernel,
	};
	struct vkfd_mem_mgr *mgr = dev->mem;
	struct vkfd_bo *bo;

	/* What the device asks for is no reason to believe it. */
	if (bytes > dev->hw.vram_bytes)
		return -ENOMEM;
	if (mgr->save_area)
		vkfd_bo_put(mgr->save_area);
	mgr->save_area = NULL;
	bo = vkfd_bo_create(dev, &params);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	mgr->save_area = bo;
	return 0;
}

/**
 * vkfd_mem_save_area() - Where it is
 * @dev:   GPU, after vkfd_mem_save_area_get().
 * @bytes: Out: its length.
 *
 * Context: Any.
 * Return: Byte offset in VRAM.
 */
u64 vkfd_mem_save_area(struct vkfd_device *dev, u64 *bytes)
{
	struct vkfd_bo *bo = dev->mem->save_area;

	*bytes = bo->ttm.base.size;
	return vkfd_vram_at(dev->mem, bo->ttm.resource, 0);
}
