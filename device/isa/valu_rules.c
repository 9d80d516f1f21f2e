// SPDX-License-Identifier: MIT
/*
 * DOC: what a VALU row may carry
 *
 * Forms (long, SDWA, DPP) and modifiers (clamp, omod, op_sel, abs, neg) follow
 * from the row's shape and types; the few that do not are named here.
 */
#include "isa/decode_priv.h"
#include "isa/op_id.h"

/* 64-bit operand among @op's. */
static bool has_wide(const struct isa_op *op)
{
	for (unsigned int n = 0; n < 4; n++)
		if (isa_type_bits(op->type[n]) == 64)
			return true;
	return false;
}

static bool is_dot2c(const struct isa_op *op)
{
	return op->id >= ISA_OP_v_dot2c_f32_f16 && op->id <= ISA_OP_v_dot8c_i32_i4;
}

/* VOP1 and VOP2 that exist in 32 bits only. */
static bool short_only(const struct isa_op *op)
{
	switch (op->id) {
	case ISA_OP_v_readfirstlane_b32:
	case ISA_OP_v_swap_b32:
	case ISA_OP_v_accvgpr_mov_b32:
	case ISA_OP_v_pk_fmac_f16:
		return true;
	default:
		return op->shape == ISA_MADK || op->shape == ISA_MADMK;
	}
}

bool isa_has_long_form(const struct isa_op *op)
{
	return !short_only(op);
}

bool isa_has_sdwa(const struct isa_op *op)
{
	return !short_only(op) && !has_wide(op) && op->shape != ISA_ACC &&
	       op->type[0] != ISA_NONE;
}

bool isa_has_dpp(const struct isa_op *op)
{
	return !short_only(op) && op->enc != ISA_VOPC && op->type[0] != ISA_NONE;
}

bool isa_has_op_sel(const struct isa_op *op)
{
	if (op->enc != ISA_VOP3)
		return false;
	switch (op->id) {
	case ISA_OP_v_mad_legacy_f16:
	case ISA_OP_v_mad_legacy_u16:
	case ISA_OP_v_mad_legacy_i16:
	case ISA_OP_v_fma_legacy_f16:
	case ISA_OP_v_div_fixup_legacy_f16:
		return false;
	default:
		return isa_type_bits(op->type[1]) == 16;
	}
}

static bool any_float(const struct isa_op *op)
{
	for (unsigned int n = 0; n < 4; n++)
		if (isa_type_is_float(op->type[n]))
			return true;
	return false;
}

/* Integer operations that can saturate. */
static bool saturates(const struct isa_op *op)
{
	switch (op->id) {
	case ISA_OP_v_mul_i32_i24:
	case ISA_OP_v_mul_u32_u24:
	case ISA_OP_v_add_u16:
	case ISA_OP_v_sub_u16:
	case ISA_OP_v_subrev_u16:
	case ISA_OP_v_add_u32:
	case ISA_OP_v_sub_u32:
	case ISA_OP_v_subrev_u32:
	case ISA_OP_v_add_i32:
	case ISA_OP_v_sub_i32:
	case ISA_OP_v_mad_i32_i24:
	case ISA_OP_v_mad_u32_u24:
	case ISA_OP_v_mad_legacy_u16:
	case ISA_OP_v_mad_legacy_i16:
	case ISA_OP_v_sad_u8:
	case ISA_OP_v_sad_hi_u8:
	case ISA_OP_v_sad_u16:
	case ISA_OP_v_sad_u32:
	case ISA_OP_v_msad_u8:
		return true;
	default:
		return isa_has_op_sel(op) || is_dot2c(op) || op->shape == ISA_COUT ||
		       op->shape == ISA_CINOUT || op->shape == ISA_MADCOUT;
	}
}

bool isa_has_clamp(const struct isa_op *op)
{
	/* v_cmp_class compares no numbers. */
	if (isa_is_compare(op) && op->type[1] != op->type[2])
		return false;
	return any_float(op) || saturates(op);
}

bool isa_has_omod(const struct isa_op *op)
{
	switch (op->id) {
	case ISA_OP_v_cvt_pkrtz_f16_f32:
		return true;
	case ISA_OP_v_cvt_rpi_i32_f32:
	case ISA_OP_v_cvt_flr_i32_f32:
	case ISA_OP_v_frexp_exp_i32_f32:
	case ISA_OP_v_pack_b32_f16:
		return false;
	default:
		/* conversions to an integer have it, and ignore it */
		return isa_type_is_float(op->type[0]) || (op->enc == ISA_VOP1 && any_float(op));
	}
}

unsigned int isa_float_sources(const struct isa_op *op)
{
	unsigned int sources = 0;

	/* A choice between two values, which may be floats. */
	if (op->id == ISA_OP_v_cndmask_b32)
		return 3;
	for (unsigned int n = 0; n < 3; n++)
		if (isa_type_is_float(op->type[n + 1]))
			sources |= 1u << n;
	return sources;
}

/* Registers and values that travel over the one constant bus. */
static bool on_bus(unsigned int code)
{
	return code < ISA_SRC_INT_0 || code == ISA_SRC_LITERAL ||
	       (code >= ISA_SRC_SHARED_BASE && code <= ISA_SRC_POPS_WAVE_ID) ||
	       (code >= ISA_SRC_VCCZ && code <= ISA_SRC_SCC);
}

/* Pairs and single registers are told apart, even where they overlap. */
static u32 bus_name(const struct isa_op *op, unsigned int n, unsigned int code)
{
	return code | (u32)(isa_type_bits(op->type[n + 1]) == 64 ||
			    op->type[n + 1] == ISA_MASK) << 16;
}

bool isa_constant_bus_ok(const struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;
	unsigned int count = isa_nr_sources(op), used = 0;
	u32 seen = ~0u;

	if (op->shape == ISA_DIVFMAS || (isa_reads_mask(op) && inst->enc != ISA_VOP3)) {
		seen = ISA_SRC_VCC | 1u << 16;
		used = 1;
	}
	if (op->shape == ISA_MADK || op->shape == ISA_MADMK)
		used++;
	for (unsigned int n = 0; n < count; n++) {
		/* the same literal dword twice */
		bool again = inst->src[n] == ISA_SRC_LITERAL &&
			     (op->shape == ISA_MADK || op->shape == ISA_MADMK);
		u32 name = bus_name(op, n, inst->src[n]);

		if (op->type[n + 1] == ISA_MASK && inst->enc != ISA_VOP3)
			continue;
		if (again || !on_bus(inst->src[n]) || (used && name == seen))
			continue;
		seen = name;
		used++;
	}
	return used <= 1;
}
