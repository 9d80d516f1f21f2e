// SPDX-License-Identifier: MIT
/*
 * DOC: buffer instructions
 *
 * The address comes from a resource descriptor of four SGPRs. Linear buffers
 * lie as they are numbered; swizzled ones (scratch of compiled code) interleave
 * the dwords of index_stride records. What is outside the buffer reads 0 and
 * drops stores, a dword at a time.
 */
#include <string.h>

#include "isa/group.h"
#include "isa/lds.h"
#include "isa/operand.h"
#include "isa/vmem.h"

struct buffer {
	u64 base;
	u32 stride;
	u32 records;
	u32 index_stride;
	bool swizzle, add_tid;
	u32 soffset;
};

/* What a lane asks for. */
struct element {
	u64 index;
	u32 offset;
};

static struct buffer buffer_of(const struct wave *wave, const struct isa_inst *inst)
{
	const u32 *word = &wave->s[inst->saddr];
	struct buffer buffer = {
		.base = word[0] | (u64)(word[1] & 0xffff) << 32,
		.stride = word[1] >> 16 & 0x3fff,
		.swizzle = word[1] >> 31,
		.records = word[2],
		.index_stride = 8u << (word[3] >> 21 & 3),
		.add_tid = word[3] >> 23 & 1,
	};

	buffer.base = (u64)((s64)(buffer.base << 16) >> 16);
	/* With add_tid the data format is the stride's high bits. */
	if (buffer.add_tid)
		buffer.stride |= (word[3] >> 15 & 0xf) << 14;
	if (inst->src[0] != ISA_NO_REG)
		buffer.soffset = operand_read32(wave, inst, inst->src[0]);
	return buffer;
}

static struct element element_of(const struct vmem *vm, const struct buffer *buffer, u32 lane)
{
	const struct isa_inst *inst = vm->inst;
	const union wave_vreg *v = vm->wave->v + inst->vaddr;
	struct element element = { 0, (u32)inst->offset };

	if (inst->idxen)
		element.index = v->u[lane];
	if (inst->offen)
		element.offset += v[inst->idxen ? 1 : 0].u[lane];
	if (buffer->add_tid)
		element.index += lane;
	return element;
}

/* Bytes of the access, from its start, that the buffer has. */
static u32 bytes_inside(const struct buffer *buffer, struct element element, u32 bytes)
{
	u64 limit, first;

	if (buffer->swizzle)
		return element.index < buffer->records ? bytes : 0;
	limit = buffer->records > buffer->soffset ? buffer->records - buffer->soffset : 0;
	first = element.offset + buffer->stride * element.index;
	if (first >= limit)
		return 0;
	if (limit - first >= bytes)
		return bytes;
	/* A small access is inside or not; of a large one, whole dwords are. */
	return bytes < 4 ? 0 : (u32)(limit - first) & ~3u;
}

static u64 element_va(const struct buffer *buffer, struct element element)
{
	u64 va = buffer->base + buffer->soffset, is = buffer->index_stride;

	if (!buffer->swizzle)
		return va + element.offset + buffer->stride * element.index;
	return va + (element.index / is * buffer->stride + (element.offset & ~3u)) * is +
	       element.index % is * 4 + element.offset % 4;
}

/* Which lanes access all of their bytes, and which some: that many of them, from the first. */
struct reach {
	u64 whole, some;
	u8 bytes[WAVE_LANES];
};

/* Fills vm->va. */
static void locate(struct vmem *vm, const struct buffer *buffer, struct reach *reach)
{
	reach->whole = reach->some = 0;
	memset(vm->va, 0, sizeof(vm->va));
	for (u64 left = vm->exec; left; left &= left - 1) {
		u32 lane = (u32)__builtin_ctzll(left);
		struct element element = element_of(vm, buffer, lane);
		u32 bytes = bytes_inside(buffer, element, vm->bytes);

		vm->va[lane] = element_va(buffer, element);
		reach->bytes[lane] = (u8)bytes;
		if (bytes == vm->bytes)
			reach->whole |= BIT_ULL(lane);
		else if (bytes)
			reach->some |= BIT_ULL(lane);
	}
}

