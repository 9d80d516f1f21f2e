// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: interrupt ring
 *
 * Owns the ring in which the device reports faults, completions and queue
 * errors, and the thread that empties it. Decodes each entry and calls the
 * upper layer through &struct vkfd_irq_ops; entries of the kernel's own queue
 * (PASID 0) go to the copy engine.
 *
 * The device interrupts only when it finds the ring empty. So the thread stores
 * its read pointer, executes a full barrier and looks again before it stops; the
 * device does the mirror image. After VKFD_IH_BUDGET entries in a row the thread
 * sleeps a moment, because it runs at real-time priority and a storm must not
 * take a CPU away.
 *
 * After a reset the device counts from zero again; the driver's positions go on
 * from @base, because faults are compared by them.
 *
 * Locks: none; one thread consumes. @rptr is read by others with READ_ONCE().
 *
 * Refused: unknown clients and sources, and entries with a PASID where none
 * belongs, are counted and dropped. A write pointer that is unaligned, goes back
 * or is more than a ring ahead marks the device lost: nothing after it can be
 * trusted. Tests play such a device: debugfs ih_forge takes the dwords of an
 * entry, which the thread dispatches as if it had come from the ring; ih_wptr
 * is what the device stored last.
 */
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/log2.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/wait.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "core/device.h"
#include "core/fault.h"
#include "core/regio.h"
#include "core/trace.h"
#include "engine/eng_ih.h"
#include "engine/eng_ih_entry.h"
#include "engine/eng_poll.h"
#include "engine/eng_sdma.h"
#include "vkfd_hw/ih.h"
#include "vkfd_hw/pci.h"

#define IH_RING_BYTES	SZ_64K
#define VKFD_IH_BUDGET	1024u

/* The two pointers live in cache lines of their own. */
struct ih_pointers {
	u64 wptr ____cacheline_aligned;	/* stored by the device */
	u64 rptr ____cacheline_aligned;	/* stored by the driver */
};

/** struct ih_forge - debugfs ih_forge: an entry as a lying device would write it */
struct ih_forge {
	/** @lock: one writer at a time. */
	struct mutex lock;
	/** @pending: @entry is for the thread, which completes @done. */
	bool pending;
	struct vkfd_ih_entry entry;
	struct completion done;
};

struct vkfd_ih {
	struct vkfd_ih_entry *ring;
	dma_addr_t ring_bus;
	struct ih_pointers *pointers;
	dma_addr_t pointers_bus;
	int irq;
	bool running;

	/** @rptr: bytes dispatched; written by the thread only. */
	u64 rptr;
	/** @base: @rptr at the last reset; changes while no handler runs. */
	u64 base;
	wait_queue_head_t drained;

	/* Counters, written by the thread only. */
	u64 entries, wakeups, forged, throttled;
	struct ih_forge forge;
};

static const struct vkfd_irq_ops *irq_ops;

/**
 * vkfd_irq_set_ops() - Who receives the news of every GPU
 * @ops: Callbacks, static.
 *
 * Context: Module init, before the first probe.
 */
void vkfd_irq_set_ops(const struct vkfd_irq_ops *ops)
{
	irq_ops = ops;
}

static void dispatch_fault(struct vkfd_device *dev, const struct vkfd_ih_entry *entry, u64 ih_ptr)
{
	struct vkfd_fault fault;

	vkfd_ih_decode_fault(entry, ih_ptr, &fault);
	if (!fault.pasid) {
		drm_err(&dev->drm, "kernel queue faults at 0x%llx\n", fault.va);
		vkfd_sdma_give_up(dev, "copy engine faulted");
	} else if (irq_ops) {
		irq_ops->vm_fault(dev, &fault);
	}
}

static void dispatch_event(struct vkfd_device *dev, const struct vkfd_ih_entry *entry,
			   u32 valid_bits)
{
	struct vkfd_event_irq irq;

	vkfd_ih_decode_event(entry, valid_bits, &irq);
	if (!irq.pasid && irq.source == VKFD_IH_SRC_SDMA_TRAP)
		vkfd_sdma_trap(dev);
	else if (!irq.pasid)
		dev->ih->forged++;
	else if (irq_ops)
		irq_ops->event(dev, &irq);
}

static void dispatch_queue_failure(struct vkfd_device *dev, const struct vkfd_ih_entry *entry)
{
	struct vkfd_queue_failure error;

	vkfd_ih_decode_queue_failure(entry, &error);
	if (!error.pasid) {
		drm_err(&dev->drm, "kernel queue %u refused packet 0x%08x, reason %u\n",
			error.queue, error.header, entry->data[3]);
		vkfd_sdma_give_up(dev, "copy engine refused a packet");
	} else if (irq_ops) {
		irq_ops->queue_error(dev, &error);
	}
}

