// SPDX-License-Identifier: MIT
/*
 * DOC: compute queues in a parcel
 *
 * A queue that is suspended is its struct, the launches in progress, and their
 * resident workgroups with all registers and LDS. Pointers among them become
 * places in the order of writing. What was told the driver about pages is forgotten:
 * waves that waited for one execute their instruction again.
 */
#include <stdlib.h>
#include "cp/aql_priv.h"
#include "cp/shader_priv.h"

/* Saved structs hold no addresses of this process, which are nobody's business. */
struct saved_queue {
	struct compute_queue queue;
	bool packet;	/* one is in progress */
	bool aql;	/* the AQL state follows */
};

/* Behind a group: where its launch is in the order of writing. */
struct saved_group {
	struct cp_group group;
	u32 launch;
	bool made;	/* its waves follow */
};

struct saved_lists {
	u32 launches, finished, groups;
};

static u32 launch_count(const struct cp_dispatch *launch)
{
	u32 n = 0;

	for (; launch; launch = launch->next)
		n++;
	return n;
}

static u32 launch_place(const struct compute_queue *queue, const struct cp_dispatch *wanted)
{
	const struct cp_dispatch *launch = queue->launches;
	u32 n = 0;

	for (; launch != wanted; launch = launch->next)
		n++;
	return n;
}

static u32 group_count(const struct cp_group *group)
{
	u32 n = 0;

	for (; group; group = group->next)
		n++;
	return n;
}

static void launches_save(const struct cp_dispatch *launch, struct parcel *parcel)
{
	for (; launch; launch = launch->next) {
		struct cp_dispatch saved = *launch;

		saved.next = NULL;
		parcel_put(parcel, &saved, sizeof(saved));
	}
}

static void list_save(const struct compute_queue *queue, const struct cp_group *group,
		      struct parcel *parcel)
{
	for (; group; group = group->next) {
		struct saved_group saved = { .group = *group,
					     .launch = launch_place(queue, group->dispatch),
					     .made = group->waves };

		saved.group.next = NULL;
		saved.group.dispatch = NULL;
		saved.group.waves = NULL;
		parcel_put(parcel, &saved, sizeof(saved));
		if (saved.made)
			group_save(group->waves, parcel);
	}
}

void cp_groups_save(const struct compute_queue *queue, struct parcel *parcel)
{
	struct saved_lists lists = { .launches = launch_count(queue->launches),
				     .finished = launch_count(queue->finished),
				     .groups = group_count(queue->ready.first) +
					       group_count(queue->waiting.first) };

	parcel_put(parcel, &lists, sizeof(lists));
	launches_save(queue->launches, parcel);
	launches_save(queue->finished, parcel);
	list_save(queue, queue->ready.first, parcel);
	list_save(queue, queue->waiting.first, parcel);
}

static bool launches_load(struct cp_dispatch **list, u32 nr, struct parcel *parcel)
{
	for (; nr; nr--) {
		struct cp_dispatch *launch = malloc(sizeof(*launch));

		if (!launch)
			return false;
		parcel_get(parcel, launch, sizeof(*launch));
		launch->next = NULL;
		*list = launch;
		list = &launch->next;
	}
	return true;
}

static struct cp_dispatch *launch_at(const struct compute_queue *queue, u32 place)
{
	struct cp_dispatch *launch = queue->launches;

	while (place--)
		launch = launch->next;
	return launch;
}

/* Whatever it waited for, it tries again. */
static bool group_unpack(struct compute *compute, struct compute_queue *queue,
			 struct parcel *parcel)
{
	struct cp_group *group = malloc(sizeof(*group));
	struct saved_group saved;

	if (!group)
		return false;
	parcel_get(parcel, &saved, sizeof(saved));
	*group = saved.group;
	group->dispatch = launch_at(queue, saved.launch);
	group->waves = saved.made ? group_load(parcel) : NULL;
	if (saved.made && !group->waves) {
		free(group);
		return false;
	}
	cp_group_wake(group);
	cp_group_adopt(compute, queue, group);
	return true;
}

bool cp_groups_load(struct compute *compute, struct compute_queue *queue, struct parcel *parcel)
{
	struct saved_lists lists;

	parcel_get(parcel, &lists, sizeof(lists));
	if (!launches_load(&queue->launches, lists.launches, parcel) ||
	    !launches_load(&queue->finished, lists.finished, parcel))
		return false;
	if (queue->launches)
		cp_queue_count(compute, queue, true);
	for (; lists.groups; lists.groups--) {
		if (!group_unpack(compute, queue, parcel))
			return false;
	}
	return true;
}

static void queue_pack(const struct compute_queue *queue, struct parcel *parcel)
{
	struct saved_queue saved = { .queue = *queue,
				     .packet = queue->packet.type,
				     .aql = queue->aql };

	saved.queue.packet.type = NULL;
	saved.queue.aql = NULL;
	saved.queue.launches = saved.queue.finished = NULL;
	saved.queue.ready = saved.queue.waiting = (struct cp_group_list){ 0 };
	parcel_put(parcel, &saved, sizeof(saved));
	if (queue->aql)
		parcel_put(parcel, queue->aql, sizeof(*queue->aql));
	cp_groups_save(queue, parcel);
}

bool compute_queue_save(struct compute *compute, u32 number, struct parcel *parcel)
{
	const struct compute_queue *queue;
	bool stopped;

	pthread_mutex_lock(&compute->lock);
	queue = compute->queues[number];
	stopped = queue && !queue->active && !queue->running && !queue->runners;
	if (stopped)
		queue_pack(queue, parcel);
	pthread_mutex_unlock(&compute->lock);
	return stopped;
}

/* Pointers of another time, what time has passed over, and what is counted anew. */
static void queue_renew(struct compute_queue *queue, bool packet)
{
	if (packet)
		queue->packet.type = pm4_packet_find(queue->packet.dw[0]);
	queue->fetch.len = 0;
	queue->poll = queue->busy = (struct poll_timer){ 0 };
	for (u32 n = 0; n < CP_REPORTS; n++)
		queue->reports[n].open = queue->reports[n].pending = false;
	queue->parked = queue->unreported = false;
	queue->packets_ready = true;
	queue->counted = false;
	queue->cost = 0;
	for (u32 n = 0; n < CP_SLOTS / 64; n++)
		queue->slots[n] = 0;
	atomic_store(&queue->rung, true);
}

static struct compute_queue *queue_unpack(struct parcel *parcel)
{
	struct compute_queue *queue = calloc(1, sizeof(*queue));
	struct saved_queue saved;

	if (!queue)
		return NULL;
	parcel_get(parcel, &saved, sizeof(saved));
	*queue = saved.queue;
	queue_renew(queue, saved.packet);
	if (!saved.aql)
		return queue;
	queue->aql = aql_state_create();
	if (!queue->aql) {
		free(queue);
		return NULL;
	}
	parcel_get(parcel, queue->aql, sizeof(*queue->aql));
	return queue;
}

bool compute_queue_load(struct compute *compute, struct parcel *parcel)
{
	struct compute_queue *queue = queue_unpack(parcel);
	bool ok;

	if (!queue)
		return false;
	pthread_mutex_lock(&compute->lock);
	ok = cp_groups_load(compute, queue, parcel);
	if (ok) {
		compute->pending += queue->error_pending;
		compute->queues[queue->number] = queue;
		compute->list[compute->nr_queues++] = queue;
		pthread_cond_signal(&compute->wake);
	} else {
		cp_groups_drop(compute, queue);
	}
	pthread_mutex_unlock(&compute->lock);
	if (ok)
		return true;
	free(queue->aql);
	free(queue);
	return false;
}
