// SPDX-License-Identifier: MIT
#include "mem/stream.h"

#include <stdint.h>
#include <string.h>

#define MIN_BYTES 2048u	   /* below, fetching ahead does not pay */
#define MAX_BYTES 16384u   /* above, the CPU's own guess is good */

#ifdef __x86_64__
#include <immintrin.h>

#define LINE 64u

/* Lines of one piece; the tail of a line is left to the caller. */
typedef void copy_lines(uint8_t *dst, const uint8_t *src, size_t lines, uintptr_t next_dst,
			uintptr_t next_src);

/*
 * Four loops: within or past the caches, with the registers every x86-64 has
 * or with larger ones. The hints are integers: they need not point at objects.
 */
#define LINES(name, isa, vector, per_line, load, store, for_write)                               \
	__attribute__((target(isa))) static void name(uint8_t *dst, const uint8_t *src,          \
						      size_t lines, uintptr_t next_dst,          \
						      uintptr_t next_src)                        \
	{                                                                                        \
		for (; lines; lines--) {                                                         \
			const vector *from = (const vector *)src;                                \
			vector *to = (vector *)dst;                                              \
                                                                                                 \
			__builtin_prefetch((const void *)next_src, 0);                           \
			if (for_write)                                                           \
				__builtin_prefetch((const void *)next_dst, 1);                   \
			for (int i = 0; i < (per_line); i++)                                     \
				store(to + i, load(from + i));                                   \
			dst += LINE;                                                             \
			src += LINE;                                                             \
			next_dst += LINE;                                                        \
			next_src += LINE;                                                        \
		}                                                                                \
	}

LINES(cached_16, "prfchw", __m128i, 4, _mm_loadu_si128, _mm_store_si128, true)
LINES(cached_32, "avx2,prfchw", __m256i, 2, _mm256_loadu_si256, _mm256_store_si256, true)
LINES(past_16, "sse2", __m128i, 4, _mm_loadu_si128, _mm_stream_si128, false)
LINES(past_32, "avx2", __m256i, 2, _mm256_loadu_si256, _mm256_stream_si256, false)

static copy_lines *choose(const uint8_t *dst, bool past_caches)
{
	if ((uintptr_t)dst % 32 || !__builtin_cpu_supports("avx2"))
		return past_caches ? past_16 : cached_16;
	return past_caches ? past_32 : cached_32;
}

void mem_stream_copy(const struct mem_stream *piece, const struct mem_stream *next, bool past_caches)
{
	uint8_t *dst = piece->dst;
	const uint8_t *src = piece->src;
	size_t whole = piece->len / LINE * LINE;

	if (piece->len < MIN_BYTES || piece->len > MAX_BYTES || (uintptr_t)dst % 16) {
		memcpy(dst, src, piece->len);
		return;
	}
	/* Without a next one, what is fetched is here already. */
	if (!next)
		next = piece;
	choose(dst, past_caches)(dst, src, whole / LINE, (uintptr_t)next->dst, (uintptr_t)next->src);
	if (whole < piece->len)
		memcpy(dst + whole, src + whole, piece->len - whole);
}

void mem_stream_end(void)
{
	_mm_sfence();
}
#else
void mem_stream_copy(const struct mem_stream *piece, const struct mem_stream *next, bool past_caches)
{
	(void)next;
	(void)past_caches;
	memcpy(piece->dst, piece->src, piece->len);
}

void mem_stream_end(void)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
}
#endif
