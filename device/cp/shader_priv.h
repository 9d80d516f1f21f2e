/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_CP_SHADER_PRIV_H
#define VKFD_DEVICE_CP_SHADER_PRIV_H

/* What shader.c (threads, turns), shader_group.c (groups), shader_wait.c (faults) and trap.c share. */
#include "cp/shader.h"

/* Whose waves a thread runs: the opaque of their wave_env. */
struct cp_shader_env {
	struct compute *compute;
	struct compute_queue *queue;
};

/* Under the lock: something could be taken now. */
bool cp_queue_has_groups(const struct compute *compute, const struct compute_queue *queue);
/* Under the lock: a group of the queue to run, or NULL. */
struct cp_group *cp_group_take(struct cp_shader *shader, struct compute_queue *queue);
/* Runs a taken group for a turn and puts it where it belongs. Returns instructions done. */
u32 cp_group_run(struct compute *compute, struct cp_group *group, struct wave_env *env, u32 budget);
/* Under the lock: the group goes back to its queue. */
void cp_group_put(struct compute *compute, struct compute_queue *queue, struct cp_group *group,
		  bool waiting);

/* Under the lock: a group that was resident before its queue was saved is again. */
void cp_group_adopt(struct compute *compute, struct compute_queue *queue, struct cp_group *group);

/* shader_wait.c, all under the lock: a wave that faulted is reported and waits. */
void cp_group_tell(struct compute *compute, struct compute_queue *queue, struct cp_group *group,
		   u32 n);
/* Waves that waited may run. */
void cp_group_wake(struct cp_group *group);
/* Busy groups try again. */
void cp_groups_retry(struct compute_queue *queue);

/*
 * trap.c. Under the lock: a wave at s_trap, or at what it may not do, goes to its context's
 * handler or stops its queue. True: it goes on.
 */
bool cp_wave_trapped(struct compute *compute, struct compute_queue *queue,
		     const struct cp_group *group, struct wave *wave);
/* Without the lock: a handler's message. False: no exception of its queue, an event like any other. */
bool cp_trap_message(struct compute *compute, struct compute_queue *queue, const struct wave *wave,
		     u32 payload);

static inline void cp_list_append(struct cp_group_list *list, struct cp_group *group)
{
	group->next = NULL;
	if (list->first)
		list->last->next = group;
	else
		list->first = group;
	list->last = group;
}

static inline struct cp_group *cp_list_pop(struct cp_group_list *list)
{
	struct cp_group *group = list->first;

	if (group)
		list->first = group->next;
	return group;
}

#endif
