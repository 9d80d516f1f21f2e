// SPDX-License-Identifier: MIT
#include <pthread.h>
#include "isa/lane_f64.h"

/*
 * 2/pi to 1201 bits, computed at first use: pi by Machin's formula
 * 16 atan(1/5) - 4 atan(1/239) in fixed point, then a long division.
 */
#define WORDS	42u			/* of 32 bits, the first is the whole part */
#define BITS	1201u

struct fixed {
	u32 w[WORDS];
};

static u64 two_over_pi[(BITS + 63) / 64 + 2];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fixed_div(struct fixed *x, u32 by)
{
	u64 rem = 0;

	for (unsigned int i = 0; i < WORDS; i++) {
		u64 part = rem << 32 | x->w[i];

		x->w[i] = (u32)(part / by);
		rem = part % by;
	}
}

static void fixed_add(struct fixed *x, const struct fixed *y)
{
	u64 carry = 0;

	for (unsigned int i = WORDS; i-- > 0;) {
		carry += (u64)x->w[i] + y->w[i];
		x->w[i] = (u32)carry;
		carry >>= 32;
	}
}

static void fixed_sub(struct fixed *x, const struct fixed *y)
{
	u64 borrow = 0;

	for (unsigned int i = WORDS; i-- > 0;) {
		u64 diff = (u64)x->w[i] - y->w[i] - borrow;

		x->w[i] = (u32)diff;
		borrow = diff >> 63;
	}
}

static bool fixed_is_zero(const struct fixed *x)
{
	for (unsigned int i = 0; i < WORDS; i++) {
		if (x->w[i])
			return false;
	}
	return true;
}

/* times * atan(1 / n) */
static struct fixed fixed_atan(u32 times, u32 n)
{
	struct fixed power = { { times } }, sum, term;

	fixed_div(&power, n);
	sum = power;
	for (u32 k = 3; !fixed_is_zero(&power); k += 2) {
		fixed_div(&power, n * n);
		term = power;
		fixed_div(&term, k);
		if (k & 2)
			fixed_sub(&sum, &term);
		else
			fixed_add(&sum, &term);
	}
	return sum;
}

static void compute(void)
{
	struct fixed pi = fixed_atan(16, 5), minus = fixed_atan(4, 239), rem = { { 2 } };

	fixed_sub(&pi, &minus);
	for (unsigned int bit = 0; bit < BITS; bit++) {
		struct fixed less = rem;

		fixed_add(&rem, &less);
		less = rem;
		fixed_sub(&less, &pi);
		if (less.w[0] >> 31)	/* negative: pi did not fit */
			continue;
		rem = less;
		two_over_pi[bit / 64] |= 1ULL << (63 - bit % 64);
	}
}

/* 53 bits from bit @shift of the fraction on; zeros behind the last. */
static u64 window(u32 shift)
{
	u32 word = shift / 64, bit = shift % 64;
	u64 high, low;

	if (shift >= BITS)
		return 0;
	high = two_over_pi[word];
	low = two_over_pi[word + 1];
	return (bit ? high << bit | low >> (64 - bit) : high) >> 11;
}

u64 valu_trig_preop(u64 a, u32 segment)
{
	s32 e = (s32)(a >> 52 & 0x7ff);
	s32 shift = (s32)segment * 53 + (e > 1077 ? e - 1077 : 0);
	s32 scale = -53 - shift + (e >= 1968 ? 128 : 0);

	pthread_once(&once, compute);
	return f64_bits(__builtin_ldexp((double)window((u32)shift), scale));
}
