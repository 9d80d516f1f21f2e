// SPDX-License-Identifier: MIT
/*
 * Reads, writes, copies and words through the table of guest RAM. Each call
 * works in pieces that are found, checked and done under the thread's stripe;
 * no host address outlives it.
 */
#include <string.h>

#include "mem/atomic.h"
#include "mem/guest_priv.h"

#define BATCH_RUN 128u /* pieces found together */

enum access { ACCESS_READ, ACCESS_WRITE };

static enum mem_status region_allows(const struct guest_region *region, enum access access)
{
	if (!region || !region->host)
		return MEM_UNMAPPED;
	if (access == ACCESS_WRITE)
		return region->writable ? MEM_OK : MEM_READ_ONLY;
	return region->readable ? MEM_OK : MEM_UNMAPPED;
}

/*
 * Host address of @bus and, in @len, how much of the wanted length lies in the
 * same region. Stripe held.
 */
static enum mem_status piece_at(const struct guest_mem *mem, u64 bus, enum access access, u8 **host,
				size_t *len)
{
	const struct guest_region *region = guest_region_at(mem, bus);
	enum mem_status status = region_allows(region, access);
	u64 offset;

	if (status != MEM_OK)
		return status;
	offset = bus - region->bus;
	*host = region->host + offset;
	if (*len > region->len - offset)
		*len = (size_t)(region->len - offset);
	return MEM_OK;
}

/* What an access to all of [bus, bus + len) would meet. Stripe held. */
static enum mem_status span_status(const struct guest_mem *mem, u64 bus, size_t len, enum access access)
{
	if (len && bus > UINT64_MAX - (len - 1))
		return MEM_UNMAPPED;
	while (len) {
		enum mem_status status;
		size_t piece = len;
		u8 *host;

		status = piece_at(mem, bus, access, &host, &piece);
		if (status != MEM_OK)
			return status;
		bus += piece;
		len -= piece;
	}
	return MEM_OK;
}

/* One bounded piece of a read or write; @len is what is wanted, then what was done. */
static enum mem_status transfer_piece(struct guest_mem *mem, u64 bus, u8 *buf, size_t *len,
				      enum access access)
{
	size_t piece = *len;
	u8 *host;
	enum mem_status status = piece_at(mem, bus, access, &host, &piece);

	if (status != MEM_OK)
		return status;
	if (piece > GUEST_PIECE)
		piece = GUEST_PIECE;
	if (access == ACCESS_READ)
		memcpy(buf, host, piece);
	else
		memcpy(host, buf, piece);
	*len = piece;
	return MEM_OK;
}

static enum mem_status transfer(struct guest_mem *mem, u64 bus, u8 *buf, size_t len, enum access access)
{
	size_t done = 0;

	while (done < len) {
		pthread_rwlock_t *lock = guest_enter(mem);
		enum mem_status status = MEM_OK;
		size_t piece = len - done;

		if (!done)
			status = span_status(mem, bus, len, access);
		if (status == MEM_OK)
			status = transfer_piece(mem, bus + done, buf + done, &piece, access);
		guest_leave(lock);
		if (status != MEM_OK)
			return done ? MEM_GONE : status;
		done += piece;
	}
	return MEM_OK;
}

enum mem_status guest_mem_read(struct guest_mem *mem, u64 bus, void *dst, size_t len)
{
	return transfer(mem, bus, dst, len, ACCESS_READ);
}

enum mem_status guest_mem_write(struct guest_mem *mem, u64 bus, const void *src, size_t len)
{
	/* ACCESS_WRITE only reads the buffer. */
	return transfer(mem, bus, (u8 *)(uintptr_t)src, len, ACCESS_WRITE);
}

/* Finds one piece, often in the region of the last one. MEM_GONE: it crosses regions. */
static enum mem_status piece_find(const struct guest_mem *mem, const struct guest_region **last,
				  const struct guest_piece *piece, enum access access,
				  struct mem_stream *stream)
{
	const struct guest_region *region = *last;
	enum mem_status status;
	u8 *host;

	if (!region || piece->bus < region->bus || piece->bus - region->bus >= region->len)
		region = guest_region_at(mem, piece->bus);
	*last = region;
	status = region_allows(region, access);
	if (status != MEM_OK)
		return status;
	if (!span_fits(piece->bus - region->bus, piece->len, region->len))
		return MEM_GONE;
	host = region->host + (piece->bus - region->bus);
	*stream = (struct mem_stream){ .dst = access == ACCESS_READ ? piece->host : host,
				       .src = access == ACCESS_READ ? host : piece->host,
				       .len = piece->len };
	return MEM_OK;
}

/* A piece that crosses regions. Stripe held. */
static enum mem_status piece_split(struct guest_mem *mem, const struct guest_piece *piece,
				   enum access access)
{
	enum mem_status status = span_status(mem, piece->bus, piece->len, access);
	size_t done = 0;

	while (status == MEM_OK && done < piece->len) {
		size_t part = piece->len - done;

		status = transfer_piece(mem, piece->bus + done, piece->host + done, &part, access);
		done += part;
	}
	return status;
}

