/* SPDX-License-Identifier: MIT */
#ifndef DEMO_QUEUE_H
#define DEMO_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <hsakmt/hsakmt.h>

#include "vkfd_hw/types.h"

/** struct gpu - the GPU the demo uses, as libhsakmt shows it */
struct gpu {
	HSAuint32 node;
	u32 gpu_id;
	char pci[16];
	u64 vram_bytes;
};

/* 0, or -1 with a message on stderr. XNACK is on afterwards. */
int gpu_open(struct gpu *gpu);

/**
 * struct queue - a user SDMA queue
 *
 * The ring is a buffer the GPU knows. What packets point to need not be: with
 * XNACK on the engine faults on it and the driver makes it reachable.
 */
struct queue {
	HsaQueueResource res;
	u32 *ring;
	u64 wptr;
	volatile u32 *fence;
	u32 seq;
};

int queue_create(struct queue *q, const struct gpu *gpu);
void queue_destroy(struct queue *q);
void queue_copy(struct queue *q, void *dst, const void *src, size_t bytes);
/** queue_submit() - everything so far, then a fence */
void queue_submit(struct queue *q);
/** queue_wait() - false if the queue did not get there within @seconds */
bool queue_wait(struct queue *q, unsigned int seconds);

#endif
