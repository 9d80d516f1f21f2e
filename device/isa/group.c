// SPDX-License-Identifier: MIT
/*
 * DOC: workgroups
 *
 * Waves of a group take turns on one thread, SLICE instructions each, so that
 * one that polls LDS cannot keep the one it waits for from running. Between two
 * slices all state is in struct wave_group: the group may be left there and
 * taken up again by another thread.
 */
#include "isa/group.h"

#include <stdlib.h>
#include <string.h>

#define SLICE		256u
#define VREG_BYTES	sizeof(union wave_vreg)

static size_t round_up(size_t bytes)
{
	return (bytes + 63) / 64 * 64;
}

static bool config_fits(const struct group_config *config)
{
	return config->nr_waves && config->nr_waves <= GROUP_MAX_WAVES &&
	       config->lds_bytes <= GROUP_MAX_LDS && config->nr_vgprs <= WAVE_VGPRS &&
	       config->nr_agprs <= WAVE_VGPRS;
}

static size_t head_bytes(const struct group_config *config)
{
	return round_up(sizeof(struct wave_group) + config->nr_waves * sizeof(struct wave));
}

static size_t regs_bytes(const struct group_config *config)
{
	return (size_t)(config->nr_vgprs + config->nr_agprs) * VREG_BYTES;
}

static size_t group_bytes(const struct group_config *config)
{
	return head_bytes(config) + round_up(config->lds_bytes) +
	       config->nr_waves * regs_bytes(config);
}

/* Everything lies in one block: head and waves, LDS, registers. */
static void group_wire(struct wave_group *group)
{
	const struct group_config *config = &group->config;
	u8 *at;

	group->lds = (u8 *)group + head_bytes(config);
	at = group->lds + round_up(config->lds_bytes);
	for (u32 n = 0; n < config->nr_waves; n++, at += regs_bytes(config)) {
		struct wave *wave = &group->wave[n];

		wave->group = group;
		wave->v = (union wave_vreg *)at;
		wave->a = wave->v + config->nr_vgprs;
	}
}

struct wave_group *group_create(const struct group_config *config)
{
	struct wave_group *group;

	if (!config_fits(config))
		return NULL;
	group = aligned_alloc(64, group_bytes(config));
	if (!group)
		return NULL;
	memset(group, 0, group_bytes(config));
	group->config = *config;
	group->nr_live = config->nr_waves;
	group_wire(group);
	for (u32 n = 0; n < config->nr_waves; n++) {
		group->wave[n].nr_vgprs = config->nr_vgprs;
		group->wave[n].nr_agprs = config->nr_agprs;
	}
	return group;
}

/* Whoever keeps the parcel shall not learn where things are in this process. */
static void waves_save(const struct wave_group *group, struct parcel *parcel)
{
	for (u32 n = 0; n < group->config.nr_waves; n++) {
		struct wave wave = group->wave[n];

		wave.group = NULL;
		wave.v = wave.a = NULL;
		wave.inst.op = NULL; /* of an instruction that will be fetched again */
		parcel_put(parcel, &wave, sizeof(wave));
	}
}

void group_save(const struct wave_group *group, struct parcel *parcel)
{
	struct wave_group head = *group;

	head.lds = NULL;
	parcel_put(parcel, &head, sizeof(head));
	waves_save(group, parcel);
	parcel_put(parcel, group->lds,
		   group_bytes(&group->config) - head_bytes(&group->config));
}

struct wave_group *group_load(struct parcel *parcel)
{
	struct wave_group head, *group;

	parcel_get(parcel, &head, sizeof(head));
	group = group_create(&head.config);
	if (!group)
		return NULL;
	*group = head;
	parcel_get(parcel, group->wave, head.config.nr_waves * sizeof(struct wave));
	group_wire(group);
	parcel_get(parcel, group->lds, group_bytes(&head.config) - head_bytes(&head.config));
	return group;
}

void group_destroy(struct wave_group *group)
{
	free(group);
}

static bool can_run(const struct wave *wave)
{
	return wave->stop == WAVE_READY || wave->stop == WAVE_SLEEPING;
}

/* Opens the barrier once every live wave is at it. */
static void barrier_check(struct wave_group *group)
{
	for (u32 n = 0; n < group->config.nr_waves; n++) {
		if (group->wave[n].stop != WAVE_ENDED && group->wave[n].stop != WAVE_BARRIER)
			return;
	}
	for (u32 n = 0; n < group->config.nr_waves; n++) {
		if (group->wave[n].stop == WAVE_BARRIER)
			group->wave[n].stop = WAVE_READY;
	}
}

static bool is_broken(const struct wave *wave)
{
	return wave->stop == WAVE_ILLEGAL || wave->stop == WAVE_APERTURE ||
	       (wave->stop == WAVE_FAULTED && !wave->fault.retry);
}

/* One slice of one wave. Returns the instructions to charge, at least one. */
static u32 slice(struct wave_group *group, struct wave *wave, struct wave_env *env, u32 budget)
{
	u64 before = wave->executed;
	u32 done;

	switch (wave_run(wave, env, budget < SLICE ? budget : SLICE)) {
	case WAVE_ENDED:
		group->nr_live--;
		barrier_check(group);
		break;
	case WAVE_BARRIER:
		barrier_check(group);
		break;
	default:
		break;
	}
	done = (u32)(wave->executed - before);
	group->executed += done;
	return done ? done : 1;
}

/* The next wave whose turn it is, or NULL. */
static struct wave *next_wave(struct wave_group *group)
{
	for (u32 n = 0; n < group->config.nr_waves; n++) {
		struct wave *wave = &group->wave[group->next];

		group->next = (group->next + 1) % group->config.nr_waves;
		if (can_run(wave))
			return wave;
	}
	return NULL;
}

static enum group_stop idle_state(const struct wave_group *group)
{
	for (u32 n = 0; n < group->config.nr_waves; n++) {
		if (is_broken(&group->wave[n]))
			return GROUP_BROKEN;
	}
	return group->nr_live ? GROUP_WAITING : GROUP_ENDED;
}

enum group_stop group_run(struct wave_group *group, struct wave_env *env, u32 budget,
			  const _Atomic bool *stop)
{
	u32 asleep = 0;

	while (budget && asleep < group->config.nr_waves && !atomic_load_explicit(stop, memory_order_relaxed)) {
		struct wave *wave = next_wave(group);
		u32 charge;

		if (!wave)
			return idle_state(group);
		charge = slice(group, wave, env, budget);
		if (is_broken(wave))
			return GROUP_BROKEN;
		/* All that can run asked to yield: nobody needs the thread now. */
		asleep = wave->stop == WAVE_SLEEPING ? asleep + 1 : 0;
		budget -= charge;
	}
	if (!group->nr_live)
		return GROUP_ENDED;
	return asleep < group->config.nr_waves ? GROUP_READY : GROUP_ASLEEP;
}

void group_resume(struct wave_group *group)
{
	for (u32 n = 0; n < group->config.nr_waves; n++) {
		struct wave *wave = &group->wave[n];

		if (wave->stop == WAVE_BUSY || (wave->stop == WAVE_FAULTED && wave->fault.retry))
			wave->stop = WAVE_READY;
	}
}
