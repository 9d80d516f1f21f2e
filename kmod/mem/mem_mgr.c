// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: Memory of a GPU
 *
 * Owns the order in which the parts of mem/ come and go. There are two ends.
 * vkfd_mem_fini(), at removal, takes everything off the hardware: pages move
 * out of VRAM, DMA mappings go, CPU mappings of VRAM go. Buffers may live on
 * after that, because files, mappings and processes hold them; they hold the
 * drm_device too, whose release frees the rest.
 *
 * After vkfd_mem_init() nothing here takes a lock; counters are atomics.
 */
#include <linux/slab.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "engine/eng_gart.h"
#include "mem/mem_dma.h"
#include "mem/mem_int.h"
#include "mem/mem_mgr.h"
#include "mem/mem_pagemap.h"

static void mem_release(struct drm_device *drm, void *arg)
{
	struct vkfd_mem_mgr *mgr = arg;

	flush_workqueue(mgr->wq);
	vkfd_pt_pool_fini(mgr);
	vkfd_ttm_fini(mgr);
	destroy_workqueue(mgr->wq);
	mutex_destroy(&mgr->heat_lock);
	mutex_destroy(&mgr->map_lock);
	mgr->dev->mem = NULL;
	kfree(mgr);
}

/* The part below TTM; undone by mem_release(). */
static struct vkfd_mem_mgr *mem_mgr_create(struct vkfd_device *dev)
{
	u64 bytes = dev->hw.vram_bytes - vkfd_gart_reserved_bytes(dev);
	struct vkfd_mem_mgr *mgr = kzalloc_obj(*mgr);
	int err = -ENOMEM;

	if (!mgr)
		return ERR_PTR(-ENOMEM);
	mgr->dev = dev;
	mutex_init(&mgr->map_lock);
	INIT_LIST_HEAD(&mgr->maps);
	mutex_init(&mgr->heat_lock);
	INIT_LIST_HEAD(&mgr->heats);
	INIT_LIST_HEAD(&mgr->vram_bos);
	spin_lock_init(&mgr->vram_bos_lock);
	mgr->wq = alloc_workqueue("vkfd-mem", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!mgr->wq)
		goto err_free;
	err = vkfd_ttm_init(mgr, round_down(bytes, PAGE_SIZE));
	if (err)
		goto err_wq;
	vkfd_svm_release_init(mgr);
	vkfd_splitter_init(mgr);
	vkfd_pt_pool_init(mgr);
	return mgr;

err_wq:
	destroy_workqueue(mgr->wq);
err_free:
	mutex_destroy(&mgr->heat_lock);
	mutex_destroy(&mgr->map_lock);
	kfree(mgr);
	return ERR_PTR(err);
}

/**
 * vkfd_mem_init() - make the memory of a GPU usable
 * @dev: GPU; the engine is up.
 *
 * A machine without room for device pages gets a GPU without SVM in VRAM, and
 * a message. An APU has none by nature: its VRAM holds page tables only.
 *
 * Context: process context, once per device.
 * Return: 0, -ENOMEM, -EINVAL for a device without usable VRAM.
 */
int vkfd_mem_init(struct vkfd_device *dev)
{
	struct vkfd_mem_mgr *mgr;
	int err;

	if (dev->hw.vram_bytes < vkfd_gart_reserved_bytes(dev) + SZ_2M)
		return -EINVAL;
	mgr = mem_mgr_create(dev);
	if (IS_ERR(mgr))
		return PTR_ERR(mgr);
	dev->mem = mgr;
	err = drmm_add_action_or_reset(&dev->drm, mem_release, mgr);
	if (err || vkfd_device_is_apu(dev))
		return err;
	err = vkfd_pagemap_init(dev);
	if (err)
		drm_warn(&dev->drm, "no device pages (%pe): SVM stays in system memory\n",
			 ERR_PTR(err));
	return 0;
}

/**
 * vkfd_mem_fini() - take memory off the hardware
 * @dev: GPU, after drm_dev_unplug(); queues are stopped.
 *
 * Every device page is moved to RAM (zeroes where VRAM cannot be read), and
 * buffers lose their DMA mappings. Needs the copy engine unless the device is
 * lost.
 *
 * Context: process context, may sleep for long.
 */