static void dispatch_access(struct vkfd_device *dev, const struct vkfd_ih_entry *entry)
{
	struct vkfd_access_report report;

	vkfd_ih_decode_access(entry, &report);
	if (!report.pasid)
		dev->ih->forged++;
	else if (irq_ops)
		irq_ops->access_count(dev, &report);
}

static void dispatch(struct vkfd_device *dev, const struct vkfd_ih_entry *entry, u64 ih_ptr)
{
	u32 client = VKFD_IH_CLIENT(entry->header);
	u32 source = VKFD_IH_SOURCE(entry->header);

	trace_vkfd_irq(dev->gpu_id, client, source, VKFD_IH_PASID(entry->pasid), entry->data[0]);
	switch (vkfd_ih_classify(client, source)) {
	case VKFD_IH_KIND_FAULT:
		dispatch_fault(dev, entry, ih_ptr);
		break;
	case VKFD_IH_KIND_EVENT32:
		dispatch_event(dev, entry, 32);
		break;
	case VKFD_IH_KIND_EVENT28:
		dispatch_event(dev, entry, 28);
		break;
	case VKFD_IH_KIND_EVENT24:
		dispatch_event(dev, entry, 24);
		break;
	case VKFD_IH_KIND_QUEUE_ERROR:
		dispatch_queue_failure(dev, entry);
		break;
	case VKFD_IH_KIND_ACCESS_COUNT:
		dispatch_access(dev, entry);
		break;
	case VKFD_IH_KIND_DEVICE_ERROR:
		drm_err(&dev->drm, "device error %u, info 0x%x\n", entry->data[0], entry->data[1]);
		vkfd_device_mark_lost(dev, "device reports an error");
		break;
	case VKFD_IH_KIND_UNKNOWN:
		dev->ih->forged++;
		break;
	}
}

/* Published bytes beyond @rptr; false and a lost device if the pointer is impossible. */
static bool ih_pending(struct vkfd_device *dev, u64 *bytes)
{
	struct vkfd_ih *ih = dev->ih;

	*bytes = ih->base + READ_ONCE(ih->pointers->wptr) - ih->rptr;
	if (*bytes <= IH_RING_BYTES && *bytes % VKFD_IH_ENTRY_BYTES == 0)
		return true;
	ih->forged++;
	vkfd_device_mark_lost(dev, "interrupt write pointer is impossible");
	return false;
}

/* Dispatches up to @budget entries; returns how many. */
static u32 ih_consume(struct vkfd_device *dev, u64 bytes, u32 budget)
{
	struct vkfd_ih *ih = dev->ih;
	u32 i, count = min_t(u64, bytes / VKFD_IH_ENTRY_BYTES, budget);

	dma_rmb(); /* entries were stored before the write pointer */
	for (i = 0; i < count && !vkfd_device_is_lost(dev); i++) {
		u64 slot = (ih->rptr - ih->base) % IH_RING_BYTES / VKFD_IH_ENTRY_BYTES;
		struct vkfd_ih_entry entry = ih->ring[slot]; /* the device may change its copy */

		dispatch(dev, &entry, ih->rptr);
		WRITE_ONCE(ih->rptr, ih->rptr + VKFD_IH_ENTRY_BYTES);
	}
	ih->entries += i;
	WRITE_ONCE(ih->pointers->rptr, ih->rptr - ih->base);
	mb(); /* the read pointer before the next look at the write pointer */
	wake_up_all(&ih->drained);
	return i;
}

/* The forged entry, if there is one, at the position of the next real one. */
static void dispatch_forged(struct vkfd_device *dev)
{
	struct vkfd_ih *ih = dev->ih;

	if (!smp_load_acquire(&ih->forge.pending)) /* the entry comes with it */
		return;
	ih->forge.pending = false;
	if (!vkfd_device_is_lost(dev))
		dispatch(dev, &ih->forge.entry, ih->rptr);
	complete(&ih->forge.done);
}

static irqreturn_t ih_thread(int irq, void *arg)
{
	struct vkfd_device *dev = arg;
	struct vkfd_ih *ih = dev->ih;
	u32 budget = VKFD_IH_BUDGET;
	u64 bytes;

	ih->wakeups++;
	dispatch_forged(dev);
	while (READ_ONCE(ih->running) && !vkfd_device_is_lost(dev) && ih_pending(dev, &bytes) &&
	       bytes) {
		budget -= ih_consume(dev, bytes, budget);
		if (!budget) {
			ih->throttled++;
			usleep_range(1000, 2000);
			budget = VKFD_IH_BUDGET;
		}
	}
	wake_up_all(&ih->drained);
	return IRQ_HANDLED;
}

/**
 * vkfd_ih_wptr() - How far the device has reported
 * @dev: GPU.
 *
 * Context: Any.
 * Return: Bytes published; a fault with a smaller ih_ptr is older than this call.
 */
