// SPDX-License-Identifier: MIT
/*
 * Where the pages of a process are: debugfs kfd/proc/<pid>/svm_ranges has a
 * line for each piece of attributes and each mapped range. A range inside a
 * piece only tells how much of it is mapped; ranges outside of any piece
 * (XNACK on, nothing asked for) are joined with their neighbours.
 */
#include "top.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Number behind " key", 0 if it is not there. */
static uint64_t number_of(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

/* All " vram<gpu_id>=pages" of the line. */
static uint64_t vram_of(const char *line)
{
	uint64_t pages = 0;

	for (const char *at = line; (at = strstr(at, " vram")); at++) {
		const char *value = strchr(at, '=');

		if (value)
			pages += strtoull(value + 1, NULL, 10);
	}
	return pages;
}

static struct area *area_add(struct process_sample *p)
{
	struct area *more;

	/* Doubled whenever the number is a power of two. */
	if (!(p->nr_areas & (p->nr_areas - 1))) {
		more = realloc(p->areas, (p->nr_areas ? 2 * p->nr_areas : 1) * sizeof(*more));
		if (!more)
			return NULL;
		p->areas = more;
	}
	return &p->areas[p->nr_areas++];
}

/* The piece that holds the address; pieces come first and in order. */
static struct area *piece_at(struct process_sample *p, size_t nr_pieces, uint64_t addr)
{
	size_t low = 0, high = nr_pieces;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct area *area = &p->areas[middle];

		if (addr >= area->start && addr < area->end)
			return area;
		if (addr < area->start)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static void take_range(struct process_sample *p, size_t nr_pieces, const struct area *range)
{
	struct area *piece = piece_at(p, nr_pieces, range->start);
	struct area *last = p->nr_areas > nr_pieces ? &p->areas[p->nr_areas - 1] : NULL;

	if (piece) {
		piece->mapped += range->mapped;
	} else if (last && last->end == range->start) {
		last->end = range->end;
		last->pages += range->pages;
		last->ram += range->ram;
		last->vram += range->vram;
		last->mapped += range->mapped;
	} else {
		last = area_add(p);
		if (last)
			*last = *range;
	}
}

static int by_start(const void *a, const void *b)
{
	const struct area *left = a, *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

static bool parse_line(const char *line, struct area *area)
{
	unsigned long long start, end;
	bool piece = !strncmp(line, "attr ", 5);

	if ((!piece && strncmp(line, "range ", 6)) ||
	    sscanf(strchr(line, ' '), " %llx-%llx", &start, &end) != 2 || end <= start)
		return false;
	*area = (struct area){
		.start = start, .end = end, .pages = (end - start) / PAGE_BYTES,
		.ram = number_of(line, " ram="), .vram = vram_of(line), .piece = piece,
	};
	area->mapped = piece || strstr(line, " mapped=-") ? 0 : area->pages;
	return true;
}

bool areas_read(struct process_sample *p)
{
	char path[128], *line = NULL;
	struct area area, *new;
	size_t room = 0, nr_pieces = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kfd/proc/%d/svm_ranges", p->pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (getline(&line, &room, f) > 0) {
		if (!strncmp(line, "pasid ", 6))
			p->xnack = strstr(line, " xnack on");
		if (!parse_line(line, &area))
			continue;
		if (area.piece) {
			new = area_add(p);
			if (new)
				*new = area;
			nr_pieces = p->nr_areas;
		} else {
			take_range(p, nr_pieces, &area);
		}
	}
	free(line);
	fclose(f);
	if (p->nr_areas)
		qsort(p->areas, p->nr_areas, sizeof(p->areas[0]), by_start);
	return true;
}
