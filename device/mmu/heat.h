/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MMU_HEAT_H
#define VKFD_DEVICE_MMU_HEAT_H

#include <stdbool.h>
#include "vkfd_hw/types.h"

/*
 * Access counters: how many requests of 64 bytes do user contexts make to each
 * 64 KiB of guest RAM? See heat.c.
 */
struct heat;

struct heat_report {
	u32 ctx;
	u32 pasid;
	u64 va;		/* of the block */
	u32 requests;	/* that were counted */
};

/* False: not now; the block's next request tries again. Under an engine's locks. */
typedef bool (*heat_report_fn)(void *opaque, const struct heat_report *report);

#define HEAT_BLOCK_BYTES	65536u
#define HEAT_REQUEST_BYTES	64u
#define HEAT_LIMIT_MAX		(1u << 20)

/* Off. NULL without memory. */
struct heat *heat_create(heat_report_fn report, void *opaque);
void heat_destroy(struct heat *heat);

/* Requests after which a block is reported, at most HEAT_LIMIT_MAX; 0: off. Forgets all counts. */
void heat_set_limit(struct heat *heat, u32 limit);

/* One access by one context: whose, and which bytes, all in guest RAM. */
struct heat_access {
	u32 ctx;
	u32 pasid;
	u64 va;
	u64 len;
};

void heat_count(struct heat *heat, const struct heat_access *access);
/* Blocks of the context that touch [start, end) start at 0 and may be reported again. */
void heat_clear(struct heat *heat, u32 ctx, u64 start, u64 end);

#endif
