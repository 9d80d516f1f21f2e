// SPDX-License-Identifier: MIT
/*
 * DOC: event counters
 *
 * Names and meaning come from include/vkfd_stats.h; the guest reads them
 * through a window of the register BAR, so nothing here writes guest memory.
 */
#include <stddef.h>
#include "telemetry/counters.h"

u64 counters_window_read(const struct counters *counters, u64 offset,
			 unsigned int bytes)
{
	u64 index = offset / 8;
	u64 value;

	if (index >= VKFD_STAT_COUNT)
		return 0;
	value = counter_get(counters, (enum vkfd_stat)index);
	if (bytes == 8)
		return value;
	return offset & 4 ? value >> 32 : value & 0xffffffff;
}

const char *counter_name(unsigned int stat)
{
	static const char *const names[] = {
#define STAT_NAME(name, what) #name,
		VKFD_STATS(STAT_NAME)
#undef STAT_NAME
	};

	return stat < VKFD_STAT_COUNT ? names[stat] : NULL;
}
