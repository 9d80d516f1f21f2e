// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "mem/stream.h"

#define ROOM 8192u

static void stream_copies_what_memcpy_does(void **state)
{
	static uint8_t src[ROOM], dst[ROOM], model[ROOM];

	(void)state;
	srandom(11);
	for (int round = 0; round < 20000; round++) {
		size_t from = (size_t)random() % 128, to = (size_t)random() % 128;
		size_t len = (size_t)random() % (round % 8 ? 300 : ROOM - 128);

		src[(size_t)random() % ROOM] = (uint8_t)random();
		mem_stream_copy(dst + to, src + from, len, round % 2 ? src : NULL);
		mem_stream_end();
		memcpy(model + to, src + from, len);
		assert_memory_equal(dst, model, ROOM);
	}
}

static void stream_hint_is_never_accessed(void **state)
{
	uint8_t src[256], dst[256];

	(void)state;
	memset(src, 7, sizeof(src));
	mem_stream_copy(dst, src, sizeof(src), (const void *)UINTPTR_MAX);
	mem_stream_copy(dst, src, sizeof(src), (const void *)1);
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
