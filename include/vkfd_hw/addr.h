/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_HW_ADDR_H
#define VKFD_HW_ADDR_H

#include "types.h"

/*
 * DOC: the address spaces
 *
 * Hive address: VRAM of any node, node << 38 | byte offset. A PTE without
 * VKFD_PTE_SYSTEM and every pointer to page tables holds a hive address.
 * Nodes outside LINK_MASK (own node included in it) do not answer.
 *
 * Bus address: what the guest's DMA API returns. A PTE with VKFD_PTE_SYSTEM
 * holds one. A bus address inside a BAR of a GPU in the same vkfd-gpu process
 * is routed to that BAR inside the process.
 *
 * Context 0 is the kernel's and has no page tables. Its 48-bit addresses:
 *   [0, 2^41)                  hive address
 *   [GART_BASE, + pages)       through the GART table (512 KiB window pages and more)
 *   [AGP_BASE, + 2^46)         bus address, no translation (rings, fences, write-back)
 */
#define VKFD_HIVE_NODE_SHIFT	38
#define VKFD_HIVE_LIMIT		BIT_ULL(41)
#define VKFD_MC_GART_BASE	BIT_ULL(45)
#define VKFD_MC_AGP_BASE	BIT_ULL(46)

#define VKFD_HIVE_ADDR(node, offset) (((u64)(node) << VKFD_HIVE_NODE_SHIFT) | (offset))
#define VKFD_HIVE_NODE(addr)	((u32)((addr) >> VKFD_HIVE_NODE_SHIFT))
#define VKFD_HIVE_OFFSET(addr)	((addr) & (BIT_ULL(VKFD_HIVE_NODE_SHIFT) - 1))

/* Flat apertures of user contexts (fact of gfx9, reported by KFD apertures). */
#define VKFD_LDS_BASE		0x0001000000000000ULL
#define VKFD_SCRATCH_BASE	0x0002000000000000ULL
#define VKFD_APERTURE_BYTES	0x0000000100000000ULL
#define VKFD_GPUVM_BASE		0x10000ULL
#define VKFD_GPUVM_LIMIT	0x00007fffffffffffULL /* last byte */

#endif
