/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_UTIL_FUZZ_H
#define VKFD_DEVICE_UTIL_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* What a *_fuzz.c defines. Must not keep state from one call to the next. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Which code ran since the last clear, one byte a place (util/fuzz_coverage.c). */
#define FUZZ_MAP_BYTES 65536u
extern uint8_t fuzz_map[FUZZ_MAP_BYTES];

#endif