/* In lane order, which is the order of their effects. */
static void add_pieces(struct vmem *vm, const struct buffer *buffer)
{
	struct reach reach;

	locate(vm, buffer, &reach);
	if (!buffer->swizzle && !reach.some) {
		vmem_add_linear(vm, reach.whole);
		return;
	}
	for (u64 left = reach.whole | reach.some; left; left &= left - 1) {
		u32 lane = (u32)__builtin_ctzll(left);

		if (buffer->swizzle)
			vmem_add_swizzled(vm, lane, vm->va[lane], buffer->index_stride * 4ull);
		else
			mmu_piece_add(&vm->pieces, vm->va[lane], vm->data + lane * vm->bytes,
				      reach.bytes[lane]);
	}
}

/* lds=1: to M0[15:0] + offset + 4 * lane instead of a register. */
static void load_to_lds(struct vmem *vm)
{
	u32 addr = (vm->wave->s[ISA_SRC_M0] & 0xffff) + (u32)vm->inst->offset;
	struct vmem loaded = *vm;
	union wave_vreg value;

	loaded.reg = &value;
	vmem_scatter(&loaded, vm->exec);
	for (u64 left = vm->exec; left; left &= left - 1) {
		u32 lane = (u32)__builtin_ctzll(left);

		lds_write(vm->wave->group, addr + lane * 4, &value.u[lane], 4);
	}
}

static enum wave_stop load(struct vmem *vm, const struct buffer *buffer)
{
	if (vm->inst->lds && vm->bytes > 4)
		return WAVE_ILLEGAL;
	memset(vm->stage, 0, WAVE_LANES * vm->bytes);
	add_pieces(vm, buffer);
	if (!vmem_load(vm))
		return WAVE_FAULTED;
	if (vm->inst->lds) {
		load_to_lds(vm);
		return WAVE_READY;
	}
	vm->reg = vmem_reg(vm->wave, vm->inst, vm->inst->vdata);
	vmem_scatter(vm, vm->exec);
	return WAVE_READY;
}

static enum wave_stop store(struct vmem *vm, const struct buffer *buffer)
{
	vm->reg = vmem_reg(vm->wave, vm->inst, vm->inst->vdata);
	vmem_gather(vm);
	add_pieces(vm, buffer);
	return isa_faulted(vmem_store(vm));
}

/* Lanes outside the buffer get 0 back. */
static enum wave_stop atomic(struct vmem *vm, const struct buffer *buffer)
{
	union wave_vreg *dst;
	struct reach reach;

	vm->reg = vmem_reg(vm->wave, vm->inst, vm->inst->vdata);
	dst = vm->inst->glc ? vm->reg : NULL;
	locate(vm, buffer, &reach);
	if (!vmem_atomic(vm, reach.whole, dst))
		return WAVE_FAULTED;
	for (u64 left = dst ? vm->exec & ~reach.whole : 0; left; left &= left - 1)
		vmem_return(vm, dst, (u32)__builtin_ctzll(left), 0);
	return WAVE_READY;
}

enum wave_stop isa_run_mubuf(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	struct buffer buffer;
	struct vmem vm;

	if (inst->op->shape == ISA_CACHE)
		return WAVE_READY;
	if (inst->saddr + 4u > WAVE_SREGS)
		return WAVE_ILLEGAL;
	vmem_init(&vm, wave, env, inst);
	if (!vm.exec)
		return WAVE_READY;
	buffer = buffer_of(wave, inst);
	switch (inst->op->shape) {
	case ISA_LOAD:
		return load(&vm, &buffer);
	case ISA_STORE:
		return store(&vm, &buffer);
	default:
		return atomic(&vm, &buffer);
	}
}
