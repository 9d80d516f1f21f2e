// SPDX-License-Identifier: MIT
/*
 * DOC: traps and exceptions of waves
 *
 * A context may have a trap handler: code that a wave enters at s_trap, at an
 * illegal instruction and at an aperture violation, with the state that the
 * kernel's first-level handler leaves for ROCr's. It runs like the rest of the
 * wave, preempted and resumed with it. Its interrupt message with an exception
 * code stops the queue: what the handler would do after it, halting or parking,
 * is thereby done. Without a handler, and inside it, the device stops the queue
 * itself. Faults do not come here: the driver is told of them.
 */
#include <stdio.h>
#include "cp/shader_priv.h"
#include "isa/hwreg.h"

#define TRAP_ABORT		2u
#define TRAP_DEBUG		3u
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

static struct wave_cause cause_of(const struct wave *wave)
{
	struct wave_cause cause = { .stop = wave->stop, .pc = wave->pc };

	if (wave->stop == WAVE_TRAPPED)
		cause.trap = wave->trap;
	if (wave->stop == WAVE_APERTURE)
		cause.va = wave->fault.va;
	if (wave->stop == WAVE_ILLEGAL) {
		cause.bytes = wave->inst.bytes;
		cause.word[0] = wave->inst.word[0];
		cause.word[1] = wave->inst.word[1];
	}
	return cause;
}

static struct cp_error error_of(const struct wave_cause *cause)
{
	if (cause->stop == WAVE_ILLEGAL)
		return (struct cp_error){ VKFD_QERR_ILLEGAL, VKFD_EC_WAVE_ILLEGAL, cause->word[0] };
	if (cause->stop == WAVE_APERTURE)
		return (struct cp_error){ VKFD_QERR_APERTURE, VKFD_EC_WAVE_APERTURE,
					  (u32)(cause->va >> 32) };
	return (struct cp_error){ VKFD_QERR_TRAP, cause->trap == TRAP_ABORT ? VKFD_EC_WAVE_ABORT :
						  VKFD_EC_WAVE_TRAP, cause->trap };
}

/* Names the instruction. */
static void log_cause(struct compute *compute, const struct compute_queue *queue,
		      const struct wave_cause *cause)
{
	unsigned long long pc = cause->pc, va = cause->va;
	char line[96];

	if (cause->stop == WAVE_TRAPPED)
		return;
	if (cause->stop == WAVE_APERTURE)
		snprintf(line, sizeof(line), "aperture violation: address 0x%llx at pc 0x%llx", va, pc);
	else if (cause->bytes > 4)
		snprintf(line, sizeof(line), "illegal instruction 0x%08x 0x%08x at pc 0x%llx",
			 cause->word[0], cause->word[1], pc);
	else
		snprintf(line, sizeof(line), "illegal instruction 0x%08x at pc 0x%llx",
			 cause->word[0], pc);
	cp_log(compute, queue, line);
}

/* Under the lock. @code: exception code, 0 for that of the cause. */
static void halt_for(struct compute *compute, struct compute_queue *queue,
		     const struct wave_cause *cause, u32 code)
{
	struct cp_error error = error_of(cause);

	if (queue->halted)
		return;
	if (code)
		error.code = code;
	log_cause(compute, queue, cause);
	cp_halt(compute, queue, &error);
	counter_add(compute->config.counters, VKFD_STAT_WAVE_ERRORS, 1);
}

static void enter(const struct cp_trap *trap, const struct cp_group *group, struct wave *wave)
{
	u32 *ttmp = &wave->s[ISA_SRC_TTMP];

	if (wave->cause.stop == WAVE_ILLEGAL)
		wave->trapsts |= WAVE_TRAPSTS_ILLEGAL;
	if (wave->cause.stop == WAVE_APERTURE)
		wave->trapsts |= WAVE_TRAPSTS_MEM_VIOL;
	ttmp[0] = (u32)wave->pc;
	ttmp[1] = ((u32)(wave->pc >> 32) & TTMP1_PC_MASK) |
		  (u32)wave->cause.trap << TTMP1_TRAP_SHIFT;
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
}

bool cp_wave_trapped(struct compute *compute, struct compute_queue *queue,
		     const struct cp_group *group, struct wave *wave)
{
	const struct cp_trap *trap = &compute->traps[queue->ctx];
	struct wave_cause cause = cause_of(wave);

	if (trap->tba && wave->status & WAVE_STATUS_TRAP_EN && !(wave->status & WAVE_STATUS_PRIV)) {
		wave->cause = cause;
		enter(trap, group, wave);
		return true;
	}
	if (cause.stop == WAVE_TRAPPED && cause.trap == TRAP_DEBUG) {
		wave->pc += 4;
		wave->stop = WAVE_READY;
		return true;
	}
	halt_for(compute, queue, &cause, 0);
	return false;
}

bool cp_trap_message(struct compute *compute, struct compute_queue *queue, const struct wave *wave,
		     u32 payload)
{
	u32 exceptions = MESSAGE_EXCEPTIONS(payload);

	if (!exceptions || MESSAGE_DOORBELL(payload) != queue->doorbell)
		return false;
	pthread_mutex_lock(&compute->lock);
	halt_for(compute, queue, &wave->cause, (u32)__builtin_ctz(exceptions) + 1);
	pthread_mutex_unlock(&compute->lock);
	return true;
}
