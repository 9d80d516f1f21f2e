// SPDX-License-Identifier: MIT
/*
 * The door to guest RAM. Regions sit in an array sorted by bus address; a
 * region that was announced without a descriptor is known but unreachable.
 *
 * Locking: one reader-writer lock, cut in stripes so that engine threads do
 * not share a cache line. An access holds its thread's stripe for reading for
 * at most GUEST_PIECE bytes; a change of the table holds all stripes, in order,
 * for writing, and so waits for every access in flight. Accesses never nest.
 *
 * Guest numbers are compared by subtraction, never added first.
 */
#define _GNU_SOURCE
#include "mem/guest.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "mem/atomic.h"

#define GUEST_PIECE	   (2u << 20)
#define GUEST_STRIPES	   16u
#define GUEST_MAX_REGIONS  65535u
#define GUEST_PAGE_MASK	   0xfffull

enum access { ACCESS_READ, ACCESS_WRITE };

struct guest_region {
	u64 bus;
	u64 len;  /* bus + len - 1 does not wrap */
	u8 *host; /* NULL: unreachable */
	bool readable;
	bool writable;
};

struct guest_stripe {
	_Alignas(64) pthread_rwlock_t lock;
};

struct guest_mem {
	struct guest_stripe stripe[GUEST_STRIPES];
	struct guest_region *region; /* sorted, disjoint; guarded by the stripes */
	size_t nr;
	size_t room;
};

/* Threads take stripes in turn; the number lives as long as the thread. */
static unsigned int my_stripe(void)
{
	static atomic_uint next;
	static _Thread_local unsigned int mine;

	if (!mine)
		mine = 1 + atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % GUEST_STRIPES;
	return mine - 1;
}

static pthread_rwlock_t *door_enter(struct guest_mem *mem)
{
	pthread_rwlock_t *lock = &mem->stripe[my_stripe()].lock;

	pthread_rwlock_rdlock(lock);
	return lock;
}

static void door_leave(pthread_rwlock_t *lock)
{
	pthread_rwlock_unlock(lock);
}

static void door_close(struct guest_mem *mem)
{
	for (unsigned int i = 0; i < GUEST_STRIPES; i++)
		pthread_rwlock_wrlock(&mem->stripe[i].lock);
}

static void door_open(struct guest_mem *mem)
{
	for (unsigned int i = GUEST_STRIPES; i-- > 0;)
		pthread_rwlock_unlock(&mem->stripe[i].lock);
}

struct guest_mem *guest_mem_create(void)
{
	struct guest_mem *mem = aligned_alloc(64, sizeof(*mem));
	pthread_rwlockattr_t attr;

