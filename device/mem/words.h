/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MEM_WORDS_H
#define VKFD_DEVICE_MEM_WORDS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "mem/mem_status.h"

/*
 * Copies between memory that others write at the same time and memory that is
 * the caller's own. Each naturally aligned 2, 4 or 8 bytes of the shared side
 * are one access, done once, lowest address first: what lanes of a wave are
 * promised and memcpy() does not promise.
 */
void mem_words_load(void *dst, const void *shared, size_t len);
void mem_words_store(void *shared, const void *src, size_t len);

/* The same, for pieces that are mostly a dword. */
static inline void mem_lane_load(void *dst, const void *shared, size_t len)
{
	u32 word;

	if (len != 4 || (uintptr_t)shared & 3) {
		mem_words_load(dst, shared, len);
		return;
	}
	word = __atomic_load_n((const u32 *)shared, __ATOMIC_ACQUIRE);
	memcpy(dst, &word, sizeof(word));
}

static inline void mem_lane_store(void *shared, const void *src, size_t len)
{
	u32 word;

	if (len != 4 || (uintptr_t)shared & 3) {
		mem_words_store(shared, src, len);
		return;
	}
	memcpy(&word, src, sizeof(word));
	__atomic_store_n((u32 *)shared, word, __ATOMIC_RELEASE);
}

#endif
