// SPDX-License-Identifier: MIT
/*
 * Sums of f16. Two f16 are multiples of 2^-24 below 2^17, so f64 holds their sum
 * exactly and it is rounded once.
 */
#include "mem/atomic.h"

#define F16_INF	 0x7c00u
#define F16_SIGN 0x8000u

static double f16_value(u16 bits)
{
	int exponent = bits >> 10 & 31;
	u32 mantissa = bits & 0x3ff;
	double value;

	if (exponent == 31)
		value = mantissa ? (double)__builtin_nanf("") : (double)__builtin_inff();
	else if (exponent)
		value = __builtin_ldexp(mantissa + 1024, exponent - 25);
	else
		value = __builtin_ldexp(mantissa, -24);
	return bits & F16_SIGN ? -value : value;
}

/* Nearest even; @value is a finite sum of two f16. */
static u16 f16_round(double value)
{
	double size = __builtin_fabs(value);
	u16 sign = __builtin_signbit(value) ? F16_SIGN : 0;
	int exponent;
	u32 units;

	if (size == 0)
		return sign;
	/* Smallest exponent of a normal number: below it the unit is 2^-24. */
	(void)__builtin_frexp(size, &exponent);
	if (exponent < -13)
		exponent = -13;
	/* 11 bits of mantissa; rint() rounds to even in the default mode. */
	units = (u32)__builtin_rint(__builtin_ldexp(size, 11 - exponent));
	/* A carry out of the mantissa moves up the exponent by itself. */
	units += (u32)(exponent + 13) << 10;
	return sign | (u16)(units < F16_INF ? units : F16_INF);
}

u16 mem_f16_add(u16 a, u16 b)
{
	double sum = f16_value(a) + f16_value(b);

	/* A NaN operand wins, quiet. */
	if ((a & 0x7fff) > F16_INF)
		return a | 0x200;
	if ((b & 0x7fff) > F16_INF)
		return b | 0x200;
	if (sum != sum)
		return 0x7e00;
	if (__builtin_isinf(sum))
		return sum < 0 ? F16_SIGN | F16_INF : F16_INF;
	return f16_round(sum);
}
