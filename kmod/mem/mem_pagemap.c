// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: VRAM as pages
 *
 * Owns the registration of a GPU's whole VRAM as ZONE_DEVICE pages and the
 * &drm_pagemap around it. A device-private page's number is made up by the
 * kernel at the top of the physical address space; its distance from the region's
 * start is the offset in VRAM. Region and SVM buffers are 2 MiB aligned, so 2 MiB
 * folios work.
 *
 * Where the CPU uses VRAM in place, the pages are those of BAR 0, and
 * device-coherent: page tables of processes show them like RAM, nobody faults.
 * They are 4 KiB always: migrate_device_coherent_folio() of 7.3.4, by which a
 * long-term pin takes them to RAM, knows no larger ones. Other GPUs use them by
 * their bus address.
 *
 * Owner groups say who sees whose pages in place. No link between GPUs is
 * advertised yet, so each is alone; linked() is the place to change that.
 *
 * End of life: the pages first (vkfd_sweep()), then the struct pages, then our
 * reference on the drm_pagemap; the helpers call back when nobody uses it, in
 * any context, so the rest is a work item that module exit waits for. The
 * helpers also pin this module for each drm_pagemap, which would make rmmod
 * impossible while a GPU is bound; we give that pin back while ours is the
 * reference that keeps the object, and take it again for the end.
 *
 * Refuses to populate a GPU that goes away (-ENODEV). Where the physical
 * address space is too short for VRAM: -ENOMEM, and a GPU without device pages.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/ioport.h>
#include <linux/memremap.h>
#include <linux/migrate.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "core/failpoint.h"
#include "mem/mem_int.h"
#include "mem/mem_mgr.h"
#include "mem/mem_pagemap.h"
#include "mem/mem_piece.h"
#include "vkfd_hw/pte.h"

/* In a device address: makes hive address 0 different from "none". */
#define ADDR_HIVE VKFD_HIVE_LIMIT
/* Also: the page is part of a 2 MiB folio. */
#define ADDR_LARGE (ADDR_HIVE << 1)

static DRM_PAGEMAP_OWNER_LIST_DEFINE(owners);
static struct dev_pagemap_ops pgmap_ops;	/* written once, by the first init */
static DEFINE_MUTEX(pgmap_ops_lock);
static atomic_t pagemaps_alive;

static bool linked(struct drm_pagemap_peer *a, struct drm_pagemap_peer *b)
{
	return a->private == b->private;
}

/*
 * Another GPU reaches the memory by its bus address, if it has one. To the DMA API that is
 * MMIO, not a page; the helpers unmap what is DRM_INTERCONNECT_SYSTEM as pages, so it is not that.
 */
#define INTERCONNECT_BUS (DRM_INTERCONNECT_DRIVER + 1)

static dma_addr_t foreign_map(struct device *dev, struct page *page, unsigned int order,
			      enum dma_data_direction dir)
{
	if (!is_device_coherent_page(page))
		return DMA_MAPPING_ERROR;	/* no link, no way */
	return dma_map_resource(dev, page_to_phys(page), PAGE_SIZE << order, dir, 0);
}

static struct drm_pagemap_addr device_map(struct drm_pagemap *dpagemap, struct device *dev,
					  struct page *page, unsigned int order,
					  enum dma_data_direction dir)
{
	dma_addr_t addr = ADDR_HIVE | vkfd_page_hive(page);

	if (folio_test_large(page_folio(page)))
		addr |= ADDR_LARGE;
	if (dev != dpagemap->drm->dev)
		return drm_pagemap_addr_encode(foreign_map(dev, page, order, dir),
					       INTERCONNECT_BUS, order, dir);
	return drm_pagemap_addr_encode(addr, DRM_INTERCONNECT_DRIVER, order, dir);
}

