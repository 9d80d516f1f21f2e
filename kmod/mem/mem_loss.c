// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: who else had pages whose content is lost
 *
 * When a GPU goes and its VRAM cannot be read, its pages become zeroes in RAM.
 * The process that a buffer was made for is sent SIGBUS as its pages move
 * (mem_ram.c). Children that it forked map the same pages; core mm does not tell
 * modules who maps a page. So before anything moves, every process is looked at,
 * at the addresses at which the pages were born: a fork keeps them.
 *
 * Not found: pages that a child has moved by mremap(), and children that are
 * forked while the GPU goes.
 *
 * Locks: the mmap_lock of one process at a time.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "mem/mem_int.h"

struct suspect {
	struct list_head link;
	struct task_struct *task;
};

/* All processes with an address space. What cannot be noted for want of memory is not told. */
static void suspects_find(struct list_head *suspects)
{
	struct suspect *suspect;
	struct task_struct *task;

	rcu_read_lock();
	for_each_process(task) {
		if (task->flags & PF_KTHREAD)
			continue;
		suspect = kmalloc_obj(*suspect, GFP_NOWAIT);
		if (!suspect)
			break;
		suspect->task = get_task_struct(task);
		list_add_tail(&suspect->link, suspects);
	}
	rcu_read_unlock();
}

/* Does @mm map a page of the buffer that was made for somebody else? */
static bool inherited(struct vkfd_svm_bo *bo, struct mm_struct *mm, unsigned long *pfns)
{
	u64 start = bo->va, end = bo->va + bo->devmem.size;
	struct vm_area_struct *vma = find_vma_intersection(mm, start, end);
	struct vkfd_scan scan;

	if (mm == bo->devmem.mm || !vma || !vma_is_anonymous(vma))
		return false;
	start = max_t(u64, start, vma->vm_start);
	end = min_t(u64, end, vma->vm_end);
	return !vkfd_scan(bo->base.dev, mm, start, end, pfns, &scan) && scan.own;
}

static bool has_lost_pages(struct vkfd_device *dev, struct mm_struct *mm, unsigned long *pfns)
{
	struct vkfd_svm_bo *bo;
	unsigned long index;
	bool found = false;
	void *entry;

	mmap_read_lock(mm);
	xa_for_each(&dev->pagemap->bos, index, entry) {
		bo = vkfd_svm_bo_get(dev->pagemap, index);
		if (!bo)
			continue;
		found = !vkfd_svm_bo_readable(bo) && inherited(bo, mm, pfns);
		vkfd_bo_put(&bo->base);
		if (found)
			break;
	}
	mmap_read_unlock(mm);
	return found;
}

static void suspect_judge(struct vkfd_device *dev, struct task_struct *task, unsigned long *pfns)
{
	struct mm_struct *mm = get_task_mm(task);

	if (!mm)
		return;
	if (has_lost_pages(dev, mm, pfns))
		send_sig(SIGBUS, task, 1);
	mmput(mm);
}

/**
 * vkfd_loss_tell() - SIGBUS for whoever inherited pages that are about to become zeroes
 * @dev: GPU that takes no new pages.
 *
 * Context: process context, no locks.
 */
void vkfd_loss_tell(struct vkfd_device *dev)
{
	unsigned long *pfns = vkfd_scan_pfns(0, SZ_2M);
	struct suspect *suspect, *next;
	LIST_HEAD(suspects);

	if (!pfns)
		return;
	suspects_find(&suspects);
	list_for_each_entry_safe(suspect, next, &suspects, link) {
		suspect_judge(dev, suspect->task, pfns);
		put_task_struct(suspect->task);
		kfree(suspect);
		cond_resched();
	}
	kvfree(pfns);
}
