// SPDX-License-Identifier: MIT
#include <math.h>
#include <string.h>
#include "isa/fake_valu_ref.h"

/* Conversions, comparisons and the bits of 2/pi. */
#define F const struct ref_format *f
#define L struct ref_lane *lane

static long double value_in(F, const L, u64 x)
{
	return ref_value(f, ref_flush(f, ref_flush_in(f, lane->mode), x));
}

/* Truncated and saturated. */
static u64 to_int(long double x, long double low, long double high)
{
	if (isnan(x))
		return 0;
	x = truncl(x);
	return (u64)(s64)(x < low ? low : x > high ? high : x);
}

static u64 to_s32(long double x)
{
	return (u32)to_int(x, -0x1p31L, 0x1p31L - 1);
}

static u64 to_u32(long double x)
{
	return (u32)to_int(x, 0, 0x1p32L - 1);
}

static u64 rounded(F, const L, long double x)
{
	return ref_flush(f, ref_flush_out(f, lane->mode),
			 ref_of_value(f, x, ref_round_mode(f, lane->mode), lane->mode & 0x800000));
}

/* From one format to another; NaNs keep their leading bits. */
static u64 reformat(F, const struct ref_format *to, L, int round)
{
	u64 x = ref_flush(f, ref_flush_in(f, lane->mode), lane->a), frac;

	if (!ref_is_nan(f, x))
		return ref_flush(to, ref_flush_out(to, lane->mode),
				 ref_of_value(to, ref_value(f, x), round, lane->mode & 0x800000));
	frac = x & ((1ULL << f->frac_bits) - 1);
	frac = to->frac_bits > f->frac_bits ? frac << (to->frac_bits - f->frac_bits) :
	       frac >> (f->frac_bits - to->frac_bits);
	x = ref_quiet(to, ref_inf(to) | frac);
	return ref_is_neg(f, lane->a) ? x | 1ULL << (to->exp_bits + to->frac_bits) : x;
}

static long double cut(long double x, long double low, long double high)
{
	return isnan(x) ? 0 : x < low ? low : x > high ? high : x;
}

static u64 snorm(long double x)
{
	return (u64)(s64)ref_nearest(cut(x, -1, 1) * 32767) & 0xffff;
}

static u64 unorm(long double x)
{
	return (u64)ref_nearest(cut(x, 0, 1) * 65535);
}

#define CVT(name, expr) static u64 name(L) { return (u64)(expr); }
#define A32 value_in(&ref_f32, lane, lane->a)
#define B32 value_in(&ref_f32, lane, lane->b)
#define A64 value_in(&ref_f64, lane, lane->a)
#define A16 value_in(&ref_f16, lane, lane->a)
#define B16 value_in(&ref_f16, lane, lane->b)
CVT(cvt_i32_f32, to_s32(A32))
CVT(cvt_u32_f32, to_u32(A32))
CVT(cvt_i32_f64, to_s32(A64))
CVT(cvt_u32_f64, to_u32(A64))
CVT(cvt_rpi_i32_f32, to_s32(floorl(A32 + 0.5L)))
CVT(cvt_flr_i32_f32, to_s32(floorl(A32)))
CVT(cvt_u16_f16, to_int(A16, 0, 65535))
CVT(cvt_i16_f16, to_int(A16, -32768, 32767) & 0xffff)
CVT(cvt_f32_i32, rounded(&ref_f32, lane, (s32)lane->a))
CVT(cvt_f32_u32, rounded(&ref_f32, lane, (u32)lane->a))
CVT(cvt_f64_i32, rounded(&ref_f64, lane, (s32)lane->a))
CVT(cvt_f64_u32, rounded(&ref_f64, lane, (u32)lane->a))
CVT(cvt_f16_i16, rounded(&ref_f16, lane, (int16_t)lane->a))
CVT(cvt_f16_u16, rounded(&ref_f16, lane, (u16)lane->a))
CVT(cvt_f32_ubyte0, rounded(&ref_f32, lane, lane->a & 0xff))
CVT(cvt_f32_ubyte1, rounded(&ref_f32, lane, lane->a >> 8 & 0xff))
CVT(cvt_f32_ubyte2, rounded(&ref_f32, lane, lane->a >> 16 & 0xff))
CVT(cvt_f32_ubyte3, rounded(&ref_f32, lane, lane->a >> 24 & 0xff))
CVT(cvt_f16_f32, reformat(&ref_f32, &ref_f16, lane, ref_round_mode(&ref_f16, lane->mode)))
CVT(cvt_f32_f16, reformat(&ref_f16, &ref_f32, lane, 0))
CVT(cvt_f64_f32, reformat(&ref_f32, &ref_f64, lane, 0))
CVT(cvt_f32_f64, reformat(&ref_f64, &ref_f32, lane, ref_round_mode(&ref_f32, lane->mode)))
CVT(cvt_norm_i16_f16, snorm(A16))
CVT(cvt_norm_u16_f16, unorm(A16))
CVT(cvt_pknorm_i16_f32, snorm(A32) | snorm(B32) << 16)
CVT(cvt_pknorm_u16_f32, unorm(A32) | unorm(B32) << 16)
CVT(cvt_pknorm_i16_f16, snorm(A16) | snorm(B16) << 16)
CVT(cvt_pknorm_u16_f16, unorm(A16) | unorm(B16) << 16)

