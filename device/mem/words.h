/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MEM_WORDS_H
#define VKFD_DEVICE_MEM_WORDS_H

#include <stddef.h>
#include "mem/mem_status.h"

/*
 * Copies between memory that others write at the same time and memory that is
 * the caller's own. Each naturally aligned 2, 4 or 8 bytes of the shared side
 * are one access, done once, lowest address first: what lanes of a wave are
 * promised and memcpy() does not promise.
 */
void mem_words_load(void *dst, const void *shared, size_t len);
void mem_words_store(void *shared, const void *src, size_t len);

#endif
