// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: user queues
 *
 * Owns the queues of a process: their ids, the buffers each needs, and their
 * creation, change and end. queue_check.c says what a queue may look like,
 * queue_slots.c hands out engines and doorbells, queue_hw.c talks to the device.
 *
 * Ring, read and write pointer and end-of-pipe buffer must be buffers of the
 * process mapped on the queue's GPU; they can be neither unmapped nor freed
 * while the queue lives. The context-save area of a compute queue may be such a
 * buffer, or SVM memory that is always mapped.
 *
 * Locks: the process lock throughout; the queue lock inside queue_hw.c.
 * Refuses: the above (-EINVAL), more queues than there are slots (-ENOMEM), an
 * id that is not a queue (-EINVAL; -EFAULT from UPDATE, as KFD does).
 */
#include <linux/kfd_ioctl.h>
#include <linux/slab.h>

#include "mmu/mmu_vm.h"
#include "process/buffer.h"
#include "process/process_types.h"
#include "process/queue.h"
#include "process/queue_check.h"
#include "process/queue_types.h"
#include "svm/svm.h"

static bool is_compute(u32 kfd_type)
{
	return kfd_type == KFD_IOC_QUEUE_TYPE_COMPUTE || kfd_type == KFD_IOC_QUEUE_TYPE_COMPUTE_AQL;
}

static void buffers_put(struct vkfd_queue *q)
{
	struct vkfd_queue_buffers *b = &q->buffers;

	vkfd_buffer_unhold(b->ring);
	vkfd_buffer_unhold(b->rptr);
	vkfd_buffer_unhold(b->wptr);
	vkfd_buffer_unhold(b->eop);
	vkfd_buffer_unhold(b->cwsr);
	if (b->svm_bytes)
		vkfd_svm_buffer_put(q->pdd->p->svm, b->svm_va, b->svm_bytes);
	memset(b, 0, sizeof(*b));
}

static int save_area_get(struct vkfd_queue *q, const struct vkfd_queue_request *request,
			 u64 bytes)
{
	struct vkfd_queue_buffers *b = &q->buffers;
	struct vkfd_pdd *pdd = q->pdd;
	int err;

	b->cwsr = vkfd_buffer_hold(pdd, request->cwsr, bytes);
	if (b->cwsr)
		return 0;
	err = vkfd_svm_buffer_get(pdd->p->svm, pdd->vm, request->cwsr, bytes);
	if (err)
		return err;
	b->svm_va = request->cwsr;
	b->svm_bytes = bytes;
	return 0;
}

static int buffers_get(struct vkfd_queue *q, const struct vkfd_queue_request *request,
		       const struct vkfd_cwsr_sizes *cwsr)
{
	struct vkfd_queue_buffers *b = &q->buffers;
	struct vkfd_pdd *pdd = q->pdd;
	int err = -EINVAL;

	b->rptr = vkfd_buffer_hold(pdd, request->rptr, sizeof(u64));
	b->wptr = vkfd_buffer_hold(pdd, request->wptr, sizeof(u64));
	b->ring = vkfd_buffer_hold(pdd, request->ring, vkfd_queue_ring_bytes(request->ring_bytes));
	if (!b->rptr || !b->wptr || !b->ring)
		goto err_put;
	if (!is_compute(request->type))
		return 0;
	if (request->eop) {
		b->eop = vkfd_buffer_hold(pdd, request->eop, request->eop_bytes);
		if (!b->eop)
			goto err_put;
	}
	err = save_area_get(q, request, cwsr->total);
	if (!err)
		return 0;
err_put:
	buffers_put(q);
	return err;
}

static void hw_describe(struct vkfd_queue *q, const struct vkfd_queue_request *request)
{
	struct vkfd_kiq_queue *hw = &q->hw;

	hw->ctx = vkfd_vm_ctx(q->pdd->vm);
	hw->priority = request->priority;
	hw->ring = request->ring;
	hw->ring_bytes = vkfd_queue_ring_bytes(request->ring_bytes);
	hw->rptr_va = request->rptr;
	hw->wptr_va = request->wptr;
	q->percent = request->percent;
	if (!is_compute(request->type))
		return;
	hw->eop_va = request->eop;
	hw->cwsr_va = request->cwsr;
	hw->cwsr_bytes = request->cwsr_bytes;
}

