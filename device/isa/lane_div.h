/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_LANE_DIV_H
#define VKFD_DEVICE_ISA_LANE_DIV_H

#include "isa/lane_f16.h"
#include "isa/lane_f64.h"
#include "isa/valu_soft.h"

/*
 * The three steps of a division c / b around Newton's iteration:
 *
 * div_scale(x, b, c), x being b or c, keeps reciprocal, quotient and remainder
 * clear of overflow and denormals by powers of two (64 in single, 128 in double);
 * where numerator and denominator had to be scaled differently, its bit is set.
 * div_fmas adds the last correction, and undoes that scale before the one rounding:
 * up for big quotients, down for small ones. div_fixup puts in the special cases.
 */
struct div_case {
	bool scaled;		/* the quotient differs from c / b */
	s32 den, num;		/* powers of two, in units of the format's step */
};

/* @e_b, @e_c: biased exponents; the flags are about b, 1 / b and c / b. */
LANE_INLINE struct div_case div_choose(s32 e_b, s32 e_c, s32 far, s32 small,
				       bool inverse_tiny, bool quotient_tiny)
{
	if (e_c - e_b >= far)
		return (struct div_case){ true, 1, 0 };
	if (!e_b)
		return (struct div_case){ false, 1, 1 };
	if (inverse_tiny && quotient_tiny)
		return (struct div_case){ true, -1, 0 };
	if (inverse_tiny)
		return (struct div_case){ false, -1, -1 };
	if (quotient_tiny)
		return (struct div_case){ true, 0, 1 };
	if (e_c <= small)
		return (struct div_case){ false, 1, 1 };
	return (struct div_case){ false, 0, 0 };
}

LANE_OUT(u32, div_scale_f32, u32, u32, u32)
{
	double den, num, inf = f64_of(F64_INF);
	struct div_case how;
	s32 n;

	a = f32_in(fp, a);
	b = f32_in(fp, b);
	c = f32_in(fp, c);
	den = (double)f32_of(b & F32_ABS);
	num = (double)f32_of(c & F32_ABS);
	how = div_choose((s32)(b >> 23 & 0xff), (s32)(c >> 23 & 0xff), 96, 23,
			 den > 0x1p126 && den < inf, num < den * 0x1p-126 && den < inf);
	*out = how.scaled && (b & F32_ABS) && (c & F32_ABS);
	n = a == b ? how.den : a == c ? how.num : 0;
	if (!how.scaled)
		n = how.den;
	if (!(b & F32_ABS) || !(c & F32_ABS))
		return F32_NAN;
	return n ? f32_nan1(f32_out(fp, f32_bits((float)((double)f32_of(a) *
						 (n > 0 ? 0x1p64 : 0x1p-64)))), a) : a;
}

/* Is c / b below the smallest normal number? Exponents tell, but near it and of denormals. */
LANE_INLINE bool div_quotient_tiny(u64 b, u64 c, s32 e_b, s32 e_c)
{
	if (e_b && e_c && e_c - e_b > -1022)
		return false;
	return valu_soft_quotient_tiny(b, c);
}

LANE_OUT(u64, div_scale_f64, u64, u64, u64)
{
	struct div_case how;
	s32 n, e_b, e_c;

	a = f64_in(fp, a);
	b = f64_in(fp, b);
	c = f64_in(fp, c);
	e_b = (s32)(b >> 52 & 0x7ff);
	e_c = (s32)(c >> 52 & 0x7ff);
	how = div_choose(e_b, e_c, 768, 53,
			 (b & F64_ABS) > f64_bits(0x1p1022) && (b & F64_ABS) < F64_INF,
			 div_quotient_tiny(b, c, e_b, e_c));
	*out = how.scaled && (b & F64_ABS) && (c & F64_ABS);
	n = a == b ? how.den : a == c ? how.num : 0;
	if (!how.scaled)
		n = how.den;
	if (!(b & F64_ABS) || !(c & F64_ABS))
		return F64_NAN;
	return n ? f64_nan1(f64_out(fp, f64_bits(f64_of(a) * (n > 0 ? 0x1p128 : 0x1p-128))), a) : a;
}

