/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_LANE_F16_H
#define VKFD_DEVICE_ISA_LANE_F16_H

#include "isa/lane_f32.h"

/*
 * Half precision: computed in single where that is exact enough, else in double,
 * and rounded to half by f16_narrow(). Products of halves are exact in single.
 * Sums are rounded twice, which goes unnoticed because single has more than twice
 * the digits of half (and both roundings go the same way: the host's mode is that
 * of f16). Fused sums are exact in double, but where the smaller term is far
 * below half a unit of the larger; they reach single by rounding to odd, which a
 * second rounding cannot tell from the exact sum.
 */

/* Exact; NaNs stay NaNs. */
LANE_INLINE float f16_single(u32 x)
{
	u32 abs = (x & F16_ABS) << 13, denormal = lane_mask(!(x & F16_INF));
	/* A denormal as the fraction of 2^-14, which is then taken away again. */
	float small = f32_of(abs + (113u << 23)) - f32_of(113u << 23);
	u32 r = abs + (112u << 23) + (lane_mask(abs >= F16_INF << 13) & 112u << 23);

	/* What is left of 0 may be -0. */
	r = (f32_bits(small) & F32_ABS & denormal) | (r & ~denormal);
	return f32_of(r | (x & F16_SIGN) << 16);
}

LANE_INLINE double f16_value(u32 x)
{
	return (double)f16_single(x);
}

/* The half nearest to a single in one of the four modes; NaN keeps its top bits. */
LANE_INLINE u32 f16_narrow(u32 x, u32 round, u32 saturate)
{
	/* The modes are those of the whole wave. */
	const u32 near = lane_mask(round == 0), plus = lane_mask(round == 1), minus = lane_mask(round == 2);
	u32 abs = x & F32_ABS, neg = 0u - (x >> 31), up = (neg & minus) | (~neg & plus);
	s32 e = (s32)(abs >> 23), below = 113 - e;	/* places under the smallest exponent */
	u32 shift = 13 + (u32)(below < 0 ? 0 : below > 12 ? 12 : below);
	u32 gone = (1u << shift) - 1;			/* bits that go */
	u32 sig = (abs & 0x7fffff) | (u32)(e < 1 ? e : 1) << 23;
	u32 more = (up & gone) | (near & ((gone >> 1) + (sig >> shift & 1)));
	u32 r = ((sig + more) >> shift) + ((u32)(below < 0 ? -below : 0) << 10);

	u32 most = F16_MAX + ((near | up) & (saturate ^ 1)), frac = abs & 0x7fffff;

	r = r < most ? r : most;
	/* Infinity, or a NaN, which becomes quiet. */
	r = abs >= F32_INF ? F16_INF | frac >> 13 | (frac ? F16_QUIET : 0) : r;
	return r | (neg & F16_SIGN);
}

/* A double within the range of single, rounded to odd: what is cut off leaves its last bit set. */
LANE_INLINE u32 f32_odd(double x)
{
	const u64 gone = (1ULL << 29) - 1;
	u64 bits = f64_bits(x);

	return f32_bits((float)f64_of((bits | ((bits & gone) + gone)) & ~gone));
}

LANE_INLINE u32 f16_in(const struct valu_fp *fp, u32 x)
{
	return f16_flush(fp->flush16_in, x & 0xffff);
}

/* Of a result in single, exact or rounded once. */
LANE_INLINE u32 f16_out32(const struct valu_fp *fp, u32 x)
{
	return f16_flush(fp->flush16_out, f16_narrow(x, fp->round64, fp->fp16_ovfl));
}

/* Of one in double. */
LANE_INLINE u32 f16_out(const struct valu_fp *fp, double x)
{
	return f16_out32(fp, f32_odd(x));
}

/* As single precision; NaNs keep what bits they have, quieted. */
LANE_INLINE u32 f16_widen(const struct valu_fp *fp, u32 x)
{
	u32 h = f16_in(fp, x);
	u32 nan = (h & F16_SIGN) << 16 | F32_INF | F32_QUIET | (h & 0x3ff) << 13;

	return f16_is_nan(h) ? nan : f32_bits(f16_single(h));
}

LANE32(add_f16)
{
	a = f16_in(fp, a);
	b = f16_in(fp, b);
	return f16_nan2(f16_out32(fp, f32_bits(f16_single(a) + f16_single(b))), a, b);
}

LANE32(sub_f16) { return lane_add_f16(fp, a, b ^ F16_SIGN, 0); }
LANE32(subrev_f16) { return lane_add_f16(fp, a ^ F16_SIGN, b, 0); }

LANE32(mul_f16)
{
	a = f16_in(fp, a);
	b = f16_in(fp, b);
	return f16_nan2(f16_out32(fp, f32_bits(f16_single(a) * f16_single(b))), a, b);
}

LANE32(fma_f16)
{
	a = f16_in(fp, a);
	b = f16_in(fp, b);
	c = f16_in(fp, c);
	return f16_nan3(f16_out(fp, (double)(f16_single(a) * f16_single(b)) + f16_value(c)), a, b, c);
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
	u32 h = f16_out32(fp, r);

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
