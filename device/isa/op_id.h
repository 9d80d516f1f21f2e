/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_OP_ID_H
#define VKFD_DEVICE_ISA_OP_ID_H

/*
 * Names for isa_op::id: ISA_OP_<mnemonic>, flat_ for the rows of FLAT. For what
 * must be told apart by hand; anything that a column of the row says is better
 * read from there.
 */
enum isa_op_id {
#define SALU(enc, opcode, name, ...) ISA_OP_##name,
#define SOPP(opcode, name, ...) ISA_OP_##name,
#define SMEM(opcode, name, ...) ISA_OP_##name,
#define VALU(enc, opcode, name, ...) ISA_OP_##name,
#define DS(opcode, name, ...) ISA_OP_##name,
#define FLAT(opcode, name, ...) ISA_OP_flat_##name,
#define MUBUF(opcode, name, ...) ISA_OP_##name,
#include "isa/opcodes.def"
	ISA_NR_OPS
};

#endif
