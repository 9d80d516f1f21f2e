/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_IRQ_IH_H
#define VKFD_DEVICE_IRQ_IH_H

#include <stdbool.h>
#include "mem/guest.h"
#include "telemetry/clock.h"
#include "telemetry/counters.h"
#include "vkfd_hw/ih.h"
#include "vkfd_hw/regs.h"

/* The interrupt ring writer, see include/vkfd_hw/ih.h for the protocol. */
struct ih;

struct ih_ops {
	void (*raise)(void *opaque);	/* new entries */
	void (*error)(void *opaque, enum vkfd_hw_error error, u32 info);
};

struct ih_config {
	struct guest_mem *guest;
	struct counters *counters;
	struct gpu_clock *clock;
	u32 node;
	const struct ih_ops *ops;
	void *opaque;
};

/* What happened; time and node are added when it is posted. */
struct ih_event {
	u8 client;
	u8 source;
	u8 ring;
	u32 ctx;	/* low 4 bits appear as vmid */
	u32 pasid;
	u32 data[4];
};

/* Where the ring is, latched when it is enabled. Bus addresses. */
struct ih_ring {
	u64 base;
	u64 bytes;
	u64 wptr_addr;
	u64 rptr_addr;
};

struct ih *ih_create(const struct ih_config *config);
void ih_destroy(struct ih *ih);

/* Starts at pointer 0. False: the ring's description is not acceptable. */
bool ih_enable(struct ih *ih, const struct ih_ring *ring);
/* Forgets waiting entries; until the next enable, events are dropped. */
void ih_disable(struct ih *ih);
u64 ih_wptr(struct ih *ih);

/**
 * ih_post() - put an event into the ring, or in line behind those that wait
 *
 * Return: false when the line itself is full: the caller keeps the event,
 * makes no progress and tries again later.
 * Context: any thread, under an engine's locks; takes the ih lock only.
 */
bool ih_post(struct ih *ih, const struct ih_event *event);

#endif
