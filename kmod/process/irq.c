// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: news from below
 *
 * The callbacks that engine/, svm/ and mem/ use upwards: completion interrupts,
 * faults and queue errors are routed by PASID to their process, migrations are
 * counted for the GPUs they touched.
 *
 * Everything a device says is untrusted: an unknown PASID, event, queue or
 * doorbell is dropped. A process found here stays usable until the matching
 * unlock, because teardown waits for it.
 *
 * Locks: process_srcu around everything; queue and event locks inside. Called
 * from interrupt threads (nothing here waits for another interrupt), fault
 * workers and migrations.
 */
#include <linux/kfd_ioctl.h>

#include "core/fault.h"
#include "core/trace.h"
#include "mem/mem_migrate.h"
#include "process/event.h"
#include "process/process_types.h"
#include "process/queue_types.h"
#include "process/smi_types.h"
#include "svm/svm.h"
#include "vkfd_hw/ih.h"

/* Stays as long as the process. */
static struct vkfd_pdd *pdd_of(struct vkfd_process *p, u32 gpu_id)
{
	struct vkfd_pdd *pdd, *found = NULL;

	rcu_read_lock();
	list_for_each_entry_rcu(pdd, &p->pdds, link)
		if (pdd->dev->gpu_id == gpu_id)
			found = pdd;
	rcu_read_unlock();
	return found;
}

static struct vkfd_pdd_counters *counters_of(struct vkfd_process *p, u32 gpu_id)
{
	struct vkfd_pdd *pdd = pdd_of(p, gpu_id);

	return pdd ? &pdd->counters : NULL;
}

/**
 * vkfd_process_violation() - A GPU access that nobody can serve
 * @owner: Process.
 * @dev:   GPU.
 * @fault: What was tried.
 *
 * The queues of the process on that GPU stop for good, then its memory events
 * are set, so that user space finds them stopped.
 * Context: Interrupt thread or fault worker.
 */
void vkfd_process_violation(void *owner, struct vkfd_device *dev, const struct vkfd_fault *fault)
{
	struct vkfd_process *p = owner;
	struct kfd_hsa_memory_exception_data data = {
		.failure.NotPresent = fault->not_present,
		.failure.ReadOnly = fault->read_only,
		.failure.NoExecute = fault->execute && !fault->not_present,
		.va = fault->va,
		.gpu_id = dev->gpu_id,
		.ErrorType = KFD_MEM_ERR_NO_RAS,
	};

	vkfd_queues_stop_gpu(p, dev, fault->ih_ptr);
	vkfd_smi_vm_fault(p, dev);
	vkfd_event_memory_exception(&p->events, &data);
}

static void irq_vm_fault(struct vkfd_device *dev, const struct vkfd_fault *fault)
{
	int idx = vkfd_process_srcu_lock();
	struct vkfd_process *p = vkfd_process_by_pasid(fault->pasid);
	struct vkfd_pdd_counters *counters = p ? counters_of(p, dev->gpu_id) : NULL;

	if (!counters)
		goto unlock;
	atomic64_inc(&counters->faults);
	if (fault->retry) {
		vkfd_svm_fault(p->svm, dev, fault);
		goto unlock;
	}
	trace_vkfd_fault_begin(dev->gpu_id, fault->pasid, fault->va, fault->write, false);
	vkfd_process_violation(p, dev, fault);
	trace_vkfd_fault_done(dev->gpu_id, fault->pasid, fault->va, "violation", -EFAULT);
unlock:
	vkfd_process_srcu_unlock(idx);
}

static void irq_event(struct vkfd_device *dev, const struct vkfd_event_irq *irq)
{
	struct vkfd_process *p;
	int idx;

	/* CP's end of pipe without an id: nobody asked. SDMA has no such rule. */
	if (irq->source == VKFD_IH_SRC_CP_EOP && !irq->event_id)
		return;
	idx = vkfd_process_srcu_lock();
	p = vkfd_process_by_pasid(irq->pasid);
	if (p)
		vkfd_event_interrupt(&p->events, irq->event_id, irq->valid_bits);
	vkfd_process_srcu_unlock(idx);
}

