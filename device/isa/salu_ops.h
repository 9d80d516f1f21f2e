/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_SALU_OPS_H
#define VKFD_DEVICE_ISA_SALU_OPS_H

#include <stdbool.h>
#include "vkfd_hw/types.h"

/*
 * DOC: scalar operations
 *
 * One pure function per ISA_PURE row of the SOP tables: sources and SCC in,
 * result and SCC out. 32-bit sources are in the low half. An operation that does
 * not touch SCC returns the one it got. In the expressions a and b are the sources
 * in the width of the operation, r the result.
 */
struct salu_out {
	u64 value;
	bool scc;
};

#define SALU_OP(type, name, result, carry)                                                       \
	static inline struct salu_out name(u64 src0, u64 src1, bool scc)                         \
	{                                                                                        \
		type a = (type)src0, b = (type)src1, r;                                          \
		(void)a, (void)b, (void)scc;                                                     \
		r = (type)(result);                                                              \
		return (struct salu_out){ r, carry };                                            \
	}
#define OP32(name, result, carry)	SALU_OP(u32, name, result, carry)
#define OP64(name, result, carry)	SALU_OP(u64, name, result, carry)
/* Both widths, SCC = result is not zero. */
#define LOGIC(name, result)                                                                      \
	OP32(name##_b32, result, r != 0)                                                         \
	OP64(name##_b64, result, r != 0)

static inline u32 salu_reverse32(u32 v)
{
	v = (v & 0x55555555u) << 1 | (v >> 1 & 0x55555555u);
	v = (v & 0x33333333u) << 2 | (v >> 2 & 0x33333333u);
	v = (v & 0x0f0f0f0fu) << 4 | (v >> 4 & 0x0f0f0f0fu);
	return __builtin_bswap32(v);
}

static inline u64 salu_reverse64(u64 v)
{
	return (u64)salu_reverse32((u32)v) << 32 | salu_reverse32((u32)(v >> 32));
}

/* Bit 4n of the result: any bit of quad n. */
static inline u64 salu_quads(u64 v)
{
	return (v | v >> 1 | v >> 2 | v >> 3) & 0x1111111111111111ull;
}

/* Bit n of the result: bit 4n. */
static inline u64 salu_pack_quads(u64 v)
{
	u64 out = 0;

	for (unsigned int n = 0; n < 16; n++)
		out |= (v >> 4 * n & 1) << n;
	return out;
}

/* Each bit twice. */
static inline u64 salu_double_bits(u64 v)
{
	u64 out = 0;

	for (unsigned int n = 0; n < 32; n++)
		out |= (v >> n & 1) * 3 << 2 * n;
	return out;
}

/* @src1: offset in the low bits, width in [22:16]; what is beyond the top is cut. */
static inline u64 salu_field(u64 value, u32 src1, unsigned int bits)
{
	u32 offset = src1 & (bits - 1), width = src1 >> 16 & 0x7f;

	value >>= offset;
	return width < 64 ? value & (BIT_ULL(width) - 1) : value;
}

/* Sign-extends the field that salu_field() gave. */
static inline u64 salu_field_signed(u64 value, u32 src1, unsigned int bits)
{
	u32 offset = src1 & (bits - 1), width = src1 >> 16 & 0x7f, shift;

	if (!width)
		return 0;
	if (width > bits - offset)
		width = bits - offset;
	shift = 64 - width;
	return (u64)((s64)(value >> offset << shift) >> shift);
}

static inline u32 salu_sign_bits32(u32 v)
{
	return v == 0 || v == ~0u ? ~0u : (u32)__builtin_clrsb((int)v) + 1;
}

static inline u32 salu_sign_bits64(u64 v)
{
	return v == 0 || v == ~0ull ? ~0u : (u32)__builtin_clrsbll((s64)v) + 1;
}

/* SOP1 */
OP32(s_mov_b32, a, scc)
OP64(s_mov_b64, a, scc)
OP32(s_cmov_b32, scc ? a : b, scc)
OP64(s_cmov_b64, scc ? a : b, scc)
LOGIC(s_not, ~a)
LOGIC(s_wqm, salu_quads(a) * 15)
OP32(s_brev_b32, salu_reverse32(a), scc)
OP64(s_brev_b64, salu_reverse64(a), scc)
OP32(s_bcnt0_i32_b32, __builtin_popcount(~a), r != 0)
OP64(s_bcnt0_i32_b64, __builtin_popcountll(~a), r != 0)
OP32(s_bcnt1_i32_b32, __builtin_popcount(a), r != 0)
OP64(s_bcnt1_i32_b64, __builtin_popcountll(a), r != 0)
OP32(s_ff0_i32_b32, ~a ? __builtin_ctz(~a) : -1, scc)
OP64(s_ff0_i32_b64, ~a ? (u32)__builtin_ctzll(~a) : ~0u, scc)
OP32(s_ff1_i32_b32, a ? __builtin_ctz(a) : -1, scc)
OP64(s_ff1_i32_b64, a ? (u32)__builtin_ctzll(a) : ~0u, scc)
OP32(s_flbit_i32_b32, a ? __builtin_clz(a) : -1, scc)
OP64(s_flbit_i32_b64, a ? (u32)__builtin_clzll(a) : ~0u, scc)
OP32(s_flbit_i32, salu_sign_bits32(a), scc)
OP64(s_flbit_i32_i64, salu_sign_bits64(a), scc)
OP32(s_sext_i32_i8, (s32)(a << 24) >> 24, scc)
OP32(s_sext_i32_i16, (s32)(a << 16) >> 16, scc)
OP32(s_bitset0_b32, b & ~((u32)1 << (a & 31)), scc)
OP64(s_bitset0_b64, b & ~BIT_ULL(a & 63), scc)
OP32(s_bitset1_b32, b | (u32)1 << (a & 31), scc)
OP64(s_bitset1_b64, b | BIT_ULL(a & 63), scc)
LOGIC(s_quadmask, salu_pack_quads(salu_quads(a)))
OP32(s_abs_i32, (s32)a < 0 ? 0 - a : a, r != 0)
OP64(s_bitreplicate_b64_b32, salu_double_bits(a), scc)

/* SOP2 */
OP32(s_add_u32, a + b, r < a)
OP32(s_sub_u32, a - b, b > a)
OP32(s_add_i32, a + b, (s32)(~(a ^ b) & (a ^ r)) < 0)
OP32(s_sub_i32, a - b, (s32)((a ^ b) & (a ^ r)) < 0)
OP32(s_addc_u32, a + b + scc, (u64)a + b + scc > 0xffffffffu)
OP32(s_subb_u32, a - b - scc, (u64)b + scc > a)
OP32(s_min_i32, (s32)a < (s32)b ? a : b, (s32)a < (s32)b)
OP32(s_min_u32, a < b ? a : b, a < b)
OP32(s_max_i32, (s32)a > (s32)b ? a : b, (s32)a > (s32)b)
OP32(s_max_u32, a > b ? a : b, a > b)
OP32(s_cselect_b32, scc ? a : b, scc)
OP64(s_cselect_b64, scc ? a : b, scc)
LOGIC(s_and, a & b)
LOGIC(s_or, a | b)
LOGIC(s_xor, a ^ b)
LOGIC(s_andn2, a & ~b)
LOGIC(s_orn2, a | ~b)
LOGIC(s_nand, ~(a & b))
LOGIC(s_nor, ~(a | b))
LOGIC(s_xnor, ~(a ^ b))
OP32(s_lshl_b32, a << (b & 31), r != 0)
OP64(s_lshl_b64, a << (b & 63), r != 0)
OP32(s_lshr_b32, a >> (b & 31), r != 0)
OP64(s_lshr_b64, a >> (b & 63), r != 0)
OP32(s_ashr_i32, (s32)a >> (b & 31), r != 0)
OP64(s_ashr_i64, (s64)a >> (b & 63), r != 0)
OP32(s_bfm_b32, (((u32)1 << (a & 31)) - 1) << (b & 31), scc)
OP64(s_bfm_b64, (BIT_ULL(a & 63) - 1) << (b & 63), scc)
OP32(s_mul_i32, a * b, scc)
OP32(s_bfe_u32, salu_field(a, b, 32), r != 0)
OP32(s_bfe_i32, salu_field_signed(a, b, 32), r != 0)
OP64(s_bfe_u64, salu_field(a, (u32)b, 64), r != 0)
OP64(s_bfe_i64, salu_field_signed(a, (u32)b, 64), r != 0)
OP32(s_absdiff_i32, (s32)(a - b) < 0 ? b - a : a - b, r != 0)
OP32(s_mul_hi_u32, (u64)a * b >> 32, scc)
OP32(s_mul_hi_i32, (s64)(s32)a * (s32)b >> 32, scc)
OP32(s_lshl1_add_u32, (a << 1) + b, ((u64)a << 1) + b > 0xffffffffu)
OP32(s_lshl2_add_u32, (a << 2) + b, ((u64)a << 2) + b > 0xffffffffu)
OP32(s_lshl3_add_u32, (a << 3) + b, ((u64)a << 3) + b > 0xffffffffu)
OP32(s_lshl4_add_u32, (a << 4) + b, ((u64)a << 4) + b > 0xffffffffu)
OP32(s_pack_ll_b32_b16, (a & 0xffff) | b << 16, scc)
OP32(s_pack_lh_b32_b16, (a & 0xffff) | (b & 0xffff0000u), scc)
OP32(s_pack_hh_b32_b16, a >> 16 | (b & 0xffff0000u), scc)

/* SOPC, and SOPK with the immediate as b: no result. */
#define COMPARE(name, condition)	OP32(name, 0, condition)
#define COMPARES(relation, op)                                                                   \
	COMPARE(s_cmp_##relation##_i32, (s32)a op (s32)b)                                        \
	COMPARE(s_cmp_##relation##_u32, a op b)                                                  \
	COMPARE(s_cmpk_##relation##_i32, (s32)a op (s32)b)                                       \
	COMPARE(s_cmpk_##relation##_u32, a op b)

COMPARES(eq, ==)
COMPARES(lg, !=)
COMPARES(gt, >)
COMPARES(ge, >=)
COMPARES(lt, <)
COMPARES(le, <=)
COMPARE(s_bitcmp0_b32, !(a >> (b & 31) & 1))
COMPARE(s_bitcmp1_b32, a >> (b & 31) & 1)
OP64(s_bitcmp0_b64, 0, !(a >> (b & 63) & 1))
OP64(s_bitcmp1_b64, 0, a >> (b & 63) & 1)
OP64(s_cmp_eq_u64, 0, a == b)
OP64(s_cmp_lg_u64, 0, a != b)

/* SOPK: for cmov, add and mul a is the old destination. */
OP32(s_movk_i32, b, scc)
OP32(s_cmovk_i32, scc ? b : a, scc)
OP32(s_addk_i32, a + b, (s32)(~(a ^ b) & (a ^ r)) < 0)
OP32(s_mulk_i32, a * b, scc)

#undef SALU_OP
#undef OP32
#undef OP64
#undef LOGIC
#undef COMPARE
#undef COMPARES

#endif
