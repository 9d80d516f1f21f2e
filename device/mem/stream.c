// SPDX-License-Identifier: MIT
/*
 * Ways to copy a page, chosen by what the CPU has, measured with pages that
 * fit the third-level cache and pages that do not, with idle and busy
 * neighbours: the CPU's own string copy suffers least from neighbours, whole
 * lines stored past the caches need fewest trips to memory.
 */
#include "mem/stream.h"

#include <stdint.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#include <sys/platform/x86.h>

#define LINE	  64ul
#define MIN_BYTES 2048u	 /* below, fetching ahead does not pay */
#define MAX_BYTES 16384u /* above, the CPU's own guess is good */
#define AHEAD	  3u	 /* pieces */
#define GROUP	  4u	 /* lines in flight at once */

/* Whole groups of lines of one piece; @next: a source to fetch meanwhile, or 0. */
typedef void copy_groups(uint8_t *dst, const uint8_t *src, size_t groups, uintptr_t next);

static inline __attribute__((always_inline)) void fetch_group(uintptr_t next)
{
	for (size_t i = 0; i < GROUP; i++)
		_mm_prefetch((const char *)(next + i * LINE), _MM_HINT_T0);
}

/* Past the caches, with the registers every x86-64 has or with larger ones. */
#define PAST(name, isa, vector, load, store)                                              \
	__attribute__((target(isa))) static void name(uint8_t *dst, const uint8_t *src,   \
						      size_t groups, uintptr_t next)      \
	{                                                                                 \
		for (; groups; groups--) {                                                \
			vector part[GROUP * LINE / sizeof(vector)];                       \
			const size_t nr = sizeof(part) / sizeof(part[0]);                 \
                                                                                          \
			if (next)                                                         \
				fetch_group(next);                                        \
			for (size_t i = 0; i < nr; i++)                                   \
				part[i] = load((const vector *)src + i);                  \
			for (size_t i = 0; i < nr; i++)                                   \
				store((vector *)dst + i, part[i]);                        \
			dst += sizeof(part);                                              \
			src += sizeof(part);                                              \
			next += next ? sizeof(part) : 0;                                  \
		}                                                                         \
	}

PAST(past_16, "sse2", __m128i, _mm_loadu_si128, _mm_stream_si128)
PAST(past_32, "avx2", __m256i, _mm256_loadu_si256, _mm256_stream_si256)
PAST(past_64, "avx512f", __m512i, _mm512_loadu_si512, _mm512_stream_si512)

static void cached(uint8_t *dst, const uint8_t *src, size_t groups, uintptr_t next)
{
	size_t len = groups * GROUP * LINE;

	for (size_t i = 0; next && i < groups; i++)
		fetch_group(next + i * GROUP * LINE);
	if (CPU_FEATURE_ACTIVE(ERMS))
		__asm__ volatile("rep movsb" : "+D"(dst), "+S"(src), "+c"(len) : : "memory");
	else
		memcpy(dst, src, len);
}

static copy_groups *choose(bool past_caches)
{
	if (!past_caches)
		return cached;
	if (CPU_FEATURE_ACTIVE(AVX512F))
		return past_64;
	return CPU_FEATURE_ACTIVE(AVX2) ? past_32 : past_16;
}

/* What to fetch while piece @i is copied: nothing where the CPU guesses it. */
static uintptr_t next_of(const struct mem_stream *piece, size_t i, size_t nr)
{
	const uint8_t *src = piece[i].src;

	if (nr - i <= AHEAD || src + piece[i].len == piece[i + 1].src)
		return 0;
	return (uintptr_t)piece[i + AHEAD].src;
}

void mem_stream_copy(const struct mem_stream *piece, size_t nr, bool past_caches)
{
	copy_groups *copy = choose(past_caches);

	for (size_t i = 0; i < nr; i++) {
		uint8_t *dst = piece[i].dst;
		const uint8_t *src = piece[i].src;
		size_t len = piece[i].len, whole = 0;

		if (len >= MIN_BYTES && len <= MAX_BYTES && !((uintptr_t)dst % LINE)) {
			whole = len - len % (GROUP * LINE);
			copy(dst, src, len / (GROUP * LINE), next_of(piece, i, nr));
		}
		if (whole < len)
			memcpy(dst + whole, src + whole, len - whole);
	}
	_mm_sfence();
}
#else
void mem_stream_copy(const struct mem_stream *piece, size_t nr, bool past_caches)
{
	(void)past_caches;
	for (size_t i = 0; i < nr; i++)
		memcpy(piece[i].dst, piece[i].src, piece[i].len);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}
#endif
