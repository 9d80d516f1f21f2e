// SPDX-License-Identifier: MIT
/*
 * DOC: VGPRs by index
 *
 * While MODE.GPR_IDX_EN is set, M0[7:0] is added to the VGPR numbers of the operands
 * that M0[15:12] names, in vector ALU instructions. Scalars, constants and
 * AccVGPRs are as the instruction says. What is both source and destination
 * (v_fmac, v_swap) goes with the destination. Behind the last VGPR of the wave
 * there is nothing: the instruction is illegal then.
 */
#include "isa/valu.h"

#include "isa/decode_priv.h"
#include "isa/op_id.h"

#define INDEXED_DST	8u

static bool from_acc(const struct isa_op *op)
{
	return op->id == ISA_OP_v_accvgpr_read_b32 || op->id == ISA_OP_v_accvgpr_mov_b32;
}

/* Compares and lane reads write scalars. */
static bool to_vgpr(const struct isa_op *op)
{
	switch (op->id) {
	case ISA_OP_v_accvgpr_write_b32:
	case ISA_OP_v_accvgpr_mov_b32:
	case ISA_OP_v_readlane_b32:
	case ISA_OP_v_readfirstlane_b32:
		return false;
	default:
		return !isa_is_compare(op) && op->type[0] != ISA_NONE;
	}
}

static void need(struct isa_inst *inst, u32 number, enum isa_type type)
{
	u32 end = number + isa_type_dwords(type);

	if (end > inst->nr_vgprs)
		inst->nr_vgprs = (u16)end;
}

void valu_index(const struct wave *wave, const struct isa_inst *inst, struct isa_inst *indexed)
{
	u32 m0 = wave->s[ISA_SRC_M0], operands = m0 >> WAVE_M0_INDEXED_SHIFT;
	const struct isa_op *op = inst->op;
	u16 index = m0 & WAVE_M0_INDEX;

	*indexed = *inst;
	for (unsigned int n = 0; n < 3; n++) {
		if (!(operands >> n & 1) || inst->src[n] < ISA_SRC_VGPR || from_acc(op))
			continue;
		indexed->src[n] = (u16)(inst->src[n] + index);
		need(indexed, indexed->src[n] - ISA_SRC_VGPR, op->type[n + 1]);
	}
	if (operands & INDEXED_DST && to_vgpr(op)) {
		indexed->dst = (u16)(inst->dst + index);
		need(indexed, indexed->dst, op->type[0]);
	}
}
