// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: kernel copy engine
 *
 * Owns the kernel's SDMA queue: its life, its fence timeline and what happens
 * when it hangs. eng_copy.c builds the packets.
 *
 * Ring, pointers and fence word are coherent system memory, which the engine
 * reaches through the AGP aperture of context 0.
 *
 * Locks: &vkfd_sdma.submit (copy-window mutex) serialises submission. It is
 * taken below mmap_lock, dma_resv and folio locks, therefore nothing is
 * allocated under it. Completion takes only the timeline's spinlock.
 *
 * Hang: one watchdog watches the timeline while fences are pending. If nothing
 * completes for fence_timeout_ms, or the device is lost, it is marked lost, which
 * resets it (so that it cannot write pages that are freed next), and all fences
 * end with an error. No wait depends on the device's good will.
 */
#include <linux/debugfs.h>
#include <linux/dma-fence.h>
#include <linux/sizes.h>
#include <drm/drm_managed.h>

#include "core/device.h"
#include "engine/eng_kiq.h"
#include "engine/eng_poll.h"
#include "engine/eng_sdma.h"
#include "engine/eng_sdma_priv.h"
#include "vkfd_hw/addr.h"
#include "vkfd_hw/doorbell.h"
#include "vkfd_hw/sdma.h"

#define SDMA_RING_BYTES	SZ_256K
#define SDMA_KERNEL_PRIORITY 15
#define WATCHDOG_PERIOD	(HZ / 2)

static int queue_map(struct vkfd_device *dev)
{
	struct vkfd_sdma *sdma = dev->sdma;
	u64 mem = VKFD_MC_AGP_BASE + sdma->ring.mem_bus;
	struct vkfd_kiq_cmd cmd = {
		.op = VKFD_KIQ_QUEUE_MAP,
		.queue = {
			.queue = sdma->queue,
			.type = VKFD_QUEUE_SDMA,
			.engine = VKFD_KERNEL_SDMA_ENGINE,
			.doorbell = sdma->ring.doorbell,
			.percent = 100,
			.priority = SDMA_KERNEL_PRIORITY,
			.ring = VKFD_MC_AGP_BASE + sdma->ring.bus,
			.ring_bytes = sdma->ring.bytes,
			.rptr_va = mem + offsetof(struct vkfd_ring_mem, rptr),
			.wptr_va = mem + offsetof(struct vkfd_ring_mem, wptr),
		},
	};

	return vkfd_kiq_run(dev, &cmd);
}

/**
 * vkfd_sdma_give_up() - Stop the engine and end its fences
 * @dev: GPU.
 * @why: For the log.
 *
 * When it returns the engine writes no more: marking a device lost resets it.
 *
 * Context: Any but NMI.
 */
void vkfd_sdma_give_up(struct vkfd_device *dev, const char *why)
{
	vkfd_device_mark_lost(dev, why);
	vkfd_timeline_fail(&dev->sdma->timeline, -EIO);
}

static void watchdog_arm(struct vkfd_sdma *sdma)
{
	queue_delayed_work(sdma->wq, &sdma->watchdog, WATCHDOG_PERIOD);
}

static void watchdog_work(struct work_struct *work)
{
	struct vkfd_sdma *sdma = container_of(work, struct vkfd_sdma, watchdog.work);
	struct vkfd_device *dev = sdma->dev;
	u64 done = vkfd_timeline_process(&sdma->timeline);

	if (vkfd_timeline_idle(&sdma->timeline)) {
		sdma->watchdog_seen = 0;
		return;
	}
	if (done + 1 != sdma->watchdog_seen) {
		sdma->watchdog_seen = done + 1;
		sdma->watchdog_since = jiffies;
	}
	if (vkfd_device_is_lost(dev))
		vkfd_sdma_give_up(dev, "lost with copies in flight");
	else if (time_after(jiffies, sdma->watchdog_since + vkfd_timeout_jiffies()))
		vkfd_sdma_give_up(dev, "copy engine hangs");
	else
		watchdog_arm(sdma);
}

/* Fault injection: the engine waits for a value that nobody stores, for ever. */
static void emit_hang(struct vkfd_device *dev)
{
	struct vkfd_ring *ring = &dev->sdma->ring;

	if (vkfd_sdma_reserve(dev, VKFD_SDMA_POLL_DWORDS))
		return;
	vkfd_ring_emit(ring, VKFD_SDMA_HEADER(VKFD_SDMA_POLL_REGMEM, 0) |
			     VKFD_SDMA_POLL_EQUAL << VKFD_SDMA_POLL_FUNC_SHIFT |
			     VKFD_SDMA_POLL_MEMORY);
	vkfd_ring_emit64(ring, VKFD_MC_AGP_BASE + ring->mem_bus +
			       offsetof(struct vkfd_ring_mem, never));
	vkfd_ring_emit(ring, 1);
	vkfd_ring_emit(ring, ~0u);
	vkfd_ring_emit(ring, VKFD_SDMA_POLL_FOREVER);
}