static u64 cvt_off_f32_i4(L)
{
	int n = (int)(lane->a & 15);

	return rounded(&ref_f32, lane, (n < 8 ? n : n - 16) / 16.0L);
}

static u64 cvt_pkrtz_f16_f32(L)
{
	struct ref_lane high = *lane;

	high.a = lane->b;
	return reformat(&ref_f32, &ref_f16, lane, 3) | reformat(&ref_f32, &ref_f16, &high, 3) << 16;
}

/*
 * 2/pi bit by bit from Stoermer's pi / 4 = 44 atan(1/57) + 7 atan(1/239)
 * - 12 atan(1/682) + 24 atan(1/12943), in bytes.
 */
#define BYTES 170

static void divide(u8 *x, u32 by)
{
	u64 rem = 0;

	for (int i = 0; i < BYTES; i++) {
		rem = rem << 8 | x[i];
		x[i] = (u8)(rem / by);
		rem %= by;
	}
}

/* x += sign * y, modulo 256 at the top */
static void accumulate(u8 *x, const u8 *y, int sign)
{
	int carry = 0;

	for (int i = BYTES - 1; i >= 0; i--) {
		int sum = x[i] + sign * y[i] + carry;

		x[i] = (u8)sum;
		carry = sum < 0 ? -1 : sum >> 8;
	}
}

static void arctangent(u8 *sum, u32 times, u32 n, int sign)
{
	u8 power[BYTES] = { (u8)times }, term[BYTES];

	divide(power, n);
	for (u32 k = 1; k < 260; k += 2) {
		memcpy(term, power, BYTES);
		divide(term, k);
		accumulate(sum, term, k & 2 ? -sign : sign);
		divide(power, n);
		divide(power, n);
	}
}

/* bit[n] of 2/pi, from 2^-1 on */
static void two_over_pi(u8 bit[1201])
{
	u8 pi[BYTES] = { 0 }, rem[BYTES] = { 2 }, less[BYTES];

	arctangent(pi, 4 * 44, 57, 1);
	arctangent(pi, 4 * 7, 239, 1);
	arctangent(pi, 4 * 12, 682, -1);
	arctangent(pi, 4 * 24, 12943, 1);
	for (int n = 0; n < 1201; n++) {
		memcpy(less, rem, BYTES);
		accumulate(rem, less, 1);
		bit[n] = memcmp(rem, pi, BYTES) >= 0;
		if (bit[n])
			accumulate(rem, pi, -1);
	}
}

