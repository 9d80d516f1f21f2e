/* SPDX-License-Identifier: MIT */
#ifndef GUEST_PM4_H
#define GUEST_PM4_H

#include "gpu.h"
#include "vkfd_hw/pm4.h"

/* How long correct packets and kernels may take on the stock kernel. */
#define PM4_MS 30000u

/**
 * struct pm4 - a user PM4 queue on one GPU of the session
 * @wptr:  dwords written to the ring, never wraps.
 * @fence: completion counter in memory that the GPU can write; @seq is the last submitted.
 */
struct pm4 {
	struct session *session;
	unsigned int gpu;
	HsaQueueResource res;
	u32 *ring;
	u64 wptr;
	volatile u32 *fence;
	u32 seq;
};

/**
 * struct pm4_launch - a kernel: s[0:1] points at @data, s2 is the group's id, v0 the work-item's
 * @trap: the waves take traps.
 */
struct pm4_launch {
	const u32 *code;	/* where the GPU can execute it: pm4_code() */
	volatile void *data;
	u32 groups, items;	/* of the grid, of a group */
	bool trap;
};

void pm4_create(struct pm4 *q, struct session *s, unsigned int gpu);
void pm4_destroy(struct pm4 *q);
/** pm4_update() - UPDATE_QUEUE; percent 0 suspends, with waves in flight */
void pm4_update(struct pm4 *q, u32 percent, HSA_QUEUE_PRIORITY priority);

/** pm4_memory() - zeroed system memory that every GPU of the session can write and execute */
void *pm4_memory(struct session *s, u64 bytes);
/** pm4_code() - a page that holds the kernel */
const u32 *pm4_code(struct session *s, const u32 *code, size_t bytes);
#define PM4_CODE(s, kernel) pm4_code(s, kernel, sizeof(kernel))

/* Packets. The ring holds 16384 dwords and is used once. */
void pm4_raw(struct pm4 *q, const u32 *dwords, size_t nr);
void pm4_launch(struct pm4 *q, const struct pm4_launch *launch);
/** pm4_flush() - packets behind it wait until the launches before it ended */
void pm4_flush(struct pm4 *q);
void pm4_copy1(struct pm4 *q, volatile u32 *dst, const volatile u32 *src);
/** pm4_run_buffer() - an indirect buffer */
void pm4_run_buffer(struct pm4 *q, const u32 *dwords, u32 nr);

/** pm4_kick() - publish what was written, no fence */
void pm4_kick(struct pm4 *q);
/** pm4_submit() - fence behind all launches, and kick; the number is for pm4_done() */
u32 pm4_submit(struct pm4 *q);
bool pm4_done(const struct pm4 *q, u32 seq);
/** pm4_wait() - fails the test if @seq does not complete */
void pm4_wait(struct pm4 *q, u32 seq);
void pm4_run(struct pm4 *q);

#define PM4_ADDR(p) (u32)(uintptr_t)(p), (u32)((uintptr_t)(p) >> 32)

#endif
