// SPDX-License-Identifier: MIT
/*
 * DOC: the opcode table, filled from the rows
 *
 * isa_ops[] in row order, and for each encoding an index by opcode number, so
 * that a look-up is two loads. The index is built by the compiler: two rows
 * with one number are an error (-Woverride-init).
 */
#include "isa/op.h"
#include "isa/op_id.h"

#define OPCODES	1024u	/* VOP3 has ten bits, the others fewer */

/* Columns of memory rows that the others lack. */
#define SEGS_F		1u
#define SEGS_S		2u
#define SEGS_G		4u
#define SEGS_FG		(SEGS_F | SEGS_G)
#define SEGS_FSG	(SEGS_F | SEGS_S | SEGS_G)

const struct isa_op isa_ops[] = {
#define SALU(enc_, op_, name_, shape_, dst, src0, src1, fn)			\
	{ .name = #name_, .id = ISA_OP_##name_, .opcode = op_, .enc = ISA_##enc_,	\
	  .shape = ISA_##shape_, .type = { ISA_##dst, ISA_##src0, ISA_##src1 } },
#define SOPP(op_, name_, operand, fn)						\
	{ .name = #name_, .id = ISA_OP_##name_, .opcode = op_, .enc = ISA_SOPP,	\
	  .shape = ISA_WAVE, .count = ISA_SOPP_##operand },
#define SMEM(op_, name_, kind, dwords, base_)					\
	{ .name = #name_, .id = ISA_OP_##name_, .opcode = op_, .enc = ISA_SMEM,	\
	  .shape = ISA_##kind, .type = { ISA_B32 }, .count = dwords, .base = base_ },
#define VALU(enc_, op_, name_, shape_, dst, src0, src1, src2, fn)		\
	{ .name = #name_, .id = ISA_OP_##name_, .opcode = op_, .enc = ISA_##enc_,	\
	  .shape = ISA_##shape_,							\
	  .type = { ISA_##dst, ISA_##src0, ISA_##src1, ISA_##src2 } },
#define DS(op_, name_, kind, type_, count_)					\
	{ .name = #name_, .id = ISA_OP_##name_, .opcode = op_, .enc = ISA_DS,	\
	  .shape = ISA_##kind, .type = { ISA_##type_ }, .count = count_ },
#define FLAT(op_, name_, kind, type_, segs_)					\
	{ .name = #name_, .id = ISA_OP_flat_##name_, .opcode = op_, .enc = ISA_FLAT, \
	  .shape = ISA_##kind, .type = { ISA_##type_ }, .segs = SEGS_##segs_ },
#define MUBUF(op_, name_, kind, type_)						\
	{ .name = #name_, .id = ISA_OP_##name_, .opcode = op_, .enc = ISA_MUBUF,	\
	  .shape = ISA_##kind, .type = { ISA_##type_ } },
#include "isa/opcodes.def"
};

const unsigned int isa_nr_ops = ISA_NR_OPS;

/* Row number + 1. */
static const u16 by_opcode[ISA_NR_ENCS][OPCODES] = {
#define SALU(enc, op_, name, ...) [ISA_##enc][op_] = ISA_OP_##name + 1,
#define SOPP(op_, name, ...) [ISA_SOPP][op_] = ISA_OP_##name + 1,
#define SMEM(op_, name, ...) [ISA_SMEM][op_] = ISA_OP_##name + 1,
#define VALU(enc, op_, name, ...) [ISA_##enc][op_] = ISA_OP_##name + 1,
#define DS(op_, name, ...) [ISA_DS][op_] = ISA_OP_##name + 1,
#define FLAT(op_, name, ...) [ISA_FLAT][op_] = ISA_OP_flat_##name + 1,
#define MUBUF(op_, name, ...) [ISA_MUBUF][op_] = ISA_OP_##name + 1,
#include "isa/opcodes.def"
};

const struct isa_op *isa_op_find(enum isa_enc enc, unsigned int opcode)
{
	unsigned int row;

	if ((unsigned int)enc >= ISA_NR_ENCS || opcode >= OPCODES)
		return NULL;
	row = by_opcode[enc][opcode];
	return row ? &isa_ops[row - 1] : NULL;
}

static const u16 type_bits[] = {
	[ISA_B16] = 16, [ISA_U16] = 16, [ISA_I16] = 16, [ISA_F16] = 16,
	[ISA_B32] = 32, [ISA_U32] = 32, [ISA_I32] = 32, [ISA_F32] = 32,
	[ISA_B64] = 64, [ISA_U64] = 64, [ISA_I64] = 64, [ISA_F64] = 64,
	[ISA_V2F16] = 32, [ISA_V2I16] = 32, [ISA_V2U16] = 32,
	[ISA_V2F32] = 64, [ISA_V2B32] = 64,
	[ISA_MASK] = 1, [ISA_SREG] = 32,
	[ISA_U8] = 8, [ISA_I8] = 8,
	[ISA_B96] = 96, [ISA_B128] = 128, [ISA_B256] = 256, [ISA_B512] = 512,
	[ISA_D16_U8] = 8, [ISA_D16_I8] = 8, [ISA_D16_B16] = 16,
	[ISA_D16HI_U8] = 8, [ISA_D16HI_I8] = 8, [ISA_D16HI_B16] = 16,
};

unsigned int isa_type_bits(enum isa_type type)
{
	return (unsigned int)type < sizeof(type_bits) / sizeof(type_bits[0]) ? type_bits[type] : 0;
}

unsigned int isa_ds_unit(const struct isa_op *op)
{
	bool st64;

	if (op->count != 2)
		return 1;
	/* write2st64, wrxchg2st64_rtn, read2st64; 64-bit ones 0x40 higher */
	st64 = (op->opcode & 0x1f) == 0x0f || (op->opcode & 0x3f) == 0x38;
	return isa_type_bits(op->type[0]) / 8 * (st64 ? 64 : 1);
}