void vkfd_mem_fini(struct vkfd_device *dev)
{
	struct vkfd_mem_mgr *mgr = dev->mem;

	if (!mgr)
		return;
	WRITE_ONCE(mgr->closing, true);
	unmap_mapping_range(dev->drm.anon_inode->i_mapping, 0, 0, 1);
	vkfd_pagemap_fini(dev);
	vkfd_mem_maps_revoke(mgr);
	flush_workqueue(mgr->wq);
}

/**
 * vkfd_mem_vram_save() - before a reset that takes the content of VRAM
 * @dev: GPU, lost to everybody, so that no page comes in.
 *
 * Pages that the CPU uses in place raise no fault that could be refused later, so
 * it takes them to RAM now; it needs no engine for that. Others stay, and are lost.
 *
 * Context: process context, no locks; bounded to some ten seconds.
 */
void vkfd_mem_vram_save(struct vkfd_device *dev)
{
	if (!dev->pagemap || !vkfd_device_is_coherent(dev))
		return;
	if (!vkfd_sweep(dev))
		drm_err(&dev->drm, "pages stay in VRAM that loses its content\n");
}

/**
 * vkfd_mem_vram_lost() - VRAM content is gone, or is about to go, by a reset
 * @dev: GPU.
 *
 * Pages and buffers that are in VRAM now cannot be read any more: a CPU that
 * touches one gets SIGBUS, forced eviction gives zeroes.
 *
 * Context: process context, may sleep.
 */
void vkfd_mem_vram_lost(struct vkfd_device *dev)
{
	atomic_inc(&dev->mem->generation);
	unmap_mapping_range(dev->drm.anon_inode->i_mapping, 0, 0, 1);
}

/**
 * vkfd_mem_ttm() - TTM device of a GPU
 * @dev: GPU.
 *
 * Context: any.
 * Return: the TTM device; lives as long as the drm_device.
 */
struct ttm_device *vkfd_mem_ttm(struct vkfd_device *dev)
{
	return &dev->mem->ttm;
}

/**
 * vkfd_mem_usage() - who uses VRAM
 * @dev:   GPU.
 * @usage: out; a snapshot, the numbers are read one after the other.
 *
 * Context: any process context.
 */
void vkfd_mem_usage(struct vkfd_device *dev, struct vkfd_mem_usage *usage)
{
	struct vkfd_mem_mgr *mgr = dev->mem;

	*usage = (struct vkfd_mem_usage){
		.vram_total = mgr->vram.man.size,
		.vram_used = ttm_resource_manager_usage(&mgr->vram.man),
		.vram_svm = atomic64_read(&mgr->svm_bytes),
		.vram_tables = atomic64_read(&mgr->pt.bytes),
		.svm_bos = atomic64_read(&mgr->svm_bos),
		.bos = atomic64_read(&mgr->bos),
		.evictions = atomic64_read(&mgr->evictions),
		.eviction_system_allocs = atomic64_read(&mgr->eviction_system_allocs),
	};
}

/**
 * vkfd_mem_available() - what AVAILABLE_MEMORY reports
 * @dev: GPU.
 *
 * Context: any process context.
 * Return: free plus evictable bytes, rounded down to 2 MiB; of an APU, what buffers
 * may still take of system memory.
 */
u64 vkfd_mem_available(struct vkfd_device *dev)
{
	struct vkfd_mem_usage usage;
	u64 fixed;

	if (vkfd_device_is_apu(dev))
		return round_down(vkfd_sysmem_available(), PAGE_SIZE);
	vkfd_mem_usage(dev, &usage);
	fixed = usage.vram_used - min(usage.vram_svm, usage.vram_used);
	return round_down(usage.vram_total - min(fixed, usage.vram_total), SZ_2M);
}

/**
 * vkfd_mem_local_bytes() - size of the GPU's memory bank
 * @dev: GPU.
 *
 * Context: any process context.
 * Return: VRAM that user space may ever get; of an APU the limit of system memory.
 */
u64 vkfd_mem_local_bytes(struct vkfd_device *dev)
{
	return vkfd_device_is_apu(dev) ? vkfd_sysmem_limit() : dev->mem->vram.man.size;
}
