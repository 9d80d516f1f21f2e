// SPDX-License-Identifier: MIT
/*
 * DOC: data of vector memory instructions
 *
 * Memory holds a lane's bytes together, registers hold a dword of all lanes
 * together. Between the two is a stage in memory's order, so that lanes that
 * follow each other in memory move as one piece. A load fills the stage whole
 * before a register changes: a fault leaves the registers alone.
 */
#include "isa/vmem.h"

#include <string.h>

#include "isa/atomic_op.h"
#include "isa/lds.h"
#include "isa/valu_unit.h"
#include "mem/atomic.h"

void vmem_init(struct vmem *vm, struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	vm->wave = wave;
	vm->env = env;
	vm->inst = inst;
	vm->type = inst->op->type[0];
	vm->bytes = isa_type_bits(vm->type) / 8;
	vm->exec = wave_exec(wave);
	vm->line = 0;
	vm->data = vm->stage;
	vm->pieces.nr = 0;
}

static void gather_dwords(struct vmem *vm, u32 dwords)
{
	u32 *to = (u32 *)vm->stage;

	if (dwords == 2) {
		valu_unit->join((u64 *)vm->stage, vm->reg[0].u, vm->reg[1].u);
		return;
	}
	for (u32 lane = 0; lane < WAVE_LANES; lane++) {
		for (u32 n = 0; n < dwords; n++)
			to[lane * dwords + n] = vm->reg[n].u[lane];
	}
}

static void gather_small(struct vmem *vm, u32 shift)
{
	for (u32 lane = 0; lane < WAVE_LANES; lane++) {
		u32 value = vm->reg->u[lane] >> shift;

		memcpy(vm->stage + lane * vm->bytes, &value, vm->bytes == 1 ? 1 : 2);
	}
}

void vmem_gather(struct vmem *vm)
{
	switch (vm->bytes) {
	case 4:
		vm->data = (u8 *)vm->reg->u;
		break;
	case 1:
	case 2:
		gather_small(vm, vm->type == ISA_D16HI_U8 || vm->type == ISA_D16HI_B16 ? 16 : 0);
		break;
	default:
		gather_dwords(vm, vm->bytes / 4);
		break;
	}
}

/* What a lane's register becomes. */
static u32 extend(enum isa_type type, const u8 *data, u32 old)
{
	u16 half;

	memcpy(&half, data, 2);
	switch (type) {
	case ISA_U8:
		return *data;
	case ISA_I8:
		return (u32)(s32)(int8_t)*data;
	case ISA_I16:
		return (u32)(s32)(int16_t)half;
	case ISA_D16_U8:
		return (old & 0xffff0000) | *data;
	case ISA_D16_I8:
		return (old & 0xffff0000) | (u16)(int8_t)*data;
	case ISA_D16_B16:
		return (old & 0xffff0000) | half;
	case ISA_D16HI_U8:
		return (old & 0xffff) | (u32)*data << 16;
	case ISA_D16HI_I8:
		return (old & 0xffff) | (u32)(u16)(int8_t)*data << 16;
	case ISA_D16HI_B16:
		return (old & 0xffff) | (u32)half << 16;
	default:
		return half;
	}
}

static void scatter_dwords(union wave_vreg *reg, const u32 *from, u32 dwords, u64 lanes)
{
	for (; lanes; lanes &= lanes - 1) {
		u32 lane = (u32)__builtin_ctzll(lanes);

		for (u32 n = 0; n < dwords; n++)
			reg[n].u[lane] = from[lane * dwords + n];
	}
}

void vmem_scatter(struct vmem *vm, u64 lanes)
{
	union wave_vreg *reg = vm->reg;

	if (vm->bytes == 4 && lanes == ~0ull)
		memcpy(reg->u, vm->data, sizeof(reg->u));
	else if (vm->bytes == 4)
		valu_unit->blend(reg->u, (const u32 *)vm->data, lanes);
	else if (vm->bytes == 8)
		valu_unit->split(reg[0].u, reg[1].u, (const u64 *)vm->data, lanes);
	else if (vm->bytes > 4)
		scatter_dwords(reg, (const u32 *)vm->data, vm->bytes / 4, lanes);
	else {
		for (; lanes; lanes &= lanes - 1) {
			int lane = __builtin_ctzll(lanes);
			u32 *u = &reg->u[lane];

			*u = extend(vm->type, vm->data + (u32)lane * vm->bytes, *u);
		}
	}
}

