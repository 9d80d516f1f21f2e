/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MEM_GUEST_PRIV_H
#define VKFD_DEVICE_MEM_GUEST_PRIV_H

#include <pthread.h>
#include "mem/guest.h"
#include "mem/helper.h"

/*
 * Shared by guest.c, which keeps the table of regions, and guest_access.c,
 * which reads and writes through it.
 *
 * Locking: one reader-writer lock, cut in stripes so that engine threads do
 * not share a cache line. An access holds its thread's stripe for reading for
 * at most GUEST_PIECE bytes; a change of the table holds all stripes, in order,
 * for writing, and so waits for every access in flight. Accesses never nest.
 */
#define GUEST_PIECE   (2u << 20)
#define GUEST_STRIPES 16u

struct guest_region {
	u64 bus;
	u64 len;  /* bus + len - 1 does not wrap */
	u8 *host; /* NULL: announced without a descriptor, unreachable */
	bool readable;
	bool writable;
};

struct guest_stripe {
	_Alignas(64) pthread_rwlock_t lock;
};

struct guest_mem {
	struct guest_stripe stripe[GUEST_STRIPES];
	struct mem_helper *helper;
	struct guest_region *region; /* sorted, disjoint; guarded by the stripes */
	size_t nr;
	size_t room;
};

/* The region that holds @bus, or NULL. A stripe held. */
const struct guest_region *guest_region_at(const struct guest_mem *mem, u64 bus);

/* Takes this thread's stripe; give what it returns to guest_leave(). */
pthread_rwlock_t *guest_enter(struct guest_mem *mem);
void guest_leave(pthread_rwlock_t *lock);

#endif
