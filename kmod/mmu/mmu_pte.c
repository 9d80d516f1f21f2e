// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: page-table entries, pure
 *
 * Cuts an interval of contiguous memory into the largest naturally aligned
 * blocks and packs their entries. No state, no memory, no kernel: also compiled
 * for the host, where tests/host checks it against a naive model.
 *
 * A block of order n is 1 << n pages, aligned to its size in virtual and in
 * physical addresses. Order VKFD_FRAG_2M becomes one leaf in the PDB0, smaller
 * orders become 1 << n equal PTEs with that fragment.
 */
#include "mmu/mmu_pte.h"

/**
 * vkfd_pte_order() - Largest block at the start of an interval
 * @va:    First virtual address, page aligned.
 * @pte:   First entry; only its address counts.
 * @pages: Length of the interval, not 0.
 *
 * Context: Any.
 * Return: Order 0..VKFD_FRAG_2M.
 */
unsigned int vkfd_pte_order(u64 va, u64 pte, u64 pages)
{
	u64 both = (va | (pte & VKFD_PTE_ADDR_MASK)) >> 12;
	unsigned int order = 0;

	while (order < VKFD_FRAG_2M && !(both & (1ULL << order)) && pages >= 2ULL << order)
		order++;
	return order;
}

/**
 * vkfd_pte_leaf() - Pack the first entry of a block
 * @pte:   Address and flags.
 * @order: Order of the block.
 *
 * Context: Any.
 * Return: The entry.
 */
u64 vkfd_pte_leaf(u64 pte, unsigned int order)
{
	u64 entry = vkfd_pte_with_frag(pte, order);

	return order == VKFD_FRAG_2M ? entry | VKFD_PDE_PTE : entry;
}

/**
 * vkfd_pte_advance() - Entry for memory that lies further on
 * @pte:   Entry.
 * @pages: Distance in 4 KiB pages.
 *
 * Context: Any.
 * Return: The entry with its address moved.
 */
u64 vkfd_pte_advance(u64 pte, u64 pages)
{
	u64 addr = (pte & VKFD_PTE_ADDR_MASK) + pages * VKFD_PT_BYTES;

	return (pte & ~VKFD_PTE_ADDR_MASK) | (addr & VKFD_PTE_ADDR_MASK);
}

/**
 * vkfd_pte_frag_block() - Entries of a PTB that an entry's fragment spans
 * @index: Index of the entry.
 * @entry: The entry.
 * @start: Out: first index of the block.
 * @end:   Out: first index behind it.
 *
 * Context: Any.
 */
void vkfd_pte_frag_block(unsigned int index, u64 entry, unsigned int *start, unsigned int *end)
{
	unsigned int span = 1u << vkfd_pte_frag(entry);

	if (span > VKFD_PT_ENTRIES)
		span = VKFD_PT_ENTRIES;
	*start = index & ~(span - 1);
	*end = *start + span;
}
