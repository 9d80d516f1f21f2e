// SPDX-License-Identifier: MIT
/*
 * gcc's -fsanitize-coverage=trace-pc calls this at every basic block. The map
 * is shared by all threads without order: a lost mark costs nothing. Built
 * without instrumentation, or it would call itself.
 */
#include "util/fuzz.h"

uint8_t fuzz_map[FUZZ_MAP_BYTES];

void __sanitizer_cov_trace_pc(void);

__attribute__((no_sanitize("thread", "address", "undefined"))) void __sanitizer_cov_trace_pc(void)
{
	/* Relative to this function, so that address randomisation changes nothing. */
	uint64_t place = (uint64_t)__builtin_return_address(0) - (uint64_t)&__sanitizer_cov_trace_pc;

	fuzz_map[(place * 0x9e3779b97f4a7c15ull) >> 48] = 1;
}
