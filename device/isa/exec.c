// SPDX-License-Identifier: MIT
/* Which executor a row has; one without is an illegal instruction. */
#include "isa/exec.h"

#include "isa/op_id.h"

isa_exec *const isa_execs[ISA_NR_OPS] = {
#define SALU(enc, opcode, name, shape, dst, src0, src1, fn) [ISA_OP_##name] = isa_run_##fn,
#define SOPP(opcode, name, operand, fn) [ISA_OP_##name] = isa_run_##fn,
#define SMEM(opcode, name, ...) [ISA_OP_##name] = isa_run_smem,
#define DS(opcode, name, ...) [ISA_OP_##name] = isa_run_ds,
#define FLAT(opcode, name, ...) [ISA_OP_flat_##name] = isa_run_flat,
#define MUBUF(opcode, name, ...) [ISA_OP_##name] = isa_run_mubuf,
#include "isa/opcodes.def"
};
