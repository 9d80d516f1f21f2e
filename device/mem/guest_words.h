/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MEM_GUEST_WORDS_H
#define VKFD_DEVICE_MEM_GUEST_WORDS_H

#include "mem/guest.h"

/*
 * All pieces or none: every piece is checked before the first byte moves, and
 * the table of regions cannot change in between. Copied as mem/words.h says, in
 * order; together at most 64 KiB. On failure *@bad is the piece that failed.
 */
enum mem_status guest_mem_load_words(struct guest_mem *mem, const struct guest_batch *batch,
				     size_t *bad);
enum mem_status guest_mem_store_words(struct guest_mem *mem, const struct guest_batch *batch,
				      size_t *bad);

#endif
