/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_PROCESS_EVENT_H
#define VKFD_PROCESS_EVENT_H

#include <linux/types.h>

struct kfd_hsa_hw_exception_data;
struct kfd_hsa_memory_exception_data;
struct kfd_ioctl_create_event_args;
struct kfd_ioctl_wait_events_args;
struct vkfd_events;
struct vkfd_process;

void vkfd_events_init(struct vkfd_events *events);
/* Wakes all waiters with a failure; nothing can be waited for any more. */
void vkfd_events_close(struct vkfd_events *events);
/* Frees events and lets go of the mailbox page. Process lock held. */
void vkfd_events_fini(struct vkfd_events *events);

int vkfd_event_create(struct vkfd_process *p, struct kfd_ioctl_create_event_args *args);
int vkfd_event_destroy(struct vkfd_process *p, u32 event_id);
void vkfd_event_take_back(struct vkfd_process *p, u32 event_id);
/* CPU side of signal events: 0 or -EINVAL. */
int vkfd_event_set(struct vkfd_events *events, u32 event_id);
int vkfd_event_reset(struct vkfd_events *events, u32 event_id);
int vkfd_event_wait(struct vkfd_process *p, struct kfd_ioctl_wait_events_args *args);

struct vkfd_events *vkfd_process_events(struct vkfd_process *p);

/* News from the device; any process context. */
void vkfd_event_interrupt(struct vkfd_events *events, u32 event_id, u32 valid_bits);
void vkfd_event_memory_exception(struct vkfd_events *events,
				 const struct kfd_hsa_memory_exception_data *data);
void vkfd_event_hw_exception(struct vkfd_events *events,
			     const struct kfd_hsa_hw_exception_data *data);

#endif
