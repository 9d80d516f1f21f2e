// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include "isa/fake_valu_ref.h"

typedef __int128 s128;

#define A32	((u32)lane->a)
#define B32	((u32)lane->b)
#define C32	((u32)lane->c)
#define SA	((s64)(s32)lane->a)
#define SB	((s64)(s32)lane->b)
#define SC	((s64)(s32)lane->c)
#define INT(name, expr) static u64 name(struct ref_lane *lane) { return (u64)(expr); }
#define ROW(name) { #name, name, NULL, NULL, 0 }

/* Bits @from to @from + @count - 1. */
static u64 field(u64 x, unsigned int from, unsigned int count)
{
	u64 r = 0;

	for (unsigned int i = 0; i < count; i++)
		r |= (x >> (from + i) & 1) << i;
	return r;
}

static s64 sfield(u64 x, unsigned int from, unsigned int count)
{
	u64 r = field(x, from, count);

	return count && r >> (count - 1) & 1 ? (s64)r - ((s64)1 << count) : (s64)r;
}

/* Cut to @bits, or with clamp to the range. */
static u64 fit(const struct ref_lane *lane, s128 x, unsigned int bits, bool is_signed)
{
	s128 one = 1, low = is_signed ? -(one << (bits - 1)) : 0;
	s128 high = is_signed ? (one << (bits - 1)) - 1 : (one << bits) - 1;

	if (lane->clamp)
		x = x < low ? low : x > high ? high : x;
	return (u64)(x & ((one << bits) - 1));
}

static s64 smaller(s64 x, s64 y)
{
	return x < y ? x : y;
}

static s64 larger(s64 x, s64 y)
{
	return x > y ? x : y;
}

static int compare_s64(const void *x, const void *y)
{
	s64 a = *(const s64 *)x, b = *(const s64 *)y;

	return a < b ? -1 : a > b;
}

static s64 middle(s64 x, s64 y, s64 z)
{
	s64 all[] = { x, y, z };

	qsort(all, 3, sizeof(all[0]), compare_s64);
	return all[1];
}

INT(mov_b32, A32)
INT(not_b32, A32 ^ 0xffffffff)
INT(and_b32, A32 & B32)
INT(or_b32, A32 | B32)
INT(xor_b32, A32 ^ B32)
INT(xnor_b32, (A32 ^ B32) ^ 0xffffffff)
INT(cndmask_b32, lane->in ? B32 : A32)
INT(or3_b32, A32 | B32 | C32)
INT(and_or_b32, (A32 & B32) | C32)
INT(bfi_b32, (B32 & A32) | (C32 & ~A32))
INT(xad_u32, (u32)((A32 ^ B32) + C32))
INT(add3_u32, (u32)(lane->a + lane->b + lane->c))
INT(lshl_add_u32, (u32)((lane->a << B32 % 32) + lane->c))
INT(add_lshl_u32, (u32)((lane->a + lane->b) << C32 % 32))
INT(lshl_or_b32, (u32)(lane->a << B32 % 32) | C32)
INT(lshlrev_b32, (u32)(lane->b << A32 % 32))
INT(lshrrev_b32, B32 / (1ULL << A32 % 32))
INT(ashrrev_i32, (u32)(SB >> A32 % 32))
INT(lshlrev_b64, lane->b * (1ULL << A32 % 64))
INT(lshrrev_b64, lane->b / (1ULL << A32 % 64))
INT(ashrrev_i64, (s128)(s64)lane->b >> A32 % 64)
INT(add_u32, fit(lane, (s128)A32 + B32, 32, false))
INT(sub_u32, fit(lane, (s128)A32 - B32, 32, false))
INT(subrev_u32, fit(lane, (s128)B32 - A32, 32, false))
INT(add_i32, fit(lane, SA + SB, 32, true))
INT(sub_i32, fit(lane, SA - SB, 32, true))
INT(min_i32, (u32)smaller(SA, SB))
INT(max_i32, (u32)larger(SA, SB))
INT(min_u32, smaller(A32, B32))
INT(max_u32, larger(A32, B32))
INT(min3_i32, (u32)smaller(smaller(SA, SB), SC))
INT(max3_i32, (u32)larger(larger(SA, SB), SC))
INT(min3_u32, smaller(smaller(A32, B32), C32))
INT(max3_u32, larger(larger(A32, B32), C32))
INT(med3_i32, (u32)middle(SA, SB, SC))
INT(med3_u32, middle(A32, B32, C32))
INT(mul_lo_u32, (u32)((s128)A32 * B32))
INT(mul_hi_u32, (u32)((s128)A32 * B32 >> 32))
INT(mul_hi_i32, (u32)((s128)SA * SB >> 32))
INT(mul_i32_i24, (u32)(sfield(A32, 0, 24) * sfield(B32, 0, 24)))
INT(mul_hi_i32_i24, (u32)(sfield(A32, 0, 24) * sfield(B32, 0, 24) >> 32))
INT(mul_u32_u24, (u32)(field(A32, 0, 24) * field(B32, 0, 24)))
INT(mul_hi_u32_u24, field(A32, 0, 24) * field(B32, 0, 24) >> 32)
INT(mad_i32_i24, fit(lane, (s128)sfield(A32, 0, 24) * sfield(B32, 0, 24) + SC, 32, true))
INT(mad_u32_u24, fit(lane, (s128)field(A32, 0, 24) * (s128)field(B32, 0, 24) + C32, 32, false))
INT(mad_u32_u16, fit(lane, (s128)field(A32, 0, 16) * (s128)field(B32, 0, 16) + C32, 32, false))
INT(mad_i32_i16, fit(lane, (s128)sfield(A32, 0, 16) * sfield(B32, 0, 16) + SC, 32, true))
INT(bfm_b32, (u32)((((u64)1 << A32 % 32) - 1) << B32 % 32))
INT(bfe_u32, field(A32, B32 % 32, C32 % 32))
INT(alignbit_b32, (u32)((lane->a << 32 | B32) >> C32 % 32))
INT(alignbyte_b32, (u32)((lane->a << 32 | B32) >> C32 % 4 * 8))

