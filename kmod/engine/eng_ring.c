// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: packet ring
 *
 * Memory and pointers of a kernel queue. Pointers count bytes and never wrap;
 * a packet may run over the end of the ring, since the engine fetches modulo
 * the ring size. Knows no packet; the engine that owns it holds its mutex
 * around every call.
 *
 * Refused: a read pointer the device cannot have reached marks it lost.
 */
#include <linux/dma-mapping.h>

#include "core/device.h"
#include "core/regio.h"
#include "engine/eng_poll.h"
#include "engine/eng_ring.h"

/**
 * vkfd_ring_init() - Allocate ring and pointers
 * @dev:      GPU.
 * @ring:     Zeroed ring.
 * @bytes:    Size, power of two.
 * @doorbell: Slot of frame 0.
 *
 * Context: Probe.
 * Return: 0 or -ENOMEM.
 */
int vkfd_ring_init(struct vkfd_device *dev, struct vkfd_ring *ring, u32 bytes, u32 doorbell)
{
	struct device *parent = &dev->pdev->dev;

	ring->dwords = dma_alloc_coherent(parent, bytes, &ring->bus, GFP_KERNEL);
	if (!ring->dwords)
		return -ENOMEM;
	ring->mem = dma_alloc_coherent(parent, sizeof(*ring->mem), &ring->mem_bus, GFP_KERNEL);
	if (!ring->mem) {
		dma_free_coherent(parent, bytes, ring->dwords, ring->bus);
		return -ENOMEM;
	}
	ring->bytes = bytes;
	ring->doorbell = doorbell;
	return 0;
}

/**
 * vkfd_ring_fini() - Free ring and pointers
 * @dev:  GPU that does not use them any more.
 * @ring: Ring.
 *
 * Context: Probe failure and remove.
 */
void vkfd_ring_fini(struct vkfd_device *dev, struct vkfd_ring *ring)
{
	struct device *parent = &dev->pdev->dev;

	dma_free_coherent(parent, sizeof(*ring->mem), ring->mem, ring->mem_bus);
	dma_free_coherent(parent, ring->bytes, ring->dwords, ring->bus);
}

/**
 * vkfd_ring_restart() - Empty, as the engine begins after a reset
 * @ring: Ring that no engine uses.
 *
 * Context: Any; nobody emits meanwhile. The fence word is the timeline's.
 */
void vkfd_ring_restart(struct vkfd_ring *ring)
{
	ring->wptr = 0;
	WRITE_ONCE(ring->mem->rptr, 0);
	WRITE_ONCE(ring->mem->wptr, 0);
}

static bool ring_has_room(struct vkfd_device *dev, struct vkfd_ring *ring, u32 dwords)
{
	u64 used = ring->wptr - READ_ONCE(ring->mem->rptr);

	if (used > ring->bytes) {
		vkfd_device_mark_lost(dev, "read pointer of the copy queue is out of range");
		return false;
	}
	return ring->bytes - used >= 4 * dwords;
}

/**
 * vkfd_ring_reserve() - Wait for room
 * @dev:    GPU.
 * @ring:   Ring.
 * @dwords: Room needed, less than the ring has.
 *
 * Context: Process context, may sleep, allocates nothing.
 * Return: 0, -ENODEV lost, -ETIMEDOUT (nothing else happened).
 */
int vkfd_ring_reserve(struct vkfd_device *dev, struct vkfd_ring *ring, u32 dwords)
{
	struct vkfd_poll poll;
	int err = 0;

	if (WARN_ON_ONCE(4 * dwords > ring->bytes))
		return -EINVAL;
	vkfd_poll_start(&poll, dev);
	while (!ring_has_room(dev, ring, dwords)) {
		if (err)
			return err;
		err = vkfd_poll_again(&poll);
	}
	return vkfd_device_is_lost(dev) ? -ENODEV : 0;
}

/**
 * vkfd_ring_commit() - Publish what was emitted
 * @dev:  GPU.
 * @ring: Ring.
 *
 * Context: Any, one trapped store.
 */
void vkfd_ring_commit(struct vkfd_device *dev, struct vkfd_ring *ring)
{
	dma_wmb(); /* packets before the pointer that covers them */
	WRITE_ONCE(ring->mem->wptr, ring->wptr);
	vkfd_kernel_doorbell(dev, ring->doorbell, ring->wptr);
}
