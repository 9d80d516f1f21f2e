/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_LANE_INT_H
#define VKFD_DEVICE_ISA_LANE_INT_H

#include "isa/lane.h"

/* Integers and bits of 32 and 64 bits. "rev": the amount or the subtrahend is src0. */

LANE_INLINE u32 sat_s64(s64 x)
{
	return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? (u32)INT32_MIN : (u32)x;
}

LANE_INLINE u32 sat_u64(s64 x)
{
	return x > UINT32_MAX ? UINT32_MAX : x < 0 ? 0 : (u32)x;
}

LANE_INLINE s32 sext24(u32 x)
{
	return (s32)(x << 8) >> 8;
}

LANE_INLINE u32 min_s(u32 a, u32 b)
{
	return (s32)a < (s32)b ? a : b;
}

LANE_INLINE u32 max_s(u32 a, u32 b)
{
	return (s32)a > (s32)b ? a : b;
}

LANE_INLINE u32 min_u(u32 a, u32 b)
{
	return a < b ? a : b;
}

LANE_INLINE u32 max_u(u32 a, u32 b)
{
	return a > b ? a : b;
}

LANE32(mov_b32) { return a; }
LANE32(not_b32) { return ~a; }
LANE32(and_b32) { return a & b; }
LANE32(or_b32) { return a | b; }
LANE32(xor_b32) { return a ^ b; }
LANE32(xnor_b32) { return ~(a ^ b); }
LANE32(cndmask_b32) { return c ? b : a; }

LANE32(bfrev_b32)
{
	a = (a >> 1 & 0x55555555) | (a & 0x55555555) << 1;
	a = (a >> 2 & 0x33333333) | (a & 0x33333333) << 2;
	a = (a >> 4 & 0x0f0f0f0f) | (a & 0x0f0f0f0f) << 4;
	return __builtin_bswap32(a);
}

LANE32(ffbh_u32) { return a ? (u32)__builtin_clz(a | !a) : ~0u; }
LANE32(ffbl_b32) { return a ? (u32)__builtin_ctz(a | (u32)!a << 31) : ~0u; }

LANE32(ffbh_i32)
{
	u32 x = a ^ (0 - (a >> 31));

	return x ? (u32)__builtin_clz(x | !x) : ~0u;
}

LANE32(bcnt_u32_b32) { return (u32)__builtin_popcount(a) + b; }
LANE32(bfm_b32) { return ((1u << (a & 31)) - 1) << (b & 31); }
LANE32(bfi_b32) { return (a & b) | (~a & c); }

/* Offset b[4:0], width c[4:0]; width 0 gives 0. A field over the top is cut. */
LANE32(bfe_u32)
{
	return a >> (b & 31) & ((1u << (c & 31)) - 1);
}

LANE32(bfe_i32)
{
	u32 offset = b & 31, width = c & 31;
	u32 left = offset + width < 32 ? 32 - offset - width : 0;
	u32 right = offset + left;

	return width ? (u32)((s32)(a << left) >> (right & 31)) : 0;
}

LANE32(alignbit_b32) { return (u32)(((u64)a << 32 | b) >> (c & 31)); }
LANE32(alignbyte_b32) { return (u32)(((u64)a << 32 | b) >> (c & 3) * 8); }

/* One selector: 0-7 a byte of {a, b}, 8-11 the sign of a half, 12 zero, then ones. */
LANE_INLINE u32 perm_byte(u64 ab, u32 sel)
{
	u32 byte = (u32)(ab >> (sel & 7) * 8) & 0xff;
	u32 sign = ab >> ((sel & 3) * 16 + 15) & 1 ? 0xff : 0;

	return sel < 8 ? byte : sel < 12 ? sign : sel == 12 ? 0 : 0xff;
}

LANE32(perm_b32)
{
	u64 ab = (u64)a << 32 | b;

	return perm_byte(ab, c & 0xff) | perm_byte(ab, c >> 8 & 0xff) << 8 |
	       perm_byte(ab, c >> 16 & 0xff) << 16 | perm_byte(ab, c >> 24) << 24;
}

