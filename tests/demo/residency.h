/* SPDX-License-Identifier: MIT */
#ifndef DEMO_RESIDENCY_H
#define DEMO_RESIDENCY_H

#include <stddef.h>

#include "vkfd_hw/types.h"

#define CHUNK_BYTES (2ul << 20)	/* one character of the view */

/**
 * struct residency - where this process' pages are, as the core kernel sees it
 *
 * /proc/self/pagemap gives each page's frame; the driver only said which
 * frames are the GPU's device-private memory. Needs root.
 */
struct residency {
	int pagemap;
	u64 first_pfn, pages;
};

/** struct residency_sum - 4 KiB pages */
struct residency_sum {
	size_t ram, vram, untouched;
};

/* 0, or -1 with a message on stderr. */
int residency_open(struct residency *r, u32 gpu_id);
/**
 * residency_draw() - one character for each 2 MiB of [addr, addr + bytes)
 * @out: room for bytes / 2 MiB + 3 characters.
 *
 * r RAM, v VRAM, m both, . untouched; pages never touched do not count if
 * others in the same 2 MiB were.
 */
void residency_draw(struct residency *r, const void *addr, size_t bytes, char *out,
		    struct residency_sum *sum);

#endif
