// SPDX-License-Identifier: MIT
#include "util/poll.h"

#define NS_PER_SECOND	1000000000ULL
#define POLL_MIN_NS	10000u

u64 poll_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * NS_PER_SECOND + (u64)now.tv_nsec;
}

struct timespec poll_timespec(u64 ns)
{
	return (struct timespec){ (time_t)(ns / NS_PER_SECOND), (long)(ns % NS_PER_SECOND) };
}

void poll_again(struct poll_timer *timer, bool progress)
{
	if (progress || !timer->pause_ns)
		timer->pause_ns = POLL_MIN_NS;
	else if (timer->pause_ns < POLL_MAX_NS)
		timer->pause_ns *= 2;
	timer->at_ns = poll_now_ns() + timer->pause_ns;
}

int poll_compare(u32 func, u32 value, u32 reference)
{
	switch (func) {
	case 0:
		return 1;
	case 1:
		return value < reference;
	case 2:
		return value <= reference;
	case 3:
		return value == reference;
	case 4:
		return value != reference;
	case 5:
		return value >= reference;
	case 6:
		return value > reference;
	default:
		return -1;
	}
}