/* A field over the top is cut, and so is its sign. */
static u64 bfe_i32(struct ref_lane *lane)
{
	unsigned int from = B32 % 32, count = C32 % 32;

	return (u32)sfield(A32, from, from + count > 32 ? 32 - from : count);
}

static u64 bfrev_b32(struct ref_lane *lane)
{
	u32 r = 0;

	for (int i = 0; i < 32; i++)
		r |= (A32 >> i & 1) << (31 - i);
	return r;
}

static u64 ffbh_u32(struct ref_lane *lane)
{
	for (u32 i = 0; i < 32; i++) {
		if (A32 >> (31 - i) & 1)
			return i;
	}
	return 0xffffffff;
}

static u64 ffbl_b32(struct ref_lane *lane)
{
	for (u32 i = 0; i < 32; i++) {
		if (A32 >> i & 1)
			return i;
	}
	return 0xffffffff;
}

static u64 ffbh_i32(struct ref_lane *lane)
{
	for (u32 i = 1; i < 32; i++) {
		if ((A32 >> (31 - i) & 1) != A32 >> 31)
			return i;
	}
	return 0xffffffff;
}

static u64 bcnt_u32_b32(struct ref_lane *lane)
{
	u32 n = B32;

	for (int i = 0; i < 32; i++)
		n += A32 >> i & 1;
	return n;
}

static u64 perm_b32(struct ref_lane *lane)
{
	u64 both = lane->a << 32 | B32, r = 0;

	for (unsigned int i = 0; i < 4; i++) {
		u64 sel = field(C32, i * 8, 8), byte;

		if (sel < 8)
			byte = field(both, (unsigned int)sel * 8, 8);
		else if (sel < 12)
			byte = field(both, (unsigned int)(sel - 8) * 16 + 15, 1) * 0xff;
		else
			byte = sel == 12 ? 0 : 0xff;
		r |= byte << i * 8;
	}
	return r;
}

/* Sum of |a - b| over fields of @bits; @masked: not where b's is 0. */
static u64 sad(const struct ref_lane *lane, unsigned int bits, bool masked)
{
	u64 sum = 0;

	for (unsigned int i = 0; i < 32; i += bits) {
		if (!masked || field(B32, i, bits))
			sum += (u64)llabs((s64)field(A32, i, bits) - (s64)field(B32, i, bits));
	}
	return sum;
}

INT(sad_u8, fit(lane, (s128)sad(lane, 8, false) + C32, 32, false))
INT(sad_hi_u8, fit(lane, ((s128)sad(lane, 8, false) << 16) + C32, 32, false))
INT(sad_u16, fit(lane, (s128)sad(lane, 16, false) + C32, 32, false))
INT(sad_u32, fit(lane, (s128)sad(lane, 32, false) + C32, 32, false))
INT(msad_u8, fit(lane, (s128)sad(lane, 8, true) + C32, 32, false))

static u64 lerp_u8(struct ref_lane *lane)
{
	u64 r = 0;

	for (unsigned int i = 0; i < 32; i += 8)
		r |= (field(A32, i, 8) + field(B32, i, 8) + field(C32, i, 1)) / 2 << i;
	return r;
}

/* x = a + b + carry, or a - b - borrow. */
static u64 carried(struct ref_lane *lane, s128 x)
{
	lane->out = x < 0 || x >> 32 != 0;
	return fit(lane, x, 32, false);
}

INT(add_co_u32, carried(lane, (s128)A32 + B32))
INT(sub_co_u32, carried(lane, (s128)A32 - B32))
INT(subrev_co_u32, carried(lane, (s128)B32 - A32))
INT(addc_co_u32, carried(lane, (s128)A32 + B32 + lane->in))
INT(subb_co_u32, carried(lane, (s128)A32 - B32 - lane->in))
INT(subbrev_co_u32, carried(lane, (s128)B32 - A32 - lane->in))

