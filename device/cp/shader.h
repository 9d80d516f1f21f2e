/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_CP_SHADER_H
#define VKFD_DEVICE_CP_SHADER_H

#include "cp/aql_signal.h"
#include "cp/compute_priv.h"
#include "cp/dispatch.h"

/* Launches of one queue that may be in progress; more waits in the ring. */
#define CP_DISPATCHES	16u

/* A kernel launch in progress. Lists and counts under compute->lock. */
struct cp_dispatch {
	struct cp_dispatch *next;
	struct dispatch what;
	u64 nr_groups;
	u64 launched, done;
	u64 start_ts, end_ts;
	/* AQL: completes the packet at @index. Owned by the packet processor. */
	bool aql;
	u64 index;
	struct aql_signal signal;
};

/* A resident workgroup. Owned by the thread that runs it, else by its queue's lists. */
struct cp_group {
	struct cp_group *next;
	struct cp_dispatch *dispatch;
	struct wave_group *waves; /* NULL: not made yet, memory was short */
	u32 cost;
	u32 told;	/* waves that wait for pages: those of @awaited, or for a report slot */
	u64 awaited[GROUP_MAX_WAVES];	/* bit 0: the fault's page, n: wave->more.page[n - 1] */
	bool busy;	/* something is to be tried again by time */
	bool asleep;	/* its waves sleep: runs again by time */
	struct dispatch_place place;
	struct group_config config;
};

/* One thread that runs waves. */
struct cp_shader {
	struct compute *compute;
	pthread_t thread;
	bool started;
	struct isa_icache *icache;
	struct cp_group *spare;
};

/* False: no memory or threads; what was started is stopped by cp_shaders_stop(). */
bool cp_shaders_start(struct compute *compute);
/* compute->quit is set. */
void cp_shaders_stop(struct compute *compute);

/**
 * cp_dispatch_start() - launch a checked dispatch
 * @launch: copied.
 *
 * Return: DONE; BLOCKED: too many in progress; WAIT: no memory now.
 */
enum cp_step cp_dispatch_start(struct cp_run *run, const struct cp_dispatch *launch);

/* Under the lock: does the queue count when the GPU is shared out? */
void cp_queue_count(struct compute *compute, struct compute_queue *queue, bool busy);
/* Under the lock: what waited for the last page in [start, end) tries again; @all: everything. */
void cp_groups_resume(struct compute *compute, struct compute_queue *queue, u64 start, u64 end,
		      bool all);
/* Under the lock, queue stopped: its groups and launches into a parcel ... */
void cp_groups_save(const struct compute_queue *queue, struct parcel *parcel);
/* ... and, of a queue that is in no list yet, out of it. False: no memory; drop the rest. */
bool cp_groups_load(struct compute *compute, struct compute_queue *queue, struct parcel *parcel);
/* Under the lock, queue stopped: frees groups and launches. */
void cp_groups_drop(struct compute *compute, struct compute_queue *queue);

#endif
