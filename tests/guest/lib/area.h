/* SPDX-License-Identifier: MIT */
#ifndef GUEST_AREA_H
#define GUEST_AREA_H

#include "gpu.h"
#include "sdma.h"

/**
 * struct area - a session with a queue and one piece of memory
 * @p: 2 MiB aligned, huge pages or none as the mode says; holds pattern @seed.
 */
struct area {
	struct session s;
	struct sdma q;
	char *p;
	size_t bytes;
	u64 seed;
};

/** area_start() - memory in VRAM that the GPU may use; @mode: bits XNACK and HUGE */
void area_start(struct area *a, int mode, size_t bytes, u64 seed);
/** area_start_in_ram() - the same, used in place: no fault moves it */
void area_start_in_ram(struct area *a, int mode, size_t bytes, u64 seed);
/** area_to_vram() - once more; fails the test unless every page goes */
void area_to_vram(struct area *a);
/** area_check() - by the CPU, then by the GPU: the pattern is there */
void area_check(struct area *a);
/** area_stop() - destroys the queue and unmaps the memory */
void area_stop(struct area *a);

/** gpu_write() - the GPU fills @bytes from @p with the byte @value; fails the test unless it can */
void gpu_write(struct area *a, void *p, size_t bytes, unsigned char value);
/** assert_violation() - the memory exception @e tells of @addr, once */
void assert_violation(HsaEvent *e, const void *addr, bool read_only);

#endif
