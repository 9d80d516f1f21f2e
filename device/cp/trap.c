// SPDX-License-Identifier: MIT
/*
 * DOC: trap handlers
 *
 * A context may have one: code that a wave enters at s_trap, with the state that
 * the kernel's first-level handler leaves for ROCr's. The handler runs like the
 * rest of the wave, preempted and resumed with it. Its interrupt message with an
 * exception code stops the queue as an error of the wave does: what the handler
 * would do after it, halting or parking, is thereby done.
 */
#include "cp/shader_priv.h"
#include "isa/hwreg.h"

/* ttmp0 and 1: where it was, bits 16..23 the number of the trap. */
#define TTMP1_TRAP_SHIFT	16
#define TTMP1_PC_MASK		0xffffu
#define TTMP6_PACKET_MASK	0x1ffffffu	/* the handler's own bits are above */
#define TBA_MASK		(~0xffULL)

/* Payload of a handler's message. */
#define MESSAGE_DOORBELL(p)	((p) & 0x3ff)
#define MESSAGE_EXCEPTIONS(p)	((p) >> 10 & 0x3f)	/* bit n: exception code n + 1 */

void compute_ctx_trap(struct compute *compute, u32 ctx, u64 tba, u64 tma)
{
	pthread_mutex_lock(&compute->lock);
	compute->traps[ctx] = (struct cp_trap){ tba & TBA_MASK, tma };
	pthread_mutex_unlock(&compute->lock);
}

bool cp_trap_enter(const struct compute *compute, const struct compute_queue *queue,
		   const struct cp_group *group, struct wave *wave)
{
	const struct cp_trap *trap = &compute->traps[queue->ctx];
	u32 *ttmp = &wave->s[ISA_SRC_TTMP];

	if (!trap->tba || wave->status & WAVE_STATUS_PRIV)
		return false;
	ttmp[0] = (u32)wave->pc;
	ttmp[1] = ((u32)(wave->pc >> 32) & TTMP1_PC_MASK) | (u32)wave->trap << TTMP1_TRAP_SHIFT;
	ttmp[6] = (u32)group->dispatch->index & TTMP6_PACKET_MASK;
	ttmp[7] = 0;
	dispatch_group_id(&group->dispatch->what, group->place.index, &ttmp[8]);
	ttmp[11] = (u32)(wave - wave->group->wave);
	ttmp[12] = wave_status_read(wave);
	ttmp[13] = 0;
	ttmp[14] = (u32)trap->tma;
	ttmp[15] = (u32)(trap->tma >> 32);
	wave->status |= WAVE_STATUS_PRIV;
	wave->pc = trap->tba;
	wave->stop = WAVE_READY;
	return true;
}

bool cp_trap_message(struct compute *compute, struct compute_queue *queue, u32 payload)
{
	u32 exceptions = MESSAGE_EXCEPTIONS(payload);
	struct cp_error error = { .error = VKFD_QERR_TRAP, .info = payload };

	if (!exceptions || MESSAGE_DOORBELL(payload) != queue->doorbell)
		return false;
	error.code = (u32)__builtin_ctz(exceptions) + 1;
	pthread_mutex_lock(&compute->lock);
	if (!queue->halted) {
		cp_halt(compute, queue, &error);
		counter_add(compute->config.counters, VKFD_STAT_WAVE_ERRORS, 1);
	}
	pthread_mutex_unlock(&compute->lock);
	return true;
}
