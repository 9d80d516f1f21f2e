// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: Buffers
 *
 * Owns creation and destruction of every TTM buffer: user buffers (VRAM, GTT),
 * blocks of page tables, and the common part of SVM buffers. The first two are
 * pinned for life; only SVM buffers are evicted.
 *
 * A buffer is locked with a ww ticket before TTM allocates for it, so that an
 * eviction walk may wait for one contended buffer instead of failing. TTM
 * frees a buffer whose allocation failed while we still hold its lock; hence
 * &vkfd_bo.refs, which keeps the memory until the creator has unlocked.
 *
 * Lifetime: one GEM reference per user; the last one gives up TTM's kref; the
 * destroy callback, alone, releases the GEM object and the memory.
 */
#include <linux/slab.h>
#include <drm/drm_gem.h>
#include <drm/drm_vma_manager.h>

#include "mem/mem_int.h"
#include "mem/mem_mgr.h"

#define BO_ALLOC_TRIES 3

static void bo_release_memory(struct vkfd_bo *bo)
{
	struct vkfd_mem_mgr *mgr = bo->dev->mem;

	if (!refcount_dec_and_test(&bo->refs))
		return;
	spin_lock(&mgr->vram_bos_lock);
	list_del_init(&bo->link);
	spin_unlock(&mgr->vram_bos_lock);
	drm_gem_object_release(&bo->ttm.base);
	if (bo->kind == VKFD_BO_SVM) {
		vkfd_svm_bo_gone(to_vkfd_svm_bo(bo));
		kfree(to_vkfd_svm_bo(bo));
		return;
	}
	atomic64_dec(&mgr->bos);
	kfree(bo);
}

static void bo_destroy(struct ttm_buffer_object *ttm)
{
	bo_release_memory(to_vkfd_bo(ttm));
}

static void bo_gem_free(struct drm_gem_object *gem)
{
	struct ttm_buffer_object *ttm = container_of(gem, struct ttm_buffer_object, base);

	if (to_vkfd_bo(ttm)->kind != VKFD_BO_SVM) {
		dma_resv_lock(gem->resv, NULL);
		ttm_bo_unpin(ttm);
		dma_resv_unlock(gem->resv);
	}
	ttm_bo_fini(ttm);
}

/* PROT_NONE mappings are made too; what counts is the access. */
static int bo_gem_mmap(struct drm_gem_object *gem, struct vm_area_struct *vma)
{
	struct ttm_buffer_object *ttm = container_of(gem, struct ttm_buffer_object, base);
	int err;

	if (to_vkfd_bo(ttm)->kind != VKFD_BO_USER)
		return -EPERM;
	err = ttm_bo_mmap_obj(vma, ttm);
	if (err)
		return err;
	/* TTM took a reference for the mapping, and so did GEM. */
	drm_gem_object_put(gem);
	return 0;
}

bool vkfd_bo_whole(const struct vkfd_bo *bo)
{
	return bo->generation == atomic_read(&bo->dev->mem->generation);
}

/* No bytes that nobody wrote: VRAM that lost its content is SIGBUS. */
static vm_fault_t bo_vm_fault(struct vm_fault *vmf)
{
	struct ttm_buffer_object *ttm = vmf->vma->vm_private_data;
	struct vkfd_bo *bo = to_vkfd_bo(ttm);
	vm_fault_t ret;

	if (!bo->in_vram)
		return ttm_bo_vm_fault(vmf);
	if (!vkfd_bo_whole(bo))
		return VM_FAULT_SIGBUS;
	ret = ttm_bo_vm_fault(vmf);
	/* It may have lost it since; then vkfd_mem_vram_lost() did not see our entry. */
	if (ret & VM_FAULT_RETRY || vkfd_bo_whole(bo))
		return ret;
	ttm_bo_unmap_virtual(ttm);
	return VM_FAULT_SIGBUS;
}

static const struct vm_operations_struct bo_vm_ops = {
	.fault = bo_vm_fault,
	.open = ttm_bo_vm_open,
	.close = ttm_bo_vm_close,
	.access = ttm_bo_vm_access,
};

static const struct drm_gem_object_funcs bo_gem_funcs = {
	.free = bo_gem_free,
	.mmap = bo_gem_mmap,
	.vm_ops = &bo_vm_ops,
};

