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

/* The hints are integers, because they need not point at an object. */
__attribute__((target("prfchw"))) static void lines_cached(uint8_t *dst, const uint8_t *src,
							   size_t lines, uintptr_t next_dst,
							   uintptr_t next_src)
{
	for (; lines; lines--) {
		const __m128i *from = (const __m128i *)src;
		__m128i *to = (__m128i *)dst;

		__builtin_prefetch((const void *)next_src, 0);
		__builtin_prefetch((const void *)next_dst, 1);
		_mm_store_si128(to, _mm_loadu_si128(from));
		_mm_store_si128(to + 1, _mm_loadu_si128(from + 1));
		_mm_store_si128(to + 2, _mm_loadu_si128(from + 2));
		_mm_store_si128(to + 3, _mm_loadu_si128(from + 3));
		dst += LINE;
		src += LINE;
		next_dst += LINE;
		next_src += LINE;
	}
}

static void lines_past(uint8_t *dst, const uint8_t *src, size_t lines, uintptr_t next_dst,
		       uintptr_t next_src)
{
	(void)next_dst;
	for (; lines; lines--) {
		const __m128i *from = (const __m128i *)src;
		__m128i *to = (__m128i *)dst;

		__builtin_prefetch((const void *)next_src, 0);
		_mm_stream_si128(to, _mm_loadu_si128(from));
		_mm_stream_si128(to + 1, _mm_loadu_si128(from + 1));
		_mm_stream_si128(to + 2, _mm_loadu_si128(from + 2));
		_mm_stream_si128(to + 3, _mm_loadu_si128(from + 3));
		dst += LINE;
		src += LINE;
		next_src += LINE;
	}
}

void mem_stream_copy(const struct mem_stream *piece, const struct mem_stream *next, bool past_caches)
{
	copy_lines *copy = past_caches ? lines_past : lines_cached;
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
	copy(dst, src, whole / LINE, (uintptr_t)next->dst, (uintptr_t)next->src);
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
