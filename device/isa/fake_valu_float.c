// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <math.h>
#include "isa/fake_valu_ref.h"

/* Floats: written once for all formats, the rows are at the end. */
#define F const struct ref_format *f
#define L struct ref_lane *lane

static u64 in(F, const L, u64 x)
{
	return ref_flush(f, ref_flush_in(f, lane->mode), x);
}

static u64 out(F, const L, u64 x)
{
	return ref_flush(f, ref_flush_out(f, lane->mode), x);
}

static u64 sign_of(F)
{
	return 1ULL << (f->exp_bits + f->frac_bits);
}

static u64 one_of(F)
{
	return ref_of_value(f, 1, 0, false);
}

static u64 add(F, L)
{
	return out(f, lane, ref_arith(f, REF_ADD, lane, in(f, lane, lane->a), 0,
				      in(f, lane, lane->b), 0));
}

static u64 sub(F, L)
{
	lane->b ^= sign_of(f);
	return add(f, lane);
}

static u64 subrev(F, L)
{
	lane->a ^= sign_of(f);
	return add(f, lane);
}

static u64 mul(F, L)
{
	return out(f, lane, ref_arith(f, REF_MUL, lane, in(f, lane, lane->a),
				      in(f, lane, lane->b), 0, 0));
}

static u64 fma_scaled(F, L, int scale)
{
	return out(f, lane, ref_arith(f, REF_FMA, lane, in(f, lane, lane->a),
				      in(f, lane, lane->b), in(f, lane, lane->c), scale));
}

static u64 fused(F, L)
{
	return fma_scaled(f, lane, 0);
}

/* Product and sum rounded apart; denormals go, before, between and after. */
static u64 mad(F, L)
{
	u64 a = ref_flush(f, true, lane->a), b = ref_flush(f, true, lane->b);
	u64 c = ref_flush(f, true, lane->c), product;

	if (ref_is_nan(f, a) || ref_is_nan(f, b))
		return ref_quiet(f, ref_is_nan(f, a) ? a : b);
	product = ref_flush(f, true, ref_arith(f, REF_MUL, lane, a, b, 0, 0));
	if (ref_is_nan(f, c))
		return ref_quiet(f, c);
	return ref_flush(f, true, ref_arith(f, REF_ADD, lane, product, 0, c, 0));
}

/* 0 * x = 0 for any x. */
static u64 mul_legacy(F, L)
{
	if (ref_is_zero(f, in(f, lane, lane->a)) || ref_is_zero(f, in(f, lane, lane->b)))
		return 0;
	return mul(f, lane);
}

static u64 mad_legacy(F, L)
{
	if (ref_is_zero(f, ref_flush(f, true, lane->a)) ||
	    ref_is_zero(f, ref_flush(f, true, lane->b)))
		lane->a = lane->b = 0;
	return mad(f, lane);
}

/* -1, 0, 1; -0 is below +0. */
static int order(F, u64 x, u64 y)
{
	long double a = ref_value(f, x), b = ref_value(f, y);

	if (a == 0 && b == 0)
		return (int)ref_is_neg(f, y) - (int)ref_is_neg(f, x);
	return a < b ? -1 : a > b;
}

static bool is_signalling(F, u64 x)
{
	return ref_is_nan(f, x) && ref_quiet(f, x) != x;
}

/* The pseudo code of v_min and v_max. */
static u64 extreme(F, const L, u64 a, u64 b, int wanted)
{
	bool ieee = lane->mode & WAVE_MODE_IEEE;

	a = in(f, lane, a);
	b = in(f, lane, b);
	if (ieee && is_signalling(f, a))
		return ref_quiet(f, a);
	if (ieee && is_signalling(f, b))
		return ref_quiet(f, b);
	if (ref_is_nan(f, a))
		return out(f, lane, b);
	if (ref_is_nan(f, b))
		return out(f, lane, a);
	return out(f, lane, order(f, a, b) == wanted ? a : b);
}

static u64 min2(F, L)
{
	return extreme(f, lane, lane->a, lane->b, -1);
}

static u64 max2(F, L)
{
	return extreme(f, lane, lane->a, lane->b, 1);
}

static u64 min3(F, L)
{
	return extreme(f, lane, min2(f, lane), lane->c, -1);
}

