/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_LANE_F64_H
#define VKFD_DEVICE_ISA_LANE_F64_H

#include "isa/lane.h"

/* Double precision: the denormal and rounding bits of MODE are those of f16. */
LANE_INLINE u64 f64_in(const struct valu_fp *fp, u64 x)
{
	return f64_flush(fp->flush16_in, x);
}

LANE_INLINE u64 f64_out(const struct valu_fp *fp, u64 x)
{
	return f64_flush(fp->flush16_out, x);
}

LANE64(add_f64)
{
	a = f64_in(fp, a);
	b = f64_in(fp, b);
	return f64_nan2(f64_out(fp, f64_bits(f64_of(a) + f64_of(b))), a, b);
}

LANE64(mul_f64)
{
	a = f64_in(fp, a);
	b = f64_in(fp, b);
	return f64_nan2(f64_out(fp, f64_bits(f64_of(a) * f64_of(b))), a, b);
}

LANE64(fma_f64)
{
	a = f64_in(fp, a);
	b = f64_in(fp, b);
	c = f64_in(fp, c);
	return f64_nan3(f64_out(fp, f64_bits(__builtin_fma(f64_of(a), f64_of(b), f64_of(c)))),
			a, b, c);
}

LANE64(fmac_f64) { return lane_fma_f64(fp, a, b, c); }

LANE_INLINE s64 f64_rank(u64 x)
{
	return (s64)(x ^ ((0 - (x >> 63)) & F64_ABS));
}

/* As f32_pick(). */
LANE_INLINE u64 f64_pick(const struct valu_fp *fp, u64 r, u64 a, u64 b)
{
	r = f64_is_nan(b) ? a : r;
	r = f64_is_nan(a) ? b : r;
	r = fp->ieee & f64_is_snan(b) ? b | F64_QUIET : r;
	return fp->ieee & f64_is_snan(a) ? a | F64_QUIET : r;
}

LANE64(min_f64)
{
	a = f64_in(fp, a);
	b = f64_in(fp, b);
	return f64_out(fp, f64_pick(fp, f64_rank(a) < f64_rank(b) ? a : b, a, b));
}

LANE64(max_f64)
{
	a = f64_in(fp, a);
	b = f64_in(fp, b);
	return f64_out(fp, f64_pick(fp, f64_rank(a) > f64_rank(b) ? a : b, a, b));
}

#define LANE_ROUND_F64(name, call)							\
	LANE64(name##_f64)								\
	{										\
		u64 r;									\
											\
		a = f64_in(fp, a);							\
		r = f64_bits(call(f64_of(a))) & F64_ABS;				\
		return f64_nan1(r | (a & F64_SIGN), a);					\
	}
LANE_ROUND_F64(trunc, __builtin_trunc)
LANE_ROUND_F64(ceil, __builtin_ceil)
LANE_ROUND_F64(floor, __builtin_floor)
LANE_ROUND_F64(rndne, __builtin_roundeven)

LANE64(fract_f64)
{
	u64 r;

	a = f64_in(fp, a);
	r = f64_bits(f64_of(a) - __builtin_floor(f64_of(a)));
	r = (s64)r > 0x3fefffffffffffffLL && !f64_is_nan(r) ? 0x3fefffffffffffffULL : r;
	r = !(r & F64_ABS) ? 0 : r;
	return f64_nan1(f64_out(fp, r), a);
}

LANE_INLINE u32 f64_lead(u64 x)
{
	u64 frac = x & 0x000fffffffffffffULL;

	return frac ? (u32)__builtin_clzll(frac | !frac) - 11 : 0;
}

LANE64(frexp_mant_f64)
{
	u64 frac, r;

	a = f64_in(fp, a);
	frac = a & F64_INF ? a : a << f64_lead(a);
	r = (a & F64_SIGN) | 0x3fe0000000000000ULL | (frac & 0x000fffffffffffffULL);
	r = a & F64_ABS ? r : a;
	return (a & F64_INF) == F64_INF ? f64_nan1(a, a) : r;
}

LANE(u32, frexp_exp_i32_f64, u64, u32, u32)
{
	s32 e;

	a = f64_in(fp, a);
	e = a & F64_INF ? (s32)(a >> 52 & 0x7ff) - 1022 : -1021 - (s32)f64_lead(a);
	return (a & F64_INF) == F64_INF || !(a & F64_ABS) ? 0 : (u32)e;
}

/* The library rounds once, in the mode that is set. */
LANE(u64, ldexp_f64, u64, u32, u32)
{
	s32 n = (s32)b < -3000 ? -3000 : (s32)b > 3000 ? 3000 : (s32)b;

	a = f64_in(fp, a);
	return f64_nan1(f64_out(fp, f64_bits(__builtin_ldexp(f64_of(a), n))), a);
}

LANE64(rcp_f64)
{
	a = f64_in(fp, a);
	return f64_nan1(f64_out(fp, f64_bits(1.0 / f64_of(a))), a);
}

LANE64(rsq_f64)
{
	a = f64_in(fp, a);
	return f64_nan1(f64_out(fp, f64_bits(1.0 / __builtin_sqrt(f64_of(a)))), a);
}

LANE64(sqrt_f64)
{
	a = f64_in(fp, a);
	return f64_nan1(f64_out(fp, f64_bits(__builtin_sqrt(f64_of(a)))), a);
}

/* Segment b of 2/pi for the exponent of a: valu_trig.c has the bits. */
u64 valu_trig_preop(u64 a, u32 segment);

LANE(u64, trig_preop_f64, u64, u32, u32) { return f64_out(fp, valu_trig_preop(a, b & 31)); }

#endif
