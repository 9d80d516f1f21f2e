// SPDX-License-Identifier: MIT
#include "isa/atomic_op.h"

#include "mem/atomic.h"

#define CMPSWAP 1u

/* By the low five bits of the opcode; 64-bit forms of 0..12 are 0x20 higher. */
static const u8 tc_ops[] = {
	7, 8, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
	MEM_ATOMIC_FADD, MEM_ATOMIC_PK_FADD16, MEM_ATOMIC_FADD, 2, 3,
};

u32 isa_atomic_tc(const struct isa_op *op, u32 bytes)
{
	return tc_ops[op->opcode & 0x1f] | (bytes == 8 ? MEM_ATOMIC_64 : 0);
}

bool isa_atomic_compares(const struct isa_op *op)
{
	return (op->opcode & 0x1f) == CMPSWAP;
}