	if (!mem)
		return NULL;
	memset(mem, 0, sizeof(*mem));
	pthread_rwlockattr_init(&attr);
	/* A stream of copies must not keep an unmap waiting. */
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	for (unsigned int i = 0; i < GUEST_STRIPES; i++)
		pthread_rwlock_init(&mem->stripe[i].lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	return mem;
}

void guest_mem_destroy(struct guest_mem *mem)
{
	if (!mem)
		return;
	guest_mem_unmap_all(mem);
	for (unsigned int i = 0; i < GUEST_STRIPES; i++)
		pthread_rwlock_destroy(&mem->stripe[i].lock);
	free(mem->region);
	free(mem);
}

/* Index of the first region whose last byte is at or after @bus. */
static size_t region_after(const struct guest_mem *mem, u64 bus)
{
	size_t low = 0, high = mem->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct guest_region *region = &mem->region[middle];

		if (region->bus + (region->len - 1) < bus)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct guest_region *region_at(const struct guest_mem *mem, u64 bus)
{
	size_t i = region_after(mem, bus);

	return i < mem->nr && mem->region[i].bus <= bus ? &mem->region[i] : NULL;
}

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
	const struct guest_region *region = region_at(mem, bus);
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

/* Table index at which [bus, bus + len) may be inserted, or -EEXIST. */
static long region_slot(const struct guest_mem *mem, u64 bus, u64 len)
{
	size_t i = region_after(mem, bus);

	if (i < mem->nr && mem->region[i].bus <= bus + (len - 1))
		return -EEXIST;
	return (long)i;
}

/* All stripes held for writing. */
static int region_insert(struct guest_mem *mem, const struct guest_region *region)
{
	long slot = region_slot(mem, region->bus, region->len);

	if (slot < 0)
		return (int)slot;
	if (mem->nr == GUEST_MAX_REGIONS)
		return -ENOSPC;
	if (mem->nr == mem->room) {
		size_t room = mem->room ? 2 * mem->room : 16;
		struct guest_region *more = reallocarray(mem->region, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		mem->region = more;
		mem->room = room;
	}
	memmove(&mem->region[slot + 1], &mem->region[slot],
		(mem->nr - (size_t)slot) * sizeof(mem->region[0]));
	mem->region[slot] = *region;
	mem->nr++;
	return 0;
}

/* Maps the file part behind a region. A file too short for it would end in SIGBUS. */
static int region_open(struct guest_region *region, int fd, u64 fd_offset)
{
	int prot = (region->readable ? PROT_READ : 0) | (region->writable ? PROT_WRITE : 0);
	struct stat file;

	if (fstat(fd, &file))
		return -errno;
	if (!S_ISREG(file.st_mode) || file.st_size < 0 ||
	    !span_fits(fd_offset, region->len, (u64)file.st_size))
		return -EINVAL;
	region->host = mmap(NULL, region->len, prot, MAP_SHARED | MAP_NORESERVE, fd, (off_t)fd_offset);
	if (region->host == MAP_FAILED) {
		region->host = NULL;
		return -errno;
	}
	return 0;
}

static void region_close(struct guest_region *region)
{
	if (region->host)
		munmap(region->host, region->len);
}

static bool span_valid(u64 bus, u64 len)
{
	return len && !(bus & GUEST_PAGE_MASK) && !(len & GUEST_PAGE_MASK) &&
	       bus <= UINT64_MAX - (len - 1);
}

int guest_mem_map(struct guest_mem *mem, u64 bus, u64 len, int fd, u64 fd_offset, bool readable,
		  bool writable)
{
	struct guest_region region = {
		.bus = bus, .len = len, .readable = readable, .writable = writable
	};
	int err;

	if (!span_valid(bus, len))
		return -EINVAL;
	if (fd >= 0) {
		err = region_open(&region, fd, fd_offset);
		if (err)
			return err;
	}
	door_close(mem);
	err = region_insert(mem, &region);
	door_open(mem);
	if (err)
		region_close(&region);
	return err;
}

/* All stripes held. True if a region sticks out of [bus, bus + len). */
static bool span_cuts(const struct guest_mem *mem, size_t first, size_t end, u64 bus, u64 len)
{
	u64 last = bus + (len - 1);

	for (size_t i = first; i < end; i++) {
		const struct guest_region *region = &mem->region[i];

		if (region->bus < bus || region->bus + (region->len - 1) > last)
			return true;
	}
	return false;
}

static void regions_remove(struct guest_mem *mem, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		region_close(&mem->region[i]);
	if (end < mem->nr)
		memmove(&mem->region[first], &mem->region[end],
			(mem->nr - end) * sizeof(mem->region[0]));
	mem->nr -= end - first;
}

int guest_mem_unmap(struct guest_mem *mem, u64 bus, u64 len)
{
	size_t first, end;
	int err = 0;

	if (!span_valid(bus, len))
		return -EINVAL;
	door_close(mem);
	first = region_after(mem, bus);
	end = first;
	while (end < mem->nr && mem->region[end].bus <= bus + (len - 1))
		end++;
	if (first == end)
		err = -ENOENT;
	else if (span_cuts(mem, first, end, bus, len))
		err = -EINVAL;
	else
		regions_remove(mem, first, end);
	door_open(mem);
	return err;
}

void guest_mem_unmap_all(struct guest_mem *mem)
{
	door_close(mem);
	regions_remove(mem, 0, mem->nr);
	door_open(mem);
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
		pthread_rwlock_t *lock = door_enter(mem);
		enum mem_status status = MEM_OK;
		size_t piece = len - done;

		if (!done)
			status = span_status(mem, bus, len, access);
		if (status == MEM_OK)
			status = transfer_piece(mem, bus + done, buf + done, &piece, access);
		door_leave(lock);
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

/* Starts to fetch what the next piece reads; scattered pages defeat the CPU's own guess. */
static void prefetch_piece(const u8 *src, size_t len)
{
	size_t lines = len < 1024 ? len : 1024;

	for (size_t i = 0; i < lines; i += 64)
		__builtin_prefetch(src + i);
}

/* A piece that crosses regions. Stripe held. */
static enum mem_status batch_split(struct guest_mem *mem, const struct guest_piece *piece,
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

/* One piece, often in the region of the last one. Stripe held. */
static enum mem_status batch_piece(struct guest_mem *mem, const struct guest_region **last,
				   const struct guest_piece *piece, enum access access)
{
	const struct guest_region *region = *last;
	enum mem_status status;
	u8 *host;

	if (!region || piece->bus < region->bus || piece->bus - region->bus >= region->len)
		region = region_at(mem, piece->bus);
	*last = region;
	status = region_allows(region, access);
	if (status != MEM_OK)
		return status;
	if (!span_fits(piece->bus - region->bus, piece->len, region->len))
		return batch_split(mem, piece, access);
	host = region->host + (piece->bus - region->bus);
	if (access == ACCESS_READ)
		memcpy(piece->host, host, piece->len);
	else
		memcpy(host, piece->host, piece->len);
	return MEM_OK;
}

static enum mem_status transfer_batch(struct guest_mem *mem, const struct guest_piece *piece,
				      size_t nr, size_t *done, enum access access)
{
	const struct guest_region *region = NULL;
	pthread_rwlock_t *lock = door_enter(mem);
	enum mem_status status = MEM_OK;
	size_t i;

	for (i = 0; i < nr; i++) {
		const struct guest_piece *next = &piece[i + 1];

		if (i + 1 < nr && access == ACCESS_WRITE)
			prefetch_piece(next->host, next->len);
		else if (i + 1 < nr && region && next->bus - region->bus < region->len)
			prefetch_piece(region->host + (next->bus - region->bus), 0x1000);
		status = batch_piece(mem, &region, &piece[i], access);
		if (status != MEM_OK)
			break;
	}
	door_leave(lock);
	*done = i;
	return status;
}

enum mem_status guest_mem_read_batch(struct guest_mem *mem, const struct guest_piece *piece,
				     size_t nr, size_t *done)
{
	return transfer_batch(mem, piece, nr, done, ACCESS_READ);
}

enum mem_status guest_mem_write_batch(struct guest_mem *mem, const struct guest_piece *piece,
				      size_t nr, size_t *done)
{
	return transfer_batch(mem, piece, nr, done, ACCESS_WRITE);
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
		pthread_rwlock_t *lock = door_enter(mem);
		enum mem_status status = MEM_OK;
		size_t piece = len - done;

		if (!done)
			status = span_status(mem, src_bus, len, ACCESS_READ);
		if (!done && status == MEM_OK)
			status = span_status(mem, dst_bus, len, ACCESS_WRITE);
		if (status == MEM_OK)
			status = copy_piece(mem, dst_bus + done, src_bus + done, &piece);
		door_leave(lock);
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
	pthread_rwlock_t *lock = door_enter(mem);
	u8 *host;
	enum mem_status status = word_at(mem, bus, bytes, ACCESS_READ, &host);

	if (status == MEM_OK && !mem_load(host, value, bytes))
		status = MEM_UNMAPPED;
	door_leave(lock);
	return status;
}

enum mem_status guest_mem_store(struct guest_mem *mem, u64 bus, u64 value, unsigned int bytes)
{
	pthread_rwlock_t *lock = door_enter(mem);
	u8 *host;
	enum mem_status status = word_at(mem, bus, bytes, ACCESS_WRITE, &host);

	if (status == MEM_OK && !mem_store(host, value, bytes))
		status = MEM_UNMAPPED;
	door_leave(lock);
	return status;
}

enum mem_status guest_mem_atomic(struct guest_mem *mem, u64 bus, struct mem_atomic *atomic,
				 unsigned int bytes)
{
	pthread_rwlock_t *lock = door_enter(mem);
	u8 *host;
	enum mem_status status = word_at(mem, bus, bytes, ACCESS_READ, &host);

	if (status == MEM_OK)
		status = word_at(mem, bus, bytes, ACCESS_WRITE, &host);
	if (status == MEM_OK && !mem_atomic_run(host, atomic, bytes))
		status = MEM_UNMAPPED;
	door_leave(lock);
	return status;
}
