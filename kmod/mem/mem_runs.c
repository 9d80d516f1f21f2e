// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: Run merging
 *
 * Turns page-wise copy orders into the fewest runs: a page joins the last run
 * if it continues it on both sides. Order is kept, nothing is sorted, because
 * callers walk both sides in address order anyway. Called by mem_copy.c and
 * mem_ram.c; takes no locks, allocates nothing, and refuses to grow its list.
 */
#include "mem/mem_runs.h"

#define RUN_PAGE_SHIFT 12

static bool run_continues(const struct vkfd_copy_run *run, u64 hive, dma_addr_t bus, u32 pages)
{
	u64 bytes = (u64)run->pages << RUN_PAGE_SHIFT;

	return run->hive + bytes == hive && run->bus + bytes == bus &&
	       run->pages + pages > run->pages;
}

bool vkfd_runs_add(struct vkfd_runs *runs, u64 hive, dma_addr_t bus, u32 pages)
{
	struct vkfd_copy_run *last = runs->nr ? &runs->run[runs->nr - 1] : NULL;

	if (last && run_continues(last, hive, bus, pages)) {
		last->pages += pages;
		return true;
	}
	if (runs->nr == runs->room)
		return false;
	runs->run[runs->nr++] = (struct vkfd_copy_run){ .hive = hive, .bus = bus, .pages = pages };
	return true;
}
