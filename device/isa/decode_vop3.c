// SPDX-License-Identifier: MIT
/*
 * DOC: VOP3A, VOP3B and VOP3P
 *
 * Also the long form of VOP1, VOP2 and VOPC. Three nine-bit sources, no literal.
 * A modifier bit is illegal where the row has no use for it, except op_sel, which
 * is ignored by rows without it.
 */
#include "isa/decode_priv.h"
#include "isa/op_id.h"

static bool is_lane_op(const struct isa_op *op)
{
	return op->id == ISA_OP_v_readlane_b32 || op->id == ISA_OP_v_writelane_b32;
}

/* AccVGPR in the place of source 0. */
static bool reads_acc(const struct isa_op *op)
{
	return op->id == ISA_OP_v_accvgpr_read_b32;
}

static bool long_source(struct isa_inst *inst, unsigned int n, unsigned int code)
{
	enum isa_type type = inst->op->type[n + 1];
	bool wants_scalar = type == ISA_MASK || (type == ISA_SREG && is_lane_op(inst->op));

	inst->src[n] = (u16)code;
	if (type == ISA_MASK)
		return isa_scalar_tuple(code, 2) && code != ISA_SRC_EXEC;
	if (code >= ISA_SRC_VGPR)
		return !wants_scalar && isa_use_vector(inst, code - ISA_SRC_VGPR,
						       isa_type_dwords(type), reads_acc(inst->op));
	if (inst->op->id == ISA_OP_v_readlane_b32 && n == 0)
		return false;
	return isa_scalar_source(code, type);
}

static bool long_sources(struct isa_inst *inst, unsigned int count)
{
	for (unsigned int n = 0; n < 3; n++) {
		unsigned int code = bits(inst->word[1], 9 * n, 9);

		if (n < count ? !long_source(inst, n, code) : code != 0)
			return false;
	}
	return true;
}

static bool long_dest(struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;
	unsigned int number = bits(inst->word[0], 0, 8);

	inst->dst = (u16)number;
	switch (op->type[0]) {
	case ISA_NONE:
		return number == 0;
	case ISA_MASK:
		inst->sdst = (u16)number;
		return isa_scalar_tuple(number, 2);
	case ISA_SREG:
		return isa_scalar_tuple(number, 1);
	default:
		return isa_use_vector(inst, number, isa_type_dwords(op->type[0]),
				      op->id == ISA_OP_v_accvgpr_write_b32);
	}
}

/* Bits 8 to 14: abs and op_sel, or VOP3B's scalar destination. */
static bool middle_fields(struct isa_inst *inst, unsigned int count)
{
	const struct isa_op *op = inst->op;
	unsigned int op_sel = bits(inst->word[0], 11, 4);

	if (isa_writes_mask(op)) {
		inst->sdst = (u16)bits(inst->word[0], 8, 7);
		return isa_scalar_tuple(inst->sdst, 2);
	}
	inst->abs = (u8)bits(inst->word[0], 8, 3);
	if (!isa_has_op_sel(op))
		return true;
	inst->op_sel = (u8)op_sel;
	return count == 3 || !(op_sel & 4);
}

static bool long_modifiers(struct isa_inst *inst, unsigned int count)
{
	const struct isa_op *op = inst->op;
	unsigned int floats = isa_float_sources(op);

	inst->clamp = bits(inst->word[0], 15, 1);
	inst->omod = (u8)bits(inst->word[1], 27, 2);
	inst->neg = (u8)bits(inst->word[1], 29, 3);
	if ((inst->clamp && !isa_has_clamp(op)) || (inst->omod && !isa_has_omod(op)))
		return false;
	return middle_fields(inst, count) && !((inst->neg | inst->abs) & ~floats);
}

bool isa_decode_vop3(struct isa_inst *inst)
{
	unsigned int count = isa_nr_sources(inst->op);

	if (!long_dest(inst) || !long_modifiers(inst, count) || !long_sources(inst, count))
		return false;
	if (isa_reads_mask(inst->op))
		inst->smask = inst->src[2];
	return isa_constant_bus_ok(inst);
}

/* v_accvgpr_read and write: MAI layout, one source. */
static bool decode_accvgpr(struct isa_inst *inst)
{
	u32 low = inst->word[0], high = inst->word[1];
	unsigned int code = bits(high, 0, 9);

	if (bits(low, 8, 6) || high >> 29 || bits(high, 9, 18))
		return false;
	inst->src[0] = (u16)code;
	if (reads_acc(inst->op))
		return code >= ISA_SRC_VGPR && long_source(inst, 0, code) && long_dest(inst);
	return long_source(inst, 0, code) && long_dest(inst);
}

/* Sources with neg bits. Packed integers have them for source 0 alone, without effect. */
static unsigned int negatable(const struct isa_op *op, unsigned int count)
{
	unsigned int sources = 0;

	for (unsigned int n = 0; n < count; n++) {
		unsigned int type = op->type[n + 1];

		if (n == 0 || (type != ISA_V2I16 && type != ISA_V2U16))
			sources |= 1u << n;
	}
	return sources;
}

bool isa_decode_vop3p(struct isa_inst *inst)
{
	unsigned int count = isa_nr_sources(inst->op);
	u32 low = inst->word[0], high = inst->word[1];

	if (inst->op->shape == ISA_CROSS)
		return decode_accvgpr(inst);
	inst->clamp = bits(low, 15, 1);
	inst->op_sel = (u8)bits(low, 11, 3);
	inst->op_sel_hi = (u8)(bits(high, 27, 2) | bits(low, 14, 1) << 2);
	inst->neg = (u8)bits(high, 29, 3);
	inst->neg_hi = (u8)bits(low, 8, 3);
	if ((inst->neg | inst->neg_hi) & ~negatable(inst->op, count))
		return false;
	if (count < 3 && inst->op_sel & 4)
		return false;
	return long_dest(inst) && long_sources(inst, count) && isa_constant_bus_ok(inst);
}
