// SPDX-License-Identifier: MIT
/* Scalar memory: loads, stores and atomics of the wave, and the clocks. */
#include "isa/atomic_op.h"
#include "isa/exec.h"
#include "isa/operand.h"
#include "mmu/lanes.h"

#define MAX_DWORDS 16u

/* Where an access goes and how much of it is inside a buffer. */
struct smem {
	u64 va;
	u32 dwords;	/* of the instruction */
	u32 inside;	/* of them, from the first: the others read 0, drop stores */
};

/* Two dwords of base and two of size, stride in between. */
static u32 buffer_inside(const struct wave *wave, u32 base, u64 offset, u32 dwords)
{
	u64 stride = wave->s[base + 1] >> 16 & 0x3fff, size = wave->s[base + 2];
	u64 left;

	if (stride)
		size *= stride;
	if (offset >= size)
		return 0;
	left = (size - offset) / 4;
	return left < dwords ? (u32)left : dwords;
}

static struct smem address(const struct wave *wave, const struct isa_inst *inst)
{
	struct smem smem = { 0, inst->op->count, inst->op->count };
	u64 offset = (u64)(s64)inst->offset, base = wave_sreg64(wave, inst->saddr);

	if (inst->src[0] != ISA_NO_REG)
		offset += operand_read32(wave, inst, inst->src[0]);
	offset &= ~3ull;
	if (inst->op->base == 4) {
		smem.inside = buffer_inside(wave, inst->saddr, offset, smem.dwords);
		base &= BIT_ULL(48) - 1;
		base = (u64)((s64)(base << 16) >> 16);
	}
	smem.va = (base & ~3ull) + offset;
	return smem;
}

static enum wave_stop load(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	struct smem smem = address(wave, inst);
	u32 data[MAX_DWORDS] = { 0 };
	struct mmu_pieces pieces;

	pieces.nr = 0;
	if (smem.inside && !isa_canonical(smem.va))
		return isa_aperture(env, smem.va, (u32)VKFD_FAULT_READ);
	if (smem.inside)
		mmu_piece_add(&pieces, smem.va, data, smem.inside * 4);
	if (!mmu_pieces_load(&env->access, &pieces))
		return WAVE_FAULTED;
	for (u32 n = 0; n < smem.dwords; n++)
		operand_write32(wave, inst->dst + n, data[n]);
	return WAVE_READY;
}

static enum wave_stop store(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	struct smem smem = address(wave, inst);
	struct mmu_pieces pieces;

	pieces.nr = 0;
	if (!smem.inside)
		return WAVE_READY;
	if (!isa_canonical(smem.va))
		return isa_aperture(env, smem.va, (u32)VKFD_FAULT_WRITE);
	mmu_piece_add(&pieces, smem.va, &wave->s[inst->dst], smem.inside * 4);
	return isa_faulted(mmu_pieces_store(&env->access, &pieces));
}

static enum wave_stop atomic(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	struct smem smem = address(wave, inst);
	bool pair = isa_atomic_compares(inst->op);
	struct mem_atomic op;
	u64 data[2] = { 0 };
	u32 bytes;

	bytes = smem.dwords * (pair ? 2 : 4);
	for (u32 n = 0; n < smem.dwords; n++)
		data[n * 4 / bytes] |= (u64)wave->s[inst->dst + n] << (bytes == 8 ? n % 2 * 32 : 0);
	op = (struct mem_atomic){ isa_atomic_tc(inst->op, bytes), data[0], data[1], 0 };
	if (!isa_canonical(smem.va))
		return isa_aperture(env, smem.va, (u32)(VKFD_FAULT_READ | VKFD_FAULT_WRITE));
	if (!mmu_atomic(&env->access, smem.va, &op, bytes))
		return WAVE_FAULTED;
	if (inst->glc && bytes == 8)
		operand_write64(wave, inst->dst, op.old);
	else if (inst->glc)
		operand_write32(wave, inst->dst, (u32)op.old);
	return WAVE_READY;
}

static bool registers_exist(const struct isa_inst *inst)
{
	return inst->dst + inst->op->count <= WAVE_SREGS && inst->saddr + inst->op->base <= WAVE_SREGS;
}

enum wave_stop isa_run_smem(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	if (!registers_exist(inst))
		return WAVE_ILLEGAL;
	switch (inst->op->shape) {
	case ISA_LOAD:
		return load(wave, env, inst);
	case ISA_STORE:
		return store(wave, env, inst);
	case ISA_ATOMIC:
		return atomic(wave, env, inst);
	case ISA_CLOCK:
		operand_write64(wave, inst->dst, env->clock(env->opaque));
		return WAVE_READY;
	default:
		/* Caches that the virtual GPU does not have. */
		return WAVE_READY;
	}
}
