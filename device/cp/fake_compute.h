/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_CP_FAKE_COMPUTE_H
#define VKFD_DEVICE_CP_FAKE_COMPUTE_H

#include "fake_driver.h"
#include "vkfd_hw/aql.h"
#include "vkfd_hw/pm4.h"

/*
 * Compute queues of the fake driver, for tests and fuzzers of cp/: a GPU with
 * one context, data pages in RAM, and queues with ring and pointers in RAM.
 */
#define FAKE_CTX	7u
#define FAKE_PASID	0x8007u
#define FAKE_QUEUE_VA	0x100000000ULL
#define FAKE_DATA_VA	0x7f0000000000ULL
#define FAKE_DATA	FAKE_RAM_FREE		/* RAM offset behind FAKE_DATA_VA ... */
#define FAKE_DATA_BYTES	(1u << 20)		/* ... so far */
#define FAKE_HOLE_VA	(FAKE_DATA_VA + (1u << 30)) /* not mapped */

struct fake_compute_queue {
	struct fake_driver *drv;
	u32 number, doorbell, type;
	u32 ring_bytes;
	u64 mem;	/* RAM offset: ring, then rptr at +ring_bytes, wptr 64 bytes behind */
	u64 va;
	u64 wptr;	/* dwords or packets emitted */
};

struct fake_compute {
	struct fake_ram ram;
	struct fake_driver drv;
	struct fake_compute_queue queue; /* PM4, mapped */
	u64 root;
};

struct fake_compute *fake_compute_start(u32 ctx_flags, u64 seed);
void fake_compute_stop(struct fake_compute *bench);

/* Queue @n of the context, its memory mapped, not given to the device yet. */
struct fake_compute_queue fake_cq(struct fake_compute *bench, u32 n, u32 type);
struct vkfd_kiq_cmd fake_cq_cmd(const struct fake_compute_queue *queue, enum vkfd_kiq_op op);
u32 fake_cq_map(struct fake_compute_queue *queue);
u32 fake_cq_unmap(struct fake_compute_queue *queue);
u32 fake_cq_percent(struct fake_compute_queue *queue, u32 percent);

/* PM4: appends dwords. */
void fake_cq_emit(struct fake_compute_queue *queue, const u32 *dw, u32 n);
/* AQL: appends a packet, its header last. */
void fake_cq_packet(struct fake_compute_queue *queue, const void *packet);
/* Stores the write pointer and rings. */
void fake_cq_submit(struct fake_compute_queue *queue);
static inline void fake_cq_run(struct fake_compute_queue *queue, const u32 *dw, u32 n)
{
	fake_cq_emit(queue, dw, n);
	fake_cq_submit(queue);
}

u64 fake_cq_rptr(const struct fake_compute_queue *queue);
/* Waits until all is consumed. */
bool fake_cq_idle(const struct fake_compute_queue *queue);
/* Waits until *@word == @value. */
bool fake_wait32(const volatile u32 *word, u32 value);
bool fake_wait64(const volatile u64 *word, u64 value);

#endif
