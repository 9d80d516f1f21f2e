// SPDX-License-Identifier: MIT
/*
 * The table of guest RAM: regions in an array sorted by bus address. How it is
 * locked is said in guest_priv.h; how it is used, in guest_access.c.
 *
 * Guest numbers are compared by subtraction, never added first.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "mem/guest_priv.h"

#define GUEST_MAX_REGIONS  65535u
#define GUEST_PAGE_MASK	   0xfffull

/* Threads take stripes in turn; the number lives as long as the thread. */
static unsigned int my_stripe(void)
{
	static atomic_uint next;
	static _Thread_local unsigned int mine;

	if (!mine)
		mine = 1 + atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % GUEST_STRIPES;
	return mine - 1;
}

pthread_rwlock_t *guest_enter(struct guest_mem *mem)
{
	pthread_rwlock_t *lock = &mem->stripe[my_stripe()].lock;

	pthread_rwlock_rdlock(lock);
	return lock;
}

void guest_leave(pthread_rwlock_t *lock)
{
	pthread_rwlock_unlock(lock);
}

static void table_lock(struct guest_mem *mem)
{
	for (unsigned int i = 0; i < GUEST_STRIPES; i++)
		pthread_rwlock_wrlock(&mem->stripe[i].lock);
}

static void table_unlock(struct guest_mem *mem)
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
	mem->helper = mem_helper_create();
	if (!mem->helper) {
		free(mem);
		return NULL;
	}
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
	mem_helper_destroy(mem->helper);
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

const struct guest_region *guest_region_at(const struct guest_mem *mem, u64 bus)
{
	size_t i = region_after(mem, bus);

	return i < mem->nr && mem->region[i].bus <= bus ? &mem->region[i] : NULL;
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
	/* QEMU asks the same for its own mapping: fewer TLB misses in scattered copies. */
	madvise(region->host, region->len, MADV_HUGEPAGE);
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
	table_lock(mem);
	err = region_insert(mem, &region);
	table_unlock(mem);
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
	table_lock(mem);
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
	table_unlock(mem);
	return err;
}

void guest_mem_unmap_all(struct guest_mem *mem)
{
	table_lock(mem);
	regions_remove(mem, 0, mem->nr);
	table_unlock(mem);
}
