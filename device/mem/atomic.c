// SPDX-License-Identifier: MIT
/*
 * The TC atomics of gfx90a (device contract 1.3) on memory shared with vCPUs.
 * Each operation is a pure function of the old value and the operands; one
 * compare-and-swap loop per width applies it, so an operation on guest memory
 * is atomic against a locked instruction of the guest.
 */
#include "mem/atomic.h"

#include <string.h>

#define TC_OPS		32
#define TC_OP_MAX	(MEM_ATOMIC_64 | MEM_ATOMIC_NO_RETURN | (TC_OPS - 1))

struct tc_op {
	u32 (*run32)(u32 old, u32 src, u32 compare);
	u64 (*run64)(u64 old, u64 src, u64 compare);
};

/* One integer operation in both widths. "s" is the signed type of the width. */
#define TC_INT(name, expression)                                                                 \
	static u32 name##32(u32 old, u32 src, u32 compare)                                       \
	{                                                                                        \
		typedef s32 s;                                                                   \
		(void)sizeof(s);                                                                 \
		(void)compare;                                                                   \
		return (expression);                                                             \
	}                                                                                        \
	static u64 name##64(u64 old, u64 src, u64 compare)                                       \
	{                                                                                        \
		typedef s64 s;                                                                   \
		(void)sizeof(s);                                                                 \
		(void)compare;                                                                   \
		return (expression);                                                             \
	}

TC_INT(swap, ((void)old, src))
TC_INT(cmpswap, old == compare ? src : old)
TC_INT(add, old + src)
TC_INT(sub, old - src)
TC_INT(smin, (s)src < (s)old ? src : old)
TC_INT(umin, src < old ? src : old)
TC_INT(smax, (s)src > (s)old ? src : old)
TC_INT(umax, src > old ? src : old)
TC_INT(and, old & src)
TC_INT(or, old | src)
TC_INT(xor, old ^ src)
TC_INT(inc, old >= src ? 0 : old + 1)
TC_INT(dec, old == 0 || old > src ? src : old - 1)

