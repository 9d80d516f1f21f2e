/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_LANE_F32_H
#define VKFD_DEVICE_ISA_LANE_F32_H

#include "isa/lane.h"

/* Single precision. f32_in() and f32_out() flush as MODE says. */
LANE_INLINE u32 f32_in(const struct valu_fp *fp, u32 x)
{
	return f32_flush(fp->flush32_in, x);
}

LANE_INLINE u32 f32_out(const struct valu_fp *fp, u32 x)
{
	return f32_flush(fp->flush32_out, x);
}

LANE32(add_f32)
{
	a = f32_in(fp, a);
	b = f32_in(fp, b);
	return f32_nan2(f32_out(fp, f32_bits(f32_of(a) + f32_of(b))), a, b);
}

LANE_INLINE u32 f32_negated(u32 x)
{
	return x ^ F32_SIGN;
}

LANE32(sub_f32) { return lane_add_f32(fp, a, f32_negated(b), 0); }
LANE32(subrev_f32) { return lane_add_f32(fp, f32_negated(a), b, 0); }

LANE32(mul_f32)
{
	a = f32_in(fp, a);
	b = f32_in(fp, b);
	return f32_nan2(f32_out(fp, f32_bits(f32_of(a) * f32_of(b))), a, b);
}

LANE32(fma_f32)
{
	a = f32_in(fp, a);
	b = f32_in(fp, b);
	c = f32_in(fp, c);
	return f32_nan3(f32_out(fp, f32_bits(__builtin_fmaf(f32_of(a), f32_of(b), f32_of(c)))),
			a, b, c);
}

LANE32(fmac_f32) { return lane_fma_f32(fp, a, b, c); }

/* Two roundings, and denormals are flushed at each step whatever MODE says. */
LANE32(mad_f32)
{
	u32 product;

	a = f32_flush(true, a);
	b = f32_flush(true, b);
	c = f32_flush(true, c);
	product = f32_flush(true, f32_bits(f32_of(a) * f32_of(b)));
	return f32_nan3(f32_flush(true, f32_bits(f32_of(product) + f32_of(c))), a, b, c);
}

LANE32(mac_f32) { return lane_mad_f32(fp, a, b, c); }
LANE32(madmk_f32) { return lane_mad_f32(fp, a, b, c); }
LANE32(madak_f32) { return lane_mad_f32(fp, a, b, c); }

/* Legacy: zero times anything, also infinity and NaN, is +0. */
LANE_INLINE bool f32_any_zero(u32 a, u32 b)
{
	return !(a & F32_ABS) | !(b & F32_ABS);
}

LANE32(mul_legacy_f32)
{
	a = f32_in(fp, a);
	b = f32_in(fp, b);
	return f32_any_zero(a, b) ? 0 : lane_mul_f32(fp, a, b, 0);
}

LANE32(mad_legacy_f32)
{
	u32 sum;

	a = f32_flush(true, a);
	b = f32_flush(true, b);
	c = f32_flush(true, c);
	sum = f32_nan1(f32_flush(true, f32_bits(f32_of(0) + f32_of(c))), c);
	return f32_any_zero(a, b) ? sum : lane_mad_f32(fp, a, b, c);
}

/* Orders all numbers, -0 below +0, as signed integers. */
LANE_INLINE s32 f32_rank(u32 x)
{
	return (s32)(x ^ ((0 - (x >> 31)) & F32_ABS));
}

/* @r unless an operand is NaN: a number wins, but with IEEE a signalling NaN does. */
LANE_INLINE u32 f32_pick(const struct valu_fp *fp, u32 r, u32 a, u32 b)
{
	r = f32_is_nan(b) ? a : r;
	r = f32_is_nan(a) ? b : r;
	r = fp->ieee & f32_is_snan(b) ? b | F32_QUIET : r;
	return fp->ieee & f32_is_snan(a) ? a | F32_QUIET : r;
}

LANE32(min_f32)
{
	a = f32_in(fp, a);
	b = f32_in(fp, b);
	return f32_out(fp, f32_pick(fp, f32_rank(a) < f32_rank(b) ? a : b, a, b));
}

LANE32(max_f32)
{
	a = f32_in(fp, a);
	b = f32_in(fp, b);
	return f32_out(fp, f32_pick(fp, f32_rank(a) > f32_rank(b) ? a : b, a, b));
}

LANE32(min3_f32) { return lane_min_f32(fp, lane_min_f32(fp, a, b, 0), c, 0); }
LANE32(max3_f32) { return lane_max_f32(fp, lane_max_f32(fp, a, b, 0), c, 0); }

