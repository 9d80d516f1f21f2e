// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: vkfd/<gpu_id>/vram
 *
 * Shows who uses VRAM and what migration did, as `name value` lines for tests
 * and tools; first_pfn and pages name the device pages as /proc/PID/pagemap
 * shows them. Reading changes nothing. Also `evict`: writing anything moves
 * every SVM page of the GPU to RAM, as suspend would. `lru` lists SVM buffers in
 * the order in which they would be evicted.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "mem/mem_int.h"
#include "mem/mem_mgr.h"
#include "mem/mem_pagemap.h"

static void show(struct seq_file *m, const char *name, u64 value)
{
	seq_printf(m, "%s %llu\n", name, value);
}

static int vram_show(struct seq_file *m, void *unused)
{
	struct vkfd_device *dev = m->private;
	struct vkfd_mem_mgr *mgr = dev->mem;
	struct vkfd_mem_usage usage;
	u64 first, pages;

	vkfd_mem_usage(dev, &usage);
	vkfd_pagemap_pfns(dev, &first, &pages);
	show(m, "total", usage.vram_total);
	show(m, "used", usage.vram_used);
	show(m, "svm", usage.vram_svm);
	show(m, "tables", usage.vram_tables);
	show(m, "available", vkfd_mem_available(dev));
	show(m, "svm_bos", usage.svm_bos);
	show(m, "bos", usage.bos);
	show(m, "evictions", usage.evictions);
	show(m, "eviction_failures", atomic64_read(&mgr->eviction_failures));
	show(m, "eviction_system_allocs", usage.eviction_system_allocs);
	show(m, "page_in", atomic64_read(&mgr->page_in));
	show(m, "page_out", atomic64_read(&mgr->page_out));
	show(m, "first_pfn", first);
	show(m, "pages", pages);
	show(m, "sysmem_used", vkfd_sysmem_used());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vram);

/* One that is locked, because it is made or evicted at this moment, is not shown. */
static int lru_show(struct seq_file *m, void *unused)
{
	struct vkfd_device *dev = m->private;
	struct vkfd_mem_mgr *mgr = dev->mem;
	struct ttm_operation_ctx ctx = { .no_wait_gpu = true };
	struct ttm_lru_walk_arg arg = { .ctx = &ctx, .trylock_only = true };
	struct ttm_bo_lru_cursor cursor;
	struct ttm_buffer_object *ttm;

	vkfd_heat_mixed(mgr);
	ttm_bo_lru_for_each_reserved_guarded(&cursor, &mgr->vram.man, &arg, ttm) {
		struct vkfd_svm_bo *bo;

		if (IS_ERR(ttm))
			return PTR_ERR(ttm);
		if (to_vkfd_bo(ttm)->kind != VKFD_BO_SVM)
			continue;
		bo = to_vkfd_svm_bo(to_vkfd_bo(ttm));
		seq_printf(m, "0x%llx %zu %d %s\n", bo->va, bo->devmem.size,
			   vkfd_heat_tgid(bo->heat), vkfd_heat_is_hot(bo->heat) ? "hot" : "cold");
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(lru);

static int evict_set(void *data, u64 value)
{
	return vkfd_mem_evict_all(data);
}
DEFINE_DEBUGFS_ATTRIBUTE(evict_fops, NULL, evict_set, "%llu\n");

/**
 * vkfd_mem_debugfs() - make the files
 * @dev: GPU, after vkfd_device_add(); without a folder nothing happens.
 *
 * Context: process context.
 */
void vkfd_mem_debugfs(struct vkfd_device *dev)
{
	if (IS_ERR_OR_NULL(dev->debugfs))
		return;
	debugfs_create_file("vram", 0400, dev->debugfs, dev, &vram_fops);
	debugfs_create_file("lru", 0400, dev->debugfs, dev, &lru_fops);
	debugfs_create_file("evict", 0200, dev->debugfs, dev, &evict_fops);
}