static u64 max3(F, L)
{
	return extreme(f, lane, max2(f, lane), lane->c, 1);
}

static u64 med3(F, L)
{
	u64 x[3] = { in(f, lane, lane->a), in(f, lane, lane->b), in(f, lane, lane->c) };

	for (int i = 0; i < 3; i++) {
		if (ref_is_nan(f, x[i]))
			return min3(f, lane);
	}
	for (int n = 0; n < 3; n++) {
		u64 p = x[n], q = x[(n + 1) % 3], r = x[(n + 2) % 3];

		if (order(f, p, q) * order(f, p, r) <= 0)
			return out(f, lane, p);
	}
	return 0;
}

/* Rounding to integers: exact, the sign of a zero is that of the operand. */
static u64 whole(F, L, long double (*fn)(long double))
{
	u64 x = in(f, lane, lane->a);

	if (ref_is_nan(f, x))
		return ref_quiet(f, x);
	if (ref_is_inf(f, x))
		return x;
	return ref_of_value(f, copysignl(fn(ref_value(f, x)), ref_value(f, x)), 0, false);
}

static u64 trunc_(F, L)
{
	return whole(f, lane, truncl);
}

static u64 ceil_(F, L)
{
	return whole(f, lane, ceill);
}

static u64 floor_(F, L)
{
	return whole(f, lane, floorl);
}

static u64 rndne(F, L)
{
	return whole(f, lane, ref_nearest);
}

static u64 fract(F, L)
{
	u64 x = in(f, lane, lane->a), low, r;

	if (ref_is_nan(f, x))
		return ref_quiet(f, x);
	if (ref_is_inf(f, x))
		return ref_nan(f);
	low = floor_(f, lane);
	r = ref_arith(f, REF_ADD, lane, x, 0, low ^ sign_of(f), 0);
	if (ref_is_zero(f, r))
		return 0;
	return out(f, lane, r == one_of(f) ? r - 1 : r);
}

static u64 frexp_mant(F, L)
{
	u64 x = in(f, lane, lane->a);
	int exp;

	if (ref_is_nan(f, x))
		return ref_quiet(f, x);
	if (ref_is_inf(f, x))
		return x;
	return ref_of_value(f, frexpl(ref_value(f, x), &exp), 0, false);
}

static u64 frexp_exp(F, L)
{
	u64 x = in(f, lane, lane->a);
	int exp = 0;

	if (!ref_is_nan(f, x) && !ref_is_inf(f, x))
		frexpl(ref_value(f, x), &exp);
	return (u32)exp & (f == &ref_f16 ? 0xffff : 0xffffffff);
}

static u64 scaled(F, L)
{
	s64 n = f == &ref_f16 ? (int16_t)lane->b : (s32)lane->b;
	u64 x = in(f, lane, lane->a);

	if (ref_is_nan(f, x))
		return ref_quiet(f, x);
	n = n > 2200 ? 2200 : n < -2100 ? -2100 : n;	/* beyond any format */
	return out(f, lane, ref_of_value(f, ldexpl(ref_value(f, x), (int)n),
					 ref_round_mode(f, lane->mode), lane->mode & 0x800000));
}

/* Biased exponents, as the pseudo code of the division steps reads them. */
static int exponent(F, u64 x)
{
	return (int)(ref_abs(f, x) >> f->frac_bits);
}

/* 0 < |x / y| < smallest normal? Scaled up so that long double cannot underflow. */
static bool quotient_tiny(F, u64 x, u64 y)
{
	long double least = ldexpl(1, 2 - (1 << (f->exp_bits - 1)));

	return fabsl(ref_value(f, x)) < fabsl(ref_value(f, y)) * least && !ref_is_inf(f, y);
}

static u64 div_scaled(F, L, u64 a, int by)
{
	return ref_is_nan(f, a) ? ref_quiet(f, a) :
	       out(f, lane, ref_of_value(f, ldexpl(ref_value(f, a), by),
					 ref_round_mode(f, lane->mode), false));
}

