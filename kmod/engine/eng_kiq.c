// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: kernel interface queue
 *
 * Owns the command ring to the device and the memory where the device
 * acknowledges. Called by mmu/ (contexts, flushes, fault acknowledges), by the
 * copy engine and by the queue code; any number of callers at once.
 *
 * Commands complete in order. A caller waits by looking at the count of
 * completed commands in guest memory: no interrupt, no register access, no
 * allocation and no sleeping lock, so all of this is legal inside an MMU
 * notifier. Whoever looks also collects the status of every new completion into
 * @results, which is deeper than the ring, before the device may reuse its slot.
 *
 * Locks: &vkfd_kiq.lock, a spinlock, around the ring and @results.
 *
 * After a reset the device counts from zero again, the driver goes on from @base;
 * commands that were on their way end with -ENODEV.
 *
 * Refused: a completion count that goes back or ahead of what was submitted
 * marks the device lost, and so does silence longer than fence_timeout_ms.
 */
#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/log2.h>
#include <drm/drm_managed.h>

#include "core/device.h"
#include "core/regio.h"
#include "engine/eng_kiq.h"
#include "engine/eng_poll.h"
#include "vkfd_hw/kiq.h"

#define KIQ_RING_BYTES	SZ_4K
#define KIQ_RING_CMDS	(KIQ_RING_BYTES / VKFD_KIQ_CMD_BYTES)
#define KIQ_RESULTS	1024u
/* In @results: a reset came before the command. No status of the device is this. */
#define KIQ_RESULT_RESET 0xfeu

static_assert(KIQ_RING_CMDS <= VKFD_KIQ_STATUS_SLOTS, "no status is overwritten before it is read");

struct vkfd_kiq {
	struct vkfd_kiq_cmd *ring;
	dma_addr_t ring_bus;
	struct vkfd_kiq_ack *ack;
	dma_addr_t ack_bus;

	/** @lock: guards what follows. */
	spinlock_t lock;
	u64 submitted;
	/** @rung: what the doorbell was told; commands behind it wait for company. */
	u64 rung;
	/** @base: commands before the last reset, which the device does not count. */
	u64 base;
	/** @collected: completions whose status is in @results; may be read without @lock. */
	u64 collected;
	bool running;
	u8 results[KIQ_RESULTS];

	/** @fail: debugfs: that many commands that set something up end with -EIO. */
	atomic_t fail;
	u32 refused;
};

/* Commands that set up may fail; those that take away fail only with the device. */
static bool take_failure(struct vkfd_kiq *kiq, const struct vkfd_kiq_cmd *cmd)
{
	switch (cmd->op) {
	case VKFD_KIQ_CTX_SET:
	case VKFD_KIQ_QUEUE_MAP:
	case VKFD_KIQ_QUEUE_UPDATE:
		return atomic_dec_if_positive(&kiq->fail) >= 0;
	default:
		return false;
	}
}

/* Copies new statuses out of the device's reach. */
static void kiq_collect_locked(struct vkfd_device *dev)
{
	struct vkfd_kiq *kiq = dev->kiq;
	u64 seq, done = kiq->base + READ_ONCE(kiq->ack->done);

	lockdep_assert_held(&kiq->lock);
	if (done - kiq->collected > kiq->submitted - kiq->collected) {
		vkfd_device_mark_lost(dev, "kernel queue completed what was never submitted");
		return;
	}
	dma_rmb(); /* statuses were stored before the count */
	for (seq = kiq->collected; seq != done; seq++) {
		u64 slot = (seq - kiq->base) % VKFD_KIQ_STATUS_SLOTS;
		u32 status = READ_ONCE(kiq->ack->status[slot]);

		kiq->refused += status != VKFD_KIQ_OK && status != VKFD_KIQ_HAS_WORK;
		WRITE_ONCE(kiq->results[seq % KIQ_RESULTS], min(status, U8_MAX));
	}
	smp_store_release(&kiq->collected, done); /* results first; pairs with kiq_collected() */
}

/* Without the lock: what this says is complete has its result. */
static u64 kiq_collected(struct vkfd_kiq *kiq)
{
	return smp_load_acquire(&kiq->collected); /* pairs with kiq_collect_locked() */
}

static void kiq_ring_locked(struct vkfd_device *dev)
{
	struct vkfd_kiq *kiq = dev->kiq;

	lockdep_assert_held(&kiq->lock);
	if (!kiq->running || kiq->rung == kiq->submitted)
		return;
	kiq->rung = kiq->submitted;
	vkfd_kernel_doorbell(dev, VKFD_KIQ_DOORBELL, kiq->rung - kiq->base);
}

/* A full ring is always rung: who waits for room needs it empty. */
static bool kiq_post(struct vkfd_device *dev, const struct vkfd_kiq_cmd *cmd, u64 *seq, bool ring)
{
	struct vkfd_kiq *kiq = dev->kiq;
	bool posted = false;

	spin_lock(&kiq->lock);
	if (kiq->running)
		kiq_collect_locked(dev);
	/* Looked at again: a reset may have come since, with this lock held. */
	if (kiq->running && !vkfd_device_is_lost(dev) &&
	    kiq->submitted - kiq->collected < KIQ_RING_CMDS) {
		*seq = kiq->submitted++;
		kiq->ring[(*seq - kiq->base) % KIQ_RING_CMDS] = *cmd;
		posted = true;
	}
	if (ring || !posted)
		kiq_ring_locked(dev);
	spin_unlock(&kiq->lock);
	return posted;
}

