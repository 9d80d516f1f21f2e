/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_CP_COMPUTE_H
#define VKFD_DEVICE_CP_COMPUTE_H

#include "irq/ih.h"
#include "mmu/mmu.h"

/*
 * PM4 and AQL queues as objects: mapped, updated, suspended, unmapped. Their
 * packets do not execute (FEATURE_COMPUTE is 0): a queue that shows work stops
 * with VKFD_QERR_NOT_EXECUTED and an interrupt.
 */
struct compute;

struct compute_config {
	struct mmu *mmu;
	struct ih *ih;
	struct counters *counters;
	void (*log)(void *opaque, const char *line);
	void *opaque;
};

struct compute *compute_create(const struct compute_config *config);
void compute_destroy(struct compute *compute);
/* The queue's context exists; number and doorbell are free. */
enum vkfd_kiq_status compute_queue_map(struct compute *compute, const struct vkfd_kiq_queue *map);
enum vkfd_kiq_status compute_queue_unmap(struct compute *compute, u32 number);
enum vkfd_kiq_status compute_queue_update(struct compute *compute,
					  const struct vkfd_kiq_queue *update);
void compute_reset(struct compute *compute);
void compute_ring(struct compute *compute, u32 number);

#endif
