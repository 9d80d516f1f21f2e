/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_MEM_OBJ_H
#define VKFD_MEM_OBJ_H

#include <linux/types.h>

struct drm_file;
struct drm_gem_object;
struct file;
struct mm_struct;
struct vkfd_device;
struct vkfd_mem;
struct vkfd_vm;

/*
 * A buffer as ALLOC_MEMORY_OF_GPU knows it: VRAM, GTT, user pages (pinned at
 * creation), the process' doorbell frame, or the HDP flush page. One object,
 * one VA, mapped on any number of GPUs. Counted (a dma-buf or a queue may hold
 * it); the owner serialises map, unmap and free with its own lock.
 */
enum vkfd_mem_kind {
	VKFD_MEM_VRAM,
	VKFD_MEM_GTT,
	VKFD_MEM_USERPTR,
	VKFD_MEM_DOORBELL,
	VKFD_MEM_MMIO,
};

struct vkfd_mem_params {
	enum vkfd_mem_kind kind;
	u64 va;			/* 0: none yet (VMM); otherwise where it is mapped */
	u64 bytes;		/* page multiple, > 0 */
	u64 user_addr;		/* USERPTR: CPU address in current->mm */
	u32 doorbell_frame;	/* DOORBELL: context number on that GPU */
	u32 abi_flags;		/* as user space gave them; kept for a checkpoint and for counters */
	bool writable;
	bool executable;
	bool coherent, uncached;
	bool contiguous;
};

/**
 * vkfd_mem_alloc() - create a buffer on @dev
 *
 * VRAM is zeroed. System memory counts against the limit. USERPTR pages are
 * faulted in and pinned here, so that they never vanish under the GPU; the
 * CPU mapping may be unmapped before the buffer is freed.
 * Context: may sleep, takes mmap_lock (USERPTR).
 * Return: 0, -ENOMEM (limit, VRAM), -EFAULT (USERPTR not mapped), -EINVAL.
 */
int vkfd_mem_alloc(struct vkfd_device *dev, const struct vkfd_mem_params *params,
		   struct vkfd_mem **out);
struct vkfd_mem *vkfd_mem_get(struct vkfd_mem *mem);
void vkfd_mem_put(struct vkfd_mem *mem);	/* must be unmapped everywhere */

/*
 * Complete (tables written, TLB flushed) on return. Mapping twice is fine. -EINVAL without VA;
 * -EOPNOTSUPP VRAM on a GPU that cannot reach it.
 */
int vkfd_mem_map(struct vkfd_mem *mem, struct vkfd_vm *vm);
int vkfd_mem_unmap(struct vkfd_mem *mem, struct vkfd_vm *vm);
bool vkfd_mem_is_mapped(const struct vkfd_mem *mem, const struct vkfd_vm *vm);

struct vkfd_device *vkfd_mem_device(const struct vkfd_mem *mem);
const struct vkfd_mem_params *vkfd_mem_params(const struct vkfd_mem *mem);
/* VRAM, GTT: fake offset for mmap of the render node, after vkfd_mem_mmap_allow(). */
u64 vkfd_mem_mmap_offset(const struct vkfd_mem *mem);
int vkfd_mem_mmap_allow(struct vkfd_mem *mem, struct drm_file *file);
void vkfd_mem_mmap_revoke(struct vkfd_mem *mem, struct drm_file *file);
/* Kernel mapping of a GTT buffer (event page); lasts until vkfd_mem_kunmap(). */
void *vkfd_mem_kmap(struct vkfd_mem *mem);
void vkfd_mem_kunmap(struct vkfd_mem *mem);
/* Underlying GEM object (VRAM, GTT) for dma-buf, else NULL. Not counted. */
struct drm_gem_object *vkfd_mem_gem(struct vkfd_mem *mem);
/*
 * VRAM, GTT: a dma-buf for the CPU to map; other devices cannot attach. Return: its file, counted,
 * or ERR_PTR(-ENOMEM, -EINVAL).
 */
struct file *vkfd_mem_export(struct vkfd_mem *mem, bool writable);

#endif
