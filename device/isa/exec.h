/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_EXEC_H
#define VKFD_DEVICE_ISA_EXEC_H

#include "isa/wave.h"

/*
 * DOC: executors
 *
 * An executor does one instruction. wave->pc is already behind it. WAVE_READY:
 * done. WAVE_FAULTED, _APERTURE (with env->access.fault filled), _ILLEGAL, _BUSY and
 * _TRAPPED: nothing was done, the interpreter puts the PC back. Every other
 * reason: done, and the wave stops behind it.
 */
typedef enum wave_stop isa_exec(struct wave *wave, struct wave_env *env, const struct isa_inst *inst);

/* By isa_op::id. */
extern isa_exec *const isa_execs[];

/* One function per scalar row. */
#define SALU(enc, opcode, name, shape, dst, src0, src1, fn) isa_exec isa_run_##fn;
#define SOPP(opcode, name, operand, fn) isa_exec isa_run_##fn;
#include "isa/opcodes.def"

isa_exec isa_run_smem, isa_run_flat, isa_run_mubuf, isa_run_ds;

/* The access went wrong: env->access.fault says how. */
static inline enum wave_stop isa_faulted(bool ok)
{
	return ok ? WAVE_READY : WAVE_FAULTED;
}

/* Bits 63:48 repeat bit 47. */
static inline bool isa_canonical(u64 va)
{
	return (u64)((s64)(va << 16) >> 16) == va;
}

/* Stops the wave for an address that no page table can hold. */
static inline enum wave_stop isa_aperture(struct wave_env *env, u64 va, u32 access)
{
	env->access.fault = (struct mmu_fault){ va, access, MMU_NO_ANSWER, false };
	return WAVE_APERTURE;
}

#endif
