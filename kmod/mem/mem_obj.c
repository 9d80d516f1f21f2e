// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: Buffers as the KFD ABI knows them
 *
 * Owns struct vkfd_mem: creation and end of each kind. What a kind is made of
 * lives elsewhere: VRAM and GTT in a TTM buffer (mem_bo.c), user pages in
 * mem_userptr.c; doorbell frames and the HDP flush page are only places in a
 * BAR. Mapping is in mem_map.c. Called by process/ and uapi/, which serialise
 * map, unmap and free of one buffer; nothing here locks for that.
 *
 * What is asked for as VRAM of an APU is a GTT buffer, here and for everybody who
 * looks at it later.
 *
 * Refuses: sizes that are not pages, doorbells that are not one frame, a lost
 * device; a refused call leaves nothing behind.
 */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <drm/drm_file.h>
#include <drm/drm_prime.h>
#include <drm/drm_vma_manager.h>
#include <drm/ttm/ttm_tt.h>

#include "engine/eng_sdma.h"
#include "mem/mem_int.h"
#include "mem/mem_mgr.h"
#include "mem/mem_obj_int.h"
#include "vkfd_hw/doorbell.h"

struct fill_chain {
	struct vkfd_device *dev;
	struct dma_fence *last;
};

static int fill_piece(u64 offset, u64 bytes, void *arg)
{
	struct fill_chain *chain = arg;
	struct dma_fence *fence;
	int err = 0;

	fence = vkfd_sdma_fill(chain->dev, VKFD_HIVE_ADDR(chain->dev->hw.node, offset), bytes, 0);
	if (chain->last)
		err = vkfd_sdma_wait(chain->dev, chain->last);
	chain->last = fence;
	return err;
}

/* What another process left in VRAM must not be seen. */
static int vram_zero(struct vkfd_device *dev, struct vkfd_bo *bo)
{
	struct fill_chain chain = { .dev = dev };
	int err, last;

	err = vkfd_vram_for_each(dev->mem, bo->ttm.resource, fill_piece, &chain);
	last = chain.last ? vkfd_sdma_wait(dev, chain.last) : 0;
	return err ?: last;
}

static int vram_init(struct vkfd_mem *mem)
{
	struct vkfd_bo_params params = {
		.bytes = mem->params.bytes,
		.place = VKFD_PL_VRAM,
		.flags = mem->params.contiguous ? TTM_PL_FLAG_CONTIGUOUS : 0,
		.kind = VKFD_BO_USER,
		.type = ttm_bo_type_device,
	};
	struct vkfd_bo *bo;
	int err;

	/* Do not evict everybody for what cannot fit. */
	if (params.bytes > mem->dev->mem->vram.man.size -
			   (ttm_resource_manager_usage(&mem->dev->mem->vram.man) -
			    atomic64_read(&mem->dev->mem->svm_bytes)))
		return -ENOMEM;
	bo = vkfd_bo_create(mem->dev, &params);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	err = vram_zero(mem->dev, bo);
	if (err) {
		vkfd_bo_put(bo);
		return vkfd_device_is_lost(mem->dev) ? -ENODEV : err;
	}
	mem->bo = bo;
	return 0;
}

static int gtt_init(struct vkfd_mem *mem)
{
	struct vkfd_bo_params params = {
		.bytes = mem->params.bytes,
		.place = VKFD_PL_GTT,
		.kind = VKFD_BO_USER,
		.type = ttm_bo_type_device,
	};
	struct vkfd_bo *bo;
	int err;

	err = vkfd_sysmem_reserve(params.bytes);
	if (err)
		return err;
	bo = vkfd_bo_create(mem->dev, &params);
	if (IS_ERR(bo)) {
		vkfd_sysmem_unreserve(params.bytes);
		return PTR_ERR(bo);
	}
	mem->charged = params.bytes;
	mem->bo = bo;
	mem->pages = bo->ttm.ttm->pages;
	return 0;
}

static int userptr_init(struct vkfd_mem *mem)
{
	int err = vkfd_userptr_pin(mem);

	if (err)
		vkfd_userptr_unpin(mem);
	return err;
}

static int doorbell_init(struct vkfd_mem *mem)
{
	if (mem->params.bytes > VKFD_DOORBELL_FRAME_BYTES ||
	    mem->params.doorbell_frame >= VKFD_DOORBELL_FRAMES)
		return -EINVAL;
	return 0;
}

static int mmio_init(struct vkfd_mem *mem)
{
	return mem->params.bytes == PAGE_SIZE ? 0 : -EINVAL;
}

