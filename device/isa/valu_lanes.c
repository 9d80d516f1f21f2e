// SPDX-License-Identifier: MIT
/*
 * The loops over 64 lanes: one per row of vop*.def, made from the row's shape, types
 * and lane function. Compiled for plain hosts from here, and included by
 * valu_lanes_avx2.c and valu_lanes_avx512.c, which device/Makefile compiles for
 * those units. Nothing here depends on the unit but its speed.
 */
#include "isa/lane_cmp.h"
#include "isa/lane_cvt.h"
#include "isa/f16_vector.h"
#include "isa/lane_div.h"
#include "isa/lane_int16.h"
#include "isa/lane_math.h"
#include "isa/op_id.h"
#include "isa/valu_unit.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#ifndef VALU_UNIT
#define VALU_UNIT	valu_unit_base
#define VALU_NAME	"baseline"
#endif

/* Lanes do not meet, also where dst is a source: the loop may be vectorised. */
#define EACH_LANE _Pragma("GCC ivdep") for (unsigned int i = 0; i < WAVE_LANES; i++)
#define ALIGNED(p)	__builtin_assume_aligned(p, 64)

/* Element i of source n, by operand type. */
#define GET32(n)	(((const u32 *)ALIGNED(io->src[n]))[i])
#define GET64(n)	(((const u64 *)ALIGNED(io->src[n]))[i])
#define GET_NONE(n)	0
#define GET_B16		GET32
#define GET_U16		GET32
#define GET_I16		GET32
#define GET_F16		GET32
#define GET_B32		GET32
#define GET_U32		GET32
#define GET_I32		GET32
#define GET_F32		GET32
#define GET_V2F16	GET32
#define GET_V2I16	GET32
#define GET_V2U16	GET32
#define GET_B64		GET64
#define GET_U64		GET64
#define GET_I64		GET64
#define GET_F64		GET64
#define GET_V2F32	GET64
#define GET_V2B32	GET64

#define PUT32		((u32 *)ALIGNED(io->dst))[i]
#define PUT64		((u64 *)ALIGNED(io->dst))[i]
#define PUT_B16		PUT32
#define PUT_U16		PUT32
#define PUT_I16		PUT32
#define PUT_F16		PUT32
#define PUT_B32		PUT32
#define PUT_U32		PUT32
#define PUT_I32		PUT32
#define PUT_F32		PUT32
#define PUT_V2F16	PUT32
#define PUT_V2I16	PUT32
#define PUT_V2U16	PUT32
#define PUT_B64		PUT64
#define PUT_U64		PUT64
#define PUT_I64		PUT64
#define PUT_F64		PUT64
#define PUT_V2F32	PUT64
#define PUT_V2B32	PUT64

/* Lane i's bit of @mask as 0 or 1. */
LANE_INLINE void mask_expand(u32 *dst, u64 mask)
{
	u32 low = (u32)mask, high = (u32)(mask >> 32);

	for (unsigned int i = 0; i < 32; i++)
		dst[i] = low >> i & 1;
	for (unsigned int i = 0; i < 32; i++)
		dst[32 + i] = high >> i & 1;
}

/* The mask of 64 words that are 0 or 1. */
#if defined(__AVX512F__)
LANE_INLINE u64 mask_pack(const u32 *src)
{
	u64 mask = 0;

	for (unsigned int i = 0; i < 4; i++) {
		__m512i v = _mm512_load_si512(src + i * 16);

		mask |= (u64)_mm512_test_epi32_mask(v, v) << i * 16;
	}
	return mask;
}
#elif defined(__x86_64__)
LANE_INLINE u64 mask_pack(const u32 *src)
{
	u64 mask = 0;

	for (unsigned int i = 0; i < 16; i++) {
		__m128i v = _mm_slli_epi32(_mm_load_si128((const __m128i *)(src + i * 4)), 31);

		mask |= (u64)(u32)_mm_movemask_ps(_mm_castsi128_ps(v)) << i * 4;
	}
	return mask;
}
#else
LANE_INLINE u64 mask_pack(const u32 *src)
{
	u64 mask = 0;

	for (unsigned int i = 0; i < WAVE_LANES; i++)
		mask |= (u64)src[i] << i;
	return mask;
}
#endif

