// SPDX-License-Identifier: MIT
/*
 * Word-wise copies. memcpy() may read a byte twice or write it twice: a store
 * done twice would undo what a vCPU stored between the two.
 */
#include "mem/words.h"

#include <string.h>

/* The widest natural access at @shared that @len has room for. */
static size_t width(const void *shared, size_t len)
{
	uintptr_t at = (uintptr_t)shared;

	if (len >= 8 && !(at & 7))
		return 8;
	if (len >= 4 && !(at & 3))
		return 4;
	return len >= 2 && !(at & 1) ? 2 : 1;
}

#define LOAD(type)                                                                   \
	do {                                                                         \
		type word = __atomic_load_n((const type *)shared, __ATOMIC_ACQUIRE); \
		memcpy(dst, &word, sizeof(word));                                    \
	} while (0)

static void load_one(void *dst, const void *shared, size_t bytes)
{
	switch (bytes) {
	case 8:
		LOAD(u64);
		break;
	case 4:
		LOAD(u32);
		break;
	case 2:
		LOAD(u16);
		break;
	default:
		LOAD(u8);
		break;
	}
}

void mem_words_load(void *dst, const void *shared, size_t len)
{
	const u8 *from = shared;
	u8 *to = dst;

	while (len) {
		size_t step = width(from, len);

		for (; step == 8 && len >= 16; from += 8, to += 8, len -= 8)
			load_one(to, from, 8);
		load_one(to, from, step);
		from += step;
		to += step;
		len -= step;
	}
}

#define STORE(type)                                                          \
	do {                                                                 \
		type word;                                                   \
		memcpy(&word, src, sizeof(word));                            \
		__atomic_store_n((type *)shared, word, __ATOMIC_RELEASE);    \
	} while (0)

static void store_one(void *shared, const void *src, size_t bytes)
{
	switch (bytes) {
	case 8:
		STORE(u64);
		break;
	case 4:
		STORE(u32);
		break;
	case 2:
		STORE(u16);
		break;
	default:
		STORE(u8);
		break;
	}
}

void mem_words_store(void *shared, const void *src, size_t len)
{
	const u8 *from = src;
	u8 *to = shared;

	while (len) {
		size_t step = width(to, len);

		for (; step == 8 && len >= 16; from += 8, to += 8, len -= 8)
			store_one(to, from, 8);
		store_one(to, from, step);
		from += step;
		to += step;
		len -= step;
	}
}
