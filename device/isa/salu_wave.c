// SPDX-License-Identifier: MIT
/*
 * Scalar instructions that work on more than their operands: EXEC, the PC,
 * registers by index.
 */
#include "isa/exec.h"
#include "isa/operand.h"
#include "isa/hwreg.h"

/* dst = EXEC, EXEC = expression; @save false: dst gets the new EXEC too. */
static enum wave_stop set_exec(struct wave *wave, const struct isa_inst *inst, u64 exec, bool save)
{
	u64 old = wave_exec(wave);

	/* In this order: EXEC as destination keeps the new value. */
	operand_write64(wave, inst->dst, save ? old : exec);
	wave_set_sreg64(wave, ISA_SRC_EXEC, exec);
	wave->scc = exec != 0;
	return WAVE_READY;
}

#define EXEC_OP(name, save, expression)                                              \
	enum wave_stop isa_run_##name(struct wave *wave, struct wave_env *env,       \
				      const struct isa_inst *inst)                   \
	{                                                                            \
		u64 src = operand_read64(wave, inst, inst->src[0], false);           \
		u64 exec = wave_exec(wave);                                          \
										     \
		(void)env;                                                           \
		return set_exec(wave, inst, expression, save);                       \
	}

EXEC_OP(s_and_saveexec_b64, true, src & exec)
EXEC_OP(s_or_saveexec_b64, true, src | exec)
EXEC_OP(s_xor_saveexec_b64, true, src ^ exec)
EXEC_OP(s_andn2_saveexec_b64, true, src & ~exec)
EXEC_OP(s_orn2_saveexec_b64, true, src | ~exec)
EXEC_OP(s_nand_saveexec_b64, true, ~(src & exec))
EXEC_OP(s_nor_saveexec_b64, true, ~(src | exec))
EXEC_OP(s_xnor_saveexec_b64, true, ~(src ^ exec))
EXEC_OP(s_andn1_saveexec_b64, true, ~src & exec)
EXEC_OP(s_orn1_saveexec_b64, true, ~src | exec)
EXEC_OP(s_andn1_wrexec_b64, false, ~src & exec)
EXEC_OP(s_andn2_wrexec_b64, false, src & ~exec)

static void jump(struct wave *wave, u64 target)
{
	wave->pc = target & ~3ull;
}

enum wave_stop isa_run_s_getpc_b64(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	(void)env;
	operand_write64(wave, inst->dst, wave->pc);
	return WAVE_READY;
}

enum wave_stop isa_run_s_setpc_b64(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	(void)env;
	jump(wave, operand_read64(wave, inst, inst->src[0], false));
	return WAVE_READY;
}

enum wave_stop isa_run_s_swappc_b64(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	u64 target = operand_read64(wave, inst, inst->src[0], false);

	(void)env;
	operand_write64(wave, inst->dst, wave->pc);
	jump(wave, target);
	return WAVE_READY;
}

enum wave_stop isa_run_s_call_b64(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	(void)env;
	operand_write64(wave, inst->dst, wave->pc);
	jump(wave, wave->pc + (u64)((s64)inst->simm * 4));
	return WAVE_READY;
}

enum wave_stop isa_run_s_rfe_b64(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	u64 target = operand_read64(wave, inst, inst->src[0], false);

	(void)env;
	/* 48 bits; above them ttmp1 holds the trap's number. */
	jump(wave, (u64)((s64)(target << 16) >> 16));
	wave->status &= ~(u32)WAVE_STATUS_PRIV;
	return wave->status & WAVE_STATUS_HALT ? WAVE_HALTED : WAVE_READY;
}

/* Register @code + M0. Behind the last SGPR the hardware takes s0. */
static u32 indexed(const struct wave *wave, u32 code)
{
	u32 sum = code + wave->s[ISA_SRC_M0];

	return sum < ISA_SRC_TTMP && sum >= code ? sum : 0;
}

enum wave_stop isa_run_s_movrels_b32(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	(void)env;
	operand_write32(wave, inst->dst, wave->s[indexed(wave, inst->src[0])]);
	return WAVE_READY;
}

enum wave_stop isa_run_s_movrels_b64(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	(void)env;
	operand_write64(wave, inst->dst, wave_sreg64(wave, indexed(wave, inst->src[0]) & ~1u));
	return WAVE_READY;
}

enum wave_stop isa_run_s_movreld_b32(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	(void)env;
	operand_write32(wave, indexed(wave, inst->dst), operand_read32(wave, inst, inst->src[0]));
	return WAVE_READY;
}

enum wave_stop isa_run_s_movreld_b64(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	(void)env;
	operand_write64(wave, indexed(wave, inst->dst),
			operand_read64(wave, inst, inst->src[0], false));
	return WAVE_READY;
}

/* MODE.VSKIP = a bit of src0. */
enum wave_stop isa_run_s_setvskip(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	u32 word = operand_read32(wave, inst, inst->src[0]);
	u32 bit = operand_read32(wave, inst, inst->src[1]) & 31;

	(void)env;
	wave->mode = (wave->mode & ~WAVE_MODE_VSKIP) | (word >> bit & 1 ? WAVE_MODE_VSKIP : 0);
	return WAVE_READY;
}

static void set_index(struct wave *wave, u32 index)
{
	u32 *m0 = &wave->s[ISA_SRC_M0];

	*m0 = (*m0 & ~WAVE_M0_INDEX) | (index & WAVE_M0_INDEX);
}

static void set_indexed(struct wave *wave, u32 operands)
{
	u32 *m0 = &wave->s[ISA_SRC_M0];

	*m0 = (*m0 & ~WAVE_M0_INDEXED_MASK) |
	      (operands << WAVE_M0_INDEXED_SHIFT & WAVE_M0_INDEXED_MASK);
}

enum wave_stop isa_run_s_set_gpr_idx_on(struct wave *wave, struct wave_env *env,
					const struct isa_inst *inst)
{
	(void)env;
	set_index(wave, operand_read32(wave, inst, inst->src[0]));
	set_indexed(wave, (u32)inst->simm);
	wave->mode |= WAVE_MODE_GPR_IDX_EN;
	return WAVE_READY;
}

enum wave_stop isa_run_s_set_gpr_idx_idx(struct wave *wave, struct wave_env *env,
					 const struct isa_inst *inst)
{
	(void)env;
	set_index(wave, operand_read32(wave, inst, inst->src[0]));
	return WAVE_READY;
}

enum wave_stop isa_run_s_set_gpr_idx_mode(struct wave *wave, struct wave_env *env,
					  const struct isa_inst *inst)
{
	(void)env;
	set_indexed(wave, (u32)inst->simm);
	return WAVE_READY;
}

enum wave_stop isa_run_s_set_gpr_idx_off(struct wave *wave, struct wave_env *env,
					 const struct isa_inst *inst)
{
	(void)env, (void)inst;
	wave->mode &= ~WAVE_MODE_GPR_IDX_EN;
	return WAVE_READY;
}
