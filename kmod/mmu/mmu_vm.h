/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_MMU_VM_H
#define VKFD_MMU_VM_H

#include <linux/types.h>
#include "vkfd_hw/pte.h"

struct vkfd_device;
struct vkfd_vm;

/** struct vkfd_pt_mem_ops - upward call: memory for page tables, 4 KiB of VRAM each */
struct vkfd_pt_mem_ops {
	/* May sleep and evict. Returned memory is not zeroed. */
	int (*alloc)(struct vkfd_device *dev, u64 *vram_offset);
	void (*free)(struct vkfd_device *dev, u64 vram_offset);
};

/**
 * vkfd_vm_create() - GPU address space of one (process, GPU)
 * @retry: XNACK mode.
 *
 * Takes a context number, which is also the doorbell frame.
 * Return: the space or ERR_PTR.
 */
struct vkfd_vm *vkfd_vm_create(struct vkfd_device *dev, u32 pasid, bool retry);
/* After a reset: every space of the GPU is known to it again. 0 or an error of the KIQ. */
int vkfd_vms_restore(struct vkfd_device *dev);
/* All page tables, from the copies in RAM: VRAM lost its content. The reviver. */
void vkfd_vms_write_tables(struct vkfd_device *dev);
/* No queue may be mapped in it any more. Frees every table. */
void vkfd_vm_destroy(struct vkfd_vm *vm);
struct vkfd_device *vkfd_vm_device(const struct vkfd_vm *vm);
u32 vkfd_vm_ctx(const struct vkfd_vm *vm);
/* No queue may be mapped. */
int vkfd_vm_set_retry(struct vkfd_vm *vm, bool retry);
int vkfd_vm_set_trap(struct vkfd_vm *vm, u64 tba, u64 tma);

/**
 * vkfd_vm_prealloc() - make sure every table down to the PTB exists for [start, end)
 *
 * Tables are never freed before vkfd_vm_destroy(), so that writing and zapping
 * entries needs no lock on the tree. Call before taking the notifier lock.
 *
 * Context: may sleep, takes the vm's table mutex.
 * Return: 0, -ENOMEM, -ENOSPC, -EINVAL outside the address space.
 */
int vkfd_vm_prealloc(struct vkfd_vm *vm, u64 start, u64 end);

/**
 * vkfd_vm_map() - write PTEs for physically contiguous memory
 * @va:    4 KiB aligned.
 * @pages: number of 4 KiB pages.
 * @pte:   first PTE: address and flags without fragment; the address advances.
 *
 * Uses 2 MiB leaves and fragments where alignment and contiguity allow; must be
 * called with the largest contiguous pieces the caller has. Overwrites what was
 * there, also leaves of another size; the caller flushes the TLB if something
 * valid was there (return value true).
 *
 * Context: no sleep, no allocation; tables were preallocated (WARNs otherwise
 * and leaves the entries invalid). Callers serialise on the VA interval
 * (notifier lock for SVM, process lock for buffers).
 */
bool vkfd_vm_map(struct vkfd_vm *vm, u64 va, u64 pages, u64 pte);

/**
 * vkfd_vm_zap() - invalidate [start, end)
 *
 * A 2 MiB leaf that only partly lies inside is invalidated as a whole (the
 * rest faults or is mapped again).
 * Context: as vkfd_vm_map(); also inside an MMU notifier.
 * Return: true if anything valid was removed, so that a flush is needed.
 */
bool vkfd_vm_zap(struct vkfd_vm *vm, u64 start, u64 end);

/* Is the page at @va mapped with at least these permission bits? Reads the table. */
bool vkfd_vm_is_mapped(struct vkfd_vm *vm, u64 va, u64 required_flags);

#endif