static float float_of(u32 bits)
{
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static double double_of(u64 bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* Denormals become a zero of the same sign. */
static u32 flush32(u32 bits)
{
	return bits & 0x7f800000u ? bits : bits & 0x80000000u;
}

static u64 flush64(u64 bits)
{
	return bits & 0x7ff0000000000000ull ? bits : bits & 0x8000000000000000ull;
}

/* One float operation, plain and flushing: a = memory, b = source, c = compare. */
#define TC_FLOAT(name, expression)                                                               \
	static u32 name##32(u32 old, u32 src, u32 compare)                                       \
	{                                                                                        \
		float a = float_of(old), b = float_of(src), c = float_of(compare);               \
		(void)a, (void)b, (void)c;                                                       \
		return (expression) ? src : old;                                                 \
	}                                                                                        \
	static u64 name##64(u64 old, u64 src, u64 compare)                                       \
	{                                                                                        \
		double a = double_of(old), b = double_of(src), c = double_of(compare);           \
		(void)a, (void)b, (void)c;                                                       \
		return (expression) ? src : old;                                                 \
	}                                                                                        \
	static u32 name##_flush32(u32 old, u32 src, u32 compare)                                 \
	{                                                                                        \
		return name##32(flush32(old), flush32(src), flush32(compare));                   \
	}                                                                                        \
	static u64 name##_flush64(u64 old, u64 src, u64 compare)                                 \
	{                                                                                        \
		return name##64(flush64(old), flush64(src), flush64(compare));                   \
	}

/* A comparison with NaN is false: memory keeps its value. */
TC_FLOAT(fcmpswap, a == c)
TC_FLOAT(fmin, b < a)
TC_FLOAT(fmax, b > a)

static u32 bits_of(float value)
{
	u32 bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

/* A NaN goes through, quiet; memory's before the operand's. */
static u32 fadd_denorm32(u32 old, u32 src, u32 compare)
{
	(void)compare;
	if ((old & 0x7fffffff) > 0x7f800000)
		return old | 0x400000;
	if ((src & 0x7fffffff) > 0x7f800000)
		return src | 0x400000;
	return bits_of(float_of(old) + float_of(src));
}

static u32 fadd32(u32 old, u32 src, u32 compare)
{
	return flush32(fadd_denorm32(flush32(old), flush32(src), compare));
}

static u64 fadd64(u64 old, u64 src, u64 compare)
{
	double sum = double_of(old) + double_of(src);
	u64 bits;

	(void)compare;
	if ((old & ~BIT_ULL(63)) > 0x7ff0000000000000)
		return old | BIT_ULL(51);
	if ((src & ~BIT_ULL(63)) > 0x7ff0000000000000)
		return src | BIT_ULL(51);
	memcpy(&bits, &sum, sizeof(bits));
	return bits;
}

static u32 pk_fadd16(u32 old, u32 src, u32 compare)
{
	(void)compare;
	return mem_f16_add((u16)old, (u16)src) |
	       (u32)mem_f16_add((u16)(old >> 16), (u16)(src >> 16)) << 16;
}

#define ROW(name) { name##32, name##64 }

static const struct tc_op tc_ops[TC_OPS] = {
	[1] = ROW(fcmpswap),
	[2] = ROW(fmin),
	[3] = ROW(fmax),
	[7] = ROW(swap),
	[8] = ROW(cmpswap),
	[9] = ROW(fcmpswap_flush),
	[10] = ROW(fmin_flush),
	[11] = ROW(fmax_flush),
	[15] = ROW(add),
	[16] = ROW(sub),
	[17] = ROW(smin),
	[18] = ROW(umin),
	[19] = ROW(smax),
	[20] = ROW(umax),
	[21] = ROW(and),
	[22] = ROW(or),
	[23] = ROW(xor),
	[24] = ROW(inc),
	[25] = ROW(dec),
};

/* By number without MEM_ATOMIC_WAVE and MEM_ATOMIC_64. */
static const struct tc_op wave_ops[] = {
	{ fadd32, fadd64 },
	{ pk_fadd16, NULL },
	{ fadd_denorm32, NULL },
};

/* NULL: no such operation of this size. */
static const struct tc_op *op_find(u32 number, unsigned int bytes)
{
	u32 wave = number & ~(MEM_ATOMIC_WAVE | MEM_ATOMIC_64);
	const struct tc_op *op = &tc_ops[number % TC_OPS];

	if (bytes != ((number & MEM_ATOMIC_64) ? 8 : 4))
		return NULL;
	if (number & MEM_ATOMIC_WAVE)
		op = wave < sizeof(wave_ops) / sizeof(wave_ops[0]) ? &wave_ops[wave] : NULL;
	else if (number > TC_OP_MAX)
		op = NULL;
	return op && (bytes == 8 ? op->run64 != NULL : op->run32 != NULL) ? op : NULL;
}

static u64 run32(u32 *addr, const struct tc_op *op, u32 src, u32 compare)
{
	u32 old = __atomic_load_n(addr, __ATOMIC_SEQ_CST);

	while (!__atomic_compare_exchange_n(addr, &old, op->run32(old, src, compare), false,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	return old;
}

static u64 run64(u64 *addr, const struct tc_op *op, u64 src, u64 compare)
{
	u64 old = __atomic_load_n(addr, __ATOMIC_SEQ_CST);

	while (!__atomic_compare_exchange_n(addr, &old, op->run64(old, src, compare), false,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	return old;
}

bool mem_atomic_known(u32 op, unsigned int *bytes)
{
	if (op > TC_OP_MAX || !tc_ops[op % TC_OPS].run32)
		return false;
	*bytes = (op & MEM_ATOMIC_64) ? 8 : 4;
	return true;
}

static bool aligned(const void *addr, unsigned int bytes)
{
	return (bytes == 4 || bytes == 8) && !((uintptr_t)addr & (bytes - 1));
}

bool mem_atomic_run(void *addr, struct mem_atomic *atomic, unsigned int bytes)
{
	const struct tc_op *op = op_find(atomic->op, bytes);

	if (!op || !aligned(addr, bytes))
		return false;
	if (bytes == 8)
		atomic->old = run64(addr, op, atomic->src, atomic->compare);
	else
		atomic->old = run32(addr, op, (u32)atomic->src, (u32)atomic->compare);
	return true;
}

bool mem_atomic_result(const struct mem_atomic *atomic, unsigned int bytes, u64 old, u64 *result)
{
	const struct tc_op *op = op_find(atomic->op, bytes);

	if (!op)
		return false;
	if (bytes == 8)
		*result = op->run64(old, atomic->src, atomic->compare);
	else
		*result = op->run32((u32)old, (u32)atomic->src, (u32)atomic->compare);
	return true;
}

bool mem_load(const void *addr, u64 *value, unsigned int bytes)
{
	if (!aligned(addr, bytes))
		return false;
	if (bytes == 8)
		*value = __atomic_load_n((const u64 *)addr, __ATOMIC_ACQUIRE);
	else
		*value = __atomic_load_n((const u32 *)addr, __ATOMIC_ACQUIRE);
	return true;
}

bool mem_store(void *addr, u64 value, unsigned int bytes)
{
	if (!aligned(addr, bytes))
		return false;
	if (bytes == 8)
		__atomic_store_n((u64 *)addr, value, __ATOMIC_RELEASE);
	else
		__atomic_store_n((u32 *)addr, (u32)value, __ATOMIC_RELEASE);
	return true;
}
