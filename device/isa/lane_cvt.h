/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_LANE_CVT_H
#define VKFD_DEVICE_ISA_LANE_CVT_H

#include "isa/lane_f16.h"
#include "isa/lane_f64.h"
#include "isa/lane_int.h"

/* Conversions. To integers: truncated, saturated, NaN is 0. */
LANE_INLINE u32 s32_of(double x)
{
	bool high = x >= 0x1p31, low = x < -0x1p31, nan = x != x;
	s32 r = (s32)(high | low | nan ? 0 : x);

	return high ? INT32_MAX : low ? 0x80000000u : (u32)r;
}

LANE_INLINE u32 u32_of(double x)
{
	bool high = x >= 0x1p32, top = x >= 0x1p31, low = !(x > -1.0);
	double y = top ? x - 0x1p31 : x;
	s32 r = (s32)(high | low ? 0 : y);

	return high ? ~0u : (u32)r + (top ? 0x80000000u : 0);
}

LANE32(cvt_i32_f32) { return s32_of((double)f32_of(a)); }
LANE32(cvt_u32_f32) { return u32_of((double)f32_of(a)); }
LANE(u32, cvt_i32_f64, u64, u32, u32) { return s32_of(f64_of(a)); }
LANE(u32, cvt_u32_f64, u64, u32, u32) { return u32_of(f64_of(a)); }

LANE32(cvt_flr_i32_f32)
{
	return s32_of(__builtin_floor((double)f32_of(f32_in(fp, a))));
}

/* Rounds halves up. The sum is exact but for numbers so small that it does not matter. */
LANE32(cvt_rpi_i32_f32)
{
	double x = (double)f32_of(f32_in(fp, a));
	double whole = __builtin_floor(x);

	return s32_of(x - whole >= 0.5 ? whole + 1.0 : whole);
}

LANE32(cvt_f32_i32) { return f32_bits((float)(s32)a); }
LANE32(cvt_f32_u32) { return f32_bits((float)a); }
LANE(u64, cvt_f64_i32, u32, u32, u32) { return f64_bits((double)(s32)a); }
LANE(u64, cvt_f64_u32, u32, u32, u32) { return f64_bits((double)a); }
LANE32(cvt_f32_ubyte0) { return f32_bits((float)(s32)(a & 0xff)); }
LANE32(cvt_f32_ubyte1) { return f32_bits((float)(s32)(a >> 8 & 0xff)); }
LANE32(cvt_f32_ubyte2) { return f32_bits((float)(s32)(a >> 16 & 0xff)); }
LANE32(cvt_f32_ubyte3) { return f32_bits((float)(s32)(a >> 24)); }

/* Four bits as a signed fraction of 16. */
LANE32(cvt_off_f32_i4) { return f32_bits((float)((s32)(a << 28) >> 28) * 0.0625f); }

LANE(u64, cvt_f64_f32, u32, u32, u32)
{
	return f64_out(fp, f64_bits((double)f32_of(f32_in(fp, a))));
}

LANE(u32, cvt_f32_f64, u64, u32, u32)
{
	return f32_out(fp, f32_bits((float)f64_of(f64_in(fp, a))));
}

LANE32(cvt_f16_f32) { return f16_out32(fp, f32_in(fp, a)); }

LANE32(cvt_f32_f16) { return f32_out(fp, f16_widen(fp, a)); }

/* Toward zero whatever MODE says. */
LANE32(cvt_pkrtz_f16_f32)
{
	u32 low = f16_narrow(f32_in(fp, a), 3, fp->fp16_ovfl);
	u32 high = f16_narrow(f32_in(fp, b), 3, fp->fp16_ovfl);

	return f16_pair(f16_flush(fp->flush16_out, low), f16_flush(fp->flush16_out, high));
}

LANE32(cvt_f16_u16) { return f16_out(fp, (double)(s32)(a & 0xffff)); }
LANE32(cvt_f16_i16) { return f16_out(fp, (double)(int16_t)a); }

LANE_INLINE double cut(double x, double low, double high)
{
	x = x > low ? x : x == x ? low : 0.0;
	return x < high ? x : high;
}

LANE32(cvt_u16_f16) { return (u32)(s32)cut(f16_value(f16_in(fp, a)), 0.0, 65535.0); }

LANE32(cvt_i16_f16)
{
	return (u32)(s32)cut(f16_value(f16_in(fp, a)), -32768.0, 32767.0) & 0xffff;
}

/* Normalised: [-1, 1] or [0, 1] to the range of 16 bits, to nearest even. */
LANE_INLINE u32 snorm16(double x)
{
	return (u32)(s32)__builtin_roundeven(cut(x, -1.0, 1.0) * 32767.0) & 0xffff;
}

LANE_INLINE u32 unorm16(double x)
{
	return (u32)(s32)__builtin_roundeven(cut(x, 0.0, 1.0) * 65535.0);
}

LANE32(cvt_norm_i16_f16) { return snorm16(f16_value(f16_in(fp, a))); }
LANE32(cvt_norm_u16_f16) { return unorm16(f16_value(f16_in(fp, a))); }

LANE32(cvt_pknorm_i16_f32)
{
	return f16_pair(snorm16((double)f32_of(f32_in(fp, a))),
			snorm16((double)f32_of(f32_in(fp, b))));
}

LANE32(cvt_pknorm_u16_f32)
{
	return f16_pair(unorm16((double)f32_of(f32_in(fp, a))),
			unorm16((double)f32_of(f32_in(fp, b))));
}

LANE32(cvt_pknorm_i16_f16)
{
	return f16_pair(snorm16(f16_value(f16_in(fp, a))), snorm16(f16_value(f16_in(fp, b))));
}

LANE32(cvt_pknorm_u16_f16)
{
	return f16_pair(unorm16(f16_value(f16_in(fp, a))), unorm16(f16_value(f16_in(fp, b))));
}

#endif
