/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_GPU_H
#define VKFD_DEVICE_GPU_H

#include "mem/guest.h"
#include "mem/vram.h"

/*
 * One GPU: owner of the engines, register routing, reset. pci/ calls in, the
 * engines call out through struct gpu_host. Nothing here knows vfio-user.
 */
struct gpu;

struct gpu_config {
	u32 node;	/* 0..nodes-1, position in this process */
	u32 nodes;
	u64 vram_bytes;
	u32 cus;
	u64 seed;	/* of all timing choices */
	u32 mode;	/* VKFD_FEATURE_* that say what kind of GPU it is; engines do not care */
	bool xgmi;	/* peers reachable by hive address */
	bool verbose;
};

struct gpu_host {
	void (*raise_msi)(void *opaque);
	/* Rate-limited log line; never called with guest-controlled formats. */
	void (*log)(void *opaque, const char *line);
	void *opaque;
};

struct gpu *gpu_create(const struct gpu_config *config, struct guest_mem *guest,
		       struct vram *vram, const struct gpu_host *host);
/* Stops all engine threads, then frees. Peers must have been unlinked. */
void gpu_destroy(struct gpu *gpu);
/* @peers[node] for every node, own entry included; call before the first guest access. */
void gpu_set_peers(struct gpu *gpu, struct gpu *const *peers, u32 nodes);
struct vram *gpu_vram(struct gpu *gpu);

/* @offset inside the BAR, @bytes 1, 2, 4 or 8. Any offset is legal. */
u64 gpu_reg_read(struct gpu *gpu, u64 offset, unsigned int bytes);
void gpu_reg_write(struct gpu *gpu, u64 offset, u64 value, unsigned int bytes);
u64 gpu_doorbell_read(struct gpu *gpu, u64 offset, unsigned int bytes);
void gpu_doorbell_write(struct gpu *gpu, u64 offset, u64 value, unsigned int bytes);

/* Guest (re)programmed a BAR or the memory-enable bit: bus 0 = not decoded. For routing of D17. */
void gpu_set_bar(struct gpu *gpu, unsigned int bar, u64 bus, u64 bytes);
/* Function reset: engines stop, contexts and queues vanish, registers reset, VRAM kept. */
void gpu_reset(struct gpu *gpu);

#endif
