/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MEM_STREAM_H
#define VKFD_DEVICE_MEM_STREAM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copies of many scattered pages. A CPU guesses what comes next only inside a
 * page, so later pieces are fetched while one is copied. What is too large for
 * the caches anyway is stored past them: a plain store would first read the
 * line it is about to replace.
 */
struct mem_stream {
	void *dst;
	const void *src;
	size_t len;
};

/**
 * mem_stream_copy() - Copy pieces, in order
 * @piece:	@nr of them. Source and destination of one do not overlap.
 * @past_caches: The whole transfer does not fit the caches.
 *
 * All is visible before anything this thread stores later.
 */
void mem_stream_copy(const struct mem_stream *piece, size_t nr, bool past_caches);

#endif
