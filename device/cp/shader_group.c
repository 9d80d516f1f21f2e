// SPDX-License-Identifier: MIT
/*
 * DOC: workgroups of a queue
 *
 * A group is taken from its queue by one thread, run without the lock, and put
 * back under it: ended, ready for another turn, or waiting for pages or for
 * time (shader_wait.c). While it is taken the queue's epoch may move on: what it waits for may
 * then have come already, so it just tries again.
 */
#include <stdlib.h>
#include <string.h>
#include "cp/shader_priv.h"

/* Costs are in 32nds of a compute unit: its waves, registers and LDS. */
#define CU_COST		32u
#define REGS_PER_COST	64u
#define LDS_PER_COST	2048u
/* Groups of queues that are alone with one beyond the GPU's own size. */
#define SPARE_CUS	1024u

void cp_queue_count(struct compute *compute, struct compute_queue *queue, bool busy)
{
	if (queue->counted == busy)
		return;
	queue->counted = busy;
	compute->busy_queues += busy ? 1 : -1u;
	/* The others' shares changed. */
	pthread_cond_broadcast(&compute->work);
}

static u32 max_u32(u32 a, u32 b)
{
	return a > b ? a : b;
}

static u32 cost_of(const struct group_config *config)
{
	u32 regs = config->nr_waves * (config->nr_vgprs + config->nr_agprs);
	u32 cost = max_u32(config->nr_waves, (regs + REGS_PER_COST - 1) / REGS_PER_COST);

	return max_u32(cost, (config->lds_bytes + LDS_PER_COST - 1) / LDS_PER_COST);
}

/* May a group of @cost become resident? */
static bool has_room(const struct compute *compute, const struct compute_queue *queue, u32 cost)
{
	u32 all = compute->config.cus * CU_COST;
	u32 share = all / (compute->busy_queues ? compute->busy_queues : 1);

	if (queue->cost && queue->cost + cost > share)
		return false;
	return compute->cost + cost <= 2 * all + SPARE_CUS * CU_COST;
}

static bool slot_taken(const struct compute_queue *queue, u32 slot)
{
	return queue->slots[slot / 64] >> slot % 64 & 1;
}

static void slot_flip(struct compute_queue *queue, u32 slot)
{
	queue->slots[slot / 64] ^= 1ULL << slot % 64;
}

/* Scratch slots for a group's waves. False: not enough are free; none is taken. */
static bool slots_find(const struct compute_queue *queue, const struct dispatch *what,
		       u32 nr_waves, u16 *slots)
{
	u32 found = 0;

	if (!(what->rsrc2 & VKFD_RSRC2_SCRATCH))
		return true;
	for (u32 slot = 0; slot < what->scratch_waves && found < nr_waves; slot++) {
		if (!slot_taken(queue, slot))
			slots[found++] = (u16)slot;
	}
	return found == nr_waves;
}

static void slots_flip(struct compute_queue *queue, const struct cp_group *group)
{
	if (!(group->dispatch->what.rsrc2 & VKFD_RSRC2_SCRATCH))
		return;
	for (u32 n = 0; n < group->config.nr_waves; n++)
		slot_flip(queue, group->place.slot[n]);
}

static struct cp_dispatch *unlaunched(const struct compute_queue *queue)
{
	struct cp_dispatch *dispatch = queue->launches;

	while (dispatch && dispatch->launched == dispatch->nr_groups)
		dispatch = dispatch->next;
	return dispatch;
}

/* Describes the next group of a launch, if there is room for it. */
static bool next_group(const struct compute *compute, const struct compute_queue *queue,
		       struct cp_group *group)
{
	struct cp_dispatch *dispatch = unlaunched(queue);

	if (!dispatch)
		return false;
	memset(group, 0, sizeof(*group));
	group->dispatch = dispatch;
	group->place.index = dispatch->launched;
	dispatch_group_config(&dispatch->what, dispatch->launched, &group->config);
	group->cost = cost_of(&group->config);
	return has_room(compute, queue, group->cost) &&
	       slots_find(queue, &dispatch->what, group->config.nr_waves, group->place.slot);
}

bool cp_queue_has_groups(const struct compute *compute, const struct compute_queue *queue)
{
	struct cp_group group;

	return queue->ready.first || next_group(compute, queue, &group);
}

/* Under the lock. Accounts for a group that becomes resident. */
static void group_admit(struct compute *compute, struct compute_queue *queue,
			struct cp_group *group)
{
	struct counters *counters = compute->config.counters;
	u32 cu = compute->next_cu++ % compute->config.cus;

