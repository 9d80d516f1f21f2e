// SPDX-License-Identifier: MIT
#include "residency.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PAGE_BYTES 4096ul
#define CHUNK_PAGES (CHUNK_BYTES / PAGE_BYTES)
/* Documentation/admin-guide/mm/pagemap.rst */
#define PM_PRESENT (1ull << 63)
#define PM_SWAP (1ull << 62)
#define PM_FRAME(entry) ((entry) & ((1ull << 55) - 1))
#define PM_SWAP_OFFSET(entry) (PM_FRAME(entry) >> 5)

/* In VRAM: a swap-like entry with such a frame, or a present one where the CPU uses VRAM in place. */
static int is_vram(const struct residency *r, u64 entry)
{
	u64 frame = entry & PM_PRESENT ? PM_FRAME(entry) : PM_SWAP_OFFSET(entry);

	return entry & (PM_PRESENT | PM_SWAP) && frame - r->first_pfn < r->pages;
}

/* Which frames are this GPU's, from the driver's debugfs; a GPU that works in RAM has none. */
static int region_find(struct residency *r, u32 gpu_id)
{
	char path[96], line[128];
	int found = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/debug/vkfd/%u/vram", gpu_id);
	f = fopen(path, "re");
	r->pages = 0;
	while (f && fgets(line, sizeof(line), f)) {
		unsigned long long value;

		if (sscanf(line, "first_pfn %llu", &value) == 1) {
			r->first_pfn = value;
		} else if (sscanf(line, "pages %llu", &value) == 1) {
			r->pages = value;
			found = 1;
		}
	}
	if (f)
		fclose(f);
	return found ? 0 : -1;
}

int residency_open(struct residency *r, u32 gpu_id)
{
	r->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (r->pagemap < 0 || region_find(r, gpu_id)) {
		fputs("vkfd-demo: cannot see page frames (root is needed)\n", stderr);
		return -1;
	}
	return 0;
}

static char draw_chunk(struct residency *r, uintptr_t first, uintptr_t end, struct residency_sum *sum)
{
	size_t nr = (end - first) / PAGE_BYTES, ram = 0, vram = 0;
	u64 entries[CHUNK_PAGES];
	ssize_t got = pread(r->pagemap, entries, nr * sizeof(u64), (off_t)(first / PAGE_BYTES * sizeof(u64)));

	if (got != (ssize_t)(nr * sizeof(u64)))
		return '?';
	for (size_t i = 0; i < nr; i++) {
		if (is_vram(r, entries[i]))
			vram++;
		else if (entries[i] & PM_PRESENT)
			ram++;
	}
	sum->ram += ram;
	sum->vram += vram;
	sum->untouched += nr - ram - vram;
	return ram && vram ? 'm' : ram ? 'r' : vram ? 'v' : '.';
}

void residency_draw(struct residency *r, const void *addr, size_t bytes, char *out,
		    struct residency_sum *sum)
{
	uintptr_t at = (uintptr_t)addr & ~(PAGE_BYTES - 1);
	uintptr_t end = ((uintptr_t)addr + bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);

	while (at < end) {
		uintptr_t next = (at | (CHUNK_BYTES - 1)) + 1;

		if (next > end)
			next = end;
		*out++ = draw_chunk(r, at, next, sum);
		at = next;
	}
	*out = '\0';
}
