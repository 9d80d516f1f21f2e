/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_MMU_PTE_H
#define VKFD_MMU_PTE_H

/* Pure arithmetic of page-table entries; builds for the host too. */
#include <linux/types.h>
#include "vkfd_hw/pte.h"

/* True if the walker would use the entry as a leaf or a pointer. */
static inline bool vkfd_pte_valid(u64 entry)
{
	return entry & VKFD_PTE_VALID;
}

/* A 2 MiB leaf in a PDB0, as opposed to a pointer to a PTB. */
static inline bool vkfd_pte_is_leaf(u64 entry)
{
	return (entry & (VKFD_PTE_VALID | VKFD_PDE_PTE)) == (VKFD_PTE_VALID | VKFD_PDE_PTE);
}

/* Directory entry that points to the table at hive address @table. */
static inline u64 vkfd_pde(u64 table)
{
	return (table & VKFD_PTE_ADDR_MASK) | VKFD_PTE_VALID;
}

/* log2 of the contiguous pages the entry claims to belong to. */
static inline unsigned int vkfd_pte_frag(u64 entry)
{
	return (entry >> VKFD_PTE_FRAG_SHIFT) & VKFD_PTE_FRAG_MASK;
}

static inline u64 vkfd_pte_with_frag(u64 entry, unsigned int frag)
{
	return (entry & ~(VKFD_PTE_FRAG_MASK << VKFD_PTE_FRAG_SHIFT)) |
	       (u64)frag << VKFD_PTE_FRAG_SHIFT;
}

unsigned int vkfd_pte_order(u64 va, u64 pte, u64 pages);
u64 vkfd_pte_leaf(u64 pte, unsigned int order);
u64 vkfd_pte_advance(u64 pte, u64 pages);
void vkfd_pte_frag_block(unsigned int index, u64 entry, unsigned int *start, unsigned int *end);

#endif
