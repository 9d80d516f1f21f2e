/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_MEM_INT_H
#define VKFD_MEM_INT_H

/* What the files of mem/ share; nobody else includes this. */

#include <linux/gpu_buddy.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <drm/drm_pagemap.h>
#include <drm/drm_pagemap_util.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_device.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_resource.h>

#include "core/device.h"
#include "mem/mem_migrate.h"

/* TTM memory types. EVICTED holds no memory: where SVM buffers go whose pages left. */
#define VKFD_PL_GTT	TTM_PL_TT
#define VKFD_PL_VRAM	TTM_PL_VRAM
#define VKFD_PL_EVICTED	TTM_PL_PRIV

/* An eviction for this place spares hot memory; beside TTM_PL_FLAG_*. */
#define VKFD_PL_FLAG_SPARE	BIT(31)

#define VKFD_PIECE_PAGES (SZ_2M >> PAGE_SHIFT)

/** struct vkfd_vram_mgr - VRAM [0, size) on the kernel's buddy allocator */
struct vkfd_vram_mgr {
	struct ttm_resource_manager man;
	/** @lock: guards @buddy; nothing is taken inside but reclaim. */
	struct mutex lock;
	struct gpu_buddy buddy;
};

/** struct vkfd_vram_res - blocks of one buffer, in the buffer's order */
struct vkfd_vram_res {
	struct ttm_resource base;
	struct list_head blocks;
};

/** struct vkfd_pt_pool - 4 KiB pages for page tables out of pinned buffers */
struct vkfd_pt_pool {
	/** @lock: guards all of it; outside dma_resv. */
	struct mutex lock;
	struct list_head blocks;
	u64 used_pages;
	atomic64_t bytes;
};

/**
 * struct vkfd_splitter - a 2 MiB page that a CPU fault wants split first
 * @work:   splits it; queued on &vkfd_mem_mgr.wq.
 * @lock:   guards the rest; a leaf.
 * @mm:     address space, with a reference to the struct while @busy; afterwards only compared.
 * @addr:   address in it.
 * @busy:   the work runs or will.
 * @failed: it did not succeed with the last one.
 */
struct vkfd_splitter {
	struct work_struct work;
	spinlock_t lock;	/* a leaf */
	struct mm_struct *mm;
	u64 addr;
	bool busy;
	bool failed;
};

/** struct vkfd_mem_mgr - memory of one GPU; lives as long as its drm_device */
struct vkfd_mem_mgr {
	struct vkfd_device *dev;
	struct ttm_device ttm;
	struct vkfd_vram_mgr vram;
	struct ttm_resource_manager gtt;
	struct ttm_resource_manager evicted;
	struct vkfd_pt_pool pt;

	/** @map_lock: guards @maps and the DMA state of each struct vkfd_mem_map on it. */
	struct mutex map_lock;
	struct list_head maps;

	/** @wq: frees SVM buffers and moves pages that eviction could not. */
	struct workqueue_struct *wq;
	struct llist_head released;
	struct work_struct release_work;
	struct vkfd_splitter splitter;
	/** @rescues: buffers on their way out by address. */
	atomic_t rescues;

	/** @closing: the device goes away, VRAM takes no new pages. */
	bool closing;
	/** @generation: grows when VRAM content was lost. */
	atomic_t generation;

	/** @serial: of the last SVM buffer. */
	atomic64_t serial;
	/** @vram_bos: buffers whose content is only in VRAM; mem_suspend.c. */
	struct list_head vram_bos;
	/** @vram_bos_lock: guards @vram_bos; a leaf. */
	spinlock_t vram_bos_lock;
	/** @heat_lock: guards @heats and what is known of each; see mem_heat.c. */
	struct mutex heat_lock;
	struct list_head heats;
	/** @save_area: where the device puts its own state; NULL but for suspend. */
	struct vkfd_bo *save_area;

	atomic64_t bos, svm_bos, svm_bytes;
	atomic64_t evictions, eviction_failures, eviction_system_allocs;
	atomic64_t page_in, page_out;
};

enum vkfd_bo_kind { VKFD_BO_USER, VKFD_BO_TABLE, VKFD_BO_SVM, VKFD_BO_KERNEL };