u64 vkfd_ih_wptr(struct vkfd_device *dev)
{
	struct vkfd_ih *ih = dev->ih;

	if (!READ_ONCE(ih->running))
		return READ_ONCE(ih->rptr);
	return READ_ONCE(ih->base) + READ_ONCE(ih->pointers->wptr);
}

static bool ih_reached(struct vkfd_device *dev, u64 target)
{
	struct vkfd_ih *ih = dev->ih;

	return (s64)(READ_ONCE(ih->rptr) - target) >= 0 || !READ_ONCE(ih->running) ||
	       vkfd_device_is_lost(dev);
}

/**
 * vkfd_ih_drain() - Wait until everything reported so far was dispatched
 * @dev: GPU.
 *
 * Context: Process context, may sleep; not from a callback of this file.
 * Return: 0, -ENODEV, -ETIMEDOUT (a callback does not return).
 */
int vkfd_ih_drain(struct vkfd_device *dev)
{
	struct vkfd_ih *ih = dev->ih;
	u64 target = vkfd_ih_wptr(dev);

	if (!ih_reached(dev, target)) {
		irq_wake_thread(ih->irq, dev);
		if (!wait_event_timeout(ih->drained, ih_reached(dev, target),
					vkfd_timeout_jiffies()))
			return -ETIMEDOUT;
	}
	return vkfd_device_is_lost(dev) || !READ_ONCE(ih->running) ? -ENODEV : 0;
}

static void ih_start(struct vkfd_device *dev)
{
	struct vkfd_ih *ih = dev->ih;
	dma_addr_t pointers = ih->pointers_bus;

	vkfd_reg_write64(dev, VKFD_REG_IH_RING_BASE_LO, ih->ring_bus);
	vkfd_reg_write(dev, VKFD_REG_IH_RING_LOG2, ilog2(IH_RING_BYTES));
	vkfd_reg_write64(dev, VKFD_REG_IH_WPTR_ADDR_LO,
			 pointers + offsetof(struct ih_pointers, wptr));
	vkfd_reg_write64(dev, VKFD_REG_IH_RPTR_ADDR_LO,
			 pointers + offsetof(struct ih_pointers, rptr));
	vkfd_reg_write(dev, VKFD_REG_IH_CNTL, VKFD_RING_ENABLE);
}

static int ih_request_irq(struct vkfd_device *dev)
{
	struct vkfd_ih *ih = dev->ih;
	int err;

	err = pci_alloc_irq_vectors(dev->pdev, VKFD_MSI_VECTORS, VKFD_MSI_VECTORS, PCI_IRQ_MSI);
	if (err < 0)
		return err;
	ih->irq = pci_irq_vector(dev->pdev, 0);
	err = request_threaded_irq(ih->irq, NULL, ih_thread, IRQF_ONESHOT, "vkfd-ih", dev);
	if (err)
		pci_free_irq_vectors(dev->pdev);
	return err;
}

/**
 * vkfd_ih_init() - Allocate the ring and start to listen
 * @dev: GPU whose other engines work: their interrupts may come at once.
 *
 * Context: Probe.
 * Return: 0, -ENOMEM, or why there are no interrupts.
 */
int vkfd_ih_init(struct vkfd_device *dev)
{
	struct device *parent = &dev->pdev->dev;
	struct vkfd_ih *ih;
	int err;

	ih = drmm_kzalloc(&dev->drm, sizeof(*ih), GFP_KERNEL);
	if (!ih)
		return -ENOMEM;
	init_waitqueue_head(&ih->drained);
	init_completion(&ih->forge.done);
	err = drmm_mutex_init(&dev->drm, &ih->forge.lock);
	if (err)
		return err;
	ih->ring = dma_alloc_coherent(parent, IH_RING_BYTES, &ih->ring_bus, GFP_KERNEL);
	if (!ih->ring)
		return -ENOMEM;
	ih->pointers = dma_alloc_coherent(parent, sizeof(*ih->pointers), &ih->pointers_bus,
					  GFP_KERNEL);
	if (!ih->pointers) {
		err = -ENOMEM;
		goto err_free_ring;
	}
	ih->running = true;
	dev->ih = ih;
	err = ih_request_irq(dev);
	if (err)
		goto err_free_pointers;
	ih_start(dev);
	return 0;

err_free_pointers:
	ih->running = false;
	dma_free_coherent(parent, sizeof(*ih->pointers), ih->pointers, ih->pointers_bus);
err_free_ring:
	dma_free_coherent(parent, IH_RING_BYTES, ih->ring, ih->ring_bus);
	return err;
}

