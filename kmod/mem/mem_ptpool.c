// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: Page-table memory
 *
 * Owns pinned blocks of VRAM and hands out 4 KiB pages of them to mmu/, which
 * knows this file only as &vkfd_pt_mem_ops. A block is 2 MiB, or less when
 * VRAM is that full. The first block with a free page serves; the search is
 * short because blocks are few (2 MiB of tables map 1 GiB in 4 KiB pages).
 * An empty block goes back to VRAM unless it is the only one with room, so
 * that a process at a block's edge does not allocate and free for ever.
 *
 * Its mutex is outside dma_resv: allocating a block may evict SVM buffers,
 * which never allocates page tables.
 */
#include <linux/bitmap.h>
#include <linux/slab.h>

#include "mem/mem_int.h"
#include "mmu/mmu_vm.h"

#define PT_BLOCK_PAGES VKFD_PIECE_PAGES

struct pt_block {
	struct list_head link;
	struct vkfd_bo *bo;
	u64 offset;
	unsigned int pages;
	unsigned int used;
	DECLARE_BITMAP(map, PT_BLOCK_PAGES);
};

static struct pt_block *block_create(struct vkfd_device *dev, unsigned int pages)
{
	struct vkfd_bo_params params = {
		.bytes = (u64)pages << PAGE_SHIFT,
		.place = VKFD_PL_VRAM,
		.align_pages = pages,
		.kind = VKFD_BO_TABLE,
		.type = ttm_bo_type_kernel,
	};
	struct pt_block *block = kzalloc_obj(*block);

	if (!block)
		return ERR_PTR(-ENOMEM);
	block->bo = vkfd_bo_create(dev, &params);
	if (IS_ERR(block->bo)) {
		int err = PTR_ERR(block->bo);

		kfree(block);
		return ERR_PTR(err);
	}
	block->pages = pages;
	block->offset = vkfd_vram_at(dev->mem, block->bo->ttm.resource, 0);
	return block;
}

static void block_destroy(struct vkfd_pt_pool *pool, struct pt_block *block)
{
	list_del(&block->link);
	atomic64_sub((u64)block->pages << PAGE_SHIFT, &pool->bytes);
	vkfd_bo_put(block->bo);
	kfree(block);
}

static struct pt_block *pool_grow(struct vkfd_device *dev)
{
	static const unsigned int sizes[] = { PT_BLOCK_PAGES, 16, 1 };
	struct vkfd_pt_pool *pool = &dev->mem->pt;
	struct pt_block *block = NULL;
	unsigned int i;

	lockdep_assert_held(&pool->lock);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		block = block_create(dev, sizes[i]);
		if (!IS_ERR(block))
			break;
	}
	if (IS_ERR(block))
		return block;
	list_add(&block->link, &pool->blocks);
	atomic64_add((u64)block->pages << PAGE_SHIFT, &pool->bytes);
	return block;
}

static struct pt_block *pool_find_room(struct vkfd_pt_pool *pool)
{
	struct pt_block *block;

	lockdep_assert_held(&pool->lock);
	list_for_each_entry(block, &pool->blocks, link)
		if (block->used < block->pages)
			return block;
	return NULL;
}

static int pt_alloc(struct vkfd_device *dev, u64 *vram_offset)
{
	struct vkfd_pt_pool *pool = &dev->mem->pt;
	struct pt_block *block;
	unsigned int page;
	int err = 0;

	if (vkfd_device_is_lost(dev))
		return -ENODEV;
	mutex_lock(&pool->lock);
	block = pool_find_room(pool);
	if (!block)
		block = pool_grow(dev);
	if (IS_ERR(block)) {
		err = PTR_ERR(block);
		goto out;
	}
	page = find_first_zero_bit(block->map, block->pages);
	__set_bit(page, block->map);
	block->used++;
	pool->used_pages++;
	*vram_offset = block->offset + ((u64)page << PAGE_SHIFT);
out:
	mutex_unlock(&pool->lock);
	return err;
}

static bool block_holds(const struct pt_block *block, u64 offset)
{
	return offset >= block->offset &&
	       offset - block->offset < (u64)block->pages << PAGE_SHIFT;
}

/* Keep one spare block while tables exist at all. */
static void pool_shrink(struct vkfd_pt_pool *pool, struct pt_block *empty)
{
	struct pt_block *block;

	lockdep_assert_held(&pool->lock);
	list_for_each_entry(block, &pool->blocks, link) {
		if (block != empty && block->used < block->pages) {
			block_destroy(pool, empty);
			return;
		}
	}
	if (!pool->used_pages)
		block_destroy(pool, empty);
}

static void pt_free(struct vkfd_device *dev, u64 vram_offset)
{
	struct vkfd_pt_pool *pool = &dev->mem->pt;
	struct pt_block *block;

	mutex_lock(&pool->lock);
	list_for_each_entry(block, &pool->blocks, link) {
		unsigned int page;

		if (!block_holds(block, vram_offset))
			continue;
		page = (vram_offset - block->offset) >> PAGE_SHIFT;
		if (WARN_ON(!__test_and_clear_bit(page, block->map)))
			break;
		pool->used_pages--;
		if (!--block->used)
			pool_shrink(pool, block);
		mutex_unlock(&pool->lock);
		return;
	}
	mutex_unlock(&pool->lock);
	WARN_ONCE(1, "vkfd: page table at 0x%llx freed but not allocated\n", vram_offset);
}

static const struct vkfd_pt_mem_ops pt_mem_ops = {
	.alloc = pt_alloc,
	.free = pt_free,
};

void vkfd_pt_pool_init(struct vkfd_mem_mgr *mgr)
{
	mutex_init(&mgr->pt.lock);
	INIT_LIST_HEAD(&mgr->pt.blocks);
	mgr->dev->pt_mem = &pt_mem_ops;
}

void vkfd_pt_pool_fini(struct vkfd_mem_mgr *mgr)
{
	struct pt_block *block, *next;

	mgr->dev->pt_mem = NULL;
	mutex_lock(&mgr->pt.lock);
	WARN_ON(mgr->pt.used_pages);
	list_for_each_entry_safe(block, next, &mgr->pt.blocks, link)
		block_destroy(&mgr->pt, block);
	mutex_unlock(&mgr->pt.lock);
	mutex_destroy(&mgr->pt.lock);
}
