/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_LANE_INT16_H
#define VKFD_DEVICE_ISA_LANE_INT16_H

#include "isa/lane_int.h"

/* Integers of 16 bits, one and two to a register, and dot products. */

LANE_INLINE s32 sext16(u32 x)
{
	return (int16_t)x;
}

/* A sum or product cut to 16 bits, or clamped to the range of its type. */
LANE_INLINE u32 fit_u16(const struct valu_fp *fp, s64 x)
{
	s64 sat = x < 0 ? 0 : x > UINT16_MAX ? UINT16_MAX : x;

	return (u32)(fp->clamp ? sat : x) & 0xffff;
}

LANE_INLINE u32 fit_i16(const struct valu_fp *fp, s64 x)
{
	s64 sat = x < INT16_MIN ? INT16_MIN : x > INT16_MAX ? INT16_MAX : x;

	return (u32)(fp->clamp ? sat : x) & 0xffff;
}

LANE32(add_u16) { return fit_u16(fp, (s64)(u16)a + (u16)b); }
LANE32(sub_u16) { return fit_u16(fp, (s64)(u16)a - (u16)b); }
LANE32(subrev_u16) { return fit_u16(fp, (s64)(u16)b - (u16)a); }
LANE32(mul_lo_u16) { return fit_u16(fp, (s64)(u16)a * (u16)b); }
LANE32(mad_u16) { return fit_u16(fp, (s64)(u16)a * (u16)b + (u16)c); }
LANE32(mad_i16) { return fit_i16(fp, (s64)sext16(a) * sext16(b) + sext16(c)); }
LANE32(add_i16) { return fit_i16(fp, (s64)sext16(a) + sext16(b)); }
LANE32(sub_i16) { return fit_i16(fp, (s64)sext16(a) - sext16(b)); }
LANE32(mad_legacy_u16) { return lane_mad_u16(fp, a, b, c); }
LANE32(mad_legacy_i16) { return lane_mad_i16(fp, a, b, c); }
LANE32(lshlrev_b16) { return b << (a & 15) & 0xffff; }
LANE32(lshrrev_b16) { return (b & 0xffff) >> (a & 15); }
LANE32(ashrrev_i16) { return (u32)(sext16(b) >> (a & 15)) & 0xffff; }

#define MINMAX16(type, ext)								\
	LANE32(min_##type) { return (u32)(ext(a) < ext(b) ? a : b) & 0xffff; }		\
	LANE32(max_##type) { return (u32)(ext(a) > ext(b) ? a : b) & 0xffff; }		\
	LANE32(min3_##type) { return lane_min_##type(fp, lane_min_##type(fp, a, b, 0), c, 0); } \
	LANE32(max3_##type) { return lane_max_##type(fp, lane_max_##type(fp, a, b, 0), c, 0); } \
	LANE32(med3_##type)								\
	{										\
		u32 low = lane_min_##type(fp, a, b, 0);					\
		u32 high = lane_max_##type(fp, a, b, 0);				\
											\
		return lane_max_##type(fp, low, lane_min_##type(fp, high, c, 0), 0);	\
	}
MINMAX16(i16, sext16)
MINMAX16(u16, (u16))

LANE32(cvt_pk_u16_u32)
{
	return min_u(a, UINT16_MAX) | min_u(b, UINT16_MAX) << 16;
}

LANE32(cvt_pk_i16_i32)
{
	u32 low = min_s(max_s(a, (u32)INT16_MIN), INT16_MAX);
	u32 high = min_s(max_s(b, (u32)INT16_MIN), INT16_MAX);

	return (low & 0xffff) | high << 16;
}

LANE_INLINE u32 sat_u8(s32 x)
{
	return x < 0 ? 0 : x > 255 ? 255 : (u32)x;
}

LANE32(sat_pk_u8_i16) { return sat_u8(sext16(a)) | sat_u8(sext16(a >> 16)) << 8; }

/* Packed: the same on both halves; op_sel has been applied. */
#define LANE_PK16(name)									\
	LANE32(pk_##name)								\
	{										\
		return lane_##name(fp, a & 0xffff, b & 0xffff, c & 0xffff) |		\
		       lane_##name(fp, a >> 16, b >> 16, c >> 16) << 16;		\
	}
LANE_PK16(mad_i16)
LANE_PK16(mul_lo_u16)
LANE_PK16(add_i16)
LANE_PK16(sub_i16)
LANE_PK16(lshlrev_b16)
LANE_PK16(lshrrev_b16)
LANE_PK16(ashrrev_i16)
LANE_PK16(max_i16)
LANE_PK16(min_i16)
LANE_PK16(mad_u16)
LANE_PK16(add_u16)
LANE_PK16(sub_u16)
LANE_PK16(max_u16)
LANE_PK16(min_u16)

/* Dot products: exact sum, then cut or clamped. */
LANE_INLINE u32 fit_i32(const struct valu_fp *fp, s64 x)
{
	return fp->clamp ? sat_s64(x) : (u32)x;
}

LANE_INLINE u32 fit_u32(const struct valu_fp *fp, s64 x)
{
	return fp->clamp ? sat_u64(x) : (u32)x;
}

/* Element n of @bits bits, sign- or zero-extended. */
LANE_INLINE s64 elem_s(u32 x, u32 n, u32 bits)
{
	return (s32)(x << (32 - bits - n * bits)) >> (32 - bits);
}

LANE_INLINE s64 elem_u(u32 x, u32 n, u32 bits)
{
	return x << (32 - bits - n * bits) >> (32 - bits);
}

LANE32(dot2_i32_i16)
{
	return fit_i32(fp, elem_s(a, 0, 16) * elem_s(b, 0, 16) +
		       elem_s(a, 1, 16) * elem_s(b, 1, 16) + (s32)c);
}

LANE32(dot2_u32_u16)
{
	return fit_u32(fp, elem_u(a, 0, 16) * elem_u(b, 0, 16) +
		       elem_u(a, 1, 16) * elem_u(b, 1, 16) + c);
}

#define DOT4(elem, bits, from)								\
	(elem(a, from, bits) * elem(b, from, bits) +					\
	 elem(a, from + 1, bits) * elem(b, from + 1, bits) +				\
	 elem(a, from + 2, bits) * elem(b, from + 2, bits) +				\
	 elem(a, from + 3, bits) * elem(b, from + 3, bits))

LANE32(dot4_i32_i8) { return fit_i32(fp, DOT4(elem_s, 8, 0) + (s32)c); }
LANE32(dot4_u32_u8) { return fit_u32(fp, DOT4(elem_u, 8, 0) + c); }
LANE32(dot8_i32_i4) { return fit_i32(fp, DOT4(elem_s, 4, 0) + DOT4(elem_s, 4, 4) + (s32)c); }
LANE32(dot8_u32_u4) { return fit_u32(fp, DOT4(elem_u, 4, 0) + DOT4(elem_u, 4, 4) + c); }
LANE32(dot2c_i32_i16) { return lane_dot2_i32_i16(fp, a, b, c); }
LANE32(dot4c_i32_i8) { return lane_dot4_i32_i8(fp, a, b, c); }
LANE32(dot8c_i32_i4) { return lane_dot8_i32_i4(fp, a, b, c); }

#endif
