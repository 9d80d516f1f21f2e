/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_DS_ATOMIC_H
#define VKFD_DEVICE_ISA_DS_ATOMIC_H

#include "isa/wave.h"

/* Read-modify-write of one LDS element, as the DS atomic rows number them. */
struct ds_atomic {
	u32 addr;
	u32 bytes;
	u64 data[2];	/* DATA0, DATA1 */
};

/* Bits of a DS atomic's opcode. */
static inline bool ds_atomic_returns(const struct isa_op *op)
{
	return op->opcode & 0x20;
}

/* Has a second data operand. */
bool ds_atomic_second(const struct isa_op *op);

/* Return: what was there before. @mode: MODE register, for float denormals. */
u64 ds_atomic_run(struct wave_group *group, const struct isa_op *op, const struct ds_atomic *atomic,
		  u32 mode);

#endif
