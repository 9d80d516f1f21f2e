/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_DS_LANES_H
#define VKFD_DEVICE_ISA_DS_LANES_H

#include "isa/group.h"

/* Whole dwords between LDS and the registers of a wave; one or two elements a lane. */
struct ds_lanes {
	struct wave_group *group;
	u64 exec;		/* not 0 */
	u32 dwords;		/* of an element */
	u32 count;		/* elements */
	const u32 *vaddr;	/* of all lanes; each element's bytes are added to it */
	u32 offset[2];
	union wave_vreg *reg[2];
};

/*
 * Lowest lane first, a lane's elements in their order; a lane's address may be in
 * the registers that it loads. False, and nothing happened: some active lane
 * touches what is not allocated.
 */
bool ds_lanes_load(const struct ds_lanes *lanes);
bool ds_lanes_store(const struct ds_lanes *lanes);

#endif
