// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: queues on the GPU
 *
 * Owns the run state of user queues: whether the device has a queue, and the
 * percentage it runs it at. A queue runs when user space wants it to, its ring
 * is there, it has not stopped itself, its GPU saw no access violation, and
 * nobody has the process quiesced. The functions here compute that and tell the
 * device through the kernel interface queue.
 *
 * Called by queue.c, by the interrupt path, and by SVM's MMU notifier callback.
 * So nothing here allocates, and &vkfd_process.queue_lock is never held across
 * an allocation; waiting for the device is bounded, and a device that is lost
 * touches no memory, which is why errors of stopping are not errors.
 */
#include "core/trace.h"
#include "engine/eng_ih.h"
#include "engine/eng_kiq.h"
#include "mmu/mmu_vm.h"
#include "process/process_types.h"
#include "process/queue_types.h"
#include "process/smi_types.h"

static u32 run_percent(const struct vkfd_queue *q)
{
	lockdep_assert_held(&q->pdd->p->queue_lock);
	if (q->no_ring || q->dead || q->pdd->stopped || q->pdd->p->evicted)
		return 0;
	return q->percent;
}

static void trace(const struct vkfd_queue *q, const char *what, int err)
{
	trace_vkfd_queue(q->pdd->dev->gpu_id, q->pdd->p->pasid, q->id, what, err);
}

static int run_command(struct vkfd_queue *q, enum vkfd_kiq_op op)
{
	struct vkfd_kiq_cmd cmd = { .op = op, .queue = q->hw };

	return vkfd_kiq_run(q->pdd->dev, &cmd);
}

/**
 * vkfd_queue_map() - Give a new queue to the device
 * @q: Filled in; joins the process' list.
 *
 * Context: May sleep; caller holds the process lock, takes the queue lock.
 * Return: 0, -EINVAL or -EBUSY as the device refused, -ENODEV.
 */
int vkfd_queue_map(struct vkfd_queue *q)
{
	struct vkfd_process *p = q->pdd->p;
	int err = -ENODEV;

	lockdep_assert_held(&p->lock);
	mutex_lock(&p->queue_lock);
	q->hw.percent = run_percent(q);
	/* Exit took the other queues away under this lock and looks no more. */
	if (!vkfd_process_is_dead(p))
		err = run_command(q, VKFD_KIQ_QUEUE_MAP);
	/* Only this command looks at them. */
	q->hw.flags = 0;
	if (!err) {
		q->mapped = true;
		list_add_tail(&q->link, &p->queues);
	}
	mutex_unlock(&p->queue_lock);
	trace(q, "map", err);
	return err == -ETIMEDOUT ? -ENODEV : err;
}

static void unmap_locked(struct vkfd_queue *q)
{
	int err;

	lockdep_assert_held(&q->pdd->p->queue_lock);
	if (!q->mapped)
		return;
	err = run_command(q, VKFD_KIQ_QUEUE_UNMAP);
	q->mapped = false;
	trace(q, "unmap", err);
}

/**
 * vkfd_queue_unmap() - Take a queue from the device and off the list
 * @q: Queue.
 *
 * On return the device touches no memory on its behalf any more.
 * Context: May sleep; caller holds the process lock, takes the queue lock.
 */
void vkfd_queue_unmap(struct vkfd_queue *q)
{
	struct vkfd_process *p = q->pdd->p;

	lockdep_assert_held(&p->lock);
	mutex_lock(&p->queue_lock);
	unmap_locked(q);
	list_del(&q->link);
	mutex_unlock(&p->queue_lock);
}

/**
 * vkfd_queues_unmap_all() - Take every queue from the devices, at exit
 * @p: Process.
 *
 * They stay listed until vkfd_queues_release().
 * Context: MMU notifier release; no ioctl of this mm runs any more, or the
 * process is dead and none starts.
 */
void vkfd_queues_unmap_all(struct vkfd_process *p)
{
	struct vkfd_queue *q;

	mutex_lock(&p->queue_lock);
	list_for_each_entry(q, &p->queues, link)
		unmap_locked(q);
	mutex_unlock(&p->queue_lock);
}

