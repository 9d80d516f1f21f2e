// SPDX-License-Identifier: MIT
#include "kernel.h"

#define F32(n)	AS(float, in[n])
#define F64(n)	AS(double, IN64(n))
/* A number of ordinary size from random bits. */
#define TAME(n)	(((float)(s32)in[n]) * (1.0f / 65536.0f))
#define TAME64(n) (((double)(s64)IN64(n)) * (1.0 / 4294967296.0))

/* NaNs differ in their bits between machines: only that it is one counts. */
static inline u32 bits32(float v)
{
	return v != v ? 0x7fc00000 : AS(u32, v);
}

static inline u64 bits64(double v)
{
	return v != v ? 0x7ff8000000000000ul : AS(u64, v);
}

static inline u32 bits16(_Float16 v)
{
	return v != v ? 0x7e00 : AS(u16, v);
}

static inline void put64(GLOBAL u32 *out, u32 n, double v)
{
	u64 bits = bits64(v);

	out[n] = (u32)bits;
	out[n + 1] = (u32)(bits >> 32);
}

KERNEL(f32_arith, 64)
{
	u32 id = ID(64);
	float a = F32(3 * id), b = F32(3 * id + 1), c = F32(3 * id + 2);
	float x = TAME(3 * id), y = TAME(3 * id + 1), z = TAME(3 * id + 2);

	out[8 * id] = bits32(a + b);
	out[8 * id + 1] = bits32(a * b);
	out[8 * id + 2] = bits32(__builtin_fmaf(a, b, c));
	out[8 * id + 3] = bits32(x * y - z);
	out[8 * id + 4] = bits32(__builtin_fmaf(x, -y, __builtin_fabsf(z)));
	out[8 * id + 5] = bits32(-a - b);
	out[8 * id + 6] = bits32(a * 0.5f + 1.0f);
	out[8 * id + 7] = bits32((x + y) * (x - y) * 4.0f);
}

KERNEL(f32_divide, 64)
{
	u32 id = ID(64);
	float a = F32(2 * id), b = F32(2 * id + 1);

	out[4 * id] = bits32(a / b);
	out[4 * id + 1] = bits32(TAME(2 * id) / TAME(2 * id + 1));
	out[4 * id + 2] = bits32(1.0f / b);
	out[4 * id + 3] = bits32(a / 3.0f);
}

KERNEL(f32_order, 64)
{
	u32 id = ID(64);
	float a = F32(2 * id), b = id % 5 ? F32(2 * id + 1) : a;

	out[4 * id] = (a < b) | (a <= b) << 1 | (a == b) << 2 | (a != b) << 3 | (a > b) << 4 |
		      (a >= b) << 5 | !(a < b) << 6 | !(a >= b) << 7;
	out[4 * id + 1] = bits32(a < b ? a : b);
	/* fmax() of a signalling NaN or of two zeros is left open by C. */
	out[4 * id + 2] = bits32(a != a || b != b || a == b ? a : __builtin_fmaxf(a, b));
	out[4 * id + 3] = (a != a) | (__builtin_isinf(b) != 0) << 1 | (__builtin_signbit(a) != 0) << 2;
}

KERNEL(f32_convert, 64)
{
	u32 id = ID(64);
	float x = TAME(2 * id);

	out[8 * id] = AS(u32, (float)in[2 * id]);
	out[8 * id + 1] = AS(u32, (float)(s32)in[2 * id]);
	out[8 * id + 2] = (u32)(s32)x;
	out[8 * id + 3] = (u32)__builtin_fabsf(x);
	out[8 * id + 4] = AS(u32, (float)(in[2 * id] & 0xff));
	out[8 * id + 5] = AS(u32, (float)(in[2 * id] >> 24));
	out[8 * id + 6] = AS(u32, (float)IN64(2 * id));
	out[8 * id + 7] = (u32)((u64)(__builtin_fabsf(x) * 16777216.0f) >> 8);
}

KERNEL(f32_round, 64)
{
	u32 id = ID(64);
	float a = id % 4 ? TAME(id) : F32(id);

	out[8 * id] = bits32(__builtin_floorf(a));
	out[8 * id + 1] = bits32(__builtin_ceilf(a));
	out[8 * id + 2] = bits32(__builtin_truncf(a));
	out[8 * id + 3] = bits32(__builtin_rintf(a));
	out[8 * id + 4] = bits32(__builtin_copysignf(a, F32(id + 1)));
	out[8 * id + 5] = bits32(__builtin_fabsf(a));
	out[8 * id + 6] = bits32(a - __builtin_floorf(a));
	out[8 * id + 7] = bits32(-a);
}

