// SPDX-License-Identifier: MIT
#include <math.h>
#include <string.h>
#include "isa/fake_valu_ref.h"

/* Every product and sum of doubles, scaled by a thousand binary places, is a multiple
 * of 2^-POINT below 2^(64 * WORDS - POINT). */
#define WORDS	110
#define POINT	3264

const struct ref_format ref_f16 = { 5, 10 }, ref_f32 = { 8, 23 }, ref_f64 = { 11, 52 };

struct exact {
	bool neg;
	u64 w[WORDS];		/* lowest first */
};

static int bias(const struct ref_format *f)
{
	return (1 << (f->exp_bits - 1)) - 1;
}

static u64 frac_mask(const struct ref_format *f)
{
	return (1ULL << f->frac_bits) - 1;
}

u64 ref_inf(const struct ref_format *f)
{
	return ((1ULL << f->exp_bits) - 1) << f->frac_bits;
}

static u64 sign_bit(const struct ref_format *f)
{
	return 1ULL << (f->exp_bits + f->frac_bits);
}

u64 ref_abs(const struct ref_format *f, u64 x)
{
	return x & (sign_bit(f) - 1);
}

bool ref_is_neg(const struct ref_format *f, u64 x)
{
	return x & sign_bit(f);
}

bool ref_is_nan(const struct ref_format *f, u64 x)
{
	return ref_abs(f, x) > ref_inf(f);
}

bool ref_is_inf(const struct ref_format *f, u64 x)
{
	return ref_abs(f, x) == ref_inf(f);
}

bool ref_is_zero(const struct ref_format *f, u64 x)
{
	return ref_abs(f, x) == 0;
}

u64 ref_quiet(const struct ref_format *f, u64 x)
{
	return x | 1ULL << (f->frac_bits - 1);
}

/* The result of an invalid operation is negative. */
u64 ref_nan(const struct ref_format *f)
{
	return ref_quiet(f, sign_bit(f) | ref_inf(f));
}

u64 ref_flush(const struct ref_format *f, bool on, u64 x)
{
	if (on && ref_abs(f, x) <= frac_mask(f))
		return x & sign_bit(f);
	return x;
}

bool ref_flush_in(const struct ref_format *f, u32 mode)
{
	return !(mode & (f == &ref_f32 ? 0x10 : 0x40));
}

bool ref_flush_out(const struct ref_format *f, u32 mode)
{
	return !(mode & (f == &ref_f32 ? 0x20 : 0x80));
}

int ref_round_mode(const struct ref_format *f, u32 mode)
{
	return f == &ref_f32 ? mode & 3 : mode >> 2 & 3;
}

/* Significand and weight of its last bit. */
static u64 split(const struct ref_format *f, u64 x, int *exp)
{
	int e = (int)(ref_abs(f, x) >> f->frac_bits);
	u64 frac = x & frac_mask(f);

	*exp = (e ? e : 1) - bias(f) - f->frac_bits;
	return e ? frac | 1ULL << f->frac_bits : frac;
}

long double ref_value(const struct ref_format *f, u64 x)
{
	long double r;
	int exp;

	if (ref_is_nan(f, x))
		return NAN;
	r = ref_is_inf(f, x) ? INFINITY : (long double)split(f, x, &exp);
	if (!isinf(r))
		r = ldexpl(r, exp);
	return ref_is_neg(f, x) ? -r : r;
}

long double ref_nearest(long double x)
{
	long double low = floorl(x), rest = x - low;

	if (rest > 0.5L || (rest == 0.5L && fmodl(low, 2) != 0))
		low += 1;
	return copysignl(low, x);
}

/* x += sig * 2^exp */
static void exact_put(struct exact *x, unsigned __int128 sig, int exp)
{
	int at = POINT + exp;
	unsigned __int128 carry = 0;
	u64 part[3];

	part[0] = (u64)(sig << at % 64);
	part[1] = (u64)(at % 64 ? sig >> (64 - at % 64) : sig >> 64);
	part[2] = (u64)(at % 64 ? sig >> 64 >> (64 - at % 64) : 0);
	for (int i = at / 64, n = 0; i < WORDS; i++, n++) {
		carry += (unsigned __int128)x->w[i] + (n < 3 ? part[n] : 0);
		x->w[i] = (u64)carry;
		carry >>= 64;
	}
}

static int exact_compare(const struct exact *x, const struct exact *y)
{
	for (int i = WORDS - 1; i >= 0; i--) {
		if (x->w[i] != y->w[i])
			return x->w[i] < y->w[i] ? -1 : 1;
	}
	return 0;
}

/* x + y, with signs. */
static struct exact exact_sum(const struct exact *x, const struct exact *y)
{
	const struct exact *big = exact_compare(x, y) < 0 ? y : x;
	const struct exact *small = big == x ? y : x;
	bool minus = x->neg != y->neg;
	struct exact r = { .neg = big->neg };
	u64 carry = 0;

	for (int i = 0; i < WORDS; i++) {
		u64 term = minus ? ~small->w[i] : small->w[i];
		unsigned __int128 sum = (unsigned __int128)big->w[i] + term + carry +
					(minus && !i);

		r.w[i] = (u64)sum;
		carry = (u64)(sum >> 64);
	}
	return r;
}

