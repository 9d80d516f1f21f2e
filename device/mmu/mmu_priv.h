/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MMU_MMU_PRIV_H
#define VKFD_DEVICE_MMU_MMU_PRIV_H

/* What mmu.c (translation) and access.c (copying) share. */
#include "mmu/mmu.h"

#include "mmu/heat.h"
#include "mmu/walk.h"

struct mmu_ctx;

/* One in-flight section; counted here and added to the counters once, at its end. */
struct mmu_section {
	struct mmu_access *access;
	struct mmu_ctx *ctx;
	struct place_route hive, bus; /* where the last addresses led */
	struct mmu_tally tally;
	struct heat *heat;	/* counts what goes to guest RAM; NULL: off, or the kernel's context */
};

/* Bytes at @va go to guest RAM. */
static inline void mmu_section_heat(const struct mmu_section *section, u64 va, u64 len)
{
	struct heat_access access = { section->access->ctx, 0, va, len };

	if (!section->heat)
		return;
	access.pasid = mmu_ctx_pasid(section->access->mmu, access.ctx);
	heat_count(section->heat, &access);
}

/* One translation. */
struct mmu_xlat {
	u64 va;
	u32 rights;		/* VKFD_FAULT_READ, _WRITE, _EXECUTE: all that the entry must allow */
	struct walk_cache *cache; /* of this section, or NULL */
	struct place place;	/* out */
	u64 run;		/* out: bytes from @va contiguous at @place */
};

/* False: no such context, access->fault says so. */
bool mmu_section_enter(struct mmu_section *section, struct mmu_access *access, u64 va, u32 rights);
void mmu_section_leave(struct mmu_section *section);
/* Translates and routes. False: access->fault is filled. */
bool mmu_translate(struct mmu_section *section, struct mmu_xlat *xlat);

/* Bytes side by side at one place. */
struct mmu_run {
	struct place place;
	u64 len;
};

#define MMU_RUNS 128u

/**
 * mmu_translate_runs() - translate ahead
 * @xlat: its @va moves behind what was translated.
 * @want: bytes of interest; the last run may be longer.
 * @runs: out: MMU_RUNS of them. Neighbours that lead side by side are one.
 *
 * Return: how many; 0: access->fault is filled. Fewer bytes than wanted may
 * mean a fault at @xlat's @va: it is met again if somebody comes that far.
 */
u32 mmu_translate_runs(struct mmu_section *section, struct mmu_xlat *xlat, u64 want,
		       struct mmu_run *runs);

const struct place_map *mmu_map(const struct mmu *mmu);

#endif
