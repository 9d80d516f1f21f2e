/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_LANE_H
#define VKFD_DEVICE_ISA_LANE_H

#include "isa/valu.h"

/*
 * DOC: lane functions
 *
 * lane_<fn>(fp, a, b, c) is what a row of vop*.def does to one lane: a pure
 * function of bits, without branches where the compiler could not turn them into
 * selects, so that the loop over 64 lanes becomes vector code. 16-bit operands
 * arrive in the low half with garbage above; 16-bit results leave the high half 0.
 *
 * Host arithmetic is used in the host's rounding mode, which valu_run() sets
 * from MODE, and always with denormals on; flushing is explicit. NaN results are
 * chosen here, never by the host, whose choice depends on operand order.
 */
#define LANE_INLINE static inline __attribute__((always_inline, unused))

#define LANE(type, name, ta, tb, tc)						\
	LANE_INLINE type lane_##name(const struct valu_fp *fp __attribute__((unused)), \
				     ta a __attribute__((unused)),		\
				     tb b __attribute__((unused)),		\
				     tc c __attribute__((unused)))
#define LANE32(name) LANE(u32, name, u32, u32, u32)
#define LANE64(name) LANE(u64, name, u64, u64, u64)
/* A lane function with a second result of one bit: carry, or "was scaled". */
#define LANE_OUT(type, name, ta, tb, tc)					\
	LANE_INLINE type lane_##name(const struct valu_fp *fp __attribute__((unused)), \
				     ta a, tb b, tc c __attribute__((unused)), u32 *out)

LANE_INLINE float f32_of(u32 bits)
{
	float f;

	__builtin_memcpy(&f, &bits, sizeof(f));
	return f;
}

LANE_INLINE u32 f32_bits(float f)
{
	u32 bits;

	__builtin_memcpy(&bits, &f, sizeof(bits));
	return bits;
}

LANE_INLINE double f64_of(u64 bits)
{
	double f;

	__builtin_memcpy(&f, &bits, sizeof(f));
	return f;
}

LANE_INLINE u64 f64_bits(double f)
{
	u64 bits;

	__builtin_memcpy(&bits, &f, sizeof(bits));
	return bits;
}

/* All ones or none: a select that the compiler never makes a branch of. */
LANE_INLINE u32 lane_mask(u32 on)
{
	return on ? ~0u : 0;
}

#define F32_SIGN	0x80000000u
#define F32_ABS		0x7fffffffu
#define F32_INF		0x7f800000u
#define F32_QUIET	0x00400000u
#define F32_NAN		0xffc00000u	/* of an invalid operation: v_div_fixup's 0 / 0 */
#define F32_ONE		0x3f800000u
#define F64_SIGN	0x8000000000000000ULL
#define F64_ABS		0x7fffffffffffffffULL
#define F64_INF		0x7ff0000000000000ULL
#define F64_QUIET	0x0008000000000000ULL
#define F64_NAN		0xfff8000000000000ULL
#define F16_SIGN	0x8000u
#define F16_ABS		0x7fffu
#define F16_INF		0x7c00u
#define F16_MAX		0x7bffu
#define F16_QUIET	0x0200u
#define F16_NAN		0xfe00u

LANE_INLINE bool f32_is_nan(u32 x)
{
	return (x & F32_ABS) > F32_INF;
}

LANE_INLINE bool f64_is_nan(u64 x)
{
	return (x & F64_ABS) > F64_INF;
}

LANE_INLINE bool f16_is_nan(u32 x)
{
	return (x & F16_ABS) > F16_INF;
}

LANE_INLINE bool f32_is_snan(u32 x)
{
	return f32_is_nan(x) && !(x & F32_QUIET);
}

LANE_INLINE bool f64_is_snan(u64 x)
{
	return f64_is_nan(x) && !(x & F64_QUIET);
}

LANE_INLINE bool f16_is_snan(u32 x)
{
	return f16_is_nan(x) && !(x & F16_QUIET);
}

/* Denormals become zeros of the same sign. */
LANE_INLINE u32 f32_flush(bool on, u32 x)
{
	return on & !(x & F32_INF) ? x & F32_SIGN : x;
}

LANE_INLINE u64 f64_flush(bool on, u64 x)
{
	return on & !(x & F64_INF) ? x & F64_SIGN : x;
}

LANE_INLINE u32 f16_flush(u32 on, u32 x)
{
	return x & (lane_mask(x & F16_INF) | (on - 1) | F16_SIGN);
}

/* NaN operands win over any result, the first one first, quieted. */
LANE_INLINE u32 f32_nan1(u32 r, u32 a)
{
	r = f32_is_nan(r) ? F32_NAN : r;
	return f32_is_nan(a) ? a | F32_QUIET : r;
}

LANE_INLINE u32 f32_nan2(u32 r, u32 a, u32 b)
{
	r = f32_is_nan(r) ? F32_NAN : r;
	r = f32_is_nan(b) ? b | F32_QUIET : r;
	return f32_is_nan(a) ? a | F32_QUIET : r;
}

LANE_INLINE u32 f32_nan3(u32 r, u32 a, u32 b, u32 c)
{
	r = f32_is_nan(r) ? F32_NAN : r;
	r = f32_is_nan(c) ? c | F32_QUIET : r;
	r = f32_is_nan(b) ? b | F32_QUIET : r;
	return f32_is_nan(a) ? a | F32_QUIET : r;
}

LANE_INLINE u64 f64_nan1(u64 r, u64 a)
{
	r = f64_is_nan(r) ? F64_NAN : r;
	return f64_is_nan(a) ? a | F64_QUIET : r;
}

LANE_INLINE u64 f64_nan2(u64 r, u64 a, u64 b)
{
	r = f64_is_nan(r) ? F64_NAN : r;
	r = f64_is_nan(b) ? b | F64_QUIET : r;
	return f64_is_nan(a) ? a | F64_QUIET : r;
}

LANE_INLINE u64 f64_nan3(u64 r, u64 a, u64 b, u64 c)
{
	r = f64_is_nan(r) ? F64_NAN : r;
	r = f64_is_nan(c) ? c | F64_QUIET : r;
	r = f64_is_nan(b) ? b | F64_QUIET : r;
	return f64_is_nan(a) ? a | F64_QUIET : r;
}

LANE_INLINE u32 f16_nan1(u32 r, u32 a)
{
	r = f16_is_nan(r) ? F16_NAN : r;
	return f16_is_nan(a) ? (a & 0xffff) | F16_QUIET : r;
}

LANE_INLINE u32 f16_nan2(u32 r, u32 a, u32 b)
{
	r = f16_is_nan(r) ? F16_NAN : r;
	r = f16_is_nan(b) ? (b & 0xffff) | F16_QUIET : r;
	return f16_is_nan(a) ? (a & 0xffff) | F16_QUIET : r;
}

LANE_INLINE u32 f16_nan3(u32 r, u32 a, u32 b, u32 c)
{
	r = f16_is_nan(r) ? F16_NAN : r;
	r = f16_is_nan(c) ? (c & 0xffff) | F16_QUIET : r;
	r = f16_is_nan(b) ? (b & 0xffff) | F16_QUIET : r;
	return f16_is_nan(a) ? (a & 0xffff) | F16_QUIET : r;
}

#endif