/* The exponent of c, the quotient so far, tells which way it was scaled. */
LANE_INLINE u32 lane_div_fmas_f32(const struct valu_fp *fp, u32 a, u32 b, u32 c, u32 scaled)
{
	s32 up = (c >> 23 & 0xff) > 127 ? 64 : -64;
	u32 r;

	if (!scaled)
		return lane_fma_f32(fp, a, b, c);
	a = f32_in(fp, a);
	b = f32_in(fp, b);
	c = f32_in(fp, c);
	r = valu_soft_fma32(a, b, c, up, fp->round32);
	return f32_nan3(f32_out(fp, r), a, b, c);
}

LANE_INLINE u64 lane_div_fmas_f64(const struct valu_fp *fp, u64 a, u64 b, u64 c, u32 scaled)
{
	s32 up = (c >> 52 & 0x7ff) > 1023 ? 128 : -128;
	u64 r;

	if (!scaled)
		return lane_fma_f64(fp, a, b, c);
	a = f64_in(fp, a);
	b = f64_in(fp, b);
	c = f64_in(fp, c);
	r = valu_soft_fma64(a, b, c, up, fp->round64);
	return f64_nan3(f64_out(fp, r), a, b, c);
}

/*
 * a: the quotient, b: denominator, c: numerator. Where the iteration ended in a NaN though
 * both are ordinary, it had overflowed.
 */
LANE32(div_fixup_f32)
{
	u32 sign, x, y, r;

	b = f32_in(fp, b);
	c = f32_in(fp, c);
	sign = (b ^ c) & F32_SIGN;
	x = b & F32_ABS;
	y = c & F32_ABS;
	r = sign | (f32_in(fp, a) & F32_ABS);
	r = (s32)(y >> 23) - (s32)(x >> 23) < -150 ?
	    f32_bits((float)f64_of((u64)sign << 32 | f64_bits(0x1p-300))) : r;
	r = f32_is_nan(a) ? f32_bits((float)f64_of((u64)sign << 32 | f64_bits(0x1p300))) : r;
	r = x == F32_INF || !y ? sign : r;
	r = !x || y == F32_INF ? sign | F32_INF : r;
	r = (!x && !y) || (x == F32_INF && y == F32_INF) ? F32_NAN : r;
	r = f32_is_nan(b) ? b | F32_QUIET : r;
	r = f32_is_nan(c) ? c | F32_QUIET : r;
	return f32_out(fp, r);
}

LANE64(div_fixup_f64)
{
	u64 sign, x, y, r;

	b = f64_in(fp, b);
	c = f64_in(fp, c);
	sign = (b ^ c) & F64_SIGN;
	x = b & F64_ABS;
	y = c & F64_ABS;
	r = sign | (f64_in(fp, a) & F64_ABS);
	r = (s32)(y >> 52) - (s32)(x >> 52) < -1075 ?
	    f64_bits(f64_of(sign | 1) * 0.25) : r;
	r = f64_is_nan(a) ? f64_bits(f64_of(sign | (F64_INF - 1)) * 2.0) : r;
	r = x == F64_INF || !y ? sign : r;
	r = !x || y == F64_INF ? sign | F64_INF : r;
	r = (!x && !y) || (x == F64_INF && y == F64_INF) ? F64_NAN : r;
	r = f64_is_nan(b) ? b | F64_QUIET : r;
	r = f64_is_nan(c) ? c | F64_QUIET : r;
	return f64_out(fp, r);
}

LANE32(div_fixup_f16)
{
	u32 sign, x, y, r;

	b = f16_in(fp, b);
	c = f16_in(fp, c);
	sign = (b ^ c) & F16_SIGN;
	x = b & F16_ABS;
	y = c & F16_ABS;
	r = sign | (f16_in(fp, a) & F16_ABS);
	r = x == F16_INF || !y ? sign : r;
	r = !x || y == F16_INF ? sign | F16_INF : r;
	r = (!x && !y) || (x == F16_INF && y == F16_INF) ? F16_NAN : r;
	r = f16_is_nan(b) ? b | F16_QUIET : r;
	r = f16_is_nan(c) ? c | F16_QUIET : r;
	return f16_flush(fp->flush16_out, r);
}

LANE32(div_fixup_legacy_f16) { return lane_div_fixup_f16(fp, a, b, c); }

#endif