/** struct vkfd_bo - a TTM buffer of ours */
struct vkfd_bo {
	struct ttm_buffer_object ttm;
	struct vkfd_device *dev;
	enum vkfd_bo_kind kind;
	/** @in_vram: made there; SVM buffers may have left. */
	bool in_vram;
	/** @generation: of VRAM's content when the buffer was made. */
	u32 generation;
	/** @link: &vkfd_mem_mgr.vram_bos, if suspend has to save it; else empty. */
	struct list_head link;
	/** @saved: its content while the GPU has no power; with a GEM reference. */
	void *saved;
	/** @refs: memory of this struct: one of TTM, one of a creator that holds the resv. */
	refcount_t refs;
};

/**
 * struct vkfd_svm_bo - VRAM behind device-private pages
 *
 * Layer one: GEM references, of the creator and of the helpers' zone device
 * data, that is of all pages together. Layer two: TTM's kref, of LRU walks.
 */
struct vkfd_svm_bo {
	struct vkfd_bo base;
	struct drm_pagemap_devmem devmem;
	/** @pagemap: outlives the VRAM of the buffer. */
	struct vkfd_pagemap *pagemap;
	/** @va: where the pages were born; a hint, mremap() may have moved them. */
	u64 va;
	/** @heat: whose it is; or NULL. */
	struct vkfd_heat *heat;
	/** @serial: grows from buffer to buffer of a GPU. */
	u64 serial;
	struct llist_node released;
	/** @rescue: moves the pages by address after eviction failed. */
	struct work_struct rescue;
};

/** struct vkfd_pagemap - VRAM as device-private pages */
struct vkfd_pagemap {
	struct vkfd_device *dev;
	struct dev_pagemap pgmap;
	struct drm_pagemap dpagemap;
	struct drm_pagemap_peer peer;
	struct work_struct destroy_work;
	/** @bos: page index in VRAM -> struct vkfd_svm_bo that owns it. */
	struct xarray bos;
};

static inline struct vkfd_bo *to_vkfd_bo(struct ttm_buffer_object *ttm)
{
	return container_of(ttm, struct vkfd_bo, ttm);
}

static inline struct vkfd_svm_bo *to_vkfd_svm_bo(struct vkfd_bo *bo)
{
	return container_of(bo, struct vkfd_svm_bo, base);
}

static inline struct vkfd_vram_res *to_vkfd_vram_res(struct ttm_resource *res)
{
	return container_of(res, struct vkfd_vram_res, base);
}

static inline struct vkfd_pagemap *to_vkfd_pagemap(struct drm_pagemap *dpagemap)
{
	return container_of(dpagemap, struct vkfd_pagemap, dpagemap);
}

/* Device-private page of ours -> its GPU. */
static inline struct vkfd_pagemap *vkfd_page_pagemap(const struct page *page)
{
	return container_of(page_pgmap(page), struct vkfd_pagemap, pgmap);
}

static inline u64 vkfd_page_vram(const struct page *page)
{
	return (page_to_pfn(page) << PAGE_SHIFT) - vkfd_page_pagemap(page)->pgmap.range.start;
}

static inline u64 vkfd_page_hive(const struct page *page)
{
	return VKFD_HIVE_ADDR(vkfd_page_pagemap(page)->dev->hw.node, vkfd_page_vram(page));
}

/* mem_vram.c */
int vkfd_vram_mgr_init(struct vkfd_mem_mgr *mgr, u64 bytes);
void vkfd_vram_mgr_fini(struct vkfd_mem_mgr *mgr);
/* Calls @fn for each contiguous piece, in order, until it returns non-zero. */
int vkfd_vram_for_each(struct vkfd_mem_mgr *mgr, struct ttm_resource *res,
		       int (*fn)(u64 offset, u64 bytes, void *arg), void *arg);
/* VRAM offset of byte @at of the buffer. */
u64 vkfd_vram_at(struct vkfd_mem_mgr *mgr, struct ttm_resource *res, u64 at);

/* mem_null.c: managers without memory of their own (GTT, EVICTED). */
void vkfd_null_mgr_init(struct vkfd_mem_mgr *mgr, struct ttm_resource_manager *man, int type,
			bool use_tt);
void vkfd_null_mgr_fini(struct vkfd_mem_mgr *mgr, struct ttm_resource_manager *man, int type);

/* mem_ttm.c */
int vkfd_ttm_init(struct vkfd_mem_mgr *mgr, u64 vram_bytes);
void vkfd_ttm_fini(struct vkfd_mem_mgr *mgr);

