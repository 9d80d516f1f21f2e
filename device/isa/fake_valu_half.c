// SPDX-License-Identifier: MIT
#include "isa/fake_valu_ref.h"

/* 16-bit integers. The packed rows do the same to both halves. */
#define ROW(name) { #name, name, NULL, NULL, 0 }
#define ROW_PK(name) { "pk_" #name, pk_##name, NULL, NULL, 0 }
#define UA	((s64)(u16)lane->a)
#define UB	((s64)(u16)lane->b)
#define UC	((s64)(u16)lane->c)
#define SA	((s64)(int16_t)lane->a)
#define SB	((s64)(int16_t)lane->b)
#define SC	((s64)(int16_t)lane->c)

static u64 cut(const struct ref_lane *lane, s64 x, s64 low, s64 high)
{
	if (lane->clamp && x < low)
		x = low;
	if (lane->clamp && x > high)
		x = high;
	return (u64)x & 0xffff;
}

static s64 least(s64 x, s64 y)
{
	return x < y ? x : y;
}

static s64 most(s64 x, s64 y)
{
	return x > y ? x : y;
}

/* The value that has one on either side. */
static s64 median(s64 x, s64 y, s64 z)
{
	if ((x <= y && y <= z) || (z <= y && y <= x))
		return y;
	if ((y <= x && x <= z) || (z <= x && x <= y))
		return x;
	return z;
}

#define U16(name, expr) static u64 name(struct ref_lane *lane) { return cut(lane, expr, 0, 65535); }
#define S16(name, expr) \
	static u64 name(struct ref_lane *lane) { return cut(lane, expr, -32768, 32767); }
#define RAW(name, expr) static u64 name(struct ref_lane *lane) { return (u64)(expr) & 0xffff; }

U16(add_u16, UA + UB)
U16(sub_u16, UA - UB)
U16(subrev_u16, UB - UA)
U16(mul_lo_u16, UA * UB)
U16(mad_u16, UA * UB + UC)
S16(mad_i16, SA * SB + SC)
S16(add_i16, SA + SB)
S16(sub_i16, SA - SB)
RAW(lshlrev_b16, UB << UA % 16)
RAW(lshrrev_b16, UB >> UA % 16)
RAW(ashrrev_i16, SB >> UA % 16)
RAW(max_u16, most(UA, UB))
RAW(min_u16, least(UA, UB))
RAW(max_i16, most(SA, SB))
RAW(min_i16, least(SA, SB))
RAW(max3_u16, most(most(UA, UB), UC))
RAW(min3_u16, least(least(UA, UB), UC))
RAW(max3_i16, most(most(SA, SB), SC))
RAW(min3_i16, least(least(SA, SB), SC))
RAW(med3_u16, median(UA, UB, UC))
RAW(med3_i16, median(SA, SB, SC))
RAW(half_of_a, UA)

static u64 pack_b32_f16(struct ref_lane *lane)
{
	struct ref_lane high = { .a = lane->b };

	return half_of_a(lane) | half_of_a(&high) << 16;
}

static u64 both(const struct ref_lane *lane, ref_fn *fn)
{
	struct ref_lane low = *lane, high = *lane;

	high.a >>= 16;
	high.b >>= 16;
	high.c >>= 16;
	return fn(&low) | fn(&high) << 16;
}

#define PACKED(name) static u64 pk_##name(struct ref_lane *lane) { return both(lane, name); }
PACKED(mad_i16)
PACKED(mul_lo_u16)
PACKED(add_i16)
PACKED(sub_i16)
PACKED(lshlrev_b16)
PACKED(lshrrev_b16)
PACKED(ashrrev_i16)
PACKED(max_i16)
PACKED(min_i16)
PACKED(mad_u16)
PACKED(add_u16)
PACKED(sub_u16)
PACKED(max_u16)
PACKED(min_u16)

const struct ref_row ref_half_rows[] = {
	ROW(add_u16), ROW(sub_u16), ROW(subrev_u16), ROW(mul_lo_u16), ROW(mad_u16),
	ROW(mad_i16), ROW(add_i16), ROW(sub_i16), ROW(lshlrev_b16), ROW(lshrrev_b16),
	ROW(ashrrev_i16), ROW(max_u16), ROW(min_u16), ROW(max_i16), ROW(min_i16),
	ROW(max3_u16), ROW(min3_u16), ROW(max3_i16), ROW(min3_i16), ROW(med3_u16),
	ROW(med3_i16), ROW(pack_b32_f16), ROW_PK(mad_i16), ROW_PK(mul_lo_u16),
	ROW_PK(add_i16), ROW_PK(sub_i16), ROW_PK(lshlrev_b16), ROW_PK(lshrrev_b16),
	ROW_PK(ashrrev_i16), ROW_PK(max_i16), ROW_PK(min_i16), ROW_PK(mad_u16),
	ROW_PK(add_u16), ROW_PK(sub_u16), ROW_PK(max_u16), ROW_PK(min_u16),
	{ "mad_legacy_u16", mad_u16, NULL, NULL, 0 },
	{ "mad_legacy_i16", mad_i16, NULL, NULL, 0 }, { NULL, NULL, NULL, NULL, 0 },
};
