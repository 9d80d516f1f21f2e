/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_ATOMIC_OP_H
#define VKFD_DEVICE_ISA_ATOMIC_OP_H

#include "isa/op.h"

/* Atomic rows of SMEM, FLAT and MUBUF: they number their operations alike. */

/* Operation for struct mem_atomic on @bytes (4 or 8). */
u32 isa_atomic_tc(const struct isa_op *op, u32 bytes);
/* Has a second operand behind the first: what to compare with. */
bool isa_atomic_compares(const struct isa_op *op);

#endif