/* Does each of @lanes, which is not 0, lie behind the one before? */
static bool contiguous(struct vmem *vm, u64 lanes)
{
	u32 first = (u32)__builtin_ctzll(lanes);
	u64 base = vm->va[first] - (u64)first * vm->bytes;

	if (vm->line == lanes)
		return true;
	if (!vmem_neighbours(lanes) || valu_unit->off_line(vm->va, base, vm->bytes) & lanes)
		return false;
	vm->line = lanes;
	return true;
}

void vmem_add_linear(struct vmem *vm, u64 lanes)
{
	if (lanes && contiguous(vm, lanes)) {
		u32 first = (u32)__builtin_ctzll(lanes);

		mmu_piece_add(&vm->pieces, vm->va[first], vm->data + first * vm->bytes,
			      (u32)__builtin_popcountll(lanes) * vm->bytes);
		return;
	}
	for (; lanes; lanes &= lanes - 1) {
		u32 lane = (u32)__builtin_ctzll(lanes);

		mmu_piece_add(&vm->pieces, vm->va[lane], vm->data + lane * vm->bytes, vm->bytes);
	}
}

void vmem_add_swizzled(struct vmem *vm, u32 lane, u64 va, u64 step)
{
	u8 *data = vm->data + lane * vm->bytes;
	u32 left = vm->bytes;

	while (left) {
		u32 part = 4 - (u32)(va & 3);

		if (part > left)
			part = left;
		mmu_piece_add(&vm->pieces, va, data, part);
		data += part;
		left -= part;
		va = (va & ~3ull) + step;
	}
}

int vmem_stray(struct vmem *vm, u64 lanes)
{
	u64 bad;

	if (!lanes)
		return -1;
	/* The hole is larger than a line: not both ends can be canonical around it. */
	if (contiguous(vm, lanes) && isa_canonical(vm->va[__builtin_ctzll(lanes)]) &&
	    isa_canonical(vm->va[63 - __builtin_clzll(lanes)]))
		return -1;
	bad = valu_unit->stray(vm->va) & lanes;
	return bad ? __builtin_ctzll(bad) : -1;
}

static u64 data_of(const struct vmem *vm, u32 lane, u32 n)
{
	if (vm->bytes == 4)
		return vm->reg[n].u[lane];
	return vm->reg[2 * n].u[lane] | (u64)vm->reg[2 * n + 1].u[lane] << 32;
}

struct mem_atomic vmem_atomic_op(const struct vmem *vm, u32 lane)
{
	struct mem_atomic atomic = { .op = isa_atomic_tc(vm->inst->op, vm->bytes) };

	atomic.src = data_of(vm, lane, 0);
	if (isa_atomic_compares(vm->inst->op))
		atomic.compare = data_of(vm, lane, 1);
	return atomic;
}

void vmem_return(const struct vmem *vm, union wave_vreg *dst, u32 lane, u64 old)
{
	dst[0].u[lane] = (u32)old;
	if (vm->bytes == 8)
		dst[1].u[lane] = (u32)(old >> 32);
}

bool vmem_atomic(struct vmem *vm, u64 lanes, union wave_vreg *dst)
{
	struct mmu_lane_atomics atomics;

	atomics.active = lanes;
	atomics.bytes = vm->bytes;
	for (u64 left = lanes; left; left &= left - 1) {
		u32 lane = (u32)__builtin_ctzll(left);

		atomics.va[lane] = vm->va[lane];
		atomics.atomic[lane] = vmem_atomic_op(vm, lane);
	}
	if (!mmu_lanes_atomic(&vm->env->access, &atomics))
		return false;
	for (u64 left = dst ? lanes : 0; left; left &= left - 1) {
		u32 lane = (u32)__builtin_ctzll(left);

		vmem_return(vm, dst, lane, atomics.atomic[lane].old);
	}
	return true;
}

void lds_atomic(struct wave_group *group, u32 addr, struct mem_atomic *atomic, u32 bytes)
{
	u64 result = 0;

	atomic->old = 0;
	lds_read(group, addr, &atomic->old, bytes);
	if (mem_atomic_result(atomic, bytes, atomic->old, &result))
		lds_write(group, addr, &result, bytes);
}