/* D = denominator, N = numerator, as published; see lane_div.h for the one difference. */
static u64 div_scale(F, L)
{
	int by = f == &ref_f32 ? 64 : 128;
	u64 a = in(f, lane, lane->a), d = in(f, lane, lane->b), n = in(f, lane, lane->c);
	bool inverse_tiny = fabsl(ref_value(f, d)) > ldexpl(1, (1 << (f->exp_bits - 1)) - 2) &&
			    !ref_is_inf(f, d);

	lane->out = 0;
	if (ref_is_zero(f, d) || ref_is_zero(f, n))
		return ref_nan(f);
	if (exponent(f, n) - exponent(f, d) >= (f == &ref_f32 ? 96 : 768)) {
		lane->out = 1;
		return a == d ? div_scaled(f, lane, a, by) : a;
	}
	if (!exponent(f, d))
		return div_scaled(f, lane, a, by);
	if (inverse_tiny && quotient_tiny(f, n, d)) {
		lane->out = 1;
		return a == d ? div_scaled(f, lane, a, -by) : a;
	}
	if (inverse_tiny)
		return div_scaled(f, lane, a, -by);
	if (quotient_tiny(f, n, d)) {
		lane->out = 1;
		return a == n ? div_scaled(f, lane, a, by) : a;
	}
	return exponent(f, n) <= f->frac_bits + (f != &ref_f32) ? div_scaled(f, lane, a, by) : a;
}

static u64 div_fmas(F, L)
{
	int by = f == &ref_f32 ? 64 : 128;
	bool big = exponent(f, lane->c) > (1 << (f->exp_bits - 1)) - 1;

	return fma_scaled(f, lane, lane->in ? big ? by : -by : 0);
}

static u64 div_fixup(F, L)
{
	u64 a = in(f, lane, lane->a), d = in(f, lane, lane->b), n = in(f, lane, lane->c);
	u64 sign = (d ^ n) & sign_of(f);
	int far = f == &ref_f32 ? 150 : f == &ref_f64 ? 1075 : 1 << 20;

	if (ref_is_nan(f, n) || ref_is_nan(f, d))
		return ref_quiet(f, ref_is_nan(f, n) ? n : d);
	if ((ref_is_zero(f, d) && ref_is_zero(f, n)) || (ref_is_inf(f, d) && ref_is_inf(f, n)))
		return ref_nan(f);
	if (ref_is_zero(f, d) || ref_is_inf(f, n))
		return sign | ref_inf(f);
	if (ref_is_inf(f, d) || ref_is_zero(f, n))
		return sign;
	if (ref_is_nan(f, a) && f != &ref_f16)
		return ref_of_value(f, sign ? -0x1p3000L : 0x1p3000L,
				    ref_round_mode(f, lane->mode), false);
	if (exponent(f, n) - exponent(f, d) < -far)
		return out(f, lane, ref_of_value(f, sign ? -0x1p-3000L : 0x1p-3000L,
						 ref_round_mode(f, lane->mode), false));
	return out(f, lane, sign | ref_abs(f, a));
}

static u64 class_of(F, L)
{
	u64 x = lane->a;
	int n;

	if (ref_is_nan(f, x))
		n = is_signalling(f, x) ? 0 : 1;
	else if (ref_is_inf(f, x))
		n = ref_is_neg(f, x) ? 2 : 9;
	else if (ref_is_zero(f, x))
		n = ref_is_neg(f, x) ? 5 : 6;
	else if (exponent(f, x))
		n = ref_is_neg(f, x) ? 3 : 8;
	else
		n = ref_is_neg(f, x) ? 4 : 7;
	lane->out = lane->b >> n & 1;
	return lane->out;
}

/* Both halves of a packed operand. */
static u64 pairwise(F, L, u64 (*fn)(F, L))
{
	int bits = 1 + f->exp_bits + f->frac_bits;
	u64 mask = (1ULL << bits) - 1;
	struct ref_lane low = *lane, high = *lane;

	low.a &= mask;
	low.b &= mask;
	low.c &= mask;
	high.a = lane->a >> bits & mask;
	high.b = lane->b >> bits & mask;
	high.c = lane->c >> bits & mask;
	return fn(f, &low) | fn(f, &high) << bits;
}

static u64 pk_mov_b32(struct ref_lane *lane)
{
	return (lane->a & 0xffffffff) | lane->b << 32;
}

