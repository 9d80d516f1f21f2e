// SPDX-License-Identifier: MIT
/*
 * DOC: waves that wait for pages
 *
 * A wave that faulted reports every page that its instruction lacks, so that the
 * driver sees them at one time and not one a replay. It runs again when the last
 * of those that found a report slot was acknowledged; one that found no slot at all
 * waits for any to come free. What had no room is met again by the replay.
 */
#include "cp/shader_priv.h"

#define PAGE_MASK (~4095ULL)

static u64 awaited_page(const struct wave *wave, u32 bit)
{
	return bit ? wave->more.page[bit - 1] : wave->fault.va & PAGE_MASK;
}

void cp_group_tell(struct compute *compute, struct compute_queue *queue, struct cp_group *group,
		   u32 n)
{
	const struct wave *wave = &group->waves->wave[n];
	struct mmu_fault fault = wave->fault;
	u64 awaited = 0;

	for (u32 bit = 0; bit <= wave->more.nr; bit++) {
		/* Only the page that the access came to first has an address inside. */
		if (bit)
			fault.va = awaited_page(wave, bit);
		if (cp_report_retry(compute, queue, &fault))
			awaited |= 1ULL << bit;
	}
	group->told |= 1u << n;
	group->awaited[n] = awaited;
	counter_add(compute->config.counters, VKFD_STAT_WAVE_FAULTS, 1);
}

void cp_group_wake(struct cp_group *group)
{
	if (group->waves)
		group_resume(group->waves);
	group->told = 0;
	group->busy = group->asleep = false;
}

/* [start, end) was acknowledged: has one of the waves got the last page it waited for? */
static bool group_served(struct cp_group *group, u64 start, u64 end)
{
	bool served = false;

	for (u32 told = group->told; told; told &= told - 1) {
		u32 n = (u32)__builtin_ctz(told);
		const struct wave *wave = &group->waves->wave[n];
		u64 before = group->awaited[n];

		for (u64 left = before; left; left &= left - 1) {
			u32 bit = (u32)__builtin_ctzll(left);
			u64 page = awaited_page(wave, bit);

			if (page >= start && page < end)
				group->awaited[n] &= ~(1ULL << bit);
		}
		served |= before && !group->awaited[n];
	}
	return served;
}

/* Has one of the waves found no report slot? */
static bool wants_slot(const struct cp_group *group)
{
	for (u32 told = group->told; told; told &= told - 1) {
		if (!group->awaited[__builtin_ctz(told)])
			return true;
	}
	return false;
}

/* @slots: free ones that were not promised to a group yet. */
static bool group_wakes(struct cp_group *group, u64 start, u64 end, bool all, u32 *slots)
{
	if (!group->told)
		return false;
	if (all || group_served(group, start, end))
		return true;
	if (!*slots || !wants_slot(group))
		return false;
	--*slots;
	return true;
}

void cp_groups_resume(struct compute *compute, struct compute_queue *queue, u64 start, u64 end,
		      bool all)
{
	struct cp_group_list old = queue->waiting;
	u32 slots = cp_reports_free(queue);
	struct cp_group *group;

	for (group = queue->ready.first; group; group = group->next) {
		if (group_wakes(group, start, end, all, &slots))
			cp_group_wake(group);
	}
	queue->waiting = (struct cp_group_list){ 0 };
	while ((group = cp_list_pop(&old))) {
		bool wake = group_wakes(group, start, end, all, &slots);

		if (wake) {
			cp_group_wake(group);
			counter_add(compute->config.counters, VKFD_STAT_FAULT_REPLAYS, 1);
		}
		cp_group_put(compute, queue, group, !wake);
	}
}

/* Its time came. Faults that were told stay told: only who slept or was refused tries again. */
static bool group_due(struct cp_group *group)
{
	bool due = group->busy || group->asleep;

	if (group->busy)
		cp_group_wake(group);
	group->asleep = false;
	return due;
}

void cp_groups_retry(struct compute_queue *queue)
{
	struct cp_group_list old = queue->waiting;
	struct cp_group *group;

	queue->busy.at_ns = 0;
	for (group = queue->ready.first; group; group = group->next)
		group_due(group);
	queue->waiting = (struct cp_group_list){ 0 };
	while ((group = cp_list_pop(&old)))
		cp_list_append(group_due(group) ? &queue->ready : &queue->waiting, group);
}