static u64 mad_u64_u32(struct ref_lane *lane)
{
	s128 x = (s128)A32 * B32 + lane->c;

	lane->out = x >> 64 != 0;
	return fit(lane, x, 64, false);
}

static u64 mad_i64_i32(struct ref_lane *lane)
{
	s128 x = (s128)SA * SB + (s64)lane->c;

	lane->out = x >> 64 & 1;
	return fit(lane, x, 64, true);
}

static u64 cvt_pk_u16_u32(struct ref_lane *lane)
{
	return (u64)smaller(A32, 65535) | (u64)smaller(B32, 65535) << 16;
}

static u64 cvt_pk_i16_i32(struct ref_lane *lane)
{
	s64 low = larger(smaller(SA, 32767), -32768), high = larger(smaller(SB, 32767), -32768);

	return field((u64)low, 0, 16) | field((u64)high, 0, 16) << 16;
}

static u64 sat_pk_u8_i16(struct ref_lane *lane)
{
	s64 low = sfield(A32, 0, 16), high = sfield(A32, 16, 16);

	return (u64)larger(smaller(low, 255), 0) | (u64)larger(smaller(high, 255), 0) << 8;
}

/* Dot product of fields of @bits, plus c. */
static u64 dot(const struct ref_lane *lane, unsigned int bits, bool is_signed)
{
	s128 sum = is_signed ? SC : C32;

	for (unsigned int i = 0; i < 32; i += bits) {
		if (is_signed)
			sum += (s128)sfield(A32, i, bits) * sfield(B32, i, bits);
		else
			sum += (s128)field(A32, i, bits) * (s128)field(B32, i, bits);
	}
	return fit(lane, sum, 32, is_signed);
}

INT(dot2_i32_i16, dot(lane, 16, true))
INT(dot2_u32_u16, dot(lane, 16, false))
INT(dot4_i32_i8, dot(lane, 8, true))
INT(dot4_u32_u8, dot(lane, 8, false))
INT(dot8_i32_i4, dot(lane, 4, true))
INT(dot8_u32_u4, dot(lane, 4, false))

const struct ref_row ref_int_rows[] = {
	ROW(mov_b32), ROW(not_b32), ROW(and_b32), ROW(or_b32), ROW(xor_b32), ROW(xnor_b32),
	ROW(cndmask_b32), ROW(or3_b32), ROW(and_or_b32), ROW(bfi_b32), ROW(xad_u32),
	ROW(add3_u32), ROW(lshl_add_u32), ROW(add_lshl_u32), ROW(lshl_or_b32),
	ROW(lshlrev_b32), ROW(lshrrev_b32), ROW(ashrrev_i32), ROW(lshlrev_b64),
	ROW(lshrrev_b64), ROW(ashrrev_i64), ROW(add_u32), ROW(sub_u32), ROW(subrev_u32),
	ROW(add_i32), ROW(sub_i32), ROW(min_i32), ROW(max_i32), ROW(min_u32), ROW(max_u32),
	ROW(min3_i32), ROW(max3_i32), ROW(min3_u32), ROW(max3_u32), ROW(med3_i32),
	ROW(med3_u32), ROW(mul_lo_u32), ROW(mul_hi_u32), ROW(mul_hi_i32), ROW(mul_i32_i24),
	ROW(mul_hi_i32_i24), ROW(mul_u32_u24), ROW(mul_hi_u32_u24), ROW(mad_i32_i24),
	ROW(mad_u32_u24), ROW(mad_u32_u16), ROW(mad_i32_i16), ROW(bfm_b32), ROW(bfe_u32),
	ROW(bfe_i32), ROW(alignbit_b32), ROW(alignbyte_b32), ROW(bfrev_b32), ROW(ffbh_u32),
	ROW(ffbl_b32), ROW(ffbh_i32), ROW(bcnt_u32_b32), ROW(perm_b32), ROW(sad_u8),
	ROW(sad_hi_u8), ROW(sad_u16), ROW(sad_u32), ROW(msad_u8), ROW(lerp_u8),
	ROW(add_co_u32), ROW(sub_co_u32), ROW(subrev_co_u32), ROW(addc_co_u32),
	ROW(subb_co_u32), ROW(subbrev_co_u32), ROW(mad_u64_u32), ROW(mad_i64_i32),
	ROW(cvt_pk_u16_u32), ROW(cvt_pk_i16_i32), ROW(sat_pk_u8_i16), ROW(dot2_i32_i16),
	ROW(dot2_u32_u16), ROW(dot4_i32_i8), ROW(dot4_u32_u8), ROW(dot8_i32_i4),
	ROW(dot8_u32_u4), { "dot2c_i32_i16", dot2_i32_i16, NULL, NULL, 0 },
	{ "dot4c_i32_i8", dot4_i32_i8, NULL, NULL, 0 },
	{ "dot8c_i32_i4", dot8_i32_i4, NULL, NULL, 0 }, { NULL, NULL, NULL, NULL, 0 },
};
