// SPDX-License-Identifier: MIT
/*
 * DOC: TLB
 *
 * Set associative, entries of 4 KiB, 64 KiB and 2 MiB side by side. Lookups
 * and inserts are lock free, because copies of scattered pages do one a page: an
 * entry is read as tag, pte, tag, and a writer claims the tag before it changes
 * the pte. Only present translations come in here; faults are never cached.
 */
#include <errno.h>
#include <stdlib.h>
#include "mmu/tlb.h"
#include "vkfd_hw/pte.h"

#define TLB_SETS	(TLB_ENTRIES / TLB_WAYS)
#define VA_MASK		(BIT_ULL(48) - 1)
#define CODES		3u
#define TAG_BUSY	(~0ULL)

static const u32 code_shift[CODES + 1] = { 0, 12, 16, 21 };

int tlb_init(struct tlb *tlb)
{
	tlb->entries = calloc(TLB_ENTRIES, sizeof(*tlb->entries));
	if (!tlb->entries)
		return -ENOMEM;
	atomic_init(&tlb->sizes, 0);
	atomic_init(&tlb->victim, 0);
	return 0;
}

void tlb_fini(struct tlb *tlb)
{
	free(tlb->entries);
}

static u64 tag_of(u64 va, u32 code)
{
	u64 page = (va & VA_MASK) >> code_shift[code];

	return page << (code_shift[code] - 12 + 2) | code;
}

static struct tlb_entry *set_of(const struct tlb *tlb, u64 va, u32 code)
{
	u64 page = (va & VA_MASK) >> code_shift[code];
	u64 set = (page ^ (page >> 10) ^ (page >> 20) ^ (u64)code << 7) %
		  TLB_SETS;

	return tlb->entries + set * TLB_WAYS;
}

static bool set_lookup(const struct tlb_entry *set, u64 tag, u64 *pte)
{
	for (u32 way = 0; way < TLB_WAYS; way++) {
		const struct tlb_entry *entry = &set[way];

		if (atomic_load_explicit(&entry->tag, memory_order_acquire) !=
		    tag)
			continue;
		*pte = atomic_load_explicit(&entry->pte, memory_order_acquire);
		if (atomic_load_explicit(&entry->tag, memory_order_relaxed) ==
		    tag)
			return true;
	}
	return false;
}

bool tlb_lookup(const struct tlb *tlb, u64 va, u64 *pte, u32 *shift)
{
	u32 sizes = atomic_load_explicit(&tlb->sizes, memory_order_acquire);

	for (u32 code = 1; code <= CODES; code++) {
		if (!(sizes & BIT(code)))
			continue;
		if (set_lookup(set_of(tlb, va, code), tag_of(va, code), pte)) {
			*shift = code_shift[code];
			return true;
		}
	}
	return false;
}

/* The way to use: the same tag, an empty one, or the next victim. */
static struct tlb_entry *way_for(struct tlb *tlb, struct tlb_entry *set, u64 tag)
{
	struct tlb_entry *empty = NULL;
	u32 victim;

	for (u32 way = 0; way < TLB_WAYS; way++) {
		u64 old = atomic_load_explicit(&set[way].tag, memory_order_relaxed);

		if (old == tag)
			return &set[way];
		if (!old && !empty)
			empty = &set[way];
	}
	if (empty)
		return empty;
	victim = atomic_load_explicit(&tlb->victim, memory_order_relaxed);
	atomic_store_explicit(&tlb->victim, victim + 1, memory_order_relaxed);
	return &set[victim % TLB_WAYS];
}

void tlb_insert(struct tlb *tlb, u64 va, u64 pte, u32 shift)
{
	u32 code = shift >= 21 ? 3 : shift >= 16 ? 2 : 1;
	u64 tag = tag_of(va, code);
	struct tlb_entry *entry = way_for(tlb, set_of(tlb, va, code), tag);
	u64 old = atomic_load_explicit(&entry->tag, memory_order_relaxed);

	/* A slice of a 1 GiB or 512 GiB leaf: add the offset of its 2 MiB. */
	if (shift > 21)
		pte += va & (BIT_ULL(shift) - 1) & ~(BIT_ULL(21) - 1);
	if (old == TAG_BUSY ||
	    !atomic_compare_exchange_strong_explicit(&entry->tag, &old, TAG_BUSY,
						     memory_order_acq_rel, memory_order_relaxed))
		return;
	/* Release: whoever sees the new pte sees that the old tag is gone. */
	atomic_store_explicit(&entry->pte, pte, memory_order_release);
	atomic_store_explicit(&entry->tag, tag, memory_order_release);
	if (!(atomic_load_explicit(&tlb->sizes, memory_order_relaxed) & BIT(code)))
		atomic_fetch_or_explicit(&tlb->sizes, (u32)BIT(code), memory_order_release);
}

/* Does the entry behind @tag touch [start, end)? Compared as 48-bit numbers. */
static bool tag_touches(u64 tag, u64 start, u64 end)
{
	u64 page = tag >> 2;
	u64 pages = BIT_ULL(code_shift[tag & 3] - 12);
	u64 first = (start & VA_MASK) >> 12;
	u64 last = ((end - 1) & VA_MASK) >> 12;

	/* Both ends of the VA hole inside: the low 48 bits wrapped. */
	if (end - start > VA_MASK || last < first)
		return true;
	return page <= last && first <= page + pages - 1;
}

void tlb_drop(struct tlb *tlb, u64 start, u64 end)
{
	for (u32 i = 0; i < TLB_ENTRIES; i++) {
		struct tlb_entry *entry = &tlb->entries[i];
		u64 tag = atomic_load_explicit(&entry->tag,
					       memory_order_relaxed);

		if (tag && tag_touches(tag, start, end))
			atomic_store_explicit(&entry->tag, 0,
					      memory_order_release);
	}
}
