/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_ICACHE_H
#define VKFD_DEVICE_ISA_ICACHE_H

#include <stdatomic.h>
#include "isa/exec.h"

/*
 * DOC: instruction cache
 *
 * Decoded instructions of one thread, by page of code. Each instruction is
 * fetched through the page tables when it is first met. What was decoded
 * under one code epoch (mmu_code_epoch()) is not used under the next: the epoch is
 * read before the fetch and compared at every instruction, so once a flush or an
 * ACQUIRE_MEM returned, no instruction begins from older bytes.
 */
#define ISA_PAGE_SLOTS	1024u	/* dwords in a page of code */

struct isa_slot {
	struct isa_inst inst;
	isa_exec *exec;		/* NULL: illegal */
	u32 age;		/* valid if equal to the page's */
};

struct isa_page {
	const _Atomic u64 *space;	/* whose code: the epoch word of the context */
	u64 va;				/* of the page */
	u64 epoch;
	u32 age;			/* > 0 */
	struct isa_slot slot[ISA_PAGE_SLOTS];
};

/* Used by one thread. Goes before the mmu whose code it holds. NULL without memory. */
struct isa_icache *isa_icache_create(void);
void isa_icache_destroy(struct isa_icache *cache);

/* The slot of @pc if it is there and up to date, else NULL. */
static inline const struct isa_slot *isa_page_slot(const struct isa_page *page,
						   const _Atomic u64 *space, u64 pc)
{
	const struct isa_slot *slot;

	if (!page || page->space != space || page->va != (pc & ~4095ull) ||
	    page->epoch != atomic_load_explicit(space, memory_order_acquire))
		return NULL;
	slot = &page->slot[pc % 4096 / 4];
	return slot->age == page->age ? slot : NULL;
}

/**
 * isa_icache_fill() - fetch and decode the instruction at @pc
 * @page: out: where it was put, for isa_page_slot(); NULL if nowhere.
 *
 * Return: the instruction, valid until the next call; NULL: access->fault.
 */
const struct isa_slot *isa_icache_fill(struct isa_icache *cache, struct mmu_access *access, u64 pc,
				       const struct isa_page **page);

#endif
