/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_ENG_RING_H
#define VKFD_ENG_RING_H

#include <linux/types.h>

struct vkfd_device;

/** struct vkfd_ring_mem - words that ring and engine share, in coherent memory */
struct vkfd_ring_mem {
	u64 rptr;	/* stored by the device */
	u64 wptr;	/* stored by the driver before the doorbell */
	u32 fence;	/* stored by FENCE packets */
	u32 never;	/* stays 0 */
};

/** struct vkfd_ring - packet ring of a kernel queue; the owner serialises all calls */
struct vkfd_ring {
	u32 *dwords;
	dma_addr_t bus;
	u32 bytes;	/* power of two */
	u32 doorbell;	/* slot of frame 0 */
	struct vkfd_ring_mem *mem;
	dma_addr_t mem_bus;
	/** @wptr: bytes written so far, never wraps; @mem->wptr follows at commit. */
	u64 wptr;
};

int vkfd_ring_init(struct vkfd_device *dev, struct vkfd_ring *ring, u32 bytes, u32 doorbell);
void vkfd_ring_fini(struct vkfd_device *dev, struct vkfd_ring *ring);
/* Empty again; nobody uses it. */
void vkfd_ring_restart(struct vkfd_ring *ring);
/* Waits, bounded, for room. 0, -ENODEV, -ETIMEDOUT. May sleep. */
int vkfd_ring_reserve(struct vkfd_device *dev, struct vkfd_ring *ring, u32 dwords);
/* Tells the engine about everything emitted. */
void vkfd_ring_commit(struct vkfd_device *dev, struct vkfd_ring *ring);

static inline void vkfd_ring_emit(struct vkfd_ring *ring, u32 dword)
{
	ring->dwords[(ring->wptr & (ring->bytes - 1)) / 4] = dword;
	ring->wptr += 4;
}

static inline void vkfd_ring_emit64(struct vkfd_ring *ring, u64 value)
{
	vkfd_ring_emit(ring, (u32)value);
	vkfd_ring_emit(ring, (u32)(value >> 32));
}

#endif