/* Called for every address of a migration, whatever it is. */
static void device_unmap(struct drm_pagemap *dpagemap, struct device *dev,
			 const struct drm_pagemap_addr *addr)
{
	u64 bytes = PAGE_SIZE << addr->order;

	if (addr->proto == INTERCONNECT_BUS)
		dma_unmap_resource(dev, addr->addr, bytes, addr->dir, 0);
	else if (addr->proto == DRM_INTERCONNECT_SYSTEM)
		dma_unmap_page(dev, addr->addr, bytes, addr->dir);
}

u64 vkfd_pagemap_piece(struct vkfd_device *dev, u64 start, u64 end)
{
	u64 bytes = vkfd_piece_bytes(start, end);

	/* Core mm takes coherent pages home one by one when they are pinned for long. */
	return vkfd_device_is_coherent(dev) ? min_t(u64, bytes, SZ_2M / 2) : bytes;
}

int vkfd_populate(struct vkfd_device *dev, struct mm_struct *mm, u64 start, u64 end,
		  unsigned long timeslice_ms)
{
	struct drm_pagemap_migrate_details details = {
		.timeslice_ms = timeslice_ms,
		.can_migrate_same_pagemap = 1,
	};
	struct ww_acquire_ctx ticket;
	struct vkfd_svm_bo *bo;
	int err, idx;

	mmap_assert_locked(mm);
	if (!drm_dev_enter(&dev->drm, &idx))
		return -ENODEV;
	err = READ_ONCE(dev->mem->closing) || vkfd_device_is_lost(dev) ?
		      -ENODEV : vkfd_failpoint(dev, VKFD_FAIL_populate);
	if (err)
		goto out;
	bo = vkfd_svm_bo_create(dev, mm, start, end - start, &ticket);
	if (IS_ERR(bo)) {
		err = PTR_ERR(bo);
		goto out;
	}
	/* The helpers consume one reference, also when they fail. */
	drm_gem_object_get(&bo->base.ttm.base);
	err = drm_pagemap_migrate_to_devmem(&bo->devmem, mm, start, end, &details);
	vkfd_bo_unlock(&bo->base, &ticket);
	vkfd_bo_put(&bo->base);
out:
	drm_dev_exit(idx);
	return err;
}

static int populate_mm(struct drm_pagemap *dpagemap, unsigned long start, unsigned long end,
		       struct mm_struct *mm, unsigned long timeslice_ms)
{
	struct vkfd_device *dev = to_vkfd_pagemap(dpagemap)->dev;
	int err = 0;

	while (start < end && !err) {
		u64 bytes = vkfd_pagemap_piece(dev, start, end);

		err = bytes ? vkfd_populate(dev, mm, start, start + bytes, timeslice_ms) : -EINVAL;
		start += bytes;
	}
	return err;
}

static void pagemap_destroy_work(struct work_struct *work)
{
	struct vkfd_pagemap *pagemap = container_of(work, struct vkfd_pagemap, destroy_work);

	drm_pagemap_release_owner(&pagemap->peer);
	WARN_ON(!xa_empty(&pagemap->bos));
	xa_destroy(&pagemap->bos);
	kfree(pagemap);
	if (atomic_dec_and_test(&pagemaps_alive))
		wake_up_var(&pagemaps_alive);
}

static void destroy(struct drm_pagemap *dpagemap, bool is_atomic_or_reclaim)
{
	queue_work(system_dfl_wq, &to_vkfd_pagemap(dpagemap)->destroy_work);
}

static const struct drm_pagemap_ops pagemap_ops = {
	.device_map = device_map,
	.device_unmap = device_unmap,
	.populate_mm = populate_mm,
	.destroy = destroy,
};

/* The helpers' callbacks, with our eyes on the CPU fault. */
static const struct dev_pagemap_ops *dev_pagemap_ops_get(void)
{
	mutex_lock(&pgmap_ops_lock);
	if (!pgmap_ops.migrate_to_ram) {
		pgmap_ops = *drm_pagemap_pagemap_ops_get();
		pgmap_ops.migrate_to_ram = vkfd_cpu_fault;
	}
	mutex_unlock(&pgmap_ops_lock);
	return &pgmap_ops;
}

