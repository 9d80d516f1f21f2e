/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MMU_LANES_H
#define VKFD_DEVICE_MMU_LANES_H

#include "mmu/mmu.h"

#define MMU_LANES	64u

/* Accesses of one wave instruction: up to 64 lanes, the same number of bytes each. */
struct mmu_lanes {
	u64 active;			/* bit n: lane n takes part */
	u64 va[MMU_LANES];
	u32 bytes;			/* per lane, 1..16 */
	u32 stride;			/* of @data, bytes from lane to lane */
	void *data;			/* load: filled; store: source */
};

/*
 * All or nothing: every page of every active lane is translated under one
 * in-flight section before the first byte moves. False: access->fault names the
 * first page (lowest lane) that is missing, and nothing happened. Lanes are
 * then served in order, lowest first.
 */
bool mmu_lanes_load(struct mmu_access *access, const struct mmu_lanes *lanes);
bool mmu_lanes_store(struct mmu_access *access, const struct mmu_lanes *lanes);
/* @atomic[lane]: operation and operands in, old value out; @bytes 4 or 8. */
bool mmu_lanes_atomic(struct mmu_access *access, const struct mmu_lanes *lanes,
		      struct mem_atomic *atomic);

#endif
