// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: queues that stopped themselves
 *
 * A bad packet stops its queue on the device, which reports it by interrupt.
 * The queue is marked dead (it can only be destroyed) and, for a compute queue,
 * the exception is told to the process the way ROCr's runtime expects: bit
 * (code - 1) is set in the 64-bit error payload whose address, with an event
 * id, user space left in the header of the context-save area.
 *
 * Those are user addresses: they may fault, and bringing their pages back may
 * need this very GPU's interrupts, so a worker does it inside the process' mm,
 * never the interrupt thread. An address that does not work is the process' own
 * loss.
 *
 * Locks: queue lock to find and mark; none while touching user memory.
 */
#include <linux/kfd_ioctl.h>
#include <linux/kthread.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>

#include "core/fault.h"
#include "core/trace.h"
#include "process/event.h"
#include "process/process_types.h"
#include "process/queue_types.h"

/**
 * vkfd_queue_error_irq() - The device reports a stopped queue
 * @p:     Its process.
 * @dev:   GPU.
 * @error: From the interrupt ring; not trusted, must match a queue.
 *
 * Context: Interrupt thread, inside vkfd_process_srcu_lock().
 */
void vkfd_queue_error_irq(struct vkfd_process *p, struct vkfd_device *dev,
			  const struct vkfd_queue_failure *error)
{
	struct vkfd_queue *q;
	bool report = false;

	mutex_lock(&p->queue_lock);
	list_for_each_entry(q, &p->queues, link) {
		if (q->pdd->dev != dev || q->hw.queue != error->queue ||
		    q->hw.doorbell != error->doorbell || q->dead)
			continue;
		q->dead = true;
		q->error_code = error->code;
		q->report = q->hw.cwsr_va && error->code > 0 && error->code <= 64;
		report |= q->report;
		trace_vkfd_queue(dev->gpu_id, p->pasid, q->id, "error", -EIO);
	}
	mutex_unlock(&p->queue_lock);
	if (report)
		vkfd_process_queue_work(&p->error_work);
}

static bool next_report(struct vkfd_process *p, u64 *cwsr_va, u32 *code)
{
	struct vkfd_queue *q;
	bool found = false;

	mutex_lock(&p->queue_lock);
	list_for_each_entry(q, &p->queues, link) {
		if (!q->report)
			continue;
		q->report = false;
		*cwsr_va = q->hw.cwsr_va;
		*code = q->error_code;
		found = true;
		break;
	}
	mutex_unlock(&p->queue_lock);
	return found;
}

/* In the process' mm. */
static void tell_user(struct vkfd_process *p, u64 cwsr_va, u32 code)
{
	struct kfd_context_save_area_header header;
	u64 __user *payload;
	u64 value;

	if (copy_from_user(&header, u64_to_user_ptr(cwsr_va), sizeof(header)))
		return;
	payload = u64_to_user_ptr(header.err_payload_addr);
	if (!payload || get_user(value, payload) || put_user(value | KFD_EC_MASK(code), payload))
		return;
	vkfd_event_set(&p->events, header.err_event_id);
}

/** vkfd_queue_error_work() - Tells user space of all errors not told yet */
void vkfd_queue_error_work(struct work_struct *work)
{
	struct vkfd_process *p = container_of(work, struct vkfd_process, error_work);
	u64 cwsr_va;
	u32 code;

	if (!mmget_not_zero(p->mm))
		return;
	kthread_use_mm(p->mm);
	while (next_report(p, &cwsr_va, &code))
		tell_user(p, cwsr_va, code);
	kthread_unuse_mm(p->mm);
	/* Not mmput(): the last one would run exit, and with it our own flush. */
	mmput_async(p->mm);
}
