/* SPDX-License-Identifier: MIT */
#ifndef GUEST_PATTERN_H
#define GUEST_PATTERN_H

#include <stddef.h>
#include "harness.h"

#define PATTERN_OK ((size_t)-1)

/* Each 8-byte word is different and depends on its place and @seed. */
void pattern_fill(void *addr, size_t bytes, u64 seed);
/** pattern_mismatch() - offset of the first wrong byte, or PATTERN_OK; for child processes */
size_t pattern_mismatch(const void *addr, size_t bytes, u64 seed);
/** pattern_check() - fails the test with page, offset and both words at the first difference */
void pattern_check(const void *addr, size_t bytes, u64 seed);
/** bytes_check() - fails the test unless every byte is @value */
void bytes_check(const void *addr, size_t bytes, unsigned char value);
/* The word that pattern_fill() puts at @offset (a multiple of 8). */
u64 pattern_word(u64 seed, size_t offset);

#endif