/* Frame numbers for pages that the CPU cannot reach: made up. */
static int range_invent(struct vkfd_device *dev, struct range *range)
{
	struct resource *res;

	/* named after the GPU, so that /proc/iomem tells whose pages a frame number means */
	res = request_free_mem_region(&iomem_resource, dev->hw.vram_bytes, pci_name(dev->pdev));
	if (IS_ERR(res)) {
		drm_warn(&dev->drm, "physical address space is too short for %llu MiB of VRAM\n",
			 dev->hw.vram_bytes >> 20);
		return -ENOMEM;
	}
	*range = (struct range){ .start = res->start, .end = res->end };
	return 0;
}

static void range_forget(struct vkfd_device *dev, const struct range *range)
{
	if (!vkfd_device_is_coherent(dev))
		release_mem_region(range->start, range_len(range));
}

static int pages_register(struct vkfd_pagemap *pagemap)
{
	struct vkfd_device *dev = pagemap->dev;
	struct range range = {
		.start = dev->vram_bus,
		.end = dev->vram_bus + dev->hw.vram_bytes - 1,
	};
	void *ret;
	int err;

	pagemap->pgmap.type = MEMORY_DEVICE_COHERENT;
	if (!vkfd_device_is_coherent(dev)) {
		pagemap->pgmap.type = MEMORY_DEVICE_PRIVATE;
		err = range_invent(dev, &range);
		if (err)
			return err;
	}
	pagemap->pgmap.range = range;
	pagemap->pgmap.nr_range = 1;
	pagemap->pgmap.owner = pagemap->peer.owner;
	pagemap->pgmap.ops = dev_pagemap_ops_get();
	ret = memremap_pages(&pagemap->pgmap, dev_to_node(dev->drm.dev));
	if (IS_ERR(ret)) {
		range_forget(dev, &range);
		return PTR_ERR(ret);
	}
	return 0;
}

static void pages_unregister(struct vkfd_pagemap *pagemap)
{
	struct range range = pagemap->pgmap.range;

	memunmap_pages(&pagemap->pgmap);
	range_forget(pagemap->dev, &range);
}

/*
 * With CONFIG_DEBUG_VM the accessors of a page's owner, which the helpers use, warn of
 * coherent ones; not in a kernel of launcher/kernel/build, which has this symbol.
 */
static bool kernel_can(const struct vkfd_device *dev)
{
	return !vkfd_device_is_coherent(dev) || !IS_ENABLED(CONFIG_DEBUG_VM) ||
	       IS_ENABLED(CONFIG_DRM_VKFD_DEPS);
}

int vkfd_pagemap_init(struct vkfd_device *dev)
{
	struct vkfd_pagemap *pagemap;
	int err;

	if (!kernel_can(dev))
		return -EOPNOTSUPP;
	pagemap = kzalloc_obj(*pagemap);
	if (!pagemap)
		return -ENOMEM;
	pagemap->dev = dev;
	pagemap->peer.private = dev;
	xa_init(&pagemap->bos);
	INIT_WORK(&pagemap->destroy_work, pagemap_destroy_work);
	err = drm_pagemap_acquire_owner(&pagemap->peer, &owners, linked);
	if (err)
		goto err_free;
	err = pages_register(pagemap);
	if (err)
		goto err_owner;
	err = drm_pagemap_init(&pagemap->dpagemap, &pagemap->pgmap, &dev->drm, &pagemap_ops);
	if (err)
		goto err_pages;
	atomic_inc(&pagemaps_alive);
	module_put(THIS_MODULE);
	dev->pagemap = pagemap;
	return 0;

err_pages:
	pages_unregister(pagemap);
err_owner:
	drm_pagemap_release_owner(&pagemap->peer);
err_free:
	kfree(pagemap);
	return err;
}

