/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_TELEMETRY_COUNTERS_H
#define VKFD_DEVICE_TELEMETRY_COUNTERS_H

#include <stdatomic.h>
#include "vkfd_hw/types.h"
#include "vkfd_stats.h"

/* One GPU's event counters. Any thread adds; nobody resets. */
struct counters {
	_Atomic u64 value[VKFD_STAT_COUNT];
};

static inline void counter_add(struct counters *counters, enum vkfd_stat stat,
			       u64 n)
{
	atomic_fetch_add_explicit(&counters->value[stat], n,
				  memory_order_relaxed);
}

static inline u64 counter_get(const struct counters *counters,
			      enum vkfd_stat stat)
{
	return atomic_load_explicit(&counters->value[stat],
				    memory_order_relaxed);
}

/**
 * counters_window_read() - read of the statistics window of BAR4
 * @offset: from VKFD_REGS_STATS_OFFSET; any value.
 * @bytes:  4 or 8, @offset aligned to it.
 *
 * Return: the counter's bytes; 0 behind the last counter.
 */
u64 counters_window_read(const struct counters *counters, u64 offset,
			 unsigned int bytes);

/** counter_name() - the name of a counter as in vkfd_stats.h, or NULL */
const char *counter_name(unsigned int stat);

#endif
