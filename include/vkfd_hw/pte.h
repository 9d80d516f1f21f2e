/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_HW_PTE_H
#define VKFD_HW_PTE_H

#include "types.h"

/*
 * DOC: page tables
 *
 * GFX9 layout: 48-bit VA, four levels of 512 8-byte entries (PDB2 root covers
 * 512 GiB an entry, PDB1 1 GiB, PDB0 2 MiB, PTB 4 KiB). Tables live in VRAM
 * and are 4 KiB aligned; PDEs hold hive addresses. A leaf above the PTB has
 * bit 54 (PDE-as-PTE) at every level; translate-further is not used (D13).
 */
#define VKFD_PTE_VALID		BIT_ULL(0)
#define VKFD_PTE_SYSTEM		BIT_ULL(1)
#define VKFD_PTE_SNOOPED	BIT_ULL(2)
#define VKFD_PTE_EXECUTABLE	BIT_ULL(4)
#define VKFD_PTE_READABLE	BIT_ULL(5)
#define VKFD_PTE_WRITEABLE	BIT_ULL(6)
#define VKFD_PTE_FRAG_SHIFT	7	/* [11:7] log2 of contiguous 4 KiB pages, a hint that must be true */
#define VKFD_PTE_FRAG_MASK	0x1fULL
#define VKFD_PTE_ADDR_MASK	GENMASK_ULL(47, 12)
#define VKFD_PTE_PRT		BIT_ULL(51)
#define VKFD_PDE_PTE		BIT_ULL(54)
#define VKFD_PTE_MTYPE_SHIFT	57

/* Faults without retry even when the context retries ("force no-retry"). */
#define VKFD_PTE_NORETRY	(VKFD_PTE_VALID | VKFD_PTE_SYSTEM | VKFD_PTE_PRT)

#define VKFD_PT_ENTRIES		512u
#define VKFD_PT_BYTES		4096u
#define VKFD_PT_LEVELS		4u	/* level 3 = PDB2 (root) ... level 0 = PTB */
#define VKFD_PT_SHIFT(level)	(12u + 9u * (level))
#define VKFD_PT_INDEX(va, level) ((u32)(((va) >> VKFD_PT_SHIFT(level)) & (VKFD_PT_ENTRIES - 1)))

#define VKFD_FRAG_2M		9u
#define VKFD_FRAG_64K		4u

#endif
