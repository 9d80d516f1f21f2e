/* SPDX-License-Identifier: MIT */
#ifndef GUEST_SDMA_H
#define GUEST_SDMA_H

#include "gpu.h"
#include "vkfd_hw/sdma.h"

/* How long a correct packet stream may take on the stock kernel. */
#define SDMA_MS 20000u

/* POLL_REGMEM comparisons */
enum sdma_compare { SDMA_ALWAYS, SDMA_LT, SDMA_LE, SDMA_EQ, SDMA_NE, SDMA_GE, SDMA_GT };

/**
 * struct sdma - a user SDMA queue
 * @wptr:  bytes written to the ring, never wraps.
 * @fence: completion counter in a buffer the GPU can write; @seq is the last submitted.
 */
struct sdma {
	struct session *session;
	HsaQueueResource res;
	u32 *ring;
	u64 ring_bytes;
	u64 wptr;
	volatile u32 *fence;
	u32 seq;
};

/** sdma_create() - queue with a ring of 64 KiB on GPU @gpu of the session */
void sdma_create(struct sdma *q, struct session *s, unsigned int gpu);
void sdma_create_type(struct sdma *q, struct session *s, unsigned int gpu, HSA_QUEUE_TYPE type,
		      u64 ring_bytes);
/** sdma_try_create_type() - as sdma_create_type(); false if the GPU has no such queue left */
bool sdma_try_create_type(struct sdma *q, struct session *s, unsigned int gpu, HSA_QUEUE_TYPE type,
			  u64 ring_bytes);
void sdma_destroy(struct sdma *q);

/* Packets. They wait for room and never straddle the ring's end. */
void sdma_raw(struct sdma *q, const u32 *dwords, size_t nr);
void sdma_nop(struct sdma *q, u32 extra_dwords);
void sdma_copy(struct sdma *q, void *dst, const void *src, u64 bytes);
void sdma_copy2(struct sdma *q, void *dst1, void *dst2, const void *src, u64 bytes);
void sdma_write(struct sdma *q, void *dst, const u32 *dwords, u32 nr);
void sdma_write1(struct sdma *q, void *dst, u32 value);
void sdma_fill(struct sdma *q, void *dst, u32 value, u64 bytes);
void sdma_fence(struct sdma *q, volatile void *dst, u32 value);
void sdma_trap(struct sdma *q, u32 context);
void sdma_poll(struct sdma *q, const volatile void *addr, enum sdma_compare func, u32 reference);
void sdma_add64(struct sdma *q, void *addr, u64 value);
void sdma_timestamp(struct sdma *q, void *dst);

/** sdma_kick() - publish what was written, no fence */
void sdma_kick(struct sdma *q);
/** sdma_submit() - fence and kick; the returned number is for sdma_done() */
u32 sdma_submit(struct sdma *q);
bool sdma_done(const struct sdma *q, u32 seq);
/** sdma_wait() - false if @seq did not complete within @ms */
bool sdma_wait(struct sdma *q, u32 seq, unsigned int ms);
/** sdma_run() - submit and wait; fails the test on time-out */
void sdma_run(struct sdma *q);
u64 sdma_rptr(const struct sdma *q);

/**
 * sdma_hold_fault() - a write of 1 to @p that faults
 *
 * The fault is in service and waits there until "0" is written to stall_collect.
 * Return: as sdma_submit().
 */
u32 sdma_hold_fault(struct sdma *q, void *p);
/** sdma_report_fault() - a write of 2 to @p that faults; when it returns the driver has noted the fault */
u32 sdma_report_fault(struct sdma *q, void *p);

#endif
