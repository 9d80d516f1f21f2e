/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_F16_VECTOR_H
#define VKFD_DEVICE_ISA_F16_VECTOR_H

/*
 * The commonest rows of half precision with the host's own conversions (F16C): a
 * third of the work of lane_f16.h, same bits. Only for whole waves without NaN
 * results and with denormals on, which the host does as the GPU does; everything
 * else is left to the lane functions, as is all of it where the unit that includes
 * this has no F16C. Results are rounded in the host's mode, which valu_run() set for f16.
 */
#if !defined(__F16C__) || !defined(__AVX2__)

#define f16_vector_row(io, id) false

#else

#include <immintrin.h>
#include "isa/lane_f16.h"
#include "isa/op_id.h"
#include "isa/valu_unit.h"

#define F16_VECTOR	8u

/* One half of each of eight dwords, as single. */
LANE_INLINE __m256 f16_vector(const u32 *src, bool high)
{
	__m256i x = _mm256_load_si256((const __m256i *)src);

	x = high ? _mm256_srli_epi32(x, 16) : _mm256_and_si256(x, _mm256_set1_epi32(0xffff));
	return _mm256_cvtph_ps(_mm_packus_epi32(_mm256_castsi256_si128(x),
						_mm256_extracti128_si256(x, 1)));
}

/* Four doubles, rounded to odd, as single: see f32_odd(). */
LANE_INLINE __m128 f16_odd(__m256d sum)
{
	const __m256i cut = _mm256_set1_epi64x((1LL << 29) - 1);
	__m256i bits = _mm256_castpd_si256(sum);
	__m256i jam = _mm256_add_epi64(_mm256_and_si256(bits, cut), cut);

	bits = _mm256_andnot_si256(cut, _mm256_or_si256(bits, jam));
	return _mm256_cvtpd_ps(_mm256_castsi256_pd(bits));
}

/* The product is exact in single. */
LANE_INLINE __m256 f16_fused(__m256 a, __m256 b, __m256 c)
{
	__m256 product = _mm256_mul_ps(a, b);
	__m128 low = f16_odd(_mm256_add_pd(_mm256_cvtps_pd(_mm256_castps256_ps128(product)),
					   _mm256_cvtps_pd(_mm256_castps256_ps128(c))));
	__m128 high = f16_odd(_mm256_add_pd(_mm256_cvtps_pd(_mm256_extractf128_ps(product, 1)),
					    _mm256_cvtps_pd(_mm256_extractf128_ps(c, 1))));

	return _mm256_insertf128_ps(_mm256_castps128_ps256(low), high, 1);
}

enum f16_vector_op { F16_NONE, F16_ADD, F16_SUB, F16_SUBREV, F16_MUL, F16_FMA };

LANE_INLINE __m256 f16_vector_run(enum f16_vector_op op, const struct valu_io *io, unsigned int i, bool high)
{
	__m256 a = f16_vector((const u32 *)io->src[0] + i, high);
	__m256 b = f16_vector((const u32 *)io->src[1] + i, high);

	switch (op) {
	case F16_ADD:
		return _mm256_add_ps(a, b);
	case F16_SUB:
		return _mm256_sub_ps(a, b);
	case F16_SUBREV:
		return _mm256_sub_ps(b, a);
	case F16_MUL:
		return _mm256_mul_ps(a, b);
	default:
		return f16_fused(a, b, f16_vector((const u32 *)io->src[2] + i, high));
	}
}

/* False: some result is not a number, and nothing was written. */
LANE_INLINE bool f16_vector_loop(enum f16_vector_op op, const struct valu_io *io, bool packed)
{
	u32 out[WAVE_LANES] __attribute__((aligned(64)));
	__m256 odd = _mm256_setzero_ps();

	for (unsigned int i = 0; i < WAVE_LANES; i += F16_VECTOR) {
		__m256 r = f16_vector_run(op, io, i, false);
		__m256i bits = _mm256_cvtepu16_epi32(_mm256_cvtps_ph(r, _MM_FROUND_CUR_DIRECTION));

		odd = _mm256_or_ps(odd, _mm256_cmp_ps(r, r, _CMP_UNORD_Q));
		if (packed) {
			r = f16_vector_run(op, io, i, true);
			odd = _mm256_or_ps(odd, _mm256_cmp_ps(r, r, _CMP_UNORD_Q));
			bits = _mm256_or_si256(bits, _mm256_slli_epi32(_mm256_cvtepu16_epi32(
				_mm256_cvtps_ph(r, _MM_FROUND_CUR_DIRECTION)), 16));
		}
		_mm256_store_si256((__m256i *)(out + i), bits);
	}
	if (_mm256_movemask_ps(odd))
		return false;
	__builtin_memcpy(io->dst, out, sizeof(out));
	return true;
}

/* By a row known at compile time. False: not done, the lane function has to. */
LANE_INLINE bool f16_vector_row(const struct valu_io *io, unsigned int id)
{
	bool packed = id == ISA_OP_v_pk_add_f16 || id == ISA_OP_v_pk_mul_f16 ||
		      id == ISA_OP_v_pk_fma_f16 || id == ISA_OP_v_pk_fmac_f16;
	enum f16_vector_op op = F16_NONE;

	if (id == ISA_OP_v_add_f16 || id == ISA_OP_v_pk_add_f16)
		op = F16_ADD;
	else if (id == ISA_OP_v_sub_f16)
		op = F16_SUB;
	else if (id == ISA_OP_v_subrev_f16)
		op = F16_SUBREV;
	else if (id == ISA_OP_v_mul_f16 || id == ISA_OP_v_pk_mul_f16)
		op = F16_MUL;
	else if (id == ISA_OP_v_fma_f16 || id == ISA_OP_v_pk_fma_f16 || id == ISA_OP_v_pk_fmac_f16)
		op = F16_FMA;
	if (op == F16_NONE || io->fp.flush16_in || io->fp.flush16_out || io->fp.fp16_ovfl)
		return false;
	return f16_vector_loop(op, io, packed);
}

#endif

#endif