	if (!group->dispatch->launched++)
		group->dispatch->start_ts = gpu_clock_now(compute->config.clock);
	group->place.se = cu % compute->config.ses;
	group->place.cu = cu / compute->config.ses;
	group->place.ctx = queue->ctx;
	group->place.queue = queue->number;
	queue->cost += group->cost;
	compute->cost += group->cost;
	slots_flip(queue, group);
	counter_add(counters, VKFD_STAT_WAVES, group->config.nr_waves);
}

void cp_group_adopt(struct compute *compute, struct compute_queue *queue, struct cp_group *group)
{
	queue->cost += group->cost;
	compute->cost += group->cost;
	slots_flip(queue, group);
	cp_group_put(compute, queue, group, false);
}

struct cp_group *cp_group_take(struct cp_shader *shader, struct compute_queue *queue)
{
	struct cp_group *group = shader->spare;

	if (!group)
		group = shader->spare = malloc(sizeof(*group));
	if (group && next_group(shader->compute, queue, group)) {
		shader->spare = NULL;
		group_admit(shader->compute, queue, group);
		return group;
	}
	return cp_list_pop(&queue->ready);
}

/* Under the lock. Nothing of the group is left. */
static void group_release(struct compute *compute, struct compute_queue *queue,
			  struct cp_group *group)
{
	slots_flip(queue, group);
	queue->cost -= group->cost;
	compute->cost -= group->cost;
	free(group);
}

static void dispatch_append(struct cp_dispatch **list, struct cp_dispatch *dispatch)
{
	while (*list)
		list = &(*list)->next;
	dispatch->next = NULL;
	*list = dispatch;
}

/* Under the lock. Hands a launch whose groups all ended to the packet processor. */
static void dispatch_finish(struct compute *compute, struct compute_queue *queue,
			    struct cp_dispatch *dispatch)
{
	struct cp_dispatch **at = &queue->launches;

	while (*at != dispatch)
		at = &(*at)->next;
	*at = dispatch->next;
	if (!queue->launches)
		cp_queue_count(compute, queue, false);
	dispatch->end_ts = gpu_clock_now(compute->config.clock);
	dispatch_append(&queue->finished, dispatch);
	queue->packets_ready = true;
	pthread_cond_signal(&compute->wake);
}

static void group_ended(struct compute *compute, struct compute_queue *queue,
			struct cp_group *group)
{
	struct cp_dispatch *dispatch = group->dispatch;

	counter_add(compute->config.counters, VKFD_STAT_GROUPS, 1);
	group_release(compute, queue, group);
	if (++dispatch->done == dispatch->nr_groups)
		dispatch_finish(compute, queue, dispatch);
	else if (unlaunched(queue))
		pthread_cond_signal(&compute->work);
}

/* True: waves that did what is not allowed go on, in their trap handler. */
static bool group_broken(struct compute *compute, struct compute_queue *queue,
			 struct cp_group *group)
{
	bool again = false;

	/* Another group was first: one reason is enough. */
	for (u32 n = 0; n < group->config.nr_waves && !queue->halted; n++) {
		struct wave *wave = &group->waves->wave[n];

		if (wave->stop == WAVE_ILLEGAL || wave->stop == WAVE_APERTURE) {
			again |= cp_wave_trapped(compute, queue, group, wave);
		} else if (wave->stop == WAVE_FAULTED && !wave->fault.retry) {
			cp_halt_fault(compute, queue, &wave->fault);
			counter_add(compute->config.counters, VKFD_STAT_WAVE_ERRORS, 1);
		}
	}
	return again && !queue->halted;
}

/* Under the lock. Waves that stopped for a reason say so; others of the group may go on. */
static bool group_examine(struct compute *compute, struct compute_queue *queue,
			  struct cp_group *group)
{
	bool again = false;

	for (u32 n = 0; n < group->config.nr_waves; n++) {
		struct wave *wave = &group->waves->wave[n];

		if (wave->stop == WAVE_BUSY)
			group->busy = true;
		if (wave->stop == WAVE_TRAPPED)
			again |= cp_wave_trapped(compute, queue, group, wave);
		if (wave->stop == WAVE_FAULTED && !(group->told >> n & 1))
			cp_group_tell(compute, queue, group, n);
	}
	return again;
}

