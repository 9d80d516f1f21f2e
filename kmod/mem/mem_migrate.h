/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_MEM_MIGRATE_H
#define VKFD_MEM_MIGRATE_H

#include <linux/types.h>

struct drm_pagemap;
struct mm_struct;
struct vkfd_device;

/* KFD's SMI numbers */
enum vkfd_migrate_trigger {
	VKFD_MIGRATE_PREFETCH = 0,
	VKFD_MIGRATE_GPU_FAULT = 1,
	VKFD_MIGRATE_CPU_FAULT = 2,
	VKFD_MIGRATE_EVICTION = 3,
};

/** struct vkfd_migrate_result - what one call did, in 4 KiB pages */
struct vkfd_migrate_result {
	u64 moved;	/* copied or, for holes, populated */
	u64 already;	/* were at the target */
	u64 stayed;	/* pinned, foreign, file-backed, unmapped...: still valid where they are */
};

/**
 * vkfd_migrate_to_vram() - move what can be moved of [start, end) of @mm to @dev
 *
 * Crosses VMAs and skips holes between them, works in aligned pieces of at most
 * 2 MiB, closes the helpers' holes: -EBUSY is looked at again, pieces are
 * split (2 MiB, 64 KiB, 4 KiB) so that one pinned page does not hold back its
 * neighbours, swapped pages are brought in once.
 *
 * Context: process context; takes mmap_lock for read itself, so none of
 * mmap_lock, dma_resv or notifier lock may be held; the svm lock may.
 * Return: 0 also when pages stayed (see @result), -ENOMEM/-ENOSPC when VRAM is
 * really full, -ENODEV, -EINTR fatal signal, -ESRCH @mm is dead, -EINVAL not
 * page aligned or empty.
 */
int vkfd_migrate_to_vram(struct vkfd_device *dev, struct mm_struct *mm, u64 start, u64 end,
			 enum vkfd_migrate_trigger trigger, struct vkfd_migrate_result *result);

/**
 * vkfd_migrate_to_ram() - move device pages of [start, end) of @mm to RAM
 *
 * All GPUs' pages. Populates no holes, one notifier call per piece, partial
 * success allowed, falls back to 4 KiB pages when no 2 MiB page is free.
 * Context and Return: as vkfd_migrate_to_vram(); -ENOMEM when system memory is full.
 */
int vkfd_migrate_to_ram(struct mm_struct *mm, u64 start, u64 end,
			enum vkfd_migrate_trigger trigger, struct vkfd_migrate_result *result);

/**
 * struct vkfd_migrate_news - one migration, as events tell it
 * @mm:      Whose memory; may be dead, only its address is good then.
 * @start:   First byte that is looked at.
 * @end:     End; inside one VMA.
 * @from:    gpu_id, 0 is RAM.
 * @to:      As @from.
 * @trigger: Why.
 * @told:    It began; mem/mem_news.c.
 */
struct vkfd_migrate_news {
	struct mm_struct *mm;
	u64 start, end;
	u32 from, to;
	enum vkfd_migrate_trigger trigger;
	bool told;
};

/**
 * vkfd_migrate_split() - make 4 KiB device pages of the 2 MiB one at @addr, where it is
 *
 * Does nothing if the page is busy or there is no such page; look again.
 * Context: as vkfd_migrate_to_vram().
 */
void vkfd_migrate_split(struct vkfd_device *dev, struct mm_struct *mm, u64 addr);

/**
 * struct vkfd_whole_move - a 2 MiB device page on its way to RAM as one
 *
 * On the stack of the task that moves it. Nobody may drop its entry meanwhile.
 */
struct vkfd_whole_move {
	/** @link, @task: for the owner of the address space. */
	struct list_head link;
	struct task_struct *task;
	/** @mm: where it is mapped, alive. */
	struct mm_struct *mm;
	u64 start, end;
	/** @owner: who was told, or NULL; @cookie is his. */
	void *owner;
	int cookie;
};

/**
 * struct vkfd_migrate_ops - upward news of every migration, for counters and SMI events
 *
 * Any field may be NULL.
 */
struct vkfd_migrate_ops {
	/* As done(); each begin() is followed by one end() with the same news. */
	void (*begin)(const struct vkfd_migrate_news *news);
	void (*end)(const struct vkfd_migrate_news *news, int err);
	/*
	 * Process context, locks of the migration held; must not sleep on them. @mm may be
	 * dead, only its address is good then. from_gpu, to_gpu: 0 = RAM, else gpu_id.
	 */
	void (*done)(struct mm_struct *mm, u64 start, u64 end, u32 from_gpu, u32 to_gpu,
		     enum vkfd_migrate_trigger trigger, u64 pages, int err);
	/* May sleep; mmap_lock or the page's lock may be held. Each is followed by its end. */
	void (*whole_begin)(struct vkfd_whole_move *move);
	void (*whole_end)(struct vkfd_whole_move *move);
	/* Would whole_begin() find an owner of @mm, which is alive? */
	bool (*owned)(struct mm_struct *mm);
};

void vkfd_migrate_set_ops(const struct vkfd_migrate_ops *ops);

#endif