/* mem_bo.c */
struct vkfd_bo_params {
	u64 bytes;
	u32 place;		/* VKFD_PL_VRAM or VKFD_PL_GTT */
	u32 flags;		/* TTM_PL_FLAG_* */
	u32 align_pages;	/* of each contiguous piece; 0: 1 */
	enum vkfd_bo_kind kind;
	enum ttm_bo_type type;
};

/* Pinned, not zeroed in VRAM. Counted by one GEM reference; ERR_PTR. */
struct vkfd_bo *vkfd_bo_create(struct vkfd_device *dev, const struct vkfd_bo_params *params);
/* @bo: zeroed memory of either subtype; locked with @ticket on success, freed on error. */
int vkfd_bo_init_locked(struct vkfd_device *dev, struct vkfd_bo *bo,
			const struct vkfd_bo_params *params, struct ww_acquire_ctx *ticket);
void vkfd_bo_unlock(struct vkfd_bo *bo, struct ww_acquire_ctx *ticket);
static inline void vkfd_bo_put(struct vkfd_bo *bo)
{
	drm_gem_object_put(&bo->ttm.base);
}

/* mem_ptpool.c */
void vkfd_pt_pool_init(struct vkfd_mem_mgr *mgr);
void vkfd_pt_pool_fini(struct vkfd_mem_mgr *mgr);

/* mem_svm_bo.c */
struct vkfd_svm_bo *vkfd_svm_bo_create(struct vkfd_device *dev, struct mm_struct *mm, u64 va,
				       u64 bytes, struct ww_acquire_ctx *ticket);
void vkfd_svm_bo_gone(struct vkfd_svm_bo *bo);	/* last step of freeing, before kfree() */
/* @vram leaves the buffer. */
void vkfd_svm_bo_forget(struct vkfd_svm_bo *bo, struct ttm_resource *vram);
/* VRAM still holds what was written to it. */
/* False once VRAM lost what the buffer held. */
bool vkfd_bo_whole(const struct vkfd_bo *bo);
bool vkfd_svm_bo_readable(const struct vkfd_svm_bo *bo);
bool vkfd_svm_bo_may_return(const struct vkfd_svm_bo *bo);
void vkfd_svm_release_init(struct vkfd_mem_mgr *mgr);

/* mem_pagemap.c: one aligned piece; mmap_lock held; errors as drm_pagemap_migrate_to_devmem() */
int vkfd_populate(struct vkfd_device *dev, struct mm_struct *mm, u64 start, u64 end,
		  unsigned long timeslice_ms);
/* Largest piece that migrates as one, see vkfd_piece_bytes(). */
u64 vkfd_pagemap_piece(struct vkfd_device *dev, u64 start, u64 end);
/* MIGRATE_VMA_SELECT_* of the GPU's pages. */
unsigned long vkfd_pagemap_select(struct vkfd_device *dev);
struct vkfd_svm_bo *vkfd_pagemap_bo(const struct page *page);
/* Of a page index in VRAM, with a GEM reference; NULL: none, or on its way out. */
struct vkfd_svm_bo *vkfd_svm_bo_get(struct vkfd_pagemap *pagemap, unsigned long index);
/* Hive address out of what device_map() gave. */
u64 vkfd_pagemap_hive(const struct drm_pagemap_addr *addr);

/* mem_heat.c */
struct vkfd_heat *vkfd_heat_of(struct vkfd_mem_mgr *mgr, struct mm_struct *mm);
void vkfd_heat_put(struct vkfd_heat *heat);
void vkfd_heat_account(struct vkfd_heat *heat, s64 bytes);
bool vkfd_heat_is_hot(const struct vkfd_heat *heat);
pid_t vkfd_heat_tgid(const struct vkfd_heat *heat);
bool vkfd_heat_mixed(struct vkfd_mem_mgr *mgr);

/* mem_fault.c */
vm_fault_t vkfd_cpu_fault(struct vm_fault *vmf);

/* mem_copy.c: the helpers' callbacks, and a count of what they copied for the current task */
struct vkfd_copy_note {
	struct list_head link;
	struct task_struct *task;
	u64 pages;
};

void vkfd_copy_note_begin(struct vkfd_copy_note *note);
void vkfd_copy_note_end(struct vkfd_copy_note *note);
int vkfd_copy_to_devmem(struct page **pages, struct drm_pagemap_addr *addrs, unsigned long npages,
			struct dma_fence *after);