KERNEL(f32_polynomial, 64)
{
	u32 id = ID(64);
	float x = TAME(id) * (1.0f / 32768.0f), sum = 0, power = 1;

	for (u32 n = 1; n < 24; n++) {
		sum = __builtin_fmaf(power, 1.0f / (float)n, sum);
		power *= x;
	}
	out[id] = bits32(sum);
}

KERNEL(f64_arith, 64)
{
	u32 id = ID(64);
	double a = F64(6 * id), b = F64(6 * id + 2), c = F64(6 * id + 4);

	put64(out, 8 * id, a + b);
	put64(out, 8 * id + 2, a * b);
	put64(out, 8 * id + 4, __builtin_fma(a, b, c));
	put64(out, 8 * id + 6, TAME64(6 * id) * TAME64(6 * id + 2) - TAME64(6 * id + 4));
}

KERNEL(f64_divide, 64)
{
	u32 id = ID(64);

	put64(out, 4 * id, F64(4 * id) / F64(4 * id + 2));
	put64(out, 4 * id + 2, TAME64(4 * id) / TAME64(4 * id + 2));
}

KERNEL(f64_root, 64)
{
	u32 id = ID(64);

	put64(out, 4 * id, __builtin_sqrt(__builtin_fabs(F64(2 * id))));
	put64(out, 4 * id + 2, __builtin_sqrt(__builtin_fabs(TAME64(2 * id))));
}

KERNEL(f64_convert, 64)
{
	u32 id = ID(64);
	double a = TAME64(2 * id);

	put64(out, 12 * id, (double)F32(2 * id));
	out[12 * id + 2] = bits32((float)F64(2 * id));
	out[12 * id + 3] = (u32)(s32)a;
	out[12 * id + 4] = (u32)__builtin_fabs(a);
	out[12 * id + 5] = bits32((float)a);
	put64(out, 12 * id + 6, (double)in[2 * id]);
	put64(out, 12 * id + 8, (double)(s64)IN64(2 * id));
	out[12 * id + 10] = (u32)((u64)(__builtin_fabs(a) * 1048576.0) >> 16);
	out[12 * id + 11] = (a < (double)in[2 * id]) | (a == a) << 1;
}

KERNEL(f64_round, 64)
{
	u32 id = ID(64);
	double a = TAME64(2 * id);

	put64(out, 8 * id, __builtin_floor(a));
	put64(out, 8 * id + 2, __builtin_trunc(a));
	put64(out, 8 * id + 4, __builtin_rint(a));
	put64(out, 8 * id + 6, a < 0 ? -a : __builtin_ceil(a));
}

KERNEL(f16_arith, 64)
{
	u32 id = ID(64);
	_Float16 a = AS(_Float16, (u16)in[2 * id]), b = AS(_Float16, (u16)(in[2 * id] >> 16));

	out[4 * id] = bits16((_Float16)(a + b)) | bits16((_Float16)(a * b)) << 16;
	out[4 * id + 1] = bits16((_Float16)(a - b));
	out[4 * id + 2] = (a < b) | (a == b) << 1 | (a >= b) << 2;
	out[4 * id + 3] = bits16((_Float16)-a);
}

typedef _Float16 pair __attribute__((vector_size(4)));

KERNEL(f16_pairs, 64)
{
	u32 id = ID(64);
	pair a = AS(pair, in[3 * id]), b = AS(pair, in[3 * id + 1]), sum = a + b, product = a * b;

	out[2 * id] = bits16(sum[0]) | bits16(sum[1]) << 16;
	out[2 * id + 1] = bits16(product[0]) | bits16(product[1]) << 16;
}

KERNEL(f16_convert, 64)
{
	u32 id = ID(64);

	out[4 * id] = bits16((_Float16)TAME(id));
	out[4 * id + 1] = bits16((_Float16)F32(id));
	out[4 * id + 2] = bits32((float)AS(_Float16, (u16)in[id]));
	out[4 * id + 3] = bits16((_Float16)(s16)in[id]);
}

KERNEL(f_scale, 64)
{
	u32 id = ID(64);
	float a = TAME(2 * id);
	int power = (int)(in[2 * id + 1] % 300) - 150;

	/* Powers of two by their bits, in steps that stay exact. */
	for (; power > 0; power -= 10)
		a *= 1024.0f;
	for (; power < 0; power += 10)
		a *= 1.0f / 1024.0f;
	out[id] = bits32(a);
}
