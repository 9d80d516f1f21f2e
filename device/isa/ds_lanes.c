// SPDX-License-Identifier: MIT
/*
 * DOC: LDS loads and stores of whole waves
 *
 * What nearly all LDS instructions are: dwords inside the allocation. Bounds are
 * checked once for all lanes; lanes that lie one behind the other, as they do
 * where each thread has its own element, move as one copy.
 */
#include "isa/ds_lanes.h"

#include <string.h>

#include "isa/valu_unit.h"
#include "isa/vmem.h"

struct addresses {
	u32 addr[2][WAVE_LANES] __attribute__((aligned(64)));
};

/* A copy: loads may overwrite the register. False: some byte is not there. */
static bool locate(const struct ds_lanes *lanes, struct addresses *at)
{
	u32 bytes = lanes->dwords * 4, size = lanes->group->config.lds_bytes;

	if (size < bytes)
		return false;
	for (u32 n = 0; n < lanes->count; n++) {
		if (valu_unit->lds_addresses(at->addr[n], lanes->vaddr, lanes->offset[n],
					     size - bytes) & lanes->exec)
			return false;
	}
	return true;
}

/* LDS of the first active lane if the others follow it dword by dword, or NULL. */
static u8 *in_line(const struct ds_lanes *lanes, const struct addresses *at, u32 *first)
{
	u32 start = (u32)__builtin_ctzll(lanes->exec), addr = at->addr[0][start];

	*first = start;
	if (lanes->dwords != 1 || lanes->count != 1 || !vmem_neighbours(lanes->exec) ||
	    valu_unit->lds_off_line(at->addr[0], addr - start * 4, 4) & lanes->exec)
		return NULL;
	return lanes->group->lds + addr;
}

static inline __attribute__((always_inline)) void
load_each(const struct ds_lanes *lanes, const struct addresses *at, u32 n, u32 dwords)
{
	union wave_vreg *reg = lanes->reg[n];

	for (u64 left = lanes->exec; left; left &= left - 1) {
		u32 lane = (u32)__builtin_ctzll(left);
		const u8 *from = lanes->group->lds + at->addr[n][lane];

		for (u32 i = 0; i < dwords; i++)
			memcpy(&reg[i].u[lane], from + i * 4, 4);
	}
}

bool ds_lanes_load(const struct ds_lanes *lanes)
{
	struct addresses at;
	const u8 *line;
	u32 first;

	if (!locate(lanes, &at))
		return false;
	line = in_line(lanes, &at, &first);
	if (line) {
		memcpy(&lanes->reg[0]->u[first], line, 4 * (size_t)__builtin_popcountll(lanes->exec));
		return true;
	}
	for (u32 n = 0; n < lanes->count; n++) {
		if (lanes->dwords == 1)
			load_each(lanes, &at, n, 1);
		else if (lanes->dwords == 2)
			load_each(lanes, &at, n, 2);
		else
			load_each(lanes, &at, n, lanes->dwords);
	}
	return true;
}

static inline __attribute__((always_inline)) void
store_each(const struct ds_lanes *lanes, const struct addresses *at, u32 count, u32 dwords)
{
	for (u64 left = lanes->exec; left; left &= left - 1) {
		u32 lane = (u32)__builtin_ctzll(left);

		for (u32 n = 0; n < count; n++) {
			u8 *to = lanes->group->lds + at->addr[n][lane];

			for (u32 i = 0; i < dwords; i++)
				memcpy(to + i * 4, &lanes->reg[n][i].u[lane], 4);
		}
	}
}

bool ds_lanes_store(const struct ds_lanes *lanes)
{
	struct addresses at;
	u32 first;
	u8 *line;

	if (!locate(lanes, &at))
		return false;
	line = in_line(lanes, &at, &first);
	if (line)
		memcpy(line, &lanes->reg[0]->u[first], 4 * (size_t)__builtin_popcountll(lanes->exec));
	else if (lanes->count == 1 && lanes->dwords == 1)
		store_each(lanes, &at, 1, 1);
	else
		store_each(lanes, &at, lanes->count, lanes->dwords);
	return true;
}