LANE32(lshlrev_b32) { return b << (a & 31); }
LANE32(lshrrev_b32) { return b >> (a & 31); }
LANE32(ashrrev_i32) { return (u32)((s32)b >> (a & 31)); }
LANE(u64, lshlrev_b64, u32, u64, u32) { return b << (a & 63); }
LANE(u64, lshrrev_b64, u32, u64, u32) { return b >> (a & 63); }
LANE(u64, ashrrev_i64, u32, u64, u32) { return (u64)((s64)b >> (a & 63)); }

LANE32(add_u32) { return fp->clamp & (a + b < a) ? ~0u : a + b; }
LANE32(sub_u32) { return fp->clamp & (a < b) ? 0 : a - b; }
LANE32(subrev_u32) { return lane_sub_u32(fp, b, a, 0); }

LANE32(add_i32)
{
	return fp->clamp ? sat_s64((s64)(s32)a + (s32)b) : a + b;
}

LANE32(sub_i32)
{
	return fp->clamp ? sat_s64((s64)(s32)a - (s32)b) : a - b;
}

LANE32(add3_u32) { return a + b + c; }
LANE32(lshl_add_u32) { return (a << (b & 31)) + c; }
LANE32(add_lshl_u32) { return (a + b) << (c & 31); }
LANE32(lshl_or_b32) { return (a << (b & 31)) | c; }
LANE32(and_or_b32) { return (a & b) | c; }
LANE32(or3_b32) { return a | b | c; }
LANE32(xad_u32) { return (a ^ b) + c; }

LANE32(min_i32) { return min_s(a, b); }
LANE32(max_i32) { return max_s(a, b); }
LANE32(min_u32) { return min_u(a, b); }
LANE32(max_u32) { return max_u(a, b); }
LANE32(min3_i32) { return min_s(min_s(a, b), c); }
LANE32(max3_i32) { return max_s(max_s(a, b), c); }
LANE32(min3_u32) { return min_u(min_u(a, b), c); }
LANE32(max3_u32) { return max_u(max_u(a, b), c); }
LANE32(med3_i32) { return max_s(min_s(a, b), min_s(max_s(a, b), c)); }
LANE32(med3_u32) { return max_u(min_u(a, b), min_u(max_u(a, b), c)); }

LANE32(mul_lo_u32) { return a * b; }
LANE32(mul_hi_u32) { return (u32)((u64)a * b >> 32); }
LANE32(mul_hi_i32) { return (u32)((u64)((s64)(s32)a * (s32)b) >> 32); }
LANE32(mul_i32_i24) { return (u32)((s64)sext24(a) * sext24(b)); }
LANE32(mul_hi_i32_i24) { return (u32)((u64)((s64)sext24(a) * sext24(b)) >> 32); }
LANE32(mul_u32_u24) { return (a & 0xffffff) * (b & 0xffffff); }
LANE32(mul_hi_u32_u24) { return (u32)((u64)(a & 0xffffff) * (b & 0xffffff) >> 32); }

/* The product keeps its 48 bits until the sum is clamped. */
LANE32(mad_i32_i24)
{
	s64 sum = (s64)sext24(a) * sext24(b) + (s32)c;

	return fp->clamp ? sat_s64(sum) : (u32)sum;
}

LANE32(mad_u32_u24)
{
	s64 sum = (s64)((u64)(a & 0xffffff) * (b & 0xffffff) + c);

	return fp->clamp ? sat_u64(sum) : (u32)sum;
}

LANE32(mad_u32_u16)
{
	u64 sum = (u64)(u16)a * (u16)b + c;

	return fp->clamp ? sat_u64((s64)sum) : (u32)sum;
}

LANE32(mad_i32_i16)
{
	s64 sum = (s64)(int16_t)a * (int16_t)b + (s32)c;

	return fp->clamp ? sat_s64(sum) : (u32)sum;
}

/* Sums of absolute differences, saturated with clamp. */
LANE_INLINE u32 byte_of(u32 x, u32 n)
{
	return x >> n * 8 & 0xff;
}