static void irq_queue_error(struct vkfd_device *dev, const struct vkfd_queue_failure *error)
{
	int idx = vkfd_process_srcu_lock();
	struct vkfd_process *p = vkfd_process_by_pasid(error->pasid);

	if (p)
		vkfd_queue_error_irq(p, dev, error);
	vkfd_process_srcu_unlock(idx);
}

static void irq_access_count(struct vkfd_device *dev, const struct vkfd_access_report *report)
{
	int idx = vkfd_process_srcu_lock();
	struct vkfd_process *p = vkfd_process_by_pasid(report->pasid);

	if (p)
		vkfd_svm_hot(p->svm, dev, report);
	vkfd_process_srcu_unlock(idx);
}

const struct vkfd_irq_ops vkfd_process_irq_ops = {
	.vm_fault = irq_vm_fault,
	.event = irq_event,
	.queue_error = irq_queue_error,
	.access_count = irq_access_count,
};

static void migrate_done(struct mm_struct *mm, u64 start, u64 end, u32 from_gpu, u32 to_gpu,
			 enum vkfd_migrate_trigger trigger, u64 pages, int err)
{
	int idx = vkfd_process_srcu_lock();
	struct vkfd_process *p = vkfd_process_by_mm_rcu(mm);
	struct vkfd_pdd_counters *from = p && from_gpu ? counters_of(p, from_gpu) : NULL;
	struct vkfd_pdd_counters *to = p && to_gpu ? counters_of(p, to_gpu) : NULL;

	if (from)
		atomic64_add(pages, &from->page_out);
	if (to)
		atomic64_add(pages, &to->page_in);
	if (p && pages && trigger == VKFD_MIGRATE_CPU_FAULT)
		vkfd_svm_thrash_returned(p->svm, start, end);
	vkfd_process_srcu_unlock(idx);
}

/* The GPU of a migration and the live process whose memory moves, or no pdd. */
static struct vkfd_pdd *migrating(const struct vkfd_migrate_news *news)
{
	struct vkfd_process *p = vkfd_process_by_mm_rcu(news->mm);

	return p ? pdd_of(p, news->to ?: news->from) : NULL;
}

static void migrate_begin(const struct vkfd_migrate_news *news)
{
	int idx = vkfd_process_srcu_lock();
	struct vkfd_pdd *pdd = migrating(news);

	if (pdd)
		vkfd_smi_migrate_begin(pdd->p, pdd->dev, news);
	vkfd_process_srcu_unlock(idx);
}

static void migrate_end(const struct vkfd_migrate_news *news, int err)
{
	int idx = vkfd_process_srcu_lock();
	struct vkfd_pdd *pdd = migrating(news);

	if (pdd)
		vkfd_smi_migrate_end(pdd->p, pdd->dev, news, err);
	vkfd_process_srcu_unlock(idx);
}

/* The process stays until the move has ended. */
static void whole_begin(struct vkfd_whole_move *move)
{
	struct vkfd_process *p;

	move->cookie = vkfd_process_srcu_lock();
	p = vkfd_process_by_mm_rcu(move->mm);
	move->owner = p;
	if (p)
		vkfd_svm_whole_begin(p->svm, move);
	else
		vkfd_process_srcu_unlock(move->cookie);
}

static void whole_end(struct vkfd_whole_move *move)
{
	struct vkfd_process *p = move->owner;

	vkfd_svm_whole_end(p->svm, move);
	vkfd_process_srcu_unlock(move->cookie);
}

static bool owned(struct mm_struct *mm)
{
	int idx = vkfd_process_srcu_lock();
	bool found = vkfd_process_by_mm_rcu(mm);

	vkfd_process_srcu_unlock(idx);
	return found;
}

const struct vkfd_migrate_ops vkfd_process_migrate_ops = {
	.owned = owned,
	.whole_begin = whole_begin,
	.whole_end = whole_end,
	.begin = migrate_begin,
	.end = migrate_end,
	.done = migrate_done,
};