/* Posts the queue's present state; the answer is awaited by queues_wait(). */
static void post_state(struct vkfd_queue *q)
{
	struct vkfd_kiq_cmd cmd = { .op = VKFD_KIQ_QUEUE_UPDATE };
	u32 percent = run_percent(q);

	if (!q->mapped || q->hw.percent == percent)
		return;
	q->hw.percent = percent;
	cmd.queue = q->hw;
	q->waiting = !vkfd_kiq_submit(q->pdd->dev, &cmd, &q->seq);
}

static void queues_wait(struct vkfd_process *p)
{
	struct vkfd_queue *q;

	lockdep_assert_held(&p->queue_lock);
	list_for_each_entry(q, &p->queues, link) {
		if (!q->waiting)
			continue;
		q->waiting = false;
		/* A lost device is no obstacle: it does not run queues either. */
		vkfd_kiq_wait(q->pdd->dev, q->seq);
	}
}

/* All GPUs work on it at once: first post everything, then wait. */
static void queues_refresh(struct vkfd_process *p)
{
	struct vkfd_queue *q;

	lockdep_assert_held(&p->queue_lock);
	list_for_each_entry(q, &p->queues, link)
		post_state(q);
	queues_wait(p);
}

/**
 * vkfd_queue_apply() - Change what user space may change
 * @q:          Queue; caller holds the process lock.
 * @ring:       New ring, 0 stops the queue and keeps the old one for later.
 * @ring_bytes: Its size.
 * @priority:   KFD's 0..15. The percentage is taken from @q.
 *
 * Return: 0 or what the device said; on error the old description stays.
 */
int vkfd_queue_apply(struct vkfd_queue *q, u64 ring, u64 ring_bytes, u32 priority)
{
	struct vkfd_process *p = q->pdd->p;
	struct vkfd_kiq_queue old;
	bool old_no_ring;
	int err = 0;

	lockdep_assert_held(&p->lock);
	mutex_lock(&p->queue_lock);
	old = q->hw;
	old_no_ring = q->no_ring;
	q->no_ring = !ring;
	if (ring) {
		q->hw.ring = ring;
		q->hw.ring_bytes = ring_bytes;
	}
	q->hw.priority = priority;
	q->hw.percent = run_percent(q);
	if (q->mapped)
		err = run_command(q, VKFD_KIQ_QUEUE_UPDATE);
	if (err) {
		q->hw = old;
		q->no_ring = old_no_ring;
	}
	mutex_unlock(&p->queue_lock);
	trace(q, "update", err);
	return err == -ETIMEDOUT ? -ENODEV : err;
}

/**
 * vkfd_queues_stop() - Stop all queues of a process now; nests by count
 * @p:   The process.
 * @why: For SMI events, if they were not stopped already.
 *
 * On return no engine works for the process.
 * Context: Also inside an MMU notifier. Allocates nothing.
 */
void vkfd_queues_stop(struct vkfd_process *p, enum KFD_QUEUE_EVICTION_TRIGGERS why)
{
	mutex_lock(&p->queue_lock);
	if (!p->evicted++) {
		p->evicted_since = ktime_get_boottime_ns();
		vkfd_smi_queues_evicted(p, why);
		queues_refresh(p);
	}
	mutex_unlock(&p->queue_lock);
}

/** vkfd_queues_quiesce() - vkfd_queues_stop() because of process @owner's SVM memory */
void vkfd_queues_quiesce(void *owner)
{
	vkfd_queues_stop(owner, KFD_QUEUE_EVICTION_TRIGGER_SVM);
}

/**
 * vkfd_queues_resume() - Undo one vkfd_queues_stop() or vkfd_queues_quiesce()
 * @owner: The process.
 *
 * Context: Also inside an MMU notifier. Allocates nothing.
 */
void vkfd_queues_resume(void *owner)
{
	struct vkfd_process *p = owner;

	mutex_lock(&p->queue_lock);
	if (!WARN_ON_ONCE(!p->evicted) && !--p->evicted) {
		queues_refresh(p);
		p->evicted_ns += ktime_get_boottime_ns() - p->evicted_since;
		vkfd_smi_queues_restored(p);
	}
	mutex_unlock(&p->queue_lock);
}