static int exact_top(const struct exact *x)
{
	for (int i = WORDS - 1; i >= 0; i--) {
		if (x->w[i])
			return i * 64 + 63 - __builtin_clzll(x->w[i]);
	}
	return -1;
}

static bool exact_bit(const struct exact *x, int at)
{
	return at >= 0 && x->w[at / 64] >> at % 64 & 1;
}

/* Any bit below @at? */
static bool exact_rest(const struct exact *x, int at)
{
	for (int i = 0; i < WORDS && i * 64 < at; i++) {
		u64 w = x->w[i];

		if (at - i * 64 < 64)
			w &= (1ULL << (at - i * 64)) - 1;
		if (w)
			return true;
	}
	return false;
}

/* The number that is not 0, rounded to the format. */
static u64 exact_round(const struct ref_format *f, const struct exact *x, int round, bool ovfl)
{
	int least = 1 - bias(f), exp = exact_top(x) - POINT, last;
	u64 sig = 0, r, max = ref_inf(f);
	bool half, rest, up, to_inf = round == 0 || round == (x->neg ? 2 : 1);

	last = (exp < least ? least : exp) - f->frac_bits + POINT;
	for (int i = f->frac_bits; i >= 0; i--)
		sig = sig << 1 | (last + i < WORDS * 64 && exact_bit(x, last + i));
	half = exact_bit(x, last - 1);
	rest = exact_rest(x, last - 1);
	if (round == 0)
		up = half && (rest || sig & 1);
	else
		up = (half || rest) && round == (x->neg ? 2 : 1);
	sig += up;
	r = exp < least ? sig : sig + ((u64)(exp - least) << f->frac_bits);
	if (exp > bias(f) || r >= max)
		r = to_inf && !(ovfl && f == &ref_f16) ? max : max - 1;
	return r | (x->neg ? sign_bit(f) : 0);
}

u64 ref_of_value(const struct ref_format *f, long double x, int round, bool ovfl)
{
	struct exact e = { .neg = signbit(x) };
	int exp;
	long double m;

	if (isnan(x))
		return ref_nan(f);
	if (isinf(x) || x == 0)
		return (isinf(x) ? ref_inf(f) : 0) | (signbit(x) ? sign_bit(f) : 0);
	m = frexpl(fabsl(x), &exp);
	exact_put(&e, (u64)ldexpl(m, 64), exp - 64);
	return exact_round(f, &e, round, ovfl);
}

/* Of a * b (+ c): NaNs and infinities. True: *r is the result. */
static bool arith_special(const struct ref_format *f, enum ref_op op, u64 a, u64 b, u64 c, u64 *r)
{
	u64 sign = (a ^ b) & sign_bit(f);

	if (ref_is_nan(f, a) || ref_is_nan(f, b) || (op != REF_MUL && ref_is_nan(f, c))) {
		*r = ref_quiet(f, ref_is_nan(f, a) ? a : ref_is_nan(f, b) ? b : c);
		return true;
	}
	if (ref_is_inf(f, a) || ref_is_inf(f, b)) {
		bool bad = ref_is_zero(f, a) || ref_is_zero(f, b) ||
			   (op != REF_MUL && ref_is_inf(f, c) && (c & sign_bit(f)) != sign);

		*r = bad ? ref_nan(f) : sign | ref_inf(f);
		return true;
	}
	*r = c;
	return op != REF_MUL && ref_is_inf(f, c);
}

/* A sum of exactly 0: the sign of both terms, or minus only when rounding down. */
static u64 zero_sum(const struct ref_format *f, bool product_neg, bool c_neg, int round)
{
	bool neg = product_neg == c_neg ? product_neg : round == 2;

	return neg ? sign_bit(f) : 0;
}

/* a * b + c times 2^scale, for finite operands. */
static u64 arith_finite(const struct ref_format *f, enum ref_op op, const struct ref_lane *lane,
			u64 a, u64 b, u64 c, int scale)
{
	int exp_a, exp_b, exp_c, round = ref_round_mode(f, lane->mode);
	struct exact product = { .neg = ref_is_neg(f, a) != ref_is_neg(f, b) };
	struct exact other = { .neg = ref_is_neg(f, c) }, r;
	unsigned __int128 sig = (unsigned __int128)split(f, a, &exp_a) * split(f, b, &exp_b);
	u64 sig_c = split(f, c, &exp_c);

	exact_put(&product, sig, exp_a + exp_b + scale);
	if (op == REF_MUL) {
		r = product;
	} else {
		exact_put(&other, sig_c, exp_c + scale);
		r = exact_sum(&product, &other);
	}
	if (exact_top(&r) < 0)
		return op == REF_MUL ? (r.neg ? sign_bit(f) : 0) :
		       zero_sum(f, product.neg, other.neg, round);
	return exact_round(f, &r, round, lane->mode & 0x800000);
}

/* REF_ADD is a + c. No flushing. */
u64 ref_arith(const struct ref_format *f, enum ref_op op, const struct ref_lane *lane,
	      u64 a, u64 b, u64 c, int scale)
{
	u64 r;

	if (op == REF_ADD)
		b = (u64)bias(f) << f->frac_bits;
	if (arith_special(f, op, a, b, c, &r))
		return r;
	return arith_finite(f, op, lane, a, b, c, scale);
}
