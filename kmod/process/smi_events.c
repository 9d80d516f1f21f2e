// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: SMI events: what happens
 *
 * One function an event, each a line in the format that linux/kfd_ioctl.h
 * gives: called where the thing happens, by the process layer itself or from
 * below through &struct vkfd_svm_ops and &struct vkfd_migrate_ops. Addresses
 * and sizes are in pages, GPUs are gpu_ids, RAM is 0, time is CLOCK_BOOTTIME in
 * ns. The pid is the one that the process knows itself by.
 *
 * Thermal throttling never happens to a virtual GPU. A GPU that is lost and does
 * not come back has a pre-reset without a post-reset.
 *
 * Locks: whatever the caller holds, down to an MMU notifier. None is taken but
 * RCU, the leaves of smi.c, and, for begin of a migration only, the leaf of the
 * attribute tree.
 */
#include <linux/mm.h>
#include <linux/rculist.h>
#include <linux/timekeeping.h>

#include "mem/mem_migrate.h"
#include "process/process_types.h"
#include "process/smi_types.h"
#include "svm/svm.h"

static unsigned long pages(u64 bytes)
{
	return bytes >> PAGE_SHIFT;
}

static s64 now(void)
{
	return ktime_get_boottime_ns();
}

/** vkfd_smi_migrate_begin() - Memory of @p starts to move between @dev and RAM */
void vkfd_smi_migrate_begin(struct vkfd_process *p, struct vkfd_device *dev,
			    const struct vkfd_migrate_news *news)
{
	u32 prefetch, preferred;

	if (!vkfd_smi_wanted(dev, KFD_SMI_EVENT_MIGRATE_START))
		return;
	vkfd_svm_locations(p->svm, news->start, &prefetch, &preferred);
	vkfd_smi_post(dev, p->pid, KFD_SMI_EVENT_MIGRATE_START,
		      KFD_EVENT_FMT_MIGRATE_START(now(), p->own_pid, pages(news->start),
						  pages(news->end - news->start), news->from,
						  news->to, prefetch, preferred, news->trigger));
}

/** vkfd_smi_migrate_end() - What moves has moved; @err: not all could be tried */
void vkfd_smi_migrate_end(struct vkfd_process *p, struct vkfd_device *dev,
			  const struct vkfd_migrate_news *news, int err)
{
	vkfd_smi_post(dev, p->pid, KFD_SMI_EVENT_MIGRATE_END,
		      KFD_EVENT_FMT_MIGRATE_END(now(), p->own_pid, pages(news->start),
						pages(news->end - news->start), news->from,
						news->to, news->trigger, err));
}

/** vkfd_smi_fault_begin() - A GPU page fault of process @owner is being served since @ns */
void vkfd_smi_fault_begin(void *owner, struct vkfd_device *dev, u64 va, bool write, u64 ns)
{
	struct vkfd_process *p = owner;

	vkfd_smi_post(dev, p->pid, KFD_SMI_EVENT_PAGE_FAULT_START,
		      KFD_EVENT_FMT_PAGEFAULT_START((s64)ns, p->own_pid, pages(va), dev->gpu_id,
						    write ? 'W' : 'R'));
}

/** vkfd_smi_fault_end() - It has been, by moving pages or by mapping them */
void vkfd_smi_fault_end(void *owner, struct vkfd_device *dev, u64 va, bool migrated)
{
	struct vkfd_process *p = owner;

	vkfd_smi_post(dev, p->pid, KFD_SMI_EVENT_PAGE_FAULT_END,
		      KFD_EVENT_FMT_PAGEFAULT_END(now(), p->own_pid, pages(va), dev->gpu_id,
						  migrated ? 'M' : 'U'));
}

/** vkfd_smi_unmapped() - @dev does not reach [start, end) of process @owner any more */
void vkfd_smi_unmapped(void *owner, struct vkfd_device *dev, u64 start, u64 end,
		       enum KFD_SVM_UNMAP_TRIGGERS why)
{
	struct vkfd_process *p = owner;