/* Per-GPU data stays as long as the process. */
static struct vkfd_pdd *pdd_of(struct vkfd_process *p, struct vkfd_device *dev)
{
	struct vkfd_pdd *pdd, *found = NULL;

	rcu_read_lock();
	list_for_each_entry_rcu(pdd, &p->pdds, link)
		if (pdd->dev == dev)
			found = pdd;
	rcu_read_unlock();
	return found;
}

/**
 * vkfd_queues_suspend() - Stop all queues of a process because a GPU is suspended
 * @p:   Process.
 * @dev: One of its GPUs.
 *
 * Context: Suspend; may sleep.
 */
void vkfd_queues_suspend(struct vkfd_process *p, struct vkfd_device *dev)
{
	struct vkfd_pdd *pdd = pdd_of(p, dev);

	if (!pdd || pdd->suspended)
		return;
	pdd->suspended = true;
	vkfd_queues_stop(p, KFD_QUEUE_EVICTION_TRIGGER_SUSPEND);
}

/** vkfd_queues_wake() - Undo vkfd_queues_suspend(), if it was done. Context: as that. */
void vkfd_queues_wake(struct vkfd_process *p, struct vkfd_device *dev)
{
	struct vkfd_pdd *pdd = pdd_of(p, dev);

	if (!pdd || !pdd->suspended)
		return;
	pdd->suspended = false;
	vkfd_queues_resume(p);
}

/**
 * vkfd_queues_evicted_ns() - How long the queues of a process stood still in all
 * @p: Process.
 *
 * The stop that lasts is counted up to now.
 * Context: May sleep, takes the queue lock.
 * Return: Nanoseconds.
 */
u64 vkfd_queues_evicted_ns(struct vkfd_process *p)
{
	u64 ns;

	mutex_lock(&p->queue_lock);
	ns = p->evicted_ns;
	if (p->evicted)
		ns += ktime_get_boottime_ns() - p->evicted_since;
	mutex_unlock(&p->queue_lock);
	return ns;
}

/**
 * vkfd_queues_gpu_reset() - A reset took the queues of a process off a GPU
 * @p:   Process.
 * @dev: GPU. Its queues can only be destroyed from now on; new ones may be made.
 *
 * A violation that was reported before and is still on its way is not theirs.
 *
 * Context: May sleep, takes the queue lock. Nothing more is reported.
 */
void vkfd_queues_gpu_reset(struct vkfd_process *p, struct vkfd_device *dev)
{
	struct vkfd_queue *q;
	struct vkfd_pdd *pdd;

	mutex_lock(&p->queue_lock);
	rcu_read_lock();
	list_for_each_entry_rcu(pdd, &p->pdds, link) {
		if (pdd->dev != dev)
			continue;
		pdd->stopped = false;
		pdd->reset_at = vkfd_ih_wptr(dev);
	}
	rcu_read_unlock();
	list_for_each_entry(q, &p->queues, link) {
		if (q->pdd->dev != dev)
			continue;
		q->dead = true;
		q->mapped = false;
		trace(q, "reset", 0);
	}
	mutex_unlock(&p->queue_lock);
}

/**
 * vkfd_queues_stop_gpu() - An access violation ends the process' work on a GPU
 * @p:      Process.
 * @dev:    GPU. Its queues can only be destroyed from now on.
 * @ih_ptr: When it was reported; a reset since has ended that work already.
 *
 * Context: Interrupt thread or worker.
 */
void vkfd_queues_stop_gpu(struct vkfd_process *p, struct vkfd_device *dev, u64 ih_ptr)
{
	struct vkfd_queue *q;

	mutex_lock(&p->queue_lock);
	list_for_each_entry(q, &p->queues, link)
		if (q->pdd->dev == dev && ih_ptr >= q->pdd->reset_at)
			q->pdd->stopped = true;
	queues_refresh(p);
	mutex_unlock(&p->queue_lock);
}
