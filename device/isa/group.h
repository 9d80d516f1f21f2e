/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_GROUP_H
#define VKFD_DEVICE_ISA_GROUP_H

#include "isa/wave.h"
#include "util/parcel.h"

/*
 * A workgroup: its waves, LDS and barrier. One thread at a time runs it, so LDS
 * and its atomics need no locks. Lives in host memory from launch to end,
 * whether it runs or not: that is the whole context save.
 */
#define GROUP_MAX_WAVES	16u
#define GROUP_MAX_LDS	(64u << 10)

struct group_config {
	u32 nr_waves;
	u32 lds_bytes;		/* allocated, <= GROUP_MAX_LDS */
	u16 nr_vgprs, nr_agprs;	/* per wave */
};

struct wave_group {
	struct group_config config;
	u32 nr_live;		/* waves that have not ended */
	u32 next;		/* whose turn */
	u8 *lds;		/* lds_bytes, zeroed at launch */
	u64 executed;
	struct wave wave[];	/* config.nr_waves */
};

/* NULL without memory. Registers are zero; the caller fills in PC, SGPRs, v0, EXEC, MODE. */
struct wave_group *group_create(const struct group_config *config);
void group_destroy(struct wave_group *group);
/* All of a group that does not run. Load: of what save wrote; NULL without memory. */
void group_save(const struct wave_group *group, struct parcel *parcel);
struct wave_group *group_load(struct parcel *parcel);

enum group_stop {
	GROUP_READY,	/* budget spent */
	GROUP_ASLEEP,	/* every wave that could run did s_sleep: as READY, but it may wait a little */
	GROUP_ENDED,	/* every wave ended */
	GROUP_WAITING,	/* no wave can run: each is FAULTED, BUSY, TRAPPED, HALTED or in a barrier behind such */
	GROUP_BROKEN,	/* some wave is ILLEGAL or APERTURE, or FAULTED without retry */
};

/**
 * group_run() - give each wave that can run a share of @budget instructions
 * @stop: set by another thread to end the turn at the next instruction boundaries.
 *
 * Releases the barrier when all live waves reached it. FAULTED and BUSY waves
 * are left alone until group_resume().
 */
enum group_stop group_run(struct wave_group *group, struct wave_env *env, u32 budget,
			  const _Atomic bool *stop);

/* FAULTED (with retry) and BUSY waves may try again. */
void group_resume(struct wave_group *group);

#endif
