// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: the GPUs of this machine
 *
 * Owns the list of probed GPUs and their KFD names. Every layer finds a GPU
 * here, by gpu_id or by walking in probe order, and gets it with a reference on
 * its &drm_device: after an unplug the structure stays, marked lost.
 *
 * A GPU that is lost while it is in use is brought back by a worker (the lost
 * handler, process/reset.c). Until that is done, and for ever if it fails, everybody
 * but that worker sees it lost. Parameter recovery=0 leaves it lost.
 *
 * A gpu_id must be the same on every boot (user space stores it), non-zero and
 * 16 bits, so it is a hash of the PCI address; on a collision the next free
 * number is taken, which stays stable because probe order is.
 *
 * Locks: vkfd_devices_lock, innermost and held only for list operations.
 */
#include <linux/hash.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "core/debugfs.h"
#include "core/device.h"
#include "core/regio.h"

/* How long one look at a GPU that may come back takes at most. */
#define RECOVERED_WAIT	(HZ / 20)

static bool recovery = true;
module_param(recovery, bool, 0644);
MODULE_PARM_DESC(recovery, "bring a GPU that was lost back by a reset (default Y)");

static DEFINE_MUTEX(vkfd_devices_lock);
static LIST_HEAD(vkfd_devices);
static u64 vkfd_devices_order;

static void (*lost_handler)(struct vkfd_device *dev);

void vkfd_device_set_lost_handler(void (*fn)(struct vkfd_device *dev))
{
	lost_handler = fn;
}

static void device_lost_work(struct work_struct *work)
{
	struct vkfd_device *dev = container_of(work, struct vkfd_device, lost_work);

	if (lost_handler)
		lost_handler(dev);
}

static void device_fini(struct drm_device *drm, void *arg)
{
	struct vkfd_device *dev = arg;

	cancel_work_sync(&dev->lost_work);
	mutex_destroy(&dev->vms_lock);
	ida_destroy(&dev->ctx_ida);
	ida_destroy(&dev->queue_ida);
}

/**
 * vkfd_device_init() - Prepare the fields of this file
 * @dev: Freshly allocated, zeroed device.
 *
 * Undone when the last reference of the drm_device goes.
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int vkfd_device_init(struct vkfd_device *dev)
{
	INIT_LIST_HEAD(&dev->link);
	INIT_WORK(&dev->lost_work, device_lost_work);
	ida_init(&dev->ctx_ida);
	ida_init(&dev->queue_ida);
	spin_lock_init(&dev->lost_lock);
	atomic_set(&dev->lost, 0);
	init_waitqueue_head(&dev->recovered);
	mutex_init(&dev->vms_lock);
	INIT_LIST_HEAD(&dev->vms);
	return drmm_add_action_or_reset(&dev->drm, device_fini, dev);
}

/**
 * vkfd_device_mark_lost() - The device cannot be trusted or reached any more
 * @dev: GPU.
 * @why: What happened, for the log.
 *
 * Stays until the lost handler has brought it back. The engines are reset before
 * anybody can see the mark, so memory that is freed because of it is not written
 * any more. Waiters notice by polling, the copy engine's watchdog ends fences.
 *
 * Context: Any but NMI; two trapped register accesses with interrupts off.
 */
void vkfd_device_mark_lost(struct vkfd_device *dev, const char *why)
{
	unsigned long flags;
	bool first;

	spin_lock_irqsave(&dev->lost_lock, flags);
	first = !atomic_read(&dev->lost);
	if (first) {
		vkfd_reg_reset(dev);
		dev->recovering = dev->recoverable && recovery;
		WRITE_ONCE(dev->resets, dev->resets + 1);
		atomic_set(&dev->lost, 1);
	}
	spin_unlock_irqrestore(&dev->lost_lock, flags);
	if (!first)
		return;
	drm_err(&dev->drm, "GPU is lost: %s\n", why);
	queue_work(system_dfl_wq, &dev->lost_work);
}

/**
 * vkfd_device_set_recoverable() - May a lost GPU be brought back?
 * @dev: GPU.
 * @on:  True at the end of probe, false when it is about to go.
 *
 * Context: Process context; waits for a recovery under way if @on is false.
 */
