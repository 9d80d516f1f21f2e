/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_LDS_H
#define VKFD_DEVICE_ISA_LDS_H

#include <string.h>
#include "isa/group.h"
#include "mem/mem_status.h"

/* A group's LDS by byte address. Behind the allocation reads give 0, stores are dropped. */
static inline bool lds_has(const struct wave_group *group, u32 addr, u32 bytes)
{
	return span_fits(addr, bytes, group->config.lds_bytes);
}

static inline void lds_read(const struct wave_group *group, u32 addr, void *dst, u32 bytes)
{
	if (lds_has(group, addr, bytes))
		memcpy(dst, group->lds + addr, bytes);
	else
		memset(dst, 0, bytes);
}

static inline void lds_write(struct wave_group *group, u32 addr, const void *src, u32 bytes)
{
	if (lds_has(group, addr, bytes))
		memcpy(group->lds + addr, src, bytes);
}

/* Only the group's own thread is here, so read and write make an atomic. */
void lds_atomic(struct wave_group *group, u32 addr, struct mem_atomic *atomic, u32 bytes);

#endif
