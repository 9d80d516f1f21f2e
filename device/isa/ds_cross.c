// SPDX-License-Identifier: MIT
/* DS instructions that move data between lanes and touch no LDS. */
#include <string.h>

#include "isa/ds_cross.h"
#include "isa/op_id.h"

/* Forms of ds_swizzle, by the offset. */
#define SWIZZLE_QUAD	0x8000u
#define SWIZZLE_ROTATE	0xc000u
#define SWIZZLE_FFT	0xe000u

static u32 reverse5(u32 v)
{
	return (v & 1) << 4 | (v & 2) << 2 | (v & 4) | (v & 8) >> 2 | (v & 16) >> 4;
}

/* The lane that @lane reads. All forms stay inside a half of the wave. */
static u32 swizzle_source(u32 offset, u32 lane)
{
	u32 half = lane & 32, i = lane & 31, mask = offset & 31, by = offset >> 5 & 31;

	if (offset >= SWIZZLE_FFT)
		return half | ((reverse5(i) >> __builtin_popcount(mask)) & 31) | (i & mask);
	if (offset >= SWIZZLE_ROTATE) {
		if (offset & 0x400)
			by = 32 - by;
		return half | (i & mask) | ((i + by) & 31 & ~mask);
	}
	if (offset >= SWIZZLE_QUAD)
		return (lane & ~3u) | (offset >> (lane & 3) * 2 & 3);
	return half | (((i & mask) | by) ^ (offset >> 10 & 31));
}

static u64 lane_bit(u32 lane)
{
	return BIT_ULL(lane & 63);
}

void ds_cross(struct wave *wave, const struct isa_inst *inst, union wave_vreg *file)
{
	const u32 *addr = wave->v[inst->vaddr].u, *data = file[inst->vdata].u;
	u64 exec = wave_exec(wave);
	u32 offset = (u32)inst->offset;
	union wave_vreg out;

	memset(&out, 0, sizeof(out));
	for (u32 lane = 0; lane < WAVE_LANES; lane++) {
		u32 other = (addr[lane] + offset) / 4 % WAVE_LANES;

		/* ds_swizzle has its data where the others have the address. */
		if (inst->op->id == ISA_OP_ds_swizzle_b32) {
			other = swizzle_source(offset, lane);
			if (exec & lane_bit(other))
				out.u[lane] = addr[other];
		} else if (inst->op->id == ISA_OP_ds_bpermute_b32) {
			if (exec & lane_bit(other))
				out.u[lane] = data[other];
		} else if (exec & lane_bit(lane)) {
			/* A push: the highest lane that names a target wins. */
			out.u[other] = data[lane];
		}
	}
	for (; exec; exec &= exec - 1) {
		int lane = __builtin_ctzll(exec);

		file[inst->dst].u[lane] = out.u[lane];
	}
}
