/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MEM_GUEST_H
#define VKFD_DEVICE_MEM_GUEST_H

#include <stddef.h>
#include "mem/mem_status.h"

/*
 * The door to guest RAM: the regions that vfio-user DMA_MAP announced. Engines
 * never see a host pointer; they copy through here. All calls are thread safe;
 * an unmap waits for copies in flight, so copies are cut into bounded pieces.
 */
struct guest_mem;

struct guest_mem *guest_mem_create(void);
void guest_mem_destroy(struct guest_mem *mem);

/*
 * Takes no ownership of @fd (it maps it); -1 announces a region that cannot be
 * reached. @bus and @len in whole 4 KiB pages. 0, -EINVAL, -EEXIST on overlap,
 * -ENOSPC, -ENOMEM or what mmap says.
 */
int guest_mem_map(struct guest_mem *mem, u64 bus, u64 len, int fd, u64 fd_offset,
		  bool readable, bool writable);
/* Every region in the span must lie in it whole (-EINVAL); none at all is -ENOENT. */
int guest_mem_unmap(struct guest_mem *mem, u64 bus, u64 len);
void guest_mem_unmap_all(struct guest_mem *mem);

/*
 * All or nothing for what the table says at the start: only MEM_GONE may leave
 * a part done. Reading a region that is not readable is MEM_UNMAPPED.
 */
enum mem_status guest_mem_read(struct guest_mem *mem, u64 bus, void *dst, size_t len);
enum mem_status guest_mem_write(struct guest_mem *mem, u64 bus, const void *src, size_t len);
enum mem_status guest_mem_copy(struct guest_mem *mem, u64 dst_bus, u64 src_bus, size_t len);

/* A run of guest RAM and the caller's memory it is copied from or to. */
struct guest_piece {
	u64 bus;
	u8 *host;
	size_t len;
};

struct guest_batch {
	const struct guest_piece *piece;
	size_t nr;
	bool large; /* part of a transfer that does not fit the CPU's caches */
};

/*
 * Many small pieces for the price of one entry; together at most 2 MiB, copied on
 * two CPUs if that pays. Each is done as guest_mem_read() or _write() does it,
 * but of pieces that share bytes any may come last. Stops at the first that
 * fails, with *@done = pieces before it: those are done, no later one is.
 */
enum mem_status guest_mem_read_batch(struct guest_mem *mem, const struct guest_batch *batch,
				     size_t *done);
enum mem_status guest_mem_write_batch(struct guest_mem *mem, const struct guest_batch *batch,
				      size_t *done);

/*
 * Single-copy-atomic 4- or 8-byte accesses, naturally aligned
 * (else MEM_UNMAPPED); store has release, load acquire order.
 * An atomic with an unknown operation is MEM_UNMAPPED: ask mem_atomic_known() before.
 */
enum mem_status guest_mem_load(struct guest_mem *mem, u64 bus, u64 *value, unsigned int bytes);
enum mem_status guest_mem_store(struct guest_mem *mem, u64 bus, u64 value, unsigned int bytes);
enum mem_status guest_mem_atomic(struct guest_mem *mem, u64 bus, struct mem_atomic *atomic,
				 unsigned int bytes);

#endif
