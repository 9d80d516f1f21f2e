/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_TELEMETRY_CLOCK_H
#define VKFD_DEVICE_TELEMETRY_CLOCK_H

#include <stdatomic.h>
#include "vkfd_hw/types.h"

/*
 * The GPU counter: VKFD_CLOCK_HZ, derived from CLOCK_MONOTONIC, so it is the
 * same for all GPUs of the host; two reads of one GPU never give one value.
 */
struct gpu_clock {
	_Atomic u64 last;
};

u64 gpu_clock_now(struct gpu_clock *clock);

#endif
