// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: device pages in a process
 *
 * mmap of /dev/kfd: the process' doorbell frame on a GPU, and the page with the
 * HDP flush registers. The frame is the number of the (process, GPU) context,
 * so nothing is allocated here. Pages are inserted when they are touched, so
 * that removal of the GPU can take them back (unmap_mapping_range() by uapi/).
 *
 * The VMA's file keeps the process object, and with it the per-GPU data, alive.
 *
 * Locks: RCU to find the GPU; &vkfd_process.map_lock makes "still there?" and
 * insertion one step against teardown.
 * Refuses: other sizes than the exact one (-EINVAL), GPUs the process has not
 * acquired (-ENODEV), private mappings that would be copied on write (-EINVAL).
 */
#include <linux/mm.h>

#include "process/process_types.h"
#include "process/queue.h"
#include "vkfd_hw/doorbell.h"
#include "vkfd_hw/regs.h"

/* KFD puts type and GPU into the top 18 bits of the mmap offset. */
#define WINDOW_PGOFF_BITS	(46 - PAGE_SHIFT)

static vm_fault_t insert_page(struct vm_fault *vmf, resource_size_t bus)
{
	struct vkfd_pdd *pdd = vmf->vma->vm_private_data;
	unsigned long page = vmf->pgoff & (BIT(WINDOW_PGOFF_BITS) - 1);
	vm_fault_t ret = VM_FAULT_SIGBUS;

	down_read(&pdd->p->map_lock);
	if (!vkfd_process_is_dead(pdd->p))
		ret = vmf_insert_pfn(vmf->vma, vmf->address & PAGE_MASK, PHYS_PFN(bus) + page);
	up_read(&pdd->p->map_lock);
	return ret;
}

static vm_fault_t doorbell_fault(struct vm_fault *vmf)
{
	struct vkfd_pdd *pdd = vmf->vma->vm_private_data;

	return insert_page(vmf, pdd->dev->doorbell_bus +
				(u64)pdd->doorbell_frame * VKFD_DOORBELL_FRAME_BYTES);
}

static vm_fault_t mmio_fault(struct vm_fault *vmf)
{
	struct vkfd_pdd *pdd = vmf->vma->vm_private_data;

	return insert_page(vmf, pdd->dev->regs_bus + VKFD_REGS_REMAP_OFFSET);
}

static const struct vm_operations_struct doorbell_vm_ops = { .fault = doorbell_fault };
static const struct vm_operations_struct mmio_vm_ops = { .fault = mmio_fault };

/*
 * The caller holds mmap_lock, which is inside the process lock: no lock is
 * taken here. Per-GPU data is only ever added, and the frame is set once.
 */
static struct vkfd_pdd *find_acquired(struct vkfd_process *p, u32 gpu_id)
{
	struct vkfd_pdd *pdd, *found = NULL;

	rcu_read_lock();
	list_for_each_entry_rcu(pdd, &p->pdds, link) {
		/* Pairs with pdd_create_vm(). */
		if (pdd->dev->gpu_id == gpu_id && smp_load_acquire(&pdd->doorbell_frame))
			found = pdd;
	}
	rcu_read_unlock();
	return found;
}

static int window_mmap(struct vkfd_process *p, u32 gpu_id, struct vm_area_struct *vma,
		       const struct vm_operations_struct *ops)
{
	struct vkfd_pdd *pdd = find_acquired(p, gpu_id);

	if (!pdd)
		return -ENODEV;
	if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE)
		return -EINVAL;
	vm_flags_set(vma, VM_IO | VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP | VM_PFNMAP);
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_private_data = pdd;
	vma->vm_ops = ops;
	return 0;
}

/**
 * vkfd_doorbell_mmap() - Map the process' doorbell frame of a GPU
 * @p:      Process; its file is @vma's.
 * @gpu_id: GPU.
 * @vma:    Exactly one frame.
 *
 * Context: mmap_lock held for write.
 * Return: 0, -EINVAL, -ENODEV.
 */
int vkfd_doorbell_mmap(struct vkfd_process *p, u32 gpu_id, struct vm_area_struct *vma)
{
	if (vma->vm_end - vma->vm_start != VKFD_DOORBELL_FRAME_BYTES)
		return -EINVAL;
	return window_mmap(p, gpu_id, vma, &doorbell_vm_ops);
}

/** vkfd_mmio_mmap() - Map the page of HDP flush registers; as vkfd_doorbell_mmap() */
int vkfd_mmio_mmap(struct vkfd_process *p, u32 gpu_id, struct vm_area_struct *vma)
{
	if (vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	return window_mmap(p, gpu_id, vma, &mmio_vm_ops);
}
