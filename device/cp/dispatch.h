/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_CP_DISPATCH_H
#define VKFD_DEVICE_CP_DISPATCH_H

#include "isa/group.h"
#include "vkfd_hw/pm4.h"

/*
 * A kernel launch, wherever it came from: from registers and a PM4 packet, or
 * from an AQL packet and a kernel descriptor, to workgroups and the first state
 * of their waves. Pure.
 */
#define DISPATCH_DIMS	3
#define DISPATCH_MAX_ITEMS 1024u	/* of a group */

struct dispatch {
	u64 entry;
	u32 rsrc1, rsrc2, rsrc3;
	u32 start[DISPATCH_DIMS];	/* first group id */
	u32 groups[DISPATCH_DIMS];
	u32 size[DISPATCH_DIMS];	/* work-items of a group ... */
	u32 last[DISPATCH_DIMS];	/* ... and of the last one in its dimension */
	u32 user[VKFD_COMPUTE_USER_SGPRS];
	u32 lds_bytes;
	u32 scratch_waves;	/* slots; 0: no scratch */
	u32 scratch_bytes;	/* of one slot */
};

/**
 * dispatch_from_registers() - what DISPATCH_DIRECT launches
 * @reg: COMPUTE_ registers, from VKFD_COMPUTE_REG_FIRST.
 * @dim: of the packet
 */
void dispatch_from_registers(struct dispatch *dispatch, const u32 *reg, const u32 *dim,
			     u32 initiator);

/* Sets a dimension of @items work-items in groups of @size, @size > 0. */
void dispatch_dimension(struct dispatch *dispatch, unsigned int i, u32 items, u32 size);

/* 0, or the exception code of what no GPU of this kind can run. */
u32 dispatch_check(const struct dispatch *dispatch);
/* Of a checked dispatch; 0: empty. */
u64 dispatch_nr_groups(const struct dispatch *dispatch);

/* Where a group runs, and as which. */
struct dispatch_place {
	u64 index;			/* 0..dispatch_nr_groups() - 1, x first */
	u32 cu, se;
	u32 ctx, queue;			/* for HW_ID */
	u16 slot[GROUP_MAX_WAVES];	/* of scratch */
};

/* Position of a group in its grid. */
void dispatch_group_id(const struct dispatch *dispatch, u64 index, u32 *id);
void dispatch_group_config(const struct dispatch *dispatch, u64 index,
			   struct group_config *config);
/* First state of all waves; @group is fresh from group_create(). */
void dispatch_fill(const struct dispatch *dispatch, const struct dispatch_place *place,
		   struct wave_group *group);

#endif