/* Everything between an allocated struct and a running queue; @seat as in queue_create_locked(). */
static int queue_start(struct vkfd_queue *q, const struct vkfd_queue_request *request,
		       const struct vkfd_queue_seat *seat, const struct vkfd_cwsr_sizes *cwsr)
{
	struct vkfd_process *p = q->pdd->p;
	struct xa_limit ids = seat ? XA_LIMIT(seat->id, seat->id) : XA_LIMIT(1, VKFD_MAX_QUEUES);
	int err;

	err = buffers_get(q, request, cwsr);
	if (err)
		return err;
	err = vkfd_queue_slots_get(q->pdd, request->type, request->engine_id, seat, &q->hw);
	if (err)
		goto err_buffers;
	err = xa_alloc(&p->queue_ids, &q->id, q, ids, GFP_KERNEL_ACCOUNT);
	if (err)
		goto err_slots;
	hw_describe(q, request);
	err = vkfd_queue_map(q);
	if (err)
		goto err_id;
	return 0;

err_id:
	xa_erase(&p->queue_ids, q->id);
err_slots:
	vkfd_queue_slots_put(q->pdd, &q->hw);
err_buffers:
	buffers_put(q);
	return err;
}

/* With a @seat, the queue had these numbers before, and goes on where its read pointer says. */
static struct vkfd_queue *queue_create_locked(struct vkfd_pdd *pdd,
					      const struct vkfd_queue_request *request,
					      const struct vkfd_queue_seat *seat, bool no_ring)
{
	struct vkfd_cwsr_sizes cwsr;
	struct vkfd_queue *q;
	int err;

	lockdep_assert_held(&pdd->p->lock);
	vkfd_cwsr_sizes(pdd->dev->hw.cus, pdd->dev->hw.ses, &cwsr);
	err = vkfd_queue_check_create(request, &cwsr);
	if (err)
		return ERR_PTR(err);
	q = kzalloc_obj(*q, GFP_KERNEL_ACCOUNT);
	if (!q)
		return ERR_PTR(-ENOMEM);
	q->pdd = pdd;
	q->no_ring = no_ring;
	q->hw.flags = seat ? VKFD_QUEUE_RESUME : 0;
	err = queue_start(q, request, seat, &cwsr);
	if (err) {
		kfree(q);
		return ERR_PTR(err);
	}
	return q;
}

static struct vkfd_queue *queue_create_on(struct vkfd_process *p,
					  const struct vkfd_queue_request *request,
					  const struct vkfd_queue_seat *seat, bool no_ring)
{
	struct vkfd_pdd *pdd;

	lockdep_assert_held(&p->lock);
	pdd = vkfd_pdd_get(p, request->gpu_id);
	if (IS_ERR(pdd))
		return ERR_CAST(pdd);
	if (!pdd->vm || vkfd_device_is_lost(pdd->dev))
		return ERR_PTR(-ENODEV);
	return queue_create_locked(pdd, request, seat, no_ring);
}

/**
 * vkfd_queue_create() - CREATE_QUEUE
 * @p:       Process.
 * @request: From user space, unchecked.
 * @out:     Id and doorbell.
 *
 * Context: May sleep; takes the process lock, in it svm and queue locks.
 * Return: 0; -EINVAL, -EFAULT as queue_check.c says, or buffers are missing;
 * -ENODEV without address space or GPU; -ENOMEM.
 */
int vkfd_queue_create(struct vkfd_process *p, const struct vkfd_queue_request *request,
		      struct vkfd_queue_created *out)
{
	struct vkfd_queue *q;

	mutex_lock(&p->lock);
	q = queue_create_on(p, request, NULL, false);
	if (!IS_ERR(q)) {
		out->queue_id = q->id;
		out->doorbell = q->hw.doorbell * sizeof(u64);
	}
	mutex_unlock(&p->lock);
	return PTR_ERR_OR_ZERO(q);
}

/**
 * vkfd_queue_restore() - Make an SDMA queue that a checkpoint described
 * @p:       Process; its lock is held.
 * @request: What CREATE_QUEUE would say, for one engine.
 * @seat:    Its numbers.
 * @no_ring: It had no ring then: @request has the old one.
 *
 * The queue goes on where its read pointer in memory says.
 * Context: May sleep; takes svm and queue locks.
 * Return: As vkfd_queue_create(); -EBUSY id or doorbell is taken.
 */
