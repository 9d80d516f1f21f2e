// SPDX-License-Identifier: MIT
#include "isa/lane.h"
#include "isa/valu_soft.h"

typedef unsigned __int128 u128;

/* (-1)^neg * sig * 2^exp, sig != 0 */
struct num {
	bool neg;
	u128 sig;
	s32 exp;
};

/* precision with the leading bit, and the exponent of a denormal's last bit */
struct format {
	s32 bits, min_exp, max_exp;
};

static const struct format single = { 24, -149, 104 };
static const struct format twice = { 53, -1074, 971 };

static s32 bits_of(u128 x)
{
	u64 high = (u64)(x >> 64);

	return high ? 128 - __builtin_clzll(high) : 64 - __builtin_clzll((u64)x | 1);
}

/* x >> n, with a one at the end for anything lost. */
static u128 shift_jam(u128 x, s32 n)
{
	if (n <= 0)
		return x;
	if (n >= 128)
		return x != 0;
	return x >> n | ((x & (((u128)1 << n) - 1)) != 0);
}

/* Leading bit to bit 125: room for a carry, and a sticky bit far below any format. */
static struct num normal(struct num x)
{
	s32 up = 126 - bits_of(x.sig);

	x.sig = up < 0 ? shift_jam(x.sig, -up) : x.sig << up;
	x.exp -= up;
	return x;
}

static struct num add(struct num x, struct num y)
{
	struct num big, small;

	x = normal(x);
	y = normal(y);
	big = x.exp >= y.exp ? x : y;
	small = x.exp >= y.exp ? y : x;
	small.sig = shift_jam(small.sig, big.exp - small.exp);
	if (big.neg == small.neg) {
		big.sig += small.sig;
	} else if (big.sig >= small.sig) {
		big.sig -= small.sig;
	} else {
		big.sig = small.sig - big.sig;
		big.neg = small.neg;
	}
	return big;
}

static bool rounds_up(bool neg, u128 q, u128 rem, u128 half, u32 round)
{
	switch (round) {
	case 0:
		return rem > half || (rem == half && q & 1);
	case 1:
		return rem && !neg;
	case 2:
		return rem && neg;
	default:
		return false;
	}
}

/* To @f: the significand and the exponent of its last bit; sig 0 for underflow. */
static struct num rounded(struct num x, const struct format *f, u32 round)
{
	s32 drop;
	u128 q, unit;

	x = normal(x);
	drop = 126 - f->bits;
	if (x.exp + drop < f->min_exp)
		drop = f->min_exp - x.exp;
	if (drop > 127) {	/* below half of the smallest: only the direction counts */
		drop = 127;
		x.exp = f->min_exp - 127;
	}
	unit = (u128)1 << drop;
	q = x.sig >> drop;
	q += rounds_up(x.neg, q, x.sig & (unit - 1), unit >> 1, round);
	if (q >> f->bits) {
		q >>= 1;
		x.exp++;
	}
	return (struct num){ x.neg, q, x.exp + drop };
}

static bool to_infinity(bool neg, u32 round)
{
	return round == 0 || (round == 1 && !neg) || (round == 2 && neg);
}

/* Exponent and fraction fields. */
static u64 pack(struct num x, const struct format *f)
{
	u64 lead = 1ULL << (f->bits - 1);
	u64 sig = (u64)x.sig;

	if (sig < lead)
		return sig;
	return sig + ((u64)(x.exp - f->min_exp) << (f->bits - 1));
}

static u64 finish(struct num x, const struct format *f, u32 round)
{
	u64 inf = ((u64)(f->max_exp - f->min_exp) + 2) << (f->bits - 1);

	x = rounded(x, f, round);
	if (x.exp > f->max_exp)
		return to_infinity(x.neg, round) ? inf : inf - 1;
	return pack(x, f);
}

/* A finite double that is not 0. */
static struct num unpack(u64 bits)
{
	s32 e = (s32)(bits >> 52 & 0x7ff);
	u64 frac = bits & 0x000fffffffffffffULL;

	return (struct num){ bits >> 63, e ? frac | 1ULL << 52 : frac, e ? e - 1075 : -1074 };
}

static bool is_ordinary(u64 x)
{
	return (x & F64_ABS) && (x & F64_ABS) < F64_INF;
}

/* Where an operand is 0, infinity or NaN, or the sum is 0, no rounding is left to do but of c. */
static bool fma_special(u64 a, u64 b, u64 c, u64 *result)
{
	double r;

	if (is_ordinary(a) && is_ordinary(b))
		return false;
	r = f64_of(a) * f64_of(b) + f64_of(c);
	*result = f64_bits(r);
	return !is_ordinary(f64_bits(r));
}

static struct num fma_exact(u64 a, u64 b, u64 c)
{
	struct num p, y;

	if (!(a & F64_ABS) || !(b & F64_ABS))
		return unpack(c);
	p = unpack(a);
	y = unpack(b);
	p.neg ^= y.neg;
	p.sig *= y.sig;
	p.exp += y.exp;
	return c & F64_ABS ? add(p, unpack(c)) : p;
}

static u64 soft_fma(u64 a, u64 b, u64 c, s32 scale, const struct format *f, u32 round)
{
	unsigned int sign = f == &single ? 31 : 63;
	struct num x;
	u64 special;

	if (fma_special(a, b, c, &special))
		return f == &single ? f32_bits((float)f64_of(special)) : special;
	if ((c & F64_ABS) >= F64_INF)
		return f == &single ? f32_bits((float)f64_of(c)) : c;
	x = fma_exact(a, b, c);
	if (!x.sig)		/* exact cancellation: -0 only when rounding down */
		return (u64)(round == 2) << sign;
	x.exp += scale;
	return finish(x, f, round) | (u64)x.neg << sign;
}

u32 valu_soft_fma32(u32 a, u32 b, u32 c, s32 scale, u32 round)
{
	return (u32)soft_fma(f64_bits((double)f32_of(a)), f64_bits((double)f32_of(b)),
			     f64_bits((double)f32_of(c)), scale, &single, round);
}

u64 valu_soft_fma64(u64 a, u64 b, u64 c, s32 scale, u32 round)
{
	return soft_fma(a, b, c, scale, &twice, round);
}

bool valu_soft_quotient_tiny(u64 b, u64 c)
{
	struct num den, num;

	if (!is_ordinary(b) || !is_ordinary(c))
		return false;
	den = normal(unpack(b));
	num = normal(unpack(c));
	if (num.exp - den.exp != -1022)
		return num.exp - den.exp < -1022;
	return num.sig < den.sig;
}
