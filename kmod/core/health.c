// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: health: noticing that a GPU vanished
 *
 * A GPU whose process died answers nothing and interrupts nobody, so that those
 * who only wait would wait for ever. A look at its configuration space now and
 * then finds out. Registers are left alone: what they cost is counted.
 */
#include <linux/pci.h>
#include <linux/workqueue.h>

#include "core/device.h"
#include "core/health.h"
#include "vkfd_hw/pci.h"

#define HEALTH_PERIOD	(2 * HZ)

static void health_work(struct work_struct *work)
{
	struct vkfd_device *dev = container_of(to_delayed_work(work), struct vkfd_device, health);
	u16 vendor = 0;

	/* Whoever reset it knows; the PCI core blocks configuration space meanwhile. */
	if (!vkfd_device_is_lost(dev)) {
		pci_read_config_word(dev->pdev, PCI_VENDOR_ID, &vendor);
		if (vendor != VKFD_PCI_VENDOR_ID)
			vkfd_device_mark_lost(dev, "it left the bus");
	}
	queue_delayed_work(system_freezable_wq, &dev->health, HEALTH_PERIOD);
}

/**
 * vkfd_health_start() - Look after a GPU
 * @dev: GPU that works.
 *
 * Context: End of probe. Rests while the system is suspended.
 */
void vkfd_health_start(struct vkfd_device *dev)
{
	INIT_DELAYED_WORK(&dev->health, health_work);
	queue_delayed_work(system_freezable_wq, &dev->health, HEALTH_PERIOD);
}

/**
 * vkfd_health_stop() - No look any more
 * @dev: GPU, after vkfd_health_start().
 *
 * Context: Begin of remove and shutdown; waits for a look under way.
 */
void vkfd_health_stop(struct vkfd_device *dev)
{
	disable_delayed_work_sync(&dev->health);
}
