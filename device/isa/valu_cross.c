// SPDX-License-Identifier: MIT
#include "isa/operand.h"
#include "isa/valu_priv.h"

/* Rows that look across lanes, at no lane, or into the accumulation registers. */

/* A source in one lane: registers by @lane, scalars as they are. */
static bool lane_value(const struct wave *wave, const struct isa_inst *inst, unsigned int n,
		       unsigned int lane, u32 *value)
{
	u16 code = inst->src[n];
	u64 bits;

	if (code >= ISA_SRC_VGPR) {
		*value = wave->v[code - ISA_SRC_VGPR].u[lane];
		return true;
	}
	if (!valu_scalar(wave, inst, code, ISA_B32, &bits))
		return false;
	*value = (u32)bits;
	return true;
}

/* A lane number or other operand that is the same for the wave. */
static bool scalar_value(const struct wave *wave, const struct isa_inst *inst, unsigned int n,
			 u32 *value)
{
	return inst->src[n] < ISA_SRC_VGPR && lane_value(wave, inst, n, 0, value);
}

static bool read_lane(struct wave *wave, const struct isa_inst *inst, unsigned int lane)
{
	u32 value;

	if (inst->dst >= WAVE_SREGS || !lane_value(wave, inst, 0, lane, &value))
		return false;
	operand_write32(wave, inst->dst, value);
	return true;
}

static bool read_first_lane(struct wave *wave, const struct isa_inst *inst)
{
	u64 exec = wave_exec(wave);

	return read_lane(wave, inst, exec ? (unsigned int)__builtin_ctzll(exec) : 0);
}

static bool write_lane(struct wave *wave, const struct isa_inst *inst)
{
	u32 value, lane;

	if (!scalar_value(wave, inst, 0, &value) || !scalar_value(wave, inst, 1, &lane))
		return false;
	wave->v[inst->dst].u[lane & (WAVE_LANES - 1)] = value;
	return true;
}

static bool swap(struct wave *wave, const struct isa_inst *inst)
{
	union wave_vreg *a, *b, was;

	if (inst->src[0] < ISA_SRC_VGPR)
		return false;
	a = &wave->v[inst->dst];
	b = &wave->v[inst->src[0] - ISA_SRC_VGPR];
	was = *a;
	valu_unit->blend(a->u, b->u, wave_exec(wave));
	valu_unit->blend(b->u, was.u, wave_exec(wave));
	return true;
}

/* Ones of src0 below this lane, of its low or high half of the wave, plus src1. */
static bool mbcnt(struct wave *wave, const struct isa_inst *inst, bool high)
{
	union wave_vreg r;

	for (unsigned int lane = 0; lane < WAVE_LANES; lane++) {
		u64 below = (1ULL << lane) - 1;
		u32 mask = (u32)(high ? below >> 32 : below), ones, sum;

		if (!lane_value(wave, inst, 0, lane, &ones) ||
		    !lane_value(wave, inst, 1, lane, &sum))
			return false;
		r.u[lane] = (u32)__builtin_popcount(ones & mask) + sum;
	}
	valu_unit->blend(wave->v[inst->dst].u, r.u, wave_exec(wave));
	return true;
}

static bool acc_write(struct wave *wave, const struct isa_inst *inst)
{
	union wave_vreg r;

	for (unsigned int lane = 0; lane < WAVE_LANES; lane++) {
		if (!lane_value(wave, inst, 0, lane, &r.u[lane]))
			return false;
	}
	valu_unit->blend(wave->a[inst->dst].u, r.u, wave_exec(wave));
	return true;
}

static bool acc_move(union wave_vreg *dst, const struct wave *wave, const struct isa_inst *inst)
{
	if (inst->src[0] < ISA_SRC_VGPR)
		return false;
	valu_unit->blend(dst->u, wave->a[inst->src[0] - ISA_SRC_VGPR].u, wave_exec(wave));
	return true;
}

bool valu_cross(struct wave *wave, const struct isa_inst *inst)
{
	u32 lane;

	if (inst->form != ISA_FORM_PLAIN)
		return false;
	switch (inst->op->id) {
	case ISA_OP_v_nop:
	case ISA_OP_v_clrexcp:	/* no exception flags here */
		return true;
	case ISA_OP_v_readfirstlane_b32:
		return read_first_lane(wave, inst);
	case ISA_OP_v_readlane_b32:
		return scalar_value(wave, inst, 1, &lane) &&
		       read_lane(wave, inst, lane & (WAVE_LANES - 1));
	case ISA_OP_v_writelane_b32:
		return write_lane(wave, inst);
	case ISA_OP_v_swap_b32:
		return swap(wave, inst);
	case ISA_OP_v_mbcnt_lo_u32_b32:
		return mbcnt(wave, inst, false);
	case ISA_OP_v_mbcnt_hi_u32_b32:
		return mbcnt(wave, inst, true);
	case ISA_OP_v_accvgpr_read_b32:
		return acc_move(&wave->v[inst->dst], wave, inst);
	case ISA_OP_v_accvgpr_mov_b32:
		return acc_move(&wave->a[inst->dst], wave, inst);
	case ISA_OP_v_accvgpr_write_b32:
		return acc_write(wave, inst);
	default:
		return false;
	}
}
