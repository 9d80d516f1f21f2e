/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_MEM_MGR_H
#define VKFD_MEM_MGR_H

#include <linux/types.h>

struct ttm_device;
struct vkfd_device;

/*
 * TTM device, VRAM manager, page-table pool, pagemap, release worker: everything of mem/.
 * _fini() after drm_dev_unplug(), with stopped queues and, unless the device is lost, a
 * working copy engine: it moves every page out of VRAM. What buffers still need goes with
 * the last reference of the drm_device.
 */
int vkfd_mem_init(struct vkfd_device *dev);
void vkfd_mem_fini(struct vkfd_device *dev);
/* Module exit, after the last device was removed: waits for what the helpers do late. */
void vkfd_mem_module_exit(void);
/* File `vram`, when dev->debugfs exists. */
void vkfd_mem_debugfs(struct vkfd_device *dev);
/* Suspend, mem_suspend.c: buffers in VRAM out, back, and forget what was kept of them. */
int vkfd_mem_save(struct vkfd_device *dev);
void vkfd_mem_load(struct vkfd_device *dev);
void vkfd_mem_save_end(struct vkfd_device *dev);
/* VRAM for what the device itself has to say; it is saved with the buffers. */
int vkfd_mem_save_area_get(struct vkfd_device *dev, u64 bytes);
u64 vkfd_mem_save_area(struct vkfd_device *dev, u64 *bytes);
/* Suspend: every SVM page to RAM. 0 or -ENOSPC. */
int vkfd_mem_evict_all(struct vkfd_device *dev);
/* Reset that will take VRAM: what the CPU uses in place goes to RAM, before anybody is told. */
void vkfd_mem_vram_save(struct vkfd_device *dev);
/* Reset: what is in VRAM now cannot be read any more. */
void vkfd_mem_vram_lost(struct vkfd_device *dev);
struct ttm_device *vkfd_mem_ttm(struct vkfd_device *dev);

struct vkfd_mem_usage {
	u64 vram_total;		/* what user space may ever get */
	u64 vram_used;		/* all users */
	u64 vram_svm;		/* of it: SVM buffers, evictable */
	u64 vram_tables;	/* of it: page tables */
	u64 svm_bos;		/* live SVM buffers */
	u64 bos;		/* live other buffers */
	u64 evictions;
	u64 eviction_system_allocs; /* TTM system allocations caused by evictions: stays 0 */
};

void vkfd_mem_usage(struct vkfd_device *dev, struct vkfd_mem_usage *usage);
/* Bytes AVAILABLE_MEMORY reports: free plus evictable, rounded down to 2 MiB; see there for an APU. */
u64 vkfd_mem_available(struct vkfd_device *dev);
/* The GPU's memory bank: VRAM, or all that an APU may take of system memory. */
u64 vkfd_mem_local_bytes(struct vkfd_device *dev);

/* mem_limit.c: system memory that buffers (GTT, userptr) may hold, all processes together. */
int vkfd_sysmem_reserve(u64 bytes);	/* -ENOMEM before the OOM killer would have to act */
void vkfd_sysmem_unreserve(u64 bytes);
u64 vkfd_sysmem_used(void);
u64 vkfd_sysmem_limit(void);
u64 vkfd_sysmem_available(void);	/* what vkfd_sysmem_reserve() would grant */

#endif
