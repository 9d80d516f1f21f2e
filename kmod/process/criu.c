// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: checkpoint and restore of a process
 *
 * CRIU_OP in KFD's five steps. PROCESS_INFO stops the queues of a process and
 * says how much there is to save; CHECKPOINT (criu_dump.c) copies it out;
 * UNPAUSE lets the queues run again. RESTORE (criu_restore.c) makes address
 * spaces, buffers and events of a fresh process; RESUME (criu_resume.c), when
 * its memory is back, queues and SVM attributes. criu_format.h is what travels.
 *
 * Saved: XNACK mode, GPUs, buffers but for user memory, SDMA queues, events,
 * every attribute of SVM memory. A process with anything else, that is buffers
 * of user memory, compute queues, whose waves stay in the device, and queues
 * that an error has stopped, is refused (-EOPNOTSUPP), so that nothing is lost
 * silently. Contents are read by whoever checkpoints: SVM memory as the CPU
 * does, buffers through a dma-buf each.
 *
 * Called by the ioctl, which checked the caller's rights.
 * Locks: the process lock; in it the svm, event and queue locks.
 */
#include <linux/kfd_ioctl.h>

#include "mem/mem_obj.h"
#include "process/buffer.h"
#include "process/criu.h"
#include "process/criu_types.h"
#include "process/process_types.h"
#include "process/queue_types.h"
#include "svm/svm.h"

static bool queue_can_travel(const struct vkfd_queue *q)
{
	return (q->hw.type == VKFD_QUEUE_SDMA || q->hw.type == VKFD_QUEUE_SDMA_XGMI) &&
	       !q->dead && !q->pdd->stopped;
}

static int count_queues(struct vkfd_process *p, u32 *nr)
{
	struct vkfd_queue *q;
	int err = 0;

	lockdep_assert_held(&p->lock);
	mutex_lock(&p->queue_lock);
	list_for_each_entry(q, &p->queues, link) {
		if (!queue_can_travel(q))
			err = -EOPNOTSUPP;
		++*nr;
	}
	mutex_unlock(&p->queue_lock);
	return err;
}

static int count_buffers(struct vkfd_pdd *pdd, u32 *nr)
{
	struct vkfd_buffer *buffer;
	unsigned long id;

	xa_for_each(&pdd->buffers, id, buffer) {
		if (vkfd_mem_params(vkfd_buffer_mem(buffer))->kind == VKFD_MEM_USERPTR)
			return -EOPNOTSUPP;
		++*nr;
	}
	return 0;
}

/**
 * vkfd_criu_count() - How much is there to save?
 * @p:      Process; its lock is held.
 * @counts: Out.
 *
 * Return: 0; -ENODEV it uses no GPU; -EBUSY it is restored, but not resumed;
 * -EOPNOTSUPP it has what cannot be saved; -E2BIG; -ENOMEM.
 */
int vkfd_criu_count(struct vkfd_process *p, struct vkfd_criu_counts *counts)
{
	struct vkfd_pdd *pdd;
	long pieces;
	int err;

	lockdep_assert_held(&p->lock);
	*counts = (struct vkfd_criu_counts) {};
	if (p->criu_pending)
		return -EBUSY;
	list_for_each_entry(pdd, &p->pdds, link) {
		counts->devices += !!pdd->vm;
		err = count_buffers(pdd, &counts->bos);
		if (err)
			return err;
	}
	if (!counts->devices)
		return -ENODEV;
	err = count_queues(p, &counts->queues);
	if (err)
		return err;
	counts->events = vkfd_criu_events_count(p);
	pieces = vkfd_svm_pieces(p->svm, NULL, 0);
	if (pieces < 0)
		return pieces;
	if (pieces > VKFD_CRIU_MAX_BYTES / sizeof(struct vkfd_criu_svm))
		return -E2BIG;
	counts->pieces = pieces;
	return vkfd_criu_bytes(counts) > VKFD_CRIU_MAX_BYTES ? -E2BIG : 0;
}

/** vkfd_criu_bytes() - Size of the private data. Counts are 32 bits each: it cannot wrap. */
u64 vkfd_criu_bytes(const struct vkfd_criu_counts *counts)
{
	return sizeof(struct vkfd_criu_process) +
	       (u64)counts->devices * sizeof(struct vkfd_criu_device) +
	       (u64)counts->bos * sizeof(struct vkfd_criu_buffer) +
	       (u64)counts->queues * sizeof(struct vkfd_criu_queue) +
	       (u64)counts->events * sizeof(struct vkfd_criu_event) +
	       (u64)counts->pieces * sizeof(struct vkfd_criu_svm);
}

/** vkfd_criu_objects() - What KFD's ABI counts as objects, modulo 2^32 */
u32 vkfd_criu_objects(const struct vkfd_criu_counts *counts)
{
	return counts->queues + counts->events + counts->pieces;
}

static int info_locked(struct vkfd_process *p, struct kfd_ioctl_criu_args *args)
{
	struct vkfd_criu_counts counts;
	int err = vkfd_criu_count(p, &counts);

	lockdep_assert_held(&p->lock);
	if (err)
		return err;
	if (!p->criu_infos++)
		vkfd_queues_stop(p, KFD_QUEUE_EVICTION_CRIU_CHECKPOINT);
	args->pid = p->own_pid;
	args->num_devices = counts.devices;
	args->num_bos = counts.bos;
	args->num_objects = vkfd_criu_objects(&counts);
	args->priv_data_size = vkfd_criu_bytes(&counts);
	return 0;
}

/**
 * vkfd_criu_info() - PROCESS_INFO: stop the queues, say how much there is
 * @p:    Process.
 * @args: Out: counts, sizes, the pid in the process' own namespace.
 *
 * Repeating it is fine; one UNPAUSE lets the queues run again.
 * Context: May sleep; takes the process lock.
 * Return: As vkfd_criu_count(); on error the queues run on.
 */
int vkfd_criu_info(struct vkfd_process *p, struct kfd_ioctl_criu_args *args)
{
	int err;

	mutex_lock(&p->lock);
	err = info_locked(p, args);
	mutex_unlock(&p->lock);
	return err;
}

/**
 * vkfd_criu_info_undo() - Nobody heard the answer of one vkfd_criu_info()
 * @p: Process.
 *
 * Context: May sleep; takes the process lock.
 */
void vkfd_criu_info_undo(struct vkfd_process *p)
{
	mutex_lock(&p->lock);
	if (p->criu_infos && !--p->criu_infos)
		vkfd_queues_resume(p);
	mutex_unlock(&p->lock);
}

/** vkfd_criu_unpause() - UNPAUSE. Takes the process lock. Return: 0, -EINVAL not paused. */
int vkfd_criu_unpause(struct vkfd_process *p)
{
	int err = -EINVAL;

	mutex_lock(&p->lock);
	if (p->criu_infos) {
		p->criu_infos = 0;
		vkfd_queues_resume(p);
		err = 0;
	}
	mutex_unlock(&p->lock);
	return err;
}
