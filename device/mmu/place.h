/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MMU_PLACE_H
#define VKFD_DEVICE_MMU_PLACE_H

#include <stdatomic.h>
#include <stddef.h>
#include "mem/guest.h"
#include "mem/vram.h"
#include "telemetry/counters.h"
#include "vkfd_hw/pci.h"

/* Where an address leads once it is translated and routed. */
enum place_kind {
	PLACE_NONE,	/* nothing answers */
	PLACE_VRAM,	/* @addr = offset in @node's VRAM */
	PLACE_SYSTEM,	/* @addr = bus address in guest RAM */
	PLACE_DOORBELL,	/* @addr = offset in @node's doorbell BAR */
	PLACE_REGS,	/* @addr = offset in @node's register BAR */
	PLACE_ZERO,	/* PRT: reads 0, drops writes */
};

struct place {
	enum place_kind kind;
	u32 node;
	u64 addr;
};

/* Stores and loads of engines that reach a BAR of a GPU in this process. */
struct place_mmio_ops {
	u64 (*doorbell_read)(void *opaque, u64 offset, unsigned int bytes);
	void (*doorbell_write)(void *opaque, u64 offset, u64 value,
			       unsigned int bytes);
	u64 (*reg_read)(void *opaque, u64 offset, unsigned int bytes);
	void (*reg_write)(void *opaque, u64 offset, u64 value,
			  unsigned int bytes);
};

/* A BAR as the guest programmed it; @bus 0: not decoded. */
struct place_bar {
	_Atomic u64 bus;
	_Atomic u64 bytes;
};

/* What one GPU offers to engines of the process, its own included. */
struct place_node {
	struct vram *vram;
	const struct place_mmio_ops *mmio;
	void *opaque;
	struct place_bar vram_bar, doorbell_bar, reg_bar;
};

/*
 * What one GPU's engines can reach. @nodes is written before the first guest
 * access and constant then; BARs change at any time.
 */
struct place_map {
	struct guest_mem *guest;
	struct counters *counters;	/* of the engines that access, see mmu_leave() */
	struct place_node *nodes[VKFD_MAX_GPUS];
	u32 nr_nodes;
	u32 self;
	u32 link_mask;	/* nodes that answer hive addresses */
};

/* Where the addresses [from, from + bytes) lead, side by side; zeroed: nowhere. */
struct place_route {
	u64 from;
	u64 bytes;
	struct place place;	/* of @from */
};

/**
 * place_route_hive() - route the hive addresses around @hive
 *
 * Return: VRAM, or no bytes for a node that is not linked or an offset behind its end.
 */
struct place_route place_route_hive(const struct place_map *map, u64 hive);

/**
 * place_route_bus() - route the bus addresses around @bus: guest RAM or some GPU's BAR (D17)
 *
 * The answer is never empty. It is that of the moment: BARs move.
 */
struct place_route place_route_bus(const struct place_map *map, u64 bus);

/* Host memory behind [place, place + len) of a VRAM, or NULL: for one copy, at once. */
u8 *place_vram(const struct place_map *map, struct place place, u64 len);

/* The following check the place again, so they never leave its memory. */
enum mem_status place_read(const struct place_map *map, struct place src,
			   void *dst, size_t len);
enum mem_status place_write(const struct place_map *map, struct place dst,
			    const void *src, size_t len);
/* Overlap inside one VRAM is copied as if through a buffer. */
enum mem_status place_copy(const struct place_map *map, struct place dst,
			   struct place src, size_t len);
/* 4 or 8 bytes, naturally aligned; load acquires, store releases. */
enum mem_status place_load(const struct place_map *map, struct place src,
			   u64 *value, unsigned int bytes);
enum mem_status place_store(const struct place_map *map, struct place dst,
			    u64 value, unsigned int bytes);
/* Memory places only: a BAR other than VRAM answers MEM_UNMAPPED. */
enum mem_status place_atomic(const struct place_map *map, struct place dst,
			     struct mem_atomic *atomic, unsigned int bytes);

#endif