void vkfd_device_set_recoverable(struct vkfd_device *dev, bool on)
{
	spin_lock_irq(&dev->lost_lock);
	dev->recoverable = on;
	spin_unlock_irq(&dev->lost_lock);
	if (on)
		return;
	disable_work_sync(&dev->lost_work);
	vkfd_device_recovered(dev, false);
}

/**
 * vkfd_device_recover() - Reset a GPU by hand, whatever state it is in
 * @dev:       GPU.
 * @lose_vram: The reset takes the content of VRAM as well.
 *
 * Also one that stayed lost. Nothing happens to one that is about to go.
 *
 * Context: Process context, waits for the lost handler. No lock held.
 */
void vkfd_device_recover(struct vkfd_device *dev, bool lose_vram)
{
	flush_work(&dev->lost_work);
	spin_lock_irq(&dev->lost_lock);
	if (dev->recoverable) {
		if (!atomic_read(&dev->lost))
			vkfd_reg_reset(dev);
		dev->lose_vram = lose_vram;
		dev->recovering = true;
		WRITE_ONCE(dev->resets, dev->resets + 1);
		atomic_set(&dev->lost, 1);
	}
	spin_unlock_irq(&dev->lost_lock);
	queue_work(system_dfl_wq, &dev->lost_work);
	flush_work(&dev->lost_work);
}

/**
 * vkfd_device_reset_begin() - Somebody else is about to reset the GPU
 * @dev: GPU. Lost from here on, and not brought back before vkfd_device_reset_end().
 *
 * Context: Process context; waits for a recovery under way. Not beside
 * vkfd_device_set_recoverable().
 */
void vkfd_device_reset_begin(struct vkfd_device *dev)
{
	vkfd_device_set_recoverable(dev, false);
	spin_lock_irq(&dev->lost_lock);
	if (!atomic_read(&dev->lost))
		vkfd_reg_reset(dev);
	atomic_set(&dev->lost, 1);
	spin_unlock_irq(&dev->lost_lock);
}

/**
 * vkfd_device_reset_end() - It was reset: bring it back
 * @dev: GPU. What was in VRAM counts as lost.
 *
 * Context: Process context; returns when it was tried.
 */
void vkfd_device_reset_end(struct vkfd_device *dev)
{
	enable_work(&dev->lost_work);
	vkfd_device_set_recoverable(dev, true);
	vkfd_device_recover(dev, true);
}

/**
 * vkfd_device_reset_skip() - It was reset, and perhaps brought back already
 * @dev:  GPU, after vkfd_device_reset_begin().
 * @back: It works. If not, the lost handler tries, and VRAM counts as lost.
 *
 * Context: Process context; waits for nobody, because tasks may be frozen.
 */
void vkfd_device_reset_skip(struct vkfd_device *dev, bool back)
{
	enable_work(&dev->lost_work);
	spin_lock_irq(&dev->lost_lock);
	dev->recoverable = true;
	if (!back) {
		dev->lose_vram = true;
		dev->recovering = true;
		WRITE_ONCE(dev->resets, dev->resets + 1);
	}
	spin_unlock_irq(&dev->lost_lock);
	if (back)
		vkfd_device_recovered(dev, true);
	else
		queue_work(system_dfl_wq, &dev->lost_work);
}

/**
 * vkfd_device_recovered() - The lost handler is done
 * @dev:  GPU.
 * @back: It works again.
 *
 * Context: The lost handler; process context.
 */
void vkfd_device_recovered(struct vkfd_device *dev, bool back)
{
	spin_lock_irq(&dev->lost_lock);
	dev->recovering = false;
	if (back)
		atomic_set(&dev->lost, 0);
	spin_unlock_irq(&dev->lost_lock);
	wake_up_all(&dev->recovered);
}

/**
 * vkfd_device_wait_recovered() - For one who would fail because the GPU is lost
 * @dev: GPU.
 *
 * The wait is short, since the caller holds locks: let go of them, and try again
 * from the beginning.
 *
 * Context: May sleep, RECOVERED_WAIT at most.
 * Return: True if the GPU is not lost, or may not be for long.
 */