int vkfd_copy_to_ram(struct page **pages, struct drm_pagemap_addr *addrs, unsigned long npages,
		     struct dma_fence *after);

/* mem_ram.c: own way to RAM */
struct vkfd_ram_move;
/* @force: pages whose VRAM cannot be read move too, as zeroes. */
struct vkfd_ram_move *vkfd_ram_begin(struct vkfd_device *dev, bool force);
void vkfd_ram_end(struct vkfd_ram_move *move);
/*
 * At most VKFD_PIECE_PAGES pages each. Return pages moved, or -errno if none did; -ENOMEM if
 * it was for want of memory.
 */
/* @whole: a 2 MiB page may move as one. */
long vkfd_ram_vma(struct vkfd_ram_move *move, struct vm_area_struct *vma, u64 start, u64 end,
		  bool whole);
long vkfd_ram_pfns(struct vkfd_ram_move *move, struct vkfd_svm_bo *bo);

/* mem_to_ram.c: all GPUs' pages but @keep's of [start, end) in one VMA; mmap_lock held. */
int vkfd_ram_others(struct vm_area_struct *vma, u64 start, u64 end, struct vkfd_device *keep,
		    enum vkfd_migrate_trigger trigger);
void vkfd_ram_force(struct vkfd_device *dev, struct mm_struct *mm, u64 start, u64 end);

/* mem_split.c: 0, or -EBUSY: not by number now */
int vkfd_svm_bo_split(struct vkfd_svm_bo *bo);
bool vkfd_svm_bo_orphaned(struct vkfd_svm_bo *bo);
/* A 2 MiB page that others map too: must not migrate as one. The page may be gone by now. */
bool vkfd_page_is_shared(const struct page *page);
/* True: the 2 MiB page at @addr is being split, fault again; false: it cannot be. */
bool vkfd_split_soon(struct vkfd_device *dev, struct mm_struct *mm, u64 addr);
void vkfd_splitter_init(struct vkfd_mem_mgr *mgr);

/* mem_scan.c */
struct vkfd_scan {
	u64 own;	/* pages of the asked device */
	u64 system;	/* present in RAM */
	u64 absent;	/* nothing, swapped, or of another owner */
};

/* @pfns: room for VKFD_PIECE_PAGES; mmap_lock held. A hint: nothing is pinned. */
int vkfd_scan(struct vkfd_device *dev, struct mm_struct *mm, u64 start, u64 end,
	      unsigned long *pfns, struct vkfd_scan *scan);
/* Room for looks at up to 2 MiB at a time of [start, end), for kvfree(); or NULL. */
unsigned long *vkfd_scan_pfns(u64 start, u64 end);
/* Faults absent pages in; mmap_lock held. */
int vkfd_bring_in(struct vkfd_device *dev, struct mm_struct *mm, u64 start, u64 end,
		  unsigned long *pfns);

/* mem_evict.c */
int vkfd_svm_bo_evict(struct vkfd_svm_bo *bo);
void vkfd_svm_bo_rescue(struct work_struct *work);
/* Enough is on its way out; wait for &vkfd_mem_mgr.wq instead of evicting more. */
bool vkfd_evict_waits(struct vkfd_device *dev);
/* Moves every page out, without a process; true if none is left. */
bool vkfd_sweep(struct vkfd_device *dev);

/* mem_news.c */
void vkfd_news_begin(struct vkfd_migrate_news *news);
void vkfd_news_end(struct vkfd_migrate_news *news, int err);
/* Around a move of a 2 MiB device page as one, aligned, from before it is collected. */
void vkfd_whole_begin(struct vkfd_whole_move *move, struct mm_struct *mm, u64 start);
void vkfd_whole_end(struct vkfd_whole_move *move);
bool vkfd_whole_is_guarded(struct mm_struct *mm);
void vkfd_migrate_done(struct mm_struct *mm, u64 start, u64 end, u32 from, u32 to,
		       enum vkfd_migrate_trigger trigger, u64 pages, int err);

/* mem_loss.c */
void vkfd_loss_tell(struct vkfd_device *dev);

/* mem_limit.c */
int vkfd_sysmem_charge(u64 bytes);	/* the total only */
bool vkfd_sysmem_has_room(u64 bytes);	/* the live check only */

#endif
