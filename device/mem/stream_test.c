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

static void stream_copies_what_memcpy_does(void **state)
{
	static uint8_t src[ROOM], dst[ROOM], model[ROOM];

	(void)state;
	srandom(11);
	for (int round = 0; round < 20000; round++) {
		size_t from = (size_t)random() % 128, to = (size_t)random() % 128;
		size_t len = (size_t)random() % (round % 4 ? 300 : ROOM - 128);
		struct mem_stream piece = { dst + to, src + from, len };
		struct mem_stream next = { dst, src, len };

		src[(size_t)random() % ROOM] = (uint8_t)random();
		mem_stream_copy(&piece, round % 3 ? &next : NULL, round % 8 < 4);
		mem_stream_end();
		memcpy(model + to, src + from, len);
		assert_memory_equal(dst, model, ROOM);
	}
}

static void stream_hint_is_never_accessed(void **state)
{
	static uint8_t src[4096], dst[4096];
	const struct mem_stream piece = { dst, src, sizeof(src) };
	const struct mem_stream end = { (void *)UINTPTR_MAX, (const void *)UINTPTR_MAX, 4096 };
	const struct mem_stream nowhere = { NULL, (const void *)1, 4096 };

	(void)state;
	memset(src, 7, sizeof(src));
	mem_stream_copy(&piece, &end, true);
	mem_stream_copy(&piece, &end, false);
	mem_stream_copy(&piece, &nowhere, true);
	mem_stream_copy(&piece, &nowhere, false);
	mem_stream_end();
	assert_memory_equal(dst, src, sizeof(src));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stream_copies_what_memcpy_does),
		cmocka_unit_test(stream_hint_is_never_accessed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
