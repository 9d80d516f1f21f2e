/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MMU_MMU_PRIV_H
#define VKFD_DEVICE_MMU_MMU_PRIV_H

/* What mmu.c (translation) and access.c (copying) share. */
#include "mmu/mmu.h"

#include "mmu/walk.h"

struct mmu_ctx;

/* Own VRAM, peers' VRAM, guest RAM: what byte counters tell apart. */
enum mmu_side { SIDE_VRAM, SIDE_PEER, SIDE_SYSTEM, NR_SIDES };

/* One in-flight section; counted here and added to the counters once, at its end. */
struct mmu_section {
	struct mmu_access *access;
	struct mmu_ctx *ctx;
	u64 hits, misses;
	u64 read[NR_SIDES], written[NR_SIDES];
};

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

const struct place_map *mmu_map(const struct mmu *mmu);

#endif
