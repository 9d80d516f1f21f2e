// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: User pages as a buffer
 *
 * Owns the pins of USERPTR buffers. Pages are faulted in and pinned for long
 * at creation, with write intent if the GPU may write, so that nothing the
 * process does to its mappings takes them from under the GPU. The price is
 * that they cannot be migrated or swapped while the buffer lives.
 *
 * Pinning goes in chunks. Between two, other tasks get to run, a signal ends
 * the call (nothing stays pinned, the ioctl is started again), and the memory
 * that is left is looked at: a chunk that would eat the reserve is refused, so
 * that the OOM killer has nothing to do. The total is charged before the first
 * page is touched. Called by mem_obj.c; takes mmap_lock inside.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "mem/mem_int.h"
#include "mem/mem_mgr.h"
#include "mem/mem_obj_int.h"

#define PIN_CHUNK_PAGES 512ul

static int pin_chunk(struct vkfd_mem *mem, unsigned long want)
{
	unsigned int flags = FOLL_LONGTERM | (mem->params.writable ? FOLL_WRITE : 0);
	u64 addr = mem->params.user_addr + ((u64)mem->npages << PAGE_SHIFT);
	long got;

	if (signal_pending(current))
		return -EINTR;
	if (!vkfd_sysmem_has_room((u64)want << PAGE_SHIFT))
		return -ENOMEM;
	got = pin_user_pages_fast(addr, want, flags, mem->pages + mem->npages);
	if (got < 0)
		return got == -ENOMEM || got == -EINTR ? got : -EFAULT;
	mem->npages += got;
	cond_resched();
	return 0;
}

int vkfd_userptr_pin(struct vkfd_mem *mem)
{
	unsigned long total = mem->params.bytes >> PAGE_SHIFT;
	int err;

	if (!access_ok((void __user *)mem->params.user_addr, mem->params.bytes))
		return -EFAULT;
	err = vkfd_sysmem_charge(mem->params.bytes);
	if (err)
		return err;
	mem->charged = mem->params.bytes;
	mem->pages = kvmalloc_array(total, sizeof(*mem->pages), GFP_KERNEL);
	if (!mem->pages)
		return -ENOMEM;	/* the caller unpins: charge and array go there */
	while (mem->npages < total) {
		err = pin_chunk(mem, min(total - mem->npages, PIN_CHUNK_PAGES));
		if (err)
			return err;
	}
	return 0;
}

void vkfd_userptr_unpin(struct vkfd_mem *mem)
{
	unsigned long done;

	for (done = 0; done < mem->npages; done += PIN_CHUNK_PAGES) {
		unpin_user_pages_dirty_lock(mem->pages + done,
					    min(mem->npages - done, PIN_CHUNK_PAGES),
					    mem->params.writable);
		cond_resched();
	}
	kvfree(mem->pages);
	mem->pages = NULL;
	mem->npages = 0;
	vkfd_sysmem_unreserve(mem->charged);
	mem->charged = 0;
}
