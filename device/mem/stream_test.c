// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "mem/stream.h"

#define ROOM 24576u

#define PIECES 24u

/* Pieces of every length and alignment, side by side or scattered, go where memcpy puts them. */
static void stream_copies_what_memcpy_does(void **state)
{
	static uint8_t src[PIECES * ROOM], dst[PIECES * ROOM], model[PIECES * ROOM];
	struct mem_stream piece[PIECES];

	(void)state;
	srandom(11);
	for (int round = 0; round < 400; round++) {
		size_t nr = 1 + (size_t)random() % PIECES;

		for (size_t i = 0; i < nr; i++) {
			size_t slot = round % 2 ? i : nr - 1 - i;
			size_t len = (size_t)random() % (random() % 2 ? 300 : ROOM - 128);
			uint8_t *from = src + slot * ROOM + random() % 128;
			size_t to = i * ROOM + (size_t)(random() % 4 * 64 + random() % 2);

			if (random() % 2)
				len = 4096;
			if (i && random() % 2)
				from = (uint8_t *)(uintptr_t)piece[i - 1].src + piece[i - 1].len;
			if ((size_t)(from - src) + len > sizeof(src))
				from = src;
			from[len / 2] = (uint8_t)random();
			piece[i] = (struct mem_stream){ dst + to, from, len };
		}
		for (size_t i = 0; i < nr; i++)
			memcpy(model + ((uint8_t *)piece[i].dst - dst), piece[i].src, piece[i].len);
		mem_stream_copy(piece, nr, random() % 2);
		assert_memory_equal(dst, model, sizeof(dst));
	}
}

/* Fetching ahead stays inside the list: nothing behind the last piece is touched. */
static void stream_reads_no_piece_behind_the_last(void **state)
{
	static uint8_t src[4 * 4096], dst[4 * 4096];
	/* Under ASan, a read of piece 4 is an error. */
	struct mem_stream *piece = malloc(4 * sizeof(*piece));

	(void)state;
	assert_non_null(piece);
	memset(src, 7, sizeof(src));
	for (size_t i = 0; i < 4; i++)
		piece[i] = (struct mem_stream){ dst + i * 4096, src + (3 - i) * 4096, 4096 };
	mem_stream_copy(piece, 4, true);
	memset(src, 8, sizeof(src));
	assert_int_equal(dst[sizeof(dst) - 1], 7);
	mem_stream_copy(piece, 4, false);
	assert_memory_equal(dst, src, sizeof(dst));
	mem_stream_copy(piece, 0, false);
	free(piece);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stream_copies_what_memcpy_does),
		cmocka_unit_test(stream_reads_no_piece_behind_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
