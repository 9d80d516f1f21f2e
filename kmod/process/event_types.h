/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_PROCESS_EVENT_TYPES_H
#define VKFD_PROCESS_EVENT_TYPES_H

#include <linux/kfd_ioctl.h>
#include <linux/list.h>
#include <linux/wait.h>

/* For event.c, event_wait.c and event_criu.c. All fields: &vkfd_events.lock. */

/** struct vkfd_event - one event of a process */
struct vkfd_event {
	u32 id;
	u32 type;	/* KFD_IOC_EVENT_* */
	bool auto_reset;
	bool signaled;
	u64 age;	/* 1 at first, grows with each set */
	struct list_head waiters;
	union {
		struct kfd_hsa_memory_exception_data memory;
		struct kfd_hsa_hw_exception_data hw;
	};
};

/** struct vkfd_event_waiter - one event in one WAIT_EVENTS call */
struct vkfd_event_waiter {
	struct list_head link;		/* &vkfd_event.waiters */
	struct vkfd_event *event;	/* NULL: destroyed meanwhile */
	wait_queue_head_t *wake;
	struct kfd_event_data data;	/* from and to user space */
	bool activated;
};

struct vkfd_events;
struct vkfd_event *vkfd_event_find(struct vkfd_events *events, u32 event_id);
void vkfd_event_give_locked(struct vkfd_event *event);
bool vkfd_event_has_slot(u32 type);

/* The process lock is held. */
struct vkfd_process;
int vkfd_events_set_page(struct vkfd_process *p, u64 handle);
void vkfd_events_unset_page(struct vkfd_events *events);
int vkfd_event_insert(struct vkfd_process *p, struct vkfd_event *event);
int vkfd_event_destroy_locked(struct vkfd_process *p, u32 event_id);

#endif
