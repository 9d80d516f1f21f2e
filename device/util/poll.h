/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_UTIL_POLL_H
#define VKFD_DEVICE_UTIL_POLL_H

#include <stdbool.h>
#include <time.h>
#include "vkfd_hw/types.h"

/* Longest pause between two looks at memory that a queue waits for. */
#define POLL_MAX_NS 500000u

/* When a queue that waits for memory looks again; pauses double. */
struct poll_timer {
	u64 at_ns;	/* 0: not waiting */
	u64 pause_ns;
};

/* CLOCK_MONOTONIC. */
u64 poll_now_ns(void);
struct timespec poll_timespec(u64 ns);

/* @progress: something was done since the last look, so it may come soon. */
void poll_again(struct poll_timer *timer, bool progress);

static inline bool poll_due(const struct poll_timer *timer, u64 now)
{
	return timer->at_ns && now >= timer->at_ns;
}

/**
 * poll_compare() - the comparison of SDMA's POLL_REGMEM and PM4's WAIT_REG_MEM
 *
 * Return: 1 met, 0 not met, -1 the function number is not defined.
 */
int poll_compare(u32 func, u32 value, u32 reference);

#endif
