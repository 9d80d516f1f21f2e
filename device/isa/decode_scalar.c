// SPDX-License-Identifier: MIT
/* DOC: fields of the scalar encodings: SOP1, SOP2, SOPC, SOPK, SOPP, SMEM. */
#include "isa/decode_priv.h"
#include "isa/op_id.h"

#define GPR_IDX_MASK	0xf	/* src0, src1, src2, dst */

/* Source @n of a SOP instruction; a literal is in the second dword. */
static bool scalar_source(struct isa_inst *inst, unsigned int n, unsigned int code)
{
	enum isa_type type = inst->op->type[n + 1];

	inst->src[n] = (u16)code;
	if (code != ISA_SRC_LITERAL)
		return isa_scalar_source(code, type);
	inst->literal = inst->word[1];
	return true;
}

static bool scalar_dest(struct isa_inst *inst, unsigned int code)
{
	inst->dst = (u16)code;
	return isa_scalar_tuple(code, isa_type_dwords(inst->op->type[0]));
}

/* Jumps, and moves from a register by its number: not from a constant. */
static bool wants_register(const struct isa_op *op)
{
	switch (op->id) {
	case ISA_OP_s_movrels_b32:
	case ISA_OP_s_movrels_b64:
	case ISA_OP_s_setpc_b64:
	case ISA_OP_s_rfe_b64:
		return true;
	default:
		return false;
	}
}

bool isa_decode_sop1(struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;
	u32 word = inst->word[0];

	if (op->type[0] != ISA_NONE && !scalar_dest(inst, bits(word, 16, 7)))
		return false;
	if (op->type[1] != ISA_NONE && !scalar_source(inst, 0, bits(word, 0, 8)))
		return false;
	return !wants_register(op) || inst->src[0] < ISA_SRC_INT_0;
}

bool isa_decode_sop2(struct isa_inst *inst)
{
	u32 word = inst->word[0];

	return scalar_dest(inst, bits(word, 16, 7)) &&
	       scalar_source(inst, 0, bits(word, 0, 8)) &&
	       scalar_source(inst, 1, bits(word, 8, 8));
}

bool isa_decode_sopc(struct isa_inst *inst)
{
	u32 word = inst->word[0];

	if (!scalar_source(inst, 0, bits(word, 0, 8)))
		return false;
	inst->simm = (s32)bits(word, 8, 8);
	if (inst->op->type[2] != ISA_NONE)
		return scalar_source(inst, 1, (u32)inst->simm);
	return inst->simm <= GPR_IDX_MASK;
}

bool isa_decode_sopk(struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;
	unsigned int code = bits(inst->word[0], 16, 7);

	inst->simm = (s32)(inst->word[0] << 16) >> 16;
	if (inst->bytes == 8)
		inst->literal = inst->word[1];
	if (op->type[1] != ISA_NONE)
		inst->src[0] = (u16)code;
	if (op->type[0] != ISA_NONE)
		return scalar_dest(inst, code);
	return op->type[1] == ISA_NONE || isa_scalar_tuple(code, 1);
}

bool isa_decode_sopp(struct isa_inst *inst)
{
	inst->simm = (s32)(inst->word[0] << 16) >> 16;
	switch (inst->op->count) {
	case ISA_SOPP_NONE:
		return !inst->simm;
	case ISA_SOPP_GPRIDX:
		return inst->simm >= 0 && inst->simm <= GPR_IDX_MASK;
	default:
		return true;
	}
}

/* Offset: an immediate, an SGPR, or both when soffset_en says so. */
static bool smem_offset(struct isa_inst *inst)
{
	bool soffset_en = bits(inst->word[0], 14, 1);

	inst->imm = bits(inst->word[0], 17, 1);
	inst->src[0] = ISA_NO_REG;
	if (inst->imm)
		inst->offset = (s32)(inst->word[1] << 11) >> 11;
	if (soffset_en)
		inst->src[0] = (u16)bits(inst->word[1], 25, 7);
	else if (!inst->imm)
		inst->src[0] = (u16)bits(inst->word[1], 0, 7);
	if (inst->op->base == 4 && inst->offset < 0)
		return false;
	return inst->src[0] == ISA_NO_REG || isa_scalar_tuple(inst->src[0], 1);
}

bool isa_decode_smem(struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;
	u32 word = inst->word[0];

	if (!op->base) {
		inst->dst = (u16)bits(word, 6, 7);
		return !bits(word, 17, 1) &&
		       (op->shape == ISA_CACHE ||
			(isa_scalar_tuple(inst->dst, 2) && inst->dst < ISA_SRC_M0));
	}
	inst->glc = bits(word, 16, 1);
	inst->saddr = (u16)(bits(word, 0, 6) * 2);
	inst->dst = (u16)bits(word, 6, 7);
	return isa_scalar_tuple(inst->saddr, op->base) && isa_scalar_tuple(inst->dst, op->count) &&
	       inst->dst < ISA_SRC_M0 && smem_offset(inst);
}
