// SPDX-License-Identifier: MIT
/* DOC: DS, FLAT (flat, scratch, global) and MUBUF. Unused register fields of DS must be 0. */
#include "isa/decode_priv.h"
#include "isa/op_id.h"

/* Two values: the new one and what to compare with, or a mask. */
bool isa_is_two_value(const struct isa_op *op)
{
	unsigned int low = op->opcode & 0x1f;

	if (op->shape != ISA_ATOMIC)
		return false;
	if (op->enc == ISA_DS)	/* mskor, cmpst, wrap; wrxchg2 has two elements */
		return low == 0x0c || low == 0x10 || low == 0x11 || low == 0x14 || op->count == 2;
	return (op->opcode & 0x5f) == 0x41;	/* cmpswap */
}

static bool ds_returns(const struct isa_op *op)
{
	return op->opcode & 0x20;
}

struct isa_ds_fields isa_ds_fields(const struct isa_op *op)
{
	struct isa_ds_fields f = { 0 };

	switch (op->shape) {
	case ISA_LOAD:
		f = (struct isa_ds_fields){ .addr = true, .dst = true };
		break;
	case ISA_STORE:
		f = (struct isa_ds_fields){ .addr = true, .data0 = true, .data1 = op->count == 2 };
		break;
	case ISA_ATOMIC:
		f = (struct isa_ds_fields){ true, true, isa_is_two_value(op), ds_returns(op) };
		break;
	case ISA_SWIZZLE:
		f = (struct isa_ds_fields){ true, op->id != ISA_OP_ds_swizzle_b32, false, true };
		break;
	case ISA_ADDTID:
		f.data0 = op->id == ISA_OP_ds_write_addtid_b32;
		f.dst = !f.data0;
		break;
	case ISA_COUNTER:
		f.dst = true;
		break;
	case ISA_GWS:
		f.data0 = op->count;
		break;
	default:
		break;
	}
	return f;
}

/* A register field: used, or empty. */
static bool ds_register(struct isa_inst *inst, bool used, unsigned int low, unsigned int dwords,
			u16 *field)
{
	unsigned int number = bits(inst->word[1], low, 8);

	if (!used)
		return number == 0;
	*field = (u16)number;
	return isa_use_vector(inst, number, dwords, low && inst->acc);
}

static bool ds_registers(struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;
	struct isa_ds_fields f = isa_ds_fields(op);
	unsigned int dwords = isa_type_dwords(op->type[0]);
	unsigned int result = dwords * (op->count == 2 ? 2 : 1);

	return ds_register(inst, f.addr, 0, 1, &inst->vaddr) &&
	       ds_register(inst, f.data0, 8, dwords, &inst->vdata) &&
	       ds_register(inst, f.data1, 16, dwords, &inst->vdata2) &&
	       ds_register(inst, f.dst, 24, result, &inst->dst);
}

/* The value stands where others have an address, and its number is even. */
static bool gws_registers(struct isa_inst *inst)
{
	if (!inst->gds || bits(inst->word[1], 8, 24))
		return false;
	inst->vdata = (u16)bits(inst->word[1], 0, 8);
	if (!inst->op->count)
		return !inst->vdata && !inst->acc;
	return inst->vdata % 2 == 0 && isa_use_vector(inst, inst->vdata, 1, inst->acc);
}

bool isa_decode_ds(struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;
	u32 word = inst->word[0];

	inst->gds = bits(word, 16, 1);
	inst->acc = bits(word, 25, 1);
	inst->offset = (s32)bits(word, 0, op->count == 2 ? 8 : 16);
	if (op->count == 2)
		inst->offset1 = (u8)bits(word, 8, 8);
	if (op->shape == ISA_SWIZZLE && op->id != ISA_OP_ds_swizzle_b32 && inst->gds)
		return false;
	return op->shape == ISA_GWS ? gws_registers(inst) : ds_registers(inst);
}

/* Signed 13 bits; flat_: 12 bits, unsigned. */
static bool flat_offset(struct isa_inst *inst)
{
	u32 field = bits(inst->word[0], 0, 13);

	if (inst->seg == 0) {
		inst->offset = (s32)field;
		return field < 1u << 12;
	}
	inst->offset = (s32)(field << 19) >> 19;
	return true;
}

