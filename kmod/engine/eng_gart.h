/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_ENG_GART_H
#define VKFD_ENG_GART_H

#include <linux/types.h>

struct vkfd_device;

/*
 * GART: a page table of the kernel's context in VRAM, in the last
 * vkfd_gart_reserved_bytes() that mem/ must not hand out. The rest of that
 * 2 MiB is scratch space of the copy self-test. Two windows of
 * VKFD_GART_WINDOW_PAGES pages serve copies; eng_sdma.c alone writes them.
 */
#define VKFD_GART_WINDOWS	2
#define VKFD_GART_WINDOW_PAGES	512

int vkfd_gart_init(struct vkfd_device *dev);
/* After a reset; part of the above. */
void vkfd_gart_restart(struct vkfd_device *dev);
/* After a reset and before the above: VRAM kept its content. */
bool vkfd_gart_vram_kept(struct vkfd_device *dev);
void vkfd_gart_fini(struct vkfd_device *dev);
u64 vkfd_gart_reserved_bytes(struct vkfd_device *dev);
/* Hive address of the PTE of page @page of window @window; MC address of the page itself. */
u64 vkfd_gart_pte_addr(struct vkfd_device *dev, unsigned int window, unsigned int page);
u64 vkfd_gart_mc_addr(struct vkfd_device *dev, unsigned int window, unsigned int page);
/* Entry for one system page at bus address @bus. */
u64 vkfd_gart_pte(dma_addr_t bus);
/* Byte offset in VRAM and length of the scratch space. */
u64 vkfd_gart_scratch(struct vkfd_device *dev, u64 *bytes);

#endif