LANE_INLINE u32 diff_u(u32 a, u32 b)
{
	return a > b ? a - b : b - a;
}

LANE_INLINE u32 sum_u(const struct valu_fp *fp, u32 a, u32 b)
{
	return fp->clamp & (a + b < a) ? ~0u : a + b;
}

LANE_INLINE u32 sad_bytes(u32 a, u32 b)
{
	return diff_u(byte_of(a, 0), byte_of(b, 0)) + diff_u(byte_of(a, 1), byte_of(b, 1)) +
	       diff_u(byte_of(a, 2), byte_of(b, 2)) + diff_u(byte_of(a, 3), byte_of(b, 3));
}

LANE32(sad_u8) { return sum_u(fp, sad_bytes(a, b), c); }
LANE32(sad_hi_u8) { return sum_u(fp, sad_bytes(a, b) << 16, c); }
LANE32(sad_u32) { return sum_u(fp, diff_u(a, b), c); }

LANE32(sad_u16)
{
	return sum_u(fp, diff_u(a & 0xffff, b & 0xffff) + diff_u(a >> 16, b >> 16), c);
}

/* Bytes where the reference (src1) is 0 do not count. */
LANE_INLINE u32 msad_byte(u32 a, u32 b, u32 n)
{
	return byte_of(b, n) ? diff_u(byte_of(a, n), byte_of(b, n)) : 0;
}

LANE32(msad_u8)
{
	return sum_u(fp, msad_byte(a, b, 0) + msad_byte(a, b, 1) + msad_byte(a, b, 2) +
		     msad_byte(a, b, 3), c);
}

/* Average of bytes, rounded up where c has bit 0 of the byte. */
LANE_INLINE u32 lerp_byte(u32 a, u32 b, u32 c, u32 n)
{
	return (byte_of(a, n) + byte_of(b, n) + (byte_of(c, n) & 1)) >> 1 << n * 8;
}

LANE32(lerp_u8)
{
	return lerp_byte(a, b, c, 0) | lerp_byte(a, b, c, 1) | lerp_byte(a, b, c, 2) |
	       lerp_byte(a, b, c, 3);
}

/* Carries. The carry is that of the exact sum, also when the result is clamped. */
LANE_OUT(u32, addc_co_u32, u32, u32, u32)
{
	u64 sum = (u64)a + b + c;

	*out = (u32)(sum >> 32);
	return fp->clamp & (u32)(sum >> 32) ? ~0u : (u32)sum;
}

LANE_OUT(u32, subb_co_u32, u32, u32, u32)
{
	u64 diff = (u64)a - b - c;

	*out = (u32)(diff >> 63);
	return fp->clamp & (u32)(diff >> 63) ? 0 : (u32)diff;
}

LANE_OUT(u32, add_co_u32, u32, u32, u32) { return lane_addc_co_u32(fp, a, b, 0, out); }
LANE_OUT(u32, sub_co_u32, u32, u32, u32) { return lane_subb_co_u32(fp, a, b, 0, out); }
LANE_OUT(u32, subrev_co_u32, u32, u32, u32) { return lane_subb_co_u32(fp, b, a, 0, out); }
LANE_OUT(u32, subbrev_co_u32, u32, u32, u32) { return lane_subb_co_u32(fp, b, a, c, out); }

LANE_OUT(u64, mad_u64_u32, u32, u32, u64)
{
	u64 sum = (u64)a * b + c;

	*out = sum < c;
	return fp->clamp & (sum < c) ? ~0ULL : sum;
}

/* The carry is bit 64 of the sum in two's complement of 65 bits: its sign. */
LANE_OUT(u64, mad_i64_i32, u32, u32, u64)
{
	s64 product = (s64)(s32)a * (s32)b;
	u64 sum = (u64)product + c;
	bool over = (~((u64)product ^ c) & ((u64)product ^ sum)) >> 63;

	*out = (u32)(sum >> 63) ^ over;
	if (fp->clamp & over)
		sum = product < 0 ? (u64)INT64_MIN : (u64)INT64_MAX;
	return sum;
}

#endif
