// SPDX-License-Identifier: MIT
/*
 * DOC: access counters
 *
 * Counts what user contexts ask of guest RAM, in requests of 64 bytes for each
 * 64 KiB of virtual address space, and reports a block once when it reaches the
 * limit. After that the block is silent until it is cleared, which a TLB flush
 * of its addresses does: what was counted is not there any more.
 *
 * A cache of counters, not a count of everything: a block that finds its set
 * full displaces the coldest and starts at 0. Each counter is one atomic word,
 * [63:22] whose (context, block), [21:0] requests; 0 is empty, because context 0
 * is not counted. Any thread counts, without a lock. Two threads that begin the
 * same block at once may make two counters of it: it is reported later, or twice.
 *
 * Off, nobody comes here: see mmu_set_heat().
 */
#include <stdatomic.h>
#include <stdlib.h>
#include "mmu/heat.h"

#define SETS		1024u
#define WAYS		4u
#define COUNT_BITS	22
#define COUNT_MASK	((1ULL << COUNT_BITS) - 1)
/* No count gets here: the limit is far below. */
#define REPORTED	COUNT_MASK
#define BLOCK_SHIFT	16

struct heat {
	_Atomic u32 limit;
	heat_report_fn report;
	void *opaque;
	_Atomic u64 word[SETS * WAYS];
};

struct heat *heat_create(heat_report_fn report, void *opaque)
{
	struct heat *heat = calloc(1, sizeof(*heat));

	if (!heat)
		return NULL;
	heat->report = report;
	heat->opaque = opaque;
	return heat;
}

void heat_destroy(struct heat *heat)
{
	free(heat);
}

void heat_set_limit(struct heat *heat, u32 limit)
{
	for (u32 i = 0; i < SETS * WAYS; i++)
		atomic_store_explicit(&heat->word[i], 0, memory_order_relaxed);
	atomic_store_explicit(&heat->limit, limit < HEAT_LIMIT_MAX ? limit : HEAT_LIMIT_MAX,
			      memory_order_relaxed);
}

static u64 tag_of(u32 ctx, u64 block)
{
	return ((u64)ctx << 32 | (block & 0xffffffff)) << COUNT_BITS;
}

static bool is_tag(u64 word, u64 tag)
{
	return (word & ~COUNT_MASK) == tag;
}

static _Atomic u64 *set_of(struct heat *heat, u64 tag)
{
	u64 hash = (tag >> COUNT_BITS) * 0x9e3779b97f4a7c15ULL;

	return &heat->word[(hash >> 54) % SETS * WAYS];
}

/* The counter of @tag, made if there is none. NULL: somebody else took the place. */
static _Atomic u64 *counter_of(struct heat *heat, u64 tag)
{
	_Atomic u64 *set = set_of(heat, tag), *coldest = set;
	u64 least = ~0ULL, old = 0;

	for (u32 way = 0; way < WAYS; way++) {
		u64 word = atomic_load_explicit(&set[way], memory_order_relaxed);
		u64 count = word ? (word & COUNT_MASK) + 1 : 0;

		if (is_tag(word, tag))
			return &set[way];
		if (count < least) {
			least = count;
			old = word;
			coldest = &set[way];
		}
	}
	return atomic_compare_exchange_strong(coldest, &old, tag) ? coldest : NULL;
}

/* Adds; true for the one who reaches the limit, after which the counter rests. */
static bool counter_add_to(_Atomic u64 *counter, u64 tag, u64 requests, u32 limit)
{
	u64 word = atomic_load_explicit(counter, memory_order_relaxed), next;

	do {
		u64 count = word & COUNT_MASK;

		if (!is_tag(word, tag) || count == REPORTED)
			return false;
		next = tag | (count + requests < limit ? count + requests : REPORTED);
	} while (!atomic_compare_exchange_weak(counter, &word, next));
	return (next & COUNT_MASK) == REPORTED;
}

/* Nobody took the report: one request less than it needs. */
static void counter_rewind(_Atomic u64 *counter, u64 tag, u32 limit)
{
	u64 reported = tag | REPORTED;

	atomic_compare_exchange_strong(counter, &reported, tag | (limit - 1));
}

static void block_count(struct heat *heat, const struct heat_access *access, u64 block, u64 requests)
{
	u32 limit = atomic_load_explicit(&heat->limit, memory_order_relaxed);
	u64 tag = tag_of(access->ctx, block);
	_Atomic u64 *counter = limit ? counter_of(heat, tag) : NULL;
	struct heat_report report = { access->ctx, access->pasid, block << BLOCK_SHIFT, limit };

	if (counter && counter_add_to(counter, tag, requests, limit) &&
	    !heat->report(heat->opaque, &report))
		counter_rewind(counter, tag, limit);
}

void heat_count(struct heat *heat, const struct heat_access *access)
{
	u64 va = access->va, left = access->len;

	while (left) {
		u64 part = HEAT_BLOCK_BYTES - va % HEAT_BLOCK_BYTES;
		u64 first = va / HEAT_REQUEST_BYTES;

		if (part > left)
			part = left;
		block_count(heat, access, va >> BLOCK_SHIFT,
			    (va + part - 1) / HEAT_REQUEST_BYTES - first + 1);
		va += part;
		left -= part;
	}
}

void heat_clear(struct heat *heat, u32 ctx, u64 start, u64 end)
{
	u64 first = (start >> BLOCK_SHIFT) & 0xffffffff;
	u64 blocks = end > start ? ((end - 1) >> BLOCK_SHIFT) - (start >> BLOCK_SHIFT) : 0;

	for (u32 i = 0; i < SETS * WAYS; i++) {
		u64 word = atomic_load_explicit(&heat->word[i], memory_order_relaxed);
		u64 block = word >> COUNT_BITS & 0xffffffff;

		if (word >> (COUNT_BITS + 32) == ctx && block - first <= blocks)
			atomic_compare_exchange_strong(&heat->word[i], &word, 0);
	}
}
