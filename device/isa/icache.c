// SPDX-License-Identifier: MIT
#include "isa/icache.h"

#include <stdlib.h>
#include <string.h>

#include "mmu/lanes.h"

#define SETS	32u
#define WAYS	2u

struct isa_icache {
	struct isa_page *page[SETS][WAYS];	/* made at first use, kept */
	u8 victim[SETS];
	struct isa_slot spare;			/* when a page cannot be made */
};

struct isa_icache *isa_icache_create(void)
{
	return calloc(1, sizeof(struct isa_icache));
}

void isa_icache_destroy(struct isa_icache *cache)
{
	if (!cache)
		return;
	for (u32 set = 0; set < SETS; set++) {
		for (u32 way = 0; way < WAYS; way++)
			free(cache->page[set][way]);
	}
	free(cache);
}

/* Nothing in the page is valid any more. */
static void page_empty(struct isa_page *page)
{
	if (!++page->age) {
		memset(page->slot, 0, sizeof(page->slot));
		page->age = 1;
	}
}

static struct isa_page *page_get(struct isa_icache *cache, const _Atomic u64 *space, u64 va)
{
	u32 set = (u32)(va >> 12 ^ va >> 17 ^ va >> 22) % SETS, way;

	for (way = 0; way < WAYS; way++) {
		struct isa_page *page = cache->page[set][way];

		if (page && page->space == space && page->va == va)
			return page;
	}
	way = cache->victim[set]++ % WAYS;
	if (!cache->page[set][way])
		cache->page[set][way] = calloc(1, sizeof(struct isa_page));
	if (cache->page[set][way]) {
		cache->page[set][way]->space = space;
		cache->page[set][way]->va = va;
		page_empty(cache->page[set][way]);
	}
	return cache->page[set][way];
}

/* False: the code is not there; access->fault. */
static bool decode_at(struct mmu_access *access, u64 pc, struct isa_inst *inst,
		      enum isa_decode_status *status)
{
	u32 words[ISA_MAX_BYTES / 4] = { 0 };
	u32 here = pc % 4096 > 4096 - ISA_MAX_BYTES ? 4 : ISA_MAX_BYTES;

	if (!mmu_fetch(access, pc, words, here))
		return false;
	*status = isa_decode(words, here, inst);
	if (*status != ISA_MORE)
		return true;
	/* The second dword is on the next page, which only such an instruction needs. */
	if (!mmu_fetch(access, pc + 4, &words[1], 4))
		return false;
	*status = isa_decode(words, ISA_MAX_BYTES, inst);
	return true;
}

static bool slot_fill(struct isa_slot *slot, struct mmu_access *access, u64 pc)
{
	enum isa_decode_status status;

	if (!decode_at(access, pc, &slot->inst, &status))
		return false;
	slot->exec = status == ISA_DECODED ? isa_execs[slot->inst.op->id] : NULL;
	return true;
}

const struct isa_slot *isa_icache_fill(struct isa_icache *cache, struct mmu_access *access, u64 pc,
				       const struct isa_page **out)
{
	const _Atomic u64 *space = mmu_code_epoch(access->mmu, access->ctx);
	struct isa_slot *slot = &cache->spare;
	struct isa_page *page = NULL;
	u64 epoch = 0;

	pc &= ~3ull;
	if (space) {
		/* Before the fetch: a flush behind it makes the page stale. */
		epoch = atomic_load_explicit(space, memory_order_acquire);
		page = page_get(cache, space, pc & ~4095ull);
	}
	if (page) {
		if (page->epoch != epoch)
			page_empty(page);
		page->epoch = epoch;
		slot = &page->slot[pc % 4096 / 4];
	}
	*out = page;
	if (page && slot->age == page->age)
		return slot;
	if (!slot_fill(slot, access, pc))
		return NULL;
	slot->age = page ? page->age : 0;
	return slot;
}
