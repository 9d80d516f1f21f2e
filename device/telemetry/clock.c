// SPDX-License-Identifier: MIT
#include <time.h>
#include "telemetry/clock.h"
#include "vkfd_hw/regs.h"

#define NS_PER_SECOND 1000000000u

u64 gpu_clock_now(struct gpu_clock *clock)
{
	struct timespec now;
	u64 ticks, last, next;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ticks = (u64)now.tv_sec * VKFD_CLOCK_HZ +
		(u64)now.tv_nsec / (NS_PER_SECOND / VKFD_CLOCK_HZ);
	last = atomic_load(&clock->last);
	do {
		next = ticks > last ? ticks : last + 1;
	} while (!atomic_compare_exchange_weak(&clock->last, &last, next));
	return next;
}