int vkfd_sdma_lock(struct vkfd_device *dev)
{
	struct vkfd_sdma *sdma = dev->sdma;

	mutex_lock(&sdma->submit);
	if (!sdma->running || vkfd_device_is_lost(dev)) {
		mutex_unlock(&sdma->submit);
		return -ENODEV;
	}
	if (atomic_dec_if_positive(&sdma->hang_copies) >= 0)
		emit_hang(dev);
	return 0;
}

void vkfd_sdma_unlock(struct vkfd_device *dev)
{
	mutex_unlock(&dev->sdma->submit);
}

int vkfd_sdma_reserve(struct vkfd_device *dev, u32 dwords)
{
	int err;

	lockdep_assert_held(&dev->sdma->submit);
	err = vkfd_ring_reserve(dev, &dev->sdma->ring, dwords);
	if (err == -ETIMEDOUT)
		vkfd_sdma_give_up(dev, "copy queue stays full");
	return err ? -ENODEV : 0;
}

int vkfd_sdma_wait_seq(struct vkfd_device *dev, u64 seq)
{
	struct vkfd_sdma *sdma = dev->sdma;
	struct vkfd_poll poll;
	int err = 0;

	lockdep_assert_held(&sdma->submit);
	vkfd_poll_start(&poll, dev);
	while (vkfd_timeline_process(&sdma->timeline) < seq) {
		if (err == -ETIMEDOUT)
			vkfd_sdma_give_up(dev, "copy window stays busy");
		if (err)
			return -ENODEV;
		err = vkfd_poll_again(&poll);
	}
	return 0;
}

static void emit_fence_packet(struct vkfd_sdma *sdma, u64 seq)
{
	struct vkfd_ring *ring = &sdma->ring;

	vkfd_ring_emit(ring, VKFD_SDMA_HEADER(VKFD_SDMA_FENCE, 0));
	vkfd_ring_emit64(ring, VKFD_MC_AGP_BASE + ring->mem_bus +
			       offsetof(struct vkfd_ring_mem, fence));
	vkfd_ring_emit(ring, (u32)seq);
}

u64 vkfd_sdma_emit_seq(struct vkfd_device *dev)
{
	struct vkfd_sdma *sdma = dev->sdma;
	u64 seq;

	lockdep_assert_held(&sdma->submit);
	seq = vkfd_timeline_next(&sdma->timeline);
	emit_fence_packet(sdma, seq);
	return seq;
}

void vkfd_sdma_finish(struct vkfd_device *dev, struct dma_fence *fence)
{
	struct vkfd_sdma *sdma = dev->sdma;

	lockdep_assert_held(&sdma->submit);
	emit_fence_packet(sdma, vkfd_fence_emit(&sdma->timeline, fence));
	vkfd_ring_emit(&sdma->ring, VKFD_SDMA_HEADER(VKFD_SDMA_TRAP, 0));
	vkfd_ring_emit(&sdma->ring, 0);
	vkfd_ring_commit(dev, &sdma->ring);
	watchdog_arm(sdma);
}

/**
 * vkfd_sdma_trap() - The engine raised its completion interrupt
 * @dev: GPU.
 *
 * Context: IH thread.
 */
void vkfd_sdma_trap(struct vkfd_device *dev)
{
	vkfd_timeline_process(&dev->sdma->timeline);
}

/**
 * vkfd_sdma_wait() - Wait for a fence of this engine and drop it
 * @dev:   GPU.
 * @fence: Fence or error pointer.
 *
 * The watchdog ends the fence if the engine does not.
 *
 * Context: Process context, may sleep, allocates nothing.
 * Return: 0, the fence's error, or the error in @fence.
 */
int vkfd_sdma_wait(struct vkfd_device *dev, struct dma_fence *fence)
{
	int err;

	if (IS_ERR(fence))
		return PTR_ERR(fence);
	do {
		vkfd_timeline_process(&dev->sdma->timeline);
	} while (!dma_fence_wait_timeout(fence, false, 1));
	err = dma_fence_get_status(fence);
	dma_fence_put(fence);
	return min(err, 0);
}

