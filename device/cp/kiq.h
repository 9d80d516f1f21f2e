/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_CP_KIQ_H
#define VKFD_DEVICE_CP_KIQ_H

#include <stdbool.h>
#include "mem/guest.h"
#include "telemetry/counters.h"
#include "vkfd_hw/kiq.h"
#include "vkfd_hw/regs.h"

/* The kernel interface queue: fetches commands, has them executed, acknowledges. */
struct kiq;

/* Commands, called on the KIQ's thread, one at a time. None may wait for the guest. */
struct kiq_ops {
	enum vkfd_kiq_status (*ctx_set)(void *opaque, const struct vkfd_kiq_ctx *ctx);
	enum vkfd_kiq_status (*ctx_clear)(void *opaque, const struct vkfd_kiq_ctx *ctx);
	enum vkfd_kiq_status (*ctx_trap)(void *opaque, const struct vkfd_kiq_trap *trap);
	enum vkfd_kiq_status (*ctx_busy)(void *opaque, const struct vkfd_kiq_ctx *ctx);
	enum vkfd_kiq_status (*tlb_flush)(void *opaque, const struct vkfd_kiq_range *range);
	enum vkfd_kiq_status (*fault_ack)(void *opaque, const struct vkfd_kiq_range *range);
	enum vkfd_kiq_status (*queue_map)(void *opaque, const struct vkfd_kiq_queue *queue);
	enum vkfd_kiq_status (*queue_unmap)(void *opaque, const struct vkfd_kiq_queue *queue);
	enum vkfd_kiq_status (*queue_update)(void *opaque, const struct vkfd_kiq_queue *queue);
	enum vkfd_kiq_status (*save)(void *opaque, const struct vkfd_kiq_area *area);
	enum vkfd_kiq_status (*load)(void *opaque, const struct vkfd_kiq_area *area);
	/* @fatal: the KIQ has stopped. */
	void (*error)(void *opaque, enum vkfd_hw_error error, u32 info, bool fatal);
};

struct kiq_config {
	struct guest_mem *guest;
	struct counters *counters;
	const struct kiq_ops *ops;
	void *opaque;
};

/* Bus addresses, latched when enabled. */
struct kiq_ring {
	u64 base;
	u64 bytes;
	u64 ack_addr;
};

struct kiq *kiq_create(const struct kiq_config *config);
void kiq_destroy(struct kiq *kiq);
/* Starts at command 0. False: the description is not acceptable. */
bool kiq_enable(struct kiq *kiq, const struct kiq_ring *ring);
/* Returns when no command executes. Not from the KIQ's thread. */
void kiq_disable(struct kiq *kiq);
/* Doorbell: @submitted commands exist. Any thread. */
void kiq_ring(struct kiq *kiq, u64 submitted);

/* Validates and routes one command; pure but for the callbacks. */
enum vkfd_kiq_status kiq_execute(const struct kiq_ops *ops, void *opaque,
				 const struct vkfd_kiq_cmd *cmd);

#endif
