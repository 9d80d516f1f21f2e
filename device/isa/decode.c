// SPDX-License-Identifier: MIT
/*
 * DOC: instruction decoder
 *
 * isa_decode() picks the encoding from the first dword, finds the row and hands
 * over to the encoding's part, which reads the fields and checks them against
 * the row's types. The parts never look past inst->bytes.
 *
 * What is legal is what LLVM assembles for gfx90a: the ISA oracle compares
 * with it. Bits that LLVM ignores are ignored here.
 */
#include <string.h>
#include "isa/decode_priv.h"
#include "isa/op_id.h"

/* One encoding: a pattern of the top bits, its opcode field and its part. */
struct encoding {
	u32 mask, pattern;
	u8 enc;			/* enum isa_enc */
	u8 op_low, op_bits;
	u8 bytes;
	bool (*decode)(struct isa_inst *inst);
};

/* First match counts: the narrow patterns stand before the wide. */
static const struct encoding encodings[] = {
	{ 0xff800000, 0xbe800000, ISA_SOP1, 8, 8, 4, isa_decode_sop1 },
	{ 0xff800000, 0xbf000000, ISA_SOPC, 16, 7, 4, isa_decode_sopc },
	{ 0xff800000, 0xbf800000, ISA_SOPP, 16, 7, 4, isa_decode_sopp },
	{ 0xf0000000, 0xb0000000, ISA_SOPK, 23, 5, 4, isa_decode_sopk },
	{ 0xc0000000, 0x80000000, ISA_SOP2, 23, 7, 4, isa_decode_sop2 },
	{ 0xfe000000, 0x7e000000, ISA_VOP1, 9, 8, 4, isa_decode_valu },
	{ 0xfe000000, 0x7c000000, ISA_VOPC, 17, 8, 4, isa_decode_valu },
	{ 0x80000000, 0x00000000, ISA_VOP2, 25, 6, 4, isa_decode_valu },
	{ 0xff800000, 0xd3800000, ISA_VOP3P, 16, 7, 8, isa_decode_vop3p },
	{ 0xfc000000, 0xd0000000, ISA_VOP3, 16, 10, 8, isa_decode_vop3 },
	{ 0xfc000000, 0xc0000000, ISA_SMEM, 18, 8, 8, isa_decode_smem },
	{ 0xfc000000, 0xd8000000, ISA_DS, 17, 8, 8, isa_decode_ds },
	{ 0xfc000000, 0xdc000000, ISA_FLAT, 18, 7, 8, isa_decode_flat },
	{ 0xfc000000, 0xe0000000, ISA_MUBUF, 18, 7, 8, isa_decode_mubuf },
};

static const struct encoding *find_encoding(u32 word)
{
	for (size_t n = 0; n < sizeof(encodings) / sizeof(encodings[0]); n++)
		if ((word & encodings[n].mask) == encodings[n].pattern)
			return &encodings[n];
	return NULL;
}

/* The long forms of VOPC, VOP2 and VOP1 share VOP3's opcodes. */
static const struct isa_op *find_long_form(unsigned int opcode)
{
	const struct isa_op *op;

	if (opcode >= 0x1c0)
		return isa_op_find(ISA_VOP3, opcode);
	if (opcode < 0x100)
		op = isa_op_find(ISA_VOPC, opcode);
	else if (opcode < 0x140)
		op = isa_op_find(ISA_VOP2, opcode - 0x100);
	else
		op = isa_op_find(ISA_VOP1, opcode - 0x140);
	return op && isa_has_long_form(op) ? op : NULL;
}

/* Source 0 of VOP1, VOP2 and VOPC. v_nop has the field, though no source. */
static bool vop_has_second_dword(const struct isa_op *op, unsigned int src0)
{
	if (op->shape == ISA_MADK || op->shape == ISA_MADMK || src0 == ISA_SRC_SDWA ||
	    src0 == ISA_SRC_DPP)
		return true;
	return src0 == ISA_SRC_LITERAL && op->type[1] != ISA_NONE;
}

/* A dword of literal, SDWA or DPP behind a 32-bit encoding. */
static bool has_second_dword(const struct isa_inst *inst, u32 word)
{
	const struct isa_op *op = inst->op;
	bool literal0 = bits(word, 0, 8) == ISA_SRC_LITERAL;

	switch (inst->enc) {
	case ISA_SOP2:
		return literal0 || bits(word, 8, 8) == ISA_SRC_LITERAL;
	case ISA_SOPC:
		if (op->type[2] == ISA_NONE)	/* eight bits of SIMM */
			return literal0;
		return literal0 || bits(word, 8, 8) == ISA_SRC_LITERAL;
	case ISA_SOP1:
		return literal0 && op->type[1] != ISA_NONE;
	case ISA_SOPK:
		return op->id == ISA_OP_s_setreg_imm32_b32;
	case ISA_VOP1:
	case ISA_VOP2:
	case ISA_VOPC:
		return vop_has_second_dword(op, bits(word, 0, 9));
	default:
		return false;
	}
}

enum isa_decode_status isa_decode(const u32 *words, size_t bytes, struct isa_inst *inst)
{
	const struct encoding *e = find_encoding(words[0]);
	unsigned int opcode;

	memset(inst, 0, sizeof(*inst));
	inst->word[0] = words[0];
	inst->bytes = 4;
	if (!e)
		return ISA_ILLEGAL;
	inst->enc = e->enc;
	opcode = bits(words[0], e->op_low, e->op_bits);
	inst->op = e->enc == ISA_VOP3 ? find_long_form(opcode) : isa_op_find(e->enc, opcode);
	if (!inst->op)
		goto wide;
	inst->bytes = e->bytes;
	if (e->bytes == 4 && has_second_dword(inst, words[0]))
		inst->bytes = 8;
	if (inst->bytes > bytes)
		return ISA_MORE;
	if (inst->bytes == 8)
		inst->word[1] = words[1];
	return e->decode(inst) ? ISA_DECODED : ISA_ILLEGAL;
wide:
	/* Unknown opcode: show the second dword of an encoding that always has it. */
	if (e->bytes == 8 && bytes < 8)
		return ISA_MORE;
	if (e->bytes == 8) {
		inst->bytes = 8;
		inst->word[1] = words[1];
	}
	return ISA_ILLEGAL;
}
