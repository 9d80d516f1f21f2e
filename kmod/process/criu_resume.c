// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: RESUME
 *
 * The last step of a restore, when the process has its memory again: makes its
 * queues, stopped, applies the attributes of its SVM memory, and lets the
 * queues run. If one of them fails there are no queues and no attributes, and
 * RESUME may be tried again.
 *
 * The caller is another process, as a rule: it names the process by pid.
 *
 * Locks: the process' gate and lock; in it svm and queue locks.
 */
#include <linux/kfd_ioctl.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "process/criu.h"
#include "process/criu_types.h"
#include "process/process.h"
#include "process/process_types.h"
#include "process/queue_check.h"
#include "process/queue_types.h"
#include "svm/svm.h"

/** vkfd_criu_pending_free() - Forget what waits for RESUME; NULL is fine */
void vkfd_criu_pending_free(struct vkfd_criu_pending *pending)
{
	if (!pending)
		return;
	kvfree(pending->picture.pieces);
	kvfree(pending->queues);
	kfree(pending);
}

static int restore_queue(struct vkfd_process *p, const struct vkfd_criu_queue *in)
{
	const struct vkfd_queue_seat seat = { .id = in->id, .doorbell = in->doorbell };
	const struct vkfd_queue_request request = {
		.ring = in->ring,
		.ring_bytes = in->ring_bytes,
		.rptr = in->rptr,
		.wptr = in->wptr,
		.gpu_id = p->criu_pending->gpu_ids[in->gpu],
		.type = KFD_IOC_QUEUE_TYPE_SDMA_BY_ENG_ID,
		.engine_id = in->engine,
		.percent = in->percent,
		.priority = in->priority,
	};

	return vkfd_queue_restore(p, &request, &seat, in->no_ring);
}

static void drop_queues(struct vkfd_process *p, u32 nr)
{
	while (nr--)
		vkfd_queue_destroy_locked(xa_load(&p->queue_ids, p->criu_pending->queues[nr].id));
}

static int resume_stopped(struct vkfd_process *p)
{
	struct vkfd_criu_pending *pending = p->criu_pending;
	int err = 0;
	u32 nr;

	for (nr = 0; nr < pending->nr_queues; nr++) {
		err = restore_queue(p, &pending->queues[nr]);
		if (err)
			break;
	}
	if (!err)
		err = vkfd_svm_picture_apply(p->svm, &pending->picture);
	if (err)
		drop_queues(p, nr);
	return err;
}

static int resume_locked(struct vkfd_process *p)
{
	int err;

	lockdep_assert_held(&p->lock);
	if (!p->criu_pending)
		return -EINVAL;
	vkfd_queues_stop(p, KFD_QUEUE_EVICTION_CRIU_RESTORE);
	err = resume_stopped(p);
	vkfd_queues_resume(p);
	if (err)
		return err;
	vkfd_criu_pending_free(p->criu_pending);
	p->criu_pending = NULL;
	return 0;
}

static int resume_process(struct vkfd_process *p)
{
	int err = vkfd_process_enter(p);

	if (err)
		return err;
	mutex_lock(&p->lock);
	err = resume_locked(p);
	mutex_unlock(&p->lock);
	vkfd_process_leave(p);
	return err;
}

/* Address space of a pid in the caller's namespace, with its users counted, or NULL. */
static struct mm_struct *mm_of_pid(u32 nr)
{
	struct mm_struct *mm = NULL;
	struct task_struct *task;
	struct pid *pid;

	pid = find_get_pid(nr);
	task = pid ? get_pid_task(pid, PIDTYPE_PID) : NULL;
	put_pid(pid);
	if (!task)
		return NULL;
	mm = get_task_mm(task);
	put_task_struct(task);
	return mm;
}

/**
 * vkfd_criu_resume() - RESUME: queues and attributes of a restored process
 * @pid: Of the process, in the caller's namespace.
 *
 * Context: May sleep; takes locks of that process, so the caller holds none of its own.
 * Return: 0; -ESRCH no such process, or not one of ours; -EINVAL it was not
 * restored; -EFAULT its memory is not there; -EBUSY a queue's id is taken; or as
 * vkfd_svm_picture_apply() and vkfd_queue_create().
 */
int vkfd_criu_resume(u32 pid)
{
	struct mm_struct *mm = mm_of_pid(pid);
	struct vkfd_process *p;
	int err = -ESRCH;

	if (!mm)
		return err;
	p = vkfd_process_get_by_mm(mm);
	if (p) {
		err = resume_process(p);
		vkfd_process_put(p);
	}
	/* Its last user, if we are, must not end here, in the middle of a call. */
	mmput_async(mm);
	return err;
}
