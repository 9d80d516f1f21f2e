/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_MEM_RUNS_H
#define VKFD_MEM_RUNS_H

#include "engine/eng_sdma.h"

/*
 * Pure: pages that follow each other both in VRAM and on the bus become one
 * run. No kernel includes beyond the types: tests/host builds it.
 */

/** struct vkfd_runs - a list under construction */
struct vkfd_runs {
	struct vkfd_copy_run *run;
	unsigned int nr;
	unsigned int room;
};

/* Appends @pages at (@hive, @bus). False if the list is full; nothing is added then. */
bool vkfd_runs_add(struct vkfd_runs *runs, u64 hive, dma_addr_t bus, u32 pages);

#endif
