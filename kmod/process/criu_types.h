/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_PROCESS_CRIU_TYPES_H
#define VKFD_PROCESS_CRIU_TYPES_H

#include <linux/types.h>

#include "process/criu_format.h"
#include "svm/svm_criu.h"
#include "vkfd_hw/pci.h"

/* Checkpoint and restore, for the files of process/ only. */

struct vkfd_process;

/** struct vkfd_criu_counts - how much of everything there is */
struct vkfd_criu_counts {
	u32 devices, bos, queues, events, pieces;
};

/**
 * struct vkfd_criu_pending - what waits for RESUME
 * @picture:   attributes; its pieces are ours, its GPUs are @gpu_ids.
 * @gpu_ids:   GPUs of the process, in the order of the device buckets.
 * @nr_queues: queues.
 * @queues:    SDMA queues, checked as far as numbers tell; kvmalloc.
 */
struct vkfd_criu_pending {
	struct vkfd_svm_picture picture;
	u32 gpu_ids[VKFD_MAX_GPUS];
	u32 nr_queues;
	struct vkfd_criu_queue *queues;
};

/* criu.c; @bytes of private data, @objects in it */
int vkfd_criu_count(struct vkfd_process *p, struct vkfd_criu_counts *counts);
u64 vkfd_criu_bytes(const struct vkfd_criu_counts *counts);
u32 vkfd_criu_objects(const struct vkfd_criu_counts *counts);

/* criu_resume.c: NULL is fine */
void vkfd_criu_pending_free(struct vkfd_criu_pending *pending);

/* event_criu.c; the process lock is held */
u32 vkfd_criu_events_count(struct vkfd_process *p);
void vkfd_criu_events_dump(struct vkfd_process *p, struct vkfd_criu_event *out, u32 nr);
bool vkfd_criu_event_is_valid(const struct vkfd_criu_event *event);
/* @page: handle, or 0; all or nothing. */
int vkfd_criu_events_restore(struct vkfd_process *p, u64 page, u32 page_event,
			     const struct vkfd_criu_event *events, u32 nr);
void vkfd_criu_events_drop(struct vkfd_process *p);

#endif
