// SPDX-License-Identifier: MIT
/*
 * DOC: flat, global and scratch instructions
 *
 * A flat address names LDS, the lane's scratch or memory, lane by lane. What goes
 * through page tables comes first and all together, so a fault leaves LDS as
 * it was. Global addresses are not looked at for apertures: there they are not
 * canonical, which stops the wave.
 */
#include "isa/group.h"
#include "isa/lds.h"
#include "isa/operand.h"
#include "isa/valu_unit.h"
#include "isa/vmem.h"
#include "vkfd_hw/addr.h"

enum { SEG_FLAT, SEG_SCRATCH, SEG_GLOBAL };

/* Which lanes access what; together the active ones. */
struct split {
	u64 memory, lds, scratch;
};

static void addresses(struct vmem *vm)
{
	const struct isa_inst *inst = vm->inst;
	const union wave_vreg *v = vm->wave->v + inst->vaddr;
	u64 offset = (u64)(s64)inst->offset;

	if (inst->saddr != ISA_SADDR_OFF)
		valu_unit->addresses(vm->va, v->u, NULL,
				     offset + wave_sreg64(vm->wave, inst->saddr & ~1u));
	else
		valu_unit->addresses(vm->va, v[0].u, v[1].u, offset);
}

/* scratch_*: byte offset in the lane's scratch, kept in va. */
static void scratch_offsets(struct vmem *vm)
{
	const struct isa_inst *inst = vm->inst;
	bool scalar = inst->saddr != ISA_SADDR_OFF;

	for (u32 lane = 0; lane < WAVE_LANES; lane++)
		vm->va[lane] = (u32)inst->offset + (scalar ? vm->wave->s[inst->saddr] :
							     vm->wave->v[inst->vaddr].u[lane]);
}

static struct split split_flat(const struct vmem *vm)
{
	struct split split = { vm->exec, 0, 0 };

	for (u64 left = vm->exec; left; left &= left - 1) {
		int lane = __builtin_ctzll(left);
		u64 high = vm->va[lane] >> 32;

		if (high == VKFD_LDS_BASE >> 32)
			split.lds |= BIT_ULL(lane);
		else if (high == vm->env->scratch_base >> 32)
			split.scratch |= BIT_ULL(lane);
	}
	split.memory &= ~(split.lds | split.scratch);
	return split;
}

static struct split locate(struct vmem *vm)
{
	struct split split = { 0, 0, 0 };

	if (vm->inst->seg == SEG_SCRATCH) {
		scratch_offsets(vm);
		split.scratch = vm->exec;
		return split;
	}
	addresses(vm);
	if (vm->inst->seg == SEG_FLAT)
		return split_flat(vm);
	split.memory = vm->exec;
	return split;
}

static void add_pieces(struct vmem *vm, const struct split *split)
{
	if (!split->scratch) {
		vmem_add_linear(vm, split->memory);
		return;
	}
	/* In lane order, which is the order of their effects. */
	for (u64 left = split->memory | split->scratch; left; left &= left - 1) {
		u32 lane = (u32)__builtin_ctzll(left);

		if (split->memory & BIT_ULL(lane))
			mmu_piece_add(&vm->pieces, vm->va[lane], vm->data + lane * vm->bytes,
				      vm->bytes);
		else
			vmem_add_swizzled(vm, lane,
					  vmem_scratch_va(vm->wave, lane, (u32)vm->va[lane]),
					  SCRATCH_STEP);
	}
}

static enum wave_stop load(struct vmem *vm, const struct split *split)
{
	vm->reg = vmem_reg(vm->wave, vm->inst, vm->inst->dst);
	add_pieces(vm, split);
	if (!vmem_load(vm))
		return WAVE_FAULTED;
	for (u64 left = split->lds; left; left &= left - 1) {
		u32 lane = (u32)__builtin_ctzll(left);

		lds_read(vm->wave->group, (u32)vm->va[lane], vm->data + lane * vm->bytes, vm->bytes);
	}
	vmem_scatter(vm, vm->exec);
	return WAVE_READY;
}

static enum wave_stop store(struct vmem *vm, const struct split *split)
{
	vm->reg = vmem_reg(vm->wave, vm->inst, vm->inst->vdata);
	vmem_gather(vm);
	add_pieces(vm, split);
	if (!vmem_store(vm))
		return WAVE_FAULTED;
	for (u64 left = split->lds; left; left &= left - 1) {
		u32 lane = (u32)__builtin_ctzll(left);

		lds_write(vm->wave->group, (u32)vm->va[lane], vm->data + lane * vm->bytes, vm->bytes);
	}
	return WAVE_READY;
}

/* Scratch holds dwords apart: it can do atomics of 4 bytes only. */
static bool scratch_atomics(struct vmem *vm, u64 lanes)
{
	if (lanes && vm->bytes != 4)
		return false;
	for (; lanes; lanes &= lanes - 1) {
		u32 lane = (u32)__builtin_ctzll(lanes);

		vm->va[lane] = vmem_scratch_va(vm->wave, lane, (u32)vm->va[lane]);
	}
	return true;
}

static enum wave_stop atomic(struct vmem *vm, const struct split *split)
{
	const struct isa_inst *inst = vm->inst;
	union wave_vreg *dst = inst->glc ? vmem_reg(vm->wave, inst, inst->dst) : NULL;

	vm->reg = vmem_reg(vm->wave, inst, inst->vdata);
	if (!scratch_atomics(vm, split->scratch))
		return isa_aperture(vm->env, vm->va[__builtin_ctzll(split->scratch)],
				    (u32)(VKFD_FAULT_READ | VKFD_FAULT_WRITE));
	if (!vmem_atomic(vm, split->memory | split->scratch, dst))
		return WAVE_FAULTED;
	for (u64 left = split->lds; left; left &= left - 1) {
		u32 lane = (u32)__builtin_ctzll(left);
		struct mem_atomic op = vmem_atomic_op(vm, lane);

		lds_atomic(vm->wave->group, (u32)vm->va[lane], &op, vm->bytes);
		if (dst)
			vmem_return(vm, dst, lane, op.old);
	}
	return WAVE_READY;
}

enum wave_stop isa_run_flat(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	struct split split;
	struct vmem vm;
	int stray;

	vmem_init(&vm, wave, env, inst);
	if (!vm.exec)
		return WAVE_READY;
	split = locate(&vm);
	stray = vmem_stray(&vm, split.memory);
	if (stray >= 0)
		return isa_aperture(env, vm.va[stray],
				    (u32)(inst->op->shape == ISA_LOAD ? VKFD_FAULT_READ : VKFD_FAULT_WRITE));
	switch (inst->op->shape) {
	case ISA_LOAD:
		return load(&vm, &split);
	case ISA_STORE:
		return store(&vm, &split);
	default:
		return atomic(&vm, &split);
	}
}