	vkfd_smi_post(dev, p->pid, KFD_SMI_EVENT_UNMAP_FROM_GPU,
		      KFD_EVENT_FMT_UNMAP_FROM_GPU(now(), p->own_pid, pages(start),
						   pages(end - start), dev->gpu_id, why));
}

/* Each GPU on which the process has an address space, that is, may have queues. */
#define for_each_gpu_of(p, pdd)                                              \
	list_for_each_entry_rcu(pdd, &(p)->pdds, link)                       \
		if (READ_ONCE((pdd)->doorbell_frame))

/** vkfd_smi_queues_evicted() - The queues of @p were told to stop. Queue lock. */
void vkfd_smi_queues_evicted(struct vkfd_process *p, enum KFD_QUEUE_EVICTION_TRIGGERS why)
{
	struct vkfd_pdd *pdd;

	rcu_read_lock();
	for_each_gpu_of(p, pdd)
		vkfd_smi_post(pdd->dev, p->pid, KFD_SMI_EVENT_QUEUE_EVICTION,
			      KFD_EVENT_FMT_QUEUE_EVICTION(now(), p->own_pid, pdd->dev->gpu_id,
							   why));
	rcu_read_unlock();
}

static void queues_restore(struct vkfd_process *p, char rescheduled)
{
	struct vkfd_pdd *pdd;

	rcu_read_lock();
	for_each_gpu_of(p, pdd)
		vkfd_smi_post(pdd->dev, p->pid, KFD_SMI_EVENT_QUEUE_RESTORE,
			      KFD_EVENT_FMT_QUEUE_RESTORE(now(), p->own_pid, pdd->dev->gpu_id,
							  rescheduled));
	rcu_read_unlock();
}

/** vkfd_smi_queues_restored() - The queues of @p run again. Queue lock. */
void vkfd_smi_queues_restored(struct vkfd_process *p)
{
	queues_restore(p, '0');
}

/** vkfd_smi_restore_late() - Not yet: what they need could not be mapped, or went again */
void vkfd_smi_restore_late(void *owner)
{
	queues_restore(owner, 'R');
}

/** vkfd_smi_vm_fault() - An access of @p on @dev was refused */
void vkfd_smi_vm_fault(struct vkfd_process *p, struct vkfd_device *dev)
{
	struct vkfd_pdd *pdd;

	rcu_read_lock();
	list_for_each_entry_rcu(pdd, &p->pdds, link)
		if (pdd->dev == dev)
			vkfd_smi_post(dev, p->pid, KFD_SMI_EVENT_VMFAULT,
				      KFD_EVENT_FMT_VMFAULT(pdd->task, pdd->comm));
	rcu_read_unlock();
}

/** vkfd_smi_process_begin() - A process has an address space on a GPU from now on */
void vkfd_smi_process_begin(struct vkfd_pdd *pdd)
{
	vkfd_smi_post(pdd->dev, pdd->p->pid, KFD_SMI_EVENT_PROCESS_START,
		      KFD_EVENT_FMT_PROCESS(pdd->task, pdd->comm));
}

/** vkfd_smi_process_end() - And has none any more */
void vkfd_smi_process_end(struct vkfd_pdd *pdd)
{
	vkfd_smi_post(pdd->dev, pdd->p->pid, KFD_SMI_EVENT_PROCESS_END,
		      KFD_EVENT_FMT_PROCESS(pdd->task, pdd->comm));
}

/** vkfd_smi_gpu_reset() - A GPU is lost: its reset number @dev->resets begins */
void vkfd_smi_gpu_reset(struct vkfd_device *dev, const char *why)
{
	vkfd_smi_post(dev, 0, KFD_SMI_EVENT_GPU_PRE_RESET,
		      KFD_EVENT_FMT_UPDATE_GPU_RESET(dev->resets, why));
}

/** vkfd_smi_gpu_was_reset() - And ended well */
void vkfd_smi_gpu_was_reset(struct vkfd_device *dev)
{
	vkfd_smi_post(dev, 0, KFD_SMI_EVENT_GPU_POST_RESET,
		      KFD_EVENT_FMT_UPDATE_GPU_RESET(dev->resets, ""));
}
