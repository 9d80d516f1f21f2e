// SPDX-License-Identifier: MIT
#include "mem/stream.h"

#include <stdint.h>
#include <string.h>

#define LINE	  64u
#define WORTH_IT 2048u /* below, the data is better off in the caches */

#ifdef __x86_64__
#include <emmintrin.h>

static void stream_line(uint8_t *dst, const uint8_t *src)
{
	__m128i a = _mm_loadu_si128((const __m128i *)src);
	__m128i b = _mm_loadu_si128((const __m128i *)(src + 16));
	__m128i c = _mm_loadu_si128((const __m128i *)(src + 32));
	__m128i d = _mm_loadu_si128((const __m128i *)(src + 48));

	_mm_stream_si128((__m128i *)dst, a);
	_mm_stream_si128((__m128i *)(dst + 16), b);
	_mm_stream_si128((__m128i *)(dst + 32), c);
	_mm_stream_si128((__m128i *)(dst + 48), d);
}

void mem_stream_end(void)
{
	_mm_sfence();
}
#else
static void stream_line(uint8_t *dst, const uint8_t *src)
{
	memcpy(dst, src, LINE);
}

void mem_stream_end(void)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
}
#endif

void mem_stream_copy(void *dst, const void *src, size_t len, const void *next)
{
	/* As integers: the hint need not point at an object. */
	uintptr_t ahead = (uintptr_t)next;
	uint8_t *to = dst;
	const uint8_t *from = src;

	/* Stores past the caches want alignment; pages have it. */
	if ((uintptr_t)dst % 16 || len < WORTH_IT) {
		memcpy(dst, src, len);
		return;
	}
	while (len >= LINE) {
		if (next)
			__builtin_prefetch((const void *)ahead);
		stream_line(to, from);
		ahead += LINE;
		to += LINE;
		from += LINE;
		len -= LINE;
	}
	memcpy(to, from, len);
}
