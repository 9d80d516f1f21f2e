// SPDX-License-Identifier: MIT
/* Program flow, messages and hints. */
#include "isa/exec.h"
#include "isa/group.h"
#include "isa/hwreg.h"

#define RUN(name)                                                              \
	enum wave_stop isa_run_##name(struct wave *wave, struct wave_env *env, \
				      const struct isa_inst *inst)

static enum wave_stop branch(struct wave *wave, const struct isa_inst *inst, bool taken)
{
	if (taken)
		wave->pc += (u64)((s64)inst->simm * 4);
	return WAVE_READY;
}

#define BRANCH(name, condition)                            \
	RUN(name)                                          \
	{                                                  \
		(void)env;                                 \
		return branch(wave, inst, condition);      \
	}

BRANCH(s_branch, true)
BRANCH(s_cbranch_scc0, !wave->scc)
BRANCH(s_cbranch_scc1, wave->scc)
BRANCH(s_cbranch_vccz, !wave_sreg64(wave, ISA_SRC_VCC))
BRANCH(s_cbranch_vccnz, wave_sreg64(wave, ISA_SRC_VCC) != 0)
BRANCH(s_cbranch_execz, !wave_exec(wave))
BRANCH(s_cbranch_execnz, wave_exec(wave) != 0)
/* No debugger attaches to the virtual GPU. */
BRANCH(s_cbranch_cdbgsys, false)
BRANCH(s_cbranch_cdbguser, false)
BRANCH(s_cbranch_cdbgsys_or_user, false)
BRANCH(s_cbranch_cdbgsys_and_user, false)

/* Memory is synchronous and time is not modelled: nothing to wait for or to tune. */
#define NOTHING(name)                                  \
	RUN(name)                                      \
	{                                              \
		(void)wave, (void)env, (void)inst;     \
		return WAVE_READY;                     \
	}

NOTHING(s_nop)
NOTHING(s_waitcnt)
NOTHING(s_setprio)
NOTHING(s_wakeup)
NOTHING(s_incperflevel)
NOTHING(s_decperflevel)
NOTHING(s_ttracedata)

#define STOPS(name, why)                               \
	RUN(name)                                      \
	{                                              \
		(void)wave, (void)env, (void)inst;     \
		return why;                            \
	}

STOPS(s_endpgm, WAVE_ENDED)
STOPS(s_endpgm_saved, WAVE_ENDED)
STOPS(s_sleep, WAVE_SLEEPING)
STOPS(s_barrier, wave->group->config.nr_waves > 1 ? WAVE_BARRIER : WAVE_READY)

/* A trap handler halts its wave when it leaves. */
RUN(s_sethalt)
{
	bool halt = inst->simm & 1;

	(void)env;
	if (!(wave->status & WAVE_STATUS_PRIV))
		return halt ? WAVE_HALTED : WAVE_READY;
	wave->status &= ~WAVE_STATUS_HALT;
	wave->status |= halt ? WAVE_STATUS_HALT : 0;
	return WAVE_READY;
}

enum message { MESSAGE_INTERRUPT = 1, MESSAGE_GET_DOORBELL = 10 };

static enum wave_stop send(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	switch (inst->simm & 0xf) {
	case MESSAGE_INTERRUPT:
		if (!env->message(env->opaque, wave, wave->s[ISA_SRC_M0] & 0xffffff))
			return WAVE_BUSY;
		break;
	case MESSAGE_GET_DOORBELL:
		/* The sender spins until bit 31 is clear. */
		wave->s[ISA_SRC_EXEC] = env->doorbell & 0x7fffffff;
		break;
	default:
		break;
	}
	return WAVE_READY;
}

RUN(s_sendmsg)
{
	return send(wave, env, inst);
}

RUN(s_sendmsghalt)
{
	enum wave_stop stop = send(wave, env, inst);

	return stop == WAVE_READY ? WAVE_HALTED : stop;
}

RUN(s_trap)
{
	(void)env;
	if (!(wave->status & WAVE_STATUS_TRAP_EN))
		return WAVE_READY;
	wave->trap = (u8)inst->simm;
	return WAVE_TRAPPED;
}

RUN(s_icache_inv)
{
	(void)wave, (void)inst;
	mmu_code_changed(env->access.mmu, env->access.ctx);
	return WAVE_READY;
}
