/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_PROCESS_QUEUE_TYPES_H
#define VKFD_PROCESS_QUEUE_TYPES_H

#include <linux/kfd_ioctl.h>
#include <linux/list.h>
#include <linux/types.h>

#include "vkfd_hw/kiq.h"

/* Queues, for the files of process/ only. */

struct seq_file;
struct vkfd_buffer;
struct vkfd_device;
struct vkfd_fault;
struct vkfd_pdd;
struct vkfd_process;
struct vkfd_queue_failure;
struct vkfd_queue_request;
struct work_struct;

/** struct vkfd_queue_buffers - memory a queue must not lose while it exists */
struct vkfd_queue_buffers {
	struct vkfd_buffer *ring, *rptr, *wptr, *eop, *cwsr;
	/* @svm_va: the save area is SVM memory; 0 if a buffer or none. */
	u64 svm_va, svm_bytes;
};

/**
 * struct vkfd_queue - one user queue
 *
 * Exists under the process lock. What runs, and everything an interrupt may
 * touch, is guarded by &vkfd_process.queue_lock.
 */
struct vkfd_queue {
	u32 id;
	struct vkfd_pdd *pdd;
	struct list_head link;	/* &vkfd_process.queues; both locks to change */
	struct vkfd_queue_buffers buffers;

	/* queue_lock */
	struct vkfd_kiq_queue hw;	/* as the device has it, percent included */
	u32 percent;		/* as user space wants it */
	bool no_ring;		/* UPDATE_QUEUE took the ring away */
	bool dead;		/* stopped itself by a bad packet, or a reset took it */
	bool mapped;
	bool report;		/* error not told to user space yet */
	u32 error_code;		/* KFD exception code */
	u64 seq;		/* last KIQ command, while @waiting */
	bool waiting;
};

/** struct vkfd_queue_seat - numbers that a queue had before a checkpoint */
struct vkfd_queue_seat {
	u32 id;
	u32 doorbell;	/* slot */
};

/* queue_hw.c */
int vkfd_queue_map(struct vkfd_queue *q);
void vkfd_queue_unmap(struct vkfd_queue *q);
int vkfd_queue_apply(struct vkfd_queue *q, u64 ring, u64 ring_bytes, u32 priority);
void vkfd_queues_unmap_all(struct vkfd_process *p);
void vkfd_queues_stop(struct vkfd_process *p, enum KFD_QUEUE_EVICTION_TRIGGERS why);
void vkfd_queues_quiesce(void *owner);
void vkfd_queues_resume(void *owner);
void vkfd_queues_suspend(struct vkfd_process *p, struct vkfd_device *dev);
void vkfd_queues_wake(struct vkfd_process *p, struct vkfd_device *dev);
u64 vkfd_queues_evicted_ns(struct vkfd_process *p);
void vkfd_queues_gpu_reset(struct vkfd_process *p, struct vkfd_device *dev);
void vkfd_queues_stop_gpu(struct vkfd_process *p, struct vkfd_device *dev, u64 ih_ptr);

/* queue.c */
int vkfd_queue_restore(struct vkfd_process *p, const struct vkfd_queue_request *request,
		       const struct vkfd_queue_seat *seat, bool no_ring);
void vkfd_queue_destroy_locked(struct vkfd_queue *q);
void vkfd_queues_release(struct vkfd_process *p);

/* queue_error.c */
void vkfd_queue_error_irq(struct vkfd_process *p, struct vkfd_device *dev,
			  const struct vkfd_queue_failure *error);
void vkfd_queue_error_work(struct work_struct *work);

/* queue_slots.c */
int vkfd_queue_slots_init(struct vkfd_device *dev);
void vkfd_queue_slots_close(struct vkfd_device *dev);
bool vkfd_queue_slots_closed(struct vkfd_device *dev);
int vkfd_queue_slots_get(struct vkfd_pdd *pdd, u32 kfd_type, u32 engine_id,
			 const struct vkfd_queue_seat *seat, struct vkfd_kiq_queue *hw);
void vkfd_queue_slots_put(struct vkfd_pdd *pdd, const struct vkfd_kiq_queue *hw);

#endif
