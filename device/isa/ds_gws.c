// SPDX-License-Identifier: MIT
/*
 * DOC: global wave sync
 *
 * A queue has semaphores that all waves of its kernels share, on whatever thread
 * they run, so they are atomic. A wave that has to wait is told to try the same
 * instruction again later; nothing else of it is held.
 */
#include "isa/ds_gws.h"

#include <stdatomic.h>

#include "isa/op_id.h"

/* M0[21:16] + offset */
static _Atomic u32 *semaphore(const struct wave *wave, const struct wave_env *env,
			      const struct isa_inst *inst)
{
	u32 number = (wave->s[ISA_SRC_M0] >> 16) + (u32)inst->offset;

	return &env->gws[number % WAVE_GWS];
}

/* The value of the first active lane; of lane 0 if there is none. */
static u32 first_value(const struct wave *wave, const struct isa_inst *inst)
{
	const union wave_vreg *file = inst->acc ? wave->a : wave->v;
	u64 exec = wave_exec(wave);

	return file[inst->vdata].u[exec ? __builtin_ctzll(exec) : 0];
}

/* False: it is 0. */
static bool take_one(_Atomic u32 *count)
{
	u32 now = atomic_load(count);

	while (now) {
		if (atomic_compare_exchange_weak(count, &now, now - 1))
			return true;
	}
	return false;
}

enum wave_stop ds_gws(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	_Atomic u32 *count;

	if (!env->gws)
		return WAVE_ILLEGAL;
	count = semaphore(wave, env, inst);
	switch (inst->op->id) {
	case ISA_OP_ds_gws_init:
		atomic_store(count, first_value(wave, inst));
		return WAVE_READY;
	case ISA_OP_ds_gws_sema_v:
		atomic_fetch_add(count, 1);
		return WAVE_READY;
	default:
		return take_one(count) ? WAVE_READY : WAVE_BUSY;
	}
}
