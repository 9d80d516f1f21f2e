/* SPDX-License-Identifier: MIT */
#ifndef SHIM_LINUX_SLAB_H
#define SHIM_LINUX_SLAB_H

#include <stdlib.h>

/*
 * Allocation that a test can make fail: shim_alloc_fail_at = n lets the n-th
 * one from now return NULL (1 is the next), 0 lets none. shim_alloc_live
 * counts what is not freed yet.
 */
static long shim_alloc_fail_at;
static long shim_alloc_live;

static inline void *shim_alloc(size_t bytes)
{
	if (shim_alloc_fail_at && --shim_alloc_fail_at == 0)
		return NULL;
	shim_alloc_live++;
	return calloc(1, bytes);
}

static inline void kfree(const void *p)
{
	if (p)
		shim_alloc_live--;
	free((void *)p);
}

#define kzalloc_obj(object, ...) ((__typeof__(object) *)shim_alloc(sizeof(object)))

#endif
