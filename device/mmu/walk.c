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

/* One level: true with *@table moved down, or false with the end of the walk. */
static bool descend(const struct walk_source *source, u64 va, u32 level, u64 *table,
		    struct walk_result *end)
{
	u32 index = VKFD_PT_INDEX(va, level), shift = VKFD_PT_SHIFT(level);
	u64 entry;

	if (!source->load(source->opaque, *table + 8ULL * index, &entry))
		*end = result(WALK_BAD_TABLE, 0, shift);
	else if (!level || entry & VKFD_PDE_PTE)
		*end = leaf(source, *table, index, entry, level);
	else if (!(entry & VKFD_PTE_VALID))
		*end = result(WALK_NOT_PRESENT, entry, shift);
	else if (is_no_retry(entry))
		*end = result(WALK_NO_RETRY, entry, shift);
	else if (entry & VKFD_PTE_SYSTEM)
		*end = result(WALK_BAD_TABLE, entry, shift);
	else {
		*table = entry & VKFD_PTE_ADDR_MASK;
		return true;
	}
	return false;
}

struct walk_result walk(const struct walk_source *source, u64 root, u64 va,
			struct walk_cache *cache)
{
	u64 region = (va & (BIT_ULL(48) - 1)) >> VKFD_PT_SHIFT(1);
	struct walk_result end = { WALK_NOT_PRESENT, 12, 0 };
	u32 level = VKFD_PT_LEVELS - 1;
	u64 table = root;

	if (cache && cache->valid && cache->region == region) {
		level = 0;
		table = cache->table;
	}
	while (descend(source, va, level, &table, &end))
		level--; /* level 0 is a leaf and ends the loop */
	if (cache && !level)
		*cache = (struct walk_cache){ true, region, table };
	return end;
}
