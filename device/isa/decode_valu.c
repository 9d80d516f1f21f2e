// SPDX-License-Identifier: MIT
/*
 * DOC: VOP1, VOP2 and VOPC in their short forms
 *
 * Source 0 is nine bits wide and may stand for a literal, an SDWA or a DPP dword;
 * source 1 is a VGPR, which only SDWA can turn into a scalar.
 */
#include "isa/decode_priv.h"
#include "isa/op_id.h"

#define SDWA_DWORD	6u	/* select */

static bool vector_source(struct isa_inst *inst, unsigned int n, unsigned int number)
{
	enum isa_type type = inst->op->type[n + 1];

	inst->src[n] = (u16)(ISA_SRC_VGPR + number);
	return isa_use_vector(inst, number, isa_type_dwords(type),
			      inst->op->id == ISA_OP_v_accvgpr_mov_b32);
}

/* These move between vector registers only. */
static bool needs_vector(const struct isa_op *op)
{
	return op->enc == ISA_VOP1 && op->shape == ISA_CROSS;
}

static bool source0(struct isa_inst *inst, unsigned int code)
{
	if (code >= ISA_SRC_VGPR)
		return vector_source(inst, 0, code - ISA_SRC_VGPR);
	inst->src[0] = (u16)code;
	if (needs_vector(inst->op))
		return false;
	if (code != ISA_SRC_LITERAL)
		return isa_scalar_source(code, inst->op->type[1]);
	inst->literal = inst->word[1];
	return true;
}

/* neg and abs are for floats, sext for the others. */
static bool sdwa_modifiers(struct isa_inst *inst, unsigned int n, u32 field, bool *sext)
{
	bool has_float = isa_float_sources(inst->op) & 1u << n;
	unsigned int neg = bits(field, 4, 1), abs = bits(field, 5, 1);

	*sext = bits(field, 3, 1);
	inst->neg = (u8)(inst->neg | neg << n);
	inst->abs = (u8)(inst->abs | abs << n);
	return has_float ? !*sext : !(neg | abs);
}

static bool sdwa_source(struct isa_inst *inst, unsigned int n, unsigned int number, bool scalar)
{
	if (!scalar)
		return vector_source(inst, n, number);
	inst->src[n] = (u16)number;
	return isa_scalar_source(number, inst->op->type[n + 1]);
}

/* Destination half: a select for VOP1 and VOP2, a scalar pair for VOPC. */
static bool sdwa_dest(struct isa_inst *inst, u32 word)
{
	if (isa_is_compare(inst->op)) {
		inst->sdwa.dst_sel = SDWA_DWORD;
		if (!bits(word, 15, 1))
			return true;
		inst->sdst = inst->dst = (u16)bits(word, 8, 7);
		return isa_scalar_tuple(inst->sdst, 2);
	}
	inst->sdwa.dst_sel = (u8)bits(word, 8, 3);
	inst->sdwa.dst_unused = (u8)bits(word, 11, 2);
	inst->clamp = bits(word, 13, 1);
	inst->omod = (u8)bits(word, 14, 2);
	return inst->sdwa.dst_sel <= SDWA_DWORD && inst->sdwa.dst_unused <= 2 &&
	       (!inst->omod || isa_type_is_float(inst->op->type[0]));
}

static bool decode_sdwa(struct isa_inst *inst)
{
	u32 word = inst->word[1];
	struct isa_sdwa *sdwa = &inst->sdwa;

	inst->form = ISA_FORM_SDWA;
	if (!isa_has_sdwa(inst->op))
		return false;
	sdwa->src0_sel = (u8)bits(word, 16, 3);
	if (sdwa->src0_sel > SDWA_DWORD || !sdwa_dest(inst, word) ||
	    !sdwa_modifiers(inst, 0, word >> 16, &sdwa->sext0) ||
	    !sdwa_source(inst, 0, bits(word, 0, 8), bits(word, 23, 1)))
		return false;
	if (inst->op->enc == ISA_VOP1)
		return !(word & 0xbf000000);	/* source 1: bit 30 means nothing */
	sdwa->src1_sel = (u8)bits(word, 24, 3);
	return sdwa->src1_sel <= SDWA_DWORD &&
	       sdwa_modifiers(inst, 1, word >> 24, &sdwa->sext1) &&
	       sdwa_source(inst, 1, bits(inst->word[0], 9, 8), bits(word, 31, 1));
}

