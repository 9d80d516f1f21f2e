/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_WAVE_H
#define VKFD_DEVICE_ISA_WAVE_H

#include "isa/inst.h"
#include "mmu/mmu.h"

#define WAVE_LANES	64u
#define WAVE_SREGS	128u	/* by operand code: s0.., FLAT_SCRATCH, VCC, TTMP, M0, EXEC */
#define WAVE_VGPRS	256u
#define WAVE_GWS	64u	/* semaphores of a queue */

/* One register of all lanes. */
union wave_vreg {
	u32 u[WAVE_LANES];
	float f[WAVE_LANES];
} __attribute__((aligned(64)));

/* MODE register fields (rsrc1 FLOAT_MODE in the low 8 bits). */
#define WAVE_MODE_ROUND32	0x3u
#define WAVE_MODE_ROUND64	0xcu	/* f64 and f16 */
#define WAVE_MODE_DENORM32	0x30u	/* bit 4 inputs, bit 5 results */
#define WAVE_MODE_DENORM64	0xc0u
#define WAVE_MODE_DX10_CLAMP	0x100u
#define WAVE_MODE_IEEE		0x200u
#define WAVE_MODE_FP16_OVFL	0x800000u
#define WAVE_MODE_GPR_IDX_EN	0x8000000u	/* M0 is added to VGPR numbers: valu_index.c */
#define WAVE_MODE_VSKIP		0x10000000u	/* vector instructions do nothing */

/* M0 with GPR_IDX_EN: index [7:0], and which operands it is for. */
#define WAVE_M0_INDEX		0xffu
#define WAVE_M0_INDEXED_SHIFT	12u	/* src0, src1, src2, dst */
#define WAVE_M0_INDEXED_MASK	0xf000u

/* STATUS register. SCC, EXECZ, VCCZ, VALID and IN_TG are made when it is read. */
#define WAVE_STATUS_SCC		0x1u
#define WAVE_STATUS_PRIV	0x20u
#define WAVE_STATUS_TRAP_EN	0x40u	/* rsrc2.TRAP_PRESENT: s_trap has a handler */
#define WAVE_STATUS_EXECZ	0x200u
#define WAVE_STATUS_VCCZ	0x400u
#define WAVE_STATUS_IN_TG	0x800u
#define WAVE_STATUS_VALID	0x10000u

/* TRAPSTS register: what a handler was entered for. */
#define WAVE_TRAPSTS_MEM_VIOL	0x100u
#define WAVE_TRAPSTS_ILLEGAL	0x800u

/* Why a wave does not go on. */
enum wave_stop {
	WAVE_READY,	/* nothing: it can run (its budget ended, or it never ran) */
	WAVE_ENDED,
	WAVE_BARRIER,	/* until all waves of the group that have not ended are here */
	WAVE_SLEEPING,	/* asked to yield: runs again in its next turn */
	WAVE_FAULTED,	/* @fault; PC and all state are those before the instruction */
	WAVE_ILLEGAL,	/* @inst holds the encoding */
	WAVE_APERTURE,	/* non-canonical address @fault.va */
	WAVE_TRAPPED,	/* s_trap with a handler; @trap */
	WAVE_BUSY,	/* a full interrupt line, a semaphore at 0: same instruction again later */
	WAVE_HALTED,	/* s_sethalt 1, or MEM_VIOL */
};

struct wave_group;

/* Why and where a wave stopped, as long as it is in its trap handler. */
struct wave_cause {
	enum wave_stop stop;	/* TRAPPED, ILLEGAL or APERTURE */
	u8 trap;
	u8 bytes;		/* ILLEGAL: length of the instruction */
	u32 word[2];		/* ILLEGAL: the instruction */
	u64 pc;
	u64 va;			/* APERTURE */
};

/*
 * State of one wave. Owned by its group; touched by the thread that runs the
 * group only. Everything a preempted wave needs is in here.
 */
struct wave {
	struct wave_group *group;
	u64 pc;
	u32 s[WAVE_SREGS];
	bool scc;
	u32 mode;
	u32 status;		/* what s_getreg STATUS shows beside SCC, EXECZ, VCCZ */
	u32 trapsts;
	u32 hw_id;
	u16 nr_vgprs, nr_agprs;	/* allocated; more is an illegal instruction */
	enum wave_stop stop;
	u8 trap;
	struct mmu_fault fault;
	struct mmu_more more;	/* FAULTED, with retry: other pages that are missing */
	struct isa_inst inst;	/* that stopped it */
	struct wave_cause cause;	/* of being in the trap handler */
	u64 executed;		/* instructions */
	union wave_vreg *v;	/* nr_vgprs, then nr_agprs: see wave_vgpr(), wave_agpr() */
	union wave_vreg *a;
};

static inline u64 wave_sreg64(const struct wave *wave, unsigned int code)
{
	return wave->s[code] | (u64)wave->s[code + 1] << 32;
}

static inline void wave_set_sreg64(struct wave *wave, unsigned int code, u64 value)
{
	wave->s[code] = (u32)value;
	wave->s[code + 1] = (u32)(value >> 32);
}

static inline u64 wave_exec(const struct wave *wave)
{
	return wave_sreg64(wave, ISA_SRC_EXEC);
}

/*
 * What a wave reaches outside itself. One per running thread and queue; the
 * access's context and mmu say whose memory it is.
 */
struct wave_env {
	struct mmu_access access;
	u64 scratch_base;	/* of SRC_PRIVATE: VKFD_SCRATCH_BASE, likewise LDS */
	u32 doorbell;		/* s_sendmsg GET_DOORBELL */
	/* s_memtime, s_memrealtime: the GPU counter. */
	u64 (*clock)(void *opaque);
	/* s_sendmsg MSG_INTERRUPT, payload M0[23:0]. False: no room, try again. */
	bool (*message)(void *opaque, const struct wave *wave, u32 payload);
	void *opaque;
	_Atomic u32 *gws;	/* WAVE_GWS semaphores of the queue, or NULL */
	struct isa_icache *icache;	/* of this thread */
};

/**
 * wave_run() - run one wave until it stops or @budget instructions are done
 *
 * Bounded by @budget; the reader lock of a context is held within one
 * instruction only. Sets and returns wave->stop; on FAULTED nothing of the
 * instruction happened, and running it again replays it whole.
 */
enum wave_stop wave_run(struct wave *wave, struct wave_env *env, u32 budget);

#endif