static int bo_lock(struct vkfd_bo *bo, struct ww_acquire_ctx *ticket)
{
	int err;

	ww_acquire_init(ticket, &reservation_ww_class);
	err = dma_resv_lock(bo->ttm.base.resv, ticket);
	if (err)
		ww_acquire_fini(ticket);
	return err;
}

void vkfd_bo_unlock(struct vkfd_bo *bo, struct ww_acquire_ctx *ticket)
{
	ttm_bo_unreserve(&bo->ttm);
	ww_acquire_fini(ticket);
}

/**
 * vkfd_bo_init_locked() - place a buffer, evicting SVM buffers if need be
 * @dev:    GPU.
 * @bo:     zeroed memory; ours on success, freed on error.
 * @params: what and where.
 * @ticket: out, for vkfd_bo_unlock().
 *
 * Context: may sleep and evict; no dma_resv may be held.
 * Return: 0 with the buffer locked; -ENOSPC VRAM is full, -E2BIG it never
 * fits, -ENOMEM.
 */
int vkfd_bo_init_locked(struct vkfd_device *dev, struct vkfd_bo *bo,
			const struct vkfd_bo_params *params, struct ww_acquire_ctx *ticket)
{
	/* What is not used goes first, if there is such memory. */
	struct ttm_place places[] = {
		{ .mem_type = params->place, .flags = params->flags | VKFD_PL_FLAG_SPARE },
		{ .mem_type = params->place, .flags = params->flags },
	};
	bool choice = params->place == VKFD_PL_VRAM && vkfd_heat_mixed(dev->mem);
	struct ttm_placement placement = {
		.num_placement = choice ? 2 : 1,
		.placement = choice ? places : &places[1],
	};
	struct ttm_operation_ctx ctx = { .gfp_retry_mayfail = true };
	int err;

	bo->dev = dev;
	bo->kind = params->kind;
	bo->in_vram = params->place == VKFD_PL_VRAM;
	bo->generation = atomic_read(&dev->mem->generation);
	INIT_LIST_HEAD(&bo->link);
	refcount_set(&bo->refs, 2);
	bo->ttm.base.funcs = &bo_gem_funcs;
	drm_gem_private_object_init(&dev->drm, &bo->ttm.base, params->bytes);
	if (params->kind != VKFD_BO_SVM)
		atomic64_inc(&dev->mem->bos);

	err = bo_lock(bo, ticket);
	if (err) {
		bo_release_memory(bo);
		bo_release_memory(bo);
		return err;
	}
	err = ttm_bo_init_reserved(&dev->mem->ttm, &bo->ttm, params->type, &placement,
				   params->align_pages, &ctx, NULL, bo->ttm.base.resv,
				   bo_destroy);
	if (err) {
		dma_resv_unlock(bo->ttm.base.resv);
		ww_acquire_fini(ticket);
	}
	/* TTM's share remains, unless it gave the buffer back already. */
	bo_release_memory(bo);
	return err;
}

/**
 * vkfd_bo_create() - a pinned buffer
 * @dev:    GPU.
 * @params: kind is not VKFD_BO_SVM.
 *
 * The content of VRAM is what was there before.
 *
 * Context: may sleep and evict; no dma_resv may be held.
 * Return: the buffer with one GEM reference, or ERR_PTR(-ENOMEM).
 */
struct vkfd_bo *vkfd_bo_create(struct vkfd_device *dev, const struct vkfd_bo_params *params)
{
	struct ww_acquire_ctx ticket;
	unsigned int tries = BO_ALLOC_TRIES;
	struct vkfd_bo *bo;
	int err;

	do {
		bo = kzalloc_obj(*bo);
		if (!bo)
			return ERR_PTR(-ENOMEM);
		err = vkfd_bo_init_locked(dev, bo, params, &ticket);
		/* Buffers that could not be evicted at once may be free by then. */
		if (err == -ENOSPC)
			flush_workqueue(dev->mem->wq);
	} while (err == -ENOSPC && --tries);
	if (err)
		return ERR_PTR(err == -ENOSPC || err == -E2BIG ? -ENOMEM : err);
	ttm_bo_pin(&bo->ttm);
	vkfd_bo_unlock(bo, &ticket);
	if (bo->in_vram && bo->kind != VKFD_BO_TABLE) {
		spin_lock(&dev->mem->vram_bos_lock);
		list_add_tail(&bo->link, &dev->mem->vram_bos);
		spin_unlock(&dev->mem->vram_bos_lock);
	}
	return bo;
}
