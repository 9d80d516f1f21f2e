/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_LANE_MATH_H
#define VKFD_DEVICE_ISA_LANE_MATH_H

#include "isa/lane_cvt.h"

/*
 * exp2, log2, sine and cosine of whole turns: where the hardware approximates to
 * about one unit in the last place. Series in double with an error far below half
 * a unit of single, the same operations on every host, so results are the same
 * everywhere. Only reductions that do not depend on the rounding mode are used.
 */

/* To the nearest integer, halves away from zero. |x| < 2^30. */
LANE_INLINE s32 nearest_int(double x)
{
	return (s32)(x + (x < 0.0 ? -0.5 : 0.5));
}

LANE_INLINE double two_to(s32 n)
{
	return f64_of((u64)(n + 1023) << 52);
}

/* 2^x, 0 below -300, beyond every smaller format above 300. */
LANE_INLINE double exp2_of(double x)
{
	double y = x < -300.0 ? -300.0 : x > 300.0 ? 300.0 : x == x ? x : 0.0;
	s32 n = nearest_int(y);
	double t = (y - n) * 0x1.62e42fefa39efp-1;	/* ln 2 */
	double p = 1.0 / 3628800;

	p = p * t + 1.0 / 362880;
	p = p * t + 1.0 / 40320;
	p = p * t + 1.0 / 5040;
	p = p * t + 1.0 / 720;
	p = p * t + 1.0 / 120;
	p = p * t + 1.0 / 24;
	p = p * t + 1.0 / 6;
	p = p * t + 0.5;
	p = p * t + 1.0;
	p = p * t + 1.0;
	return x <= -300.0 ? 0.0 : x == f64_of(F64_INF) ? x : p * two_to(n);
}

/* log2 of a normal double > 0: exponent, and the series of atanh for the mantissa. */
LANE_INLINE double log2_of(double x)
{
	u64 bits = f64_bits(x);
	s32 e = (s32)(bits >> 52) - 1023;
	double m = f64_of((bits & 0x000fffffffffffffULL) | 0x3ff0000000000000ULL);
	bool high = m > 0x1.6a09e667f3bcdp0;		/* sqrt 2 */
	double half = high ? m * 0.5 : m;
	double s = (half - 1.0) / (half + 1.0), s2 = s * s;
	double p = 1.0 / 17;

	p = p * s2 + 1.0 / 15;
	p = p * s2 + 1.0 / 13;
	p = p * s2 + 1.0 / 11;
	p = p * s2 + 1.0 / 9;
	p = p * s2 + 1.0 / 7;
	p = p * s2 + 1.0 / 5;
	p = p * s2 + 1.0 / 3;
	p = p * s2 + 1.0;
	return p * s * 0x1.71547652b82fep1 + (e + high);	/* 2 / ln 2 */
}

LANE_INLINE double log2_full(double x)
{
	double r = log2_of(x > 0.0 && x < f64_of(F64_INF) ? x : 1.0);

	r = r == 0.0 ? 0.0 : r;		/* one zero, in every rounding mode */
	r = x == f64_of(F64_INF) ? x : r;
	r = x == 0.0 ? -f64_of(F64_INF) : r;
	return x < 0.0 || x != x ? f64_of(F64_NAN) : r;
}

LANE_INLINE double sin_series(double t)
{
	double t2 = t * t, p = 1.0 / 6227020800;

	p = p * t2 - 1.0 / 39916800;
	p = p * t2 + 1.0 / 362880;
	p = p * t2 - 1.0 / 5040;
	p = p * t2 + 1.0 / 120;
	p = p * t2 - 1.0 / 6;
	return p * t2 * t + t;
}

LANE_INLINE double cos_series(double t)
{
	double t2 = t * t, p = -1.0 / 87178291200;

	p = p * t2 + 1.0 / 479001600;
	p = p * t2 - 1.0 / 3628800;
	p = p * t2 + 1.0 / 40320;
	p = p * t2 - 1.0 / 720;
	p = p * t2 + 1.0 / 24;
	p = p * t2 - 0.5;
	return p * t2 + 1.0;
}

/*
 * Sine of x + @quarter / 4 turns. Inputs are valid up to 256 turns; beyond, the
 * hardware answers for 0 turns. No sine of infinity.
 */
LANE_INLINE double turn_sin(double x, s32 quarter)
{
	double y = x <= 256.0 && x >= -256.0 ? x : 0.0;
	s32 k = nearest_int(y * 4.0);
	double t = (y - k * 0.25) * 0x1.921fb54442d18p2;	/* 2 pi */
	s32 n = (k + quarter) & 3;
	double s = sin_series(t), c = cos_series(t);
	double r = n & 1 ? c : s;

	r = n & 2 ? -r : r;
	r = r == 0.0 ? 0.0 : r;		/* one zero, in every rounding mode */
	return x - x == 0.0 ? r : f64_of(F64_NAN);
}

/* Denormals are flushed on both sides. */
#define LANE_MATH_F32(name, expr)							\
	LANE32(name##_f32)								\
	{										\
		double x = (double)f32_of(f32_flush(true, a));				\
											\
		return f32_nan1(f32_flush(true, f32_bits((float)(expr))), a);		\
	}
LANE_MATH_F32(exp, exp2_of(x))
LANE_MATH_F32(log, log2_full(x))
LANE_MATH_F32(sin, turn_sin(x, 0))
LANE_MATH_F32(cos, turn_sin(x, 1))
LANE32(exp_legacy_f32) { return lane_exp_f32(fp, a, 0, 0); }
LANE32(log_legacy_f32) { return lane_log_f32(fp, a, 0, 0); }

LANE_UNARY_F16(exp, exp2_of(x))
LANE_UNARY_F16(log, log2_full(x))
LANE_UNARY_F16(sin, turn_sin(x, 0))
LANE_UNARY_F16(cos, turn_sin(x, 1))

#endif