static int sdma_start(struct vkfd_device *dev)
{
	struct vkfd_sdma *sdma = dev->sdma;
	int err = ida_alloc_max(&dev->queue_ida, VKFD_MAX_QUEUES - 1, GFP_KERNEL);

	if (err < 0)
		return err;
	sdma->queue = err;
	vkfd_timeline_init(&sdma->timeline, &sdma->ring.mem->fence);
	err = queue_map(dev);
	if (err)
		ida_free(&dev->queue_ida, sdma->queue);
	return err;
}

/**
 * vkfd_sdma_init() - Create and map the kernel's copy queue
 * @dev: GPU whose KIQ and GART work.
 *
 * Context: Probe.
 * Return: 0, -ENOMEM, or as vkfd_kiq_run().
 */
int vkfd_sdma_init(struct vkfd_device *dev)
{
	struct vkfd_sdma *sdma;
	int err;

	sdma = drmm_kzalloc(&dev->drm, sizeof(*sdma), GFP_KERNEL);
	if (!sdma)
		return -ENOMEM;
	err = drmm_mutex_init(&dev->drm, &sdma->submit);
	if (err)
		return err;
	sdma->dev = dev;
	INIT_DELAYED_WORK(&sdma->watchdog, watchdog_work);
	sdma->wq = alloc_ordered_workqueue("vkfd-sdma-%s", WQ_MEM_RECLAIM, pci_name(dev->pdev));
	if (!sdma->wq)
		return -ENOMEM;
	err = vkfd_ring_init(dev, &sdma->ring, SDMA_RING_BYTES, VKFD_DOORBELL_KERNEL_SDMA);
	if (err)
		goto err_destroy_wq;
	dev->sdma = sdma;
	err = sdma_start(dev);
	if (err)
		goto err_ring_fini;
	sdma->running = true;
	return 0;

err_ring_fini:
	vkfd_ring_fini(dev, &sdma->ring);
err_destroy_wq:
	destroy_workqueue(sdma->wq);
	return err;
}

/**
 * vkfd_sdma_restart() - Begin again after a reset
 * @dev: GPU whose KIQ and GART work again.
 *
 * Copies that were in flight end with -EIO.
 *
 * Context: The reviver; waits for who is submitting.
 * Return: 0 or as vkfd_kiq_run().
 */
int vkfd_sdma_restart(struct vkfd_device *dev)
{
	struct vkfd_sdma *sdma = dev->sdma;
	int err;

	mutex_lock(&sdma->submit);
	/* To it the GPU is lost: it would give up what begins here. Takes no lock of ours. */
	cancel_delayed_work_sync(&sdma->watchdog);
	vkfd_timeline_restart(&sdma->timeline, &sdma->ring.mem->fence, -EIO);
	vkfd_ring_restart(&sdma->ring);
	sdma->watchdog_seen = 0;
	err = queue_map(dev);
	mutex_unlock(&sdma->submit);
	return err;
}

/**
 * vkfd_sdma_fini() - End the engine
 * @dev: GPU that was reset, or whose queue cannot run any more.
 *
 * Outstanding fences end with -ENODEV, later calls give it; the structure lives
 * as long as @dev.
 *
 * Context: Probe failure and remove.
 */
void vkfd_sdma_fini(struct vkfd_device *dev)
{
	struct vkfd_sdma *sdma = dev->sdma;

	mutex_lock(&sdma->submit);
	sdma->running = false;
	mutex_unlock(&sdma->submit);
	vkfd_timeline_process(&sdma->timeline);
	vkfd_timeline_fail(&sdma->timeline, -ENODEV);
	cancel_delayed_work_sync(&sdma->watchdog);
	destroy_workqueue(sdma->wq);
	ida_free(&dev->queue_ida, sdma->queue);
	vkfd_ring_fini(dev, &sdma->ring);
}

/**
 * vkfd_sdma_debugfs() - Files of this engine
 * @dev: GPU that was added.
 *
 * Context: Probe.
 */
void vkfd_sdma_debugfs(struct vkfd_device *dev)
{
	struct vkfd_sdma *sdma = dev->sdma;

	debugfs_create_atomic_t("fail_copies", 0600, dev->debugfs, &sdma->fail_copies);
	debugfs_create_atomic_t("hang_copies", 0600, dev->debugfs, &sdma->hang_copies);
	debugfs_create_u64("sdma_emitted", 0400, dev->debugfs, &sdma->timeline.emitted);
	debugfs_create_u64("sdma_done", 0400, dev->debugfs, &sdma->timeline.done);
	/* What only the engine stores, for tests that play a lying one. */
	debugfs_create_u32("sdma_fence", 0600, dev->debugfs, &sdma->ring.mem->fence);
	debugfs_create_u64("sdma_forged", 0400, dev->debugfs, &sdma->timeline.forged);
}