/* With a NaN: the minimum. */
LANE32(med3_f32)
{
	u32 low = lane_min_f32(fp, a, b, 0), high = lane_max_f32(fp, a, b, 0);
	u32 med = lane_max_f32(fp, low, lane_min_f32(fp, high, c, 0), 0);

	return f32_is_nan(a) | f32_is_nan(b) | f32_is_nan(c) ?
	       lane_min3_f32(fp, a, b, c) : med;
}

/* The sign is that of the operand; the host's way may lose it on zeros. */
#define LANE_ROUND_F32(name, call)							\
	LANE32(name##_f32)								\
	{										\
		u32 r;									\
											\
		a = f32_in(fp, a);							\
		r = f32_bits(call(f32_of(a))) & F32_ABS;				\
		return f32_nan1(r | (a & F32_SIGN), a);					\
	}
LANE_ROUND_F32(trunc, __builtin_truncf)
LANE_ROUND_F32(ceil, __builtin_ceilf)
LANE_ROUND_F32(floor, __builtin_floorf)
LANE_ROUND_F32(rndne, __builtin_roundevenf)

/* Below 1 also where the difference rounds up to it. Infinity has no fraction: NaN. */
LANE32(fract_f32)
{
	u32 r;

	a = f32_in(fp, a);
	r = f32_bits(f32_of(a) - __builtin_floorf(f32_of(a)));
	r = (s32)r > 0x3f7fffff && !f32_is_nan(r) ? 0x3f7fffff : r;
	r = !(r & F32_ABS) ? 0 : r;
	return f32_nan1(f32_out(fp, r), a);
}

/* frexp: mantissa in [0.5, 1) and exponent; infinity and NaN are their own, exponent 0. */
LANE_INLINE u32 f32_lead(u32 x)
{
	u32 frac = x & 0x007fffff;

	return frac ? (u32)__builtin_clz(frac | !frac) - 8 : 0;
}

LANE32(frexp_mant_f32)
{
	u32 r;

	a = f32_in(fp, a);
	r = a & F32_INF ? a & 0x007fffff : a << f32_lead(a) & 0x007fffff;
	r = (a & F32_SIGN) | 0x3f000000 | r;
	r = a & F32_ABS ? r : a;
	return (a & F32_INF) == F32_INF ? f32_nan1(a, a) : r;
}

LANE32(frexp_exp_i32_f32)
{
	s32 e;

	a = f32_in(fp, a);
	e = a & F32_INF ? (s32)(a >> 23 & 0xff) - 126 : -125 - (s32)f32_lead(a);
	return (a & F32_INF) == F32_INF || !(a & F32_ABS) ? 0 : (u32)e;
}

/* Exact in double, one rounding to single. */
LANE32(ldexp_f32)
{
	s32 n = (s32)b < -400 ? -400 : (s32)b > 400 ? 400 : (s32)b;
	double x;

	a = f32_in(fp, a);
	x = (double)f32_of(a) * f64_of((u64)(1023 + n) << 52);
	return f32_nan1(f32_out(fp, f32_bits((float)x)), a);
}

LANE32(rcp_f32)
{
	a = f32_in(fp, a);
	return f32_nan1(f32_out(fp, f32_bits(1.0f / f32_of(a))), a);
}

LANE32(rcp_iflag_f32) { return lane_rcp_f32(fp, a, 0, 0); }

LANE32(rsq_f32)
{
	a = f32_in(fp, a);
	return f32_nan1(f32_out(fp, f32_bits((float)(1.0 / __builtin_sqrt((double)f32_of(a))))), a);
}

LANE32(sqrt_f32)
{
	a = f32_flush(true, a);
	return f32_nan1(f32_bits(__builtin_sqrtf(f32_of(a))), a);
}

/* Packed: low and high dword of a pair. */
LANE64(pk_fma_f32)
{
	return lane_fma_f32(fp, (u32)a, (u32)b, (u32)c) |
	       (u64)lane_fma_f32(fp, (u32)(a >> 32), (u32)(b >> 32), (u32)(c >> 32)) << 32;
}

LANE64(pk_mul_f32)
{
	return lane_mul_f32(fp, (u32)a, (u32)b, 0) |
	       (u64)lane_mul_f32(fp, (u32)(a >> 32), (u32)(b >> 32), 0) << 32;
}

LANE64(pk_add_f32)
{
	return lane_add_f32(fp, (u32)a, (u32)b, 0) |
	       (u64)lane_add_f32(fp, (u32)(a >> 32), (u32)(b >> 32), 0) << 32;
}

/* op_sel has put the chosen dword of each source in its low half. */
LANE64(pk_mov_b32) { return (a & UINT32_MAX) | b << 32; }

#endif