void cp_group_put(struct compute *compute, struct compute_queue *queue, struct cp_group *group,
		  bool waiting)
{
	if ((group->busy || group->asleep) && !queue->busy.at_ns)
		poll_again(&queue->busy, false);
	cp_list_append(waiting ? &queue->waiting : &queue->ready, group);
	if (!waiting)
		pthread_cond_signal(&compute->work);
}

static void group_judge(struct compute *compute, struct compute_queue *queue,
			struct cp_group *group, enum group_stop stop, u32 epoch)
{
	bool waiting = stop == GROUP_WAITING || stop == GROUP_ASLEEP;

	/* Something goes on: what others of the queue wait for may come soon. */
	if (stop == GROUP_ENDED || stop == GROUP_READY)
		queue->busy.pause_ns = 0;
	if (stop == GROUP_ENDED) {
		group_ended(compute, queue, group);
		return;
	}
	if (stop == GROUP_BROKEN) {
		waiting = !group_broken(compute, queue, group);
	} else if (epoch != queue->epoch) {
		/* Acknowledged or flushed while it ran: try again before reporting. */
		cp_group_wake(group);
		waiting = false;
	} else if (group_examine(compute, queue, group)) {
		waiting = false;
	}
	group->asleep = waiting && stop == GROUP_ASLEEP;
	cp_group_put(compute, queue, group, waiting);
}

/* Without the lock. */
static bool group_make(struct cp_group *group)
{
	if (group->waves)
		return true;
	group->waves = group_create(&group->config);
	if (!group->waves)
		return false;
	dispatch_fill(&group->dispatch->what, &group->place, group->waves);
	return true;
}

u32 cp_group_run(struct compute *compute, struct cp_group *group, struct wave_env *env, u32 budget)
{
	struct cp_shader_env *owner = env->opaque;
	struct compute_queue *queue = owner->queue;
	u32 epoch = queue->epoch;
	enum group_stop stop = GROUP_WAITING;
	u64 before, done;

	pthread_mutex_unlock(&compute->lock);
	if (!group_make(group)) {
		pthread_mutex_lock(&compute->lock);
		group->busy = true;
		cp_group_put(compute, queue, group, true);
		return budget;
	}
	before = group->waves->executed;
	stop = group_run(group->waves, env, budget, &queue->stop);
	done = group->waves->executed - before;
	if (stop == GROUP_ENDED)
		group_destroy(group->waves);
	counter_add(compute->config.counters, VKFD_STAT_INSTRUCTIONS, done);
	pthread_mutex_lock(&compute->lock);
	group_judge(compute, queue, group, stop, epoch);
	return done ? (u32)done : 1;
}

static void groups_free(struct compute *compute, struct compute_queue *queue,
			struct cp_group_list *list)
{
	struct cp_group *group;

	while ((group = cp_list_pop(list))) {
		if (group->waves)
			group_destroy(group->waves);
		group_release(compute, queue, group);
	}
}

static void dispatches_free(struct cp_dispatch *list)
{
	while (list) {
		struct cp_dispatch *next = list->next;

		free(list);
		list = next;
	}
}

void cp_groups_drop(struct compute *compute, struct compute_queue *queue)
{
	groups_free(compute, queue, &queue->ready);
	groups_free(compute, queue, &queue->waiting);
	cp_queue_count(compute, queue, false);
	dispatches_free(queue->launches);
	dispatches_free(queue->finished);
	queue->launches = queue->finished = NULL;
	queue->nr_dispatches = 0;
}

enum cp_step cp_dispatch_start(struct cp_run *run, const struct cp_dispatch *launch)
{
	struct compute_queue *queue = run->queue;
	struct compute *compute = run->compute;
	enum cp_step step = CP_DONE;
	struct cp_dispatch *dispatch = malloc(sizeof(*dispatch));

	if (!dispatch)
		return CP_WAIT;
	*dispatch = *launch;
	pthread_mutex_lock(&compute->lock);
	if (queue->nr_dispatches >= CP_DISPATCHES) {
		step = CP_BLOCKED;
	} else {
		cp_queue_count(compute, queue, true);
		queue->nr_dispatches++;
		dispatch_append(&queue->launches, dispatch);
		pthread_cond_broadcast(&compute->work);
		counter_add(compute->config.counters, VKFD_STAT_DISPATCHES, 1);
	}
	pthread_mutex_unlock(&compute->lock);
	if (step != CP_DONE)
		free(dispatch);
	return step;
}
