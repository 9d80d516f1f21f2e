/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MEM_STREAM_H
#define VKFD_DEVICE_MEM_STREAM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copies of many scattered pages. A CPU guesses what comes next only inside a
 * page, so each copy is told of a later one, and fetches it meanwhile. What
 * is too large for the caches anyway is stored past them: a plain store would
 * first read the line it is about to replace.
 */
struct mem_stream {
	void *dst;
	const void *src;
	size_t len;
};

/* The piece to name as @next is this many after the current one: measured. */
#define MEM_STREAM_AHEAD 3u

/**
 * mem_stream_copy() - Copy one piece
 * @piece:	Source and destination do not overlap.
 * @next:	A later piece, or NULL. Only a hint, never accessed.
 * @past_caches: The whole transfer does not fit the caches.
 *
 * Stores may become visible late and in any order until mem_stream_end().
 */
void mem_stream_copy(const struct mem_stream *piece, const struct mem_stream *next, bool past_caches);

/* All pieces copied by this thread are visible before anything it stores later. */
void mem_stream_end(void);

#endif
