/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MEM_HELPER_H
#define VKFD_DEVICE_MEM_HELPER_H

#include "mem/stream.h"

/*
 * A second thread for large batches of copies: one CPU alone cannot keep
 * enough of memory's requests in flight for pages that are scattered. It takes
 * parts of a batch as the caller does, so a caller never waits for one that
 * has not come; it does wait for the part that the helper is at.
 */
struct mem_helper;

/* NULL without memory. The thread starts with the first large batch. */
struct mem_helper *mem_helper_create(void);
void mem_helper_destroy(struct mem_helper *helper);

/**
 * mem_helper_copy() - Copy pieces, with help if that pays and the helper is free
 *
 * As mem_stream_copy(), but in any order: of pieces whose destinations
 * overlap, any may win. Nobody touches them after the return.
 *
 * Context: any thread, any number of them.
 */
void mem_helper_copy(struct mem_helper *helper, const struct mem_stream *piece, size_t nr,
		     bool past_caches);

#endif
