// SPDX-License-Identifier: MIT
/*
 * DOC: page table walk
 *
 * Four levels in the layout of include/vkfd_hw/pte.h. Pure: memory comes in as
 * a callback, there is no lock and no state, and at most 4 + 512 entries are
 * read whatever the tables say.
 */
#include "mmu/walk.h"

#define ACCESS_BITS \
	(VKFD_PTE_EXECUTABLE | VKFD_PTE_READABLE | VKFD_PTE_WRITEABLE)

static bool is_no_retry(u64 entry)
{
	return (entry & (VKFD_PTE_NORETRY | ACCESS_BITS)) == VKFD_PTE_NORETRY;
}

static struct walk_result result(enum walk_status status, u64 entry, u32 shift)
{
	struct walk_result res = { status, shift, entry };
	u64 low = BIT_ULL(shift) - 1;

	res.entry &= ~(low & VKFD_PTE_ADDR_MASK);
	return res;
}

/* Does the aligned block of BIT(log2) entries around @index map one run? */
static bool block_is_run(const struct walk_source *source, u64 table, u32 index,
			 u64 entry, u32 log2)
{
	u32 first = index & ~((1u << log2) - 1);
	u64 base = entry - ((u64)(index - first) << 12);

	if (base & ((BIT_ULL(log2) - 1) << 12))
		return false;
	for (u32 i = 0; i < 1u << log2; i++) {
		u64 other;

		if (!source->load(source->opaque, table + 8ULL * (first + i),
				  &other) ||
		    other != base + ((u64)i << 12))
			return false;
	}
	return true;
}

/* A valid 4 KiB entry: widen it as far as its fragment hint is true. */
static struct walk_result leaf_4k(const struct walk_source *source, u64 table,
				  u32 index, u64 entry)
{
	u32 frag = (u32)(entry >> VKFD_PTE_FRAG_SHIFT) & VKFD_PTE_FRAG_MASK;

	if (frag >= VKFD_FRAG_2M &&
	    block_is_run(source, table, index, entry, VKFD_FRAG_2M))
		return result(WALK_LEAF, entry, 12 + VKFD_FRAG_2M);
	if (frag >= VKFD_FRAG_64K &&
	    block_is_run(source, table, index, entry, VKFD_FRAG_64K))
		return result(WALK_LEAF, entry, 12 + VKFD_FRAG_64K);
	return result(WALK_LEAF, entry, 12);
}

static struct walk_result leaf(const struct walk_source *source, u64 table,
			       u32 index, u64 entry, u32 level)
{
	u32 shift = VKFD_PT_SHIFT(level);

	if (!(entry & VKFD_PTE_VALID))
		return result(entry & VKFD_PTE_PRT ? WALK_PRT :
						     WALK_NOT_PRESENT,
			      entry, shift);
	if (is_no_retry(entry))
		return result(WALK_NO_RETRY, entry, shift);
	if (level)
		return result(WALK_LEAF, entry, shift);
	return leaf_4k(source, table, index, entry);
}

struct walk_result walk(const struct walk_source *source, u64 root, u64 va)
{
	u64 table = root;

	for (u32 level = VKFD_PT_LEVELS; level-- > 0;) {
		u32 index = VKFD_PT_INDEX(va, level);
		u64 entry;

		if (!source->load(source->opaque, table + 8ULL * index, &entry))
			return result(WALK_BAD_TABLE, 0, VKFD_PT_SHIFT(level));
		if (!level || entry & VKFD_PDE_PTE)
			return leaf(source, table, index, entry, level);
		if (!(entry & VKFD_PTE_VALID))
			return result(WALK_NOT_PRESENT, entry,
				      VKFD_PT_SHIFT(level));
		if (is_no_retry(entry))
			return result(WALK_NO_RETRY, entry,
				      VKFD_PT_SHIFT(level));
		if (entry & VKFD_PTE_SYSTEM)
			return result(WALK_BAD_TABLE, entry,
				      VKFD_PT_SHIFT(level));
		table = entry & VKFD_PTE_ADDR_MASK;
	}
	return result(WALK_NOT_PRESENT, 0, 12); /* not reached: level 0 returns */
}
