// SPDX-License-Identifier: MIT
/*
 * DOC: the interpreter loop
 *
 * Fetches from the instruction cache, runs the row's executor, stops for what
 * the executor says. An instruction happens whole or not at all: for the
 * stops after which it must be done again, or was never allowed, the PC stays
 * on it. Takes no lock across instructions and reads no clock.
 */
#include "isa/wave.h"

#include "isa/icache.h"
#include "isa/valu.h"

/* The instruction did not happen. */
static bool undone(enum wave_stop stop)
{
	return stop == WAVE_FAULTED || stop == WAVE_ILLEGAL || stop == WAVE_APERTURE ||
	       stop == WAVE_TRAPPED || stop == WAVE_BUSY;
}

/* MODE says that vector instructions are skipped, or which registers they use. */
static enum wave_stop execute_as(struct wave *wave, struct wave_env *env, const struct isa_slot *slot)
{
	const struct isa_inst *inst = &slot->inst;
	struct isa_inst indexed;

	if (inst->enc < ISA_VOP1)
		return slot->exec(wave, env, inst);
	if (wave->mode & WAVE_MODE_VSKIP)
		return WAVE_READY;
	if (inst->enc > ISA_VOP3P)
		return slot->exec(wave, env, inst);
	valu_index(wave, inst, &indexed);
	return indexed.nr_vgprs <= wave->nr_vgprs ? slot->exec(wave, env, &indexed) : WAVE_ILLEGAL;
}

static enum wave_stop execute(struct wave *wave, struct wave_env *env, const struct isa_slot *slot)
{
	if (wave->mode & (WAVE_MODE_VSKIP | WAVE_MODE_GPR_IDX_EN))
		return execute_as(wave, env, slot);
	return slot->exec(wave, env, &slot->inst);
}

static enum wave_stop step(struct wave *wave, struct wave_env *env, const struct isa_slot *slot)
{
	const struct isa_inst *inst = &slot->inst;
	u64 pc = wave->pc;
	enum wave_stop stop = WAVE_ILLEGAL;

	if (slot->exec && inst->nr_vgprs <= wave->nr_vgprs && inst->nr_agprs <= wave->nr_agprs) {
		wave->pc = pc + inst->bytes;
		stop = execute(wave, env, slot);
	}
	if (stop == WAVE_READY)
		return stop;
	if (undone(stop)) {
		wave->pc = pc;
		wave->inst = *inst;
	}
	if (stop == WAVE_FAULTED || stop == WAVE_APERTURE)
		wave->fault = env->access.fault;
	return stop;
}

enum wave_stop wave_run(struct wave *wave, struct wave_env *env, u32 budget)
{
	const _Atomic u64 *space = mmu_code_epoch(env->access.mmu, env->access.ctx);
	const struct isa_page *page = NULL;
	enum wave_stop stop = WAVE_READY;
	struct mmu_tally tally = { 0 };
	u32 done = 0;

	env->access.tally = &tally;
	env->access.more = &wave->more;
	wave->more.nr = 0;
	while (stop == WAVE_READY && done < budget) {
		const struct isa_slot *slot = isa_page_slot(page, space, wave->pc);

		if (!slot)
			slot = isa_icache_fill(env->icache, &env->access, wave->pc, &page);
		if (!slot) {
			wave->fault = env->access.fault;
			stop = WAVE_FAULTED;
			break;
		}
		stop = step(wave, env, slot);
		done += !undone(stop);
		if (undone(stop))
			break;
	}
	env->access.tally = NULL;
	env->access.more = NULL;
	mmu_tally_settle(&env->access, &tally);
	wave->executed += done;
	wave->stop = stop;
	return stop;
}
