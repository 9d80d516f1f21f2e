// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: Limit of system memory
 *
 * Owns one module-wide count of bytes that buffers in system memory (GTT,
 * pinned user pages) may hold. Two checks: the total stays under a fixed share
 * of RAM, and the memory that is available right now stays above a reserve, so
 * that a request is refused before the OOM killer has to act. The second is a
 * snapshot; user pages, which may be resident already, check it chunk by chunk
 * while they are pinned (mem_userptr.c). Lockless; any process context.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "mem/mem_int.h"
#include "mem/mem_mgr.h"

static atomic64_t sysmem_used;

static u64 sysmem_total(void)
{
	return (u64)totalram_pages() << PAGE_SHIFT;
}

/**
 * vkfd_sysmem_limit() - what buffers in system memory may hold at most
 *
 * As amdkfd: all but a sixteenth, of what the kernel itself did not take.
 *
 * Context: any.
 * Return: bytes, over all processes and GPUs.
 */
u64 vkfd_sysmem_limit(void)
{
	return sysmem_total() - (sysmem_total() >> 4);
}

static u64 sysmem_floor(void)
{
	return max_t(u64, sysmem_total() >> 4, SZ_64M);
}

/* Of what is available right now, the part above the reserve. */
static u64 sysmem_room(void)
{
	u64 available = (u64)max(si_mem_available(), 0L) << PAGE_SHIFT;

	return available - min(available, sysmem_floor());
}

bool vkfd_sysmem_has_room(u64 bytes)
{
	return sysmem_room() >= bytes;
}

int vkfd_sysmem_charge(u64 bytes)
{
	u64 limit = vkfd_sysmem_limit();
	s64 old = atomic64_read(&sysmem_used);

	do {
		if (bytes > limit || (u64)old > limit - bytes)
			return -ENOMEM;
	} while (!atomic64_try_cmpxchg(&sysmem_used, &old, old + bytes));
	return 0;
}

/**
 * vkfd_sysmem_reserve() - ask for system memory that will be allocated at once
 * @bytes: size of the buffer.
 *
 * Context: any process context.
 * Return: 0, or -ENOMEM, and then nothing was counted.
 */
int vkfd_sysmem_reserve(u64 bytes)
{
	if (!vkfd_sysmem_has_room(bytes))
		return -ENOMEM;
	return vkfd_sysmem_charge(bytes);
}

/**
 * vkfd_sysmem_unreserve() - give back what was reserved or charged
 * @bytes: the same number.
 *
 * Context: any.
 */
void vkfd_sysmem_unreserve(u64 bytes)
{
	WARN_ON(atomic64_sub_return(bytes, &sysmem_used) < 0);
}

/**
 * vkfd_sysmem_used() - bytes that are reserved now
 *
 * Context: any.
 * Return: the count over all processes and GPUs.
 */
u64 vkfd_sysmem_used(void)
{
	return atomic64_read(&sysmem_used);
}

/**
 * vkfd_sysmem_available() - what a buffer in system memory may hope for
 *
 * Context: any process context; a snapshot.
 * Return: bytes that pass both checks now.
 */
u64 vkfd_sysmem_available(void)
{
	u64 limit = vkfd_sysmem_limit();

	return min(limit - min(limit, vkfd_sysmem_used()), sysmem_room());
}
