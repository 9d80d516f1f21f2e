// SPDX-License-Identifier: MIT
/* Which executor a row has. */
#include "isa/exec.h"

#include "isa/op_id.h"
#include "isa/valu.h"

static enum wave_stop run_valu(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	(void)env;
	return valu_run(wave, inst) ? WAVE_READY : WAVE_ILLEGAL;
}

isa_exec *const isa_execs[ISA_NR_OPS] = {
#define SALU(enc, opcode, name, shape, dst, src0, src1, fn) [ISA_OP_##name] = isa_run_##fn,
#define SOPP(opcode, name, operand, fn) [ISA_OP_##name] = isa_run_##fn,
#define SMEM(opcode, name, ...) [ISA_OP_##name] = isa_run_smem,
#define VALU(enc, opcode, name, ...) [ISA_OP_##name] = run_valu,
#define DS(opcode, name, ...) [ISA_OP_##name] = isa_run_ds,
#define FLAT(opcode, name, ...) [ISA_OP_flat_##name] = isa_run_flat,
#define MUBUF(opcode, name, ...) [ISA_OP_##name] = isa_run_mubuf,
#include "isa/opcodes.def"
};