/* Single result to half, NaNs with the bits that fit. */
static u64 fma_mixlo(struct ref_lane *lane)
{
	u64 r = fused(&ref_f32, lane);

	if (ref_is_nan(&ref_f32, r))
		return ref_quiet(&ref_f16, (r >> 16 & 0x8000) | 0x7c00 | (r >> 13 & 0x3ff));
	return out(&ref_f16, lane, ref_of_value(&ref_f16, ref_value(&ref_f32, r),
						ref_round_mode(&ref_f16, lane->mode),
						lane->mode & 0x800000));
}

static u64 widened(const L, u64 half)
{
	half = in(&ref_f16, lane, half & 0xffff);
	return ref_is_nan(&ref_f16, half) ?
	       ref_quiet(&ref_f32, (half & 0x8000) << 16 | 0x7f800000 | (half & 0x3ff) << 13) :
	       ref_of_value(&ref_f32, ref_value(&ref_f16, half), 0, false);
}

static u64 dot2_f32_f16(struct ref_lane *lane)
{
	struct ref_lane step = *lane;

	step.a = widened(lane, lane->a >> 16);
	step.b = widened(lane, lane->b >> 16);
	step.c = fused(&ref_f32, &step);
	step.a = widened(lane, lane->a);
	step.b = widened(lane, lane->b);
	return fused(&ref_f32, &step);
}

/* Approximations, exact: turns for the trigonometric ones. */
static long double reciprocal(long double x)
{
	return 1 / x;
}

static long double root_reciprocal(long double x)
{
	return 1 / sqrtl(x);
}

/* The multiples of a quarter turn are exact. */
static long double sine(long double x)
{
	static const long double quarters[] = { 0, 1, 0, -1 };
	long double turn = fmodl(x, 1);

	if (isnan(x) || isinf(x))
		return NAN;
	if (fabsl(x) > 256)
		return 0;
	return turn * 4 == truncl(turn * 4) ? quarters[(int)(turn * 4) & 3] :
	       sinl((x - ref_nearest(x)) * 2 * M_PIl);
}

static long double cosine(long double x)
{
	if (isnan(x) || isinf(x))
		return NAN;
	if (fabsl(x) > 256)
		return 1;
	return x * 4 == truncl(x * 4) ? sine(fabsl(x) == 256 ? 0.25L : fabsl(x) + 0.25L) :
	       cosl((x - ref_nearest(x)) * 2 * M_PIl);
}

/* Finite, but beyond any format. */
static long double power(long double x)
{
	return isinf(x) ? exp2l(x) : exp2l(x > 5000 ? 5000 : x < -5000 ? -5000 : x);
}

#define FLOAT(name, type) \
	static u64 name##_##type(struct ref_lane *lane) { return name(&ref_##type, lane); }
#define ALL(name) FLOAT(name, f16) FLOAT(name, f32) FLOAT(name, f64)
ALL(add)
FLOAT(sub, f16) FLOAT(sub, f32)
FLOAT(subrev, f16) FLOAT(subrev, f32)
ALL(mul)
ALL(fused)
FLOAT(mad, f16) FLOAT(mad, f32)
ALL(min2) ALL(max2)
FLOAT(min3, f16) FLOAT(min3, f32) FLOAT(max3, f16) FLOAT(max3, f32)
FLOAT(med3, f16) FLOAT(med3, f32)
ALL(trunc_) ALL(ceil_) ALL(floor_) ALL(rndne) ALL(fract)
ALL(frexp_mant) ALL(frexp_exp) ALL(scaled)
FLOAT(div_scale, f32) FLOAT(div_scale, f64)
FLOAT(div_fmas, f32) FLOAT(div_fmas, f64)
ALL(div_fixup) ALL(class_of)
FLOAT(mul_legacy, f32) FLOAT(mad_legacy, f32)