void vkfd_pagemap_fini(struct vkfd_device *dev)
{
	struct vkfd_pagemap *pagemap = dev->pagemap;

	if (!pagemap)
		return;
	__module_get(THIS_MODULE);
	vkfd_loss_tell(dev);
	if (!vkfd_sweep(dev)) {
		/* memunmap_pages() would wait for ever. Keep pages, object and module. */
		drm_err(&dev->drm, "pages could not be moved out of VRAM: leaking the pagemap\n");
		return;
	}
	dev->pagemap = NULL;
	pages_unregister(pagemap);
	drm_pagemap_put(&pagemap->dpagemap);
}

struct drm_pagemap *vkfd_pagemap_dpagemap(struct vkfd_device *dev)
{
	struct vkfd_pagemap *pagemap = READ_ONCE(dev->pagemap);

	return pagemap ? &pagemap->dpagemap : NULL;
}

void *vkfd_pagemap_owner(struct vkfd_device *dev)
{
	struct vkfd_pagemap *pagemap = READ_ONCE(dev->pagemap);

	return pagemap ? pagemap->pgmap.owner : NULL;
}

struct vkfd_device *vkfd_pagemap_device(struct drm_pagemap *dpagemap)
{
	return dpagemap ? to_vkfd_pagemap(dpagemap)->dev : NULL;
}

unsigned long vkfd_pagemap_select(struct vkfd_device *dev)
{
	return vkfd_device_is_coherent(dev) ? MIGRATE_VMA_SELECT_DEVICE_COHERENT :
					      MIGRATE_VMA_SELECT_DEVICE_PRIVATE;
}

struct vkfd_svm_bo *vkfd_pagemap_bo(const struct page *page)
{
	return xa_load(&vkfd_page_pagemap(page)->bos, vkfd_page_vram(page) >> PAGE_SHIFT);
}

struct vkfd_svm_bo *vkfd_svm_bo_get(struct vkfd_pagemap *pagemap, unsigned long index)
{
	struct vkfd_svm_bo *bo;

	xa_lock(&pagemap->bos);
	bo = xa_load(&pagemap->bos, index);
	if (bo && !kref_get_unless_zero(&bo->base.ttm.base.refcount))
		bo = NULL;
	xa_unlock(&pagemap->bos);
	return bo;
}

void vkfd_pagemap_pfns(struct vkfd_device *dev, u64 *first, u64 *pages)
{
	struct vkfd_pagemap *pagemap = dev->pagemap;

	*first = pagemap ? PHYS_PFN(pagemap->pgmap.range.start) : 0;
	*pages = pagemap ? PHYS_PFN(range_len(&pagemap->pgmap.range)) : 0;
}

u64 vkfd_pagemap_hive(const struct drm_pagemap_addr *addr)
{
	return addr->addr & (ADDR_HIVE - 1);
}

bool vkfd_pagemap_is_large(const struct drm_pagemap_addr *addr)
{
	return addr->proto == DRM_INTERCONNECT_DRIVER && (addr->addr & ADDR_LARGE);
}

u64 vkfd_pagemap_pte(const struct drm_pagemap_addr *addr)
{
	if (addr->proto != DRM_INTERCONNECT_DRIVER)
		return addr->addr | VKFD_PTE_VALID | VKFD_PTE_SYSTEM | VKFD_PTE_SNOOPED;
	return vkfd_pagemap_hive(addr) | VKFD_PTE_VALID;
}

/**
 * vkfd_mem_module_exit() - wait for what the helpers do after the last device
 *
 * They drop a device and then the module from a worker of theirs, which must
 * have left our code before it goes: the module's count says when, a grace
 * period that the last instruction is through.
 *
 * Context: module exit, all devices removed.
 */
void vkfd_mem_module_exit(void)
{
	wait_var_event(&pagemaps_alive, !atomic_read(&pagemaps_alive));
	/* A failed module_init() comes here too, with its own count still held. */
	while (THIS_MODULE->state == MODULE_STATE_GOING && module_refcount(THIS_MODULE) >= 0)
		msleep(20);
	synchronize_rcu();
}
