/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MMU_TLB_H
#define VKFD_DEVICE_MMU_TLB_H

#include <stdatomic.h>
#include <stdbool.h>
#include "vkfd_hw/types.h"

/*
 * Translations of one context. Keeps what it was told until it is flushed or
 * pushed out by newer entries: a driver that forgets a flush sees old pages.
 */
struct tlb_entry {
	_Atomic u64 tag;	/* page number << 2 | size code; 0: empty, ~0: being written */
	_Atomic u64 pte;
};

struct tlb {
	struct tlb_entry *entries;
	_Atomic u32 sizes;	/* bit n: entries of size code n may exist */
	_Atomic u32 victim;	/* any value will do */
};

#define TLB_ENTRIES	4096u
#define TLB_WAYS	4u

/* 0, or -ENOMEM. */
int tlb_init(struct tlb *tlb);
void tlb_fini(struct tlb *tlb);

/**
 * tlb_lookup() - find the translation of @va
 * @pte:   out: entry, address aligned to @shift.
 * @shift: out: log2 of the bytes the entry covers.
 *
 * Context: any thread; lock free.
 */
bool tlb_lookup(const struct tlb *tlb, u64 va, u64 *pte, u32 *shift);

/**
 * tlb_insert() - remember a translation
 * @shift: of the leaf; one beyond 2 MiB is remembered 2 MiB at a time.
 *
 * Forgetting is legal: when two threads want one entry, one of them gives up.
 *
 * Context: any thread; lock free.
 */
void tlb_insert(struct tlb *tlb, u64 va, u64 pte, u32 shift);

/**
 * tlb_drop() - forget everything that touches [start, end)
 *
 * The caller makes sure that no lookup or insert of an older walk runs.
 */
void tlb_drop(struct tlb *tlb, u64 start, u64 end);

#endif