/*
 * The next pieces up to a bad or split one: found first, so that a copy knows
 * what follows it. Returns what ended it. Stripe held.
 */
static enum mem_status batch_run(struct guest_mem *mem, const struct guest_batch *batch, size_t *done,
				 enum access access)
{
	const struct guest_region *region = NULL;
	enum mem_status status = MEM_OK;
	struct mem_stream stream[BATCH_RUN];
	size_t nr = 0;

	while (nr < BATCH_RUN && *done + nr < batch->nr) {
		status = piece_find(mem, &region, &batch->piece[*done + nr], access, &stream[nr]);
		if (status != MEM_OK)
			break;
		nr++;
	}
	/* The helper is done when this returns, so the stripe covers it too. */
	mem_helper_copy(mem->helper, stream, nr, batch->large);
	*done += nr;
	if (status == MEM_GONE) {
		status = piece_split(mem, &batch->piece[*done], access);
		*done += status == MEM_OK;
	}
	return status;
}

static enum mem_status transfer_batch(struct guest_mem *mem, const struct guest_batch *batch,
				      size_t *done, enum access access)
{
	pthread_rwlock_t *lock = guest_enter(mem);
	enum mem_status status = MEM_OK;

	*done = 0;
	while (status == MEM_OK && *done < batch->nr)
		status = batch_run(mem, batch, done, access);
	guest_leave(lock);
	return status;
}

enum mem_status guest_mem_read_batch(struct guest_mem *mem, const struct guest_batch *batch,
				     size_t *done)
{
	return transfer_batch(mem, batch, done, ACCESS_READ);
}

enum mem_status guest_mem_write_batch(struct guest_mem *mem, const struct guest_batch *batch,
				      size_t *done)
{
	return transfer_batch(mem, batch, done, ACCESS_WRITE);
}

static enum mem_status copy_piece(struct guest_mem *mem, u64 dst_bus, u64 src_bus, size_t *len)
{
	enum mem_status status;
	size_t piece = *len;
	u8 *dst, *src;

	status = piece_at(mem, src_bus, ACCESS_READ, &src, &piece);
	if (status == MEM_OK)
		status = piece_at(mem, dst_bus, ACCESS_WRITE, &dst, &piece);
	if (status != MEM_OK)
		return status;
	if (piece > GUEST_PIECE)
		piece = GUEST_PIECE;
	/* One file may be mapped twice, so host ranges may overlap. */
	memmove(dst, src, piece);
	*len = piece;
	return MEM_OK;
}

enum mem_status guest_mem_copy(struct guest_mem *mem, u64 dst_bus, u64 src_bus, size_t len)
{
	size_t done = 0;

	while (done < len) {
		pthread_rwlock_t *lock = guest_enter(mem);
		enum mem_status status = MEM_OK;
		size_t piece = len - done;

		if (!done)
			status = span_status(mem, src_bus, len, ACCESS_READ);
		if (!done && status == MEM_OK)
			status = span_status(mem, dst_bus, len, ACCESS_WRITE);
		if (status == MEM_OK)
			status = copy_piece(mem, dst_bus + done, src_bus + done, &piece);
		guest_leave(lock);
		if (status != MEM_OK)
			return done ? MEM_GONE : status;
		done += piece;
	}
	return MEM_OK;
}

/* Regions are made of whole pages, so an aligned word never straddles two. */
static enum mem_status word_at(const struct guest_mem *mem, u64 bus, unsigned int bytes,
			       enum access access, u8 **host)
{
	size_t len = bytes;

	if ((bytes != 4 && bytes != 8) || bus & (bytes - 1))
		return MEM_UNMAPPED;
	return piece_at(mem, bus, access, host, &len);
}

enum mem_status guest_mem_load(struct guest_mem *mem, u64 bus, u64 *value, unsigned int bytes)
{
	pthread_rwlock_t *lock = guest_enter(mem);
	u8 *host;
	enum mem_status status = word_at(mem, bus, bytes, ACCESS_READ, &host);

	if (status == MEM_OK && !mem_load(host, value, bytes))
		status = MEM_UNMAPPED;
	guest_leave(lock);
	return status;
}

enum mem_status guest_mem_store(struct guest_mem *mem, u64 bus, u64 value, unsigned int bytes)
{
	pthread_rwlock_t *lock = guest_enter(mem);
	u8 *host;
	enum mem_status status = word_at(mem, bus, bytes, ACCESS_WRITE, &host);

	if (status == MEM_OK && !mem_store(host, value, bytes))
		status = MEM_UNMAPPED;
	guest_leave(lock);
	return status;
}

enum mem_status guest_mem_atomic(struct guest_mem *mem, u64 bus, struct mem_atomic *atomic,
				 unsigned int bytes)
{
	pthread_rwlock_t *lock = guest_enter(mem);
	u8 *host;
	enum mem_status status = word_at(mem, bus, bytes, ACCESS_READ, &host);

	if (status == MEM_OK)
		status = word_at(mem, bus, bytes, ACCESS_WRITE, &host);
	if (status == MEM_OK && !mem_atomic_run(host, atomic, bytes))
		status = MEM_UNMAPPED;
	guest_leave(lock);
	return status;
}