static int kiq_submit(struct vkfd_device *dev, const struct vkfd_kiq_cmd *cmd, u64 *seq, bool ring)
{
	struct vkfd_poll poll;
	int err = 0;

	if (vkfd_device_is_lost(dev) || !READ_ONCE(dev->kiq->running))
		return -ENODEV;
	if (take_failure(dev->kiq, cmd))
		return -EIO;
	if (kiq_post(dev, cmd, seq, ring))
		return 0;

	vkfd_poll_start(&poll, dev);
	do {
		err = vkfd_poll_again(&poll);
		if (!READ_ONCE(dev->kiq->running))
			err = -ENODEV;
		if (err != -ENODEV && kiq_post(dev, cmd, seq, ring))
			return 0;
	} while (!err);
	if (err == -ETIMEDOUT)
		vkfd_device_mark_lost(dev, "kernel queue stays full");
	return err;
}

/**
 * vkfd_kiq_submit() - Post one command and tell the device
 * @dev: GPU.
 * @cmd: Command, copied.
 * @seq: Out: to wait for.
 *
 * Context: Process context, also inside an MMU notifier; may sleep while the
 * ring is full.
 * Return: 0, -ENODEV, -ETIMEDOUT (device marked lost), -EIO injected failure.
 */
int vkfd_kiq_submit(struct vkfd_device *dev, const struct vkfd_kiq_cmd *cmd, u64 *seq)
{
	return kiq_submit(dev, cmd, seq, true);
}

/**
 * vkfd_kiq_post() - Post one command that nobody waits for
 * @dev: GPU.
 * @cmd: Command, copied.
 *
 * The device sees it at the next vkfd_kiq_ring() or vkfd_kiq_submit() of
 * anybody: a doorbell leaves the virtual machine, so many commands share one.
 *
 * Context: As vkfd_kiq_submit().
 * Return: As vkfd_kiq_submit().
 */
int vkfd_kiq_post(struct vkfd_device *dev, const struct vkfd_kiq_cmd *cmd)
{
	u64 seq;

	return kiq_submit(dev, cmd, &seq, false);
}

/** vkfd_kiq_ring() - Tell the device of posted commands. Context: takes a spinlock. */
void vkfd_kiq_ring(struct vkfd_device *dev)
{
	spin_lock(&dev->kiq->lock);
	kiq_ring_locked(dev);
	spin_unlock(&dev->kiq->lock);
}

static bool kiq_done(struct vkfd_device *dev, u64 seq)
{
	struct vkfd_kiq *kiq = dev->kiq;

	if (kiq_collected(kiq) > seq)
		return true;
	spin_lock(&kiq->lock);
	if (kiq->running && kiq->base + READ_ONCE(kiq->ack->done) > seq)
		kiq_collect_locked(dev);
	spin_unlock(&kiq->lock);
	return kiq_collected(kiq) > seq;
}

static int kiq_result(struct vkfd_kiq *kiq, u64 seq)
{
	if (kiq_collected(kiq) - seq > KIQ_RESULTS)
		return -EIO; /* asked a thousand commands too late */
	switch (READ_ONCE(kiq->results[seq % KIQ_RESULTS])) {
	case VKFD_KIQ_OK:
		return 0;
	case VKFD_KIQ_BUSY:
		return -EBUSY;
	case VKFD_KIQ_NO_ROOM:
		return -ENOSPC;
	case VKFD_KIQ_HAS_WORK:
		return -EINPROGRESS;
	case KIQ_RESULT_RESET:
		return -ENODEV;
	default:
		return -EINVAL;
	}
}

/**
 * vkfd_kiq_wait() - Wait for a posted command
 * @dev: GPU.
 * @seq: From vkfd_kiq_submit().
 *
 * Context: Process context, may sleep, allocates nothing; legal in a notifier.
 * Return: 0, -ENODEV, -ETIMEDOUT (device marked lost), -EBUSY, -ENOSPC or -EINVAL as
 * the device refused; -EINPROGRESS a context has work.
 */
int vkfd_kiq_wait(struct vkfd_device *dev, u64 seq)
{
	struct vkfd_poll poll;
	int err = 0;

	vkfd_poll_start(&poll, dev);
	while (!kiq_done(dev, seq)) {
		if (err == -ETIMEDOUT)
			vkfd_device_mark_lost(dev, "kernel queue does not answer");
		if (err)
			return err;
		err = vkfd_poll_again(&poll);
		if (!READ_ONCE(dev->kiq->running))
			err = -ENODEV;
	}
	return kiq_result(dev->kiq, seq);
}