#define LOOP_BEGIN(name)						\
	static void run_##name(struct valu_io *io)			\
	{								\
		const struct valu_fp fp = io->fp;			\
		if (f16_vector_row(io, ISA_OP_##name))			\
			return;
#define LOOP_END }

#define BITS(array)	u32 array[WAVE_LANES] __attribute__((aligned(64)))

#define LOOP_PLAIN(name, d, a, b, c, fn)				\
	LOOP_BEGIN(name)						\
	EACH_LANE PUT_##d = lane_##fn(&fp, GET_##a(0), GET_##b(1), GET_##c(2)); \
	LOOP_END
/* The third argument has the type of the destination. */
#define LOOP_ACC(name, d, a, b, c, fn)		LOOP_PLAIN(name, d, a, b, d, fn)
#define LOOP_MADK(name, d, a, b, c, fn)		LOOP_PLAIN(name, d, a, b, d, fn)
#define LOOP_MADMK(name, d, a, b, c, fn)	LOOP_PLAIN(name, d, a, b, d, fn)

#define LOOP_CMP(name, d, a, b, c, fn)					\
	LOOP_BEGIN(name)						\
	BITS(out);							\
	EACH_LANE out[i] = lane_##fn(&fp, GET_##a(0), GET_##b(1), 0);	\
	io->mask_out = mask_pack(out);					\
	LOOP_END
#define LOOP_CMPX(name, d, a, b, c, fn)		LOOP_CMP(name, d, a, b, c, fn)

#define LOOP_COUT(name, d, a, b, c, fn)					\
	LOOP_BEGIN(name)						\
	BITS(out);							\
	EACH_LANE PUT_##d = lane_##fn(&fp, GET_##a(0), GET_##b(1), GET_##c(2), &out[i]); \
	io->mask_out = mask_pack(out);					\
	LOOP_END
#define LOOP_DIVSCALE(name, d, a, b, c, fn)	LOOP_COUT(name, d, a, b, c, fn)
#define LOOP_MADCOUT(name, d, a, b, c, fn)	LOOP_COUT(name, d, a, b, c, fn)

#define LOOP_CINOUT(name, d, a, b, c, fn)				\
	LOOP_BEGIN(name)						\
	BITS(in);							\
	BITS(out);							\
	mask_expand(in, io->mask_in);					\
	EACH_LANE PUT_##d = lane_##fn(&fp, GET_##a(0), GET_##b(1), in[i], &out[i]); \
	io->mask_out = mask_pack(out);					\
	LOOP_END

#define LOOP_CIN(name, d, a, b, c, fn)					\
	LOOP_BEGIN(name)						\
	BITS(in);							\
	mask_expand(in, io->mask_in);					\
	EACH_LANE PUT_##d = lane_##fn(&fp, GET_##a(0), GET_##b(1), in[i]); \
	LOOP_END

/* Most divisions are not scaled at all. */
#define LOOP_DIVFMAS(name, d, a, b, c, fn)				\
	LOOP_BEGIN(name)						\
	if (!io->mask_in) {						\
		EACH_LANE PUT_##d = lane_##fn(&fp, GET_##a(0), GET_##b(1), GET_##c(2), 0); \
		return;							\
	}								\
	for (unsigned int i = 0; i < WAVE_LANES; i++)			\
		PUT_##d = lane_##fn(&fp, GET_##a(0), GET_##b(1), GET_##c(2),	\
				    io->mask_in >> i & 1);		\
	LOOP_END

#define LOOP_CROSS(name, d, a, b, c, fn)

#define VALU(enc, opcode, name, shape, dst, src0, src1, src2, fn)	\
	LOOP_##shape(name, dst, src0, src1, src2, fn)
#include "isa/opcodes.def"

/* Shapes without a loop have no entry. */
#define ENTRY_PLAIN(name)	[ISA_OP_##name] = run_##name,
#define ENTRY_ACC(name)	ENTRY_PLAIN(name)
#define ENTRY_MADK(name)	ENTRY_PLAIN(name)
#define ENTRY_MADMK(name)	ENTRY_PLAIN(name)
#define ENTRY_CMP(name)	ENTRY_PLAIN(name)
#define ENTRY_CMPX(name)	ENTRY_PLAIN(name)
#define ENTRY_COUT(name)	ENTRY_PLAIN(name)
#define ENTRY_CINOUT(name)	ENTRY_PLAIN(name)
#define ENTRY_CIN(name)	ENTRY_PLAIN(name)
#define ENTRY_DIVSCALE(name)	ENTRY_PLAIN(name)
#define ENTRY_DIVFMAS(name)	ENTRY_PLAIN(name)
#define ENTRY_MADCOUT(name)	ENTRY_PLAIN(name)
#define ENTRY_CROSS(name)

static const valu_lanes_fn lanes[ISA_NR_OPS] = {
#define VALU(enc, opcode, name, shape, ...) ENTRY_##shape(name)
#include "isa/opcodes.def"
};

static void blend(u32 *dst, const u32 *src, u64 mask)
{
	BITS(in);

	mask_expand(in, mask);
	EACH_LANE dst[i] = in[i] ? src[i] : dst[i];
}

static void change(u32 *dst, const u32 *src, u32 and, u32 xor)
{
	EACH_LANE dst[i] = (src[i] & and) ^ xor;
}

static void change_wide(u64 *dst, const u64 *src, u64 and, u64 xor)
{
	EACH_LANE dst[i] = (src[i] & and) ^ xor;
}

static void halves(u32 *dst, const u32 *src, u32 low, u32 high)
{
	EACH_LANE dst[i] = (src[i] >> low & 0xffff) | src[i] >> high << 16;
}

static void widen(const struct valu_fp *fp, u32 *dst, const u32 *src, u32 from)
{
	const struct valu_fp mode = *fp;

	EACH_LANE dst[i] = f32_out(&mode, f16_widen(&mode, src[i] >> from & 0xffff));
}

static void join(u64 *dst, const u32 *low, const u32 *high)
{
	EACH_LANE dst[i] = low[i] | (u64)high[i] << 32;
}

static void split(u32 *low, u32 *high, const u64 *src, u64 mask)
{
	BITS(in);

	mask_expand(in, mask);
	EACH_LANE {
		low[i] = in[i] ? (u32)src[i] : low[i];
		high[i] = in[i] ? (u32)(src[i] >> 32) : high[i];
	}
}

static void addresses(u64 *va, const u32 *low, const u32 *high, u64 base)
{
	if (!high) {
		EACH_LANE va[i] = base + low[i];
		return;
	}
	EACH_LANE va[i] = base + (low[i] | (u64)high[i] << 32);
}

static u64 off_line(const u64 *va, u64 base, u32 step)
{
	BITS(out);

	EACH_LANE out[i] = va[i] != base + (u64)i * step;
	return mask_pack(out);
}

/* Bits 63:48 repeat bit 47. */
static u64 stray(const u64 *va)
{
	BITS(out);

	EACH_LANE out[i] = va[i] + (1ULL << 47) >= 1ULL << 48;
	return mask_pack(out);
}

static u64 lds_off_line(const u32 *addr, u32 base, u32 step)
{
	BITS(out);

	EACH_LANE out[i] = addr[i] != base + i * step;
	return mask_pack(out);
}

static u64 lds_addresses(u32 *addr, const u32 *from, u32 offset, u32 last)
{
	BITS(out);

	EACH_LANE {
		addr[i] = from[i] + offset;
		out[i] = addr[i] > last;
	}
	return mask_pack(out);
}

const struct valu_unit VALU_UNIT = {
	.name = VALU_NAME,
	.lanes = lanes,
	.blend = blend,
	.change = change,
	.change_wide = change_wide,
	.halves = halves,
	.widen = widen,
	.join = join,
	.split = split,
	.addresses = addresses,
	.off_line = off_line,
	.stray = stray,
	.lds_addresses = lds_addresses,
	.lds_off_line = lds_off_line,
};
