/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MMU_MMU_PRIV_H
#define VKFD_DEVICE_MMU_MMU_PRIV_H

/* What mmu.c (translation) and access.c (copying) share. */
#include "mmu/mmu.h"

struct mmu_ctx;

/* Counted while a piece runs, added to the counters once at its end. */
struct mmu_tally {
	u64 hits;
	u64 misses;
};

/* Enter and leave the in-flight section of a context. NULL: no such context. */
struct mmu_ctx *mmu_enter(struct mmu_access *access);
void mmu_leave(struct mmu_access *access, struct mmu_ctx *ctx, const struct mmu_tally *tally);

/**
 * mmu_translate() - translate and route one address inside the section
 * @rights: VKFD_FAULT_READ and/or _WRITE.
 * @run:    out: bytes from @va that are contiguous at @place.
 *
 * Return: false with @access->fault filled.
 */
bool mmu_translate(struct mmu_access *access, struct mmu_ctx *ctx, u64 va, u32 rights,
		   struct place *place, u64 *run, struct mmu_tally *tally);

const struct place_map *mmu_map(const struct mmu *mmu);

#endif
