// SPDX-License-Identifier: MIT
#include "isa/valu_priv.h"

/*
 * DPP: src0 comes from another lane. Rows have 16 lanes, banks 4. A lane without a
 * source lane, or whose source lane is inactive, gets 0 with bound_ctrl and is not
 * written without it.
 */
enum dpp_ctrl {
	DPP_QUAD_PERM_LAST = 0xff,
	DPP_ROW_SHL = 0x100,	/* + 1..15 */
	DPP_ROW_SHR = 0x110,
	DPP_ROW_ROR = 0x120,
	DPP_WAVE_SHL = 0x130,
	DPP_WAVE_ROL = 0x134,
	DPP_WAVE_SHR = 0x138,
	DPP_WAVE_ROR = 0x13c,
	DPP_ROW_MIRROR = 0x140,
	DPP_ROW_HALF_MIRROR = 0x141,
	DPP_ROW_BCAST15 = 0x142,
	DPP_ROW_BCAST31 = 0x143,
	DPP_ROW_NEWBCAST = 0x150,	/* + 0..15 */
};

#define NO_LANE	(-1)

static bool is_legal(u16 ctrl)
{
	if (ctrl <= DPP_QUAD_PERM_LAST || (ctrl >= DPP_ROW_MIRROR && ctrl <= DPP_ROW_BCAST31))
		return true;
	if (ctrl > DPP_ROW_SHL && ctrl < DPP_WAVE_SHL)
		return ctrl & 15;
	if (ctrl >= DPP_WAVE_SHL && ctrl <= DPP_WAVE_ROR)
		return !(ctrl & 3);
	return ctrl >= DPP_ROW_NEWBCAST && ctrl <= DPP_ROW_NEWBCAST + 15;
}

static int within(int lane, int first, int count)
{
	return lane >= first && lane < first + count ? lane : NO_LANE;
}

static int wave_source(u16 ctrl, int lane)
{
	switch (ctrl) {
	case DPP_WAVE_SHL:
		return within(lane + 1, 0, WAVE_LANES);
	case DPP_WAVE_ROL:
		return (lane + 1) & 63;
	case DPP_WAVE_SHR:
		return within(lane - 1, 0, WAVE_LANES);
	case DPP_WAVE_ROR:
		return (lane - 1) & 63;
	case DPP_ROW_BCAST15:
		return lane < 16 ? NO_LANE : (lane & ~15) - 1;
	default:
		return lane < 32 ? NO_LANE : 31;	/* DPP_ROW_BCAST31 */
	}
}

/* The lane that @lane reads, or NO_LANE. */
static int source_lane(u16 ctrl, int lane)
{
	int row = lane & ~15, n = ctrl & 15;

	if (ctrl <= DPP_QUAD_PERM_LAST)
		return (lane & ~3) + (ctrl >> (lane & 3) * 2 & 3);
	if (ctrl < DPP_ROW_SHR)
		return within(lane + n, row, 16);
	if (ctrl < DPP_ROW_ROR)
		return within(lane - n, row, 16);
	if (ctrl < DPP_WAVE_SHL)
		return row + ((lane - n) & 15);
	if (ctrl == DPP_ROW_MIRROR)
		return row + 15 - (lane & 15);
	if (ctrl == DPP_ROW_HALF_MIRROR)
		return (lane & ~7) + 7 - (lane & 7);
	if (ctrl >= DPP_ROW_NEWBCAST)
		return row + n;
	return wave_source(ctrl, lane);
}

static bool has_source(const struct valu_work *work, int from)
{
	return from != NO_LANE && wave_exec(work->wave) >> from & 1;
}

bool valu_dpp_lanes(struct valu_work *work)
{
	const struct isa_dpp *dpp = &work->inst->dpp;

	if (!is_legal(dpp->ctrl))
		return false;
	for (int lane = 0; lane < (int)WAVE_LANES; lane++) {
		bool on = dpp->row_mask >> (lane >> 4) & 1 && dpp->bank_mask >> (lane >> 2 & 3) & 1;

		if (!dpp->bound_ctrl && !has_source(work, source_lane(dpp->ctrl, lane)))
			on = false;
		if (!on)
			work->lanes &= ~(1ULL << lane);
	}
	return true;
}

void valu_dpp_move(const struct valu_work *work, u32 *dst, const u32 *src)
{
	for (int lane = 0; lane < (int)WAVE_LANES; lane++) {
		int from = source_lane(work->inst->dpp.ctrl, lane);

		dst[lane] = has_source(work, from) ? src[from] : 0;
	}
}
