// SPDX-License-Identifier: MIT
/*
 * The accesses of one wave instruction to guest RAM: pieces of a few bytes,
 * found and checked all before the first is done, copied word by word, under
 * one hold of the thread's stripe.
 */
#include "mem/guest_words.h"

#include "mem/guest_priv.h"
#include "mem/words.h"

struct walker {
	const struct guest_mem *mem;
	const struct guest_region *region; /* of the last piece, allowed; NULL: none */
	bool store;
	bool copy; /* else only check */
};

static enum mem_status walker_find(struct walker *walker, u64 bus)
{
	const struct guest_region *region = walker->region;

	if (!region || bus < region->bus || bus - region->bus >= region->len)
		region = guest_region_at(walker->mem, bus);
	walker->region = NULL;
	if (!region || !region->host)
		return MEM_UNMAPPED;
	if (walker->store && !region->writable)
		return MEM_READ_ONLY;
	if (!walker->store && !region->readable)
		return MEM_UNMAPPED;
	walker->region = region;
	return MEM_OK;
}

/* One piece, which regions may cut. */
static enum mem_status walker_piece(struct walker *walker, const struct guest_piece *piece)
{
	const struct guest_region *region = walker->region;
	size_t done = 0;

	/* Nearly always where the last one was, and found to be allowed. */
	if (region && span_fits(piece->bus - region->bus, piece->len, region->len)) {
		u8 *host = region->host + (piece->bus - region->bus);

		if (walker->copy && walker->store)
			mem_lane_store(host, piece->host, piece->len);
		else if (walker->copy)
			mem_lane_load(piece->host, host, piece->len);
		return MEM_OK;
	}
	if (piece->len && piece->bus > UINT64_MAX - (piece->len - 1))
		return MEM_UNMAPPED;
	while (done < piece->len) {
		enum mem_status status = walker_find(walker, piece->bus + done);
		size_t part = piece->len - done;
		u64 offset;

		if (status != MEM_OK)
			return status;
		offset = piece->bus + done - walker->region->bus;
		if (part > walker->region->len - offset)
			part = (size_t)(walker->region->len - offset);
		if (walker->copy && walker->store)
			mem_words_store(walker->region->host + offset, piece->host + done, part);
		else if (walker->copy)
			mem_words_load(piece->host + done, walker->region->host + offset, part);
		done += part;
	}
	return MEM_OK;
}

static enum mem_status walker_run(struct walker *walker, const struct guest_batch *batch, size_t *bad)
{
	enum mem_status status = MEM_OK;

	for (*bad = 0; status == MEM_OK && *bad < batch->nr; ++*bad) {
		status = walker_piece(walker, &batch->piece[*bad]);
		if (status != MEM_OK)
			break;
	}
	return status;
}

static enum mem_status words(struct guest_mem *mem, const struct guest_batch *batch, size_t *bad,
			     bool store)
{
	pthread_rwlock_t *lock = guest_enter(mem);
	struct walker walker = { .mem = mem, .store = store };
	enum mem_status status = walker_run(&walker, batch, bad);

	walker.copy = true;
	if (status == MEM_OK)
		status = walker_run(&walker, batch, bad);
	guest_leave(lock);
	return status;
}

enum mem_status guest_mem_load_words(struct guest_mem *mem, const struct guest_batch *batch,
				     size_t *bad)
{
	return words(mem, batch, bad, false);
}

enum mem_status guest_mem_store_words(struct guest_mem *mem, const struct guest_batch *batch,
				      size_t *bad)
{
	return words(mem, batch, bad, true);
}