/**
 * vkfd_kiq_run() - Submit and wait
 * @dev: GPU.
 * @cmd: Command, copied.
 *
 * Context: As vkfd_kiq_wait().
 * Return: As vkfd_kiq_submit() and vkfd_kiq_wait().
 */
int vkfd_kiq_run(struct vkfd_device *dev, const struct vkfd_kiq_cmd *cmd)
{
	u64 seq;
	int err = vkfd_kiq_submit(dev, cmd, &seq);

	return err ?: vkfd_kiq_wait(dev, seq);
}

static int kiq_start(struct vkfd_device *dev)
{
	struct vkfd_kiq_cmd nop = { .op = VKFD_KIQ_NOP };
	struct vkfd_kiq *kiq = dev->kiq;

	vkfd_reg_write64(dev, VKFD_REG_KIQ_BASE_LO, kiq->ring_bus);
	vkfd_reg_write(dev, VKFD_REG_KIQ_LOG2, ilog2(KIQ_RING_BYTES));
	vkfd_reg_write64(dev, VKFD_REG_KIQ_ACK_ADDR_LO, kiq->ack_bus);
	vkfd_reg_write(dev, VKFD_REG_KIQ_CNTL, VKFD_RING_ENABLE);
	kiq->running = true;
	return vkfd_kiq_run(dev, &nop);
}

/**
 * vkfd_kiq_init() - Allocate the ring and let the device answer one command
 * @dev: GPU after a reset.
 *
 * Context: Probe.
 * Return: 0, -ENOMEM, or as vkfd_kiq_run().
 */
int vkfd_kiq_init(struct vkfd_device *dev)
{
	struct vkfd_kiq *kiq;
	int err;

	kiq = drmm_kzalloc(&dev->drm, sizeof(*kiq), GFP_KERNEL);
	if (!kiq)
		return -ENOMEM;
	spin_lock_init(&kiq->lock);
	kiq->ring = dma_alloc_coherent(&dev->pdev->dev, KIQ_RING_BYTES, &kiq->ring_bus, GFP_KERNEL);
	if (!kiq->ring)
		return -ENOMEM;
	kiq->ack = dma_alloc_coherent(&dev->pdev->dev, sizeof(*kiq->ack), &kiq->ack_bus,
				      GFP_KERNEL);
	if (!kiq->ack) {
		err = -ENOMEM;
		goto err_free_ring;
	}
	dev->kiq = kiq;
	err = kiq_start(dev);
	if (err)
		goto err_stop;
	return 0;

err_stop:
	vkfd_reg_reset(dev);
	kiq->running = false;
	dma_free_coherent(&dev->pdev->dev, sizeof(*kiq->ack), kiq->ack, kiq->ack_bus);
err_free_ring:
	dma_free_coherent(&dev->pdev->dev, KIQ_RING_BYTES, kiq->ring, kiq->ring_bus);
	return err;
}

/**
 * vkfd_kiq_restart() - Begin again after a reset
 * @dev: GPU that was reset.
 *
 * Context: The reviver, see &vkfd_device.reviver; may sleep.
 * Return: 0 or as vkfd_kiq_run().
 */
int vkfd_kiq_restart(struct vkfd_device *dev)
{
	struct vkfd_kiq *kiq = dev->kiq;
	u64 seq;

	spin_lock(&kiq->lock);
	for (seq = kiq->collected; seq != kiq->submitted; seq++)
		WRITE_ONCE(kiq->results[seq % KIQ_RESULTS], KIQ_RESULT_RESET);
	kiq->base = kiq->submitted;
	kiq->rung = kiq->submitted;
	memset(kiq->ring, 0, KIQ_RING_BYTES);
	memset(kiq->ack, 0, sizeof(*kiq->ack));
	smp_store_release(&kiq->collected, kiq->submitted); /* results first; pairs with kiq_collected() */
	spin_unlock(&kiq->lock);
	return kiq_start(dev);
}

/**
 * vkfd_kiq_fini() - Free the ring
 * @dev: GPU that was reset, so that it does not look at the ring any more.
 *
 * Later calls of this file give -ENODEV; the structure lives as long as @dev.
 *
 * Context: Probe failure and remove.
 */
void vkfd_kiq_fini(struct vkfd_device *dev)
{
	struct vkfd_kiq *kiq = dev->kiq;

	spin_lock(&kiq->lock);
	WRITE_ONCE(kiq->running, false);
	spin_unlock(&kiq->lock);
	dma_free_coherent(&dev->pdev->dev, sizeof(*kiq->ack), kiq->ack, kiq->ack_bus);
	dma_free_coherent(&dev->pdev->dev, KIQ_RING_BYTES, kiq->ring, kiq->ring_bus);
}

/**
 * vkfd_kiq_debugfs() - Files of this engine
 * @dev: GPU that was added.
 *
 * Context: Probe.
 */
void vkfd_kiq_debugfs(struct vkfd_device *dev)
{
	debugfs_create_atomic_t("fail_kiq", 0600, dev->debugfs, &dev->kiq->fail);
	debugfs_create_u32("kiq_refused", 0400, dev->debugfs, &dev->kiq->refused);
}
