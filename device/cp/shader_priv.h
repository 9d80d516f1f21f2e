/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_CP_SHADER_PRIV_H
#define VKFD_DEVICE_CP_SHADER_PRIV_H

/* What shader.c (threads, turns) and shader_group.c (groups of a queue) share. */
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
/* Under the lock: busy groups try again. */
void cp_groups_retry(struct compute_queue *queue);

#endif
