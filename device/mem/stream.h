/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MEM_STREAM_H
#define VKFD_DEVICE_MEM_STREAM_H

#include <stddef.h>

/*
 * Copies of many scattered pages. A CPU fetches ahead only inside a page, and
 * a plain store reads the line it is about to replace; both cost more than the
 * copy itself once the data no longer fits its caches. So the pieces are stored
 * past the caches, and each fetches the source of the piece after it.
 */

/**
 * mem_stream_copy() - Copy one piece
 * @dst:  Does not overlap @src.
 * @src:  Source.
 * @len:  Length.
 * @next: Source of the next piece of the same length, or NULL. Only a hint:
 *	  never accessed, so it may be anything.
 *
 * Stores may become visible late and in any order until mem_stream_end().
 */
void mem_stream_copy(void *dst, const void *src, size_t len, const void *next);

/* All pieces copied by this thread are visible before anything it stores later. */
void mem_stream_end(void);

#endif