#define PAIR(name, type) \
	static u64 pk_##name##_##type(struct ref_lane *lane) \
	{ return pairwise(&ref_##type, lane, name); }
PAIR(fused, f16) PAIR(add, f16) PAIR(mul, f16) PAIR(min2, f16) PAIR(max2, f16)
PAIR(fused, f32) PAIR(add, f32) PAIR(mul, f32)

#define ROW(name, fn) { name, fn, NULL, NULL, 0 }
#define ROWS(name, fn) ROW(name "_f16", fn##_f16), ROW(name "_f32", fn##_f32), \
	ROW(name "_f64", fn##_f64)
#define NEAR(name, exact, type, units) { name "_" #type, NULL, exact, &ref_##type, units }

const struct ref_row ref_float_rows[] = {
	ROWS("add", add), ROW("sub_f16", sub_f16), ROW("sub_f32", sub_f32),
	ROW("subrev_f16", subrev_f16), ROW("subrev_f32", subrev_f32), ROWS("mul", mul),
	ROWS("fma", fused), ROW("fmac_f32", fused_f32), ROW("fmac_f64", fused_f64),
	ROW("fma_legacy_f16", fused_f16), ROW("mad_f32", mad_f32), ROW("mac_f32", mad_f32),
	ROW("madmk_f32", mad_f32), ROW("madak_f32", mad_f32), ROW("mad_f16", mad_f16),
	ROW("mac_f16", mad_f16), ROW("madmk_f16", mad_f16), ROW("madak_f16", mad_f16),
	ROW("mad_legacy_f16", mad_f16), ROW("mul_legacy_f32", mul_legacy_f32),
	ROW("mad_legacy_f32", mad_legacy_f32), ROWS("min", min2), ROWS("max", max2),
	ROW("min3_f16", min3_f16), ROW("min3_f32", min3_f32), ROW("max3_f16", max3_f16),
	ROW("max3_f32", max3_f32), ROW("med3_f16", med3_f16), ROW("med3_f32", med3_f32),
	ROWS("trunc", trunc_), ROWS("ceil", ceil_), ROWS("floor", floor_),
	ROWS("rndne", rndne), ROWS("fract", fract), ROWS("frexp_mant", frexp_mant),
	ROW("frexp_exp_i16_f16", frexp_exp_f16), ROW("frexp_exp_i32_f32", frexp_exp_f32),
	ROW("frexp_exp_i32_f64", frexp_exp_f64), ROWS("ldexp", scaled),
	ROW("div_scale_f32", div_scale_f32), ROW("div_scale_f64", div_scale_f64),
	ROW("div_fmas_f32", div_fmas_f32), ROW("div_fmas_f64", div_fmas_f64),
	ROWS("div_fixup", div_fixup), ROW("div_fixup_legacy_f16", div_fixup_f16),
	ROWS("cmp_class", class_of), ROWS("cmpx_class", class_of),
	ROW("pk_fma_f16", pk_fused_f16), ROW("pk_fmac_f16", pk_fused_f16),
	ROW("pk_add_f16", pk_add_f16), ROW("pk_mul_f16", pk_mul_f16),
	ROW("pk_min_f16", pk_min2_f16), ROW("pk_max_f16", pk_max2_f16),
	ROW("pk_fma_f32", pk_fused_f32), ROW("pk_add_f32", pk_add_f32),
	ROW("pk_mul_f32", pk_mul_f32), ROW("pk_mov_b32", pk_mov_b32),
	ROW("fma_mix_f32", fused_f32), ROW("fma_mixlo_f16", fma_mixlo),
	ROW("fma_mixhi_f16", fma_mixlo), ROW("dot2_f32_f16", dot2_f32_f16),
	ROW("dot2c_f32_f16", dot2_f32_f16),
	NEAR("rcp", reciprocal, f16, 1), NEAR("rcp", reciprocal, f32, 1),
	NEAR("rcp_iflag", reciprocal, f32, 1), NEAR("rcp", reciprocal, f64, 1),
	NEAR("rsq", root_reciprocal, f16, 1), NEAR("rsq", root_reciprocal, f32, 1),
	NEAR("rsq", root_reciprocal, f64, 2), NEAR("sqrt", sqrtl, f16, 1),
	NEAR("sqrt", sqrtl, f32, 1), NEAR("sqrt", sqrtl, f64, 1),
	NEAR("exp", power, f16, 1), NEAR("exp", power, f32, 1),
	NEAR("exp_legacy", power, f32, 1), NEAR("log", log2l, f16, 1),
	NEAR("log", log2l, f32, 1), NEAR("log_legacy", log2l, f32, 1),
	NEAR("sin", sine, f16, 1), NEAR("sin", sine, f32, 1),
	NEAR("cos", cosine, f16, 1), NEAR("cos", cosine, f32, 1),
	{ NULL, NULL, NULL, NULL, 0 },
};