static u64 trig_preop_f64(L)
{
	static u8 bit[1201];
	int e = (int)(lane->a >> 52 & 0x7ff), shift = (int)(lane->b & 31) * 53;
	long double r = 0;

	if (!bit[0])	/* 2/pi is above a half */
		two_over_pi(bit);
	if (e > 1077)
		shift += e - 1077;
	for (int n = 0; n < 53; n++)
		r = r * 2 + (shift + n < 1201 ? bit[shift + n] : 0);
	r = ldexpl(r, -53 - shift + (e >= 1968 ? 128 : 0));
	return rounded(&ref_f64, lane, r);
}

/* How two numbers compare: less, equal, greater, or not at all. */
enum relation { LESS, EQUAL, GREATER, NONE };

static enum relation relate(const char *type, const L)
{
	unsigned int bits = (unsigned int)(type[1] - '0') * 10 + (unsigned int)(type[2] - '0');
	u64 mask = bits == 64 ? ~0ULL : (1ULL << bits) - 1, a = lane->a & mask, b = lane->b & mask;
	const struct ref_format *f = bits == 16 ? &ref_f16 : bits == 32 ? &ref_f32 : &ref_f64;

	if (*type == 'f') {
		long double x = value_in(f, lane, a), y = value_in(f, lane, b);

		return x < y ? LESS : x > y ? GREATER : x == y ? EQUAL : NONE;
	}
	if (*type == 'i') {	/* order of two's complement: flip the sign */
		a ^= 1ULL << (bits - 1);
		b ^= 1ULL << (bits - 1);
	}
	return a < b ? LESS : a > b ? GREATER : EQUAL;
}

/* Name, and for which relations it is true (less, equal, greater, none). */
static const struct {
	const char *name, *truth;
} conditions[] = {
	{ "f", "0000" }, { "lt", "1000" }, { "eq", "0100" }, { "le", "1100" },
	{ "gt", "0010" }, { "ne", "1010" }, { "lg", "1010" }, { "ge", "0110" },
	{ "o", "1110" }, { "u", "0001" }, { "nge", "1001" }, { "nlg", "0101" },
	{ "ngt", "1101" }, { "nle", "0011" }, { "neq", "1011" }, { "nlt", "0111" },
	{ "t", "1111" }, { "tru", "1111" },
};

bool ref_compare(const char *name, struct ref_lane *lane)
{
	const char *how = strchr(name, '_') + 1, *type = strrchr(name, '_') + 1;
	size_t len = (size_t)(type - 1 - how);

	for (size_t n = 0; n < sizeof(conditions) / sizeof(conditions[0]); n++) {
		if (strlen(conditions[n].name) == len && !memcmp(conditions[n].name, how, len)) {
			lane->out = conditions[n].truth[relate(type, lane)] == '1';
			return true;
		}
	}
	return false;
}

#define ROW(name) { #name, name, NULL, NULL, 0 }
const struct ref_row ref_cvt_rows[] = {
	ROW(cvt_i32_f32), ROW(cvt_u32_f32), ROW(cvt_i32_f64), ROW(cvt_u32_f64),
	ROW(cvt_rpi_i32_f32), ROW(cvt_flr_i32_f32), ROW(cvt_u16_f16), ROW(cvt_i16_f16),
	ROW(cvt_f32_i32), ROW(cvt_f32_u32), ROW(cvt_f64_i32), ROW(cvt_f64_u32),
	ROW(cvt_f16_i16), ROW(cvt_f16_u16), ROW(cvt_f32_ubyte0), ROW(cvt_f32_ubyte1),
	ROW(cvt_f32_ubyte2), ROW(cvt_f32_ubyte3), ROW(cvt_f16_f32), ROW(cvt_f32_f16),
	ROW(cvt_f64_f32), ROW(cvt_f32_f64), ROW(cvt_norm_i16_f16), ROW(cvt_norm_u16_f16),
	ROW(cvt_pknorm_i16_f32), ROW(cvt_pknorm_u16_f32), ROW(cvt_pknorm_i16_f16),
	ROW(cvt_pknorm_u16_f16), ROW(cvt_off_f32_i4), ROW(cvt_pkrtz_f16_f32),
	ROW(trig_preop_f64), { NULL, NULL, NULL, NULL, 0 },
};