/**
 * vkfd_ih_fini() - Stop to listen
 * @dev: GPU that was reset, so that it writes no entry any more.
 *
 * After it returns no handler runs; the structure lives as long as @dev.
 *
 * Context: Probe failure and remove; waits for the thread.
 */
void vkfd_ih_fini(struct vkfd_device *dev)
{
	struct device *parent = &dev->pdev->dev;
	struct vkfd_ih *ih = dev->ih;

	WRITE_ONCE(ih->running, false);
	free_irq(ih->irq, dev);
	pci_free_irq_vectors(dev->pdev);
	wake_up_all(&ih->drained);
	dma_free_coherent(parent, sizeof(*ih->pointers), ih->pointers, ih->pointers_bus);
	dma_free_coherent(parent, IH_RING_BYTES, ih->ring, ih->ring_bus);
}

/**
 * vkfd_ih_stop() - No handler from here to vkfd_ih_restart()
 * @dev: GPU that is lost and was reset.
 *
 * What the device had reported and nobody had read is dropped: it is about
 * queues that exist no more. Positions go on behind it, so that no position that
 * vkfd_ih_wptr() gave to anybody is one of the time after the reset.
 *
 * Context: The reviver; waits for the handlers.
 */
void vkfd_ih_stop(struct vkfd_device *dev)
{
	struct vkfd_ih *ih = dev->ih;
	u64 bytes;

	disable_irq(ih->irq);
	if (ih_pending(dev, &bytes))
		WRITE_ONCE(ih->rptr, ih->rptr + bytes);
	wake_up_all(&ih->drained);
}

/**
 * vkfd_ih_restart() - Begin again after a reset
 * @dev: GPU, after vkfd_ih_stop().
 *
 * Context: The reviver.
 */
void vkfd_ih_restart(struct vkfd_device *dev)
{
	struct vkfd_ih *ih = dev->ih;

	/* The other way round, vkfd_ih_wptr() could see a position that is to come. */
	WRITE_ONCE(ih->pointers->rptr, 0);
	WRITE_ONCE(ih->pointers->wptr, 0);
	smp_store_release(&ih->base, ih->rptr); /* after the pointers */
	ih_start(dev);
	enable_irq(ih->irq);
}

/** vkfd_ih_kick() - Look at the ring: what came while the GPU was lost was not read */
void vkfd_ih_kick(struct vkfd_device *dev)
{
	irq_wake_thread(dev->ih->irq, dev);
}

static int errors_show(struct seq_file *m, void *unused)
{
	struct vkfd_device *dev = m->private;
	struct vkfd_ih *ih = dev->ih;

	seq_printf(m, "ih_entries %llu\nih_wakeups %llu\nih_throttled %llu\nih_forged %llu\n",
		   ih->entries, ih->wakeups, ih->throttled, ih->forged);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(errors);

/* Hands the entry to the thread. Return: 0, -ETIMEDOUT (a callback does not return). */
static int forge_entry(struct vkfd_device *dev, const u32 *dwords)
{
	struct ih_forge *forge = &dev->ih->forge;
	int err = 0;

	mutex_lock(&forge->lock);
	memcpy(&forge->entry, dwords, sizeof(forge->entry));
	reinit_completion(&forge->done);
	smp_store_release(&forge->pending, true); /* after the entry */
	irq_wake_thread(dev->ih->irq, dev);
	if (!wait_for_completion_timeout(&forge->done, vkfd_timeout_jiffies()))
		err = -ETIMEDOUT;
	WRITE_ONCE(forge->pending, false);
	mutex_unlock(&forge->lock);
	return err;
}

/* Eight numbers: the dwords of struct vkfd_ih_entry. */
static ssize_t forge_write(struct file *file, const char __user *user, size_t count, loff_t *pos)
{
	char text[128];
	u32 d[8];
	int err;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, user, count))
		return -EFAULT;
	text[count] = '\0';
	if (sscanf(text, "%i %i %i %i %i %i %i %i", &d[0], &d[1], &d[2], &d[3], &d[4], &d[5],
		   &d[6], &d[7]) != ARRAY_SIZE(d))
		return -EINVAL;
	err = forge_entry(file->private_data, d);
	return err ?: count;
}

static const struct file_operations forge_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = forge_write,
	.llseek = noop_llseek,
};

/**
 * vkfd_ih_debugfs() - Files of this engine
 * @dev: GPU that was added.
 *
 * Context: Probe.
 */
void vkfd_ih_debugfs(struct vkfd_device *dev)
{
	debugfs_create_file("errors", 0400, dev->debugfs, dev, &errors_fops);
	/* What only the device stores, for tests that play a lying one. */
	debugfs_create_file("ih_forge", 0200, dev->debugfs, dev, &forge_fops);
	debugfs_create_u64("ih_wptr", 0600, dev->debugfs, &dev->ih->pointers->wptr);
}
