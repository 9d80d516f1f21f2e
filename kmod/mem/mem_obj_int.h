/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_MEM_OBJ_INT_H
#define VKFD_MEM_OBJ_INT_H

#include <linux/kref.h>
#include <linux/list.h>

#include "mem/mem_obj.h"

struct page;
struct vkfd_bo;

/** struct vkfd_mem - see mem_obj.h; one kind's fields are used */
struct vkfd_mem {
	struct kref ref;
	struct vkfd_device *dev;	/* counted */
	struct vkfd_mem_params params;
	/** @maps: of struct vkfd_mem_map; the owner's lock. */
	struct list_head maps;
	struct vkfd_bo *bo;		/* VRAM, GTT */
	struct page **pages;		/* USERPTR: pinned; GTT: TTM's */
	unsigned long npages;		/* USERPTR: of them pinned */
	u64 charged;			/* bytes counted against the limit */
	void *vaddr;			/* GTT: kernel mapping */
};

/* mem_userptr.c: needs current->mm to be the owner's. */
int vkfd_userptr_pin(struct vkfd_mem *mem);
void vkfd_userptr_unpin(struct vkfd_mem *mem);

#endif