static bool flat_address(struct isa_inst *inst)
{
	inst->vaddr = (u16)bits(inst->word[1], 0, 8);
	inst->saddr = (u16)bits(inst->word[1], 16, 7);
	if (inst->seg == 0) {
		if (inst->saddr)
			return false;
		inst->saddr = ISA_SADDR_OFF;
	}
	if (inst->saddr == ISA_SADDR_OFF)
		return isa_use_vector(inst, inst->vaddr, inst->seg == 1 ? 1 : 2, false);
	if (inst->seg == 1) {
		inst->vaddr = ISA_NO_REG;
		return isa_scalar_tuple(inst->saddr, 1);
	}
	return isa_scalar_tuple(inst->saddr, 2) && isa_use_vector(inst, inst->vaddr, 1, false);
}

static bool flat_data(struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;
	unsigned int dwords = isa_type_dwords(op->type[0]);
	bool stores = op->shape != ISA_LOAD, loads = op->shape == ISA_LOAD;

	if (op->shape == ISA_ATOMIC)
		loads = inst->glc;
	if (stores) {
		inst->vdata = (u16)bits(inst->word[1], 8, 8);
		if (!isa_use_vector(inst, inst->vdata, dwords * (isa_is_two_value(op) ? 2 : 1), inst->acc))
			return false;
	}
	if (!loads)
		return true;
	inst->dst = (u16)bits(inst->word[1], 24, 8);
	return isa_use_vector(inst, inst->dst, dwords, inst->acc);
}

/* Float and packed atomics are not system coherent by themselves. */
static bool scc_ok(const struct isa_inst *inst)
{
	return !inst->scc || inst->op->shape != ISA_ATOMIC || inst->op->opcode < 0x4d ||
	       inst->op->opcode > 0x51;
}

bool isa_decode_flat(struct isa_inst *inst)
{
	u32 word = inst->word[0];

	inst->seg = (u8)bits(word, 14, 2);
	if (inst->seg == 3 || !(inst->op->segs & 1u << inst->seg) || bits(word, 13, 1))
		return false;
	inst->glc = bits(word, 16, 1);
	inst->slc = bits(word, 17, 1);
	inst->scc = bits(word, 25, 1);
	inst->acc = bits(inst->word[1], 23, 1);
	return scc_ok(inst) && flat_offset(inst) && flat_address(inst) && flat_data(inst);
}

/* Index and offset come from one VGPR each. */
static bool mubuf_address(struct isa_inst *inst)
{
	inst->vaddr = (u16)bits(inst->word[1], 0, 8);
	if (!inst->offen && !inst->idxen) {
		inst->vaddr = ISA_NO_REG;
		return true;
	}
	return isa_use_vector(inst, inst->vaddr, inst->offen && inst->idxen ? 2 : 1, false);
}

static bool mubuf_data(struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;
	unsigned int dwords = isa_type_dwords(op->type[0]);

	inst->vdata = (u16)bits(inst->word[1], 8, 8);
	if (op->shape != ISA_STORE)
		inst->dst = inst->vdata;
	return isa_use_vector(inst, inst->vdata, dwords * (isa_is_two_value(op) ? 2 : 1), inst->acc);
}

/* gfx90a's own, which LLVM decodes more strictly than wbinvl1. */
static bool writes_l2(const struct isa_op *op)
{
	return op->id == ISA_OP_buffer_wbl2 || op->id == ISA_OP_buffer_invl2;
}

bool isa_decode_mubuf(struct isa_inst *inst)
{
	u32 word = inst->word[0];

	if (inst->op->shape == ISA_CACHE)
		return !bits(word, 12, 5) && (!writes_l2(inst->op) || !bits(inst->word[1], 23, 1));
	inst->offset = (s32)bits(word, 0, 12);
	inst->offen = bits(word, 12, 1);
	inst->idxen = bits(word, 13, 1);
	inst->glc = bits(word, 14, 1);
	inst->scc = bits(word, 15, 1);
	inst->lds = bits(word, 16, 1);
	inst->slc = bits(word, 17, 1);
	inst->acc = bits(inst->word[1], 23, 1);
	inst->saddr = (u16)(bits(inst->word[1], 16, 5) * 4);
	inst->src[0] = (u16)bits(inst->word[1], 24, 8);
	if (!scc_ok(inst))
		return false;
	if (inst->lds && (inst->op->shape != ISA_LOAD || inst->op->opcode > 0x14 || inst->acc))
		return false;
	return isa_scalar_tuple(inst->saddr, 4) && inst->src[0] != ISA_SRC_LITERAL &&
	       isa_scalar_source(inst->src[0], ISA_B32) && mubuf_address(inst) && mubuf_data(inst);
}