int vkfd_queue_restore(struct vkfd_process *p, const struct vkfd_queue_request *request,
		       const struct vkfd_queue_seat *seat, bool no_ring)
{
	if (!seat->id || seat->id > VKFD_MAX_QUEUES)
		return -EINVAL;
	return PTR_ERR_OR_ZERO(queue_create_on(p, request, seat, no_ring));
}

/** vkfd_queue_destroy_locked() - vkfd_queue_destroy() with the process lock held */
void vkfd_queue_destroy_locked(struct vkfd_queue *q)
{
	struct vkfd_process *p = q->pdd->p;

	lockdep_assert_held(&p->lock);
	vkfd_queue_unmap(q);
	xa_erase(&p->queue_ids, q->id);
	vkfd_queue_slots_put(q->pdd, &q->hw);
	buffers_put(q);
	kfree(q);
}

/**
 * vkfd_queue_destroy() - DESTROY_QUEUE
 * @p: Process.
 * @queue_id: Queue, as user space names it.
 *
 * When it returns the device touches ring, pointers and save area no more.
 * Context: May sleep; takes the process lock.
 * Return: 0 or -EINVAL.
 */
int vkfd_queue_destroy(struct vkfd_process *p, u32 queue_id)
{
	struct vkfd_queue *q;
	int err = 0;

	mutex_lock(&p->lock);
	q = xa_load(&p->queue_ids, queue_id);
	if (q)
		vkfd_queue_destroy_locked(q);
	else
		err = -EINVAL;
	mutex_unlock(&p->lock);
	return err;
}

static int queue_update_locked(struct vkfd_queue *q, const struct vkfd_queue_request *request)
{
	struct vkfd_buffer *ring = NULL;
	u64 ring_bytes = vkfd_queue_ring_bytes(request->ring_bytes);
	u32 old_percent = q->percent;
	int err;

	if (request->ring) {
		ring = vkfd_buffer_hold(q->pdd, request->ring, ring_bytes);
		if (!ring)
			return -EINVAL;
	}
	q->percent = request->percent;
	err = vkfd_queue_apply(q, request->ring, ring_bytes, request->priority);
	if (err) {
		q->percent = old_percent;
		vkfd_buffer_unhold(ring);
		return err;
	}
	if (ring) {
		vkfd_buffer_unhold(q->buffers.ring);
		q->buffers.ring = ring;
	}
	return 0;
}

/**
 * vkfd_queue_update() - UPDATE_QUEUE: ring, percentage, priority
 * @p: Process.
 * @queue_id: Queue, as user space names it.
 * @request: From user space.
 *
 * Percentage 0 or a null ring suspend; both pointers are kept.
 * Context: May sleep; takes the process lock.
 * Return: 0, -EINVAL, -EFAULT bad address or no such queue, -ENODEV.
 */
int vkfd_queue_update(struct vkfd_process *p, u32 queue_id,
		      const struct vkfd_queue_request *request)
{
	struct vkfd_queue *q;
	int err = vkfd_queue_check_common(request);

	if (err)
		return err;
	mutex_lock(&p->lock);
	q = xa_load(&p->queue_ids, queue_id);
	err = q ? queue_update_locked(q, request) : -EFAULT;
	mutex_unlock(&p->lock);
	return err;
}

/** vkfd_queue_check_id() - Is it a queue of the process? Return: 0 or -EINVAL. */
int vkfd_queue_check_id(struct vkfd_process *p, u32 queue_id)
{
	int err;

	mutex_lock(&p->lock);
	err = xa_load(&p->queue_ids, queue_id) ? 0 : -EINVAL;
	mutex_unlock(&p->lock);
	return err;
}

/** vkfd_queues_release() - End every queue; teardown. Process lock held. */
void vkfd_queues_release(struct vkfd_process *p)
{
	struct vkfd_queue *q, *next;

	lockdep_assert_held(&p->lock);
	list_for_each_entry_safe(q, next, &p->queues, link)
		vkfd_queue_destroy_locked(q);
}
