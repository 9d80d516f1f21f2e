/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_LANE_CMP_H
#define VKFD_DEVICE_ISA_LANE_CMP_H

#include "isa/lane_f16.h"
#include "isa/lane_f64.h"

/* Comparisons: 1 or 0. The v_cmpx rows name the same functions. */
#define LANE_CMP_INT(type, bits, cast)							\
	LANE(bool, cmp_f_##type, bits, bits, u32) { return 0; }				\
	LANE(bool, cmp_lt_##type, bits, bits, u32) { return (cast)a < (cast)b; }		\
	LANE(bool, cmp_eq_##type, bits, bits, u32) { return (cast)a == (cast)b; }	\
	LANE(bool, cmp_le_##type, bits, bits, u32) { return (cast)a <= (cast)b; }	\
	LANE(bool, cmp_gt_##type, bits, bits, u32) { return (cast)a > (cast)b; }		\
	LANE(bool, cmp_ne_##type, bits, bits, u32) { return (cast)a != (cast)b; }	\
	LANE(bool, cmp_ge_##type, bits, bits, u32) { return (cast)a >= (cast)b; }	\
	LANE(bool, cmp_t_##type, bits, bits, u32) { return 1; }
LANE_CMP_INT(i16, u32, int16_t)
LANE_CMP_INT(u16, u32, u16)
LANE_CMP_INT(i32, u32, s32)
LANE_CMP_INT(u32, u32, u32)
LANE_CMP_INT(i64, u64, s64)
LANE_CMP_INT(u64, u64, u64)

#define F16_NUM(x)	f16_value(f16_in(fp, x))
#define F32_NUM(x)	f32_of(f32_in(fp, x))
#define F64_NUM(x)	f64_of(f64_in(fp, x))

/* The negated forms are true for NaNs. */
#define LANE_CMP_FLOAT(type, bits, num)							\
	LANE(bool, cmp_f_##type, bits, bits, u32) { return 0; }				\
	LANE(bool, cmp_lt_##type, bits, bits, u32) { return num(a) < num(b); }		\
	LANE(bool, cmp_eq_##type, bits, bits, u32) { return num(a) == num(b); }		\
	LANE(bool, cmp_le_##type, bits, bits, u32) { return num(a) <= num(b); }		\
	LANE(bool, cmp_gt_##type, bits, bits, u32) { return num(a) > num(b); }		\
	LANE(bool, cmp_lg_##type, bits, bits, u32) { return num(a) < num(b) || num(a) > num(b); } \
	LANE(bool, cmp_ge_##type, bits, bits, u32) { return num(a) >= num(b); }		\
	LANE(bool, cmp_o_##type, bits, bits, u32)					\
	{ return num(a) == num(a) && num(b) == num(b); }				\
	LANE(bool, cmp_u_##type, bits, bits, u32)					\
	{ return num(a) != num(a) || num(b) != num(b); }				\
	LANE(bool, cmp_nge_##type, bits, bits, u32) { return !(num(a) >= num(b)); }	\
	LANE(bool, cmp_nlg_##type, bits, bits, u32)					\
	{ return !(num(a) < num(b) || num(a) > num(b)); }				\
	LANE(bool, cmp_ngt_##type, bits, bits, u32) { return !(num(a) > num(b)); }	\
	LANE(bool, cmp_nle_##type, bits, bits, u32) { return !(num(a) <= num(b)); }	\
	LANE(bool, cmp_neq_##type, bits, bits, u32) { return num(a) != num(b); }		\
	LANE(bool, cmp_nlt_##type, bits, bits, u32) { return !(num(a) < num(b)); }	\
	LANE(bool, cmp_tru_##type, bits, bits, u32) { return 1; }
LANE_CMP_FLOAT(f16, u32, F16_NUM)
LANE_CMP_FLOAT(f32, u32, F32_NUM)
LANE_CMP_FLOAT(f64, u64, F64_NUM)

/* Bits of the class mask, for one number: a test of b's bit number. No flushing. */
LANE_INLINE u32 class_bit(bool nan, bool quiet, bool inf, bool normal, bool zero, bool neg)
{
	u32 size = inf ? 0 : normal ? 1 : zero ? 3 : 2;	/* from infinity inwards */

	return nan ? (u32)quiet : neg ? 2 + size : 9 - size;
}

LANE32(cmp_class_f32)
{
	return b >> class_bit(f32_is_nan(a), a & F32_QUIET, !(~a & F32_INF), a & F32_INF,
			      !(a & F32_ABS), a >> 31) & 1;
}

LANE32(cmp_class_f16)
{
	return b >> class_bit(f16_is_nan(a), a & F16_QUIET, !(~a & F16_INF), a & F16_INF,
			      !(a & F16_ABS), a >> 15 & 1) & 1;
}

LANE(u32, cmp_class_f64, u64, u32, u32)
{
	return b >> class_bit(f64_is_nan(a), a & F64_QUIET, !(~a & F64_INF), a & F64_INF,
			      !(a & F64_ABS), a >> 63) & 1;
}

#endif
