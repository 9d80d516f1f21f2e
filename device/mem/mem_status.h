/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MEM_STATUS_H
#define VKFD_DEVICE_MEM_STATUS_H

#include <stdbool.h>
#include "vkfd_hw/types.h"

/* GONE: the guest withdrew the region while we copied. */
enum mem_status { MEM_OK, MEM_UNMAPPED, MEM_READ_ONLY, MEM_GONE };

/* True if [addr, addr + len) lies inside [0, limit). Cannot wrap. */
static inline bool span_fits(u64 addr, u64 len, u64 limit)
{
	return len <= limit && addr <= limit - len;
}

/* Atomic read-modify-write: TC opcode space of the device contract, sizes 4 and 8. */
struct mem_atomic {
	u32 op;		/* VKFD TC operation number, e.g. 47 = add64 */
	u64 src;
	u64 compare;
	u64 old;	/* out */
};

#endif