static bool dpp_control_ok(const struct isa_op *op, unsigned int ctrl)
{
	static const u16 one_of[] = {
		0x130, 0x134, 0x138, 0x13c,	/* wave_shl, rol, shr, ror */
		0x140, 0x141, 0x142, 0x143,	/* mirrors, broadcasts */
	};

	if (ctrl >= 0x150 && ctrl < 0x160)
		return true;			/* row_newbcast */
	if (isa_type_bits(op->type[1]) == 64)
		return false;
	if (ctrl < 0x100)
		return true;			/* quad_perm */
	if (ctrl < 0x130)
		return ctrl % 16 != 0;		/* row_shl, shr, ror */
	for (size_t n = 0; n < sizeof(one_of) / sizeof(one_of[0]); n++)
		if (ctrl == one_of[n])
			return true;
	return false;
}

static bool dpp_modifiers(struct isa_inst *inst, u32 word)
{
	unsigned int floats = isa_float_sources(inst->op);

	inst->neg = (u8)(bits(word, 20, 1) | bits(word, 22, 1) << 1);
	inst->abs = (u8)(bits(word, 21, 1) | bits(word, 23, 1) << 1);
	return !((inst->neg | inst->abs) & ~floats);
}

static bool decode_dpp(struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;
	u32 word = inst->word[1];

	inst->form = ISA_FORM_DPP;
	inst->dpp.ctrl = (u16)bits(word, 8, 9);
	inst->dpp.bound_ctrl = bits(word, 19, 1);
	inst->dpp.bank_mask = (u8)bits(word, 24, 4);
	inst->dpp.row_mask = (u8)bits(word, 28, 4);
	if (!isa_has_dpp(op) || !dpp_control_ok(op, inst->dpp.ctrl))
		return false;
	return dpp_modifiers(inst, word) && vector_source(inst, 0, bits(word, 0, 8)) &&
	       (op->enc == ISA_VOP1 || vector_source(inst, 1, bits(inst->word[0], 9, 8)));
}

static bool decode_sources(struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;
	unsigned int code = bits(inst->word[0], 0, 9);

	if (code == ISA_SRC_SDWA)
		return decode_sdwa(inst);
	if (code == ISA_SRC_DPP)
		return decode_dpp(inst);
	if (op->type[1] == ISA_NONE)
		return true;
	if (!source0(inst, code))
		return false;
	if (op->shape == ISA_MADK || op->shape == ISA_MADMK) {
		inst->literal = inst->word[1];
		if (op->type[0] == ISA_F16 && inst->literal >> 16)
			return false;
	}
	return op->enc == ISA_VOP1 || vector_source(inst, 1, bits(inst->word[0], 9, 8));
}

/* VGPR, or for readfirstlane a scalar; VOPC writes VCC. */
static bool decode_dest(struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;
	unsigned int number = bits(inst->word[0], 17, 8);

	if (isa_writes_mask(op) || isa_is_compare(op))
		inst->sdst = ISA_SRC_VCC;
	if (isa_reads_mask(op))
		inst->smask = ISA_SRC_VCC;
	if (isa_is_compare(op)) {
		inst->dst = ISA_SRC_VCC;
		return true;
	}
	inst->dst = (u16)number;
	if (op->type[0] == ISA_SREG)
		return isa_scalar_tuple(number, 1);
	return isa_use_vector(inst, number, isa_type_dwords(op->type[0]),
			      op->id == ISA_OP_v_accvgpr_mov_b32);
}

bool isa_decode_valu(struct isa_inst *inst)
{
	if (inst->op->type[0] == ISA_NONE) {
		/* v_nop and v_clrexcp: the destination field must be empty. */
		if (bits(inst->word[0], 17, 8))
			return false;
	} else if (!decode_dest(inst)) {
		return false;
	}
	return decode_sources(inst) && isa_constant_bus_ok(inst);
}
