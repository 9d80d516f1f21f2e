/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_VMEM_H
#define VKFD_DEVICE_ISA_VMEM_H

#include "isa/exec.h"
#include "mmu/lanes.h"

#define VMEM_LANE_BYTES 16u

/*
 * One vector memory instruction: where its lanes access, and their data between
 * memory and registers. On the executor's stack; va and stage are not cleared.
 */
struct vmem {
	struct wave *wave;
	struct wave_env *env;
	const struct isa_inst *inst;
	union wave_vreg *reg;	/* first data register, source or destination */
	enum isa_type type;
	u32 bytes;		/* per lane */
	u64 exec;
	u64 va[WAVE_LANES] __attribute__((aligned(64)));	/* of all lanes, active or not */
	u64 line;		/* lanes found to lie one behind the other; 0: not looked yet */
	u8 *data;		/* lane n's bytes begin at data + n * bytes */
	u8 stage[WAVE_LANES * VMEM_LANE_BYTES] __attribute__((aligned(64)));
	struct mmu_pieces pieces;
};

/* Registers @code and up, in the file that the instruction names. */
static inline union wave_vreg *vmem_reg(const struct wave *wave, const struct isa_inst *inst, u32 code)
{
	return (inst->acc ? wave->a : wave->v) + code;
}

/* The data of @reg goes to or comes from memory; type and size are the row's. */
void vmem_init(struct vmem *vm, struct wave *wave, struct wave_env *env, const struct isa_inst *inst);

/* Store: gathers the lanes' bytes from registers into vm->data. */
void vmem_gather(struct vmem *vm);
/* Load: hands vm->data to the registers of @lanes, extended as the type says. */
void vmem_scatter(struct vmem *vm, u64 lanes);

/* Adds to vm->pieces the whole access of @lanes, each contiguous at its va. */
void vmem_add_linear(struct vmem *vm, u64 lanes);
/* Adds lane @lane's access to swizzled memory: dword n of it lies @step bytes behind dword n - 1. */
void vmem_add_swizzled(struct vmem *vm, u32 lane, u64 va, u64 step);

/* Does what is in vm->pieces. False: env->access.fault. */
static inline bool vmem_load(struct vmem *vm)
{
	return mmu_pieces_load(&vm->env->access, &vm->pieces);
}

static inline bool vmem_store(struct vmem *vm)
{
	return mmu_pieces_store(&vm->env->access, &vm->pieces);
}

/* Operands of one lane of an atomic row. */
struct mem_atomic vmem_atomic_op(const struct vmem *vm, u32 lane);
/* The atomics of @lanes on memory at vm->va, old values to @dst (NULL: nobody asks). */
bool vmem_atomic(struct vmem *vm, u64 lanes, union wave_vreg *dst);
/* One lane's old value into its destination. */
void vmem_return(const struct vmem *vm, union wave_vreg *dst, u32 lane, u64 old);

/* Are the lanes of a mask that is not 0 neighbours? */
static inline bool vmem_neighbours(u64 lanes)
{
	u64 run = lanes >> __builtin_ctzll(lanes);

	return !(run & (run + 1));
}

/* The first of @lanes whose address is not canonical, or -1. */
int vmem_stray(struct vmem *vm, u64 lanes);

/* Scratch: where dword 0 of a lane's byte @offset lies; a dword is 256 bytes behind the one before. */
#define SCRATCH_STEP 256u
static inline u64 vmem_scratch_va(const struct wave *wave, u32 lane, u32 offset)
{
	return wave_sreg64(wave, ISA_SRC_FLAT_SCRATCH) + (u64)(offset / 4) * SCRATCH_STEP +
	       lane * 4u + offset % 4;
}

#endif