bool vkfd_device_wait_recovered(struct vkfd_device *dev)
{
	if (READ_ONCE(dev->recovering))
		wait_event_timeout(dev->recovered, !READ_ONCE(dev->recovering), RECOVERED_WAIT);
	return READ_ONCE(dev->recovering) || !vkfd_device_is_lost(dev);
}

static struct vkfd_device *find_locked(u32 gpu_id)
{
	struct vkfd_device *dev;

	lockdep_assert_held(&vkfd_devices_lock);
	list_for_each_entry(dev, &vkfd_devices, link)
		if (dev->gpu_id == gpu_id)
			return dev;
	return NULL;
}

/* The list is far shorter than 16 bits, so a free number always exists. */
static u32 pick_gpu_id_locked(struct pci_dev *pdev)
{
	u32 address = (u32)pci_domain_nr(pdev->bus) << 16 | pci_dev_id(pdev);
	u32 gpu_id = hash_32(address, 16);

	while (!gpu_id || find_locked(gpu_id))
		gpu_id = (gpu_id + 1) & 0xffff;
	return gpu_id;
}

/**
 * vkfd_device_add() - Make a probed GPU findable
 * @dev: GPU, fully working: others may use it before this returns.
 *
 * Context: Process context, may sleep.
 * Return: 0, or -ENOSPC with more GPUs than the driver supports.
 */
int vkfd_device_add(struct vkfd_device *dev)
{
	int err = 0;

	mutex_lock(&vkfd_devices_lock);
	if (list_count_nodes(&vkfd_devices) >= VKFD_MAX_GPUS) {
		err = -ENOSPC;
	} else {
		dev->gpu_id = pick_gpu_id_locked(dev->pdev);
		dev->order = ++vkfd_devices_order;
		list_add_tail(&dev->link, &vkfd_devices);
	}
	mutex_unlock(&vkfd_devices_lock);
	if (!err)
		vkfd_debugfs_add(dev);
	return err;
}

/**
 * vkfd_device_remove() - Undo vkfd_device_add()
 * @dev: GPU. Those who hold a reference keep it.
 *
 * Context: Process context, waits for open debugfs files.
 */
void vkfd_device_remove(struct vkfd_device *dev)
{
	vkfd_debugfs_remove(dev);
	mutex_lock(&vkfd_devices_lock);
	list_del_init(&dev->link);
	mutex_unlock(&vkfd_devices_lock);
}

/**
 * vkfd_device_get_by_gpu_id() - Find a GPU
 * @gpu_id: KFD name.
 *
 * Context: Process context, may sleep.
 * Return: The GPU, counted (vkfd_device_put()), or NULL.
 */
struct vkfd_device *vkfd_device_get_by_gpu_id(u32 gpu_id)
{
	struct vkfd_device *dev;

	mutex_lock(&vkfd_devices_lock);
	dev = find_locked(gpu_id);
	if (dev)
		drm_dev_get(&dev->drm);
	mutex_unlock(&vkfd_devices_lock);
	return dev;
}

static struct vkfd_device *get_after(u64 order)
{
	struct vkfd_device *dev, *found = NULL;

	mutex_lock(&vkfd_devices_lock);
	list_for_each_entry(dev, &vkfd_devices, link) {
		if (dev->order > order) {
			drm_dev_get(&dev->drm);
			found = dev;
			break;
		}
	}
	mutex_unlock(&vkfd_devices_lock);
	return found;
}

/**
 * vkfd_device_for_each() - Visit every GPU in probe order
 * @fn:  Called with a reference and no lock held; non-zero stops.
 * @arg: Passed on.
 *
 * A GPU that comes or goes meanwhile is visited or not; none twice.
 *
 * Context: Process context, may sleep.
 * Return: What the last @fn returned; 0 without GPUs.
 */
int vkfd_device_for_each(int (*fn)(struct vkfd_device *dev, void *arg), void *arg)
{
	struct vkfd_device *dev;
	u64 order = 0;
	int ret = 0;

	while (!ret && (dev = get_after(order))) {
		order = dev->order;
		ret = fn(dev, arg);
		vkfd_device_put(dev);
	}
	return ret;
}
