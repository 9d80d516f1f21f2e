/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_LANE_F16_H
#define VKFD_DEVICE_ISA_LANE_F16_H

#include "isa/lane_f32.h"

/*
 * Half precision: computed in double, rounded to half once, by f16_round(). Sums
 * and products of halves are exact in double. A fused sum may be inexact, but only
 * where the smaller term is far below half a unit of the larger, and both
 * roundings go the same way (the host's mode is that of f16).
 */
LANE_INLINE double f16_value(u32 x)
{
	s32 e = (s32)(x >> 10 & 31);
	s32 frac = (s32)(x & 0x3ff);
	double scale = f64_of((u64)(e ? e + 998 : 999) << 52);	/* 2^(e - 25) */
	double r = e == 31 ? (frac ? f64_of(F64_NAN) : f64_of(F64_INF)) :
		   (double)(e ? frac + 1024 : frac) * scale;

	return f64_of(f64_bits(r) | (u64)(x & F16_SIGN) << 48);
}

/* One more unit in the last place? @rem and @half: what was cut off, and half a unit. */
LANE_INLINE u32 f16_up(u32 round, bool neg, u64 q, u64 rem, u64 half)
{
	bool nearest = rem > half || (rem == half && q & 1);

	return round == 0 ? nearest : round == 3 || !rem ? 0 : (round == 1) != neg;
}

/* The half nearest to a double in one of the four modes; NaN keeps its top bits. */
LANE_INLINE u32 f16_round(u64 x, u32 round, bool saturate)
{
	u64 abs = x & F64_ABS;
	bool neg = x >> 63;
	s32 e = (s32)(abs >> 52);
	s32 below = e < 1009 ? 1009 - e : 0;		/* places under the smallest exponent */
	u32 shift = below > 12 ? 54 : 42 + (u32)below;
	u64 sig = e ? (abs & 0x000fffffffffffffULL) | 1ULL << 52 : abs;
	u64 q = sig >> shift;
	u32 up = f16_up(round, neg, q, sig & ((1ULL << shift) - 1), 1ULL << (shift - 1));
	s32 base = e < 1009 ? 0 : e > 1024 + 15 ? 31 << 10 : (e - 1009) << 10;
	u32 r = (u32)base + (u32)q + up;
	bool to_inf = round == 0 || (round == 1 && !neg) || (round == 2 && neg);

	r = r >= F16_INF ? (to_inf && !saturate ? F16_INF : F16_MAX) : r;
	r = abs == F64_INF ? F16_INF : r;
	r = abs > F64_INF ? F16_INF | F16_QUIET | (u32)(abs >> 42 & 0x3ff) : r;
	return r | (u32)neg << 15;
}

LANE_INLINE u32 f16_in(const struct valu_fp *fp, u32 x)
{
	return f16_flush(fp->flush16_in, x & 0xffff);
}

/* Of an exact or once rounded result. */
LANE_INLINE u32 f16_out(const struct valu_fp *fp, double x)
{
	return f16_flush(fp->flush16_out, f16_round(f64_bits(x), fp->round64, fp->fp16_ovfl));
}

/* As single precision; NaNs keep what bits they have, quieted. */
LANE_INLINE u32 f16_widen(const struct valu_fp *fp, u32 x)
{
	u32 h = f16_in(fp, x);
	u32 nan = (h & F16_SIGN) << 16 | F32_INF | F32_QUIET | (h & 0x3ff) << 13;

	return f16_is_nan(h) ? nan : f32_bits((float)f16_value(h));
}

LANE32(add_f16)
{
	a = f16_in(fp, a);
	b = f16_in(fp, b);
	return f16_nan2(f16_out(fp, f16_value(a) + f16_value(b)), a, b);
}

LANE32(sub_f16) { return lane_add_f16(fp, a, b ^ F16_SIGN, 0); }
LANE32(subrev_f16) { return lane_add_f16(fp, a ^ F16_SIGN, b, 0); }

LANE32(mul_f16)
{
	a = f16_in(fp, a);
	b = f16_in(fp, b);
	return f16_nan2(f16_out(fp, f16_value(a) * f16_value(b)), a, b);
}

LANE32(fma_f16)
{
	a = f16_in(fp, a);
	b = f16_in(fp, b);
	c = f16_in(fp, c);
	return f16_nan3(f16_out(fp, f16_value(a) * f16_value(b) + f16_value(c)), a, b, c);
}

LANE32(fma_legacy_f16) { return lane_fma_f16(fp, a, b, c); }

/* Two roundings, flushing always, as v_mad_f32. */
LANE32(mad_f16)
{
	struct valu_fp flush = *fp;

	flush.flush16_in = flush.flush16_out = true;
	a = f16_in(&flush, a);
	b = f16_in(&flush, b);
	c = f16_in(&flush, c);
	return f16_nan3(lane_add_f16(&flush, lane_mul_f16(&flush, a, b, 0), c, 0), a, b, c);
}

LANE32(mad_legacy_f16) { return lane_mad_f16(fp, a, b, c); }
LANE32(mac_f16) { return lane_mad_f16(fp, a, b, c); }
LANE32(madmk_f16) { return lane_mad_f16(fp, a, b, c); }
LANE32(madak_f16) { return lane_mad_f16(fp, a, b, c); }

LANE_INLINE s32 f16_rank(u32 x)
{
	return x & F16_SIGN ? -(s32)(x & F16_ABS) - 1 : (s32)(x & F16_ABS);
}

/* As f32_pick(). */
LANE_INLINE u32 f16_pick(const struct valu_fp *fp, u32 r, u32 a, u32 b)
{
	r = f16_is_nan(b) ? a : r;
	r = f16_is_nan(a) ? b : r;
	r = fp->ieee & f16_is_snan(b) ? b | F16_QUIET : r;
	return fp->ieee & f16_is_snan(a) ? a | F16_QUIET : r;
}