static int (*const kind_init[])(struct vkfd_mem *mem) = {
	[VKFD_MEM_VRAM] = vram_init,
	[VKFD_MEM_GTT] = gtt_init,
	[VKFD_MEM_USERPTR] = userptr_init,
	[VKFD_MEM_DOORBELL] = doorbell_init,
	[VKFD_MEM_MMIO] = mmio_init,
};

static bool params_valid(const struct vkfd_mem_params *params)
{
	if ((u32)params->kind >= ARRAY_SIZE(kind_init))
		return false;
	if (!params->bytes || !PAGE_ALIGNED(params->bytes))
		return false;
	if (!PAGE_ALIGNED(params->va) || params->va + params->bytes < params->va)
		return false;
	return PAGE_ALIGNED(params->user_addr);
}

int vkfd_mem_alloc(struct vkfd_device *dev, const struct vkfd_mem_params *params,
		   struct vkfd_mem **out)
{
	struct vkfd_mem *mem;
	int err;

	if (!params_valid(params))
		return -EINVAL;
	if (vkfd_device_is_lost(dev))
		return -ENODEV;
	mem = kzalloc_obj(*mem);
	if (!mem)
		return -ENOMEM;
	kref_init(&mem->ref);
	INIT_LIST_HEAD(&mem->maps);
	mem->params = *params;
	if (params->kind == VKFD_MEM_VRAM && vkfd_device_is_apu(dev))
		mem->params.kind = VKFD_MEM_GTT;
	mem->dev = dev;
	err = kind_init[mem->params.kind](mem);
	if (err) {
		kfree(mem);
		return err;
	}
	drm_dev_get(&dev->drm);
	*out = mem;
	return 0;
}

struct vkfd_mem *vkfd_mem_get(struct vkfd_mem *mem)
{
	kref_get(&mem->ref);
	return mem;
}

static void mem_free(struct kref *ref)
{
	struct vkfd_mem *mem = container_of(ref, struct vkfd_mem, ref);
	struct vkfd_device *dev = mem->dev;

	WARN_ON(!list_empty(&mem->maps));
	vkfd_mem_kunmap(mem);
	if (mem->params.kind == VKFD_MEM_USERPTR)
		vkfd_userptr_unpin(mem);
	if (mem->bo) {
		vkfd_bo_put(mem->bo);
		vkfd_sysmem_unreserve(mem->charged);
	}
	kfree(mem);
	drm_dev_put(&dev->drm);
}

void vkfd_mem_put(struct vkfd_mem *mem)
{
	kref_put(&mem->ref, mem_free);
}

struct vkfd_device *vkfd_mem_device(const struct vkfd_mem *mem)
{
	return mem->dev;
}

const struct vkfd_mem_params *vkfd_mem_params(const struct vkfd_mem *mem)
{
	return &mem->params;
}

struct drm_gem_object *vkfd_mem_gem(struct vkfd_mem *mem)
{
	return mem->bo ? &mem->bo->ttm.base : NULL;
}

struct file *vkfd_mem_export(struct vkfd_mem *mem, bool writable)
{
	struct drm_gem_object *gem = vkfd_mem_gem(mem);
	struct dma_buf *dmabuf;

	if (!gem)
		return ERR_PTR(-EINVAL);
	dmabuf = drm_gem_prime_export(gem, O_CLOEXEC | (writable ? O_RDWR : O_RDONLY));
	return IS_ERR(dmabuf) ? ERR_CAST(dmabuf) : dmabuf->file;
}

u64 vkfd_mem_mmap_offset(const struct vkfd_mem *mem)
{
	return mem->bo ? drm_vma_node_offset_addr(&mem->bo->ttm.base.vma_node) : 0;
}

int vkfd_mem_mmap_allow(struct vkfd_mem *mem, struct drm_file *file)
{
	if (!mem->bo)
		return -EINVAL;
	return drm_vma_node_allow(&mem->bo->ttm.base.vma_node, file);
}

void vkfd_mem_mmap_revoke(struct vkfd_mem *mem, struct drm_file *file)
{
	if (mem->bo)
		drm_vma_node_revoke(&mem->bo->ttm.base.vma_node, file);
}

void *vkfd_mem_kmap(struct vkfd_mem *mem)
{
	if (mem->params.kind != VKFD_MEM_GTT)
		return NULL;
	if (!mem->vaddr)
		mem->vaddr = vmap(mem->pages, mem->params.bytes >> PAGE_SHIFT, VM_MAP,
				  PAGE_KERNEL);
	return mem->vaddr;
}

void vkfd_mem_kunmap(struct vkfd_mem *mem)
{
	vunmap(mem->vaddr);
	mem->vaddr = NULL;
}
