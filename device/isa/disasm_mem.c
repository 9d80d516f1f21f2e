// SPDX-License-Identifier: MIT
/* DOC: operands of DS, FLAT and MUBUF. */
#include "isa/disasm_priv.h"
#include "isa/op_id.h"

/* Registers of one instruction, separated by commas. */
static void vector_item(struct text *text, const char **comma, unsigned int number,
			unsigned int dwords, bool acc)
{
	text_put(text, "%s", *comma);
	text_vector(text, number, dwords, acc);
	*comma = ", ";
}

/* One swizzle mask as LLVM spells it: 0, 1, p(ass) and i(nvert) a bit. */
static void swizzle_mask(struct text *text, unsigned int and, unsigned int or, unsigned int xor)
{
	text_put(text, "BITMASK_PERM,\"");
	for (int n = 4; n >= 0; n--) {
		unsigned int p0 = (or | 0u) >> n & 1, p1 = (and | or) >> n & 1;

		p0 ^= xor >> n & 1;
		p1 ^= xor >> n & 1;
		text_put(text, "%s", p0 == p1 ? (p0 ? "1" : "0") : (p0 ? "i" : "p"));
	}
	text_put(text, "\"");
}

static bool power_of_two(unsigned int n)
{
	return n && !(n & (n - 1));
}

/* The bit mask mode, which has shorter names for common cases. */
static void swizzle_bits(struct text *text, unsigned int offset)
{
	unsigned int and = bits(offset, 0, 5), or = bits(offset, 5, 5), xor = bits(offset, 10, 5);
	unsigned int group = (~and & 0x1f) + 1;

	if (and == 0x1f && or == 0 && power_of_two(xor))
		text_put(text, "SWAP,%u", xor);
	else if (and == 0x1f && or == 0 && xor && power_of_two(xor + 1))
		text_put(text, "REVERSE,%u", xor + 1);
	else if (xor == 0 && group > 1 && power_of_two(group) && or < group)
		text_put(text, "BROADCAST,%u,%u", group, or);
	else
		swizzle_mask(text, and, or, xor);
}

void text_swizzle(struct text *text, unsigned int offset)
{
	if (!offset)
		return;
	text_put(text, " offset:");
	if ((offset & 0xff00) == 0x8000) {
		text_put(text, "swizzle(QUAD_PERM,%u,%u,%u,%u)", offset & 3, offset >> 2 & 3,
			 offset >> 4 & 3, offset >> 6 & 3);
	} else if (!(offset & 0x8000)) {
		text_put(text, "swizzle(");
		swizzle_bits(text, offset);
		text_put(text, ")");
	} else {
		text_put(text, "%u", offset);
	}
}

static void ds_offset(struct text *text, const struct isa_inst *inst)
{
	if (inst->op->id == ISA_OP_ds_swizzle_b32) {
		text_swizzle(text, (unsigned int)inst->offset);
		return;
	}
	if (inst->offset)
		text_put(text, " offset%s:%d", inst->op->count == 2 ? "0" : "", inst->offset);
	if (inst->offset1)
		text_put(text, " offset1:%u", inst->offset1);
}

void text_ds(struct text *text, const struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;
	struct isa_ds_fields f = isa_ds_fields(op);
	unsigned int dwords = isa_type_dwords(op->type[0]);
	const char *comma = " ";

	if (f.dst)
		vector_item(text, &comma, inst->dst, dwords * (op->count == 2 ? 2 : 1), inst->acc);
	if (f.addr)
		vector_item(text, &comma, inst->vaddr, 1, false);
	if (f.data0)
		vector_item(text, &comma, inst->vdata, dwords, inst->acc);
	if (f.data1)
		vector_item(text, &comma, inst->vdata2, dwords, inst->acc);
	ds_offset(text, inst);
	if (inst->gds)
		text_put(text, " gds");
}

static void cache_bits(struct text *text, const struct isa_inst *inst)
{
	text_put(text, "%s%s%s", inst->glc ? " glc" : "", inst->slc ? " slc" : "",
		 inst->scc ? " scc" : "");
}

static void flat_address(struct text *text, const struct isa_inst *inst, const char **comma)
{
	bool off = inst->saddr == ISA_SADDR_OFF;

	if (inst->vaddr == ISA_NO_REG) {
		text_put(text, "%soff", *comma);
		*comma = ", ";
		return;
	}
	vector_item(text, comma, inst->vaddr, inst->seg != 1 && off ? 2 : 1, false);
}

static unsigned int data_dwords(const struct isa_op *op)
{
	return isa_type_dwords(op->type[0]) * (isa_is_two_value(op) ? 2 : 1);
}

void text_flat(struct text *text, const struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;
	const char *comma = " ";

	if (op->shape == ISA_LOAD || (op->shape == ISA_ATOMIC && inst->glc))
		vector_item(text, &comma, inst->dst, isa_type_dwords(op->type[0]), inst->acc);
	flat_address(text, inst, &comma);
	if (op->shape != ISA_LOAD)
		vector_item(text, &comma, inst->vdata, data_dwords(op), inst->acc);
	if (inst->seg) {
		text_put(text, ", ");
		if (inst->saddr == ISA_SADDR_OFF)
			text_put(text, "off");
		else
			text_scalar(text, inst->saddr, inst->seg == 1 ? 1 : 2);
	}
	if (inst->offset)
		text_put(text, " offset:%d", inst->offset);
	cache_bits(text, inst);
}

void text_mubuf(struct text *text, const struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;
	const char *comma = " ";

	if (op->shape == ISA_CACHE)
		return;
	if (!inst->lds)
		vector_item(text, &comma, inst->vdata, data_dwords(op), inst->acc);
	if (inst->vaddr == ISA_NO_REG)
		text_put(text, "%soff", comma);
	else
		vector_item(text, &comma, inst->vaddr, inst->offen && inst->idxen ? 2 : 1, false);
	text_put(text, ", ");
	text_scalar(text, inst->saddr, 4);
	text_put(text, ", ");
	text_source(text, inst, inst->src[0], ISA_B32);
	text_put(text, "%s%s", inst->idxen ? " idxen" : "", inst->offen ? " offen" : "");
	if (inst->offset)
		text_put(text, " offset:%d", inst->offset);
	cache_bits(text, inst);
	if (inst->lds)
		text_put(text, " lds");
}