LANE32(min_f16)
{
	a = f16_in(fp, a);
	b = f16_in(fp, b);
	return f16_flush(fp->flush16_out,
			 f16_pick(fp, f16_rank(a) < f16_rank(b) ? a : b, a, b));
}

LANE32(max_f16)
{
	a = f16_in(fp, a);
	b = f16_in(fp, b);
	return f16_flush(fp->flush16_out,
			 f16_pick(fp, f16_rank(a) > f16_rank(b) ? a : b, a, b));
}

LANE32(min3_f16) { return lane_min_f16(fp, lane_min_f16(fp, a, b, 0), c, 0); }
LANE32(max3_f16) { return lane_max_f16(fp, lane_max_f16(fp, a, b, 0), c, 0); }

LANE32(med3_f16)
{
	u32 low = lane_min_f16(fp, a, b, 0), high = lane_max_f16(fp, a, b, 0);
	u32 med = lane_max_f16(fp, low, lane_min_f16(fp, high, c, 0), 0);

	return f16_is_nan(a) | f16_is_nan(b) | f16_is_nan(c) ?
	       lane_min3_f16(fp, a, b, c) : med;
}

#define LANE_UNARY_F16(name, expr)							\
	LANE32(name##_f16)								\
	{										\
		double x;								\
											\
		a = f16_in(fp, a);							\
		x = f16_value(a);							\
		return f16_nan1(f16_out(fp, expr), a);					\
	}
LANE_UNARY_F16(trunc, __builtin_copysign(__builtin_trunc(x), x))
LANE_UNARY_F16(ceil, __builtin_copysign(__builtin_ceil(x), x))
LANE_UNARY_F16(floor, __builtin_copysign(__builtin_floor(x), x))
LANE_UNARY_F16(rndne, __builtin_copysign(__builtin_roundeven(x), x))
LANE_UNARY_F16(rcp, 1.0 / x)
LANE_UNARY_F16(sqrt, __builtin_sqrt(x))
LANE_UNARY_F16(rsq, 1.0 / __builtin_sqrt(x))

LANE32(fract_f16)
{
	u32 r;
	double x;

	a = f16_in(fp, a);
	x = f16_value(a) - __builtin_floor(f16_value(a));
	r = f16_out(fp, x);
	r = r == 0x3c00 ? 0x3bff : !(r & F16_ABS) ? 0 : r;
	return f16_nan1(r, a);
}

LANE_INLINE u32 f16_lead(u32 x)
{
	u32 frac = x & 0x3ff;

	return frac ? (u32)__builtin_clz(frac | !frac) - 21 : 0;
}

LANE32(frexp_mant_f16)
{
	u32 frac, r;

	a = f16_in(fp, a);
	frac = a & F16_INF ? a : a << f16_lead(a);
	r = (a & F16_SIGN) | 0x3800 | (frac & 0x3ff);
	r = a & F16_ABS ? r : a;
	return (a & F16_INF) == F16_INF ? f16_nan1(a, a) : r;
}

LANE32(frexp_exp_i16_f16)
{
	s32 e;

	a = f16_in(fp, a);
	e = a & F16_INF ? (s32)(a >> 10 & 31) - 14 : -13 - (s32)f16_lead(a);
	return (a & F16_INF) == F16_INF || !(a & F16_ABS) ? 0 : (u32)e & 0xffff;
}

LANE32(ldexp_f16)
{
	s32 n = (int16_t)b < -100 ? -100 : (int16_t)b > 100 ? 100 : (int16_t)b;

	a = f16_in(fp, a);
	return f16_nan1(f16_out(fp, f16_value(a) * f64_of((u64)(1023 + n) << 52)), a);
}

LANE32(pack_b32_f16) { return (a & 0xffff) | b << 16; }

LANE_INLINE u32 f16_pair(u32 low, u32 high)
{
	return low | high << 16;
}

#define LANE_PK_F16(name)								\
	LANE32(pk_##name)								\
	{										\
		return f16_pair(lane_##name(fp, a & 0xffff, b & 0xffff, c & 0xffff),	\
				lane_##name(fp, a >> 16, b >> 16, c >> 16));		\
	}
LANE_PK_F16(fma_f16)
LANE_PK_F16(add_f16)
LANE_PK_F16(mul_f16)
LANE_PK_F16(min_f16)
LANE_PK_F16(max_f16)
LANE32(pk_fmac_f16) { return lane_pk_fma_f16(fp, a, b, c); }

/* The sources are single by now (valu_fetch.c widened the halves). */
LANE32(fma_mix_f32) { return lane_fma_f32(fp, a, b, c); }

/* As the compiler's fptrunc(fma(...)): to single, then to half. */
LANE32(fma_mixlo_f16)
{
	u32 r = lane_fma_f32(fp, a, b, c);
	u32 h = f16_out(fp, (double)f32_of(r));

	return f32_is_nan(r) ? (r >> 16 & F16_SIGN) | F16_INF | F16_QUIET | (r >> 13 & 0x3ff) : h;
}

LANE32(fma_mixhi_f16) { return lane_fma_mixlo_f16(fp, a, b, c); }

/* High product first, then low, each step fused; products of halves are exact in single. */
LANE32(dot2_f32_f16)
{
	u32 high = lane_fma_f32(fp, f16_widen(fp, a >> 16), f16_widen(fp, b >> 16), c);

	return lane_fma_f32(fp, f16_widen(fp, a), f16_widen(fp, b), high);
}

LANE32(dot2c_f32_f16) { return lane_dot2_f32_f16(fp, a, b, c); }

#endif
