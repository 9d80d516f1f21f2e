// SPDX-License-Identifier: MIT
#include "isa/ds_atomic.h"

#include "isa/lds.h"
#include "mem/atomic.h"

/* The low five bits of the opcode: the same operations in both widths. */
enum {
	DS_RSUB = 2,
	DS_MSKOR = 12,
	DS_XCHG = 13,
	DS_XCHG2 = 14,
	DS_XCHG2_ST64 = 15,
	DS_CMPST_B = 16,
	DS_CMPST_F = 17,
	DS_MAX_F = 19,
	DS_WRAP = 20,
	DS_ADD_F32 = 21,
	DS_ADD_F64 = 28,
	DS_NR
};

/* TC operation of those that memory has too; TC float operations flush from 8 on. */
#define TC_FLUSH 8u
static const u8 tc_ops[DS_NR] = {
	[0] = 15, [1] = 16, [3] = 24, [4] = 25, [5] = 17, [6] = 19, [7] = 18, [8] = 20,
	[9] = 21, [10] = 22, [11] = 23, [DS_XCHG] = 7, [DS_XCHG2] = 7, [DS_XCHG2_ST64] = 7,
	[DS_CMPST_B] = 8, [DS_CMPST_F] = 1, [18] = 2, [DS_MAX_F] = 3,
	[DS_ADD_F32] = MEM_ATOMIC_FADD, [DS_ADD_F64] = MEM_ATOMIC_FADD,
};

static u32 code_of(const struct isa_op *op)
{
	return op->opcode & 0x1f;
}

bool ds_atomic_second(const struct isa_op *op)
{
	switch (code_of(op)) {
	case DS_MSKOR:
	case DS_XCHG2:
	case DS_XCHG2_ST64:
	case DS_CMPST_B:
	case DS_CMPST_F:
	case DS_WRAP:
		return true;
	default:
		return false;
	}
}

/* What memory does not have. */
static u64 ds_only(u32 code, u64 old, const u64 *data)
{
	switch (code) {
	case DS_RSUB:
		return data[0] - old;
	case DS_MSKOR:
		return (old & ~data[0]) | data[1];
	default: /* DS_WRAP */
		return old >= data[0] ? old - data[0] : old + data[1];
	}
}

/* LDS follows MODE where memory always flushes f32. */
static u32 tc_of(u32 code, u32 bytes, u32 mode)
{
	bool denorm = (bytes == 8 ? mode >> 6 & 3 : mode >> 4 & 3) == 3;

	if (code >= DS_CMPST_F && code <= DS_MAX_F)
		return tc_ops[code] + (denorm ? 0 : TC_FLUSH);
	if (code == DS_ADD_F32 && denorm)
		return MEM_ATOMIC_FADD_DENORM;
	return tc_ops[code];
}

u64 ds_atomic_run(struct wave_group *group, const struct isa_op *op, const struct ds_atomic *atomic,
		  u32 mode)
{
	u32 code = code_of(op);
	bool compares = code == DS_CMPST_B || code == DS_CMPST_F;
	struct mem_atomic tc = { .src = atomic->data[compares], .compare = atomic->data[0] };

	if (code == DS_RSUB || code == DS_MSKOR || code == DS_WRAP) {
		u64 result;

		lds_read(group, atomic->addr, &tc.old, atomic->bytes);
		result = ds_only(code, tc.old, atomic->data);
		lds_write(group, atomic->addr, &result, atomic->bytes);
		return tc.old;
	}
	tc.op = tc_of(code, atomic->bytes, mode) | (atomic->bytes == 8 ? MEM_ATOMIC_64 : 0);
	lds_atomic(group, atomic->addr, &tc, atomic->bytes);
	return tc.old;
}
