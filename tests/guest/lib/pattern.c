// SPDX-License-Identifier: MIT
/* Data that shows where it came from: no two words of a buffer are equal. */
#include "pattern.h"

#include <string.h>

u64 pattern_word(u64 seed, size_t offset)
{
	u64 z = (seed ^ offset) * 0x9e3779b97f4a7c15ull;

	return z ^ (z >> 29) ^ offset;
}

void pattern_fill(void *addr, size_t bytes, u64 seed)
{
	char *p = addr;

	for (size_t i = 0; i < bytes; i += sizeof(u64)) {
		u64 word = pattern_word(seed, i);
		size_t left = bytes - i;

		memcpy(p + i, &word, left < sizeof(word) ? left : sizeof(word));
	}
}

size_t pattern_mismatch(const void *addr, size_t bytes, u64 seed)
{
	const char *p = addr;

	for (size_t i = 0; i < bytes; i += sizeof(u64)) {
		u64 word = pattern_word(seed, i);
		size_t len = bytes - i < sizeof(word) ? bytes - i : sizeof(word);

		if (memcmp(p + i, &word, len))
			return i;
	}
	return PATTERN_OK;
}

void pattern_check(const void *addr, size_t bytes, u64 seed)
{
	size_t at = pattern_mismatch(addr, bytes, seed);
	u64 found = 0;

	if (at == PATTERN_OK)
		return;
	memcpy(&found, (const char *)addr + at, bytes - at < 8 ? bytes - at : 8);
	fail_test("page %zu of %zu at %p: byte offset %zu holds 0x%016llx, expected 0x%016llx",
		  at / PAGE, (bytes + PAGE - 1) / PAGE, addr, at, (unsigned long long)found,
		  (unsigned long long)pattern_word(seed, at));
}

void bytes_check(const void *addr, size_t bytes, unsigned char value)
{
	const unsigned char *p = addr;

	for (size_t i = 0; i < bytes; i++)
		if (p[i] != value)
			fail_test("page %zu at %p: byte offset %zu is 0x%02x, expected 0x%02x",
				  i / PAGE, addr, i, p[i], value);
}
